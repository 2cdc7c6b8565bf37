// SPDX-License-Identifier: Apache-2.0
//! A folder for readers of files. The suite puts it into memory: some thousand times a second a disk would wait.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::{Builder, TempDir};

/// A new one, for this process's user alone. It is gone when dropped; libFuzzer drops nothing, so the suite takes away what
/// is left.
pub(crate) fn new() -> TempDir {
    let folder = Builder::new().permissions(Permissions::from_mode(0o700)).tempdir();
    folder.expect("a folder for this test")
}

/// Puts these bytes there, as the gate would: mode 0600.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).expect("room in this test's folder");
}

/// Takes all files away.
pub(crate) fn clear(folder: &Path) {
    for file in fs::read_dir(folder).expect("this test's folder") {
        fs::remove_file(file.expect("a name").path()).expect("a file of this test");
    }
}
