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
        self.by_age.retain(|r| r.received_ms.saturating_add(MATCH_MS) >= now_ms);
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn with(messages: &[(&str, &str, u8)]) -> SmsMatches {
        let mut matches = SmsMatches::new().unwrap();
        for (sender, body, id) in messages {
            matches.remember(&Number::parse(sender).unwrap(), body, [*id; 16], NOW);
        }
        matches
    }

    fn is_again(sender: &str, body: &str) -> bool {
        with(&[("+15550100", "See you at 5", 1)]).take(sender, body, NOW).is_some()
    }

    #[test]
    fn an_sms_with_other_white_space_is_the_same() {
        for body in ["See you at 5", " See  you\r\nat\t5\n", "See\u{a0}you\u{2003}at\u{3000}5"] {
            assert!(is_again("+15550100", body), "{body:?}");
        }
        for body in ["See you at 6", "see you at 5", "Seeyou at 5", "", "See you at 5 5"] {
            assert!(!is_again("+15550100", body), "{body:?}");
        }
    }

    #[test]
    fn a_sender_is_its_digits_and_a_name_is_none() {
        for sender in ["+15550100", "15550100", " +1 555-0100", "+1 (555) 01.00"] {
            assert!(is_again(sender, "See you at 5"), "{sender}");
        }
        for sender in [
            "5550100",
            "+15550101",
            "",
            "+",
            "BANK",
            "+15550100a",
            "++15550100",
            "+1555010\u{660}0",
        ] {
            assert!(!is_again(sender, "See you at 5"), "{sender}");
        }
    }

    #[test]
    fn each_message_matches_once_and_equal_ones_each_once() {
        let mut matches = with(&[("+15550100", "ok", 1), ("+15550100", "ok", 2)]);
        let mut take = || matches.take("+15550100", "ok", NOW);
        assert_eq!(take(), Some([1; 16]));
        assert_eq!(take(), Some([2; 16]));
        assert_eq!(take(), None);
    }

    #[test]
    fn an_sms_of_another_week_is_another_message() {
        for (apart, again) in [(0, true), (MATCH_MS, true), (MATCH_MS + 1, false)] {
            for at in [NOW - apart, NOW + apart] {
                let mut matches = with(&[("+15550100", "ok", 1)]);
                assert_eq!(matches.take("+15550100", "ok", at).is_some(), again, "{apart}");
            }
        }
        let mut matches = with(&[("+15550100", "ok", 1)]);
        for extreme in [i64::MIN, i64::MAX] {
            assert_eq!(matches.take("+15550100", "ok", extreme), None);
        }
        matches.expire(NOW + MATCH_MS + 1);
        assert!(matches.by_age.is_empty());
    }

    #[test]
    fn it_remembers_no_more_than_it_may() {
        let mut matches = with(&[("+15550100", "first", 1)]);
        let sender = Number::parse("+15550101").unwrap();
        (0..MATCHES_MAX).for_each(|n| matches.remember(&sender, &n.to_string(), [2; 16], NOW));
        assert_eq!(matches.by_age.len(), MATCHES_MAX);
        assert_eq!(matches.take("+15550100", "first", NOW), None);
    }

    #[test]
    fn two_users_make_different_hashes() {
        let one = with(&[("+15550100", "ok", 1)]).by_age[0].tag;
        assert_ne!(one, with(&[("+15550100", "ok", 1)]).by_age[0].tag);
    }
}
