// SPDX-License-Identifier: Apache-2.0
//! Which messages were answered, so that a second copy of one is answered the same and kept once.
//!
//! A sender's second attempt, or a broker's, arrives within a message's life of 24 h; what is here is kept
//! for twice that.

use std::collections::{HashSet, VecDeque};

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

/// Pairs that got one kind of answer.
#[derive(Default)]
pub(super) struct SeenPairs {
    pairs: HashSet<Pair>,
    by_age: VecDeque<(i64, Pair)>,
}

impl SeenPairs {
    pub(super) fn contains(&self, pair: &Pair) -> bool {
        self.pairs.contains(pair)
    }

    pub(super) fn is_full(&self) -> bool {
        self.pairs.len() >= SEEN_MAX
    }

    /// Remembers a pair; if there is no room, forgets the oldest.
    pub(super) fn add(&mut self, pair: Pair, now_ms: i64) {
        if self.is_full() {
            self.forget_oldest();
        }
        if self.pairs.insert(pair) {
            self.by_age.push_back((now_ms, pair));
        }
    }

    pub(super) fn expire(&mut self, now_ms: i64) {
        while self.by_age.front().is_some_and(|(at, _)| at.saturating_add(SEEN_MS) <= now_ms) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, pair)) = self.by_age.pop_front() {
            self.pairs.remove(&pair);
        }
    }
}
