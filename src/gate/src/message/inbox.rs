// SPDX-License-Identifier: Apache-2.0
//! Messages received, until the app has taken them (P6).
//!
//! What [`Inbox::store`] answers is what the sender is told, and stays the answer: a second copy of a
//! message is a duplicate, and a second copy of one that was refused as full is refused again, whatever
//! room there is by then, because its sender may have sent an SMS in the meantime.

use std::collections::BTreeMap;
use std::fmt;

use cloudmessaging_seal::Number;
use zeroize::Zeroizing;

use super::seen::{Pair, SeenPairs};
use super::sms::SmsMatches;
use super::{next_cursor, MessageId, StoreError};

/// How long a message is kept for the app.
pub const KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// Bytes that are kept for the app, with [`MESSAGE_COST`] for each message.
pub const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// What a message counts beside its body.
pub const MESSAGE_COST: usize = 256;

/// A message that was received and verified. Wiped when dropped.
pub struct Inbound {
    /// Chosen by the sender's app.
    pub id: MessageId,
    /// Subscription id of the SIM that it came to.
    pub sim: i32,
    /// From whom, certified by the registrar.
    pub sender: Number,
    /// What is written.
    pub body: Zeroizing<String>,
    /// When it was sent, by the sender's clock.
    pub sent_ms: i64,
    /// When it was received, by this phone's clock.
    pub received_ms: i64,
}

impl Inbound {
    fn cost(&self) -> usize {
        self.body.len() + MESSAGE_COST
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbound(..)")
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is held: tell its sender.
    New,
    /// It was held before: tell its sender again.
    Duplicate,
    /// It is not held and will not be: tell its sender that the inbox is full.
    Full,
}

/// The inbox of one user.
pub struct Inbox {
    held: BTreeMap<i64, Inbound>,
    held_bytes: usize,
    last_cursor: i64,
    delivered: SeenPairs,
    refused: SeenPairs,
    matches: SmsMatches,
}

impl Inbox {
    pub(super) fn new() -> Result<Self, StoreError> {
        Ok(Self {
            held: BTreeMap::new(),
            held_bytes: 0,
            last_cursor: 0,
            delivered: SeenPairs::default(),
            refused: SeenPairs::default(),
            matches: SmsMatches::new()?,
        })
    }

    /// Holds a message, once.
    pub fn store(&mut self, message: Inbound) -> Result<Stored, StoreError> {
        let now_ms = message.received_ms;
        self.forget_old(now_ms);
        let pair = Pair::new(&message.sender, &message.id);
        if self.delivered.contains(&pair) {
            return Ok(Stored::Duplicate);
        }
        if self.refused.contains(&pair) {
            return Ok(Stored::Full);
        }
        // Forgetting whom it delivered would let a second copy in, so then it takes no more.
        let bytes = self.held_bytes + message.cost();
        if bytes > KEPT_BYTES || self.delivered.is_full() {
            self.refused.add(pair, now_ms);
            return Ok(Stored::Full);
        }
        self.delivered.add(pair, now_ms);
        self.matches.remember(&message.sender, &message.body, message.id, now_ms);
        self.last_cursor = next_cursor(self.last_cursor, now_ms);
        self.held_bytes = bytes;
        self.held.insert(self.last_cursor, message);
        Ok(Stored::New)
    }

    /// Messages after the cursor (0: all) with their cursors, oldest first.
    pub fn inbound(&self, after: i64, limit: usize) -> impl Iterator<Item = (i64, &Inbound)> {
        let from = after.checked_add(1);
        let held = from.into_iter().flat_map(|from| self.held.range(from..));
        held.map(|(cursor, message)| (*cursor, message)).take(limit)
    }

    /// Forgets messages up to and including the cursor; gives how many.
    pub fn acknowledge(&mut self, cursor: i64) -> Result<usize, StoreError> {
        let before = self.held.len();
        while let Some(first) = self.held.first_entry().filter(|e| *e.key() <= cursor) {
            self.held_bytes -= first.remove().cost();
        }
        Ok(before - self.held.len())
    }

    /// The id of the cloud message that this SMS is again, if it is one of the last 72 h. It matches once.
    pub fn check_sms(
        &mut self,
        sender: &str,
        body: &str,
        received_ms: i64,
    ) -> Result<Option<MessageId>, StoreError> {
        Ok(self.matches.take(sender, body, received_ms))
    }

    /// Forgets what is older than it may be; gives how many messages.
    pub fn expire(&mut self, now_ms: i64) -> Result<usize, StoreError> {
        Ok(self.forget_old(now_ms))
    }

    fn forget_old(&mut self, now_ms: i64) -> usize {
        self.delivered.expire(now_ms);
        self.refused.expire(now_ms);
        self.matches.expire(now_ms);
        let before = self.held.len();
        let old = |m: &Inbound| m.received_ms.saturating_add(KEPT_MS) <= now_ms;
        while let Some(first) = self.held.first_entry().filter(|e| old(e.get())) {
            self.held_bytes -= first.remove().cost();
        }
        before - self.held.len()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} held)", self.held.len())
    }
}
