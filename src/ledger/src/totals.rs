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

/// Where days begin, and what they are called.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Calendar {
    /// All are as long, this many ms ahead of UTC's; by the number of days after 1 January 1970.
    Ahead(i64),
    /// From one of these to the next, ascending; by their place, from 0.
    Midnights(Vec<i64>),
}

impl Calendar {
    fn day(&self, wall_ms: i64) -> Option<i64> {
        match self {
            Self::Ahead(offset_ms) => Some(wall_ms.saturating_add(*offset_ms).div_euclid(DAY_MS)),
            Self::Midnights(midnights) => {
                let begun = midnights.partition_point(|midnight| *midnight <= wall_ms);
                let day = begun.checked_sub(1).filter(|_| begun < midnights.len())?;
                i64::try_from(day).ok()
            }
        }
    }
}

/// Totals of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    calendar: Calendar,
    days: BTreeMap<i64, Day>,
}

impl Totals {
    /// Days that begin at midnight of a place this many ms ahead of UTC.
    pub fn new(offset_ms: i64) -> Self {
        Self { calendar: Calendar::Ahead(offset_ms), days: BTreeMap::new() }
    }

    /// Days that begin at each of these, in ms since the Unix epoch, ascending, and end at the next: so that one on which the
    /// clocks are changed is as long as it was. What was before the first or after the last is in none.
    pub fn between(midnights: Vec<i64>) -> Self {
        Self { calendar: Calendar::Midnights(midnights), days: BTreeMap::new() }
    }

    /// Which day that is.
    pub fn day(&self, wall_ms: i64) -> Option<i64> {
        self.calendar.day(wall_ms)
    }

    /// One more entry; those that say of nothing that left are passed over.
    pub fn add(&mut self, entry: &Entry) {
        if !matches!(entry.event, Some(Event::Connect(_) | Event::Intent(_))) {
            return;
        }
        let Some(day) = self.day(entry.wall_ms) else { return };
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

    /// The days on which something left, oldest first: which, and what.
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
    fn a_day_on_which_the_clocks_are_changed_is_as_long_as_it_was() {
        const HOUR_MS: i64 = 3600 * 1000;
        // Three days, of 25, 23 and 24 hours.
        let midnights = [0, 25, 48, 72].map(|hours| hours * HOUR_MS);
        let mut totals = Totals::between(midnights.to_vec());
        for wall_ms in [i64::MIN, -1, 0, 24 * HOUR_MS, 25 * HOUR_MS, 48 * HOUR_MS, 72 * HOUR_MS] {
            totals.add(&intent(wall_ms, &[], 1));
        }
        let counts: Vec<_> = totals.days().map(|(day, of)| (day, of.all.count)).collect();
        assert_eq!(counts, [(0, 2), (1, 1), (2, 1)]);
        for none in [vec![], vec![0]] {
            assert_eq!(Totals::between(none).day(0), None);
        }
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
