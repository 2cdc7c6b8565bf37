// SPDX-License-Identifier: Apache-2.0
//! Consent under a Keystore's key: a copied /data says off, a withdrawal is for good, and what Keystore does not do
//! leaves off.

use super::*;
use crate::keystore::tests::fake::Fake;
use crate::keystore::tests::{keystore, LONG as PATIENCE};

fn started(disk: TempDir, fake: &Fake) -> Phone {
    Phone::with(disk, |module| module.secrets = Box::new(keystore(fake, PATIENCE)))
}

fn turned_on(fake: &Fake) -> Phone {
    let phone = started(tempfile::tempdir().unwrap(), fake);
    phone.all_reported();
    phone.grant(0).unwrap();
    assert!(phone.is_on(0));
    phone
}

/// Whether the phone with this disk and this Keystore comes up as on.
fn comes_up(disk: TempDir, fake: &Fake) -> bool {
    let phone = started(disk, fake);
    phone.all_reported();
    phone.is_on(0)
}

#[test]
fn a_consent_is_of_one_phone() {
    let fake = Fake::default();
    let phone = turned_on(&fake);
    assert!(!phone.file("record_key").exists(), "no key is on the disk");
    assert!(comes_up(phone.disk_copy(), &fake), "after a power cut");
    assert!(!comes_up(phone.disk_copy(), &Fake::default()), "on an empty phone");
    let another = Fake::default();
    turned_on(&another);
    assert!(!comes_up(phone.disk_copy(), &another), "on a phone with a consent of its own");
}

#[test]
fn a_withdrawn_consent_that_is_put_back_is_off() {
    let fake = Fake::default();
    let phone = turned_on(&fake);
    let before = phone.disk_copy();
    assert!(phone.users.withdraw(0, false).durable);
    assert!(!fake.names().iter().any(|name| name.starts_with("record_key")));
    assert!(!comes_up(before, &fake));
}

#[test]
fn a_consent_is_off_while_keystore_does_not_answer_and_the_owner_s_again_when_it_does() {
    let fake = Fake::default();
    let phone = turned_on(&fake);
    for (absent, refuses) in [(true, None), (false, Some(4))] {
        fake.set(|mood| (mood.absent, mood.refuses) = (absent, refuses));
        assert!(!comes_up(phone.disk_copy(), &fake));
    }
    fake.set(|mood| (mood.absent, mood.refuses) = (false, None));
    assert!(comes_up(phone.disk_copy(), &fake));
}

#[test]
fn a_grant_that_keystore_does_not_take_is_off() {
    let fake = Fake::default();
    let phone = started(tempfile::tempdir().unwrap(), &fake);
    phone.all_reported();
    fake.set(|mood| mood.refuses = Some(4));
    assert_eq!(phone.grant(0), Err(ServiceError::Storage));
    assert!(!phone.is_on(0));
    fake.set(|mood| mood.refuses = None);
    assert!(!comes_up(phone.disk_copy(), &fake));
    phone.grant(0).unwrap();
    assert!(phone.is_on(0));
}

#[test]
fn a_withdrawal_whose_key_stays_is_off_at_once_and_durable_when_it_is_deleted() {
    let fake = Fake::default();
    let phone = turned_on(&fake);
    let uplink = phone.uplink(0);
    fake.set(|mood| mood.refuses = Some(-49));
    assert!(!phone.users.withdraw(0, false).durable);
    assert!(!phone.is_on(0) && !exists(&uplink));
    assert!(!phone.file("consent").exists(), "the record went all the same");
    assert_eq!(fake.names().iter().filter(|name| name.starts_with("record_key")).count(), 1);
    fake.set(|mood| mood.refuses = None);
    let durable = || phone.users.consent_state(0).durable.then_some(());
    eventually("the deletion is tried again", durable);
    assert!(!fake.names().iter().any(|name| name.starts_with("record_key")));
}

#[test]
fn a_sim_that_was_agreed_to_is_not_asked_about_again() {
    let fake = Fake::default();
    let phone = turned_on(&fake);
    let again = started(phone.disk_copy(), &fake);
    again.all_reported();
    fake.set(|mood| mood.refuses = Some(4));
    for phone in [&phone, &again] {
        phone.all_reported();
        phone.users.report_network(network());
        assert_eq!(phone.user(0).gate.connects().err(), None);
    }
}

#[test]
fn nobody_who_turns_off_waits_until_a_sim_is_recognised() {
    let fake = Fake::default();
    let phone = turned_on(&fake);
    let another = SimIdentity::new(SIM, "+15550109".into(), IMSI.into(), IMEI.into()).unwrap();
    fake.set(|mood| mood.hangs = true);
    std::thread::scope(|scope| {
        let reported = scope.spawn(|| phone.users.report_identities(0, vec![another]));
        eventually("it is asked about", || (fake.hanging() == 1).then_some(()));
        assert!(phone.user(0).consent.try_lock().is_ok(), "a withdrawal begins with this lock");
        fake.set(|mood| mood.hangs = false);
        assert_eq!(reported.join().unwrap(), Ok(()));
    });
    assert_eq!(phone.user(0).gate.connects().err(), Some(Refusal::SimChanged));
}
