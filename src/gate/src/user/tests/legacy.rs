// SPDX-License-Identifier: Apache-2.0
//! What an earlier service left is for the owner to read, and nothing else.

use super::*;
use crate::config::legacy::Legacy;
use crate::consent::{ConsentStore, OffReason};
use crate::service::words;

/// A phone whose earlier service was on and had registered it, just updated; user 0 has unlocked.
fn updated(disk: TempDir) -> Phone {
    let build = tempfile::tempdir().unwrap();
    fs::write(build.path().join("was-on"), "").unwrap();
    let list = format!(
        r#"{{"items": [{{"there": "{}", "means": ["on", "registered"]}}],
            "texts": {{"en": {{"erasure": "Write to us."}}}}}}"#,
        build.path().join("was-on").display()
    );
    fs::write(build.path().join("legacy.json"), list).unwrap();
    let legacy = Legacy::load_beside(&build.path().join("config.json")).unwrap();
    let data = disk.path().to_owned();
    let phone = Phone::with(disk, |module| module.legacy = Leftovers::new(legacy, &data));
    phone.all_reported();
    phone
}

#[test]
fn what_an_earlier_service_left_turns_nothing_on() {
    let phone = updated(tempfile::tempdir().unwrap());
    let found = phone.users.legacy(0, "en");
    assert!(found.found && found.wasOn && found.wasRegistered && found.toTell);
    let state = phone.users.consent_state(0);
    assert!(!state.on && !state.uplinkRunning);
    assert_eq!(state.offReason, words::off_reason(OffReason::NoRecord));
    let user = phone.users.user(0).unwrap();
    assert!(user.gate.terms().is_err());
    assert!(user.gate.connects().is_err());
    assert!(!phone.users.wants_identities(0));
    assert!(!ConsentStore::is_recorded(&phone.disk.path().join("0")));
}

#[test]
fn an_owner_is_told_until_it_was_said_that_it_was_and_never_while_on() {
    let phone = updated(tempfile::tempdir().unwrap());
    phone.grant(0).unwrap();
    assert!(!phone.users.legacy(0, "en").toTell);
    phone.users.withdraw(0, false);
    assert!(phone.users.legacy(0, "en").toTell);
    phone.users.legacy_told(0).unwrap();
    assert!(!phone.users.legacy(0, "en").toTell);
    let again = updated(phone.disk_copy()).users.legacy(0, "en");
    assert!(again.wasRegistered && !again.toTell);
    assert_eq!(again.erasure, "Write to us.");
}

#[test]
fn nobody_who_was_not_reported_is_told_anything() {
    let phone = updated(tempfile::tempdir().unwrap());
    phone.users.report_users(&[user(10)]);
    assert!(!phone.users.legacy(0, "en").found);
    assert_eq!(phone.users.legacy_told(0), Err(ServiceError::NotReady));
    assert!(phone.users.wants_legacy(0).is_empty());
    assert_eq!(phone.users.report_legacy(0, &[]), Ok(()));
    assert!(!phone.disk.path().join("0/legacy").exists(), "removed with the user");
    // And who came later never had it.
    assert!(!phone.users.legacy(10, "en").found);
}
