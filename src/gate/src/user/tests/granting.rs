// SPDX-License-Identifier: Apache-2.0
//! How it turns on, and how it does not (P1, P7).

use super::*;
use crate::file::{faults, Step};

#[test]
fn off_until_granted() {
    let phone = Phone::on(tempfile::tempdir().unwrap());
    assert!(!phone.is_on(0), "nothing reported");
    phone.all_reported();
    assert!(!phone.is_on(0));
    assert!(!phone.users.wants_identities(0));
    assert!(!phone.user(0).gate.running());
    assert_eq!(phone.users.report_identities(0, vec![sim()]), Err(ServiceError::Off));
    assert_eq!(phone.events(), ["boot"]);
}

#[test]
fn a_grant_needs_reports_and_an_unlocked_user() {
    let phone = Phone::on(tempfile::tempdir().unwrap());
    let refused = |why: &str| {
        assert_eq!(phone.grant(0), Err(ServiceError::NotReady), "{why}");
        assert!(!phone.is_on(0), "{why}");
    };
    refused("nobody reported");
    phone.users.report_users(&[user(10)]);
    refused("somebody else reported");
    phone.users.report_users(&[user(0)]);
    refused("no storage key");
    phone.unlock(0);
    let locked = aidl::UserReport::UserReport { unlocked: false, ..user(0) };
    phone.users.report_users(&[locked]);
    refused("locked");
    phone.users.report_users(&[user(0)]);
    refused("unlocked, but the key was forgotten with the lock");
    phone.unlock(0);
    let forbidden = aidl::UserReport::UserReport { smsForbidden: true, ..user(0) };
    phone.users.report_users(&[forbidden]);
    assert_eq!(phone.grant(0), Err(ServiceError::Forbidden));
    let policy = || phone.users.consent_state(0).policy;
    assert_eq!(policy(), aidl::Policy::Policy::SMS_FORBIDDEN, "it is told while off, too");
    phone.users.report_users(&[user(0)]);
    assert_eq!(policy(), aidl::Policy::Policy::NONE);
    let unknown = GrantRequest { disclosure_sha256: [0; 32], ..phone.request() };
    assert_eq!(phone.users.grant(0, unknown), Err(ServiceError::UnknownDisclosure));
    assert!(!phone.is_on(0));
    assert_eq!(phone.grant(0), Ok(()));
    assert!(phone.is_on(0));
}

#[test]
fn a_grant_is_on_disk_and_opens_the_gate() {
    let phone = Phone::ready();
    phone.grant(0).unwrap();
    let cut = phone.after_power_cut();
    assert!(phone.is_on(0));
    assert!(exists(&phone.uplink(0)));
    assert_eq!(phone.events(), ["boot", "grant"]);

    cut.all_reported();
    assert!(cut.is_on(0), "after a power cut right after the grant returned");
    assert!(exists(&cut.uplink(0)));
}

#[test]
fn a_second_user_cannot_take_the_sim() {
    let phone = Phone::turned_on();
    phone.users.report_users(&[user(0), user(10)]);
    phone.unlock(10);
    let before = format!("{:?}", phone.users.consent_state(10));
    assert_eq!(phone.grant(10), Err(ServiceError::SimInUse));
    let other = SimIdentity::new(SIM, "+15550102".into(), String::new(), String::new()).unwrap();
    let same_slot = GrantRequest { sims: vec![other], ..phone.request() };
    assert_eq!(phone.users.grant(10, same_slot), Err(ServiceError::SimInUse));
    let after = format!("{:?}", phone.users.consent_state(10));
    assert_eq!(after, before, "is told nothing else");
    let entries = phone.users.ledger(10, None, 100, &Default::default()).unwrap();
    assert!(entries.iter().all(|entry| entry.event == "boot"));
    assert!(phone.is_on(0));

    phone.users.withdraw(0, false);
    assert_eq!(phone.grant(10), Ok(()), "who had it gave it up");
}

