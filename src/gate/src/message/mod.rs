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

pub use entry::{Entry, NewMessage, State};
pub use inbox::{Inbound, Inbox, Stored};
pub use outbox::{AcceptError, Accepted, Closed, Outbox};
pub use outcome::{Ending, Outcome, SmsReason};
pub use peer::{Change, Peers, Seen};

use cloudmessaging_wire::limits::MESSAGE_ID;

/// A message id, chosen by the sender's app.
pub type MessageId = [u8; MESSAGE_ID];

/// A change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The system gave no random key.
    #[error("no random key could be made")]
    Key,
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
    /// Nothing sent, nothing received, nobody known.
    pub fn new() -> Result<Self, StoreError> {
        Ok(Self { outbox: Outbox::default(), inbox: Inbox::new()?, peers: Peers::default() })
    }
}

/// The cursor after `last`. It starts from the time, so that it also rises beyond cursors that an app kept
/// from before the gate was started again.
fn next_cursor(last: i64, now_ms: i64) -> i64 {
    last.saturating_add(1).max(now_ms)
}
