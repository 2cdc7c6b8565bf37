// SPDX-License-Identifier: Apache-2.0
//! A facade that does nothing but note that it was asked.

use super::super::error::ServiceError;
use super::super::facade::*;
use crate::disclose::{Classes, DataClass};
use crate::gate::{Network, Refusal};
use crate::sync::lock;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_ledger::filter::Filter;
use cloudmessaging_seal::number::Number;
use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::Mutex;
use std::time::Duration;
use zeroize::Zeroizing;

/// What it exports.
pub const EXPORT: &[u8] = b"an export";

/// What it is and was told.
#[derive(Default)]
pub struct Fake {
    /// Uids of the default SMS apps.
    pub default_sms: Mutex<HashMap<UserId, u32>>,
    /// What was asked, for whom. Platform methods ask for nobody: -1.
    pub asked: Mutex<Vec<(&'static str, UserId)>>,
    /// What it gives for `inbound`: bodies of that many bytes.
    pub body_bytes: Mutex<usize>,
    /// Whether neither messages nor outcomes wait.
    pub empty: AtomicBool,
    /// The method that panics.
    pub panics_in: Mutex<Option<&'static str>>,
    /// The method whose calls wait, until it is another.
    pub waits_in: Mutex<Option<&'static str>>,
    /// Refusals that were told: user, uid, reason and count.
    pub refused: Mutex<Vec<(UserId, u32, &'static str, u32)>>,
    /// What changes of the consent are refused with.
    pub refuses: Mutex<Option<ServiceError>>,
    /// The length of the receipt.
    pub receipt_bytes: Mutex<usize>,
}

impl Fake {
    fn note(&self, method: &'static str, user: UserId) {
        if *lock(&self.panics_in) == Some(method) {
            panic!("told to");
        }
        lock(&self.asked).push((method, user));
        while *lock(&self.waits_in) == Some(method) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Neither messages nor outcomes wait from here on.
    pub fn nothing_waits(&self) {
        self.empty.store(true, SeqCst);
    }

    /// What was asked since the last time.
    pub fn take_asked(&self) -> Vec<(&'static str, UserId)> {
        std::mem::take(&mut *lock(&self.asked))
    }
}

impl Facade for Fake {
    fn default_sms_uid(&self, user: UserId) -> Option<u32> {
        lock(&self.default_sms).get(&user).copied()
    }

    fn calls_refused(
        &self,
        user: UserId,
        uid: u32,
        reason: &'static str,
        count: u32,
        _window: Duration,
    ) {
        lock(&self.refused).push((user, uid, reason, count));
    }

    fn consent_state(&self, user: UserId) -> aidl::ConsentState::ConsentState {
        self.note("Consent.state", user);
        Default::default()
    }

    fn disclosure(&self, user: UserId, _: &str) -> Result<aidl::Disclosure::Disclosure> {
        self.note("Consent.disclosure", user);
        Ok(Default::default())
    }

    fn grant(&self, user: UserId, _grant: GrantRequest) -> Result<()> {
        self.note("Consent.grant", user);
        lock(&self.refuses).map_or(Ok(()), Err)
    }

    fn submit_code(&self, user: UserId, _subscription: i32, _code: &Personal) -> Result<()> {
        self.note("submitCode", user);
        Ok(())
    }

    fn request_code(&self, user: UserId, _subscription: i32) -> Result<()> {
        self.note("Consent.requestCode", user);
        Ok(())
    }

    fn withdraw(&self, user: UserId, _erase: bool) -> aidl::Withdrawal::Withdrawal {
        self.note("Consent.withdraw", user);
        Default::default()
    }

    fn set_class_allowed(&self, user: UserId, _class: DataClass, _allowed: bool) -> Result<()> {
        self.note("Consent.setClassAllowed", user);
        lock(&self.refuses).map_or(Ok(()), Err)
    }

    fn receipt(&self, user: UserId) -> Result<String> {
        self.note("Consent.receipt", user);
        Ok("x".repeat(*lock(&self.receipt_bytes)))
    }

    fn preview(&self, sims: &[SimIdentity], _allowed: Classes) -> Result<Vec<Preview>> {
        self.note("Consent.preview", -1);
        let preview = |sim: &SimIdentity| Preview {
            subscription: sim.subscription_id(),
            fields: vec![PreviewField {
                name: "registration.number".into(),
                class: DataClass::PhoneNumber,
                value: Personal::new(sim.number()),
                made_on_grant: false,
                offset: 2,
                length: sim.number().len(),
            }],
            plaintext: Zeroizing::new(sim.number().as_bytes().to_vec()),
        };
        Ok(sims.iter().map(preview).collect())
    }

    fn ledger(
        &self,
        user: UserId,
        _before: Option<u64>,
        limit: usize,
        _filter: &Filter,
    ) -> Result<Vec<aidl::LedgerEntry::LedgerEntry>> {
        self.note("Consent.ledger", user);
        Ok((0..limit).map(|_| Default::default()).collect())
    }

    fn ledger_totals(
        &self,
        user: UserId,
        _days: &Days,
    ) -> Result<Vec<aidl::LedgerTotal::LedgerTotal>> {
        self.note("Consent.ledgerTotals", user);
        Ok(Vec::new())
    }

    fn ledger_checkpoint(&self, user: UserId) -> Result<aidl::LedgerCheckpoint::LedgerCheckpoint> {
        self.note("Consent.ledgerCheckpoint", user);
        Ok(Default::default())
    }

    fn export_ledger(&self, user: UserId, to: &mut dyn Write) -> Result<u64> {
        self.note("Consent.exportLedger", user);
        to.write_all(EXPORT).map_err(|_| ServiceError::Unwritable)?;
        Ok(1)
    }

    fn erase_ledger(&self, user: UserId) -> Result<()> {
        self.note("Consent.eraseLedger", user);
        Ok(())
    }

    fn legacy(&self, user: UserId, _locale: &str) -> aidl::Legacy::Legacy {
        self.note("Consent.legacy", user);
        Default::default()
    }

    fn legacy_told(&self, user: UserId) -> Result<()> {
        self.note("Consent.legacyTold", user);
        Ok(())
    }

    fn report_users(&self, users: &[aidl::UserReport::UserReport]) {
        self.note("Platform.reportUsers", -1);
        let uid =
            |r: &aidl::UserReport::UserReport| Some((r.user, u32::try_from(r.defaultSmsUid).ok()?));
        *lock(&self.default_sms) = users.iter().filter_map(uid).collect();
    }

    fn report_identities(&self, user: UserId, _sims: Vec<SimIdentity>) -> Result<()> {
        self.note("Platform.reportIdentities", user);
        Ok(())
    }

    fn report_network(&self, _network: Network) {
        self.note("Platform.reportNetwork", -1);
    }

    fn provide_storage_key(&self, user: UserId, _key: Zeroizing<[u8; 32]>) -> Result<()> {
        self.note("Platform.provideStorageKey", user);
        Ok(())
    }

    fn wants_identities(&self, user: UserId) -> bool {
        self.note("Platform.wantsIdentities", user);
        false
    }

    fn wants_legacy(&self, user: UserId) -> Vec<SettingName> {
        self.note("Platform.wantsLegacy", user);
        Vec::new()
    }

    fn report_legacy(&self, user: UserId, _settings: &[SettingValue]) -> Result<()> {
        self.note("Platform.reportLegacy", user);
        Ok(())
    }

    fn service_state(&self, user: UserId) -> aidl::ServiceState::ServiceState {
        self.note("Messaging.state", user);
        Default::default()
    }

    fn send(&self, user: UserId, _message: OutgoingMessage) -> Result<Option<Refusal>> {
        self.note("Messaging.send", user);
        Ok(Some(Refusal::NotUnlocked))
    }

    fn outcomes(
        &self,
        user: UserId,
        _cursor: i64,
        limit: usize,
    ) -> Result<Vec<aidl::Outcome::Outcome>> {
        self.note("Messaging.outcomes", user);
        let waiting = if self.empty.load(SeqCst) { 0 } else { limit };
        Ok((0..waiting).map(|_| Default::default()).collect())
    }

    fn acknowledge_outcomes(&self, user: UserId, _cursor: i64) -> Result<()> {
        self.note("Messaging.acknowledgeOutcomes", user);
        Err(ServiceError::Storage)
    }

    fn inbound(&self, user: UserId, cursor: i64, limit: usize) -> Result<Vec<InboundMessage>> {
        self.note("Messaging.inbound", user);
        let body = "x".repeat(*lock(&self.body_bytes));
        let message = |at: usize| InboundMessage {
            cursor: cursor + 1 + at as i64,
            id: [7; 16],
            subscription: 1,
            sender: Number::parse("+15550100").unwrap(),
            body: Personal::new(body.as_str()),
            sent_at_millis: 1,
            received_at_millis: 2,
            checkpoint_hash: Some([3; 32]),
        };
        let waiting = if self.empty.load(SeqCst) { 0 } else { limit };
        Ok((0..waiting).map(message).collect())
    }

    fn acknowledge_inbound(&self, user: UserId, _cursor: i64) -> Result<()> {
        self.note("Messaging.acknowledgeInbound", user);
        Ok(())
    }

    fn check_sms(&self, user: UserId, _sms: &ReceivedSms) -> Result<Option<[u8; 16]>> {
        self.note("Messaging.checkSms", user);
        Ok(None)
    }

    fn key_changes(&self, user: UserId, _limit: usize) -> Result<Vec<KeyChange>> {
        self.note("Messaging.keyChanged", user);
        Ok(Vec::new())
    }

    fn acknowledge_key_changes(&self, user: UserId, _at_millis: i64) -> Result<()> {
        self.note("Messaging.acknowledgeKeyChanges", user);
        Ok(())
    }

    fn fingerprint(&self, user: UserId, _subscription: i32, _peer: &Number) -> Result<String> {
        self.note("Messaging.fingerprint", user);
        Err(ServiceError::NotFound { what: "a key of the peer" })
    }
}
