// SPDX-License-Identifier: Apache-2.0
//! Identity keys of others, pinned at first contact: a registrar can lie once, and a later lie shows.

use std::fmt;

use cloudmessaging_seal::Number;
use cloudmessaging_wire::proto::messages as proto;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use zeroize::Zeroize as _;

use super::rows;
use super::sealed::{Column, Named, Sealer, Tag};
use super::store::{next_row, Store};
use super::{next_cursor, Shelf, StoreError};

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

/// The peers of one user.
pub struct Peers {
    shelf: Shelf,
}

impl Peers {
    pub(super) fn on(shelf: Shelf) -> Self {
        Self { shelf }
    }

    fn store(&self) -> Result<&Store, StoreError> {
        self.shelf.as_deref().map_err(|e| *e)
    }

    /// Compares a key that the registrar certified for this number with the pinned one.
    pub fn see(
        &mut self,
        number: &Number,
        identity_key: &[u8; 32],
        serial: u64,
        now_ms: i64,
    ) -> Result<Seen, StoreError> {
        let store = self.store()?;
        let known = store.read(None, |connection, sealer| find(connection, sealer, number))?;
        let Some((row, known)) = known else {
            store.write(|transaction, sealer| {
                pin(transaction, sealer, &peer(number, identity_key, serial))
            })?;
            return Ok(Seen::First);
        };
        let same = known.0.identity_key == identity_key;
        if serial < known.0.serial || (serial == known.0.serial && !same) {
            return Ok(Seen::Older);
        }
        if serial == known.0.serial {
            return Ok(Seen::Same);
        }
        let kept = peer(number, identity_key, serial);
        store.write(|transaction, sealer| {
            let sealed = sealer.seal(Column::Peer, row, &kept.0)?;
            let update = "UPDATE peer SET sealed = ?2 WHERE row = ?1";
            transaction.execute(update, (row, sealed))?;
            if same {
                return Ok(());
            }
            // A time of its own, so that acknowledging one change cannot take another with it.
            let last =
                transaction.query_row("SELECT last_change FROM meta", (), |row| row.get(0))?;
            let at_ms = next_cursor(last, now_ms);
            transaction.execute("UPDATE meta SET last_change = ?1", [at_ms])?;
            transaction.execute("UPDATE peer SET changed_ms = ?2 WHERE row = ?1", (row, at_ms))?;
            Ok(())
        })?;
        Ok(if same { Seen::Same } else { Seen::Changed })
    }

    /// Changes that were not acknowledged, the last one of each number, oldest first. One that is damaged is left out.
    pub fn changes(&self, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.store()?.read(Vec::new(), |connection, sealer| {
            let select = "SELECT row, changed_ms, sealed FROM peer WHERE changed_ms IS NOT NULL
                ORDER BY changed_ms";
            let mut statement = connection.prepare(select)?;
            let mut rows = statement.query(())?;
            let mut changes = Vec::new();
            while changes.len() < limit {
                let Some(row) = rows.next()? else { break };
                let kept = sealer.open(Column::Peer, row.get(0)?, row.get(2)?).map(PeerRow);
                match kept.and_then(|mut kept| rows::number(std::mem::take(&mut kept.0.number))) {
                    Ok(number) => changes.push(Change { number, at_ms: row.get(1)? }),
                    Err(e) => log::error!("a changed key cannot be told: {e}"),
                }
            }
            Ok(changes)
        })
    }

    /// Forgets the changes noticed up to and including that time; the keys stay pinned.
    pub fn acknowledge_changes(&mut self, up_to_ms: i64) -> Result<(), StoreError> {
        let store = self.store()?;
        let any = store.read(false, |connection, _| {
            let select = "SELECT EXISTS (SELECT 1 FROM peer WHERE changed_ms <= ?1)";
            Ok(connection.query_row(select, [up_to_ms], |row| row.get(0))?)
        })?;
        if any {
            store.write(|transaction, _| {
                let update = "UPDATE peer SET changed_ms = NULL WHERE changed_ms <= ?1";
                Ok(transaction.execute(update, [up_to_ms])?)
            })?;
        }
        Ok(())
    }

