// SPDX-License-Identifier: Apache-2.0
//! How messages ended, until the app has acknowledged that it knows.

use std::collections::{BTreeMap, HashMap};

use super::{next_cursor, MessageId};

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The recipient's gate holds it.
    Delivered,
    /// The app is to send it as an SMS.
    UseSms(SmsReason),
}

/// Why a message is to be sent as an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmsReason {
    /// The recipient does not use cloud messaging.
    NotRegistered,
    /// The gate, the registrar or the broker refused it.
    Refused,
    /// Turned off before it was sent.
    Off,
    /// No network until the deadline.
    NoNetwork,
    /// No receipt until the deadline.
    Expired,
    /// The recipient's key that it was sealed to is gone.
    PrekeyGone,
    /// The recipient's inbox is full.
    Full,
}

/// The one outcome of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Rises with each outcome.
    pub cursor: i64,
    /// Which message.
    pub id: MessageId,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at_ms: i64,
}

/// Outcomes that the app has not acknowledged.
#[derive(Default)]
pub(super) struct Outcomes {
    last_cursor: i64,
    by_cursor: BTreeMap<i64, Outcome>,
    /// SHA-256 of what the app asked for.
    by_id: HashMap<MessageId, [u8; 32]>,
}

impl Outcomes {
    /// Writes an outcome down; the caller has made sure that the id has none.
    pub(super) fn add(&mut self, id: MessageId, request: [u8; 32], ending: Ending, at_ms: i64) {
        let cursor = next_cursor(self.last_cursor, at_ms);
        self.last_cursor = cursor;
        self.by_cursor.insert(cursor, Outcome { cursor, id, ending, at_ms });
        self.by_id.insert(id, request);
    }

    /// The hash of what was asked for under this id, if it ended and was not acknowledged.
    pub(super) fn request(&self, id: &MessageId) -> Option<&[u8; 32]> {
        self.by_id.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.by_cursor.len()
    }

    /// Oldest first.
    pub(super) fn after(&self, cursor: i64) -> impl Iterator<Item = &Outcome> {
        // From the next one on: there is none after the greatest.
        let from = cursor.checked_add(1);
        from.into_iter().flat_map(|from| self.by_cursor.range(from..)).map(|(_, outcome)| outcome)
    }

    /// Forgets up to and including the cursor; gives how many.
    pub(super) fn acknowledge(&mut self, cursor: i64) -> usize {
        let before = self.len();
        while let Some(first) = self.by_cursor.first_entry().filter(|e| *e.key() <= cursor) {
            self.by_id.remove(&first.remove().id);
        }
        before - self.len()
    }
}
