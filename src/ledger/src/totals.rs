// SPDX-License-Identifier: Apache-2.0
//! What left the phone, day by day: how often, how many bytes, and of which classes.

use std::collections::BTreeMap;

use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};

use crate::statement::{bytes, revealed};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Most days that are kept, the newest ones: ten years. A clock that jumps must not fill the memory.
pub const DAYS_MAX: usize = 3660;

/// How often, and how many bytes after encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Attempts to connect, and ciphertexts handed over, or about to be.
    pub count: u64,
    /// How many of these were attempts to connect.
    pub connections: u64,
    /// Bytes of the ciphertexts; a connection counts none.
    pub bytes: u64,
}

impl Total {
    fn add(&mut self, entry: &Entry) {
        self.count += 1;
        self.connections += u64::from(matches!(entry.event, Some(Event::Connect(_))));
        self.bytes = self.bytes.saturating_add(bytes(entry).into());
    }
}

/// One day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// In all.
    pub all: Total,
    /// By what was revealed, by number of `DataClass`. One that revealed two classes is in both.
    pub classes: BTreeMap<i32, Total>,
}

/// Totals of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    offset_ms: i64,
    days: BTreeMap<i64, Day>,
}

impl Totals {
    /// Days that begin at midnight of a place this many ms ahead of UTC.
    pub fn new(offset_ms: i64) -> Self {
        Self { offset_ms, ..Self::default() }
    }

    /// One more entry; those that say of nothing that left are passed over.
    pub fn add(&mut self, entry: &Entry) {
        let day = entry.wall_ms.saturating_add(self.offset_ms).div_euclid(DAY_MS);
        if !matches!(entry.event, Some(Event::Connect(_) | Event::Intent(_))) {
            return;
        }
        let of_day = self.days.entry(day).or_default();
        of_day.all.add(entry);
        let mut classes = revealed(entry).to_vec();
        // An entry that names a class twice revealed it once.
        classes.sort_unstable();
        classes.dedup();
        for class in classes {
            of_day.classes.entry(class).or_default().add(entry);
        }
        if self.days.len() > DAYS_MAX {
            self.days.pop_first();
        }
    }

    /// The days on which something left, oldest first: how many days after 1 January 1970, and what.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = (i64, &Day)> {
        self.days.iter().map(|(day, total)| (*day, total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmessaging_wire::proto::ledger::{Boot, Connect, Intent};

    fn intent(wall_ms: i64, revealed: &[i32], ciphertext_size: u32) -> Entry {
        let intent = Intent { revealed: revealed.to_vec(), ciphertext_size, ..Intent::default() };
        Entry { wall_ms, event: Some(Event::Intent(intent)), ..Entry::default() }
    }

    #[test]
    fn each_day_has_what_left_on_it_by_class() {
        let mut totals = Totals::new(0);
        totals.add(&intent(0, &[3, 6], 272));
        totals.add(&intent(DAY_MS - 1, &[3, 3], 1040));
        totals.add(&intent(DAY_MS, &[8], 100));
        let connect = Connect { revealed: vec![4], ..Connect::default() };
        totals.add(&Entry { event: Some(Event::Connect(connect)), ..Entry::default() });
        let boot = Some(Event::Boot(Boot::default()));
        totals.add(&Entry { event: boot, ..Entry::default() });
        let of = |count, connections, bytes| Total { count, connections, bytes };
        let days: Vec<_> = totals.days().collect();
        assert_eq!(days.len(), 2);
        let (number, day) = days[0];
        assert_eq!((number, day.all), (0, of(3, 1, 1312)));
        let classes: Vec<_> = day.classes.clone().into_iter().collect();
        assert_eq!(classes, [(3, of(2, 0, 1312)), (4, of(1, 1, 0)), (6, of(1, 0, 272))]);
        assert_eq!((days[1].0, days[1].1.all), (1, of(1, 0, 100)));
    }

    #[test]
    fn a_day_begins_at_midnight_where_the_owner_is() {
        let mut totals = Totals::new(-3600 * 1000);
        totals.add(&intent(0, &[], 1));
        totals.add(&intent(3600 * 1000, &[], 1));
        assert_eq!(totals.days().map(|(day, _)| day).collect::<Vec<_>>(), [-1, 0]);
    }

    #[test]
    fn no_clock_fills_the_memory() {
        let mut totals = Totals::new(i64::MAX);
        for day in 0..=DAYS_MAX as i64 {
            totals.add(&intent(i64::MIN + day * DAY_MS, &[1], u32::MAX));
        }
        totals.add(&intent(i64::MAX, &[], 0));
        assert_eq!(totals.days().count(), DAYS_MAX);
    }
}
