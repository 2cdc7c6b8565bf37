// SPDX-License-Identifier: Apache-2.0
//! Messages received, until the app has taken them (P6).
//!
//! What [`Inbox::store`] answers is what the sender is told, and stays the answer: a second copy of a
//! message is a duplicate, and a second copy of one that was refused as full is refused again, whatever
//! room there is by then, because its sender may have sent an SMS in the meantime.

use std::collections::BTreeMap;
use std::fmt;

use cloudmessaging_seal::{Number, PublicKey, RoutingId};
use cloudmessaging_wire::proto::envelope::ReceiptStatus;
use zeroize::Zeroizing;

use super::seen::{Pair, SeenPairs};
use super::sms::SmsMatches;
use super::{next_cursor, MessageId, StoreError};

/// How long a message is kept for the app.
pub const KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// Bytes that are kept for the app, with [`MESSAGE_COST`] for each message.
pub const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// What a message counts beside its body.
pub const MESSAGE_COST: usize = 256;

/// A message that was received and verified. Wiped when dropped.
#[derive(Clone)]
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
    /// Names it in [`Inbox::receipt_sent`].
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

/// The inbox of one user.
pub struct Inbox {
    held: BTreeMap<i64, Inbound>,
    held_bytes: usize,
    last_cursor: i64,
    delivered: SeenPairs,
    refused: SeenPairs,
    matches: SmsMatches,
    tombstones: SeenPairs,
    owed: BTreeMap<i64, OwedReceipt>,
    last_row: i64,
    pub(super) closed: bool,
}

impl Inbox {
    pub(super) fn new() -> Result<Self, StoreError> {
        Ok(Self {
            held: BTreeMap::new(),
            held_bytes: 0,
            last_cursor: 0,
            delivered: SeenPairs::default(),
            refused: SeenPairs::default(),
            matches: SmsMatches::new()?,
            tombstones: SeenPairs::default(),
            owed: BTreeMap::new(),
            last_row: 0,
            closed: false,
        })
    }

    /// Holds a message, once, and owes its sender the receipt that says so or why not.
    pub fn store(&mut self, message: Inbound, answer: Answer) -> Result<Stored, StoreError> {
        self.check()?;
        let (id, sim) = (message.id, message.sim);
        let stored = self.hold(message)?;
        let status = match stored {
            Stored::New | Stored::Duplicate => ReceiptStatus::Delivered,
            Stored::Full => ReceiptStatus::Full,
            Stored::Retracted => ReceiptStatus::Retracted,
        };
        self.owe(sim, id, status, answer);
        Ok(stored)
    }

    /// The sender takes a message back. If it is held, or was, that stays so; else it will be refused.
    /// Either way the sender is owed the receipt that says which.
    pub fn retract(
        &mut self,
        sim: i32,
        sender: &Number,
        id: &MessageId,
        answer: Answer,
        now_ms: i64,
    ) -> Result<ReceiptStatus, StoreError> {
        self.check()?;
        self.forget_old(now_ms);
        let pair = Pair::new(sender, id);
        let status = if self.delivered.contains(&pair) {
            ReceiptStatus::Delivered
        } else if self.refused.contains(&pair) {
            ReceiptStatus::Full
        } else {
            self.tombstones.add(pair, now_ms);
            ReceiptStatus::Retracted
        };
        self.owe(sim, *id, status, answer);
        Ok(status)
    }

    fn owe(&mut self, sim: i32, id: MessageId, status: ReceiptStatus, answer: Answer) {
        self.last_row += 1;
        let row = self.last_row;
        self.owed.insert(row, OwedReceipt { row, sim, id, status, answer });
    }

    /// Receipts that are due, oldest first.
    pub fn receipts_due(&self, now_ms: i64) -> Result<Vec<OwedReceipt>, StoreError> {
        let due = |r: &&OwedReceipt| r.answer.due_ms <= now_ms && now_ms < r.answer.until_ms;
        Ok(self.owed.values().filter(due).cloned().collect())
    }

    /// When the next receipt is due.
    pub fn next_receipt(&self) -> Option<i64> {
        self.owed.values().map(|r| r.answer.due_ms).min()
    }

    /// A receipt was handed over, or is not to be sent.
    pub fn receipt_sent(&mut self, row: i64) -> Result<(), StoreError> {
        self.check()?;
        self.owed.remove(&row);
        Ok(())
    }

    /// Forgets the receipts that are owed under another consent than the one in force, if any.
    pub fn settle(&mut self, current: Option<[u8; 16]>) -> Result<(), StoreError> {
        self.owed.retain(|_, r| Some(r.answer.record_id) == current);
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.closed {
            Err(StoreError::Locked)
        } else {
            Ok(())
        }
    }