    /// The pinned key of a number.
    pub fn identity_key(&self, number: &Number) -> Result<Option<[u8; 32]>, StoreError> {
        let store = self.store()?;
        let known = store.read(None, |connection, sealer| find(connection, sealer, number))?;
        known.map(|(_, peer)| rows::fixed(&peer.0.identity_key)).transpose()
    }
}

/// A peer as it is kept; wiped when dropped.
struct PeerRow(proto::Peer);

impl Drop for PeerRow {
    fn drop(&mut self) {
        self.0.number.zeroize();
    }
}

fn peer(number: &Number, identity_key: &[u8; 32], serial: u64) -> PeerRow {
    let number = number.as_str().to_owned();
    PeerRow(proto::Peer { number, identity_key: identity_key.to_vec(), serial })
}

fn tag(sealer: &Sealer, number: &str) -> Tag {
    sealer.tag(Named::Number, &[number.as_bytes()])
}

fn find(
    connection: &Connection,
    sealer: &Sealer,
    number: &Number,
) -> Result<Option<(i64, PeerRow)>, StoreError> {
    let select = "SELECT row, sealed FROM peer WHERE tag = ?1";
    let found = connection
        .query_row(select, [tag(sealer, number.as_str())], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((row, sealed)) = found else { return Ok(None) };
    Ok(Some((row, PeerRow(sealer.open(Column::Peer, row, sealed)?))))
}

fn pin(transaction: &Transaction<'_>, sealer: &Sealer, peer: &PeerRow) -> Result<(), StoreError> {
    let count: i64 = transaction.query_row("SELECT COUNT(*) FROM peer", (), |row| row.get(0))?;
    if usize::try_from(count).is_ok_and(|count| count >= PEERS_MAX) {
        return Err(StoreError::Full("peer"));
    }
    let row = next_row(transaction)?;
    let sealed = sealer.seal(Column::Peer, row, &peer.0)?;
    let insert = "INSERT INTO peer (row, tag, sealed) VALUES (?1, ?2, ?3)";
    transaction.execute(insert, (row, tag(sealer, &peer.0.number), sealed))?;
    Ok(())
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::fixture::{none, On};

    fn nobody() -> On<Peers> {
        none(|messages| messages.peers)
    }

    fn number(n: usize) -> Number {
        Number::parse(&format!("+1{n:08}")).unwrap()
    }

    #[test]
    fn the_first_key_is_pinned_and_another_is_a_change() {
        let (mut peers, peer) = (nobody(), number(1));
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
        let (mut peers, peer) = (nobody(), number(1));
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
        let mut peers = nobody();
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
        let mut peers = nobody();
        assert_eq!(peers.see(&number(0), &[1; 32], 1, 0), Ok(Seen::First));
        let flood = peers.store().unwrap().write(|transaction, _| {
            let insert = "INSERT INTO peer (tag, sealed) VALUES (?1, x'')";
            for n in 1..PEERS_MAX {
                transaction.execute(insert, [n.to_be_bytes()])?;
            }
            Ok(())
        });
        flood.unwrap();
        let one_more = peers.see(&number(PEERS_MAX), &[1; 32], 1, 0);
        assert_eq!(one_more, Err(StoreError::Full("peer")));
        assert_eq!(peers.see(&number(0), &[2; 32], 2, 0), Ok(Seen::Changed));
    }

    #[test]
    fn debug_shows_no_number() {
        let mut peers = nobody();
        let key = |key| [key; 32];
        peers.see(&number(1), &key(1), 1, 0).unwrap();
        peers.see(&number(1), &key(2), 2, 0).unwrap();
        assert_eq!(format!("{:?} {:?}", *peers, peers.changes(1).unwrap()), "Peers [Change(..)]");
    }
}
