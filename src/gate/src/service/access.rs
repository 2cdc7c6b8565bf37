// SPDX-License-Identifier: Apache-2.0
//! Who may call what: one table. What is not in it is refused, and whoever is refused learns nothing, not even
//! whether the method, the user or a consent exists.

use super::caller::{Caller, Identity};
use super::facade::Facade;

/// The interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// ICloudMessagingConsent.
    Consent,
    /// ICloudMessagingPlatform.
    Platform,
    /// ICloudMessaging.
    Messaging,
}

/// Who a method is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Our settings app, acting for the user it runs as.
    Settings,
    /// Our settings app in the system user: it reports for all users.
    SettingsOfSystemUser,
    /// The app that was last reported as the default SMS app of the user it runs as.
    DefaultSmsApp,
}

/// The user that our settings app reports from. `UserHandle.USER_SYSTEM`.
const SYSTEM_USER: i32 = 0;

/// The table: a method of an interface, and who it is for.
pub const TABLE: [(Interface, &str, Who); 38] = [
    (Interface::Consent, "state", Who::Settings),
    (Interface::Consent, "disclosure", Who::Settings),
    (Interface::Consent, "grant", Who::Settings),
    (Interface::Consent, "submitCode", Who::Settings),
    (Interface::Consent, "requestCode", Who::Settings),
    (Interface::Consent, "withdraw", Who::Settings),
    (Interface::Consent, "setClassAllowed", Who::Settings),
    (Interface::Consent, "receipt", Who::Settings),
    (Interface::Consent, "preview", Who::Settings),
    (Interface::Consent, "ledger", Who::Settings),
    (Interface::Consent, "ledgerTotals", Who::Settings),
    (Interface::Consent, "ledgerCheckpoint", Who::Settings),
    (Interface::Consent, "exportLedger", Who::Settings),
    (Interface::Consent, "eraseLedger", Who::Settings),
    (Interface::Consent, "legacy", Who::Settings),
    (Interface::Consent, "legacyTold", Who::Settings),
    (Interface::Consent, "addListener", Who::Settings),
    (Interface::Consent, "removeListener", Who::Settings),
    (Interface::Platform, "reportUsers", Who::SettingsOfSystemUser),
    (Interface::Platform, "reportIdentities", Who::SettingsOfSystemUser),
    (Interface::Platform, "reportNetwork", Who::SettingsOfSystemUser),
    (Interface::Platform, "provideStorageKey", Who::SettingsOfSystemUser),
    (Interface::Platform, "wantsIdentities", Who::SettingsOfSystemUser),
    (Interface::Platform, "wantsLegacy", Who::SettingsOfSystemUser),
    (Interface::Platform, "reportLegacy", Who::SettingsOfSystemUser),
    (Interface::Platform, "addListener", Who::SettingsOfSystemUser),
    (Interface::Messaging, "state", Who::DefaultSmsApp),
    (Interface::Messaging, "send", Who::DefaultSmsApp),
    (Interface::Messaging, "outcomes", Who::DefaultSmsApp),
    (Interface::Messaging, "acknowledgeOutcomes", Who::DefaultSmsApp),
    (Interface::Messaging, "inbound", Who::DefaultSmsApp),
    (Interface::Messaging, "acknowledgeInbound", Who::DefaultSmsApp),
    (Interface::Messaging, "checkSms", Who::DefaultSmsApp),
    (Interface::Messaging, "submitCode", Who::DefaultSmsApp),
    (Interface::Messaging, "keyChanged", Who::DefaultSmsApp),
    (Interface::Messaging, "acknowledgeKeyChanges", Who::DefaultSmsApp),
    (Interface::Messaging, "fingerprint", Who::DefaultSmsApp),
    (Interface::Messaging, "setCallback", Who::DefaultSmsApp),
];

/// Whether the caller may call the method.
pub fn allows(
    interface: Interface,
    method: &str,
    caller: Caller,
    facade: &(impl Facade + ?Sized),
) -> bool {
    let Some(row) = TABLE.iter().find(|row| row.0 == interface && row.1 == method) else {
        return false;
    };
    let settings = caller.identity == Identity::Settings;
    match (row.2, caller.identity) {
        (_, Identity::Unknown) => false,
        (Who::Settings, _) => settings,
        (Who::SettingsOfSystemUser, _) => settings && caller.user == SYSTEM_USER,
        (Who::DefaultSmsApp, _) => facade.default_sms_uid(caller.user) == Some(caller.uid),
    }
}
