// SPDX-License-Identifier: Apache-2.0
//! What the settings page calls, called from a real JVM: the library as it is installed, the Java that comes with it, and
//! Java programs (`java/`) that check what comes back. What has to come back is written into files here, next to what
//! the programs have to give (`ledgers`, `statements`, `registrations`); `jvm` builds and runs them.

pub mod jvm;
pub mod ledgers;
pub mod registrations;
pub mod statements;

use std::fs;
use std::path::{Path, PathBuf};

/// The project's folder.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder with one case for a Java program: a file for each value.
pub struct Case(PathBuf);

impl Case {
    /// A new one. Its name is that of the check.
    pub fn new(folder: &Path, name: &str) -> Self {
        let case = folder.join(name);
        fs::create_dir_all(folder).expect("a folder");
        // Two cases of one name would be one.
        fs::create_dir(&case).expect("a folder of its own");
        Self(case)
    }

    /// One more value.
    pub fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        fs::write(self.0.join(name), value).expect("a file");
        self
    }
}
