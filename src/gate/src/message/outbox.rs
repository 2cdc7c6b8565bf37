// SPDX-License-Identifier: Apache-2.0
//! Messages under way: each is accepted once and ends once (P6).

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use cloudmessaging_seal::KeyId;
use zeroize::Zeroizing;

use super::entry::Progress;
use super::outcome::Outcomes;
use super::{Ending, Entry, MessageId, NewMessage, Outcome, Reader, SmsReason, State, StoreError};

/// Most messages that are under way at one time.
pub const OPEN_MAX: usize = 1000;

/// Most bytes of bodies that are under way at one time, as they are all in memory.
pub const OPEN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most outcomes that wait for the app's acknowledgement: none is ever dropped, so none more begins.
pub const OUTCOMES_MAX: usize = 10_000;

/// How far ahead the app's deadline has to be at least.
pub const DEADLINE_MIN_MS: i64 = 20_000;

/// A message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It was not known.
    New,
    /// It was accepted before, with the same content; nothing changes.
    Again,
}

/// A message was not taken; nothing is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// The id is known, with other content.
    #[error("the id is in use for another message")]
    IdReused,
    /// Too much is under way, or too many outcomes are not acknowledged.
    #[error("too many messages are under way or not acknowledged")]
    TooMany,
    /// The deadline is less than 20 s ahead.
    #[error("the SMS deadline is too near")]
    Deadline,
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A message that ended by time or by withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Which one.
    pub id: MessageId,
    /// Names it in the ledger.
    pub message_hash: [u8; 32],
    /// Why an SMS is to be used.
    pub reason: SmsReason,
}

/// The outbox of one user.
#[derive(Default)]
pub struct Outbox {
    /// By order of acceptance.
    open: BTreeMap<u64, Box<Entry>>,
    open_by_id: HashMap<MessageId, u64>,
    open_bytes: usize,
    accepted: u64,
    bodies: HashMap<MessageId, Zeroizing<String>>,
    pub(super) closed: bool,
    outcomes: Outcomes,
}

impl Outbox {
    /// Takes a message: from here on it ends in exactly one outcome.
    pub fn accept(&mut self, message: NewMessage, now_ms: i64) -> Result<Accepted, AcceptError> {
        self.check()?;
        let request = message.request();
        let known = self.get(&message.id).map(|entry| &entry.request);
        if let Some(known) = known.or_else(|| self.outcomes.request(&message.id)) {
            return if *known == request {
                Ok(Accepted::Again)
            } else {
                Err(AcceptError::IdReused)
            };
        }
        let bytes = self.open_bytes + message.body.len();
        let outcomes = self.open.len() + self.outcomes.len();
        if self.open.len() >= OPEN_MAX || bytes > OPEN_BYTES_MAX || outcomes >= OUTCOMES_MAX {
            return Err(AcceptError::TooMany);
        }
        if message.sms_deadline_ms.saturating_sub(now_ms) < DEADLINE_MIN_MS {
            return Err(AcceptError::Deadline);
        }
        let entry = Entry::new(&message, request, now_ms)?;
        self.bodies.insert(message.id, message.body);
        self.accepted += 1;
        self.open_bytes = bytes;
        self.open_by_id.insert(*entry.id(), self.accepted);
        self.open.insert(self.accepted, entry);
        Ok(Accepted::New)
    }

