// SPDX-License-Identifier: Apache-2.0
//! Sudden death: a gate that unwinds from where it is, as SIGKILL would have left it.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

/// What a dying gate unwinds with.
struct Death;

/// Burns down by one at each moment that it is told of, and kills at the last.
#[derive(Clone, Default)]
pub struct Fuse(Arc<AtomicI64>);

impl Fuse {
    /// Kills at the n-th moment from now; 0: at none.
    pub fn set(&self, moments: u32) {
        self.0.store(moments.into(), Ordering::Relaxed);
    }

    /// A moment between two things that the gate does.
    pub(crate) fn moment(&self) {
        if self.0.load(Ordering::Relaxed) > 0 && self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            resume_unwind(Box::new(Death));
        }
    }
}

/// Runs `f`; nothing if the gate died in it. Any other panic goes on.
pub(crate) fn survive<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => Some(result),
        Err(death) if death.is::<Death>() => None,
        Err(panic) => resume_unwind(panic),
    }
}
