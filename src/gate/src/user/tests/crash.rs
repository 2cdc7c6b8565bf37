// SPDX-License-Identifier: Apache-2.0
//! What a crash leaves, and a ledger that cannot be read (P1, P5, P7).

use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::proto::uplink::Connect;

use super::*;

/// The disk of a phone with the ledger of an earlier one.
fn with_ledger_of(disk: TempDir, earlier: &Path) -> TempDir {
    let ledger = disk.path().join("0/ledger");
    for segment in fs::read_dir(&ledger).unwrap() {
        fs::remove_file(segment.unwrap().path()).unwrap();
    }
    copy_all(&earlier.join("0/ledger"), &ledger);
    disk
}

#[test]
fn what_a_crash_left_between_record_and_entry_is_settled() {
    let phone = Phone::ready();
    assert_eq!(phone.events(), ["boot"]);
    let earlier = phone.disk_copy();
    phone.grant(0).unwrap();

    let on = Phone::on(with_ledger_of(phone.disk_copy(), earlier.path()));
    on.all_reported();
    assert!(on.is_on(0));
    assert_eq!(on.events(), ["boot", "boot", "found_on"]);
    let again = on.after_power_cut();
    again.all_reported();
    assert_eq!(again.events(), ["boot", "boot", "found_on", "boot"], "said once");

    let disk = phone.disk_copy();
    fs::remove_file(disk.path().join("0/consent")).unwrap();
    let off = Phone::on(disk);
    off.all_reported();
    assert!(!off.is_on(0));
    assert_eq!(off.events(), ["boot", "grant", "boot", "found_off"]);
    let again = off.after_power_cut();
    again.all_reported();
    assert_eq!(again.events(), ["boot", "grant", "boot", "found_off", "boot"], "said once");
    again.grant(0).unwrap();
    assert!(again.is_on(0));
}

#[test]
fn what_was_found_on_and_went_is_found_off() {
    let phone = Phone::ready();
    phone.events();
    let earlier = phone.disk_copy();
    phone.grant(0).unwrap();
    let on = Phone::on(with_ledger_of(phone.disk_copy(), earlier.path()));
    on.all_reported();
    assert_eq!(on.events(), ["boot", "boot", "found_on"]);
    let disk = on.disk_copy();
    fs::remove_file(disk.path().join("0/consent")).unwrap();
    let off = Phone::on(disk);
    off.all_reported();
    assert_eq!(off.events(), ["boot", "boot", "found_on", "boot", "found_off"]);
}

/// Turned on, with a ledger that is not as it was written.
fn with_damaged_ledger() -> Phone {
    let phone = Phone::turned_on();
    // So that the damage is not in what was written last, which a crash may have torn.
    assert_eq!(phone.events(), ["boot", "grant"]);
    let disk = phone.disk_copy();
    for segment in fs::read_dir(disk.path().join("0/ledger")).unwrap() {
        let segment = segment.unwrap().path();
        let mut bytes = fs::read(&segment).unwrap();
        bytes[40] ^= 1;
        fs::write(&segment, bytes).unwrap();
    }
    let phone = Phone::on(disk);
    phone.all_reported();
    phone
}

#[test]
fn a_ledger_that_does_not_open_sends_nothing_but_can_be_turned_off() {
    let phone = with_damaged_ledger();
    assert!(phone.is_on(0), "the ledger never touches consent");
    let uplink = phone.uplink(0);
    let user = phone.user(0);
    let connected = user.gate.permit(Purpose::Connect, Some(SIM), |permit| {
        permit.connect(Connect::default(), None, &user.book)
    });
    assert_eq!(connected, Err(Refusal::Ledger));
    assert!(phone.users.withdraw(0, false).durable);
    assert!(!phone.is_on(0) && !exists(&uplink));
    assert!(!phone.file("consent").exists());
}

#[test]
fn a_ledger_that_does_not_open_grants_nothing() {
    let phone = with_damaged_ledger();
    assert_eq!(phone.grant(0), Err(ServiceError::Ledger));
    assert!(!phone.is_on(0), "a grant that failed is off");
    assert!(!phone.file("consent").exists());
    assert_eq!(phone.grant(0), Err(ServiceError::Ledger));
    assert!(!phone.is_on(0));
}

#[test]
fn an_erased_history_is_not_taken_for_a_consent_that_came_or_went() {
    let phone = Phone::ready();
    phone.grant(0).unwrap();
    phone.user(0).book.erase().unwrap();
    assert_eq!(phone.events(), ["erased", "erased", "history_erased"]);
    let on = phone.after_power_cut();
    on.all_reported();
    assert!(on.is_on(0));
    assert_eq!(on.events(), ["erased", "erased", "history_erased", "boot"], "nothing was found");
    on.users.withdraw(0, false);
    on.user(0).book.erase().unwrap();
    let off = on.after_power_cut();
    off.all_reported();
    assert_eq!(off.events().last().map(String::as_str), Some("boot"), "nothing was found");
}
