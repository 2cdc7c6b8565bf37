// SPDX-License-Identifier: Apache-2.0
//! The outbox's tables: what one transaction of [`super::Outbox`] reads and writes.

use cloudmessaging_wire::proto::messages as proto;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use zeroize::{Zeroize as _, Zeroizing};

use super::entry::Progress;
use super::rows::{self, EntryRow};
use super::sealed::{Column, Named, Sealer};
use super::store::next_row;
use super::{next_cursor, Ending, Entry, MessageId, NewMessage, Outcome, StoreError};

/// A body as it is kept; wiped when dropped.
struct BodyRow(proto::Body);

impl Drop for BodyRow {
    fn drop(&mut self) {
        self.0.text.zeroize();
    }
}

/// Writes a message that was accepted; gives its row.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    entry: &Entry,
    message: &NewMessage,
) -> Result<i64, StoreError> {
    let row = next_row(transaction)?;
    let sealed = sealer.seal(Column::Entry, row, &entry.to_row().0)?;
    let progress = sealer.seal(Column::Progress, row, &entry.progress.to_row())?;
    // It is at most 60 kB.
    let bytes = entry.body_bytes as i64;
    let insert = "INSERT INTO outbox (row, sealed, progress, bytes) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(insert, (row, sealed, progress, bytes))?;
    let body = BodyRow(proto::Body { text: message.body.as_str().to_owned() });
    let body = sealer.seal(Column::Body, row, &body.0)?;
    transaction.execute("INSERT INTO body (row, sealed) VALUES (?1, ?2)", (row, body))?;
    Ok(row)
}

/// What is written in a message that has no outcome.
pub(super) fn read_body(
    connection: &Connection,
    sealer: &Sealer,
    row: i64,
) -> Result<Option<Zeroizing<String>>, StoreError> {
    let select = "SELECT sealed FROM body WHERE row = ?1";
    let sealed = connection.query_row(select, [row], |row| row.get(0)).optional()?;
    let Some(sealed) = sealed else { return Ok(None) };
    let mut body = BodyRow(sealer.open(Column::Body, row, sealed)?);
    Ok(Some(Zeroizing::new(std::mem::take(&mut body.0.text))))
}

/// Outcomes after the cursor, oldest first. One that is damaged is left out.
pub(super) fn read_outcomes(
    connection: &Connection,
    sealer: &Sealer,
    after: i64,
    limit: usize,
) -> Result<Vec<Outcome>, StoreError> {
    let select = "SELECT cursor, sealed FROM outcome WHERE cursor > ?1 ORDER BY cursor";
    let mut statement = connection.prepare(select)?;
    let mut rows = statement.query([after])?;
    let mut outcomes = Vec::new();
    while outcomes.len() < limit {
        let Some(row) = rows.next()? else { break };
        let (cursor, sealed) = (row.get(0)?, row.get(1)?);
        let outcome = sealer.open(Column::Outcome, cursor, sealed);
        match outcome.and_then(|kept| rows::read_outcome(cursor, &kept)) {
            Ok(outcome) => outcomes.push(outcome),
            Err(e) => log::error!("an outcome cannot be told: {e}"),
        }
    }
    Ok(outcomes)
}

/// The messages that have no outcome. One that is damaged is left where it is.
pub(super) fn read_open(
    connection: &Connection,
    sealer: &Sealer,
) -> Result<Vec<(i64, Box<Entry>)>, StoreError> {
    let mut statement =
        connection.prepare("SELECT row, sealed, progress, bytes FROM outbox ORDER BY row")?;
    let mut rows = statement.query(())?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, sealed, progress) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let entry = sealer.open(Column::Entry, number, sealed).map(EntryRow);
        let entry = entry.and_then(|mut entry| {
            let progress = sealer.open(Column::Progress, number, progress)?;
            Entry::from_row(&mut entry, &progress, row.get(3)?)
        });
        match entry {
            Ok(entry) => open.push((number, entry)),
            Err(e) => log::error!("a message under way cannot be read: {e}"),
        }
    }
    Ok(open)
}

/// The hash of what was asked for under an id that ended and was not acknowledged.
pub(super) fn outcome_of(
    connection: &Connection,
    sealer: &Sealer,
    id: &MessageId,
) -> Result<Option<[u8; 32]>, StoreError> {
    let select = "SELECT cursor, sealed FROM outcome WHERE tag = ?1";
    let tag = sealer.tag(Named::Message, &[id]);
    let found =
        connection.query_row(select, [tag], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((cursor, sealed)) = found else { return Ok(None) };
    let outcome: proto::Outcome = sealer.open(Column::Outcome, cursor, sealed)?;
    rows::fixed(&outcome.request).map(Some)
}

pub(super) fn write_progress(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    row: i64,
    progress: Progress,
) -> Result<(), StoreError> {
    let sealed = sealer.seal(Column::Progress, row, &progress.to_row())?;
    let update = "UPDATE outbox SET progress = ?2 WHERE row = ?1";
    match transaction.execute(update, (row, sealed))? {
        1 => Ok(()),
        _ => Err(StoreError::Gone),
    }
}

/// Writes an outcome in the place of its message.
pub(super) fn end(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    (row, entry): (i64, &Entry),
    ending: Ending,
    at_ms: i64,
) -> Result<(), StoreError> {
    add_outcome(transaction, sealer, (&entry.id, &entry.request), ending, at_ms)?;
    transaction.execute("DELETE FROM body WHERE row = ?1", [row])?;
    match transaction.execute("DELETE FROM outbox WHERE row = ?1", [row])? {
        1 => Ok(()),
        _ => Err(StoreError::Gone),
    }
}

/// Writes an outcome.
pub(super) fn add_outcome(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    (id, request): (&MessageId, &[u8; 32]),
    ending: Ending,
    at_ms: i64,
) -> Result<(), StoreError> {
    let last = transaction.query_row("SELECT last_outcome FROM meta", (), |row| row.get(0))?;
    let cursor = next_cursor(last, at_ms);
    transaction.execute("UPDATE meta SET last_outcome = ?1", [cursor])?;
    let outcome = rows::outcome_row(id, request, ending, at_ms);
    let sealed = sealer.seal(Column::Outcome, cursor, &outcome)?;
    let tag = sealer.tag(Named::Message, &[id]);
    let insert = "INSERT INTO outcome (cursor, tag, sealed) VALUES (?1, ?2, ?3)";
    transaction.execute(insert, (cursor, tag, sealed))?;
    Ok(())
}
