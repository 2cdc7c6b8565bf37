// SPDX-License-Identifier: Apache-2.0
//! All users of the phone, as the three services see them. A user who was not reported since the gate started does
//! not exist, and what does not exist is off.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_ledger::filter::Filter;
use cloudmessaging_seal::{fingerprint, Number};
use cloudmessaging_wire::proto::ledger as proto;
use cloudmessaging_wire::step;
use zeroize::Zeroizing;

use super::report::Known;
use super::taking::stored;
use super::{view, Module, User};
use crate::consent::{self, Controller, OffReason, SimIdentity};
use crate::courier::Event;
use crate::disclose::{Classes, DataClass};
use crate::gate::{Network, Refusal};
use crate::identity::StorageKey;
use crate::ledger;
use crate::message::Inbound;
use crate::service::error::ServiceError;
use crate::service::facade::{
    Days, Facade, GrantRequest, InboundMessage, KeyChange, OutgoingMessage, Personal, Preview,
    ReceivedSms, Result, SettingName, SettingValue, UserId,
};
use crate::service::words;
use crate::sync::{lock, Mutex};

/// All users.
pub struct Users {
    pub(super) module: Arc<Module>,
    /// Whoever was ever reported: one value for each, as each has one ledger, one record and one uplink, and a
    /// withdrawal must find what a report that came at the same time has opened.
    users: Mutex<BTreeMap<i32, Arc<User>>>,
    network: Mutex<Option<Network>>,
    /// One report of all users at a time, so that none of them undoes a later one.
    reporting: Mutex<()>,
    /// One grant at a time, so that two users cannot take the same SIM. No withdrawal waits for it.
    granting: Mutex<()>,
}

impl Users {
    /// Nobody yet.
    pub fn new(module: Arc<Module>) -> Self {
        let (users, network) = (Mutex::new(BTreeMap::new()), Mutex::new(None));
        Self { module, users, network, reporting: Mutex::new(()), granting: Mutex::new(()) }
    }

    /// Tells the courier something about the code that the registration of a SIM waits for.
    fn about_code(&self, user: UserId, subscription: i32, event: Event) -> Result<()> {
        let user = self.user(user).ok_or(ServiceError::Off)?;
        user.gate.terms().map_err(|_| ServiceError::Off)?;
        match user.waits_for_code(subscription) && user.tell_courier(event) {
            true => Ok(()),
            false => Err(ServiceError::NoCodeExpected),
        }
    }

    /// One that was reported.
    pub(crate) fn user(&self, id: UserId) -> Option<Arc<User>> {
        let user = lock(&self.users).get(&id).cloned()?;
        let reported = lock(&user.view).report.is_some();
        reported.then_some(user)
    }

    fn ready(&self, id: UserId) -> Result<Arc<User>> {
        self.user(id).ok_or(ServiceError::NotReady)
    }

    fn all(&self) -> Vec<Arc<User>> {
        lock(&self.users).values().cloned().collect()
    }

    pub(super) fn add(&self, id: UserId) -> Arc<User> {
        let mut users = lock(&self.users);
        let new = || Arc::new(User::new(self.module.clone(), id));
        users.entry(id).or_insert_with(new).clone()
    }
}

impl Facade for Users {
    fn default_sms_uid(&self, user: UserId) -> Option<u32> {
        let user = self.user(user)?;
        let view = lock(&user.view);
        view.report.as_ref()?.default_sms_uid
    }

    fn calls_refused(
        &self,
        user: UserId,
        uid: u32,
        reason: &'static str,
        count: u32,
        window: Duration,
    ) {
        let Some(user) = self.user(user) else { return };
        user.book.note(ledger::Event::Refusals(proto::Refusals {
            caller_uid: uid,
            reason: reason.into(),
            count,
            window_ms: i64::try_from(window.as_millis()).unwrap_or(i64::MAX),
        }));
    }

    fn consent_state(&self, user: UserId) -> aidl::ConsentState::ConsentState {
        self.user(user).map_or_else(
            || aidl::ConsentState::ConsentState {
                offReason: words::off_reason(OffReason::UnknownUser),
                durable: true,
                refusal: aidl::Refusal::Refusal::OFF,
                ..Default::default()
            },
            |user| user.consent_state(),
        )
    }

    fn disclosure(&self, user: UserId, locale: &str) -> Result<aidl::Disclosure::Disclosure> {
        let agreed = self.user(user).and_then(|user| user.outdated());
        Ok(view::disclosure(&self.module.disclosures, locale, agreed))
    }

