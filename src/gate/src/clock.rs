// SPDX-License-Identifier: Apache-2.0
//! The two clocks: what time it is for a person, and how long the phone has been up.
//!
//! The wall clock can be set, forwards and backwards, by the owner or by a network; nothing that a promise
//! depends on is measured with it alone. The boot clock only moves forwards, and runs on while the phone
//! sleeps.

use nix::time::{clock_gettime, ClockId};

/// Where the gate reads the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn wall_ms(&self) -> i64;

    /// Milliseconds since the phone booted, sleep included.
    fn boot_ms(&self) -> i64;
}

/// The kernel's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_ms(&self) -> i64 {
        read(ClockId::CLOCK_REALTIME)
    }

    fn boot_ms(&self) -> i64 {
        read(ClockId::CLOCK_BOOTTIME)
    }
}

fn read(clock: ClockId) -> i64 {
    // Both clocks exist since Linux 2.6.39 and the address is valid: there is no failure left.
    let time = clock_gettime(clock).expect("the kernel has this clock");
    time.tv_sec() * 1000 + time.tv_nsec() / 1_000_000
}

#[cfg(test)]
pub(crate) mod fake {
    use super::Clock;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// Clocks that a test sets.
    #[derive(Debug, Default)]
    pub(crate) struct ManualClock {
        wall: AtomicI64,
        boot: AtomicI64,
    }

    impl ManualClock {
        pub(crate) fn at(wall_ms: i64, boot_ms: i64) -> Self {
            Self { wall: AtomicI64::new(wall_ms), boot: AtomicI64::new(boot_ms) }
        }

        /// Somebody sets the wall clock.
        pub(crate) fn set_wall(&self, ms: i64) {
            self.wall.store(ms, Ordering::SeqCst);
        }

        /// The phone is started again.
        pub(crate) fn restart(&self) {
            self.boot.store(0, Ordering::SeqCst);
        }

        /// Time passes on both.
        pub(crate) fn advance(&self, ms: i64) {
            self.wall.fetch_add(ms, Ordering::SeqCst);
            self.boot.fetch_add(ms, Ordering::SeqCst);
        }
    }

    impl Clock for ManualClock {
        fn wall_ms(&self) -> i64 {
            self.wall.load(Ordering::SeqCst)
        }

        fn boot_ms(&self) -> i64 {
            self.boot.load(Ordering::SeqCst)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_in_this_century_and_the_boot_clock_moves_on() {
        let wall = SystemClock.wall_ms();
        assert!((1_577_836_800_000..4_102_444_800_000).contains(&wall), "{wall}");
        let before = SystemClock.boot_ms();
        std::thread::sleep(std::time::Duration::from_millis(3));
        assert!(SystemClock.boot_ms() > before);
    }
}