    fn hold(&mut self, message: Inbound) -> Result<Stored, StoreError> {
        let now_ms = message.received_ms;
        self.forget_old(now_ms);
        let pair = Pair::new(&message.sender, &message.id);
        if self.delivered.contains(&pair) {
            return Ok(Stored::Duplicate);
        }
        if self.refused.contains(&pair) {
            return Ok(Stored::Full);
        }
        if self.tombstones.contains(&pair) {
            return Ok(Stored::Retracted);
        }
        // Forgetting whom it delivered would let a second copy in, so then it takes no more.
        let bytes = self.held_bytes + message.cost();
        if bytes > KEPT_BYTES || self.delivered.is_full() {
            self.refused.add(pair, now_ms);
            return Ok(Stored::Full);
        }
        self.delivered.add(pair, now_ms);
        self.matches.remember(&message.sender, &message.body, message.id, now_ms);
        self.last_cursor = next_cursor(self.last_cursor, now_ms);
        self.held_bytes = bytes;
        self.held.insert(self.last_cursor, message);
        Ok(Stored::New)
    }

    /// Messages after the cursor (0: all) with their cursors, oldest first.
    pub fn inbound(&self, after: i64, limit: usize) -> Result<Vec<(i64, Inbound)>, StoreError> {
        self.check()?;
        let from = after.checked_add(1);
        let held = from.into_iter().flat_map(|from| self.held.range(from..));
        Ok(held.map(|(cursor, message)| (*cursor, message.clone())).take(limit).collect())
    }

    /// Forgets messages up to and including the cursor; gives how many.
    pub fn acknowledge(&mut self, cursor: i64) -> Result<usize, StoreError> {
        self.check()?;
        let before = self.held.len();
        while let Some(first) = self.held.first_entry().filter(|e| *e.key() <= cursor) {
            self.held_bytes -= first.remove().cost();
        }
        Ok(before - self.held.len())
    }

    /// The id of the cloud message that this SMS is again, if it is one of the last 72 h. It matches once.
    pub fn check_sms(
        &mut self,
        sender: &str,
        body: &str,
        received_ms: i64,
    ) -> Result<Option<MessageId>, StoreError> {
        self.check()?;
        Ok(self.matches.take(sender, body, received_ms))
    }

    /// Forgets what is older than it may be; gives how many messages.
    pub fn expire(&mut self, now_ms: i64) -> Result<usize, StoreError> {
        Ok(self.forget_old(now_ms))
    }

