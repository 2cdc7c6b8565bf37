// SPDX-License-Identifier: Apache-2.0
//! What the gate holds of messages for one Android user: those under way, how they ended, those received,
//! and whose keys they came with (P6).
//!
//! Every change returns a `Result`: `Ok` means on the disk, and an error that nothing has changed; the functions
//! that say that they change memory alone are the exception. No function reads a clock: times are arguments, in
//! milliseconds since the Unix epoch or of the boot clock, and a clock that was set back makes nothing end twice. All that is kept is
//! wrapped with the user's storage key: without it nothing can be read or changed.
//!
//! It trusts its caller with what is true: that a handed-over message is reported *before* the uplink has
//! it, and that `Delivered` means a verified receipt. It keeps its half of P6 whatever the order of calls and
//! whenever it is killed: the first terminal state wins, and an id has one outcome until the app acknowledged it.
//!
//! As a message goes: [`Outbox`], [`outcome`], then on the other phone [`Inbox`], and [`Peers`] on both; below them
//! `store`, one database, and `sealed`, what its rows hold.

mod age;
pub mod entry;
pub mod inbox;
pub mod outbox;
mod outbox_rows;
pub mod outcome;
pub mod peer;
mod receipt;
mod rows;
mod sealed;
mod seen;
pub mod sms;
mod store;

#[cfg(test)]
pub(crate) mod faults;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod store_tests;
mod upgrade;

pub use entry::{Entry, NewMessage, Reader, State};
pub use inbox::{Inbound, Inbox, Stored};
pub use outbox::{AcceptError, Accepted, Closed, Outbox};
pub use outcome::{Ending, Outcome, SmsReason};
pub use peer::{Change, Peers, Seen};
pub use receipt::{Answer, OwedReceipt};
#[cfg(test)]
use store::FILE;

use std::io;
use std::path::Path;
use std::sync::Arc;

use cloudmessaging_wire::limits::MESSAGE_ID;
use rusqlite::ErrorCode;

use self::sealed::Sealer;
use self::store::Store;
use crate::identity::StorageKey;

/// A message id, chosen by the sender's app.
pub type MessageId = [u8; MESSAGE_ID];

/// A change was not made, or something cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The system gave no random key.
    #[error("no random key could be made")]
    Key,
    /// The user is locked: there is no storage key.
    #[error("the user is locked")]
    Locked,
    /// A newer version wrote them; they are left untouched.
    #[error("a newer version wrote them")]
    FutureVersion,
    /// It is not known, or ended.
    #[error("there is no such message")]
    Gone,
    /// It is there and does not open.
    #[error("it is damaged, or was kept for somebody else")]
    Damaged,
    /// As many as may be kept are.
    #[error("there is no room for one more {0}")]
    Full(&'static str),
    /// The database or the disk below it failed.
    #[error("the database: {0:?}")]
    Disk(ErrorCode),
    /// A file could not be made, renamed or removed.
    #[error("a file: {0}")]
    File(io::ErrorKind),
}

impl From<cloudmessaging_seal::SealError> for StoreError {
    fn from(_: cloudmessaging_seal::SealError) -> Self {
        Self::Key
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::File(error.kind())
    }
}

impl From<rusqlite::Error> for StoreError {
    // Its text is left behind: it can quote what is in a row.
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(error, _) => Self::Disk(error.code),
            _ => Self::Damaged,
        }
    }
}

/// The database, or why there is none to use.
type Shelf = Result<Arc<Store>, StoreError>;

/// All of one user's.
#[derive(Debug)]
pub struct Messages {
    /// Messages under way, and how those before them ended.
    pub outbox: Outbox,
    /// Messages received.
    pub inbox: Inbox,
    /// Identity keys of others.
    pub peers: Peers,
}

impl Messages {
    /// Nothing can be read or changed.
    pub fn closed() -> Self {
        Self::without(StoreError::Locked)
    }

    fn without(why: StoreError) -> Self {
        let (outbox, inbox) = (Outbox::closed(why), Inbox::closed(why));
        Self { outbox, inbox, peers: Peers::on(Err(why)) }
    }

    /// Opens what is kept for the user in `folder`; where nothing is, makes nothing until something changes. Does
    /// nothing if it is open. After an error every call gives that error.
    pub fn open(
        &mut self,
        folder: &Path,
        user: i32,
        serial: i64,
        storage: &StorageKey,
        now_ms: i64,
        boot_ms: i64,
    ) -> Result<(), StoreError> {
        if self.is_open() {
            return Ok(());
        }
        let opened = Sealer::new(storage, user, serial)
            .ok_or(StoreError::Key)
            .and_then(|sealer| Store::open(folder, sealer))
            .and_then(|store| Self::read(Arc::new(store)));
        match opened {
            Ok(messages) => *self = messages,
            Err(e) => {
                *self = Self::without(e);
                return Err(e);
            }
        }
        store::forget_aside(folder, now_ms.saturating_sub(inbox::KEPT_MS))?;
        self.inbox.expire(now_ms, boot_ms)?;
        Ok(())
    }

    fn read(store: Arc<Store>) -> Result<Self, StoreError> {
        let outbox = Outbox::open_on(store.clone())?;
        Ok(Self { outbox, inbox: Inbox::open_on(store.clone())?, peers: Peers::on(Ok(store)) })
    }

    /// Whether what is kept can be read.
    pub fn is_open(&self) -> bool {
        self.outbox.is_open()
    }

    /// Whether they are closed because a newer version wrote them.
    pub fn is_newer(&self) -> bool {
        self.outbox.is_newer()
    }

    /// The user is locked again.
    pub fn close(&mut self) {
        *self = Self::closed();
    }

    /// Another person is behind this user's id: what was kept for the one before is removed, and it is closed.
    pub fn forget(&mut self, folder: &Path) -> Result<(), StoreError> {
        self.close();
        store::forget(folder)
    }
}

/// Whether a newer version wrote the messages in this folder.
pub fn is_newer(folder: &Path) -> bool {
    store::is_newer(folder)
}

/// The cursor after `last`. It starts from the time, so that it also rises beyond cursors that an app kept
/// from a database before.
fn next_cursor(last: i64, now_ms: i64) -> i64 {
    last.saturating_add(1).max(now_ms)
}
