// SPDX-License-Identifier: Apache-2.0
//! On which days it was on, by what the ledger says of consent.

use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};

/// The days, and what was last said.
pub struct OnDays {
    midnights: Vec<i64>,
    /// Since when it is on.
    since: Option<i64>,
    days: Vec<bool>,
}

impl OnDays {
    /// From each of these midnights to the next.
    pub fn new(midnights: Vec<i64>) -> Self {
        let days = vec![false; midnights.len().saturating_sub(1)];
        Self { midnights, since: None, days }
    }

    /// The next entry.
    pub fn add(&mut self, entry: &Entry) {
        match &entry.event {
            Some(Event::Grant(_) | Event::FoundOn(_)) => {
                self.since.get_or_insert(entry.wall_ms);
            }
            // What was said of it before is gone, and here is what it was.
            Some(Event::HistoryErased(erased)) if !erased.record_id.is_empty() => {
                self.since.get_or_insert(entry.wall_ms);
            }
            Some(Event::Withdraw(_) | Event::FoundOff(_)) => {
                if let Some(since) = self.since.take() {
                    self.mark(since, entry.wall_ms);
                }
            }
            _ => {}
        }
    }

    fn mark(&mut self, from_ms: i64, to_ms: i64) {
        for (day, bounds) in self.days.iter_mut().zip(self.midnights.windows(2)) {
            // Clocks are set back, too: then it was on at one instant that is known.
            *day |= bounds[1] > from_ms && bounds[0] <= to_ms.max(from_ms);
        }
    }

    /// Of each day, whether it was on at any time of it. Where it still is, it is so up to the end of the last one.
    pub fn days(mut self) -> Vec<bool> {
        if let Some(since) = self.since {
            self.mark(since, i64::MAX);
        }
        self.days
    }
}
