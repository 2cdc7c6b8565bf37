// SPDX-License-Identifier: Apache-2.0
//! Identity keys of others, pinned at first contact: a registrar can lie once, and a later lie shows.

use std::collections::HashMap;
use std::fmt;

use cloudmessaging_seal::Number;

use super::StoreError;

/// Most numbers whose key is pinned. None is forgotten to make room: whoever can bring many numbers could
/// then unpin any.
pub const PEERS_MAX: usize = 16_384;

/// What a peer's certified key is, beside what was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Nothing was known: it is pinned now.
    First,
    /// The pinned one.
    Same,
    /// Another one, certified later: it is pinned now, and the app will be told.
    Changed,
    /// Certified before the one that is known, or another key of the same serial: not to be believed.
    Older,
}

/// Somebody's identity key is not the one known before.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub number: Number,
    /// When it was noticed; no two changes have the same.
    pub at_ms: i64,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change(..)")
    }
}

struct Peer {
    identity_key: [u8; 32],
    serial: u64,
    /// The last change that the app has not acknowledged.
    changed_ms: Option<i64>,
}

/// The peers of one user.
#[derive(Default)]
pub struct Peers {
    by_number: HashMap<Number, Peer>,
    last_change_ms: i64,
}

impl Peers {
    /// Compares a key that the registrar certified for this number with the pinned one.
    pub fn see(
        &mut self,
        number: &Number,
        identity_key: &[u8; 32],
        serial: u64,
        now_ms: i64,
    ) -> Result<Seen, StoreError> {
        let Some(peer) = self.by_number.get_mut(number) else {
            if self.by_number.len() >= PEERS_MAX {
                return Err(StoreError::Full("peer"));
            }
            let peer = Peer { identity_key: *identity_key, serial, changed_ms: None };
            self.by_number.insert(number.clone(), peer);
            return Ok(Seen::First);
        };
        let same = peer.identity_key == *identity_key;
        if serial < peer.serial || (serial == peer.serial && !same) {
            return Ok(Seen::Older);
        }
        peer.serial = serial;
        if same {
            return Ok(Seen::Same);
        }
        // A time of its own, so that acknowledging one change cannot take another with it.
        self.last_change_ms = self.last_change_ms.saturating_add(1).max(now_ms);
        peer.identity_key = *identity_key;
        peer.changed_ms = Some(self.last_change_ms);
        Ok(Seen::Changed)
    }

    /// Changes that were not acknowledged, the last one of each number, oldest first.
    pub fn changes(&self, limit: usize) -> Result<Vec<Change>, StoreError> {
        let change = |(number, peer): (&Number, &Peer)| {
            peer.changed_ms.map(|at_ms| Change { number: number.clone(), at_ms })
        };
        let mut changes: Vec<_> = self.by_number.iter().filter_map(change).collect();
        changes.sort_unstable_by_key(|change| change.at_ms);
        changes.truncate(limit);
        Ok(changes)
    }

    /// Forgets the changes noticed up to and including that time; the keys stay pinned.
    pub fn acknowledge_changes(&mut self, up_to_ms: i64) -> Result<(), StoreError> {
        for peer in self.by_number.values_mut() {
            peer.changed_ms = peer.changed_ms.filter(|at| *at > up_to_ms);
        }
        Ok(())
    }

    /// The pinned key of a number.
    pub fn identity_key(&self, number: &Number) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self.by_number.get(number).map(|peer| peer.identity_key))
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peers({})", self.by_number.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: usize) -> Number {
        Number::parse(&format!("+1{n:08}")).unwrap()
    }

    #[test]
    fn the_first_key_is_pinned_and_another_is_a_change() {
        let (mut peers, peer) = (Peers::default(), number(1));
        assert_eq!(peers.identity_key(&peer).unwrap(), None);
        assert_eq!(peers.see(&peer, &[1; 32], 5, 100), Ok(Seen::First));
        assert_eq!(peers.see(&peer, &[1; 32], 5, 110), Ok(Seen::Same));
        assert_eq!(peers.see(&peer, &[1; 32], 6, 120), Ok(Seen::Same));
        assert!(peers.changes(100).unwrap().is_empty());
        assert_eq!(peers.see(&peer, &[2; 32], 7, 130), Ok(Seen::Changed));
        assert_eq!(peers.identity_key(&peer).unwrap(), Some([2; 32]));
        assert!(peers.changes(100).unwrap() == [Change { number: peer, at_ms: 130 }]);
    }

    #[test]
    fn what_was_certified_before_is_refused_and_changes_nothing() {
        let (mut peers, peer) = (Peers::default(), number(1));
        peers.see(&peer, &[1; 32], 5, 100).unwrap();
        peers.see(&peer, &[1; 32], 9, 100).unwrap();
        assert_eq!(peers.see(&peer, &[1; 32], 8, 110), Ok(Seen::Older));
        assert_eq!(peers.see(&peer, &[2; 32], 8, 110), Ok(Seen::Older));
        assert_eq!(peers.see(&peer, &[2; 32], 9, 110), Ok(Seen::Older), "two keys, one serial");
        assert_eq!(peers.identity_key(&peer).unwrap(), Some([1; 32]));
        assert!(peers.changes(100).unwrap().is_empty());
        assert_eq!(peers.see(&peer, &[1; 32], 9, 110), Ok(Seen::Same));
    }

    #[test]
    fn acknowledging_a_change_takes_no_later_one_with_it() {
        let mut peers = Peers::default();
        for n in 0..3 {
            peers.see(&number(n), &[1; 32], 1, 0).unwrap();
        }
        // All in one millisecond, the last after the clock was set back.
        for (n, now) in [(0, 100), (1, 100), (2, 50)] {
            assert_eq!(peers.see(&number(n), &[2; 32], 2, now), Ok(Seen::Changed));
        }
        let (first, rest) = (number(0), [number(1), number(2)]);
        let page = peers.changes(1).unwrap();
        assert!(page.len() == 1 && page[0].number == first);
        let until = page[0].at_ms;
        peers.acknowledge_changes(until).unwrap();
        assert!(peers.changes(100).unwrap().iter().map(|c| &c.number).eq(&rest), "oldest first");
        assert_eq!(peers.identity_key(&first).unwrap(), Some([2; 32]), "it stays pinned");
        peers.acknowledge_changes(i64::MAX).unwrap();
        assert!(peers.changes(100).unwrap().is_empty());
    }

    #[test]
    fn many_new_numbers_cannot_unpin_a_key() {
        let mut peers = Peers::default();
        for n in 0..PEERS_MAX {
            assert_eq!(peers.see(&number(n), &[1; 32], 1, 0), Ok(Seen::First));
        }
        let one_more = peers.see(&number(PEERS_MAX), &[1; 32], 1, 0);
        assert_eq!(one_more, Err(StoreError::Full("peer")));
        assert_eq!(peers.see(&number(0), &[2; 32], 2, 0), Ok(Seen::Changed));
    }

    #[test]
    fn debug_shows_no_number() {
        let mut peers = Peers::default();
        let key = |key| [key; 32];
        peers.see(&number(1), &key(1), 1, 0).unwrap();
        peers.see(&number(1), &key(2), 2, 0).unwrap();
        assert_eq!(format!("{peers:?} {:?}", peers.changes(1).unwrap()), "Peers(1) [Change(..)]");
    }
}
