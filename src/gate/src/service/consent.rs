// SPDX-License-Identifier: Apache-2.0
//! ICloudMessagingConsent, for our settings app: each method acts for the user that the app runs as.

use super::access::Interface::Consent as CONSENT;
use super::callbacks::List;
use super::error::answer;
use super::outlet::Outlet;
use super::{bounds, words, Entrance};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ConsentState::ConsentState,
    DataClass::DataClass,
    Disclosure::Disclosure,
    Grant::Grant,
    ICloudMessagingConsent::{ICloudMessagingConsent, MAX_LEDGER_PAGE},
    ICloudMessagingListener::ICloudMessagingListener,
    LedgerCheckpoint::LedgerCheckpoint,
    LedgerEntry::LedgerEntry,
    LedgerTotal::LedgerTotal,
    Legacy::Legacy,
    RegistrationPreview::RegistrationPreview,
    SimIdentity::SimIdentity,
    Withdrawal::Withdrawal,
};
use binder::{Interface, ParcelFileDescriptor, Strong};
use std::os::fd::AsFd;
use std::sync::Arc;

/// The service.
pub(super) struct Consent(pub(super) Arc<Entrance>);

impl Interface for Consent {}

#[allow(non_snake_case)] // The names are the AIDL's.
impl ICloudMessagingConsent for Consent {
    fn state(&self) -> binder::Result<ConsentState> {
        let call = self.0.admit(CONSENT, "state")?;
        Ok(self.0.facade.consent_state(call.user))
    }

    fn disclosure(&self, locale: &str) -> binder::Result<Disclosure> {
        let call = self.0.admit(CONSENT, "disclosure")?;
        answer(
            bounds::locale("locale", locale)
                .and_then(|()| self.0.facade.disclosure(call.user, locale))
                .and_then(bounds::disclosure),
        )
    }

    fn grant(&self, grant: &Grant) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "grant")?;
        let granted = bounds::grant(grant).and_then(|grant| self.0.facade.grant(call.user, grant));
        self.0.answer(&call, granted)
    }

    fn submitCode(&self, subscriptionId: i32, code: &str) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "submitCode")?;
        answer(self.0.submit_code(*call, subscriptionId, code))
    }

    fn requestCode(&self, subscriptionId: i32) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "requestCode")?;
        answer(
            bounds::subscription("subscriptionId", subscriptionId)
                .and_then(|_| self.0.facade.request_code(call.user, subscriptionId)),
        )
    }

    fn withdraw(&self, erase: bool) -> binder::Result<Withdrawal> {
        let call = self.0.admit(CONSENT, "withdraw")?;
        Ok(self.0.facade.withdraw(call.user, erase))
    }

    fn setClassAllowed(&self, dataClass: DataClass, allowed: bool) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "setClassAllowed")?;
        let set = bounds::class("dataClass", dataClass)
            .and_then(|class| self.0.facade.set_class_allowed(call.user, class, allowed));
        self.0.answer(&call, set)
    }

    fn receipt(&self) -> binder::Result<String> {
        let call = self.0.admit(CONSENT, "receipt")?;
        answer(self.0.facade.receipt(call.user).and_then(bounds::receipt))
    }

    fn preview(
        &self,
        sims: &[SimIdentity],
        allowedClasses: &[DataClass],
    ) -> binder::Result<Vec<RegistrationPreview>> {
        let _call = self.0.admit(CONSENT, "preview")?;
        answer(bounds::sims("sims", 1, sims).and_then(|sims| {
            let classes = bounds::classes("allowedClasses", allowedClasses)?;
            let previews = self.0.facade.preview(&sims, classes)?;
            Ok(previews.iter().map(words::preview).collect())
        }))
    }

    fn ledger(
        &self,
        before: i64,
        limit: i32,
        events: &[String],
        classes: &[DataClass],
    ) -> binder::Result<Vec<LedgerEntry>> {
        let call = self.0.admit(CONSENT, "ledger")?;
        answer(bounds::before(before).and_then(|before| {
            let limit = bounds::page(limit, MAX_LEDGER_PAGE)?;
            let filter = bounds::filter(events, classes)?;
            let entries = self.0.facade.ledger(call.user, before, limit, &filter)?;
            Ok(bounds::fit(entries, limit, bounds::ledger_entry_size))
        }))
    }

    fn ledgerTotals(
        &self,
        fromDay: i32,
        toDay: i32,
        offsetMinutes: i32,
    ) -> binder::Result<Vec<LedgerTotal>> {
        let call = self.0.admit(CONSENT, "ledgerTotals")?;
        answer(
            bounds::days(fromDay, toDay, offsetMinutes)
                .and_then(|days| self.0.facade.ledger_totals(call.user, &days)),
        )
    }

    fn ledgerCheckpoint(&self) -> binder::Result<LedgerCheckpoint> {
        let call = self.0.admit(CONSENT, "ledgerCheckpoint")?;
        answer(self.0.facade.ledger_checkpoint(call.user))
    }

    fn exportLedger(&self, to: &ParcelFileDescriptor) -> binder::Result<i64> {
        let call = self.0.admit(CONSENT, "exportLedger")?;
        answer(Outlet::new("to", to.as_ref().as_fd()).and_then(|mut to| {
            let entries = self.0.facade.export_ledger(call.user, &mut to)?;
            Ok(i64::try_from(entries).unwrap_or(i64::MAX))
        }))
    }

    fn eraseLedger(&self) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "eraseLedger")?;
        self.0.answer(&call, self.0.facade.erase_ledger(call.user))
    }

    fn legacy(&self, locale: &str) -> binder::Result<Legacy> {
        let call = self.0.admit(CONSENT, "legacy")?;
        answer(bounds::locale("locale", locale).map(|()| self.0.facade.legacy(call.user, locale)))
    }

    fn legacyTold(&self) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "legacyTold")?;
        answer(self.0.facade.legacy_told(call.user))
    }

    fn addListener(&self, listener: &Strong<dyn ICloudMessagingListener>) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "addListener")?;
        answer(self.0.callbacks.add(List::Owners, *call, listener))
    }

    fn removeListener(&self, listener: &Strong<dyn ICloudMessagingListener>) -> binder::Result<()> {
        let call = self.0.admit(CONSENT, "removeListener")?;
        self.0.callbacks.remove(List::Owners, *call, listener);
        Ok(())
    }
}

impl Entrance {
    /// The same on two interfaces.
    pub(super) fn submit_code(
        &self,
        caller: super::caller::Caller,
        subscription: i32,
        code: &str,
    ) -> Result<(), super::error::ServiceError> {
        bounds::subscription("subscriptionId", subscription)?;
        let code = bounds::code("code", code)?;
        self.facade.submit_code(caller.user, subscription, &code)
    }
}
