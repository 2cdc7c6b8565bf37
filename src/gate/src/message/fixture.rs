// SPDX-License-Identifier: Apache-2.0
//! Messages on a folder of a test's own, and the same messages as a gate finds them that is started after it was
//! killed at this instant.

use std::ops::{Deref, DerefMut};
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::file::copied::copied;

pub(super) const USER: i32 = 10;
pub(super) const SERIAL: i64 = 7;
pub(super) const NOW: i64 = 1_700_000_000_000;

/// Something of the messages, and the folder below it.
pub(super) struct On<T> {
    part: T,
    pub folder: TempDir,
}

impl<T> Deref for On<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.part
    }
}

impl<T> DerefMut for On<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.part
    }
}

impl<T> On<T> {
    /// As after a kill and a start.
    pub fn killed(&self, take: fn(Messages) -> T) -> Self {
        let folder = copied(self.folder.path());
        Self { part: take(opened(folder.path())), folder }
    }
}

pub(super) fn storage_key() -> StorageKey {
    StorageKey::from_bytes(&[9; 32]).unwrap()
}

pub(super) fn open(folder: &Path) -> Result<Messages, StoreError> {
    let mut messages = Messages::closed();
    messages.open(folder, USER, SERIAL, &storage_key(), NOW, 0)?;
    Ok(messages)
}

pub(super) fn opened(folder: &Path) -> Messages {
    open(folder).unwrap()
}

/// Of a user of whom nothing is kept.
pub(super) fn none<T>(take: fn(Messages) -> T) -> On<T> {
    let folder = tempfile::tempdir().unwrap();
    On { part: take(opened(folder.path())), folder }
}
