// SPDX-License-Identifier: Apache-2.0
//! Every method of the table, called by everyone.

use super::super::access::{allows, Interface, Who, TABLE};
use super::super::caller::{Caller, Identity};
use super::fake::Fake;
use super::stage::{as_foreign, own_uid, sim, Clients, Ear, Stage, FOREIGN};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use binder::{ExceptionCode, ParcelFileDescriptor, Status};
use std::collections::BTreeSet;

type Row = (Interface, &'static str, Who);

/// Calls the method of a row with arguments that are within bounds.
pub fn call(row: Row, to: &Clients) -> binder::Result<()> {
    let (listener, _heard) = Ear::listener();
    match (row.0, row.1) {
        (Interface::Consent, "state") => to.consent.state().map(drop),
        (Interface::Consent, "disclosure") => to.consent.disclosure("en-GB").map(drop),
        (Interface::Consent, "grant") => to.consent.grant(&grant()),
        (Interface::Consent, "submitCode") => to.consent.submitCode(1, "CODE4242"),
        (Interface::Consent, "requestCode") => to.consent.requestCode(1),
        (Interface::Consent, "withdraw") => to.consent.withdraw(true).map(drop),
        (Interface::Consent, "setClassAllowed") => {
            to.consent.setClassAllowed(aidl::DataClass::DataClass::IMSI, true)
        }
        (Interface::Consent, "receipt") => to.consent.receipt().map(drop),
        (Interface::Consent, "preview") => {
            let classes = [aidl::DataClass::DataClass::PHONE_NUMBER];
            to.consent.preview(&[sim(1)], &classes).map(drop)
        }
        (Interface::Consent, "ledger") => to.consent.ledger(-1, 10, &[], &[]).map(drop),
        (Interface::Consent, "ledgerTotals") => to.consent.ledgerTotals(0, 9, 60).map(drop),
        (Interface::Consent, "ledgerCheckpoint") => to.consent.ledgerCheckpoint().map(drop),
        (Interface::Consent, "exportLedger") => {
            let file = ParcelFileDescriptor::from(tempfile::tempfile().unwrap());
            to.consent.exportLedger(&file).map(drop)
        }
        (Interface::Consent, "eraseLedger") => to.consent.eraseLedger(),
        (Interface::Consent, "legacy") => to.consent.legacy("en-GB").map(drop),
        (Interface::Consent, "legacyTold") => to.consent.legacyTold(),
        (Interface::Consent, "addListener") => to.consent.addListener(&listener),
        (Interface::Consent, "removeListener") => to.consent.removeListener(&listener),
        (Interface::Platform, "reportUsers") => to.platform.reportUsers(&[user(0)]),
        (Interface::Platform, "reportIdentities") => to.platform.reportIdentities(10, &[sim(1)]),
        (Interface::Platform, "reportNetwork") => to.platform.reportNetwork(&Default::default()),
        (Interface::Platform, "provideStorageKey") => to.platform.provideStorageKey(10, &[1; 32]),
        (Interface::Platform, "wantsIdentities") => to.platform.wantsIdentities(10).map(drop),
        (Interface::Platform, "wantsLegacy") => to.platform.wantsLegacy(10).map(drop),
        (Interface::Platform, "reportLegacy") => to.platform.reportLegacy(10, &[]),
        (Interface::Platform, "addListener") => to.platform.addListener(&listener),
        (Interface::Messaging, "state") => to.messaging.state().map(drop),
        (Interface::Messaging, "send") => to.messaging.send(&message()).map(drop),
        (Interface::Messaging, "outcomes") => to.messaging.outcomes(0, 10).map(drop),
        (Interface::Messaging, "acknowledgeOutcomes") => to.messaging.acknowledgeOutcomes(1),
        (Interface::Messaging, "inbound") => to.messaging.inbound(0, 10).map(drop),
        (Interface::Messaging, "acknowledgeInbound") => to.messaging.acknowledgeInbound(1),
        (Interface::Messaging, "checkSms") => {
            to.messaging.checkSms(1, "+15550199", "see you at the pier", 5).map(drop)
        }
        (Interface::Messaging, "submitCode") => to.messaging.submitCode(1, "CODE4242"),
        (Interface::Messaging, "keyChanged") => to.messaging.keyChanged().map(drop),
        (Interface::Messaging, "acknowledgeKeyChanges") => to.messaging.acknowledgeKeyChanges(1),
        (Interface::Messaging, "fingerprint") => to.messaging.fingerprint(1, "+15550199").map(drop),
        (Interface::Messaging, "setCallback") => to.messaging.setCallback(None),
        row => panic!("the matrix does not call {row:?}"),
    }
}

pub fn grant() -> aidl::Grant::Grant {
    aidl::Grant::Grant {
        disclosureSha256: vec![1; 32],
        locale: "en-GB".into(),
        allowedClasses: vec![aidl::DataClass::DataClass::PHONE_NUMBER],
        sims: vec![sim(1)],
        method: aidl::CaptureMethod::CaptureMethod::SETTINGS_PAGE,
        ..Default::default()
    }
}

pub fn message() -> aidl::OutgoingMessage::OutgoingMessage {
    aidl::OutgoingMessage::OutgoingMessage {
        id: vec![1; 16],
        subscriptionId: 1,
        recipient: "+15550199".into(),
        body: "see you at the pier".into(),
        smsDeadlineMillis: 5,
    }
}

pub fn user(id: i32) -> aidl::UserReport::UserReport {
    aidl::UserReport::UserReport { user: id, serial: 7, ..Default::default() }
}

/// A denied caller gets the exception and nothing else.
fn is_denied(result: &Result<(), Status>) -> bool {
    result.as_ref().is_err_and(|status| {
        status.exception_code() == ExceptionCode::SECURITY
            && status.message().unwrap_or_default().is_empty()
            && status.service_specific_error() == 0
    })
}

/// Who we are in a run of the matrix.
struct Situation {
    name: &'static str,
    settings: bool,
    /// Uids reported as default SMS apps.
    default_sms: Vec<u32>,
    foreign: bool,
}

/// Calls every method as one caller, and checks each answer against who the method is for.
fn run(situation: &Situation) {
    let (uid, user) = if situation.foreign { (FOREIGN, 10) } else { (own_uid(), 0) };
    assert_eq!((uid / 100_000) as i32, user, "run the tests as a user below 100000");
    let settings = if situation.settings { uid } else { uid + 1 };
    let stage = Stage::new(&[settings]);
    for uid in &situation.default_sms {
        stage.set_default_sms(*uid);
    }
    let all = |to: &Clients| {
        for row in TABLE {
            for uid in &situation.default_sms {
                stage.set_default_sms(*uid);
            }
            stage.fake.take_asked();
            let result = call(row, to);
            let asked = stage.fake.take_asked();
            let meant = match row.2 {
                Who::Settings => situation.settings,
                Who::SettingsOfSystemUser => situation.settings && user == 0,
                Who::DefaultSmsApp => situation.default_sms.contains(&uid),
            };
            let at = format!("{} {:?}.{}", situation.name, row.0, row.1);
            assert_eq!(is_denied(&result), !meant, "{at}: {result:?}");
            if !meant {
                assert_eq!(asked, [], "{at}: the module was asked for a denied caller");
            } else if row.0 != Interface::Platform {
                for (_, of) in asked {
                    assert!(of == user || of == -1, "{at}: acted for user {of}");
                }
            }
        }
    };
    if situation.foreign {
        as_foreign(|| all(&stage.clients()));
    } else {
        all(&stage.clients());
    }
}

#[test]
fn each_method_serves_whom_the_table_names_and_nobody_else() {
    let own = own_uid();
    let situation = |name, settings, default_sms: &[u32]| Situation {
        name,
        settings,
        default_sms: default_sms.to_vec(),
        foreign: false,
    };
    run(&situation("nobody", false, &[]));
    run(&situation("settings app", true, &[]));
    run(&situation("default SMS app", false, &[own]));
    run(&situation("both", true, &[own]));
    run(&situation("not the default SMS app", false, &[own + 1]));
    run(&situation("default SMS app of nobody's user", false, &[FOREIGN]));
}

#[test]
fn another_user_acts_for_itself_and_never_reports() {
    if own_uid() != 0 {
        eprintln!("only root can take another uid; the rule itself is tested below all the same");
        return;
    }
    let situation = |name, settings, default_sms: &[u32]| Situation {
        name,
        settings,
        default_sms: default_sms.to_vec(),
        foreign: true,
    };
    run(&situation("nobody of user 10", false, &[0]));
    run(&situation("settings app of user 10", true, &[]));
    run(&situation("default SMS app of user 10", false, &[FOREIGN]));
    run(&situation("default SMS app of user 10 by now another", false, &[FOREIGN + 1]));
}

#[test]
fn the_rule_holds_for_every_row_and_every_kind_of_caller() {
    for (interface, method, who) in TABLE {
        for user in [0, 1, 10] {
            for identity in [Identity::Settings, Identity::Other, Identity::Unknown] {
                for reported in [None, Some(0), Some(1)] {
                    let uid = user as u32 * 100_000 + 10_050;
                    let fake = Fake::default();
                    if let Some(off) = reported {
                        fake.default_sms.lock().unwrap().insert(user, uid + off);
                    }
                    let settings = identity == Identity::Settings;
                    let want = match who {
                        Who::Settings => settings,
                        Who::SettingsOfSystemUser => settings && user == 0,
                        Who::DefaultSmsApp => reported == Some(0) && identity != Identity::Unknown,
                    };
                    let caller = Caller { uid, user, identity };
                    assert_eq!(allows(interface, method, caller, &fake), want);
                    assert!(!allows(interface, "dump", caller, &fake));
                }
            }
        }
    }
}

#[test]
fn the_table_has_every_method_of_the_aidl_once() {
    let aidl = concat!(env!("CARGO_MANIFEST_DIR"), "/../../aidl/android/system/cloudmessaging/");
    for (interface, file) in [
        (Interface::Consent, "ICloudMessagingConsent.aidl"),
        (Interface::Platform, "ICloudMessagingPlatform.aidl"),
        (Interface::Messaging, "ICloudMessaging.aidl"),
    ] {
        let text = std::fs::read_to_string(format!("{aidl}{file}")).unwrap();
        let methods: BTreeSet<_> = text
            .lines()
            .map(str::trim)
            .filter(|line| line.ends_with(");") && !line.starts_with(['*', '/']))
            .map(|line| line[..line.find('(').unwrap()].rsplit(' ').next().unwrap())
            .collect();
        let rows: Vec<_> = TABLE.iter().filter(|row| row.0 == interface).collect();
        assert_eq!(rows.len(), methods.len(), "{file}");
        assert_eq!(rows.iter().map(|row| row.1).collect::<BTreeSet<_>>(), methods, "{file}");
    }
}
