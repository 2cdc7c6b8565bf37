// SPDX-License-Identifier: Apache-2.0
//! Messages received, until the app has taken them (P6).
//!
//! What [`Inbox::store`] answers is what the sender is told, and stays the answer: a second copy of a
//! message is a duplicate, and a second copy of one that was refused as full is refused again, whatever
//! room there is by then, because its sender may have sent an SMS in the meantime. A message, what its sender is to be
//! told, and what tells an SMS that is the same are one change on the disk.

use std::fmt;
use std::sync::Arc;

use cloudmessaging_seal::Number;
use cloudmessaging_wire::proto::envelope::ReceiptStatus;
use rusqlite::{Connection, Transaction};
use zeroize::Zeroizing;

use super::age::{self, Age};
use super::receipt::{self, Answer, Answered, Asked, OwedReceipt};
use super::rows::InboundRow;
use super::sealed::{Column, Named, Sealer, Tag};
use super::seen::{self, Told, SEEN_MAX};
use super::store::Store;
use super::{next_cursor, sms, MessageId, Shelf, StoreError};

/// How long a message is kept for the app, by the boot clock.
pub const KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// Bytes that are kept for the app, with [`MESSAGE_COST`] for each message.
pub const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// What a message counts beside its body.
pub const MESSAGE_COST: usize = 256;

/// A message that was received and verified. Wiped when dropped.
pub struct Inbound {
    /// Chosen by the sender's app.
    pub id: MessageId,
    /// Subscription id of the SIM that it came to.
    pub sim: i32,
    /// From whom, certified by the registrar.
    pub sender: Number,
    /// What is written.
    pub body: Zeroizing<String>,
    /// When it was sent, by the sender's clock.
    pub sent_ms: i64,
    /// When it was received, by this phone's clock.
    pub received_ms: i64,
    /// What its sender's ledger was, salted; nothing if the sender said nothing.
    pub checkpoint_hash: Option<[u8; 32]>,
}

impl Inbound {
    fn cost(&self) -> usize {
        self.body.len() + MESSAGE_COST
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbound(..)")
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is held: tell its sender.
    New,
    /// It was held before: tell its sender again.
    Duplicate,
    /// It is not held and will not be: tell its sender that the inbox is full.
    Full,
    /// It is not held and will not be: its sender took it back before.
    Retracted,
}

impl Stored {
    fn status(self) -> ReceiptStatus {
        match self {
            Self::New | Self::Duplicate => ReceiptStatus::Delivered,
            Self::Full => ReceiptStatus::Full,
            Self::Retracted => ReceiptStatus::Retracted,
        }
    }
}

/// The inbox of one user.
pub struct Inbox {
    shelf: Shelf,
    held: Held,
    /// As it was when [`expire`](Self::expire) was last told the time.
    age: Age,
    /// As it is on the disk.
    written: Age,
    answered: Answered,
}

/// What is kept for the app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    messages: usize,
    bytes: usize,
}

impl Inbox {
    pub(super) fn closed(why: StoreError) -> Self {
        let (age, written) = (Age::default(), Age::default());
        Self { shelf: Err(why), held: Held::default(), age, written, answered: Answered::default() }
    }

    pub(super) fn open_on(store: Arc<Store>) -> Result<Self, StoreError> {
        let (held, age) = store.read(Default::default(), |connection, _| {
            Ok((count(connection)?, age::read(connection)?))
        })?;
        Ok(Self { shelf: Ok(store), held, age, written: age, answered: Answered::default() })
    }

    fn reading(&self) -> Result<&Store, StoreError> {
        self.shelf.as_deref().map_err(|e| *e)
    }

    /// Holds a message, once, and owes its sender the receipt that says so or why not.
    pub fn store(&mut self, message: Inbound, answer: Answer) -> Result<Stored, StoreError> {
        let now_ms = message.received_ms;
        let (before, age) = (self.held, self.age);
        let (stored, held, (asked, due)) = self.shelf.clone()?.write(|transaction, sealer| {
            let mut held = forget_old(transaction, before, now_ms, age)?;
            let pair = seen::pair(sealer, &message.sender, &message.id);
            let stored = hold(transaction, sealer, (&pair, age), &message, &mut held)?;
            let receipt = (message.sim, &message.id, stored.status());
            let asked = (pair, Asked::Message);
            let answer = self.answered.paced(asked, &answer, now_ms);
            let due = receipt::owe(transaction, sealer, &pair, receipt, &answer)?;
            Ok((stored, held, (asked, due)))
        })?;
        self.answered.note(asked, due, now_ms);
        (self.held, self.written) = (held, age);
        Ok(stored)
    }

