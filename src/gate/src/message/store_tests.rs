// SPDX-License-Identifier: Apache-2.0
//! What a crash, a failing disk and another reader find of messages.
use super::*;
use std::cell::RefCell;
thread_local! {
    static BEFORE_COMMIT: RefCell<Option<Box<dyn FnMut() -> Result<(), StoreError>>>> =
        const { RefCell::new(None) };
}
/// Each commit passes here, so that a test can stop before any one.
pub(super) fn before_commit() -> Result<(), StoreError> {
    BEFORE_COMMIT.with_borrow_mut(|hook| hook.as_mut().map_or(Ok(()), |hook| hook()))
}
