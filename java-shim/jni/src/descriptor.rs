// SPDX-License-Identifier: Apache-2.0
//! An export behind a descriptor that belongs to Java.
//!
//! It is read through a duplicate: Java may close its own at any moment, and the number may be another file's by then.
//! A file is read from its beginning, wherever the descriptor stands, and its position is not moved: whoever has just
//! written the export can have it checked at once, by several threads too. A pipe is read until it ends.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::fs::FileExt;

/// What the kernel says of a descriptor that is not open; Linux has one number for it everywhere.
const EBADF: i32 = 9;

/// See the module.
pub struct Descriptor {
    file: File,
    /// How far a file was read; nothing for a pipe.
    at: Option<u64>,
}

impl Descriptor {
    /// A duplicate of this descriptor, which stays open as long as this lives.
    pub fn duplicate(number: RawFd) -> io::Result<Self> {
        if number < 0 {
            return Err(io::Error::from_raw_os_error(EBADF));
        }
        // SAFETY: it is no negative number, and is borrowed for this one call, in which the kernel duplicates it or says that it
        // is not open.
        let owned = unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()?;
        let file = File::from(owned);
        let at = file.metadata()?.is_file().then_some(0);
        Ok(Self { file, at })
    }
}

impl Read for Descriptor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(at) = &mut self.at else { return self.file.read(buffer) };
        let there = self.file.read_at(buffer, *at)?;
        *at += there as u64;
        Ok(there)
    }
}
