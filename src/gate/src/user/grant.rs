// SPDX-License-Identifier: Apache-2.0
//! The way of a grant (design.md, "The way of a consent"): checked, in the ledger, on the disk, in force, in this
//! order; whatever fails after the checks leaves off (P1, P7).

use std::sync::atomic::Ordering;
use std::sync::Arc;

use cloudmessaging_wire::proto::ledger as proto;
use cloudmessaging_wire::step;

use super::{book::numbers, standing::terms, User};
use crate::consent::{GrantError, NewConsent, OffReason, RecordId, RecordTime};
use crate::disclose::DataClass;
use crate::gate::Closed;
use crate::ledger::Event;
use crate::service::error::ServiceError;
use crate::service::facade::GrantRequest;
use crate::sync::lock;

impl User {
    /// Turns on. Durable when it returns.
    pub(super) fn grant(self: &Arc<Self>, request: &GrantRequest) -> Result<(), ServiceError> {
        let disclosures = &self.module.disclosures;
        let disclosure = disclosures
            .by_hash(&request.disclosure_sha256)
            .ok_or(ServiceError::UnknownDisclosure)?;
        let (known, withdrawals) = {
            let view = lock(&self.view);
            (view.report.clone().ok_or(ServiceError::NotReady)?, view.withdrawals)
        };
        if !self.module.checkpoint.is_committed() {
            // It makes a key in the place of the one before, which a rollback would not bring back.
            return Err(ServiceError::NotReady);
        }
        if known.policy.is_some() {
            return Err(ServiceError::Forbidden);
        }
        if !known.unlocked || lock(&self.vault).storage.is_none() {
            return Err(ServiceError::NotReady);
        }
        if self.keeps_newer_history() {
            log::error!("ledger or messages of a newer version: it can turn on what it knows");
            return Err(ServiceError::Storage);
        }
        let id = RecordId::random().ok_or(ServiceError::Internal)?;
        let clock = &self.module.clock;
        let mut new = NewConsent {
            id,
            user_serial: known.serial,
            sims: &request.sims,
            disclosure,
            parties: disclosures.parties(),
            classes: request.allowed,
            granted: RecordTime { wall_ms: clock.wall_ms(), boot_ms: clock.boot_ms() },
            method: request.method,
            conditions: request.conditions,
            build_fingerprint: &self.module.build,
            ledger_position: 0,
        };
        lock(&self.consent).store.check(&new).map_err(refused)?;

        let entry = proto::Grant {
            record_id: id.as_bytes().to_vec(),
            disclosure_version: disclosure.version(),
            disclosure_sha256: disclosure.sha256().to_vec(),
            allowed_classes: numbers(request.allowed),
            locale: disclosure.locale().to_owned(),
            method: request.method as i32,
            sims: i32::try_from(request.sims.len()).unwrap_or(i32::MAX),
        };
        // What is in the ledger and not on the disk is settled at the next start. Nothing is locked here: a
        // disk that hangs in it holds up no withdrawal.
        new.ledger_position = match self.book.append(Event::Grant(entry)) {
            Ok(position) => position,
            Err(_) => {
                let durable = self.withdraw(false).durable;
                // It may be on the disk all the same.
                self.not_granted(id, durable);
                return Err(ServiceError::Ledger);
            }
        };

        step!("gate.grant.written_down");

        // Before there is a record, and with nothing locked.
        self.module.stay.stay_for(self.id);
        step!("gate.grant.stays");
        let mut consent = lock(&self.consent);
        if consent.withdrawals != withdrawals {
            drop(consent);
            self.leave_if_off();
            self.not_granted(id, true);
            return Err(ServiceError::Off);
        }
        self.gate.close(Closed::Off);
        self.forget_keys();
        let record = match consent.store.write(&new) {
            Ok(record) => record,
            Err(e) => {
                log::error!("a grant is not durable and so is off: {e}");
                consent.forget();
                let durable = consent.store.remove().is_ok();
                self.standing_read.store(true, Ordering::SeqCst);
                let mut view = lock(&self.view);
                (view.record, view.off, view.durable) = (None, OffReason::NoRecord, durable);
                drop(view);
                if !durable {
                    self.keep_removing(withdrawals);
                }
                self.not_granted(id, durable);
                drop(consent);
                self.leave_if_off();
                // What was accepted under the consent before it ends with that.
                self.settle_desk();
                self.wake();
                self.module.hints.state_changed(self.id);
                return Err(refused(e));
            }
        };
        step!("gate.grant.recorded");
        {
            let mut view = lock(&self.view);
            view.record = Some(record.clone());
            view.sims = request.sims.clone();
            view.durable = true;
            view.lease_until_ms = 0;
        }
        consent.forget();
        self.standing_read.store(true, Ordering::SeqCst);
        self.gate.open(terms(&record));
        consent.record = Some(record);
        // Their codes were just made.
        consent.named = request.sims.clone();
        drop(consent);
        // Again: a withdrawal that was ending may have seen no record yet, and let go.
        self.stay_while_on();
        self.refresh();
        Ok(())
    }

    /// What the ledger says of a grant that did not come into force: off.
    fn not_granted(&self, id: RecordId, durable: bool) {
        let record_id = id.as_bytes().to_vec();
        let off = proto::Withdraw { record_id, durable, ..proto::Withdraw::default() };
        self.book.note(Event::Withdraw(off));
    }

    /// Allows or forbids one class.
    pub(super) fn set_class_allowed(
        self: &Arc<Self>,
        class: DataClass,
        allowed: bool,
    ) -> Result<(), ServiceError> {
        let record_id = self.gate.terms().map_err(|_| ServiceError::Off)?.record_id;
        if !allowed {
            // In force before anything that can fail or hang.
            self.gate.forbid(class);
        }
        let entry =
            proto::ClassChange { record_id: record_id.to_vec(), data_class: class as i32, allowed };
        self.book.append(Event::ClassChange(entry.clone())).map_err(|_| ServiceError::Ledger)?;

        let mut consent = lock(&self.consent);
        let record = consent.record.clone().filter(|r| *r.id().as_bytes() == record_id);
        let record = record.ok_or(ServiceError::Off)?;
        let mut classes = record.classes();
        if allowed {
            classes.insert(class);
        } else {
            classes.remove(class);
        }
        let changed = match consent.store.set_classes(&record, classes) {
            Ok(changed) => changed,
            Err(e) if allowed => {
                // The ledger says allowed, and it is not.
                self.book.note(Event::ClassChange(proto::ClassChange { allowed: false, ..entry }));
                return Err(refused(e));
            }
            Err(e) => return Err(refused(e)),
        };
        lock(&self.view).record = Some(changed.clone());
        consent.record = Some(changed);
        if allowed {
            self.gate.allow(class);
        }
        drop(consent);
        self.module.hints.state_changed(self.id);
        self.wake();
        Ok(())
    }
}

fn refused(error: GrantError) -> ServiceError {
    match error {
        GrantError::SimCount(_) => {
            ServiceError::InvalidArgument { argument: "grant.sims", fault: "not 1 to 8" }
        }
        GrantError::SimTwice(_) => {
            ServiceError::InvalidArgument { argument: "grant.sims", fault: "a SIM is named twice" }
        }
        GrantError::Method => {
            ServiceError::InvalidArgument { argument: "grant.method", fault: "unspecified" }
        }
        GrantError::Negative => ServiceError::NotReady,
        GrantError::Key(_) | GrantError::File(_) => ServiceError::Storage,
    }
}