    /// The sender takes a message back. If it is held, or was, that stays so; so does a refusal; else it will be
    /// refused. Either way the sender is owed the receipt that says which.
    pub fn retract(
        &mut self,
        sim: i32,
        sender: &Number,
        id: &MessageId,
        answer: Answer,
        now_ms: i64,
    ) -> Result<ReceiptStatus, StoreError> {
        let (before, age) = (self.held, self.age);
        let (status, held, (asked, due)) = self.shelf.clone()?.write(|transaction, sealer| {
            let held = forget_old(transaction, before, now_ms, age)?;
            let pair = seen::pair(sealer, sender, id);
            let status = match seen::told(transaction, &pair)? {
                Some(Told::Delivered) => ReceiptStatus::Delivered,
                Some(Told::Full) => ReceiptStatus::Full,
                Some(Told::Retracted) => ReceiptStatus::Retracted,
                None => {
                    seen::remember(transaction, &pair, Told::Retracted, now_ms)?;
                    ReceiptStatus::Retracted
                }
            };
            let asked = (pair, Asked::Retract);
            let answer = self.answered.paced(asked, &answer, now_ms);
            let due = receipt::owe(transaction, sealer, &pair, (sim, id, status), &answer)?;
            Ok((status, held, (asked, due)))
        })?;
        self.answered.note(asked, due, now_ms);
        (self.held, self.written) = (held, age);
        Ok(status)
    }

    /// Receipts that are due, oldest first.
    pub fn receipts_due(&self, now_ms: i64) -> Result<Vec<OwedReceipt>, StoreError> {
        self.reading()?
            .read(Vec::new(), |connection, sealer| receipt::due(connection, sealer, now_ms))
    }

    /// When the next receipt is due.
    pub fn next_receipt(&self) -> Option<i64> {
        let next = self.reading().ok()?.read(None, |connection, _| {
            let select = "SELECT MIN(due_ms) FROM receipt";
            Ok(connection.query_row(select, (), |row| row.get(0))?)
        });
        next.inspect_err(|e| log::error!("receipts cannot be read: {e}")).ok()?
    }

    /// A receipt was handed over, or is not to be sent.
    pub fn receipt_sent(&mut self, row: i64) -> Result<(), StoreError> {
        self.reading()?.write(|transaction, _| {
            transaction.execute("DELETE FROM receipt WHERE row = ?1", [row])?;
            Ok(())
        })
    }

    /// Forgets the receipts that are owed under another consent than the one in force, if any.
    pub fn settle(&mut self, current: Option<[u8; 16]>) -> Result<(), StoreError> {
        let store = self.reading()?;
        let consent = |sealer: &Sealer| {
            current.map_or_else(Vec::new, |id| sealer.tag(Named::Consent, &[&id]).to_vec())
        };
        let any = store.read(false, |connection, sealer| {
            let select = "SELECT EXISTS (SELECT 1 FROM receipt WHERE consent != ?1)";
            Ok(connection.query_row(select, [consent(sealer)], |row| row.get(0))?)
        })?;
        if any {
            store.write(|transaction, sealer| {
                let delete = "DELETE FROM receipt WHERE consent != ?1";
                Ok(transaction.execute(delete, [consent(sealer)])?)
            })?;
        }
        Ok(())
    }

    /// Messages after the cursor (0: all) with their cursors, oldest first. One that is damaged is left out.
    pub fn inbound(&self, after: i64, limit: usize) -> Result<Vec<(i64, Inbound)>, StoreError> {
        self.reading()?.read(Vec::new(), |connection, sealer| {
            let select = "SELECT cursor, sealed FROM inbox WHERE cursor > ?1 ORDER BY cursor";
            let mut statement = connection.prepare(select)?;
            let mut rows = statement.query([after])?;
            let mut messages = Vec::new();
            while messages.len() < limit {
                let Some(row) = rows.next()? else { break };
                let cursor = row.get(0)?;
                let kept = sealer.open(Column::Inbound, cursor, row.get(1)?);
                match kept.and_then(|kept| Inbound::from_row(InboundRow(kept))) {
                    Ok(message) => messages.push((cursor, message)),
                    Err(e) => log::error!("a message cannot be read: {e}"),
                }
            }
            Ok(messages)
        })
    }

    /// Forgets messages up to and including the cursor; gives how many.
    pub fn acknowledge(&mut self, cursor: i64) -> Result<usize, StoreError> {
        let store = self.reading()?;
        let any = store.read(false, |connection, _| {
            let select = "SELECT EXISTS (SELECT 1 FROM inbox WHERE cursor <= ?1)";
            Ok(connection.query_row(select, [cursor], |row| row.get(0))?)
        })?;
        if !any {
            return Ok(0);
        }
        let before = self.held;
        let after =
            store.write(|transaction, _| take(transaction, before, "cursor <= ?1", cursor))?;
        self.held = after;
        Ok(before.messages - after.messages)
    }

    /// The id of the cloud message that this SMS is again, if it is one of the last 72 h. It matches once.
    pub fn check_sms(
        &mut self,
        sender: &str,
        body: &str,
        received_ms: i64,
    ) -> Result<Option<MessageId>, StoreError> {
        let store = self.reading()?;
        let found = store.read(None, |connection, sealer| {
            sms::find(connection, sealer, (sender, body), received_ms)
        })?;
        let Some(found) = found else { return Ok(None) };
        store.write(|transaction, _| sms::forget(transaction, found.row))?;
        Ok(Some(found.id))
    }

