// SPDX-License-Identifier: Apache-2.0
//! Looks at one thing of the list. Read only, with an end, and without waiting for anybody: it is no file of ours, and
//! may be anything.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use cloudmessaging_config::legacy::{Item, Meaning, Source, VALUE_MAX};
use nix::fcntl::OFlag;
use rustutils::system_properties;

use super::value::{self, Value};

/// The largest file that is read, in bytes.
pub(super) const FILE_MAX: u64 = 256 * 1024;

/// What was seen of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is not there.
    Absent,
    /// It is there, and nobody knows what it means.
    Unclear,
    /// It is there, and means this.
    Means(Meaning),
}

impl Sight {
    /// Of something that is there.
    pub(super) fn of(meaning: Option<Meaning>) -> Self {
        meaning.map_or(Self::Unclear, Self::Means)
    }
}

/// Whether each user has one.
pub(super) fn is_of_a_user(source: &Source) -> bool {
    match source {
        Source::Value(path, _) | Source::There(path) => path.is_of_a_user(),
        Source::Property(_) | Source::Setting(_) => false,
    }
}

/// Looks. A setting is not here: our settings app reads it.
pub(super) fn look(item: &Item, user: Option<i32>) -> Sight {
    // What has no user in its path is the same for all.
    let user = user.unwrap_or_default();
    match &item.source {
        Source::Value(path, format) => match read(&path.of(user)) {
            Ok(Some(bytes)) => match value::find(format, &bytes) {
                Value::Is(value) => Sight::of(item.means(&value)),
                Value::Missing => Sight::of(item.means_without_value()),
                Value::Unclear => Sight::Unclear,
            },
            Ok(None) => Sight::Unclear,
            Err(e) => unseen(&e),
        },
        Source::There(path) => there(&path.of(user), item),
        Source::Property(name) => match system_properties::read(name) {
            // There is no difference between one that was never set and one that is empty.
            Ok(Some(value)) if !value.is_empty() && value.len() <= VALUE_MAX => {
                Sight::of(item.means(&value))
            }
            Ok(Some(value)) if !value.is_empty() => Sight::Unclear,
            Ok(_) => Sight::Absent,
            Err(e) => {
                log::error!("a property of an earlier service cannot be read: {e}");
                Sight::Unclear
            }
        },
        Source::Setting(_) => Sight::Absent,
    }
}

/// What is in a file; `None` if it is none that is read.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // O_NONBLOCK: a FIFO without a writer would be waited for.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= FILE_MAX).then_some(bytes))
}

fn there(path: &Path, item: &Item) -> Sight {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(e) => return unseen(&e),
    };
    if found.is_file() {
        return Sight::of(item.means_without_value());
    }
    if !found.is_dir() {
        return Sight::Unclear;
    }
    match fs::read_dir(path).map(|mut entries| entries.next().transpose()) {
        Ok(Ok(Some(_))) => Sight::of(item.means_without_value()),
        Ok(Ok(None)) => Sight::Absent,
        Ok(Err(e)) | Err(e) => unseen(&e),
    }
}

/// What an error says of the thing.
fn unseen(error: &io::Error) -> Sight {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Sight::Absent,
        kind => {
            log::error!("something of an earlier service cannot be read: {kind}");
            Sight::Unclear
        }
    }
}
