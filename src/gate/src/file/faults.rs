// SPDX-License-Identifier: Apache-2.0
//! Lets a test make any one change of the disk fail, as a full or dying disk would.

use std::cell::RefCell;
use std::io;
use std::ops::Range;

use super::Step;
use nix::errno::Errno;

thread_local! {
    static PLAN: RefCell<Plan> = const { RefCell::new(Plan { at: 0..0, only: None, seen: Vec::new() }) };
}

struct Plan {
    /// The numbers of the changes that fail.
    at: Range<usize>,
    /// Which kind of change fails, each time.
    only: Option<Step>,
    seen: Vec<Step>,
}

fn plan(at: Range<usize>, only: Option<Step>) {
    PLAN.with_borrow_mut(|p| *p = Plan { at, only, seen: Vec::new() });
}

/// Nothing fails; counts from here.
pub(crate) fn none() {
    plan(0..0, None);
}

/// The change with this number, and every later one, fails: the disk as a power cut leaves it.
pub(crate) fn from(at: usize) {
    plan(at..usize::MAX, None);
}

/// The change with this number fails, and no other.
pub(crate) fn once(at: usize) {
    plan(at..at + 1, None);
}

/// Every change of this kind fails.
pub(crate) fn every(step: Step) {
    plan(0..0, Some(step));
}

/// The changes since the plan was made.
pub(crate) fn seen() -> Vec<Step> {
    PLAN.with_borrow(|p| p.seen.clone())
}

pub(super) fn before(step: Step) -> io::Result<()> {
    PLAN.with_borrow_mut(|p| {
        let number = p.seen.len();
        p.seen.push(step);
        if p.only == Some(step) || p.at.contains(&number) {
            return Err(Errno::EIO.into());
        }
        Ok(())
    })
}
