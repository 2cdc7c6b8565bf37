// SPDX-License-Identifier: Apache-2.0
//! What is left of a user who was removed: nothing (P1, P7).

use super::*;

/// The user's id again, under another serial number.
fn second() -> aidl::UserReport::UserReport {
    aidl::UserReport::UserReport { serial: SERIAL + 1, ..user(0) }
}

/// All files below the folder of the users, by their names from there.
fn files(data: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            let path = entry.path();
            found.push(path.strip_prefix(data).unwrap().display().to_string());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

fn count_entries(phone: &Phone) -> usize {
    phone.users.ledger(0, None, 1000, &Default::default()).unwrap().len()
}

#[test]
fn of_a_removed_user_no_file_is_left() {
    let phone = Phone::turned_on();
    phone.send(1).unwrap();
    let uplink = phone.uplink(0);
    let before = files(phone.disk.path());
    for name in ["0/consent", "0/record_key", "0/owner", "0/ledger", "0/messages.db"] {
        assert!(before.iter().any(|file| file == name), "{name}: {before:?}");
    }
    phone.users.report_users(&[user(10)]);
    assert!(!exists(&uplink));
    let left = files(phone.disk.path());
    assert!(left.iter().all(|file| file == "10" || file.starts_with("10/")), "{left:?}");
    assert!(phone.users.withdraw(0, true).durable, "turning off what is not there");
    assert!(!phone.disk.path().join("0").exists());
}

#[test]
fn also_of_one_who_was_removed_while_the_gate_was_down() {
    let phone = Phone::turned_on();
    phone.send(1).unwrap();
    let later = phone.after_power_cut();
    // What a crash left of an earlier removal.
    let left = later.disk.path().join("removed-11");
    fs::create_dir(&left).unwrap();
    copy_all(&later.disk.path().join("0"), &left);
    later.users.report_users(&[user(10)]);
    let left = files(later.disk.path());
    assert!(left.iter().all(|file| file == "10" || file.starts_with("10/")), "{left:?}");
}

#[test]
fn whoever_gets_the_id_finds_nothing() {
    let phone = Phone::turned_on();
    phone.send(1).unwrap();
    for again in [&phone, &phone.after_power_cut()] {
        again.users.report_network(network());
        again.users.report_users(&[second()]);
        assert!(!again.is_on(0));
        assert_eq!(again.events(), ["boot"], "a ledger of its own");
        again.unlock(0);
        assert!(again.users.outcomes(0, 0, 10).unwrap().is_empty());
        assert_eq!(again.grant(0), Ok(()), "and can be turned on for them");
        assert!(exists(&again.uplink(0)));
        assert_eq!(again.send(1), Ok(None));
    }
}

#[test]
fn the_key_of_the_ledger_is_another_one() {
    let phone = Phone::ready();
    let key = |phone: &Phone| phone.users.ledger_checkpoint(0).unwrap().key;
    let first = key(&phone);
    assert_eq!(key(&phone), first);
    phone.users.report_users(&[second()]);
    assert_ne!(key(&phone), first);
}

#[test]
fn a_user_who_is_reported_again_has_everything() {
    let phone = Phone::turned_on();
    let entries = count_entries(&phone);
    phone.users.report_users(&[user(0), user(10)]);
    assert!(phone.is_on(0));
    let again = phone.after_power_cut();
    again.users.report_users(&[user(10), user(0)]);
    assert!(again.is_on(0) && count_entries(&again) >= entries);
}

#[test]
fn what_cannot_be_deleted_is_nobodys_until_it_is() {
    let phone = Phone::turned_on();
    // Somebody who writes keeps the ledger open.
    let held = phone.user(0).book.hold();
    phone.users.report_users(&[second()]);
    assert_eq!(
        phone.users.consent_state(0).offReason,
        aidl::OffReason::OffReason::UNKNOWN_USER,
        "neither is the first one's consent read, nor is there a second one"
    );
    assert_eq!(phone.grant(0), Err(ServiceError::NotReady));
    assert!(!phone.file("consent").exists(), "off is at once, and for good");
    assert!(phone.file("ledger").exists());
    drop(held);
    phone.users.report_users(&[second()]);
    phone.unlock(0);
    assert_eq!(phone.grant(0), Ok(()));
}

#[test]
fn a_grant_that_meets_the_removal_comes_to_nothing() {
    let phone = Phone::ready();
    let users = phone.users.clone();
    // When the grant looks at the clock, the user is removed.
    INTERRUPTION.set(Some(Box::new(move || users.report_users(&[user(10)]))));
    assert_eq!(phone.grant(0), Err(ServiceError::Ledger));
    let left = files(phone.disk.path());
    assert!(!left.iter().any(|file| file.ends_with("consent")), "{left:?}");
}

#[test]
fn a_folder_that_does_not_say_whose_it_is_is_anothers() {
    let phone = Phone::turned_on();
    let copy = phone.disk_copy();
    let owner = copy.path().join("0/owner");
    assert_eq!(fs::read_to_string(&owner).unwrap(), SERIAL.to_string());
    fs::write(&owner, "\u{0}").unwrap();
    let again = Phone::on(copy);
    again.all_reported();
    assert!(!again.is_on(0));
    assert_eq!(fs::read_to_string(&owner).unwrap(), SERIAL.to_string());
}
