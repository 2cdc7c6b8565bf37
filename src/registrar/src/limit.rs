// SPDX-License-Identifier: Apache-2.0
//! How often is too often: by number, and in all. In memory, per instance, and of a fixed size: some 8
//! mebibytes of counters, which hold no number and cannot be asked about one after a restart.
//!
//! Counters live for a window of ten minutes (or a day), so that within any ten minutes at most twice the
//! limit passes.
//!
//! What a stranger can do with somebody's number is to use up its SMS and its tries: it cannot be registered
//! anew then until the window, or the day, is over. Its renewals and its erasure are counted apart, and only
//! who holds its identity key makes them.

mod sketch;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cloudmessaging_seal::Number;

use sketch::Sketch;

/// Registrations with a right code, renewals and erasures of one number within a window, by default.
pub const PER_NUMBER: u32 = 30;

/// Look-ups by one number within a window, by default: a phone looks a recipient up once a day at most.
pub const PER_ASKER: u32 = 60;

/// Requests within a second, by default; as many again may come at once.
pub const PER_SECOND: u32 = 500;

/// SMS to one number within a window, by default.
pub const SMS: u32 = 3;

/// SMS to one number within a day, by default.
pub const SMS_A_DAY: u32 = 10;

/// SMS to all numbers within a window, by default.
pub const SMS_IN_ALL: u32 = 6000;

/// Tries of a code for one number within a window, by default.
pub const TRIES: u32 = 10;

/// Tries of a code for all numbers within a window, by default.
pub const TRIES_IN_ALL: u32 = 6000;

/// How long a counter counts.
const WINDOW: Duration = Duration::from_secs(600);

/// How long the counters of a day count.
const DAY: Duration = Duration::from_secs(24 * 3600);

const CELLS: usize = 1 << 14;

/// A day sees many more numbers: half a million SMS in a day still leave each number its own.
const CELLS_OF_A_DAY: usize = 1 << 18;

/// What a number does too often, or is made to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Changes its own registration.
    Change,
    /// Looks somebody up.
    LookUp,
    /// Is sent a code.
    Sms,
    /// Is tried to be registered with a code.
    Try,
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
    /// [`Deed::Sms`] to one number within a window.
    pub sms: u32,
    /// The same within a day.
    pub sms_a_day: u32,
    /// The same to all numbers within a window.
    pub sms_in_all: u32,
    /// [`Deed::Try`] of one number within a window.
    pub tries: u32,
    /// The same of all numbers.
    pub tries_in_all: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            changes: PER_NUMBER,
            look_ups: PER_ASKER,
            per_second: PER_SECOND,
            sms: SMS,
            sms_a_day: SMS_A_DAY,
            sms_in_all: SMS_IN_ALL,
            tries: TRIES,
            tries_in_all: TRIES_IN_ALL,
        }
    }
}

impl Allowance {
    /// This instance's part. Each keeps at least one, or it could serve nobody.
    pub fn share(self, instances: u32) -> Allowance {
        let part = |n: u32| (n / instances.max(1)).max(1);
        Allowance {
            changes: part(self.changes),
            look_ups: part(self.look_ups),
            per_second: part(self.per_second),
            sms: part(self.sms),
            sms_a_day: part(self.sms_a_day),
            sms_in_all: part(self.sms_in_all),
            tries: part(self.tries),
            tries_in_all: part(self.tries_in_all),
        }
    }
}

/// The counters of one instance.
pub struct Limits {
    allowance: Allowance,
    counters: Mutex<Counters>,
}

struct Counters {
    window: Sketch,
    day: Sketch,
    tokens: f64,
    filled: Instant,
}

/// Counted without a number: of all of them.
#[derive(Clone, Copy, Hash)]
struct InAll(Deed);

impl Limits {
    /// With all counters at zero.
    pub fn new(allowance: Allowance, now: Instant) -> Limits {
        Limits {
            allowance,
            counters: Mutex::new(Counters {
                window: Sketch::new(WINDOW, CELLS, now),
                day: Sketch::new(DAY, CELLS_OF_A_DAY, now),
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

    /// Counts one deed of a number; whether it is within every limit there is for it. What one number does
    /// beyond its own limit does not count against all.
    pub fn charge(&self, deed: Deed, number: &Number, now: Instant) -> bool {
        let allowed = &self.allowance;
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let most = match deed {
            Deed::Change => allowed.changes,
            Deed::LookUp => allowed.look_ups,
            Deed::Sms => allowed.sms,
            Deed::Try => allowed.tries,
        };
        if counters.window.count((deed, number), now) > most {
            return false;
        }
        match deed {
            Deed::Change | Deed::LookUp => true,
            Deed::Sms => {
                counters.day.count((deed, number), now) <= allowed.sms_a_day
                    && counters.window.count(InAll(deed), now) <= allowed.sms_in_all
            }
            Deed::Try => counters.window.count(InAll(deed), now) <= allowed.tries_in_all,
        }
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
        (
            Limits::new(
                Allowance { changes, look_ups: 2, per_second, ..Allowance::default() },
                now,
            ),
            now,
        )
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
        let all = Allowance::default();
        let part = all.share(4);
        assert_eq!((part.changes, part.look_ups, part.per_second), (7, 15, 125));
        assert_eq!((part.sms, part.sms_a_day, part.tries), (1, 2, 2));
        assert_eq!((part.sms_in_all, part.tries_in_all), (1500, 1500));
        assert_eq!((all.share(1000).changes, all.share(1000).tries), (1, 1));
    }

    #[test]
    fn sms_are_counted_by_window_by_day_and_in_all() {
        let now = Instant::now();
        let limits = Limits::new(Allowance { sms_in_all: 6, ..Allowance::default() }, now);
        let sms = |n, at| limits.charge(Deed::Sms, &number(n), at);
        assert!(sms(1, now) && sms(1, now) && sms(1, now));
        assert!(!sms(1, now));
        // Which did not count against the others.
        assert!(sms(2, now) && sms(2, now) && sms(3, now));
        assert!(!sms(4, now), "seven in all");
        let sent = (1..24).flat_map(|n| [now + n * WINDOW; 3]).filter(|at| sms(1, *at)).count();
        assert_eq!(sent, 7, "ten in a day");
        assert!(sms(1, now + DAY));
    }

    #[test]
    fn tries_are_counted_by_number_and_in_all() {
        let now = Instant::now();
        let limits = Limits::new(Allowance { tries_in_all: 12, ..Allowance::default() }, now);
        let tries =
            |n, most| (0..most).filter(|_| limits.charge(Deed::Try, &number(n), now)).count();
        assert_eq!(tries(1, 50), 10);
        assert_eq!(tries(2, 50), 2);
        assert!(limits.charge(Deed::Try, &number(1), now + WINDOW));
    }

    #[test]
    fn the_sms_of_a_busy_day_do_not_use_up_a_number_that_was_sent_none() {
        let now = Instant::now();
        let most = Allowance { sms_in_all: u32::MAX, ..Allowance::default() };
        let limits = Limits::new(most, now);
        for n in 0..500_000_u32 {
            limits.charge(Deed::Sms, &number(n), now + n / 5000 * WINDOW);
        }
        let refused = (0..1000)
            .filter(|n| !limits.charge(Deed::Sms, &number(900_000 + n), now + 101 * WINDOW))
            .count();
        assert_eq!(refused, 0);
    }
}
