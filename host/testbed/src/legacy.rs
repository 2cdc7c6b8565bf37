// SPDX-License-Identifier: Apache-2.0
//! What an earlier, opt-out service left on a phone: one of the layouts in `tests/legacy/fixtures`.
//!
//! `legacy.json` is the build's list, in which `@OLD@` stands for the folder of the earlier service; `old/` is what is in
//! that folder, `data/` what lies in ours; `properties` are the phone's.

use crate::programs::workspace;
use crate::{Error, Phone, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

impl Phone {
    /// Has the phone be one on which that earlier service was, from the next start of the gate on.
    pub fn come_from(&self, layout: &str) -> Result<()> {
        let fixture = fixtures().join(layout);
        let list = fixture.join("legacy.json");
        let text = fs::read_to_string(&list).map_err(Error::file("read", &list))?;
        let text = text.replace("@OLD@", &self.old().display().to_string());
        let list = self.directory.join("legacy.json");
        fs::write(&list, text).map_err(Error::file("write", &list))?;
        for (from, to) in [("old", self.old()), ("data", self.data())] {
            copy_all(&fixture.join(from), &to)?;
        }
        let properties = fixture.join("properties");
        if properties.exists() {
            let to = self.properties();
            fs::copy(&properties, &to).map_err(Error::file("write", &to))?;
        }
        Ok(())
    }

    /// The folder of the earlier service.
    pub fn old(&self) -> PathBuf {
        self.directory.join("old")
    }

    /// The phone's system properties, if the file is there.
    pub(crate) fn properties(&self) -> PathBuf {
        self.directory.join("properties")
    }
}

/// Where the layouts are, a folder each.
pub fn fixtures() -> PathBuf {
    workspace().join("tests/legacy/fixtures")
}

/// Files for their owner alone, as a service keeps them.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    if !from.exists() {
        return Ok(());
    }
    fs::create_dir_all(to).map_err(Error::file("make", to))?;
    for entry in fs::read_dir(from).map_err(Error::file("read", from))? {
        let entry = entry.map_err(Error::file("read", from))?.path();
        let Some(name) = entry.file_name() else { continue };
        let to = to.join(name);
        if entry.is_dir() {
            copy_all(&entry, &to)?;
            continue;
        }
        fs::copy(&entry, &to).map_err(Error::file("write", &to))?;
        let owners = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&to, owners).map_err(Error::file("write", &to))?;
    }
    Ok(())
}