    /// Forgets what is older than it may be; gives how many messages. What comes in later counts as come at the time
    /// that this was told last.
    pub fn expire(&mut self, now_ms: i64, boot_ms: i64) -> Result<usize, StoreError> {
        let (before, age) = (self.held, self.age.at(boot_ms));
        self.age = age;
        let store = self.reading()?;
        let write = before.messages > 0 && age.is_news(self.written);
        if !write && !store.read(false, |connection, _| any_old(connection, now_ms, age))? {
            return Ok(0);
        }
        let after = store.write(|transaction, _| forget_old(transaction, before, now_ms, age))?;
        (self.held, self.written) = (after, age);
        Ok(before.messages - after.messages)
    }
}

fn count(connection: &Connection) -> Result<Held, StoreError> {
    let select = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM inbox";
    let counted: (i64, i64) =
        connection.query_row(select, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let whole = |number| usize::try_from(number).map_err(|_| StoreError::Damaged);
    Ok(Held { messages: whole(counted.0)?, bytes: whole(counted.1)? })
}

fn hold(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    (pair, age): (&Tag, Age),
    message: &Inbound,
    held: &mut Held,
) -> Result<Stored, StoreError> {
    let now_ms = message.received_ms;
    match seen::told(transaction, pair)? {
        Some(Told::Delivered) => return Ok(Stored::Duplicate),
        Some(Told::Full) => return Ok(Stored::Full),
        Some(Told::Retracted) => return Ok(Stored::Retracted),
        None => {}
    }
    // Forgetting whom it delivered would let a second copy in, so then it takes no more.
    let bytes = held.bytes + message.cost();
    if bytes > KEPT_BYTES || seen::count(transaction, Told::Delivered)? >= SEEN_MAX {
        seen::remember(transaction, pair, Told::Full, now_ms)?;
        return Ok(Stored::Full);
    }
    seen::remember(transaction, pair, Told::Delivered, now_ms)?;
    let matched = (&message.sender, message.body.as_str(), &message.id);
    sms::remember(transaction, sealer, matched, now_ms)?;
    let last = transaction.query_row("SELECT last_inbound FROM meta", (), |row| row.get(0))?;
    let cursor = next_cursor(last, now_ms);
    transaction.execute("UPDATE meta SET last_inbound = ?1", [cursor])?;
    let sealed = sealer.seal(Column::Inbound, cursor, &message.to_row().0)?;
    let insert = "INSERT INTO inbox (cursor, counted_ms, bytes, sealed) VALUES (?1, ?2, ?3, ?4)";
    // It is at most 60 kB.
    transaction.execute(insert, (cursor, age.counted_ms, message.cost() as i64, sealed))?;
    *held = Held { messages: held.messages + 1, bytes };
    Ok(Stored::New)
}

/// Removes messages; gives what is still held.
fn take(
    transaction: &Transaction<'_>,
    held: Held,
    which: &str,
    limit: i64,
) -> Result<Held, StoreError> {
    let select = format!("SELECT COALESCE(SUM(bytes), 0) FROM inbox WHERE {which}");
    let bytes: i64 = transaction.query_row(&select, [limit], |row| row.get(0))?;
    let messages = transaction.execute(&format!("DELETE FROM inbox WHERE {which}"), [limit])?;
    Ok(Held {
        messages: held.messages.saturating_sub(messages),
        bytes: held.bytes.saturating_sub(usize::try_from(bytes).unwrap_or(0)),
    })
}

fn any_old(connection: &Connection, now_ms: i64, age: Age) -> Result<bool, StoreError> {
    let select = "SELECT EXISTS (SELECT 1 FROM inbox WHERE counted_ms <= ?1)
        OR EXISTS (SELECT 1 FROM receipt WHERE until_ms <= ?2)";
    let kept_from = age.counted_ms.saturating_sub(KEPT_MS);
    let any = connection.query_row(select, (kept_from, now_ms), |row| row.get::<_, bool>(0))?;
    Ok(any || seen::any_old(connection, now_ms)? || sms::any_old(connection, now_ms)?)
}

/// Forgets what is older than it may be, whatever a clock that was ahead has left, and writes down how old all is;
/// gives what is still held.
fn forget_old(
    transaction: &Transaction<'_>,
    held: Held,
    now_ms: i64,
    age: Age,
) -> Result<Held, StoreError> {
    age::write(transaction, age)?;
    if !any_old(transaction, now_ms, age)? {
        return Ok(held);
    }
    seen::forget_old(transaction, now_ms)?;
    sms::forget_old(transaction, now_ms)?;
    transaction.execute("DELETE FROM receipt WHERE until_ms <= ?1", [now_ms])?;
    take(transaction, held, "counted_ms <= ?1", age.counted_ms.saturating_sub(KEPT_MS))
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} held)", self.held.messages)
    }
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
