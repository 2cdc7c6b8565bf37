// SPDX-License-Identifier: Apache-2.0
//! Whether a user's record turns it on: read when the user is reported, with nothing locked, so that nobody who turns
//! off waits for the disk or for the record key (P3).
//!
//! What cannot be told, because the disk or the key does not answer, is off (P1). But nothing is concluded from it: the
//! ledger says nothing, messages that were accepted stay until their deadlines (P6), and it is looked at again until it
//! can be told, or until the owner's next word has made the question idle. The same thread waits until /data cannot be put
//! back any more (`checkpoint`).

use std::sync::atomic::Ordering;
use std::sync::Arc;

use cloudmessaging_wire::proto::ledger as proto;

use super::withdraw::{RETRY, RETRY_MAX};
use super::{Consent, User};
use crate::consent::{OffReason, Record, SimMatch, Standing};
use crate::gate::{Closed, Terms};
use crate::ledger::{Event, LedgerError, Said};
use crate::message;
use crate::sync::lock;

/// What a record is worth, asked for one user.
#[derive(Clone)]
pub(super) struct Question {
    /// Unlike that of any other question.
    number: u64,
    serial: i64,
    /// Which consent the ledger says is in force, as far as it was asked.
    pub(super) said: Option<[u8; 16]>,
}

impl Consent {
    /// Nothing is in force, and nothing is asked. What was asked before is answered to nobody.
    pub(super) fn forget(&mut self) {
        (self.record, self.question, self.sims_untold) = (None, None, false);
        self.named.clear();
    }
}

impl User {
    /// Reads the record and opens the gate if it is valid in every respect; settles the ledger, where a crash
    /// fell between a record and its entry.
    pub(super) fn read_consent(self: &Arc<Self>, serial: i64) {
        {
            let mut consent = lock(&self.consent);
            self.standing_read.store(false, Ordering::SeqCst);
            self.gate.close(Closed::Off);
            consent.forget();
            consent.questions += 1;
            consent.question = Some(Question { number: consent.questions, serial, said: None });
            lock(&self.view).record = None;
        }
        self.answer();
    }

    /// Finds out what is asked. Whether it is answered.
    fn answer(self: &Arc<Self>) -> bool {
        let (store, question, removed) = {
            let consent = lock(&self.consent);
            let Some(question) = consent.question.clone() else { return false };
            (consent.store.clone(), question, lock(&self.view).durable)
        };
        let standing = match removed {
            true => store.read(question.serial, &self.module.disclosures),
            // The owner turned it off, and what is there of it goes as soon as it can.
            false => Standing::Off(OffReason::NoRecord),
        };
        let standing = match standing {
            // Rolled back: what is there is for when it is rolled forward.
            Standing::On(_) if self.keeps_newer() => Standing::Off(OffReason::FutureVersion),
            standing => standing,
        };
        let said =
            self.book.standing().inspect_err(|e| log::error!("the ledger says nothing: {e}"));

        let mut consent = lock(&self.consent);
        if consent.question.as_ref().map(|now| now.number) != Some(question.number) {
            // The owner has spoken, or the user is gone or another one: that stands.
            return false;
        }
        let answered = self.take_in(&mut consent, standing, said);
        let on = consent.record.is_some();
        drop(consent);
        match on || !answered {
            // It may have been left: the user was gone.
            true => self.stay_while_on(),
            false => self.leave_if_off(),
        }
        // The storage key may have come before.
        self.settle_desk();
        answered
    }

    /// Whether a newer version wrote anything that is kept for this user beside the record.
    fn keeps_newer(&self) -> bool {
        let keys = lock(&self.vault).store.is_newer();
        keys || self.keeps_newer_history()
    }

    /// The same of what outlives a consent.
    pub(super) fn keeps_newer_history(&self) -> bool {
        self.book.is_newer() || message::is_newer(&self.folder()) || lock(&self.desk).is_newer()
    }

    /// Messages that a newer version wrote may only show when they are opened: in their log. Off then, as if it had been
    /// seen before.
    pub(super) fn look_at_desk(self: &Arc<Self>) {
        if !lock(&self.desk).is_newer() || self.gate.terms().is_err() {
            return;
        }
        let serial = lock(&self.view).serial;
        if let Some(serial) = serial {
            self.read_consent(serial);
        }
    }

