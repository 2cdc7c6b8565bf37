// SPDX-License-Identifier: Apache-2.0
//! Which messages were answered, so that a second copy of one is answered the same and kept once.
//!
//! A sender's second attempt, or a broker's, arrives within a message's life of 24 h; what is here is kept
//! for twice that.

use std::collections::HashMap;

use cloudmessaging_seal::Number;
use ring::digest::{Context, SHA256};

use super::MessageId;

/// How long an answer is remembered.
pub const SEEN_MS: i64 = 48 * 3600 * 1000;

/// Most answers of one kind that are remembered: about 1.5 MB.
pub const SEEN_MAX: usize = 16_384;

/// A pair of sender and message id, as SHA-256: an id is 128 random bits, so nobody can try numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Pair([u8; 32]);

impl Pair {
    pub(super) fn new(sender: &Number, id: &MessageId) -> Self {
        let mut hash = Context::new(&SHA256);
        // Of a fixed length, then the rest: no two pairs give the same bytes.
        hash.update(id);
        hash.update(sender.as_str().as_bytes());
        let mut pair = [0; 32];
        pair.copy_from_slice(hash.finish().as_ref());
        Self(pair)
    }
}

/// Pairs that got one kind of answer, and when.
#[derive(Default)]
pub(super) struct SeenPairs(HashMap<Pair, i64>);

impl SeenPairs {
    pub(super) fn contains(&self, pair: &Pair) -> bool {
        self.0.contains_key(pair)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= SEEN_MAX
    }

    /// Remembers a pair; if there is no room, forgets the oldest.
    pub(super) fn add(&mut self, pair: Pair, now_ms: i64) {
        if self.is_full() {
            let oldest = self.0.iter().min_by_key(|(_, at)| **at).map(|(pair, _)| *pair);
            oldest.map(|pair| self.0.remove(&pair));
        }
        self.0.insert(pair, now_ms);
    }

    pub(super) fn expire(&mut self, now_ms: i64) {
        self.0.retain(|_, at| at.saturating_add(SEEN_MS) > now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: &str) -> Number {
        Number::parse(number).unwrap()
    }

    #[test]
    fn a_pair_is_one_sender_and_one_id() {
        let pair = |n: &str, id| Pair::new(&number(n), &[id; 16]);
        assert!(pair("+15550100", 1) == pair("+15550100", 1));
        assert!(pair("+15550100", 1) != pair("+15550100", 2));
        assert!(pair("+15550100", 1) != pair("+15550101", 1));
    }

    #[test]
    fn it_holds_no_more_than_it_may_and_forgets_the_oldest() {
        let mut seen = SeenPairs::default();
        let pair = |n: usize| Pair::new(&number(&format!("+1{n:08}")), &[0; 16]);
        for n in 0..=SEEN_MAX {
            seen.add(pair(n), n as i64);
        }
        assert_eq!(seen.0.len(), SEEN_MAX);
        assert!(!seen.contains(&pair(0)));
        assert!(seen.contains(&pair(1)) && seen.contains(&pair(SEEN_MAX)));
    }

    #[test]
    fn it_remembers_for_48_hours_whatever_was_seen_by_a_clock_ahead() {
        let (mut seen, pair) =
            (SeenPairs::default(), |id| Pair::new(&number("+15550100"), &[id; 16]));
        seen.add(pair(1), i64::MAX);
        seen.add(pair(2), 1000);
        seen.expire(1000 + SEEN_MS - 1);
        assert!(seen.contains(&pair(2)));
        seen.expire(1000 + SEEN_MS);
        assert!(!seen.contains(&pair(2)) && seen.contains(&pair(1)));
    }
}
