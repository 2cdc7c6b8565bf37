// SPDX-License-Identifier: Apache-2.0
//! A phone's disk: in memory, so that thousands of histories wait for none.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use tempfile::TempDir;

/// An empty one.
pub(crate) fn new() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.expect("a folder")
}

/// As it is at this instant, whoever is still writing to the original: what a killed process leaves.
pub(crate) fn copy(of: &TempDir) -> TempDir {
    let copy = new();
    copy_all(of.path(), copy.path());
    copy
}

/// Modes and all.
fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir(&to).expect("a new folder");
            let mode = entry.metadata().expect("a mode").permissions();
            fs::set_permissions(&to, mode).expect("its mode");
            copy_all(&entry.path(), &to);
        } else {
            match fs::copy(entry.path(), &to) {
                // A temporary file that was given its name meanwhile.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                copied => drop(copied.expect("a copy")),
            }
        }
    }
}
