// SPDX-License-Identifier: Apache-2.0
//! Whose folder it is: Android gives the id of a user who was removed to another one in time, but never the serial number.
//! It stands in the file `owner`, which is there before anything else of that user and goes after everything else.

use std::path::Path;

use crate::file::{DurableFile, FileError, Unreadable};

/// The longest number in decimal.
const OWNER_MAX: usize = 20;

/// Whose a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The one who is asked about.
    Own,
    /// Nobody's yet.
    Nobody,
    /// Another's, or it does not say whose.
    Another,
    /// The disk does not tell now.
    Unknown,
}

/// The name on a user's folder.
pub(super) struct OwnerFile(DurableFile);

impl OwnerFile {
    /// Of this folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self(DurableFile::new(folder, "owner", OWNER_MAX))
    }

    /// Whether the folder is that of the user with this serial number.
    pub(super) fn look(&self, serial: i64) -> Owner {
        match self.0.read() {
            Ok(kept) if *kept == serial.to_string().as_bytes() => Owner::Own,
            Ok(_) => Owner::Another,
            Err(Unreadable::Absent) => Owner::Nobody,
            Err(why) => {
                log::error!("it cannot be told whose a folder is: {why}");
                match why {
                    Unreadable::Io(_) | Unreadable::Directory => Owner::Unknown,
                    _ => Owner::Another,
                }
            }
        }
    }

    /// Makes it this user's.
    pub(super) fn take(&self, serial: i64) -> Result<(), FileError> {
        self.0.write(serial.to_string().as_bytes())
    }
}
