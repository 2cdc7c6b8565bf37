// SPDX-License-Identifier: Apache-2.0
//! Whether the process stays. While nobody is on it ends when nobody asks, and init does not start it by itself: off
//! costs nothing. While any user's consent stands it stays, and init starts it again after a crash.
//!
//! It is kept *before* a consent is on the disk and let go *after* it is off the disk: a crash at any instant leaves
//! either a process that is started again, or off. That it is started says nothing about consent (P7): it finds its
//! records, or none, and with none it lets go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::consent::ConsentStore;
use crate::sync::{lock, Mutex};
use crate::work::Workers;

/// Keeps this process.
pub trait Keeper: Send + Sync {
    /// When it returns, the process does not end for want of callers, and is started again after a crash.
    fn keep(&self);

    /// Takes that back. The process may end in here.
    fn let_go(&self);
}

/// A process that runs until it is killed and that somebody else starts again, or nobody.
pub struct Unkept;

impl Keeper for Unkept {
    fn keep(&self) {}
    fn let_go(&self) {}
}

/// Names one decision to stay for a user, so that letting go for an earlier one does not undo it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(u64);

/// For whom the process stays.
pub struct Stay {
    keeper: Box<dyn Keeper>,
    reasons: Mutex<Reasons>,
    /// Whether it is kept; `None` before anything was said. Held while the keeper is asked, so that its calls come one
    /// after the other and the last one is right.
    kept: Mutex<Option<bool>>,
}

#[derive(Default)]
struct Reasons {
    of: BTreeMap<i32, Reason>,
    last: u64,
}

impl Stay {
    /// Of a process that has just started: it stays for each user of whom a record is in the folder, until it is read
    /// and found to be worth nothing.
    pub fn begin(keeper: Box<dyn Keeper>, data: &Path) -> Arc<Self> {
        let stay = Self { keeper, reasons: Mutex::default(), kept: Mutex::new(None) };
        for user in recorded(data) {
            lock(&stay.reasons).add(user);
        }
        stay.settle();
        Arc::new(stay)
    }

    /// Stays for this user from when it returns.
    pub fn stay_for(&self, user: i32) {
        lock(&self.reasons).add(user);
        self.settle();
    }

    /// Why it stays for this user, if it does.
    pub fn reason(&self, user: i32) -> Option<Reason> {
        lock(&self.reasons).of.get(&user).copied()
    }

    /// Does not stay for this user any more, unless there has been another reason since. Whoever keeps the process is
    /// asked beside: nobody waits for that to turn off.
    pub fn leave(self: &Arc<Self>, user: i32, reason: Reason, workers: &dyn Workers) {
        {
            let mut reasons = lock(&self.reasons);
            if reasons.of.get(&user) != Some(&reason) {
                return;
            }
            reasons.of.remove(&user);
        }
        let stay = self.clone();
        if let Err(e) = workers.beside(Box::new(move || stay.settle())) {
            log::error!("the process stays although nobody is on: {e}");
        }
    }

    /// The users for whom it stays.
    pub fn users(&self) -> Vec<i32> {
        lock(&self.reasons).of.keys().copied().collect()
    }

    fn settle(&self) {
        let mut kept = lock(&self.kept);
        let keep = !lock(&self.reasons).of.is_empty();
        if *kept == Some(keep) {
            return;
        }
        *kept = Some(keep);
        match keep {
            true => self.keeper.keep(),
            // Also at a start: a crash may have come between keeping and the consent.
            false => self.keeper.let_go(),
        }
    }
}

impl Reasons {
    fn add(&mut self, user: i32) {
        self.last += 1;
        self.of.insert(user, Reason(self.last));
    }
}

/// The users of whom there is a record, whatever it may be worth.
fn recorded(data: &Path) -> Vec<i32> {
    let folders = match std::fs::read_dir(data) {
        Ok(folders) => folders,
        Err(e) => {
            log::error!("the users' folders cannot be listed: {}", e.kind());
            return Vec::new();
        }
    };
    let user = |folder: std::fs::DirEntry| folder.file_name().to_str()?.parse().ok();
    let users = folders.flatten().filter_map(user);
    users.filter(|user: &i32| ConsentStore::is_recorded(&data.join(user.to_string()))).collect()
}
