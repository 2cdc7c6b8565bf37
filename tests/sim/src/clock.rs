// SPDX-License-Identifier: Apache-2.0
//! A phone's clocks, beside the time that it really is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

use cloudmessaging_gate::clock::Clock;

use crate::fuse::{Fuse, CLOCK};

/// The time that it really is, ms since the Unix epoch.
#[derive(Clone)]
pub(crate) struct Truth(Arc<AtomicI64>);

impl Truth {
    pub fn at(ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(ms)))
    }

    pub fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

/// The clocks of one phone. Each reading of the wall clock is a moment at which its gate can die.
pub(crate) struct PhoneClock {
    truth: Truth,
    wrong_by: AtomicI64,
    booted_ms: i64,
    fuse: Fuse,
}

impl PhoneClock {
    pub fn new(truth: Truth, fuse: Fuse) -> Self {
        // Up for an hour already.
        let booted_ms = truth.now() - 3_600_000;
        Self { truth, wrong_by: AtomicI64::new(0), booted_ms, fuse }
    }

    /// How far the wall clock is ahead, ms.
    pub fn wrong_by(&self) -> i64 {
        self.wrong_by.load(Ordering::Relaxed)
    }

    /// The time that it really is.
    pub fn true_ms(&self) -> i64 {
        self.truth.now()
    }

    /// What the wall clock shows to everybody but the gate.
    pub fn shown_ms(&self) -> i64 {
        self.truth.now() + self.wrong_by()
    }

    pub fn set_wrong_by(&self, ms: i64) {
        self.wrong_by.store(ms, Ordering::Relaxed);
    }
}

impl Clock for PhoneClock {
    fn wall_ms(&self) -> i64 {
        self.fuse.moment(CLOCK);
        self.shown_ms()
    }

    fn boot_ms(&self) -> i64 {
        self.truth.now() - self.booted_ms
    }
}
