// SPDX-License-Identifier: Apache-2.0
//! What arrived and is not to be believed: acknowledged to the broker, dropped, and counted in the ledger, once a
//! minute, so that a flood cannot fill the disk. And what the gate refused to the courier itself: the first of a kind at
//! once, and how many followed it counted the same way.

use std::collections::btree_map::{BTreeMap, Entry};

use cloudmessaging_wire::proto::ledger::{Refusals, Refused};
use nix::unistd::Uid;

use super::{Courier, Setback};
use crate::gate::Refusal;
use crate::ledger::Event;
use crate::service::words::refusal_name;

/// How often what was dropped is written to the ledger.
const WINDOW_MS: i64 = 60_000;

/// Why something that arrived is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dropped {
    /// Not an envelope, or not what is in one.
    Malformed,
    /// Sealed to no key that is here (any more).
    UnknownKey,
    /// Altered, or sealed for another kind of reader.
    NotOpened,
    /// The sender certificate is forged, expired or none.
    Certificate,
    /// Not signed by whom it names, for this reader and this encryption: forged or re-addressed.
    Signature,
    /// Past its time, by the wall clock or by what was left of its expiry.
    Expired,
    /// To live longer than any message does.
    TooLong,
    /// By an identity key that another one has replaced.
    OlderKey,
    /// By somebody new, where as many are known as may be.
    TooMany,
    /// A message that came before.
    Seen,
    /// A message for which there is no room, or was none.
    Full,
    /// A message that its sender has taken back.
    Retracted,
    /// A bundle that the registrar, or its owner, did not sign, or that has expired.
    Bundle,
    /// Of a kind that has no place here.
    Unexpected,
}

impl Dropped {
    fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "MALFORMED",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::NotOpened => "NOT_OPENED",
            Self::Certificate => "CERTIFICATE",
            Self::Signature => "SIGNATURE",
            Self::Expired => "EXPIRED",
            Self::TooLong => "TOO_LONG",
            Self::OlderKey => "OLDER_KEY",
            Self::TooMany => "TOO_MANY",
            Self::Seen => "SEEN",
            Self::Full => "FULL",
            Self::Retracted => "RETRACTED",
            Self::Bundle => "BUNDLE",
            Self::Unexpected => "UNEXPECTED",
        }
    }
}

/// What was dropped, and what was refused to us, since the ledger was told.
#[derive(Default)]
pub(super) struct DroppedCounts {
    counts: BTreeMap<Dropped, u32>,
    /// Of each reason, how many followed the first.
    refused: BTreeMap<&'static str, u32>,
    since_ms: i64,
}

impl DroppedCounts {
    fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.refused.is_empty()
    }

    /// Begins a window now, if none has begun.
    fn since(&mut self, now: i64) -> &mut Self {
        if self.is_empty() {
            self.since_ms = now;
        }
        self
    }
}

impl Courier {
    /// Counts one.
    pub(super) fn count_dropped(&mut self, why: Dropped) {
        // The ledger counts them; a line for each would let a flood fill the log.
        log::debug!("something that arrived is dropped: {why:?}");
        let now = self.now();
        let count = self.dropped.since(now).counts.entry(why).or_default();
        *count = count.saturating_add(1);
    }

    /// Counts what the gate refused. That an uplink takes no more at this moment is no decision, and is not counted.
    pub(super) fn count_refused(&mut self, why: &Setback) {
        let Setback::Refused(refusal) = why else { return };
        if *refusal == Refusal::Busy {
            return;
        }
        let (now, reason) = (self.now(), refusal_name(*refusal));
        match self.dropped.since(now).refused.entry(reason) {
            Entry::Occupied(mut followed) => *followed.get_mut() = followed.get().saturating_add(1),
            Entry::Vacant(first) => {
                first.insert(0);
                self.note_refused(reason, 1, 0);
            }
        }
    }

    fn note_refused(&self, reason: &str, count: u32, window_ms: i64) {
        self.user.book.note(Event::Refusals(Refusals {
            caller_uid: Uid::effective().as_raw(),
            reason: reason.to_owned(),
            count,
            window_ms,
        }));
    }

    /// Writes the counts down when they are due.
    pub(super) fn flush_dropped(&mut self, now: i64, next: &mut i64) {
        let dropped = &self.dropped;
        if dropped.is_empty() {
            return;
        }
        let due = dropped.since_ms.saturating_add(WINDOW_MS);
        if now < due && dropped.since_ms <= now {
            *next = (*next).min(due);
            return;
        }
        self.flush_all_dropped();
    }

    /// Writes the counts down: there is no consent any more, and so no later.
    pub(super) fn flush_all_dropped(&mut self) {
        for (why, count) in std::mem::take(&mut self.dropped.counts) {
            let reason = why.as_str().to_owned();
            self.user.book.note(Event::Refused(Refused { reason, count }));
        }
        let refused = std::mem::take(&mut self.dropped.refused);
        for (reason, followed) in refused.into_iter().filter(|(_, followed)| *followed > 0) {
            self.note_refused(reason, followed, WINDOW_MS);
        }
    }
}
