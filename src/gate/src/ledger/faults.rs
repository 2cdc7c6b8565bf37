// SPDX-License-Identifier: Apache-2.0
//! What a test makes of the disk below a ledger that it sees only from outside, whichever thread writes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sync::{lock, Mutex};

static FULL: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Whether there is no room for the ledger in this folder from now on.
pub(crate) fn fill(folder: &Path, full: bool) {
    let mut folders = lock(&FULL);
    match full {
        true => folders.insert(folder.to_owned()),
        false => folders.remove(folder),
    };
}

/// Each write passes here.
pub(super) fn before_append(folder: &Path) -> std::io::Result<()> {
    match lock(&FULL).contains(folder) {
        true => Err(nix::errno::Errno::ENOSPC.into()),
        false => Ok(()),
    }
}
