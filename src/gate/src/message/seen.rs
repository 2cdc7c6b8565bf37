// SPDX-License-Identifier: Apache-2.0
//! Which messages were answered, so that a second copy of one is answered the same and kept once, and which were
//! taken back before they came.
//!
//! A sender's second attempt, or a broker's, arrives within a message's life of 24 h; what is here is kept
//! for twice that.

use cloudmessaging_seal::Number;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::sealed::{Named, Sealer, Tag};
use super::{MessageId, StoreError};

/// How long an answer is remembered.
pub const SEEN_MS: i64 = 48 * 3600 * 1000;

/// Most answers of one kind that are remembered: about 1.5 MB on the disk.
pub const SEEN_MAX: usize = 16_384;

/// What its sender was told. Numbers are on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Delivered = 1,
    Full = 2,
    Retracted = 3,
}

impl Told {
    const ALL: [Self; 3] = [Self::Delivered, Self::Full, Self::Retracted];
}

/// Stands for a sender and an id.
pub(super) fn pair(sealer: &Sealer, sender: &Number, id: &MessageId) -> Tag {
    // Of a fixed length, then the rest: no two pairs give the same bytes.
    sealer.tag(Named::Pair, &[id, sender.as_str().as_bytes()])
}

/// What the sender of this was told before.
pub(super) fn told(connection: &Connection, pair: &Tag) -> Result<Option<Told>, StoreError> {
    let select = "SELECT answer FROM seen WHERE tag = ?1";
    let answer: Option<i64> = connection.query_row(select, [pair], |row| row.get(0)).optional()?;
    let told = |answer| Told::ALL.into_iter().find(|told| *told as i64 == answer);
    answer.map(|answer| told(answer).ok_or(StoreError::Damaged)).transpose()
}

pub(super) fn count(connection: &Connection, told: Told) -> Result<usize, StoreError> {
    let select = "SELECT COUNT(*) FROM seen WHERE answer = ?1";
    let count: i64 = connection.query_row(select, [told as i64], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Remembers what a sender was told; if there is no room, forgets the oldest of that kind.
pub(super) fn remember(
    transaction: &Transaction<'_>,
    pair: &Tag,
    told: Told,
    now_ms: i64,
) -> Result<(), StoreError> {
    if count(transaction, told)? >= SEEN_MAX {
        let oldest = "DELETE FROM seen WHERE tag =
            (SELECT tag FROM seen WHERE answer = ?1 ORDER BY at_ms LIMIT 1)";
        transaction.execute(oldest, [told as i64])?;
    }
    let insert = "INSERT INTO seen (tag, answer, at_ms) VALUES (?1, ?2, ?3)";
    transaction.execute(insert, (pair, told as i64, now_ms))?;
    Ok(())
}

/// Whether something is older than it may be.
pub(super) fn any_old(connection: &Connection, now_ms: i64) -> Result<bool, StoreError> {
    let select = "SELECT EXISTS (SELECT 1 FROM seen WHERE answer = ?1 AND at_ms <= ?2)";
    for told in Told::ALL {
        let until = now_ms.saturating_sub(SEEN_MS);
        if connection.query_row(select, (told as i64, until), |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn forget_old(transaction: &Transaction<'_>, now_ms: i64) -> Result<(), StoreError> {
    let until = now_ms.saturating_sub(SEEN_MS);
    for told in Told::ALL {
        let delete = "DELETE FROM seen WHERE answer = ?1 AND at_ms <= ?2";
        transaction.execute(delete, (told as i64, until))?;
    }
    Ok(())
}