    /// The messages that have no outcome, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Entry> {
        self.open.values().map(|entry| &**entry)
    }

    /// A message that has no outcome.
    pub fn get(&self, id: &MessageId) -> Option<&Entry> {
        self.open_by_id.get(id).and_then(|n| self.open.get(n)).map(|entry| &**entry)
    }

    /// The message whose receipt is sealed to the key of this id.
    pub fn by_receipt_key(&self, id: &KeyId) -> Option<&Entry> {
        self.open().find(|entry| entry.receipt_key_id() == id)
    }

    /// Takes note that a message, sealed to `reader`, is about to be handed over:
    /// from here on somebody may have it. Called before the uplink has it: a withdrawal or a crash that comes
    /// between must find it perhaps out, or the app would send an SMS beside it. False: it must not be handed
    /// over, as it ended, was withdrawn or is out.
    pub fn handed_over(&mut self, id: &MessageId, reader: Reader) -> Result<bool, StoreError> {
        self.change(id, |entry| entry.handed_over(reader))
    }

    /// The uplink did not take it after all: it is as it was before [`handed_over`](Self::handed_over). Only
    /// for a hand-over that was refused whole. False: it was not handed over, or has moved on; what was
    /// withdrawn in between stays perhaps out.
    pub fn kept_back(&mut self, id: &MessageId) -> Result<bool, StoreError> {
        self.change(id, |entry| entry.kept_back())
    }

    /// The connection ended before the broker acknowledged it: it is to be sent again, and still counts as
    /// perhaps out. False: it was not handed over, or has moved on.
    pub fn returned(&mut self, id: &MessageId) -> Result<bool, StoreError> {
        self.change(id, |entry| entry.settled(State::Returned))
    }

    /// The broker has it. False: it was not handed over, or has moved on.
    pub fn acknowledged(&mut self, id: &MessageId) -> Result<bool, StoreError> {
        self.change(id, |entry| entry.settled(State::Acknowledged))
    }

    /// Notes why a message could not be sent so far: the reason at its deadline, if it never can.
    pub fn note(&mut self, id: &MessageId, reason: SmsReason) -> Result<bool, StoreError> {
        self.change(id, |entry| Some(entry.noted(reason)))
    }

    /// Ends a message. True: this is its outcome. False: it is not known, or ended before. Body and keys
    /// are wiped.
    pub fn close(
        &mut self,
        id: &MessageId,
        ending: Ending,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        self.check()?;
        self.bodies.remove(id);
        let entry = self.open_by_id.remove(id).and_then(|n| self.open.remove(&n));
        let Some(entry) = entry else { return Ok(false) };
        self.open_bytes -= entry.body_bytes;
        self.outcomes.add(*id, entry.request, ending, now_ms);
        Ok(true)
    }

    /// Outcomes after the cursor (0: all), oldest first.
    pub fn outcomes(&self, after: i64, limit: usize) -> Result<Vec<Outcome>, StoreError> {
        self.check()?;
        Ok(self.outcomes.after(after).take(limit).copied().collect())
    }

    /// Forgets outcomes up to and including the cursor, and their ids; gives how many.
    pub fn acknowledge(&mut self, cursor: i64) -> Result<usize, StoreError> {
        self.check()?;
        Ok(self.outcomes.acknowledge(cursor))
    }

    /// The consent is withdrawn: what was never handed over ends here, the rest at its deadline; none is
    /// sent again. Gives what ended.
    pub fn withdraw(&mut self, now_ms: i64) -> Result<Vec<Closed>, StoreError> {
        self.settle(None, now_ms)
    }

    /// The same for all that was accepted under another consent than the one in force, if any: what a crash left
    /// of a withdrawal. To be called after the messages were opened, and again until it succeeds; it does nothing
    /// where there is nothing to do. From the call on nothing of those is sent, even if it fails.
    pub fn settle(
        &mut self,
        current: Option<[u8; 16]>,
        now_ms: i64,
    ) -> Result<Vec<Closed>, StoreError> {
        let other = |e: &Entry| Some(*e.record_id()) != current;
        for entry in self.open.values_mut().filter(|e| other(e)) {
            entry.stop();
            if entry.is_perhaps_out() {
                let withdrawn = entry.withdrawn();
                entry.move_to(withdrawn);
            }
        }
        self.close_all(now_ms, |e| (other(e) && !e.is_perhaps_out()).then_some(SmsReason::Off))
    }

    /// What is written in a message that has no outcome.
    pub fn body(&self, id: &MessageId) -> Result<Zeroizing<String>, StoreError> {
        self.bodies.get(id).cloned().ok_or(StoreError::Gone)
    }

    /// Messages that may be out, whose time is over and that have no outcome: to be retracted once in this life.
    pub fn retract_due(&self, now_ms: i64) -> Vec<MessageId> {
        self.open().filter(|e| e.is_to_be_retracted(now_ms)).map(|e| *e.id()).collect()
    }

    /// A retract was handed over. In memory only: after a start it is sent again.
    pub fn retract_sent(&mut self, id: &MessageId) {
        self.set_retracted(id, true);
    }

    /// The broker did not get the retract: it is due again.
    pub fn retract_returned(&mut self, id: &MessageId) {
        self.set_retracted(id, false);
    }

    fn set_retracted(&mut self, id: &MessageId, retracted: bool) {
        let entry = self.open_by_id.get(id).and_then(|n| self.open.get_mut(n));
        if let Some(entry) = entry {
            entry.set_retracted(retracted);
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.closed {
            Err(StoreError::Locked)
        } else {
            Ok(())
        }
    }

    /// Ends what has reached its deadline; gives what ended.
    pub fn expire(&mut self, now_ms: i64) -> Result<Vec<Closed>, StoreError> {
        self.close_all(now_ms, |e| (e.sms_deadline_ms() <= now_ms).then(|| e.reason()))
    }

    /// When the next message reaches its deadline.
    pub fn next_deadline(&self) -> Option<i64> {
        self.open().map(Entry::sms_deadline_ms).min()
    }

    fn change(
        &mut self,
        id: &MessageId,
        change: impl FnOnce(&Entry) -> Option<Progress>,
    ) -> Result<bool, StoreError> {
        self.check()?;
        let entry = self.open_by_id.get(id).and_then(|n| self.open.get_mut(n));
        let Some(entry) = entry else { return Ok(false) };
        let Some(progress) = change(entry) else { return Ok(false) };
        entry.move_to(progress);
        Ok(true)
    }

    /// Closes those for which there is a reason, oldest first.
    fn close_all(
        &mut self,
        now_ms: i64,
        reason: impl Fn(&Entry) -> Option<SmsReason>,
    ) -> Result<Vec<Closed>, StoreError> {
        let closed = |e: &Entry| {
            let (id, message_hash) = (*e.id(), *e.message_hash());
            reason(e).map(|reason| Closed { id, message_hash, reason })
        };
        let closed: Vec<Closed> = self.open().filter_map(closed).collect();
        for Closed { id, reason, .. } in &closed {
            self.close(id, Ending::UseSms(*reason), now_ms)?;
        }
        Ok(closed)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({} open, {} ended)", self.open.len(), self.outcomes.len())
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
