// SPDX-License-Identifier: Apache-2.0
//! Lets a test make any one change of the disk fail, as a full or dying disk would.

use std::cell::RefCell;
use std::io;

use super::Step;
use nix::errno::Errno;

thread_local! {
    static PLAN: RefCell<Plan> = const { RefCell::new(Plan { at: None, only: None, seen: Vec::new() }) };
}

struct Plan {
    /// From which change on everything fails.
    at: Option<usize>,
    /// Which kind of change fails, each time.
    only: Option<Step>,
    seen: Vec<Step>,
}

fn plan(at: Option<usize>, only: Option<Step>) {
    PLAN.with_borrow_mut(|p| *p = Plan { at, only, seen: Vec::new() });
}

/// Nothing fails; counts from here.
pub(crate) fn none() {
    plan(None, None);
}

/// The change with this number, and every later one, fails: the disk as a power cut leaves it.
pub(crate) fn from(at: usize) {
    plan(Some(at), None);
}

/// Every change of this kind fails.
pub(crate) fn every(step: Step) {
    plan(None, Some(step));
}

/// The changes since the plan was made.
pub(crate) fn seen() -> Vec<Step> {
    PLAN.with_borrow(|p| p.seen.clone())
}

pub(super) fn before(step: Step) -> io::Result<()> {
    PLAN.with_borrow_mut(|p| {
        let number = p.seen.len();
        p.seen.push(step);
        if p.only == Some(step) || p.at.is_some_and(|at| number >= at) {
            return Err(Errno::EIO.into());
        }
        Ok(())
    })
}
