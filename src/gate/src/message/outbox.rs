// SPDX-License-Identifier: Apache-2.0
//! Messages under way: each is accepted once and ends once (P6).
//!
//! What of them decides is in memory, as it is on the disk: changed there first. Bodies are on the disk alone.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use cloudmessaging_seal::KeyId;
use zeroize::Zeroizing;

use super::entry::Progress;
use super::outbox_rows::{
    end, insert, outcome_of, read_body, read_open, read_outcomes, write_progress,
};
use super::store::Store;
use super::{
    Ending, Entry, MessageId, NewMessage, Outcome, Reader, Shelf, SmsReason, State, StoreError,
};

/// Most messages that are under way at one time.
pub const OPEN_MAX: usize = 1000;

/// Most bytes of bodies that are under way at one time.
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
pub struct Outbox {
    shelf: Shelf,
    /// By order of acceptance: the row on the disk.
    open: BTreeMap<i64, Box<Entry>>,
    open_by_id: HashMap<MessageId, i64>,
    open_bytes: usize,
    /// How many outcomes there are.
    ended: usize,
}

impl Outbox {
    pub(super) fn closed(why: StoreError) -> Self {
        Self {
            shelf: Err(why),
            open: BTreeMap::new(),
            open_by_id: HashMap::new(),
            open_bytes: 0,
            ended: 0,
        }
    }

    pub(super) fn open_on(store: Arc<Store>) -> Result<Self, StoreError> {
        let mut outbox = Self::closed(StoreError::Locked);
        let (rows, ended) = store.read((Vec::new(), 0), |connection, sealer| {
            let ended: i64 =
                connection.query_row("SELECT COUNT(*) FROM outcome", (), |row| row.get(0))?;
            Ok((read_open(connection, sealer)?, ended))
        })?;
        for (row, entry) in rows {
            outbox.hold(row, entry);
        }
        outbox.ended = usize::try_from(ended).unwrap_or(usize::MAX);
        outbox.shelf = Ok(store);
        Ok(outbox)
    }

