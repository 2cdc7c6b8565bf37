// SPDX-License-Identifier: Apache-2.0
//! When the messages of a user can be read, and what becomes of those whose consent is over (P6).
//!
//! They open with the storage key and close when the user is locked. Whatever was accepted under a consent that
//! is not in force is settled each time they open, and again until that is on the disk: a crash between a
//! withdrawal and its last step, or a user who was locked then, changes nothing about how a message ends.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{mpsc, Arc};
use std::time::Duration;

use cloudmessaging_wire::step;

use super::User;
use crate::message::{Closed, StoreError};
use crate::sync::lock;

/// How long a withdrawal waits for what it leaves to be settled, where the messages' disk hangs.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

impl User {
    /// Opens the messages if there is a storage key, and closes them if there is none. Called after each change of
    /// it, and without the lock of the vault: a disk that hangs here holds up nobody who needs keys. Whichever of
    /// two such calls is the later finds the key as it is by then.
    pub(super) fn match_desk(&self) {
        let mut desk = lock(&self.desk);
        let storage = lock(&self.vault).storage.clone();
        let serial = lock(&self.view).serial;
        let Some((storage, serial)) = storage.zip(serial) else { return desk.close() };
        let (now, boot) = (self.module.clock.wall_ms(), self.module.clock.boot_ms());
        let was_open = desk.is_open();
        if let Err(e) = desk.open(&self.folder(), self.id, serial, &storage, now, boot) {
            log::error!("messages of user {} do not open: {e}", self.id);
        }
        if !was_open && desk.is_open() {
            // What came before this can be read from here on.
            self.module.hints.inbound(self.id);
        }
        step!("gate.messages.opened");
    }

    /// Settles what a withdrawal leaves, and gives its deadlines to the courier; waits for that for a time. Until it
    /// is done nothing of it is sent all the same: the gate is closed.
    pub(super) fn settle_withdrawn(self: &Arc<Self>) {
        let (done, settled) = mpsc::channel();
        let user = self.clone();
        let settle = move || {
            // Where that fails, or the user is locked, the courier, the next start or unlock does it.
            user.settle_desk();
            user.wake();
            let _ = done.send(());
        };
        if let Err(e) = self.module.workers.beside(Box::new(settle)) {
            log::error!("messages end at the next start: {e}");
        } else if settled.recv_timeout(SETTLED_WITHIN) == Err(mpsc::RecvTimeoutError::Timeout) {
            log::error!("off; messages end when their disk answers");
        }
    }

    /// Withdraws what was accepted under a consent that is not in force. Does nothing where there is nothing to
    /// do, while it is not known which consent is in force, if any, and while what is written can be undone. False: the disk failed, and it is to be
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
            let committed = self.module.checkpoint.is_committed();
            if !desk.is_open() || !known_before || !read() || !committed {
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
