// SPDX-License-Identifier: Apache-2.0
//! When to try again: exponential, with full jitter (a random wait between half and all of the step), so that
//! phones that lost a broker together do not come back together.

use std::time::Duration;

use cloudmessaging_seal::key::random;

/// Waits that double from a first to a longest one.
pub struct Backoff {
    first_ms: i64,
    longest_ms: i64,
    step_ms: i64,
    not_before_ms: i64,
}

impl Backoff {
    /// Due at once.
    pub fn new(first: Duration, longest: Duration) -> Self {
        let first_ms = first.as_millis() as i64;
        let longest_ms = longest.as_millis() as i64;
        Self { first_ms, longest_ms, step_ms: first_ms, not_before_ms: i64::MIN }
    }

    /// When the next attempt is due, ms.
    pub fn due(&self) -> i64 {
        self.not_before_ms
    }

    /// When the next attempt is due, ms; this instant if it is.
    pub fn due_from(&self, now_ms: i64) -> i64 {
        if self.is_due(now_ms) {
            now_ms
        } else {
            self.not_before_ms
        }
    }

    /// Whether an attempt is due.
    pub fn is_due(&self, now_ms: i64) -> bool {
        // A wall clock that was set back must not stop us for longer than the longest wait.
        now_ms >= self.not_before_ms || self.not_before_ms - now_ms > self.longest_ms
    }

    /// An attempt failed, or is under way and counts as failed until it succeeds.
    pub fn failed(&mut self, now_ms: i64) {
        let half = self.step_ms / 2;
        // Without randomness: the whole step.
        let jitter = random::<8>().map_or(half, |r| i64::from_be_bytes(r).rem_euclid(half.max(1)));
        self.not_before_ms = now_ms.saturating_add(half + jitter);
        self.step_ms = (self.step_ms * 2).min(self.longest_ms);
    }

    /// An attempt succeeded.
    pub fn succeeded(&mut self) {
        self.step_ms = self.first_ms;
        self.not_before_ms = i64::MIN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
        assert!(backoff.is_due(0));
        for step in [1000, 2000, 4000, 4000] {
            backoff.failed(0);
            assert!((step / 2..=step).contains(&backoff.due()), "{} of {step}", backoff.due());
            assert!(!backoff.is_due(step / 2 - 1) && backoff.is_due(step));
        }
        backoff.succeeded();
        assert!(backoff.is_due(0));
        backoff.failed(0);
        assert!(backoff.due() <= 1000);
    }

    #[test]
    fn two_phones_do_not_wait_equally_long() {
        let wait = || {
            let mut backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(60));
            backoff.failed(0);
            backoff.due()
        };
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| wait()).collect();
        assert!(waits.len() > 10);
    }

    #[test]
    fn a_clock_set_back_does_not_stop_it() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
        backoff.failed(1_000_000);
        assert!(backoff.is_due(0));
    }
}
