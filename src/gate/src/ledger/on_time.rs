// SPDX-License-Identifier: Apache-2.0
//! How old entries are, in time for which the phone was on: what says it are the boot times of the entries, so that
//! nobody makes anything old who sets the wall clock. While the phone is off nothing ages: no clock that can be
//! believed runs then.

/// Time for which the phone was on, added up from one entry to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OnTime {
    ms: i64,
    last_boot_ms: Option<i64>,
}

impl OnTime {
    /// Goes on to an entry that was written at this boot time.
    pub(super) fn reach(&mut self, boot_ms: i64) -> i64 {
        let since = match self.last_boot_ms {
            None => 0,
            // The phone was started again in between: at least so long ago.
            Some(last) if boot_ms < last => boot_ms,
            Some(last) => boot_ms.saturating_sub(last),
        };
        self.last_boot_ms = Some(boot_ms);
        self.ms = self.ms.saturating_add(since.max(0));
        self.ms
    }

    /// As far as it was reached.
    pub(super) fn ms(self) -> i64 {
        self.ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_adds_up_over_starts_of_the_phone_and_never_goes_back() {
        let mut on = OnTime::default();
        assert_eq!(
            [500, 700, 700, 30, 50].map(|boot_ms| on.reach(boot_ms)),
            [0, 200, 200, 230, 250]
        );
        // What no phone writes.
        assert_eq!([-5, i64::MIN, i64::MAX].map(|boot_ms| on.reach(boot_ms)), [250, 250, i64::MAX]);
    }
}
