// SPDX-License-Identifier: Apache-2.0
//! What a test makes of the disk below the messages, for the thread that it is on.

use std::cell::RefCell;

use rusqlite::ErrorCode;

use super::StoreError;

type Hook = Box<dyn FnMut() -> Result<(), StoreError>>;

thread_local! {
    static BEFORE_COMMIT: RefCell<Option<Hook>> = const { RefCell::new(None) };
    static BEFORE_OPENING: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// Each change passes here when all of it is written and none of it is committed.
pub(super) fn before_commit() -> Result<(), StoreError> {
    BEFORE_COMMIT.with_borrow_mut(|hook| hook.as_mut().map_or(Ok(()), |hook| hook()))
}

/// Each database that is opened passes here before.
pub(super) fn before_opening() {
    BEFORE_OPENING.take().into_iter().for_each(|hook| hook());
}

/// Calls this at each change.
pub(super) fn before_each_commit(hook: Hook) {
    BEFORE_COMMIT.set(Some(hook));
}

/// Whether no change gets to the disk from now on.
pub(crate) fn fail_changes(fail: bool) {
    BEFORE_COMMIT.set(None);
    if fail {
        fail_changes_after(0);
    }
}

/// No change gets to the disk from now on but so many.
pub(crate) fn fail_changes_after(mut changes: u32) {
    before_each_commit(Box::new(move || {
        let left = changes.checked_sub(1).map(|left| changes = left);
        left.ok_or(StoreError::Disk(ErrorCode::SystemIoFailure))
    }));
}

/// The next database that is opened is as slow as this.
pub(crate) fn before_next_opening(hook: Box<dyn FnOnce()>) {
    BEFORE_OPENING.set(Some(hook));
}
