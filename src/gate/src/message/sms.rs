// SPDX-License-Identifier: Apache-2.0
//! Whether an SMS is a cloud message again: the sender's receipt was lost, or clocks differ, and its app
//! sent an SMS too (P6).
//!
//! Kept is an HMAC-SHA256 over sender and body under a random key of this user, for 72 h, also when the
//! message itself was acknowledged and is gone. Matching is advice: nothing is deleted because of it.

use std::collections::VecDeque;

use cloudmessaging_seal::key::random;
use cloudmessaging_seal::Number;
use ring::hmac;
use zeroize::Zeroizing;

use super::{MessageId, StoreError};

/// How far an SMS and its cloud message may be apart.
pub const MATCH_MS: i64 = 72 * 3600 * 1000;

/// Most messages that are remembered; beyond them the oldest is forgotten.
pub const MATCHES_MAX: usize = 4096;

/// The messages of the last 72 h that an SMS can be.
pub(super) struct SmsMatches {
    key: hmac::Key,
    by_age: VecDeque<Remembered>,
}

struct Remembered {
    tag: [u8; 32],
    id: MessageId,
    received_ms: i64,
}

impl SmsMatches {
    pub(super) fn new() -> Result<Self, StoreError> {
        let key = Zeroizing::new(random::<32>()?);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*key);
        Ok(Self { key, by_age: VecDeque::new() })
    }

    /// Remembers a cloud message that was received.
    pub(super) fn remember(
        &mut self,
        sender: &Number,
        body: &str,
        id: MessageId,
        received_ms: i64,
    ) {
        // A Number has digits.
        let Some(digits) = digits(sender.as_str()) else { return };
        let tag = self.tag(&digits, body);
        if self.by_age.len() >= MATCHES_MAX {
            self.by_age.pop_front();
        }
        self.by_age.push_back(Remembered { tag, id, received_ms });
    }

    /// The oldest cloud message that this SMS is again. It matches once.
    pub(super) fn take(&mut self, sender: &str, body: &str, received_ms: i64) -> Option<MessageId> {
        let tag = self.tag(&digits(sender)?, body);
        let near = |other: i64| other.abs_diff(received_ms) <= MATCH_MS.unsigned_abs();
        let matching = |r: &Remembered| r.tag == tag && near(r.received_ms);
        let index = self.by_age.iter().position(matching)?;
        self.by_age.remove(index).map(|remembered| remembered.id)
    }

    pub(super) fn expire(&mut self, now_ms: i64) {
        let old = |r: &Remembered| r.received_ms.saturating_add(MATCH_MS) < now_ms;
        while self.by_age.front().is_some_and(old) {
            self.by_age.pop_front();
        }
    }

    fn tag(&self, digits: &str, body: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(digits.len() as u64).to_be_bytes());
        context.update(digits.as_bytes());
        context.update(normalised(body).as_bytes());
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}

/// The digits of a number as a network or an app spells it; nothing if it holds anything that a spelling
/// does not, as the name of a company does.
fn digits(sender: &str) -> Option<Zeroizing<String>> {
    let sender = sender.trim();
    let spelt = sender.strip_prefix('+').unwrap_or(sender);
    let mut digits = Zeroizing::new(String::with_capacity(spelt.len()));
    for c in spelt.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' | '/' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

/// Every run of Unicode white space is one space, and there is none at either end.
fn normalised(body: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(body.len()));
    for word in body.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}
