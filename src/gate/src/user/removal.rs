// SPDX-License-Identifier: Apache-2.0
//! What becomes of what was kept for a user who was removed: it is deleted, whether or not anything of theirs is in memory,
//! and whether or not anybody said so when it happened. The report of all users decides, and at each start there is one.
//!
//! First it is off for good, as in a withdrawal; then the keys go that are not in the folder; then the folder loses its
//! name and is deleted. What a crash or a disk interrupts is begun again with the next report: until it is done the user
//! does not exist, and neither does another one under the same id.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use super::owner::Owner;
use super::{make_private, User, Users};
use crate::consent::OffReason;
use crate::sync::lock;

/// What a folder is called that is being deleted; the user's id follows.
const REMOVED: &str = "removed-";

/// Why something of a removed user is still there.
#[derive(Debug, thiserror::Error)]
enum RemovalError {
    #[error("consent: {0}")]
    Consent(#[from] crate::consent::RemoveError),
    #[error("messages: {0}")]
    Messages(#[from] crate::message::StoreError),
    #[error("ledger: {0}")]
    Ledger(#[from] crate::ledger::ExportError),
    #[error("folder: {}", .0.kind())]
    Folder(#[from] io::Error),
}

impl Users {
    /// Deletes what was kept for everybody but these.
    pub(super) fn remove_all_but(&self, exist: &[i32]) {
        let data = &self.module.data;
        let folders = match fs::read_dir(data) {
            Ok(folders) => folders.flatten().filter_map(|f| f.file_name().into_string().ok()),
            Err(e) => return log::error!("the users' folders cannot be listed: {}", e.kind()),
        };
        for name in folders {
            if name.starts_with(REMOVED) {
                // A crash, or the disk, left it.
                delete(&data.join(name));
            } else if let Some(id) = user_of(&name).filter(|id| !exist.contains(id)) {
                self.add(id).removed();
            }
        }
    }
}

/// The user whose folder has this name.
fn user_of(name: &str) -> Option<i32> {
    name.parse().ok().filter(|id: &i32| *id >= 0 && id.to_string() == name)
}

impl User {
    /// Whether the folder is that of the user with this serial number. It is made so where it can be: what was somebody
    /// else's is deleted first.
    pub(super) fn belongs_to(self: &Arc<Self>, serial: i64) -> bool {
        if lock(&self.view).serial == Some(serial) {
            return true;
        }
        let mut owner = self.owner.look(serial);
        if owner == Owner::Another {
            match self.removed() {
                true => owner = Owner::Nobody,
                false => return false,
            }
        }
        if owner == Owner::Nobody {
            make_private(&self.folder());
            if let Err(e) = self.owner.take(serial) {
                log::error!("a user's folder does not get its name: {e}");
                return false;
            }
        }
        if self.book.is_closed() {
            self.book.begin();
        }
        owner != Owner::Unknown
    }

    /// The user was removed: deletes what was kept. False if something of it is still there.
    pub(super) fn removed(self: &Arc<Self>) -> bool {
        // It may have been reported in this life, or not.
        self.gone();
        if !self.module.checkpoint.is_committed() {
            // Who was removed may be put back. With the next report.
            return false;
        }
        let removed = self.delete_all();
        self.leave_if_off();
        if let Err(e) = &removed {
            log::error!("something of a user who was removed is still there: {e}");
        }
        self.module.hints.state_changed(self.id);
        removed.is_ok()
    }

    fn delete_all(self: &Arc<Self>) -> Result<(), RemovalError> {
        {
            let mut consent = lock(&self.consent);
            // A grant that began before this comes to nothing.
            consent.withdrawals += 1;
            let durable = consent.store.remove();
            let mut view = lock(&self.view);
            view.withdrawals = consent.withdrawals;
            (view.serial, view.off, view.durable) = (None, OffReason::UnknownUser, durable.is_ok());
            view.lease_until_ms = 0;
            if durable.is_err() {
                self.keep_removing(consent.withdrawals);
            }
            durable?;
        }
        self.forget_keys();
        lock(&self.desk).forget(&self.folder())?;
        self.book.close()?;
        let (folder, data) = (self.folder(), &self.module.data);
        let away = data.join(format!("{REMOVED}{}", self.id));
        delete(&away);
        match fs::rename(&folder, &away) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            renamed => renamed?,
        }
        fs::File::open(data)?.sync_all()?;
        delete(&away);
        Ok(())
    }
}

/// What is left is deleted after the next report.
fn delete(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            log::error!("the folder of a user who was removed is still there: {}", e.kind());
        }
        _ => {}
    }
}