    /// The database, for a test that makes it fail.
    #[cfg(test)]
    pub(super) fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }

    pub(super) fn is_open(&self) -> bool {
        self.shelf.is_ok()
    }

    /// Whether it is closed because a newer version wrote it.
    pub(super) fn is_newer(&self) -> bool {
        matches!(self.shelf, Err(StoreError::FutureVersion))
    }

    /// Takes a message: from here on it ends in exactly one outcome.
    pub fn accept(&mut self, message: NewMessage, now_ms: i64) -> Result<Accepted, AcceptError> {
        let store = self.shelf.clone()?;
        let request = message.request();
        if let Some(known) = self.request_of(&store, &message.id)? {
            return if known == request { Ok(Accepted::Again) } else { Err(AcceptError::IdReused) };
        }
        let bytes = self.open_bytes.saturating_add(message.body.len());
        let outcomes = self.open.len() + self.ended;
        if self.open.len() >= OPEN_MAX || bytes > OPEN_BYTES_MAX || outcomes >= OUTCOMES_MAX {
            return Err(AcceptError::TooMany);
        }
        if message.sms_deadline_ms.saturating_sub(now_ms) < DEADLINE_MIN_MS {
            return Err(AcceptError::Deadline);
        }
        let entry = Entry::new(&message, request, now_ms)?;
        let row =
            store.write(|transaction, sealer| insert(transaction, sealer, &entry, &message))?;
        self.hold(row, entry);
        Ok(Accepted::New)
    }

    /// Whether it was accepted before, with the same content, and its outcome is not acknowledged.
    pub fn has(&self, message: &NewMessage) -> Result<bool, StoreError> {
        let store = self.shelf.clone()?;
        Ok(self.request_of(&store, &message.id)? == Some(message.request()))
    }

    fn request_of(&self, store: &Store, id: &MessageId) -> Result<Option<[u8; 32]>, StoreError> {
        match self.get(id) {
            Some(entry) => Ok(Some(entry.request)),
            None => store.read(None, |connection, sealer| outcome_of(connection, sealer, id)),
        }
    }

    /// The messages that have no outcome, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Entry> {
        self.open.values().map(|entry| &**entry)
    }

    /// A message that has no outcome.
    pub fn get(&self, id: &MessageId) -> Option<&Entry> {
        self.open_by_id.get(id).and_then(|row| self.open.get(row)).map(|entry| &**entry)
    }

    /// What is written in a message that has no outcome.
    pub fn body(&self, id: &MessageId) -> Result<Zeroizing<String>, StoreError> {
        let row = *self.open_by_id.get(id).ok_or(StoreError::Gone)?;
        let store = self.shelf.as_ref().map_err(|e| *e)?;
        let body = store.read(None, |connection, sealer| read_body(connection, sealer, row))?;
        body.ok_or(StoreError::Gone)
    }

    /// The message whose receipt is sealed to the key of this id.
    pub fn by_receipt_key(&self, id: &KeyId) -> Option<&Entry> {
        self.open().find(|entry| entry.receipt_key_id() == id)
    }

    /// Takes note that a message, sealed to `reader`, is about to be handed over: from here on somebody may have
    /// it. Called before the uplink has it: a withdrawal or a crash that comes between must find it perhaps out, or
    /// the app would send an SMS beside it. False: it must not be handed over, as it ended, was withdrawn or is
    /// out.
    pub fn handed_over(&mut self, id: &MessageId, reader: Reader) -> Result<bool, StoreError> {
        self.change(id, |entry| entry.handed_over(reader))
    }

    /// The uplink did not take it after all: it is as it was before [`handed_over`](Self::handed_over). Only
    /// for a hand-over that was refused whole. False: it was not handed over, or has moved on; what was
    /// withdrawn in between stays perhaps out.
    pub fn kept_back(&mut self, id: &MessageId) -> Result<bool, StoreError> {
        self.change(id, Entry::kept_back)
    }

    /// The connection ended before the broker acknowledged it: it is to be sent again, and still counts as
    /// perhaps out. In memory only: what was handed over is to be sent again after a start anyway. False: it was not
    /// handed over, or has moved on.
    pub fn returned(&mut self, id: &MessageId) -> Result<bool, StoreError> {
        self.shelf.as_ref().map_err(|e| *e)?;
        let Some(entry) = self.entry(id) else { return Ok(false) };
        let Some(progress) = entry.settled(State::Returned) else { return Ok(false) };
        entry.move_to(progress);
        Ok(true)
    }

    /// The broker has it. False: it was not handed over, or has moved on.
    pub fn acknowledged(&mut self, id: &MessageId) -> Result<bool, StoreError> {
        self.change(id, |entry| entry.settled(State::Acknowledged))
    }

    /// Notes why a message could not be sent so far: the reason at its deadline, if it never can.
    pub fn note(&mut self, id: &MessageId, reason: SmsReason) -> Result<bool, StoreError> {
        self.change(id, |entry| Some(entry.noted(reason)))
    }

    /// Messages that may be out, whose time is over and that have no outcome: to be retracted once in this life.
    pub fn retract_due(&self, now_ms: i64) -> Vec<MessageId> {
        self.open().filter(|e| e.is_to_be_retracted(now_ms)).map(|e| *e.id()).collect()
    }

    /// A retract was handed over. In memory only: after a start it is sent again.
    pub fn retract_sent(&mut self, id: &MessageId) {
        if let Some(entry) = self.entry(id) {
            entry.retracted = true;
        }
    }

    /// The broker did not get the retract: it is due again. In memory only.
    pub fn retract_returned(&mut self, id: &MessageId) {
        if let Some(entry) = self.entry(id) {
            entry.retracted = false;
        }
    }

    /// Ends a message. True: this is its outcome. False: it is not known, or ended before. Body and keys
    /// are wiped.
    pub fn close(
        &mut self,
        id: &MessageId,
        ending: Ending,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        self.shelf.as_ref().map_err(|e| *e)?;
        let Some(row) = self.open_by_id.get(id).copied() else { return Ok(false) };
        self.settle_rows(&[(row, ending)], &[], now_ms)?;
        Ok(true)
    }

    /// Outcomes after the cursor (0: all), oldest first. One that is damaged is left out.
    pub fn outcomes(&self, after: i64, limit: usize) -> Result<Vec<Outcome>, StoreError> {
        let store = self.shelf.as_ref().map_err(|e| *e)?;
        store.read(Vec::new(), |connection, sealer| read_outcomes(connection, sealer, after, limit))
    }

    /// Forgets outcomes up to and including the cursor, and their ids; gives how many.
    pub fn acknowledge(&mut self, cursor: i64) -> Result<usize, StoreError> {
        let store = self.shelf.clone()?;
        let any = store.read(false, |connection, _| {
            let select = "SELECT EXISTS (SELECT 1 FROM outcome WHERE cursor <= ?1)";
            Ok(connection.query_row(select, [cursor], |row| row.get(0))?)
        })?;
        if !any {
            return Ok(0);
        }
        let forgotten = store.write(|transaction, _| {
            Ok(transaction.execute("DELETE FROM outcome WHERE cursor <= ?1", [cursor])?)
        })?;
        self.ended = self.ended.saturating_sub(forgotten);
        Ok(forgotten)
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
        let (mut ended, mut withdrawn) = (Vec::new(), Vec::new());
        for (row, entry) in self.open.iter_mut().filter(|(_, e)| Some(e.record_id) != current) {
            entry.stopped = true;
            if !entry.is_perhaps_out() {
                ended.push((*row, SmsReason::Off));
            } else if entry.state() != State::Withdrawn {
                withdrawn.push(*row);
            }
        }
        self.end_rows(&ended, &withdrawn, now_ms)
    }

    /// Ends what has reached its deadline; gives what ended.
    pub fn expire(&mut self, now_ms: i64) -> Result<Vec<Closed>, StoreError> {
        let ended = self.open.iter().filter(|(_, entry)| entry.sms_deadline_ms() <= now_ms);
        let ended = ended.map(|(row, entry)| (*row, entry.reason()));
        self.end_rows(&ended.collect::<Vec<_>>(), &[], now_ms)
    }

    /// When the next message reaches its deadline.
    pub fn next_deadline(&self) -> Option<i64> {
        self.open().map(Entry::sms_deadline_ms).min()
    }

    fn entry(&mut self, id: &MessageId) -> Option<&mut Entry> {
        let row = self.open_by_id.get(id)?;
        self.open.get_mut(row).map(|entry| &mut **entry)
    }

    fn hold(&mut self, row: i64, entry: Box<Entry>) {
        // What the disk says of it is not sealed.
        self.open_bytes = self.open_bytes.saturating_add(entry.body_bytes);
        self.open_by_id.insert(entry.id, row);
        self.open.insert(row, entry);
    }

    /// Moves an entry on, on the disk and then in memory.
    fn change(
        &mut self,
        id: &MessageId,
        change: impl FnOnce(&Entry) -> Option<Progress>,
    ) -> Result<bool, StoreError> {
        let store = self.shelf.clone()?;
        let Some(row) = self.open_by_id.get(id).copied() else { return Ok(false) };
        let Some(entry) = self.open.get_mut(&row) else { return Ok(false) };
        let Some(progress) = change(entry) else { return Ok(false) };
        if progress != entry.progress {
            store
                .write(|transaction, sealer| write_progress(transaction, sealer, row, progress))?;
            entry.move_to(progress);
        }
        Ok(true)
    }

    /// Ends and withdraws, all or none; gives what ended, oldest first.
    fn end_rows(
        &mut self,
        ended: &[(i64, SmsReason)],
        withdrawn: &[i64],
        now_ms: i64,
    ) -> Result<Vec<Closed>, StoreError> {
        self.shelf.as_ref().map_err(|e| *e)?;
        let closed = ended.iter().filter_map(|(row, reason)| {
            let entry = self.open.get(row)?;
            Some(Closed { id: entry.id, message_hash: entry.message_hash, reason: *reason })
        });
        let closed: Vec<_> = closed.collect();
        let ended: Vec<_> =
            ended.iter().map(|(row, reason)| (*row, Ending::UseSms(*reason))).collect();
        self.settle_rows(&ended, withdrawn, now_ms)?;
        Ok(closed)
    }

    fn settle_rows(
        &mut self,
        ended: &[(i64, Ending)],
        withdrawn: &[i64],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        if ended.is_empty() && withdrawn.is_empty() {
            return Ok(());
        }
        let store = self.shelf.clone()?;
        store.write(|transaction, sealer| {
            for row in withdrawn {
                let Some(entry) = self.open.get(row) else { continue };
                write_progress(transaction, sealer, *row, entry.withdrawn())?;
            }
            for (row, ending) in ended {
                let Some(entry) = self.open.get(row) else { continue };
                end(transaction, sealer, (*row, entry), *ending, now_ms)?;
            }
            Ok(())
        })?;
        for row in withdrawn {
            if let Some(entry) = self.open.get_mut(row) {
                entry.move_to(entry.withdrawn());
            }
        }
        for (row, _) in ended {
            if let Some(entry) = self.open.remove(row) {
                self.open_by_id.remove(&entry.id);
                self.open_bytes = self.open_bytes.saturating_sub(entry.body_bytes);
                self.ended += 1;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({} open, {} ended)", self.open.len(), self.ended)
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