#[test]
fn a_sim_of_a_user_who_is_gone_is_free() {
    let phone = Phone::turned_on();
    phone.users.report_users(&[user(10)]);
    phone.unlock(10);
    assert_eq!(phone.grant(10), Ok(()));
}

#[test]
fn a_grant_whose_record_cannot_be_written_is_off() {
    for step in [Step::Create, Step::Write, Step::SyncFile, Step::Rename] {
        for before in [Phone::ready(), Phone::turned_on()] {
            let sent = before.send(1) == Ok(None);
            faults::every(step);
            let granted = before.grant(0);
            faults::none();
            assert_eq!(granted, Err(ServiceError::Storage), "{step:?}");
            assert!(!before.is_on(0), "{step:?}");
            assert!(!before.user(0).gate.running(), "{step:?}");
            // What was accepted under the consent that it was to replace ended with that.
            let outcomes = before.users.outcomes(0, 0, 10).unwrap();
            let reasons: Vec<_> = outcomes.iter().map(|outcome| outcome.reason).collect();
            let off = [aidl::SmsReason::SmsReason::OFF];
            assert_eq!(reasons, if sent { &off[..] } else { &[] }, "{step:?}");
            assert!(before.events().iter().any(|event| event == "withdraw"), "the ledger says off");
            let cut = before.after_power_cut();
            cut.all_reported();
            assert!(!cut.is_on(0), "{step:?}, after a power cut");
            assert_eq!(cut.events().last().unwrap(), "boot", "and was right");
        }
    }
}

#[test]
fn a_grant_that_met_a_withdrawal_in_the_middle_does_not_come_after_it() {
    let phone = Phone::ready();
    let users = phone.users.clone();
    // The first time that a grant reads is that of its record.
    INTERRUPTION.set(Some(Box::new(move || {
        assert!(users.withdraw(0, false).durable);
    })));
    assert_eq!(phone.grant(0), Err(ServiceError::Off));
    assert!(INTERRUPTION.take().is_none(), "it came in the middle");
    assert!(!phone.is_on(0));
    assert!(!phone.file("consent").exists());
    assert_eq!(phone.events(), ["boot", "grant", "withdraw"]);
    assert_eq!(phone.grant(0), Ok(()), "the next one is a decision of its own");
}

#[test]
fn a_class_that_could_not_be_allowed_is_not_allowed_in_the_ledger_either() {
    let phone = Phone::turned_on();
    phone.users.set_class_allowed(0, DataClass::Imsi, false).unwrap();
    faults::every(Step::Rename);
    let allowed = phone.users.set_class_allowed(0, DataClass::Imsi, true);
    faults::none();
    assert_eq!(allowed, Err(ServiceError::Storage));
    assert_eq!(phone.events(), ["boot", "grant", "class_change", "class_change", "class_change"]);
    let entries = phone.users.ledger(0, None, 10, &Default::default()).unwrap();
    let last = entries.iter().find(|entry| entry.event == "class_change").unwrap();
    assert_eq!(last.summary, "Forbade to reveal: IMSI");
}

#[test]
fn forbidding_a_class_survives_a_restart_and_ends_the_uplink() {
    let phone = Phone::turned_on();
    let before = phone.uplink(0);
    phone.users.set_class_allowed(0, DataClass::Imsi, false).unwrap();
    assert!(!exists(&before));
    assert!(!Arc::ptr_eq(&before, &phone.uplink(0)), "another took its place");
    let cut = phone.after_power_cut();
    for phone in [&phone, &cut] {
        phone.all_reported();
        let allowed = phone.user(0).gate.terms().unwrap().classes;
        assert!(!allowed.contains(DataClass::Imsi) && allowed.contains(DataClass::Imei));
        let shown = phone.users.consent_state(0).allowedClasses;
        assert!(!shown.contains(&aidl::DataClass::DataClass::IMSI));
    }
    phone.users.set_class_allowed(0, DataClass::Imsi, true).unwrap();
    assert!(phone.user(0).gate.terms().unwrap().classes.contains(DataClass::Imsi));
    assert_eq!(phone.events(), ["boot", "grant", "class_change", "class_change"]);
}
