// SPDX-License-Identifier: Apache-2.0
//! How it turns off: at once and for good (P3).

use std::sync::mpsc::channel;
use std::thread;

use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::proto::uplink::Connect;

use super::*;
use crate::file::{faults, Step};
use crate::gate::{ConnectEntry, IntentEntry, Ledger};
use crate::message::faults::before_next_opening;

#[test]
fn withdraw_reaps_the_uplink_removes_the_record_and_the_keys() {
    let phone = Phone::turned_on();
    let uplink = phone.uplink(0);
    assert_eq!(phone.send(1), Ok(None), "makes keys");
    for file in ["consent", "record_key", "keys"] {
        assert!(phone.file(file).exists(), "{file}");
    }
    let withdrawn = phone.users.withdraw(0, false);
    assert!(withdrawn.durable);
    assert!(!exists(&uplink), "killed and waited for");
    for file in ["consent", "record_key", "keys"] {
        assert!(!phone.file(file).exists(), "{file}");
    }
    assert!(!phone.is_on(0));
    assert!(phone.user(0).keys().is_none() && lock(&phone.user(0).vault).keys.is_none());
    assert!(phone.events().contains(&"withdraw".to_owned()));
    let cut = phone.after_power_cut();
    cut.all_reported();
    assert!(!cut.is_on(0), "after a power cut");
}

#[test]
fn a_user_who_was_not_reported_can_turn_off() {
    let cut = Phone::turned_on().after_power_cut();
    assert!(cut.users.withdraw(0, false).durable);
    cut.all_reported();
    assert!(!cut.is_on(0));
    assert_eq!(cut.events().last().unwrap(), "found_off");
}

/// A ledger whose disk never comes back, until the test lets go.
struct Stuck(std::sync::mpsc::Sender<()>, std::sync::Mutex<std::sync::mpsc::Receiver<()>>);

impl Stuck {
    fn hang(&self) -> Result<(), Refusal> {
        self.0.send(()).unwrap();
        self.1.lock().unwrap().recv().unwrap();
        Ok(())
    }
}

impl Ledger for Stuck {
    fn connect(&self, _: &ConnectEntry<'_>) -> Result<(), Refusal> {
        self.hang()
    }

    fn intent(&self, _: &IntentEntry<'_>) -> Result<(), Refusal> {
        self.hang()
    }
}

/// Withdraws while `stick` is where it reports to be; then lets it go on, and gives what came of it.
fn withdrawn_around(stick: fn(&User, &Stuck) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let phone = Phone::turned_on();
    let (user, uplink) = (phone.user(0), phone.uplink(0));
    let (arrived, arrival) = channel();
    let (release, released) = channel();
    let stuck = Stuck(arrived, std::sync::Mutex::new(released));
    let sticking = thread::spawn(move || stick(&user, &stuck));
    arrival.recv_timeout(LONG).expect("it got there");

    let (done, withdrawn) = channel();
    let users = phone.users.clone();
    thread::spawn(move || done.send(users.withdraw(0, false)));
    let withdrawn = withdrawn.recv_timeout(LONG).expect("withdraw waits for it");
    assert!(withdrawn.durable);
    assert!(!exists(&uplink));
    release.send(()).unwrap();
    sticking.join().unwrap()
}

#[test]
fn withdraw_waits_for_no_permit() {
    let late = withdrawn_around(|user, stuck| {
        user.gate.permit(Purpose::Connect, Some(SIM), |permit| {
            stuck.hang()?;
            permit.disconnect(1)
        })
    });
    assert_eq!(late, Err(Refusal::Busy), "its process is gone, and what it hands over with it");
}

#[test]
fn withdraw_waits_for_no_ledger() {
    let late = withdrawn_around(|user, stuck| {
        user.gate.permit(Purpose::Connect, Some(SIM), |permit| {
            permit.connect(Connect::default(), None, stuck)
        })
    });
    assert_eq!(late, Err(Refusal::Busy));
}

#[test]
fn withdraw_waits_for_no_disk_that_hangs_while_messages_are_opened() {
    let before = Phone::turned_on();
    assert_eq!(before.send(1), Ok(None));
    let phone = Arc::new(before.after_power_cut());
    phone.users.report_network(network());
    phone.users.report_users(&[user(0)]);
    assert!(phone.is_on(0));

    let (arrived, arrival) = channel();
    let (release, released) = channel();
    let unlocking = phone.clone();
    let unlocking = thread::spawn(move || {
        before_next_opening(Box::new(move || {
            arrived.send(()).unwrap();
            released.recv().unwrap();
        }));
        unlocking.unlock(0);
    });
    arrival.recv_timeout(LONG).expect("it opens them");
    // Holds what a withdrawal waits for, if it waits itself.
    let reporting = phone.clone();
    let reporting = thread::spawn(move || reporting.users.report_network(network()));
    // Time to come first: where it does not, the test shows less and passes all the same.
    thread::sleep(Duration::from_millis(100));

    let (done, withdrawn) = channel();
    let users = phone.users.clone();
    thread::spawn(move || done.send(users.withdraw(0, false)));
    let withdrawn = withdrawn.recv_timeout(LONG).expect("withdraw waits for it");
    assert!(withdrawn.durable && !phone.file("consent").exists());
    assert!(!phone.is_on(0));
    release.send(()).unwrap();
    unlocking.join().unwrap();
    reporting.join().unwrap();
    let ended = || phone.users.outcomes(0, 0, 10).ok().filter(|ended| ended.len() == 1);
    let ended = eventually("what was not sent ends", ended);
    assert_eq!(ended[0].reason, aidl::SmsReason::SmsReason::OFF);
}

#[test]
fn withdraw_that_cannot_remove_says_not_yet_durable_and_becomes_durable() {
    for step in [Step::Unlink, Step::SyncDirectory] {
        let phone = Phone::turned_on();
        let uplink = phone.uplink(0);
        faults::every(step);
        let withdrawn = phone.users.withdraw(0, false);
        faults::none();
        assert!(!withdrawn.durable, "{step:?}");
        assert!(!phone.is_on(0) && !exists(&uplink), "{step:?}: off all the same");
        assert!(!phone.users.consent_state(0).durable, "{step:?}: and it shows");
        let durable = || phone.users.consent_state(0).durable.then_some(());
        eventually("the removal is tried again", durable);
        assert!(!phone.file("consent").exists());
        let cut = phone.after_power_cut();
        cut.all_reported();
        assert!(!cut.is_on(0), "{step:?}");
    }
}

#[test]
fn a_removal_that_is_tried_again_leaves_a_newer_grant_alone() {
    let phone = Phone::turned_on();
    faults::every(Step::Unlink);
    assert!(!phone.users.withdraw(0, false).durable);
    faults::none();
    phone.grant(0).unwrap();
    thread::sleep(crate::user::withdraw::RETRY * 3 / 2);
    assert!(phone.is_on(0) && phone.file("consent").exists());
    assert!(phone.users.consent_state(0).durable);
}
