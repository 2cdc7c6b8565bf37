// SPDX-License-Identifier: Apache-2.0
//! How often is too often: by number, and in all. In memory, per instance, and of a fixed size: half a
//! mebibyte of counters, which hold no number and cannot be asked about one after a restart.
//!
//! Counters live for a window of ten minutes, so that within any ten minutes at most twice the limit
//! passes. Numbers share counters by chance ([`ROWS`] of them each, the least counts): a crowd can only make
//! the limits stricter, and at the rate that passes in all it would take more than a window to.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cloudmessaging_seal::Number;

/// Registrations, renewals and erasures of one number within a window, by default.
pub const PER_NUMBER: u32 = 30;

/// Look-ups by one number within a window, by default: a phone looks a recipient up once a day at most.
pub const PER_ASKER: u32 = 60;

/// Requests within a second, by default; as many again may come at once.
pub const PER_SECOND: u32 = 500;

/// How long a counter counts.
const WINDOW: Duration = Duration::from_secs(600);

const ROWS: usize = 4;
const CELLS: usize = 1 << 14;

/// What a number does too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Changes its own registration.
    Change,
    /// Looks somebody up.
    LookUp,
}

/// How much an operator allows, of all instances together.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// [`Deed::Change`] of one number within a window.
    pub changes: u32,
    /// [`Deed::LookUp`] by one number within a window.
    pub look_ups: u32,
    /// Requests within a second.
    pub per_second: u32,
}

impl Allowance {
    /// This instance's part. Each keeps at least one, or it could serve nobody.
    pub fn share(self, instances: u32) -> Allowance {
        let part = |n: u32| (n / instances.max(1)).max(1);
        Allowance {
            changes: part(self.changes),
            look_ups: part(self.look_ups),
            per_second: part(self.per_second),
        }
    }
}

/// The counters of one instance.
pub struct Limits {
    allowance: Allowance,
    begun: Instant,
    // Keyed anew at each start: nobody can choose numbers that share counters with somebody's.
    hashers: [RandomState; ROWS],
    counters: Mutex<Counters>,
}

struct Counters {
    rows: Vec<Cell>,
    tokens: f64,
    filled: Instant,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    window: u32,
    count: u32,
}

impl Limits {
    /// With all counters at zero.
    pub fn new(allowance: Allowance, now: Instant) -> Limits {
        Limits {
            allowance,
            begun: now,
            hashers: std::array::from_fn(|_| RandomState::new()),
            counters: Mutex::new(Counters {
                rows: vec![Cell::default(); ROWS * CELLS],
                tokens: f64::from(allowance.per_second),
                filled: now,
            }),
        }
    }

    /// Counts one request of anybody; whether it is within the limit.
    pub fn admit(&self, now: Instant) -> bool {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = f64::from(self.allowance.per_second);
        let passed = now.saturating_duration_since(counters.filled).as_secs_f64();
        counters.tokens = (counters.tokens + passed * rate).min(rate);
        counters.filled = now;
        let admitted = counters.tokens >= 1.0;
        if admitted {
            counters.tokens -= 1.0;
        }
        admitted
    }

    /// Counts one deed of a number, whose signature was verified; whether it is within the limit.
    pub fn charge(&self, deed: Deed, number: &Number, now: Instant) -> bool {
        let most = match deed {
            Deed::Change => self.allowance.changes,
            Deed::LookUp => self.allowance.look_ups,
        };
        // Windows count from 1: a cell of zeroes is of no window.
        let window = now.saturating_duration_since(self.begun).as_secs() / WINDOW.as_secs() + 1;
        let window = u32::try_from(window).unwrap_or(u32::MAX);
        let cells: [usize; ROWS] = std::array::from_fn(|row| {
            let hash = self.hashers[row].hash_one((deed, number)) as usize;
            row * CELLS + hash % CELLS
        });
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut least = u32::MAX;
        for index in cells {
            let cell = &mut counters.rows[index];
            if cell.window != window {
                *cell = Cell { window, count: 0 };
            }
            cell.count = cell.count.saturating_add(1);
            least = least.min(cell.count);
        }
        least <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u32) -> Number {
        Number::parse(&format!("+1555{n:07}")).unwrap()
    }

    fn limits(changes: u32, per_second: u32) -> (Limits, Instant) {
        let now = Instant::now();
        (Limits::new(Allowance { changes, look_ups: 2, per_second }, now), now)
    }

    #[test]
    fn a_number_is_refused_after_its_share_and_others_are_not() {
        let (limits, now) = limits(3, 10);
        let charge = |n| limits.charge(Deed::Change, &number(n), now);
        assert!(charge(1) && charge(1) && charge(1));
        assert!(!charge(1));
        assert!(charge(2));
    }

    #[test]
    fn look_ups_and_changes_are_counted_apart() {
        let (limits, now) = limits(1, 10);
        assert!(limits.charge(Deed::Change, &number(1), now));
        assert!(!limits.charge(Deed::Change, &number(1), now));
        assert!(limits.charge(Deed::LookUp, &number(1), now));
        assert!(limits.charge(Deed::LookUp, &number(1), now));
        assert!(!limits.charge(Deed::LookUp, &number(1), now));
    }

    #[test]
    fn a_new_window_forgets() {
        let (limits, now) = limits(1, 10);
        assert!(limits.charge(Deed::Change, &number(1), now));
        assert!(!limits.charge(Deed::Change, &number(1), now + WINDOW - Duration::from_secs(1)));
        assert!(limits.charge(Deed::Change, &number(1), now + WINDOW));
    }

    #[test]
    fn a_crowd_does_not_exhaust_a_number_that_is_not_in_it() {
        let (limits, now) = limits(PER_NUMBER, PER_SECOND);
        for n in 0..100_000 {
            limits.charge(Deed::Change, &number(n), now);
        }
        let refused =
            (0..1000).filter(|n| !limits.charge(Deed::Change, &number(900_000 + n), now)).count();
        assert_eq!(refused, 0);
    }

    #[test]
    fn all_together_are_refused_beyond_the_rate_and_admitted_again_later() {
        let (limits, now) = limits(1, 5);
        assert!((0..5).all(|_| limits.admit(now)));
        assert!(!limits.admit(now));
        assert!(limits.admit(now + Duration::from_millis(250)));
        assert!(!limits.admit(now + Duration::from_millis(250)));
        // However long nobody asked, no more than a second's worth comes at once.
        let later = now + Duration::from_secs(3600);
        assert_eq!((0..100).filter(|_| limits.admit(later)).count(), 5);
    }

    #[test]
    fn instances_divide_the_limits() {
        let all = Allowance { changes: 30, look_ups: 60, per_second: 500 };
        let part = all.share(4);
        assert_eq!((part.changes, part.look_ups, part.per_second), (7, 15, 125));
        assert_eq!(all.share(1000).changes, 1);
    }
}
