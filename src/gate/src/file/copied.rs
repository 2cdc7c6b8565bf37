// SPDX-License-Identifier: Apache-2.0
//! A folder as a gate finds it that is started after this one was killed, or its power was cut, at this instant.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use tempfile::TempDir;

/// What is in a folder, in one of a test's own.
pub(crate) fn copied(from: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_all(from, copy.path());
    copy
}

/// Modes and all.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            fs::set_permissions(&to, entry.metadata().unwrap().permissions()).unwrap();
            copy_all(&entry.path(), &to);
        } else {
            match fs::copy(entry.path(), &to) {
                // A temporary file that the courier gave its name meanwhile.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
    }
}
