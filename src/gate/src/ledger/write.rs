// SPDX-License-Identifier: Apache-2.0
//! Appending. Whoever finds nobody writing writes, for itself and for all who came before it; the others
//! wait. So any number of appends that arrive during one fdatasync share the next.
//!
//! The lock is held to take a position and to tell that a group is durable, never across a write: an
//! append that need not wait ([`append_detached`](super::Ledger::append_detached)) does not, whatever the
//! disk does.

use std::fs::File;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cloudmessaging_ledger::tree::{Frontier, Hash};
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry, TailCut};
use prost::Message;
use ring::rand::{SecureRandom, SystemRandom};

use super::disk::{name, Disk};
use super::erase;
use super::error::{Attempt, LedgerError};
use super::leaf::{self, BLINDING};
use super::on_time::OnTime;
use super::ENTRY_MAX;
use crate::clock::Clock;

/// Most bytes that wait for the disk, and that one write puts at risk.
pub(super) const GROUP_MAX: usize = 256 * 1024;

/// A group is written to a new segment once this many bytes are in the one before.
pub(super) const SEGMENT: u64 = 1024 * 1024;

/// What the threads of a ledger share.
pub(super) struct Shared {
    pub(super) disk: Box<dyn Disk>,
    clock: Arc<dyn Clock>,
    random: SystemRandom,
    state: Mutex<State>,
    /// Held by the one who erases. Nobody else waits for it.
    pub(super) erasing: Mutex<()>,
    /// Something became durable, or nothing will any more.
    changed: Condvar,
}

/// Positions count entries: what is durable <= what is being written <= `next`.
struct State {
    segments: Vec<u64>,
    /// The tree over what is durable.
    tree: Frontier,
    next: u64,
    /// Before this no entry has content; before `to_erase` none should.
    erased: u64,
    to_erase: u64,
    /// How long the phone was on from the first entry that has content to the last; and to where segments begin.
    on: OnTime,
    begun: Vec<(u64, i64)>,
    /// Whether a newer version wrote some of it.
    newer: bool,
    /// The group that is being collected: leaves, and their hashes.
    group: Vec<u8>,
    hashes: Vec<Hash>,
    turn: Turn,
    /// A thread of our own is under way and will write what is collected.
    detached: bool,
}

/// Whose turn it is to write.
enum Turn {
    /// Whoever comes first takes the tail and writes.
    Free(Tail),
    /// Somebody has it.
    Taken,
    /// A write failed. Entries before `behind` were part of it.
    Stopped { cause: LedgerError, behind: u64 },
}

/// The end of the last segment. Who owns it may write.
pub(super) struct Tail {
    segment: Option<(u64, File)>,
    bytes: u64,
}

impl Tail {
    /// Of a ledger without entries.
    pub(super) fn none() -> Self {
        Self { segment: None, bytes: 0 }
    }

    /// Of a segment that has so many bytes.
    pub(super) fn at(first: u64, file: File, bytes: u64) -> Self {
        Self { segment: Some((first, file)), bytes }
    }

    /// Writes a group that begins at `position`; durable when it returns. Says whether it began a segment.
    fn write(&mut self, disk: &dyn Disk, position: u64, group: &[u8]) -> Result<bool, LedgerError> {
        let full = self.segment.is_none() || self.bytes >= SEGMENT;
        if full {
            *self = Self::at(position, disk.make(position)?, 0);
        }
        if let Some((first, file)) = &self.segment {
            disk.append(file, group).map_err(LedgerError::io(Attempt::Write, name(*first)))?;
            disk.sync(file).map_err(LedgerError::io(Attempt::Sync, name(*first)))?;
            self.bytes += group.len() as u64;
        }
        Ok(full)
    }
}

