// SPDX-License-Identifier: Apache-2.0
//! What the platform reports. Kept in memory only; each report is held against what the owner agreed to, and a
//! difference ends what is running.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::UserReport::UserReport;
use cloudmessaging_wire::proto::ledger::{self as proto, erasure::Stage};

use super::{view::policy_name, User};
use crate::consent::{OffReason, SimIdentity};
use crate::gate::{Closed, Facts, Network, Policy};
use crate::identity::StorageKey;
use crate::ledger::Event;
use crate::sync::lock;

/// One user, as reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The user's serial number.
    pub serial: i64,
    /// The credential-encrypted storage is open.
    pub unlocked: bool,
    /// Uid of the default SMS app.
    pub default_sms_uid: Option<u32>,
    /// What forbids.
    pub policy: Option<Policy>,
}

impl From<&UserReport> for Known {
    fn from(report: &UserReport) -> Self {
        let policy = match (report.smsForbidden, report.forbiddenByOrganisation) {
            (_, true) => Some(Policy::Organisation),
            (true, _) => Some(Policy::SmsForbidden),
            (false, false) => None,
        };
        Self {
            serial: report.serial,
            unlocked: report.unlocked,
            default_sms_uid: u32::try_from(report.defaultSmsUid).ok(),
            policy,
        }
    }
}

impl User {
    /// The user exists, as this says.
    pub(super) fn reported(self: &Arc<Self>, mut known: Known, network: Option<Network>) {
        if self.module.config.forbidden {
            known.policy = Some(Policy::Build);
        }
        if !self.belongs_to(known.serial) {
            // What cannot be told apart from another's is nobody's.
            self.gone();
            return self.leave_if_off();
        }
        let before = {
            let mut view = lock(&self.view);
            view.network = network;
            view.serial = Some(known.serial);
            view.report.replace(known.clone())
        };
        if before.as_ref().map(|b| b.serial) != Some(known.serial) {
            self.book
                .note(Event::Boot(proto::Boot { build_fingerprint: self.module.build.clone() }));
            self.read_consent(known.serial);
        }
        let said = match &before {
            Some(before) => Some(before.policy),
            // Since the ledger said so, it may have been lifted, or a crash have cut an erase off.
            None => self.settle_ledger(known.policy),
        };
        if said.is_some_and(|said| said != known.policy) {
            let reason = known.policy.map(policy_name).unwrap_or_default().to_owned();
            self.book.note(Event::PolicyChange(proto::PolicyChange { reason }));
        }
        if !known.unlocked {
            self.lock_vault();
        }
        self.refresh();
    }

    /// The user does not exist, as far as can be told. What is on the disk stays.
    pub(super) fn gone(&self) {
        // Before the gate is closed: the consent is not over by this, nor is any message.
        self.standing_read.store(false, Ordering::SeqCst);
        self.gate.close(Closed::Off);
        // Of a grant or a report at the same time, nothing stays in force behind this.
        let mut consent = lock(&self.consent);
        self.standing_read.store(false, Ordering::SeqCst);
        consent.forget();
        {
            let mut view = lock(&self.view);
            view.report = None;
            view.sims.clear();
            view.links.clear();
            view.off = OffReason::UnknownUser;
            view.record = None;
        }
        self.gate.report(Facts::default());
        self.gate.close(Closed::Off);
        drop(consent);
        self.lock_vault();
        self.module.hints.state_changed(self.id);
    }

    /// The SIMs in the phone.
    pub(super) fn report_sims(self: &Arc<Self>, sims: Vec<SimIdentity>) -> bool {
        let mut view = lock(&self.view);
        if view.record.is_none() {
            return false;
        }
        view.sims = sims;
        drop(view);
        self.refresh();
        true
    }

    /// The network.
    pub(super) fn report_network(self: &Arc<Self>, network: Network) {
        lock(&self.view).network = Some(network);
        self.refresh();
    }

    /// The key that opens what is stored.
    pub(super) fn provide_storage_key(self: &Arc<Self>, key: StorageKey) {
        lock(&self.vault).storage = Some(Arc::new(key));
        self.match_desk();
        self.look_at_desk();
        self.settle_desk();
        self.refresh();
    }

    /// Gives the gate the facts as they are now known.
    pub fn refresh(self: &Arc<Self>) {
        self.match_sims();
        let has_key = lock(&self.vault).storage.is_some();
        // Held until the gate has them: of two reports at the same time, the later one stays.
        let mut consent = lock(&self.consent);
        let moved = self.moved();
        let view = lock(&self.view);
        let report = view.report.clone();
        let (sims, network) = (view.sims.clone(), view.network.clone());
        drop(view);
        let named = sims.iter().filter(|sim| consent.named.contains(sim));
        let named = named.map(SimIdentity::subscription_id).filter(|sim| !moved.contains(sim));
        let committed = self.module.checkpoint.is_committed();
        self.gate.report(Facts {
            committed,
            exists: report.is_some(),
            unlocked: has_key && report.as_ref().is_some_and(|known| known.unlocked),
            policy: report.as_ref().and_then(|known| known.policy),
            sims: named.collect(),
            network,
        });
        if !committed && consent.record.is_some() {
            self.look_again(&mut consent);
        }
        drop(consent);
        self.module.hints.state_changed(self.id);
        self.wake();
    }

    /// Ends what the ledger leaves open of an earlier life. Gives the policy that it says forbids; if it cannot be
    /// read, another one than this.
    fn settle_ledger(&self, policy: Option<Policy>) -> Option<Option<Policy>> {
        let (mut forbids, mut asked) = (String::new(), false);
        let read = self.book.each(|entry| match &entry.event {
            Some(Event::PolicyChange(change)) => forbids = change.reason.clone(),
            Some(Event::Erasure(erasure)) => asked = erasure.stage() == Stage::Asked,
            _ => {}
        });
        if asked {
            self.book.note(Event::Erasure(proto::Erasure { stage: Stage::Failed as i32 }));
        }
        if let Err(e) = read {
            log::error!("the ledger says nothing of policies: {e}");
            return policy.map(|_| None);
        }
        let named = [Policy::SmsForbidden, Policy::Organisation, Policy::Build];
        Some(named.into_iter().find(|policy| policy_name(*policy) == forbids))
    }

    /// Forgets what only an unlocked user's gate may hold.
    fn lock_vault(&self) {
        {
            let mut vault = lock(&self.vault);
            vault.storage = None;
            vault.keys = None;
            self.book.set_hash_key(None);
        }
        self.match_desk();
    }
}