    /// Whether that answers the question.
    fn take_in(
        self: &Arc<Self>,
        consent: &mut Consent,
        standing: Standing,
        said: Result<Said, LedgerError>,
    ) -> bool {
        if let Some(entry) = settling(&standing, &said) {
            self.book.note(entry);
        }
        let mut view = lock(&self.view);
        match standing {
            Standing::On(record) => {
                view.off = OffReason::NoRecord;
                view.record = Some(record.clone());
                drop(view);
                self.gate.open(terms(&record));
                consent.record = Some(record);
            }
            Standing::Off(why) => {
                view.off = why;
                drop(view);
            }
            Standing::Outdated(agreed) => {
                view.off = OffReason::OutdatedDisclosure;
                view.agreed = Some(agreed);
                drop(view);
                self.gate.close(Closed::OutdatedDisclosure);
            }
            Standing::Untold => {
                view.off = OffReason::Unreadable;
                drop(view);
                if let Some(question) = &mut consent.question {
                    question.said = said.ok().and_then(Said::on);
                }
                self.look_again(consent);
                return false;
            }
        }
        consent.question = None;
        self.standing_read.store(true, Ordering::SeqCst);
        true
    }

    /// Finds out which of the SIMs in the phone are those agreed to. Of each that is, the record key is asked once; and
    /// with nothing locked, so that nobody who turns off waits for it (P3).
    pub(super) fn match_sims(self: &Arc<Self>) {
        let (store, record, named) = {
            let consent = lock(&self.consent);
            let Some(record) = consent.record.clone() else { return };
            (consent.store.clone(), record, consent.named.clone())
        };
        let mut untold = false;
        let mut found = lock(&self.view).sims.clone();
        found.retain(|sim| {
            !named.contains(sim)
                && match store.matches(&record, sim) {
                    Ok(matched) => matched == SimMatch::Named,
                    Err(e) => {
                        log::error!("whether a SIM takes part cannot be told: {e}");
                        untold = true;
                        false
                    }
                }
        });
        let mut consent = lock(&self.consent);
        // Another consent since then names its own.
        if consent.record.as_ref().is_some_and(|now| now.id() == record.id()) {
            found.retain(|sim| !consent.named.contains(sim));
            consent.named.append(&mut found);
            consent.sims_untold = untold;
            if untold {
                self.look_again(&mut consent);
            }
        }
    }

    /// Has a thread look again at what could not be told, until it is.
    pub(super) fn look_again(self: &Arc<Self>, consent: &mut Consent) {
        if consent.looking {
            return;
        }
        let user = self.clone();
        let look = move || {
            let mut wait = RETRY;
            loop {
                std::thread::sleep(wait);
                wait = (wait * 2).min(RETRY_MAX);
                let sims = {
                    let mut consent = lock(&user.consent);
                    let held_up = consent.record.is_some() && !user.gate.facts().committed;
                    if consent.question.is_none() && !consent.sims_untold && !held_up {
                        consent.looking = false;
                        return;
                    }
                    if held_up {
                        // A boot is complete within a minute.
                        wait = RETRY;
                    }
                    consent.sims_untold || held_up && user.module.checkpoint.is_committed()
                };
                if user.answer() || sims {
                    user.settle_desk();
                    user.refresh();
                }
            }
        };
        let started = std::thread::Builder::new().name("consent".into()).spawn(look);
        match started {
            Ok(_) => consent.looking = true,
            Err(e) => {
                log::error!("off until the service starts again, or the owner's next word: {e}")
            }
        }
    }
}

/// What the ledger has to say so that it says what was read.
fn settling(standing: &Standing, said: &Result<Said, LedgerError>) -> Option<Event> {
    let found = |record_id: &[u8], why: &str| proto::Found {
        record_id: record_id.to_vec(),
        reason: why.to_owned(),
    };
    // What cannot be compared is said anew.
    match (standing, standing.off(), said) {
        (Standing::Untold, ..) => None,
        (Standing::On(record), _, Ok(Said::On(id))) if id == record.id().as_bytes() => None,
        (Standing::On(record), ..) => Some(Event::FoundOn(found(record.id().as_bytes(), ""))),
        (_, Some(why), Ok(Said::On(id))) => Some(Event::FoundOff(found(id, why.as_str()))),
        (_, Some(why), Err(_)) => Some(Event::FoundOff(found(&[], why.as_str()))),
        (_, _, Ok(Said::Off | Said::Nothing)) | (_, None, _) => None,
    }
}

/// The terms that a valid record stands for.
pub(super) fn terms(record: &Record) -> Terms {
    let conditions = record.conditions();
    Terms {
        record_id: *record.id().as_bytes(),
        classes: record.classes(),
        sims: record.sims().iter().map(|sim| sim.subscription_id()).collect(),
        while_roaming: conditions.while_roaming,
        with_data_saver: conditions.with_data_saver,
        with_battery_saver: conditions.with_battery_saver,
    }
}
