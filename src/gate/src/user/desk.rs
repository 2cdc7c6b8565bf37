// SPDX-License-Identifier: Apache-2.0
//! When the messages of a user can be read, and what becomes of those whose consent is over (P6).
//!
//! They open with the storage key and close when the user is locked. Whatever was accepted under a consent that
//! is not in force is settled each time they open, and again until that is on the disk: a crash between a
//! withdrawal and its last step, or a user who was locked then, changes nothing about how a message ends.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::User;
use cloudmessaging_wire::step;

use crate::identity::StorageKey;
use crate::message::{Closed, StoreError};
use crate::sync::lock;

impl User {
    /// Opens the messages; called under the lock of the vault, so that none stay open behind a lock.
    pub(super) fn open_desk(&self, storage: &StorageKey) {
        let Some(serial) = lock(&self.view).serial else { return };
        let now = self.module.clock.wall_ms();
        let opened = lock(&self.desk).open(&self.folder(), self.id, serial, storage, now);
        if let Err(e) = opened {
            log::error!("messages of user {} do not open: {e}", self.id);
        }
        step!("gate.messages.opened");
    }

    /// Withdraws what was accepted under a consent that is not in force. Does nothing where there is nothing to
    /// do, and while it is not known which consent is in force, if any. False: the disk failed, and it is to be
    /// called again.
    pub fn settle_desk(&self) -> bool {
        let now = self.module.clock.wall_ms();
        let (receipts, ended) = {
            let mut desk = lock(&self.desk);
            // Before the terms and after them: whoever closes the gate without a withdrawal takes this back before,
            // and says it again when the gate is open.
            let read = || self.standing_read.load(Ordering::SeqCst);
            let known_before = read();
            // Under this lock `send` asks too: what was taken under a consent is not settled by an older one.
            let current = self.gate.terms().ok().map(|terms| terms.record_id);
            if !desk.is_open() || !known_before || !read() {
                return true;
            }
            (desk.inbox.settle(current), desk.outbox.settle(current, now))
        };
        if let Err(e) = &receipts {
            log::error!("receipts of an earlier consent are still there: {e}");
        }
        let settled = receipts.is_ok() && ended.is_ok();
        self.tell_ended(ended);
        settled
    }

    /// Writes down how messages ended, and tells that there are outcomes.
    pub fn tell_ended(&self, ended: Result<Vec<Closed>, StoreError>) {
        match ended {
            Ok(ended) if ended.is_empty() => {}
            Ok(ended) => {
                step!("gate.expiry.written");
                ended.iter().for_each(|closed| self.book.message_ended(closed));
                step!("gate.expiry.in_the_ledger");
                self.module.hints.outcomes(self.id);
            }
            Err(StoreError::Locked) => {}
            Err(e) => log::error!("messages cannot be ended: {e}"),
        }
    }

    /// Whether a message is under way.
    pub(super) fn is_awaited(&self) -> bool {
        lock(&self.desk).outbox.next_deadline().is_some()
    }

    /// Where the user's files are.
    pub(super) fn folder(&self) -> PathBuf {
        self.module.data.join(self.id.to_string())
    }
}