    fn grant(&self, user: UserId, grant: GrantRequest) -> Result<()> {
        let _one = lock(&self.granting);
        let owner = self.ready(user)?;
        for other in self.all().iter().filter(|other| other.id != user) {
            if grant.sims.iter().any(|sim| other.names(sim)) {
                return Err(ServiceError::SimInUse);
            }
        }
        owner.grant(&grant)
    }

    fn submit_code(&self, user: UserId, subscription: i32, code: &Personal) -> Result<()> {
        let code = Zeroizing::new(code.as_str().to_owned());
        self.about_code(user, subscription, Event::Code(subscription, code))
    }

    fn request_code(&self, user: UserId, subscription: i32) -> Result<()> {
        self.about_code(user, subscription, Event::AnotherCode(subscription))
    }

    fn withdraw(&self, user: UserId, erase: bool) -> aidl::Withdrawal::Withdrawal {
        // One that was not reported is off; a record of an earlier time goes all the same.
        let withdrawn = self.add(user).withdraw(erase);
        aidl::Withdrawal::Withdrawal {
            durable: withdrawn.durable,
            erasure: match withdrawn.erased {
                None => aidl::Erasure::Erasure::NONE,
                Some(true) => aidl::Erasure::Erasure::CONFIRMED,
                Some(false) => aidl::Erasure::Erasure::NOT_CONFIRMED,
            },
            leaseUntilMillis: withdrawn.lease_until_ms,
        }
    }

    fn set_class_allowed(&self, user: UserId, class: DataClass, allowed: bool) -> Result<()> {
        self.user(user).ok_or(ServiceError::Off)?.set_class_allowed(class, allowed)
    }

    fn receipt(&self, user: UserId) -> Result<String> {
        let user = self.user(user).ok_or(ServiceError::Off)?;
        let record = lock(&user.view).record.clone().ok_or(ServiceError::Off)?;
        let config = &self.module.config;
        let controller = Controller {
            name: config.controller.clone(),
            contact: config.controller_contact.clone(),
            jurisdiction: config.jurisdiction.clone(),
            broker: config.broker.host.clone(),
        };
        Ok(consent::receipt(&record, &controller))
    }

    fn preview(&self, sims: &[SimIdentity], allowed: Classes) -> Result<Vec<Preview>> {
        self.module.preview(sims, allowed)
    }

