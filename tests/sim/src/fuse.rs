// SPDX-License-Identifier: Apache-2.0
//! Sudden death: a gate that unwinds from where it is, as SIGKILL would have left it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use cloudmessaging_wire::step;

use crate::played::lock;

/// What a dying gate unwinds with.
struct Death;

/// The moment that is by far the most frequent.
pub(crate) const CLOCK: &str = "the clock is read";

/// Burns down by one at each moment that it is told of, and kills at the last.
#[derive(Clone, Default)]
pub struct Fuse(Arc<Burning>);

#[derive(Default)]
struct Burning {
    left: AtomicI64,
    ignores_clocks: AtomicBool,
    deaths: Mutex<BTreeMap<&'static str, u32>>,
}

thread_local! {
    /// Of the gate that works on this thread now.
    static LIT: RefCell<Option<Fuse>> = const { RefCell::new(None) };
}

impl Fuse {
    /// Kills at the n-th moment from now; 0: at none.
    pub fn set(&self, moments: u32) {
        self.0.left.store(moments.into(), Ordering::Relaxed);
        self.0.ignores_clocks.store(false, Ordering::Relaxed);
    }

    /// The same, where readings of the clock are no moments.
    pub fn set_but_for_clocks(&self, moments: u32) {
        self.set(moments);
        self.0.ignores_clocks.store(true, Ordering::Relaxed);
    }

    /// How often it has killed, by the name of the moment.
    pub fn deaths(&self) -> BTreeMap<&'static str, u32> {
        lock(&self.0.deaths).clone()
    }

    /// A moment between two things that the gate does.
    pub(crate) fn moment(&self, name: &'static str) {
        let left = &self.0.left;
        // What is dropped by a death does not die again.
        if left.load(Ordering::Relaxed) <= 0 || std::thread::panicking() {
            return;
        }
        if name == CLOCK && self.0.ignores_clocks.load(Ordering::Relaxed) {
            return;
        }
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            *lock(&self.0.deaths).entry(name).or_default() += 1;
            resume_unwind(Box::new(Death));
        }
    }

    /// Runs `f`, a gate's work, to each of whose named steps this is a moment. Nothing if it died in it; any other
    /// panic goes on.
    pub(crate) fn survived_by<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        LIT.set(Some(self.clone()));
        step::watch(Some(step_reached));
        let result = catch_unwind(AssertUnwindSafe(f));
        step::watch(None);
        LIT.set(None);
        match result {
            Ok(result) => Some(result),
            Err(death) if death.is::<Death>() => None,
            Err(panic) => resume_unwind(panic),
        }
    }
}

fn step_reached(name: &'static str) {
    let fuse = LIT.with_borrow(Clone::clone);
    if let Some(fuse) = fuse {
        fuse.moment(name);
    }
}