impl Shared {
    pub(super) fn new(disk: Box<dyn Disk>, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let random = SystemRandom::new();
        let opened = super::scan::open(&*disk, |cut| {
            let event = Event::TailCut(TailCut { bytes: cut.bytes });
            encode(&*clock, blinding(&random)?, (cut.position, cut.group), event)
        })?;
        let state = State {
            segments: opened.segments,
            next: opened.tree.size(),
            erased: opened.erased,
            to_erase: opened.to_erase,
            on: opened.on,
            begun: opened.begun,
            newer: opened.newer,
            tree: opened.tree,
            group: Vec::new(),
            hashes: Vec::new(),
            turn: Turn::Free(opened.tail),
            detached: false,
        };
        let shared = Self {
            disk,
            clock,
            random,
            state: Mutex::new(state),
            erasing: Mutex::new(()),
            changed: Condvar::new(),
        };
        // What a crash cut off: the ledger says that it is gone. Tried again with the next erasing.
        if let Err(e) = erase::finish(&shared) {
            log::warn!("what was to be erased of the ledger is still there: {e}");
        }
        Ok(shared)
    }

    /// Why nothing is written any more.
    pub(super) fn stopped(&self) -> Option<LedgerError> {
        match &self.lock().turn {
            Turn::Stopped { cause, .. } => Some(LedgerError::Stopped(Box::new(cause.clone()))),
            _ => None,
        }
    }

    /// For how many ms the phone was on since the first entry of a segment; nothing if its content was erased.
    pub(super) fn age_ms(&self, first: u64) -> Option<i64> {
        let state = self.lock();
        let (_, begun) = state.begun.iter().find(|(segment, _)| *segment == first)?;
        // A copy: what adds up are entries.
        let mut now = state.on;
        Some(now.reach(self.clock.boot_ms()).saturating_sub(*begun))
    }

    /// Whether a newer version wrote some of it.
    pub(super) fn is_newer(&self) -> bool {
        self.lock().newer
    }

    /// Before which positions no entry has content, and none should have any.
    pub(super) fn erased(&self) -> (u64, u64) {
        let state = self.lock();
        (state.erased, state.to_erase)
    }

    /// No entry before this position has content any more.
    pub(super) fn set_erased(&self, before: u64) {
        let mut state = self.lock();
        state.erased = state.erased.max(before);
        state.begun.retain(|(first, _)| *first >= before);
    }

    /// No entry before this position should.
    pub(super) fn set_to_erase(&self, before: u64) {
        let mut state = self.lock();
        state.to_erase = state.to_erase.max(before);
    }

