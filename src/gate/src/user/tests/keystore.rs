// SPDX-License-Identifier: Apache-2.0
//! Consent under a Keystore's key: a copied /data says off, a withdrawal is for good, and what Keystore does not do
//! leaves off.

use super::*;
use crate::keystore::tests::fake::Fake;
use crate::keystore::tests::{keystore, LONG as PATIENCE};

/// Neither the key nor its code is at fault: Keystore itself failed.
const FAILS: Option<i32> = Some(4);

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

/// A phone that was on, with a message accepted, and comes up while Keystore fails.
fn untold(fake: &Fake) -> Phone {
    let before = turned_on(fake);
    assert_eq!(before.send(1), Ok(None));
    before.events();
    let phone = started(before.disk_copy(), fake);
    fake.set(|mood| mood.refuses = FAILS);
    phone.all_reported();
    phone
}

fn looks_again(phone: &Phone) -> bool {
    lock(&phone.user(0).consent).looking
}

fn open_messages(phone: &Phone) -> usize {
    lock(&phone.user(0).desk).outbox.open().count()
}

#[test]
fn what_cannot_be_told_is_off_ends_nothing_and_is_the_owner_s_again_when_it_can() {
    let fake = Fake::default();
    let phone = untold(&fake);
    assert!(!phone.is_on(0) && !phone.user(0).gate.running());
    let state = phone.users.consent_state(0);
    assert_eq!(state.offReason, aidl::OffReason::OffReason::UNREADABLE);
    assert!(!phone.users.wants_identities(0));
    assert_eq!(phone.send(2), Ok(Some(crate::gate::Closed::Off.into())));
    assert_eq!(open_messages(&phone), 1, "nobody has withdrawn it");
    assert!(phone.users.outcomes(0, 0, 9).unwrap().is_empty());
    assert_eq!(phone.events(), ["boot", "grant", "boot"], "nothing was found");
    assert_eq!(phone.user(0).module.stay.users(), [0], "it has to be here to look again");

    fake.set(|mood| mood.refuses = None);
    eventually("it is read again", || phone.is_on(0).then_some(()));
    phone.users.report_identities(0, vec![sim()]).unwrap();
    assert!(exists(&phone.uplink(0)));
    assert_eq!(phone.events(), ["boot", "grant", "boot"], "the ledger has said so all the time");
    assert_eq!(open_messages(&phone), 1);
    eventually("nobody looks again", || (!looks_again(&phone)).then_some(()));
    phone.users.withdraw(0, false);
    assert_eq!(phone.users.outcomes(0, 0, 9).unwrap().len(), 1, "it has its one outcome");
}

#[test]
fn a_withdrawal_of_what_cannot_be_told_is_for_good() {
    let fake = Fake::default();
    let phone = untold(&fake);
    assert!(!phone.users.withdraw(0, false).durable, "Keystore deletes nothing");
    assert!(!phone.file("consent").exists());
    assert_eq!(phone.users.outcomes(0, 0, 9).unwrap().len(), 1);
    assert_eq!(phone.events(), ["boot", "grant", "boot", "outcome", "withdraw"]);
    fake.set(|mood| mood.refuses = None);
    let durable = || phone.users.consent_state(0).durable.then_some(());
    eventually("the deletion is tried again", durable);
    eventually("nobody looks again", || (!looks_again(&phone)).then_some(()));
    let state = phone.users.consent_state(0);
    assert_eq!(state.offReason, aidl::OffReason::OffReason::NO_RECORD);
    assert!(!phone.is_on(0) && !comes_up(phone.disk_copy(), &fake));
}

#[test]
fn a_grant_over_what_cannot_be_told_is_the_owner_s_word() {
    let fake = Fake::default();
    let phone = untold(&fake);
    fake.set(|mood| mood.refuses = None);
    phone.grant(0).unwrap();
    let granted = phone.user(0).gate.terms().unwrap().record_id;
    eventually("nobody looks again", || (!looks_again(&phone)).then_some(()));
    assert_eq!(phone.user(0).gate.terms().unwrap().record_id, granted);
    let ended = eventually("what the one before had accepted ends", || {
        phone.users.outcomes(0, 0, 9).unwrap().pop()
    });
    assert_eq!(ended.reason, aidl::SmsReason::SmsReason::OFF);
}

#[test]
fn what_cannot_be_told_of_a_user_who_is_gone_is_not_told_later() {
    let fake = Fake::default();
    let phone = untold(&fake);
    let user = phone.user(0);
    phone.users.report_users(&[]);
    fake.set(|mood| mood.refuses = None);
    eventually("nobody looks again", || (!lock(&user.consent).looking).then_some(()));
    assert!(user.gate.terms().is_err());
    eventually("its key is destroyed when Keystore answers", || {
        user.module.stay.users().is_empty().then_some(())
    });
    assert!(!fake.names().iter().any(|name| name.starts_with("record_key")));
    phone.all_reported();
    assert!(!phone.is_on(0));
}

#[test]
fn nobody_looks_again_at_what_is_known() {
    let fake = Fake::default();
    let phone = turned_on(&fake);
    assert!(!looks_again(&phone), "on");
    let again = started(phone.disk_copy(), &fake);
    again.all_reported();
    assert!(!looks_again(&again), "on after a start");
    let another = started(phone.disk_copy(), &Fake::default());
    another.all_reported();
    assert!(!looks_again(&another), "the record of another phone");
    phone.users.withdraw(0, false);
    assert!(!looks_again(&phone), "off");
}

#[test]
fn a_sim_that_could_not_be_told_is_asked_about_again() {
    let fake = Fake::default();
    let phone = started(turned_on(&fake).disk_copy(), &fake);
    phone.users.report_network(network());
    phone.users.report_users(&[user(0)]);
    phone.unlock(0);
    fake.set(|mood| mood.refuses = FAILS);
    phone.users.report_identities(0, vec![sim()]).unwrap();
    assert_eq!(phone.user(0).gate.connects().err(), Some(Refusal::SimChanged));
    fake.set(|mood| mood.refuses = None);
    eventually("it is told", || phone.user(0).gate.connects().ok());
    eventually("nobody looks again", || (!looks_again(&phone)).then_some(()));
}

#[test]
fn nobody_who_turns_off_waits_until_a_record_is_read() {
    let fake = Fake::default();
    let phone = started(turned_on(&fake).disk_copy(), &fake);
    fake.set(|mood| mood.hangs = true);
    std::thread::scope(|scope| {
        let reported = scope.spawn(|| phone.users.report_users(&[user(0)]));
        eventually("it is asked", || (fake.hanging() == 1).then_some(()));
        assert!(phone.user(0).consent.try_lock().is_ok(), "a withdrawal begins with this lock");
        lock(&phone.user(0).consent).forget();
        fake.set(|mood| mood.hangs = false);
        reported.join().unwrap();
    });
    assert!(!phone.is_on(0), "the answer is to a question that nobody asks any more");
}
