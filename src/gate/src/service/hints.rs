// SPDX-License-Identifier: Apache-2.0
//! Notes of what clients are to be told, taken without blocking and read by one thread.

use super::facade::{Hints, UserId};
use crate::sync::lock;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    /// Something changed for the user.
    State(UserId),
    /// The user has a new outcome.
    Outcomes(UserId),
    /// The user received a message.
    Inbound(UserId),
    /// A key of somebody the user knows has changed.
    KeyChanged(UserId),
    /// A registered client died.
    Died(u64),
}

/// The notes. The same hint twice before it was given is one hint: it only says "ask".
#[derive(Default)]
pub struct PendingHints {
    notes: Mutex<Notes>,
    noted: Condvar,
}

#[derive(Default)]
struct Notes {
    due: BTreeSet<Hint>,
    ended: bool,
}

impl PendingHints {
    pub(super) fn note(&self, hint: Hint) {
        lock(&self.notes).due.insert(hint);
        self.noted.notify_one();
    }

    /// Nothing is to be said any more.
    pub(super) fn end(&self) {
        lock(&self.notes).ended = true;
        self.noted.notify_all();
    }

    /// Whether all was given, or is being given.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.notes).due.is_empty()
    }

    /// Waits for something to say. `None` once ended.
    pub(super) fn next(&self) -> Option<Hint> {
        let mut notes = lock(&self.notes);
        loop {
            if notes.ended {
                return None;
            }
            if let Some(hint) = notes.due.pop_first() {
                return Some(hint);
            }
            notes = self.noted.wait(notes).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Hints for PendingHints {
    fn state_changed(&self, user: UserId) {
        self.note(Hint::State(user));
    }

    fn outcomes(&self, user: UserId) {
        self.note(Hint::Outcomes(user));
    }

    fn inbound(&self, user: UserId) {
        self.note(Hint::Inbound(user));
    }

    fn key_changed(&self, user: UserId) {
        self.note(Hint::KeyChanged(user));
    }
}
