// SPDX-License-Identifier: Apache-2.0
//! Receipts that are owed: written down with what they speak of, so that a crash between the broker's PUBACK and the
//! receipt loses none, and gone when they are handed over.

use std::fmt;

use cloudmessaging_seal::{PublicKey, RoutingId};
use cloudmessaging_wire::proto::envelope::ReceiptStatus;
use cloudmessaging_wire::proto::messages as proto;
use rusqlite::{Connection, Transaction};

use super::rows::fixed;
use super::sealed::{Column, Named, Sealer, Tag};
use super::store::next_row;
use super::{MessageId, StoreError};

/// Most receipts that are owed at one time. Beyond them nothing is stored, so the broker keeps it.
pub const OWED_MAX: usize = 4096;

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

/// Owes a receipt, in the place of one for the same pair.
pub(super) fn owe(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    pair: &Tag,
    (sim, id, status): (i32, &MessageId, ReceiptStatus),
    answer: &Answer,
) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM receipt WHERE tag = ?1", [pair])?;
    let count: i64 = transaction.query_row("SELECT COUNT(*) FROM receipt", (), |row| row.get(0))?;
    if usize::try_from(count).is_ok_and(|count| count >= OWED_MAX) {
        return Err(StoreError::Full("receipt"));
    }
    let row = next_row(transaction)?;
    let receipt = proto::Receipt {
        id: id.to_vec(),
        subscription_id: sim,
        status: status.into(),
        reader_routing_id: answer.reader.to_vec(),
        receipt_public_key: answer.receipt_key.0.to_vec(),
        record_id: answer.record_id.to_vec(),
    };
    let sealed = sealer.seal(Column::Receipt, row, &receipt)?;
    let insert = "INSERT INTO receipt (row, tag, consent, due_ms, until_ms, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let consent = sealer.tag(Named::Consent, &[&answer.record_id]);
    transaction.execute(insert, (row, pair, consent, answer.due_ms, answer.until_ms, sealed))?;
    Ok(())
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
