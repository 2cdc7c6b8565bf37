// SPDX-License-Identifier: Apache-2.0
//! The way of a withdrawal (design.md, "The way of a consent"): closed in memory and the uplink reaped, then the
//! record removed, then everything else (P3). It waits for no permit, no ledger, a few seconds at most for messages,
//! and for no network but for an erase.

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_wire::proto::ledger as proto;
use cloudmessaging_wire::step;

use super::User;
use crate::consent::{ConsentStore, OffReason, RemoveError};
use crate::gate::Closed;
use crate::identity::Keys;
use crate::sync::lock;

/// Between two attempts at a removal that failed.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// The longest such wait.
pub(super) const RETRY_MAX: Duration = Duration::from_secs(60);

/// What a withdrawal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The phone says off after a power cut too.
    pub durable: bool,
    /// Whether the registrar confirmed an erase; `None` if there was nothing to ask for.
    pub erased: Option<bool>,
    /// When what is left of the registration lapses, ms since the Unix epoch; 0 if nothing is.
    pub lease_until_ms: i64,
}

impl User {
    /// Turns off.
    pub(super) fn withdraw(self: &Arc<Self>, erase: bool) -> Withdrawn {
        let mut terms = self.gate.close(Closed::Off);
        step!("gate.withdraw.closed");

        let mut consent = lock(&self.consent);
        consent.withdrawals += 1;
        // A grant that came in between is withdrawn with the rest.
        terms = self.gate.close(Closed::Off).or(terms);
        let record = consent.record.take().map(|record| *record.id().as_bytes());
        let unread = consent.question.take().and_then(|question| question.said);
        consent.forget();
        let removed = self.take_away(&consent.store);
        step!("gate.withdraw.removed");
        if let Err(e) = &removed {
            log::error!("off now, not yet durable: {e}");
        }
        let durable = matches!(removed, Ok(true));
        let withdrawals = consent.withdrawals;
        // Whatever stood there: it is not in force.
        self.standing_read.store(true, Ordering::SeqCst);
        {
            let mut view = lock(&self.view);
            view.record = None;
            view.off = OffReason::NoRecord;
            view.durable = durable;
            view.withdrawals = withdrawals;
            view.sims.clear();
            view.links.clear();
        }
        drop(consent);
        if !durable {
            self.keep_removing(withdrawals);
        }

        let keys = self.forget_keys();
        step!("gate.withdraw.keys_destroyed");
        // Where it was withdrawn before, the keys are gone, and the registration lapses as was said then.
        let lease_until_ms =
            keys.as_deref().map_or_else(|| lock(&self.view).lease_until_ms, lease_until);
        self.settle_withdrawn();
        step!("gate.withdraw.messages_ended");
        if let Some(record_id) = terms.as_ref().map(|t| t.record_id).or(record).or(unread) {
            self.book.withdrawn(proto::Withdraw {
                record_id: record_id.to_vec(),
                erase_asked: erase,
                durable,
                lease_until_ms,
            });
        }
        step!("gate.withdraw.noted");

        let erased = match (erase, terms, keys) {
            (true, Some(terms), Some(keys)) if lease_until_ms != 0 => Some(self.erase(terms, keys)),
            _ => None,
        };
        self.book.set_hash_key(None);
        let lease_until_ms = if erased == Some(true) { 0 } else { lease_until_ms };
        lock(&self.view).lease_until_ms = lease_until_ms;
        self.leave_if_off();
        self.module.hints.state_changed(self.id);
        self.module.hints.outcomes(self.id);
        Withdrawn { durable, erased, lease_until_ms }
    }

    /// Has the process stay for this user, whose consent was just in force, or may be. It may be withdrawn by now.
    pub(super) fn stay_while_on(&self) {
        self.module.stay.stay_for(self.id);
        self.leave_if_off();
    }

    /// Does not have the process stay for this user, if the record is gone for good or worth nothing.
    pub(super) fn leave_if_off(&self) {
        // First what it stays for: what comes after this is not undone.
        let Some(reason) = self.module.stay.reason(self.id) else { return };
        let off = {
            let consent = lock(&self.consent);
            consent.record.is_none() && consent.question.is_none() && lock(&self.view).durable
        };
        if off {
            self.module.stay.leave(self.id, reason, &*self.module.workers);
        }
    }

    /// Takes the keys out of memory and off the disk.
    pub(super) fn forget_keys(&self) -> Option<Arc<Keys>> {
        let mut vault = lock(&self.vault);
        let keys = vault.keys.take();
        if let Err(e) = vault.store.destroy() {
            // Without their record they are of no use, and the next grant replaces them.
            log::error!("keys of the withdrawn consent are still there: {e}");
        }
        keys
    }

    /// Takes the record away; whether for good. While /data can be put back it is not, and its key stays until then: what
    /// is put back is to be what it was.
    fn take_away(&self, store: &ConsentStore) -> Result<bool, RemoveError> {
        match self.module.checkpoint.is_committed() {
            true => store.remove().map(|()| true),
            false => store.remove_record().map(|()| false),
        }
    }

    /// Tries the removal again until it is durable, or there was a newer decision.
    pub(super) fn keep_removing(self: &Arc<Self>, withdrawals: u64) {
        let user = self.clone();
        let remove = move || {
            let mut wait = RETRY;
            loop {
                std::thread::sleep(wait);
                if user.module.checkpoint.is_committed() {
                    wait = (wait * 2).min(RETRY_MAX);
                }
                let consent = lock(&user.consent);
                if consent.withdrawals != withdrawals || consent.record.is_some() {
                    return;
                }
                if matches!(user.take_away(&consent.store), Ok(true)) {
                    lock(&user.view).durable = true;
                    drop(consent);
                    log::info!("off is durable now");
                    user.settle_desk();
                    user.wake();
                    user.leave_if_off();
                    user.module.hints.state_changed(user.id);
                    return;
                }
            }
        };
        let started = std::thread::Builder::new().name("removal".into()).spawn(remove);
        if let Err(e) = started {
            log::error!("off stays not durable until the owner tries again: {e}");
        }
    }
}

/// When the last of the registrations lapses.
fn lease_until(keys: &Keys) -> i64 {
    let certificates = keys.sims.values().filter_map(|sim| sim.certificate.as_ref());
    certificates.map(|certificate| certificate.identity.not_after_ms).max().unwrap_or(0)
}
