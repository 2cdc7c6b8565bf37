// SPDX-License-Identifier: Apache-2.0
//! How often is too often: by number, and in all. In memory, per instance, and of a size that follows from what
//! is allowed: at most some 25 mebibytes of counters by default, which hold no number and cannot be asked about one
//! after a restart.
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

/// Windows in a day.
const WINDOWS: u64 = DAY.as_secs() / WINDOW.as_secs();

/// Fewest counters, so that few instances' worth of a limit are still told apart.
const CELLS: u64 = 1 << 14;

/// The same for a day. As many SMS as are allowed in all then meet by fours, which leaves each number its own.
const CELLS_OF_A_DAY: u64 = 1 << 18;

/// Most counters, whatever is allowed: 128 mebibytes of them.
const CELLS_MAX: u64 = 1 << 22;

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
    /// Changes and look-ups: at most as many as requests are admitted.
    work: Sketch,
    /// SMS and tries, apart from those: of these a number has few, and strangers make them.
    proofs: Sketch,
    day: Sketch,
    in_all: InAll,
    tokens: f64,
    filled: Instant,
}

/// SMS and tries of all numbers in the window that began last.
struct InAll {
    begun: Instant,
    sms: u32,
    tries: u32,
}

fn cells(most: u64, fewest: u64) -> usize {
    most.clamp(fewest, CELLS_MAX).next_power_of_two() as usize
}

impl Limits {
    /// With all counters at zero.
    pub fn new(allowance: Allowance, now: Instant) -> Limits {
        let requests = u64::from(allowance.per_second) * WINDOW.as_secs();
        let sms = u64::from(allowance.sms_in_all);
        let proofs = sms + u64::from(allowance.tries_in_all);
        Limits {
            allowance,
            counters: Mutex::new(Counters {
                work: Sketch::new(WINDOW, cells(requests, CELLS), now),
                proofs: Sketch::new(WINDOW, cells(proofs, CELLS), now),
                day: Sketch::new(DAY, cells(sms * WINDOWS / 4, CELLS_OF_A_DAY), now),
                in_all: InAll { begun: now, sms: 0, tries: 0 },
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
    /// beyond its own limit does not count against all; nor, once all have had theirs, against any number.
    pub fn charge(&self, deed: Deed, number: &Number, now: Instant) -> bool {
        let allowed = &self.allowance;
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let Counters { work, proofs, day, in_all, .. } = &mut *counters;
        in_all.renew(now);
        match deed {
            Deed::Change => work.count((deed, number), now) <= allowed.changes,
            Deed::LookUp => work.count((deed, number), now) <= allowed.look_ups,
            Deed::Sms => {
                let passes = in_all.sms < allowed.sms_in_all
                    && proofs.count((deed, number), now) <= allowed.sms
                    && day.count(number, now) <= allowed.sms_a_day;
                in_all.sms += u32::from(passes);
                passes
            }
            Deed::Try => {
                let passes = in_all.tries < allowed.tries_in_all
                    && proofs.count((deed, number), now) <= allowed.tries;
                in_all.tries += u32::from(passes);
                passes
            }
        }
    }
}

impl InAll {
    /// Begins anew with each window.
    fn renew(&mut self, now: Instant) {
        let windows = now.saturating_duration_since(self.begun).as_secs() / WINDOW.as_secs();
        if windows > 0 {
            let begun = self.begun + Duration::from_secs(windows * WINDOW.as_secs());
            *self = InAll { begun, sms: 0, tries: 0 };
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
    fn as_many_look_ups_as_are_admitted_leave_every_number_its_codes_and_changes() {
        let now = Instant::now();
        for instances in [1, 4] {
            let allowance = Allowance::default().share(instances);
            let limits = Limits::new(allowance, now);
            for n in 0..allowance.per_second * 600 {
                assert!(limits.charge(Deed::LookUp, &number(n), now));
            }
            for deed in [Deed::Sms, Deed::Try, Deed::Change] {
                let fresh = (0..500).map(|n| number(9_000_000 + n));
                let refused = fresh.filter(|n| !limits.charge(deed, n, now)).count();
                assert_eq!(refused, 0, "{deed:?} of {instances}");
            }
        }
    }

    #[test]
    fn a_flood_of_sms_that_are_refused_leaves_every_number_its_tries_and_its_next_window() {
        let now = Instant::now();
        let limits = Limits::new(Allowance::default(), now);
        for n in 0..PER_SECOND * 600 {
            assert_eq!(limits.charge(Deed::Sms, &number(n), now), n < SMS_IN_ALL);
        }
        for (deed, at) in [(Deed::Try, now), (Deed::Change, now), (Deed::Sms, now + WINDOW)] {
            let fresh = (0..500).map(|n| number(9_000_000 + n));
            let refused = fresh.filter(|n| !limits.charge(deed, n, at)).count();
            assert_eq!(refused, 0, "{deed:?}");
        }
    }

    #[test]
    fn counters_have_a_most_whatever_is_allowed() {
        assert_eq!(cells(1, CELLS), 1 << 14);
        assert_eq!(cells(u64::from(u32::MAX) * 600, CELLS), 1 << 22);
        assert_eq!(cells(u64::from(PER_SECOND) * 600, CELLS), 1 << 19);
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
        let limits = Limits::new(Allowance::default(), now);
        for n in 0..500_000_u32 {
            limits.charge(Deed::Sms, &number(n), now + n / 5000 * WINDOW);
        }
        let refused = (0..1000)
            .filter(|n| !limits.charge(Deed::Sms, &number(900_000 + n), now + 101 * WINDOW))
            .count();
        assert_eq!(refused, 0);
    }
}
