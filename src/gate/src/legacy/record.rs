// SPDX-License-Identifier: Apache-2.0
//! What was found, on the disk: `proto/legacy.proto`. A file that cannot be read says that nothing was found, and never
//! that it has to be looked for again.

use std::path::{Path, PathBuf};

use cloudmessaging_wire::proto::legacy as proto;
use prost::Message as _;

use crate::file::{DurableFile, FileError};

const FILE: &str = "legacy";
const MAX_FILE: usize = 256;
/// Of both files.
const SCHEMA_VERSION: u32 = 1;

/// What was found of one user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Something, whatever it means.
    pub found: bool,
    /// The earlier service was on.
    pub on: bool,
    /// It had registered the phone.
    pub registered: bool,
    /// What our settings app reads was read.
    pub settings_read: bool,
    /// The owner was told.
    pub told: bool,
}

impl Found {
    /// Whether there is something that an owner has to be told.
    pub fn is_to_be_told(&self) -> bool {
        (self.on || self.registered) && !self.told
    }
}

/// Whether it was looked for.
pub(super) struct Looked {
    path: PathBuf,
    file: DurableFile,
    done: bool,
}

impl Looked {
    pub(super) fn new(data: &Path) -> Self {
        let file = DurableFile::new(data, FILE, MAX_FILE);
        Self { path: data.join(FILE), file, done: false }
    }

    /// Whatever stands there, readable or not: it was.
    pub(super) fn is_done(&mut self) -> bool {
        let absent = || match std::fs::symlink_metadata(&self.path) {
            Ok(_) => false,
            Err(e) => e.kind() == std::io::ErrorKind::NotFound,
        };
        self.done = self.done || !absent();
        self.done
    }

    pub(super) fn set_done(&mut self) -> Result<(), FileError> {
        let looked = proto::Looked { schema_version: SCHEMA_VERSION };
        self.file.write(&looked.encode_to_vec())?;
        self.done = true;
        Ok(())
    }
}

/// The file of one user, read once.
pub(super) struct UserFile {
    file: DurableFile,
    kept: Option<Option<(i64, Found)>>,
}

impl UserFile {
    pub(super) fn new(folder: &Path) -> Self {
        Self { file: DurableFile::new(folder, FILE, MAX_FILE), kept: None }
    }

    /// What was found of the user with this serial number.
    pub(super) fn read(&mut self, serial: i64) -> Option<Found> {
        let kept = *self.kept.get_or_insert_with(|| {
            let bytes = self.file.read().ok()?;
            let found = proto::Found::decode(&bytes[..]).ok()?;
            let kept = Found {
                found: found.found,
                on: found.on,
                registered: found.registered,
                settings_read: found.settings_read,
                told: found.told,
            };
            (found.schema_version == SCHEMA_VERSION).then_some((found.user_serial, kept))
        });
        kept.filter(|(of, _)| *of == serial).map(|(_, found)| found)
    }

    /// Keeps it, in the place of what is there. Durable when it returns.
    pub(super) fn write(&mut self, serial: i64, found: Found) -> Result<(), FileError> {
        let stored = proto::Found {
            schema_version: SCHEMA_VERSION,
            user_serial: serial,
            found: found.found,
            on: found.on,
            registered: found.registered,
            settings_read: found.settings_read,
            told: found.told,
        };
        self.file.write(&stored.encode_to_vec())?;
        self.kept = Some(Some((serial, found)));
        Ok(())
    }
}
