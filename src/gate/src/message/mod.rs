// SPDX-License-Identifier: Apache-2.0
//! What the gate holds of messages for one Android user: those under way, how they ended, those received,
//! and whose keys they came with (P6).
//!
//! Every change returns a `Result`: `Ok` means held as surely as this module holds anything, and nothing
//! outside it knows where that is. It is in memory here, and ends with the process. No function reads a
//! clock: times are arguments, in milliseconds since the Unix epoch, and a clock that was set back makes
//! nothing end twice.
//!
//! It trusts its caller with what is true: that a handed-over message is reported *before* the uplink has
//! it, and that `Delivered` means a verified receipt. It keeps its half of P6 whatever the order of calls:
//! the first terminal state wins, and an id has one outcome until the app acknowledged it.
//!
//! As a message goes: [`Outbox`], [`outcome`], then on the other phone [`Inbox`], and [`Peers`] on both.

pub mod entry;
pub mod inbox;
pub mod outbox;
pub mod outcome;
pub mod peer;
pub mod seen;
pub mod sms;

#[cfg(test)]
mod model_tests;

pub use entry::{Entry, NewMessage, Reader, State};
pub use inbox::{Answer, Inbound, Inbox, OwedReceipt, Stored};
pub use outbox::{AcceptError, Accepted, Closed, Outbox};
pub use outcome::{Ending, Outcome, SmsReason};
pub use peer::{Change, Peers, Seen};

use std::path::Path;

use cloudmessaging_wire::limits::MESSAGE_ID;

use crate::identity::StorageKey;

/// A message id, chosen by the sender's app.
pub type MessageId = [u8; MESSAGE_ID];

/// A change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The system gave no random key.
    #[error("no random key could be made")]
    Key,
    /// The user is locked: there is no storage key.
    #[error("the user is locked")]
    Locked,
    /// It ended, or cannot be read.
    #[error("there is no such message, or it cannot be read")]
    Gone,
    /// As many as may be kept are.
    #[error("there is no room for one more {0}")]
    Full(&'static str),
}

impl From<cloudmessaging_seal::SealError> for StoreError {
    fn from(_: cloudmessaging_seal::SealError) -> Self {
        Self::Key
    }
}

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
    /// Nothing can be read or written.
    pub fn closed() -> Self {
        let mut messages = Self {
            outbox: Outbox::default(),
            // Infallible once the store is there.
            inbox: Inbox::new().unwrap_or_else(|_| unreachable!()),
            peers: Peers::default(),
        };
        messages.close();
        messages
    }

    /// Opens what is kept for the user in `folder`.
    pub fn open(
        &mut self,
        _folder: &Path,
        _user: i32,
        _serial: i64,
        _storage: &StorageKey,
        _now_ms: i64,
    ) -> Result<(), StoreError> {
        (self.outbox.closed, self.inbox.closed) = (false, false);
        Ok(())
    }

    /// Whether there is a key.
    pub fn is_open(&self) -> bool {
        !self.outbox.closed
    }

    /// The user is locked again.
    pub fn close(&mut self) {
        (self.outbox.closed, self.inbox.closed) = (true, true);
    }

    /// Another person is behind this user's id.
    pub fn forget(&mut self, _folder: &Path) -> Result<(), StoreError> {
        *self = Self::closed();
        Ok(())
    }
}

/// The cursor after `last`. It starts from the time, so that it also rises beyond cursors that an app kept
/// from before the gate was started again.
fn next_cursor(last: i64, now_ms: i64) -> i64 {
    last.saturating_add(1).max(now_ms)
}
