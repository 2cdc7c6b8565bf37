// SPDX-License-Identifier: Apache-2.0
//! A boot after an update, until it is committed: /data may still be put back, and what cannot be put back with it does not
//! happen (P2, P3, P7).

use super::*;
use crate::checkpoint::WhileFile;
use crate::keystore::tests::fake::Fake;
use crate::keystore::tests::{keystore, LONG as PATIENCE};

/// A phone on trial, and the file that has to go for it to be committed.
fn on_trial(disk: TempDir, change: impl FnOnce(&mut Module)) -> Phone {
    let file = disk.path().join("trial");
    fs::write(&file, "").unwrap();
    let phone = Phone::with(disk, |module| {
        module.checkpoint = Box::new(WhileFile::new(file));
        change(module);
    });
    phone.all_reported();
    phone
}

fn commit(phone: &Phone) {
    fs::remove_file(phone.disk.path().join("trial")).unwrap();
}

/// On, with a message accepted, under a Keystore; and the disk of it.
fn before(fake: &Fake) -> TempDir {
    let with = |module: &mut Module| module.secrets = Box::new(keystore(fake, PATIENCE));
    let phone = Phone::with(tempfile::tempdir().unwrap(), with);
    phone.all_reported();
    phone.grant(0).unwrap();
    assert_eq!(phone.send(1), Ok(None));
    phone.events();
    phone.disk_copy()
}

fn has_record_key(fake: &Fake) -> bool {
    fake.names().iter().any(|name| name.starts_with("record_key"))
}

#[test]
fn until_a_boot_is_committed_no_uplink_starts_and_nothing_is_accepted() {
    let fake = Fake::default();
    let phone = on_trial(before(&fake), |m| m.secrets = Box::new(keystore(&fake, PATIENCE)));
    assert!(phone.is_on(0), "the owner's word stands");
    let user = phone.user(0);
    assert_eq!(phone.users.consent_state(0).refusal, aidl::Refusal::Refusal::NOT_YET_REPORTED);
    let started = user.gate.start(|network| user.module.start_uplink(network));
    assert_eq!(started.err(), Some(Refusal::NotYetReported));
    assert_eq!(phone.send(2), Ok(Some(Refusal::NotYetReported)));
    phone.users.report_network(network());
    phone.all_reported();
    assert!(!user.gate.running());

    commit(&phone);
    // Nobody reports anything.
    assert!(exists(&phone.uplink(0)));
    assert_eq!(phone.send(2), Ok(None));
    let looks = || (!lock(&user.consent).looking).then_some(());
    eventually("nobody looks at it any more", looks);
}

#[test]
fn a_withdrawal_before_the_commit_is_off_not_yet_durable_and_repeated_after_it() {
    let fake = Fake::default();
    let phone = on_trial(before(&fake), |m| m.secrets = Box::new(keystore(&fake, PATIENCE)));
    let withdrawn = phone.users.withdraw(0, true);
    assert!(!withdrawn.durable, "a rollback brings it back");
    assert!(!phone.is_on(0) && !phone.users.consent_state(0).durable);
    assert!(!phone.file("consent").exists());
    assert!(has_record_key(&fake), "what a rollback would not bring back");
    assert!(phone.users.outcomes(0, 0, 9).unwrap().is_empty(), "nor an SMS that the app sends");
    phone.users.report_users(&[user(0), user(10)]);
    assert!(!phone.is_on(0));

    commit(&phone);
    eventually("it is durable", || phone.users.consent_state(0).durable.then_some(()));
    assert!(!has_record_key(&fake) && !phone.file("consent").exists());
    let ended = eventually("messages end", || phone.users.outcomes(0, 0, 9).unwrap().pop());
    assert_eq!(ended.reason, aidl::SmsReason::SmsReason::OFF);
    let again = Phone::with(phone.disk_copy(), |m| m.secrets = Box::new(keystore(&fake, PATIENCE)));
    again.all_reported();
    assert!(!again.is_on(0));
}

#[test]
fn a_boot_that_is_undone_leaves_what_was_there_before() {
    let fake = Fake::default();
    let disk = before(&fake);
    let put_back = copied(disk.path());
    let trial = on_trial(disk, |m| m.secrets = Box::new(keystore(&fake, PATIENCE)));
    assert_eq!(trial.grant(0), Err(ServiceError::NotReady), "it would replace the key");
    trial.users.withdraw(0, true);
    trial.users.report_users(&[aidl::UserReport::UserReport { serial: SERIAL + 1, ..user(0) }]);
    trial.users.report_users(&[user(10)]);
    drop(trial);
    let phone = Phone::with(put_back, |m| m.secrets = Box::new(keystore(&fake, PATIENCE)));
    phone.all_reported();
    assert!(phone.is_on(0) && exists(&phone.uplink(0)));
    assert_eq!(lock(&phone.user(0).desk).outbox.open().count(), 1);
}

#[test]
fn users_who_are_gone_stay_on_the_disk_until_the_commit() {
    let phone = Phone::turned_on();
    let trial = on_trial(phone.disk_copy(), |_| ());
    trial.users.report_users(&[user(10)]);
    assert!(trial.file("consent").exists() && trial.users.user(0).is_none());
    commit(&trial);
    trial.users.report_users(&[user(10)]);
    assert!(!trial.disk.path().join("0").exists());
}