    fn ledger(
        &self,
        user: UserId,
        before: Option<u64>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Vec<aidl::LedgerEntry::LedgerEntry>> {
        let Some(user) = self.user(user) else { return Ok(Vec::new()) };
        user.ledger_page(before, limit, filter)
    }

    fn ledger_totals(
        &self,
        user: UserId,
        days: &Days,
    ) -> Result<Vec<aidl::LedgerTotal::LedgerTotal>> {
        let Some(user) = self.user(user) else { return Ok(Vec::new()) };
        user.ledger_totals(days)
    }

    fn ledger_checkpoint(&self, user: UserId) -> Result<aidl::LedgerCheckpoint::LedgerCheckpoint> {
        self.ready(user)?.ledger_checkpoint()
    }

    fn export_ledger(&self, user: UserId, to: &mut dyn Write) -> Result<u64> {
        self.ready(user)?.export_ledger(to)
    }

    fn erase_ledger(&self, user: UserId) -> Result<()> {
        self.ready(user)?.erase_ledger()
    }

    fn legacy(&self, user: UserId, locale: &str) -> aidl::Legacy::Legacy {
        self.user(user).map(|user| user.legacy(locale)).unwrap_or_default()
    }

    fn legacy_told(&self, user: UserId) -> Result<()> {
        self.ready(user)?.legacy_told()
    }

    fn report_users(&self, reports: &[aidl::UserReport::UserReport]) {
        let _one = lock(&self.reporting);
        let exist: Vec<UserId> = reports.iter().map(|report| report.user).collect();
        // Before the disk is asked for what else there is.
        for user in self.all().iter().filter(|user| !exist.contains(&user.id)) {
            user.gone();
        }
        self.remove_all_but(&exist);
        let network = lock(&self.network).clone();
        for report in reports {
            self.add(report.user).reported(Known::from(report), network.clone());
        }
        self.look_for_legacy(reports);
    }

    fn report_identities(&self, user: UserId, sims: Vec<SimIdentity>) -> Result<()> {
        let user = self.user(user).ok_or(ServiceError::Off)?;
        match user.report_sims(sims) {
            true => Ok(()),
            false => Err(ServiceError::Off),
        }
    }

    fn report_network(&self, network: Network) {
        *lock(&self.network) = Some(network.clone());
        for user in self.all() {
            user.report_network(network.clone());
        }
    }

    fn provide_storage_key(&self, user: UserId, key: Zeroizing<[u8; 32]>) -> Result<()> {
        let user = self.user(user).ok_or(ServiceError::NotFound { what: "user" })?;
        let key = StorageKey::from_bytes(&*key).ok_or(ServiceError::Internal)?;
        user.provide_storage_key(key);
        Ok(())
    }

    fn wants_identities(&self, user: UserId) -> bool {
        self.user(user).is_some_and(|user| user.gate.terms().is_ok())
    }

    fn wants_legacy(&self, user: UserId) -> Vec<SettingName> {
        self.user(user).map(|user| user.wants_legacy()).unwrap_or_default()
    }

    fn report_legacy(&self, user: UserId, said: &[SettingValue]) -> Result<()> {
        self.user(user).map_or(Ok(()), |user| user.report_legacy(said))
    }

    fn service_state(&self, user: UserId) -> aidl::ServiceState::ServiceState {
        self.user(user).map_or_else(
            || aidl::ServiceState::ServiceState {
                refusal: aidl::Refusal::Refusal::OFF,
                ..Default::default()
            },
            |user| user.service_state(),
        )
    }

    fn send(&self, user: UserId, message: OutgoingMessage) -> Result<Option<Refusal>> {
        match self.user(user) {
            Some(user) => user.take(message),
            None => Ok(Some(crate::gate::Closed::Off.into())),
        }
    }

    fn outcomes(
        &self,
        user: UserId,
        cursor: i64,
        limit: usize,
    ) -> Result<Vec<aidl::Outcome::Outcome>> {
        let user = self.ready(user)?;
        let outcomes = lock(&user.desk).outbox.outcomes(cursor, limit).map_err(stored)?;
        Ok(outcomes.iter().map(view::outcome).collect())
    }

    fn acknowledge_outcomes(&self, user: UserId, cursor: i64) -> Result<()> {
        let user = self.ready(user)?;
        let forgotten = lock(&user.desk).outbox.acknowledge(cursor);
        step!("gate.outcomes.acknowledged");
        forgotten.map(|_| ()).map_err(stored)
    }

    fn inbound(&self, user: UserId, cursor: i64, limit: usize) -> Result<Vec<InboundMessage>> {
        let user = self.ready(user)?;
        let messages = lock(&user.desk).inbox.inbound(cursor, limit).map_err(stored)?;
        let message = |(cursor, message): &(i64, Inbound)| InboundMessage {
            cursor: *cursor,
            id: message.id,
            subscription: message.sim,
            sender: message.sender.clone(),
            body: Personal::new(message.body.as_str()),
            sent_at_millis: message.sent_ms,
            received_at_millis: message.received_ms,
            checkpoint_hash: message.checkpoint_hash,
        };
        Ok(messages.iter().map(message).collect())
    }

    fn acknowledge_inbound(&self, user: UserId, cursor: i64) -> Result<()> {
        let user = self.ready(user)?;
        let forgotten = lock(&user.desk).inbox.acknowledge(cursor);
        step!("gate.inbound.acknowledged");
        forgotten.map(|_| ()).map_err(stored)
    }

    fn check_sms(&self, user: UserId, sms: &ReceivedSms) -> Result<Option<[u8; 16]>> {
        let user = self.ready(user)?;
        let (sender, body) = (sms.sender.as_str(), sms.body.as_str());
        let found = lock(&user.desk).inbox.check_sms(sender, body, sms.received_at_millis);
        found.map_err(stored)
    }

    fn key_changes(&self, user: UserId, limit: usize) -> Result<Vec<KeyChange>> {
        let user = self.ready(user)?;
        let changes = lock(&user.desk).peers.changes(limit).map_err(stored)?;
        let change = |c: crate::message::Change| KeyChange { peer: c.number, at_millis: c.at_ms };
        Ok(changes.into_iter().map(change).collect())
    }

    fn acknowledge_key_changes(&self, user: UserId, at_millis: i64) -> Result<()> {
        let user = self.ready(user)?;
        let forgotten = lock(&user.desk).peers.acknowledge_changes(at_millis);
        forgotten.map_err(stored)
    }

    fn fingerprint(&self, user: UserId, subscription: i32, peer: &Number) -> Result<String> {
        let user = self.user(user).ok_or(ServiceError::Off)?;
        let keys = user.keys().ok_or(ServiceError::Off)?;
        let own = keys.sims.get(&subscription).ok_or(ServiceError::NotFound { what: "SIM" })?;
        let own = own.identity.public_key();
        let theirs = lock(&user.desk).peers.identity_key(peer).map_err(stored)?;
        let theirs = theirs.ok_or(ServiceError::NotFound { what: "peer" })?;
        Ok(fingerprint(&own, &theirs))
    }
}
