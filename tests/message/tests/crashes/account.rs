// SPDX-License-Identifier: Apache-2.0
//! What was seen of each message, from outside and at any time: whatever was seen once must be seen so ever after.
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    InboundMessage::InboundMessage, Outcome::Outcome,
};
use std::collections::HashMap;

/// A message id.
pub type Id = [u8; 16];

/// How a message ended for its sender's app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    cursor: i64,
    pub delivered: bool,
    pub reason: i32,
}

/// How a message came to its recipient's app.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Came {
    cursor: i64,
    /// By the recipient's clock, ms since the Unix epoch.
    at_ms: i64,
    body: String,
}

/// All that was seen of the messages of one bed.
#[derive(Default)]
pub struct Account {
    ended: HashMap<Id, Ended>,
    came: HashMap<Id, Came>,
    /// The recipient's app has acknowledged up to here: none of it is seen again.
    read: i64,
}

impl Account {
    /// Enters a page of outcomes.
    pub fn outcomes(&mut self, page: &[Outcome]) -> Result<(), String> {
        for outcome in page {
            let Outcome { cursor, delivered, reason, .. } = *outcome;
            let ended = Ended { cursor, delivered, reason: reason.0 };
            let first = *self.ended.entry(id(&outcome.id)?).or_insert(ended);
            if first != ended {
                return Err(format!("two outcomes: first {first:?}, then {ended:?}"));
            }
        }
        Ok(())
    }

    /// Enters a page of the recipient's inbox.
    pub fn inbound(&mut self, page: &[InboundMessage]) -> Result<(), String> {
        for message in page {
            if message.cursor <= self.read {
                return Err("a message that was acknowledged is in the inbox again".into());
            }
            let InboundMessage { cursor, receivedAtMillis: at_ms, .. } = *message;
            let came = Came { cursor, at_ms, body: message.body.clone() };
            let first = self.came.entry(id(&message.id)?).or_insert_with(|| came.clone());
            if *first != came {
                return Err(format!("it came twice: as {first:?} and as {came:?}"));
            }
        }
        Ok(())
    }

    /// The recipient's app has acknowledged up to this cursor.
    pub fn acknowledged(&mut self, cursor: i64) {
        self.read = cursor;
    }

    /// How it ended, as far as that was seen.
    pub fn ended(&self, id: &Id) -> Option<Ended> {
        self.ended.get(id).copied()
    }

    /// When the recipient's gate took it, ms since the Unix epoch, and its text; if that was seen.
    pub fn came(&self, id: &Id) -> Option<(i64, &str)> {
        self.came.get(id).map(|came| (came.at_ms, came.body.as_str()))
    }
}

fn id(bytes: &[u8]) -> Result<Id, String> {
    bytes.try_into().map_err(|_| "an id is not 16 bytes".to_owned())
}