    fn forget_old(&mut self, now_ms: i64) -> usize {
        self.delivered.expire(now_ms);
        self.refused.expire(now_ms);
        self.matches.expire(now_ms);
        let before = self.held.len();
        // Not from the front: a clock that was ahead must not keep what came after.
        self.held.retain(|_, m| {
            let keep = m.received_ms.saturating_add(KEPT_MS) > now_ms;
            self.held_bytes -= if keep { 0 } else { m.cost() };
            keep
        });
        before - self.held.len()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} held)", self.held.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::seen::{SEEN_MAX, SEEN_MS};

    const NOW: i64 = 1_700_000_000_000;

    fn message(sender: &str, id: u8, body: &str, received_ms: i64) -> Inbound {
        let (sender, body) = (Number::parse(sender).unwrap(), Zeroizing::new(body.to_owned()));
        Inbound { id: [id; 16], sim: 1, sender, body, sent_ms: received_ms - 500, received_ms }
    }

    fn answer() -> Answer {
        Answer {
            reader: [1; 32],
            receipt_key: PublicKey([2; 32]),
            due_ms: NOW,
            until_ms: NOW + 1000,
            record_id: [3; 16],
        }
    }

    fn of(id: u8, received_ms: i64) -> Inbound {
        message("+15550100", id, "hello", received_ms)
    }

    /// Full but for a message with an empty body.
    fn full() -> Inbox {
        let mut inbox = Inbox::new().unwrap();
        let room = KEPT_BYTES / 256 / 1024;
        for n in 0..room {
            let size = 256 * 1024 - MESSAGE_COST * if n + 1 == room { 2 } else { 1 };
            let body = "x".repeat(size);
            let stored = inbox.store(message("+15550199", n as u8, &body, NOW), answer()).unwrap();
            assert_eq!(stored, Stored::New);
        }
        inbox
    }

    #[test]
    fn what_is_stored_is_read_in_order_until_it_is_acknowledged() {
        let mut inbox = Inbox::new().unwrap();
        // Also by a clock that is set back.
        for (id, at) in [(1, NOW), (2, NOW), (3, NOW - 5000), (4, NOW + 5)] {
            assert_eq!(inbox.store(of(id, at), answer()), Ok(Stored::New));
        }
        let read = |inbox: &Inbox, after, limit| -> Vec<(i64, u8)> {
            inbox
                .inbound(after, limit)
                .unwrap()
                .iter()
                .map(|(cursor, m)| (*cursor, m.id[0]))
                .collect()
        };
        let all = read(&inbox, 0, 100);
        assert_eq!(all.iter().map(|m| m.1).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(all.windows(2).all(|m| m[0].0 < m[1].0) && all[0].0 > 0);
        assert_eq!(read(&inbox, all[1].0, 1), all[2..3]);
        assert_eq!(read(&inbox, i64::MAX, 100), []);
        assert_eq!(inbox.acknowledge(all[1].0), Ok(2));
        assert_eq!(read(&inbox, 0, 100), all[2..]);
        assert_eq!(inbox.acknowledge(i64::MAX), Ok(2));
        assert_eq!((read(&inbox, 0, 100), inbox.held_bytes), (vec![], 0));
    }

    #[test]
    fn a_second_copy_is_a_duplicate_also_after_it_was_acknowledged() {
        let mut inbox = Inbox::new().unwrap();
        assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::New));
        assert_eq!(inbox.store(of(1, NOW + 1), answer()), Ok(Stored::Duplicate));
        assert_eq!(inbox.inbound(0, 100).unwrap().len(), 1);
        inbox.acknowledge(i64::MAX).unwrap();
        assert_eq!(inbox.store(of(1, NOW + SEEN_MS - 1), answer()), Ok(Stored::Duplicate));
        assert_eq!(inbox.inbound(0, 100).unwrap().len(), 0);
    }

    #[test]
    fn the_same_id_of_another_sender_is_another_message() {
        let mut inbox = Inbox::new().unwrap();
        assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::New));
        assert_eq!(inbox.store(message("+15550101", 1, "hello", NOW), answer()), Ok(Stored::New));
    }

    #[test]
    fn a_full_inbox_takes_nothing_and_a_second_copy_is_refused_even_with_room() {
        let mut inbox = full();
        assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::Full));
        let first = message("+15550199", 0, "", NOW);
        assert_eq!(inbox.store(first, answer()), Ok(Stored::Duplicate), "what is held is held");
        assert_eq!(
            inbox.store(message("+15550100", 2, "", NOW), answer()),
            Ok(Stored::New),
            "to the byte"
        );
        assert_eq!(inbox.store(message("+15550100", 3, "", NOW), answer()), Ok(Stored::Full));
        inbox.acknowledge(i64::MAX).unwrap();
        assert_eq!(
            inbox.store(of(1, NOW + 1000), answer()),
            Ok(Stored::Full),
            "an SMS was sent for it"
        );
        assert_eq!(inbox.store(of(4, NOW + 1000), answer()), Ok(Stored::New));
    }

    #[test]
    fn a_flood_cannot_make_it_forget_whom_it_delivered() {
        let mut inbox = Inbox::new().unwrap();
        assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::New));
        for n in 1..SEEN_MAX {
            let number = Number::parse(&format!("+1{n:08}")).unwrap();
            inbox.delivered.add(Pair::new(&number, &[0; 16]), NOW);
        }
        assert_eq!(inbox.store(of(2, NOW), answer()), Ok(Stored::Full));
        assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::Duplicate));
    }

    #[test]
    fn messages_are_kept_for_30_days_and_no_longer() {
        let mut inbox = Inbox::new().unwrap();
        inbox.store(of(9, NOW + 100 * KEPT_MS), answer()).unwrap();
        inbox.store(of(1, NOW), answer()).unwrap();
        assert_eq!(inbox.expire(NOW + KEPT_MS - 1), Ok(0));
        assert_eq!(inbox.expire(NOW + KEPT_MS), Ok(1), "whatever a clock ahead has left");
        assert_eq!(inbox.held_bytes, "hello".len() + MESSAGE_COST);
    }

    #[test]
    fn an_sms_is_recognised_once_also_after_its_message_was_acknowledged() {
        let mut inbox = Inbox::new().unwrap();
        inbox.store(of(1, NOW), answer()).unwrap();
        inbox.store(of(1, NOW), answer()).unwrap();
        inbox.acknowledge(i64::MAX).unwrap();
        let mut check = || inbox.check_sms("+1 555 0100", "hello ", NOW + 1000).unwrap();
        assert_eq!(check(), Some([1; 16]));
        assert_eq!(check(), None, "a duplicate was not remembered twice");
    }

    #[test]
    fn debug_shows_neither_sender_nor_body() {
        let mut inbox = Inbox::new().unwrap();
        let text = format!("{:?}", of(1, NOW));
        inbox.store(of(1, NOW), answer()).unwrap();
        assert_eq!(text + &format!("{inbox:?}"), "Inbound(..)Inbox(1 held)");
    }
}