    /// Lets the next entry begin a segment. Gives its position: all before it are durable.
    pub(super) fn begin_segment(&self) -> Result<u64, LedgerError> {
        let mut state = self.lock();
        loop {
            match &mut state.turn {
                Turn::Free(tail) => {
                    tail.bytes = SEGMENT;
                    return Ok(state.tree.size());
                }
                Turn::Stopped { cause, .. } => {
                    return Err(LedgerError::Stopped(Box::new(cause.clone())))
                }
                Turn::Taken => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// The tree over what is durable, and the first positions of its segments.
    pub(super) fn durable(&self) -> (Frontier, Vec<u64>) {
        let state = self.lock();
        (state.tree.clone(), state.segments.clone())
    }

    /// Gives an event its position and puts it into the group that is being collected.
    pub(super) fn collect(&self, event: Event) -> Result<u64, LedgerError> {
        let blinding = blinding(&self.random)?;
        let mut state = self.lock();
        if let Turn::Stopped { cause, .. } = &state.turn {
            return Err(LedgerError::Stopped(Box::new(cause.clone())));
        }
        // Under the lock, so that the times in the ledger rise as its positions do.
        let group = u32::try_from(state.hashes.len()).unwrap_or(u32::MAX);
        let (leaf, hash) = encode(&*self.clock, blinding, (state.next, group), event)?;
        if state.group.len() + leaf.len() > GROUP_MAX {
            return Err(LedgerError::Backlog);
        }
        state.group.extend(leaf);
        state.hashes.push(hash);
        state.on.reach(self.clock.boot_ms());
        state.next += 1;
        Ok(state.next - 1)
    }

    /// Returns once the entry is durable, or never will be. Writes if it is nobody else's turn.
    pub(super) fn finish(&self, position: u64) -> Result<u64, LedgerError> {
        let mut state = self.lock();
        loop {
            if let Some(settled) = state.settled(position) {
                return settled;
            }
            state = match mem::replace(&mut state.turn, Turn::Taken) {
                Turn::Free(tail) => self.write(state, tail),
                turn => {
                    state.turn = turn;
                    self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }

    /// The same without writing, for so long at most.
    pub(super) fn wait(&self, position: u64, most: Duration) -> Result<u64, LedgerError> {
        let begin = Instant::now();
        let mut state = self.lock();
        loop {
            if let Some(settled) = state.settled(position) {
                return settled;
            }
            let left = most.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(LedgerError::NotYet);
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Lets a thread of our own write what is collected. One at a time: on a disk that hangs they would pile up.
    pub(super) fn write_detached(self: &Arc<Self>) {
        if mem::replace(&mut self.lock().detached, true) {
            return;
        }
        let shared = self.clone();
        let spawned = thread::Builder::new().name("ledger".into()).spawn(move || {
            while let Some(last) = shared.last_collected() {
                // Who waits for the entry learns of a failure; here there is nobody to tell.
                let _ = shared.finish(last);
            }
        });
        if spawned.is_err() {
            // The next append, or the next detached one, writes it.
            self.lock().detached = false;
        }
    }

    /// The last entry that still has to be written; if there is none, our thread ends.
    fn last_collected(&self) -> Option<u64> {
        let mut state = self.lock();
        let open = state.tree.size() < state.next && !matches!(state.turn, Turn::Stopped { .. });
        state.detached = open;
        open.then(|| state.next - 1)
    }

    /// Writes the group collected so far, without the lock.
    fn write<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        mut tail: Tail,
    ) -> MutexGuard<'a, State> {
        let (group, hashes) = (mem::take(&mut state.group), mem::take(&mut state.hashes));
        let (first, behind) = (state.tree.size(), state.next);
        drop(state);

        let interrupted = Interrupted { shared: self, behind };
        let written = tail.write(&*self.disk, first, &group);
        mem::forget(interrupted);

        let mut state = self.lock();
        match written {
            Ok(new_segment) => {
                if new_segment {
                    let on_ms = state.on.ms();
                    state.segments.push(first);
                    state.begun.push((first, on_ms));
                }
                hashes.into_iter().for_each(|hash| state.tree.push(hash));
                state.turn = Turn::Free(tail);
            }
            Err(cause) => state.turn = Turn::Stopped { cause, behind },
        }
        self.changed.notify_all();
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is one that cannot panic half-way, so a poisoned one is still right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How it ended for an entry, if it did.
    fn settled(&self, position: u64) -> Option<Result<u64, LedgerError>> {
        match &self.turn {
            _ if position < self.tree.size() => Some(Ok(position)),
            Turn::Stopped { cause, behind } if position < *behind => Some(Err(cause.clone())),
            Turn::Stopped { cause, .. } => Some(Err(LedgerError::Stopped(Box::new(cause.clone())))),
            _ => None,
        }
    }
}

/// Dropped only if a write panics: those who wait for it must not wait for ever.
struct Interrupted<'a> {
    shared: &'a Shared,
    behind: u64,
}

impl Drop for Interrupted<'_> {
    fn drop(&mut self) {
        let cause = LedgerError::Interrupted;
        self.shared.lock().turn = Turn::Stopped { cause, behind: self.behind };
        self.shared.changed.notify_all();
    }
}

fn blinding(random: &SystemRandom) -> Result<[u8; BLINDING], LedgerError> {
    let mut blinding = [0; BLINDING];
    random.fill(&mut blinding).map_err(|_| LedgerError::NoRandomness)?;
    Ok(blinding)
}

fn encode(
    clock: &dyn Clock,
    blinding: [u8; BLINDING],
    (position, group): (u64, u32),
    event: Event,
) -> Result<(Vec<u8>, Hash), LedgerError> {
    let entry = Entry {
        schema_version: crate::schema::LEDGER,
        wall_ms: clock.wall_ms(),
        boot_ms: clock.boot_ms(),
        group,
        position,
        event: Some(event),
    };
    let entry = entry.encode_to_vec();
    if entry.len() > ENTRY_MAX {
        return Err(LedgerError::TooLarge(entry.len()));
    }
    Ok(leaf::encode(&blinding, entry))
}
