// SPDX-License-Identifier: Apache-2.0
//! Receipts that are owed: written down with what they speak of, so that a crash between the broker's PUBACK and the
//! receipt loses none, and gone when they are handed over.

use std::collections::HashMap;
use std::fmt;

use cloudmessaging_seal::{PublicKey, RoutingId};
use cloudmessaging_wire::proto::envelope::ReceiptStatus;
use cloudmessaging_wire::proto::messages as proto;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::rows::fixed;
use super::sealed::{Column, Named, Sealer, Tag};
use super::store::next_row;
use super::{MessageId, StoreError};

/// Most receipts that are owed at one time. Beyond them nothing is stored, so the broker keeps it.
pub const OWED_MAX: usize = 4096;

/// A copy of what was answered is not answered again before this has passed.
pub const AGAIN_MS: i64 = 10_000;

/// Where the receipt for something that arrived goes, and when.
#[derive(Clone)]
pub struct Answer {
    /// Whose inbox it goes to.
    pub reader: RoutingId,
    /// What it is sealed to.
    pub receipt_key: PublicKey,
    /// Not before this.
    pub due_ms: i64,
    /// Nobody waits for it from then on.
    pub until_ms: i64,
    /// The consent that it is owed under: never sent under another, whose keys could not sign it.
    pub record_id: [u8; 16],
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(..)")
    }
}

/// A receipt that was not sent yet.
#[derive(Clone)]
pub struct OwedReceipt {
    /// Names it in [`Inbox::receipt_sent`](super::Inbox::receipt_sent).
    pub row: i64,
    /// Subscription id of the SIM that answers.
    pub sim: i32,
    /// Which message.
    pub id: MessageId,
    /// What became of it.
    pub status: ReceiptStatus,
    /// Where to, and when.
    pub answer: Answer,
}

impl fmt::Debug for OwedReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwedReceipt({:?})", self.status)
    }
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Message,
    Retract,
}

/// What was answered a moment ago, and when. In memory: after a start a copy is answered once more.
#[derive(Default)]
pub(super) struct Answered(HashMap<(Tag, Asked), i64>);

impl Answered {
    /// The answer, put off where it answers a copy of what was answered a moment ago: whoever repeats what a sender
    /// sealed does not choose how often it is answered.
    pub fn paced(&self, (pair, asked): (Tag, Asked), answer: &Answer, now_ms: i64) -> Answer {
        let mut answer = answer.clone();
        if let Some(last) = self.0.get(&(pair, asked)) {
            // No longer from now either, by a clock that was set back.
            let again = last.saturating_add(AGAIN_MS).min(now_ms.saturating_add(AGAIN_MS));
            answer.due_ms = answer.due_ms.max(again);
        }
        answer
    }

    /// It is answered at this time.
    pub fn note(&mut self, (pair, asked): (Tag, Asked), due_ms: i64, now_ms: i64) {
        if self.0.len() >= OWED_MAX {
            self.0.retain(|_, last| last.saturating_add(AGAIN_MS) > now_ms);
        }
        if self.0.len() < OWED_MAX {
            self.0.insert((pair, asked), due_ms);
        }
    }
}

/// Owes a receipt; one for each pair. Gives when it is due: no later than what was owed for the pair before.
pub(super) fn owe(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    pair: &Tag,
    (sim, id, status): (i32, &MessageId, ReceiptStatus),
    answer: &Answer,
) -> Result<i64, StoreError> {
    let receipt = proto::Receipt {
        id: id.to_vec(),
        subscription_id: sim,
        status: status.into(),
        reader_routing_id: answer.reader.to_vec(),
        receipt_public_key: answer.receipt_key.0.to_vec(),
        record_id: answer.record_id.to_vec(),
    };
    let mut due_ms = answer.due_ms;
    let select = "SELECT row, due_ms, sealed FROM receipt WHERE tag = ?1";
    let owed: Option<(i64, i64, Vec<u8>)> = transaction
        .query_row(select, [pair], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if let Some((row, owed_ms, sealed)) = owed {
        due_ms = due_ms.min(owed_ms);
        if sealer
            .open(Column::Receipt, row, sealed)
            .is_ok_and(|owed: proto::Receipt| owed == receipt)
        {
            // Also where an uplink has it by now: it is the answer to this one, too.
            let update =
                "UPDATE receipt SET due_ms = ?2, until_ms = MAX(until_ms, ?3) WHERE row = ?1";
            transaction.execute(update, (row, due_ms, answer.until_ms))?;
            return Ok(due_ms);
        }
        transaction.execute("DELETE FROM receipt WHERE row = ?1", [row])?;
    }
    let count: i64 = transaction.query_row("SELECT COUNT(*) FROM receipt", (), |row| row.get(0))?;
    if usize::try_from(count).is_ok_and(|count| count >= OWED_MAX) {
        return Err(StoreError::Full("receipt"));
    }
    let row = next_row(transaction)?;
    let sealed = sealer.seal(Column::Receipt, row, &receipt)?;
    let insert = "INSERT INTO receipt (row, tag, consent, due_ms, until_ms, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let consent = sealer.tag(Named::Consent, &[&answer.record_id]);
    transaction.execute(insert, (row, pair, consent, due_ms, answer.until_ms, sealed))?;
    Ok(due_ms)
}

/// Receipts that are due, oldest first. One that is damaged is left out.
pub(super) fn due(
    connection: &Connection,
    sealer: &Sealer,
    now_ms: i64,
) -> Result<Vec<OwedReceipt>, StoreError> {
    let select = "SELECT row, due_ms, until_ms, sealed FROM receipt
        WHERE due_ms <= ?1 AND until_ms > ?1 ORDER BY due_ms, row";
    let mut statement = connection.prepare(select)?;
    let mut rows = statement.query([now_ms])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, times) = (row.get(0)?, (row.get(1)?, row.get(2)?));
        let kept = sealer.open(Column::Receipt, number, row.get(3)?);
        match kept.and_then(|kept| read(number, times, &kept)) {
            Ok(receipt) => due.push(receipt),
            Err(e) => log::error!("a receipt cannot be sent: {e}"),
        }
    }
    Ok(due)
}

fn read(
    row: i64,
    (due_ms, until_ms): (i64, i64),
    kept: &proto::Receipt,
) -> Result<OwedReceipt, StoreError> {
    Ok(OwedReceipt {
        row,
        sim: kept.subscription_id,
        id: fixed(&kept.id)?,
        status: ReceiptStatus::try_from(kept.status).map_err(|_| StoreError::Damaged)?,
        answer: Answer {
            reader: fixed(&kept.reader_routing_id)?,
            receipt_key: PublicKey(fixed(&kept.receipt_public_key)?),
            due_ms,
            until_ms,
            record_id: fixed(&kept.record_id)?,
        },
    })
}
