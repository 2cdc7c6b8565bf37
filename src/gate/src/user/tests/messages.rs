// SPDX-License-Identifier: Apache-2.0
//! What is taken for sending, and that it ends (P1, P6).

use std::os::unix::fs::OpenOptionsExt as _;

use cloudmessaging_seal::PublicKey;

use super::*;
use crate::gate::{Closed, Policy};
use crate::message::{Answer, Inbound, Reader, Stored};
use crate::service::facade::ReceivedSms;

fn open(phone: &Phone) -> usize {
    lock(&phone.user(0).desk).outbox.open().count()
}

fn outcomes(phone: &Phone) -> Vec<aidl::Outcome::Outcome> {
    phone.users.outcomes(0, 0, 100).unwrap()
}

#[test]
fn messages_never_sent_end_as_off_at_withdraw() {
    let phone = Phone::turned_on();
    assert_eq!((phone.send(1), phone.send(2)), (Ok(None), Ok(None)));
    assert_eq!(open(&phone), 2);
    assert!(outcomes(&phone).is_empty());
    phone.users.withdraw(0, false);
    let ended = outcomes(&phone);
    let ids: Vec<_> = ended.iter().map(|outcome| outcome.id[0]).collect();
    assert_eq!(ids, [1, 2], "each once");
    for outcome in &ended {
        assert!(!outcome.delivered);
        assert_eq!(outcome.reason, aidl::SmsReason::SmsReason::OFF);
    }
    assert_eq!(open(&phone), 0);
    let events = phone.events();
    assert_eq!(events.iter().filter(|event| *event == "outcome").count(), 2);
    phone.users.withdraw(0, false);
    assert_eq!(format!("{:?}", outcomes(&phone)), format!("{ended:?}"), "and never again");
}

#[test]
fn send_repeated_is_the_same_message() {
    let phone = Phone::turned_on();
    let first = message(1, "hello");
    assert_eq!(phone.users.send(0, first.clone()), Ok(None));
    assert_eq!(phone.users.send(0, first), Ok(None));
    assert_eq!(open(&phone), 1);
    let other = phone.users.send(0, message(1, "good-bye"));
    assert_eq!(other, Err(ServiceError::IdReused));
    assert_eq!(open(&phone), 1);
}

#[test]
fn what_was_taken_is_not_refused_when_the_app_asks_again() {
    let phone = Phone::turned_on();
    let first = message(1, "hello");
    assert_eq!(phone.users.send(0, first.clone()), Ok(None));
    phone.users.withdraw(0, false);
    assert_eq!(phone.users.send(0, first.clone()), Ok(None), "it ended, and not by a refusal");
    let off = Ok(Some(Closed::Off.into()));
    assert_eq!(phone.send(2), off);
    assert_eq!(phone.users.send(0, message(1, "good-bye")), off, "this one was never taken");
    phone.users.acknowledge_outcomes(0, outcomes(&phone)[0].cursor).unwrap();
    assert_eq!(phone.users.send(0, first), off, "and is forgotten");
}

#[test]
fn a_refused_send_stores_nothing() {
    let phone = Phone::on(tempfile::tempdir().unwrap());
    let refused = |message: OutgoingMessage, why: Refusal| {
        assert_eq!(phone.users.send(0, message), Ok(Some(why)));
        if phone.users.user(0).is_some() {
            assert_eq!(open(&phone), 0, "{why:?}");
            let ended = phone.users.outcomes(0, 0, 100);
            assert!(matches!(ended.as_deref(), Ok([]) | Err(ServiceError::NotReady)), "{why:?}");
        }
    };
    let hello = || message(1, "hello");
    refused(hello(), Closed::Off.into());
    phone.all_reported();
    refused(hello(), Closed::Off.into());
    phone.grant(0).unwrap();
    refused(OutgoingMessage { subscription: 2, ..hello() }, Refusal::SimNotNamed);

    let other = SimIdentity::new(SIM, "+15550102".into(), IMSI.into(), IMEI.into()).unwrap();
    phone.users.report_identities(0, vec![other]).unwrap();
    refused(hello(), Refusal::SimChanged);
    phone.users.report_identities(0, vec![sim()]).unwrap();

    let policy = aidl::UserReport::UserReport { smsForbidden: true, ..user(0) };
    phone.users.report_users(&[policy]);
    refused(hello(), Refusal::Policy(Policy::SmsForbidden));
    let locked = aidl::UserReport::UserReport { unlocked: false, ..user(0) };
    phone.users.report_users(&[locked]);
    refused(hello(), Refusal::NotUnlocked);
    phone.users.report_users(&[user(0)]);
    refused(hello(), Refusal::NotUnlocked);
    phone.unlock(0);
    assert_eq!(phone.users.send(0, hello()), Ok(None), "and nothing refuses it now");
    phone.users.withdraw(0, false);
    assert_eq!(phone.send(2), Ok(Some(Closed::Off.into())));
    assert_eq!((open(&phone), outcomes(&phone).len()), (0, 1), "the first alone");
}

/// One that came in.
fn receive(phone: &Phone, id: u8) {
    let message = Inbound {
        id: [id; 16],
        sim: SIM,
        sender: Number::parse("+15550101").unwrap(),
        body: Zeroizing::new("hello back".into()),
        sent_ms: 1,
        received_ms: SystemClock.wall_ms(),
        checkpoint_hash: None,
    };
    let answer = Answer {
        reader: [1; 32],
        receipt_key: PublicKey([2; 32]),
        due_ms: i64::MAX,
        until_ms: i64::MAX,
        record_id: phone.user(0).gate.terms().unwrap().record_id,
    };
    let stored = lock(&phone.user(0).desk).inbox.store(message, answer);
    assert_eq!(stored, Ok(Stored::New));
}

/// As an uplink takes it.
fn hand_over(phone: &Phone, id: u8) {
    let reader = Reader { identity_key: [1; 32], routing_id: [2; 32], prekey_id: [3; 8] };
    assert_eq!(lock(&phone.user(0).desk).outbox.handed_over(&[id; 16], reader), Ok(true));
}

fn ended(phone: &Phone) -> Vec<(u8, aidl::SmsReason::SmsReason)> {
    outcomes(phone).iter().map(|outcome| (outcome.id[0], outcome.reason)).collect()
}

#[test]
fn a_message_that_was_taken_is_there_after_a_power_cut_and_the_same_again() {
    let phone = Phone::turned_on();
    let first = message(1, "hello");
    assert_eq!(phone.users.send(0, first.clone()), Ok(None));
    let cut = phone.after_power_cut();
    cut.all_reported();
    assert!(cut.is_on(0));
    assert_eq!(open(&cut), 1);
    assert_eq!(cut.users.send(0, first), Ok(None));
    assert_eq!(cut.users.send(0, message(1, "good-bye")), Err(ServiceError::IdReused));
    assert_eq!(open(&cut), 1);
}

#[test]
fn what_a_power_cut_left_of_a_withdrawal_is_settled_when_the_user_unlocks() {
    let phone = Phone::turned_on();
    let deadline = SystemClock.wall_ms() + 600_000;
    for id in [1, 2] {
        let message = OutgoingMessage { sms_deadline_millis: deadline, ..message(id, "hello") };
        assert_eq!(phone.users.send(0, message), Ok(None));
    }
    hand_over(&phone, 2);
    receive(&phone, 3);
    // The record was removed, and then the power went.
    let disk = phone.disk_copy();
    fs::remove_file(disk.path().join("0/consent")).unwrap();
    let cut = Phone::on(disk);
    cut.users.report_network(network());
    cut.users.report_users(&[user(0)]);
    assert_eq!(open(&cut), 0, "locked");
    cut.unlock(0);
    assert!(!cut.is_on(0));
    assert_eq!(ended(&cut), [(1, aidl::SmsReason::SmsReason::OFF)]);
    assert_eq!(open(&cut), 1, "the other is perhaps out");
    assert_eq!(cut.users.inbound(0, 0, 10).unwrap().len(), 1, "it is the owner's");

    // It ends at its deadline, whoever is off and whenever the gate was started.
    let late = Late(600_000);
    let again = Phone::with_clock(cut.disk_copy(), Arc::new(late));
    again.all_reported();
    let expired = (2, aidl::SmsReason::SmsReason::EXPIRED);
    eventually("it ends", || (ended(&again).last() == Some(&expired)).then_some(()));
    assert_eq!((ended(&again).len(), open(&again)), (2, 0));
    assert!(!again.user(0).gate.running(), "without an uplink");
}

/// A clock that is ahead by this many ms.
struct Late(i64);

impl Clock for Late {
    fn wall_ms(&self) -> i64 {
        SystemClock.wall_ms() + self.0
    }

    fn boot_ms(&self) -> i64 {
        SystemClock.boot_ms()
    }
}

#[test]
fn outcomes_and_inbox_stay_readable_while_off_until_they_are_acknowledged() {
    let phone = Phone::turned_on();
    phone.send(1).unwrap();
    receive(&phone, 2);
    phone.users.withdraw(0, false);
    let cut = phone.after_power_cut();
    cut.all_reported();
    assert!(!cut.is_on(0));
    let outcome = outcomes(&cut)[0].cursor;
    let inbound = cut.users.inbound(0, 0, 10).unwrap();
    assert_eq!(inbound[0].body.as_str(), "hello back");
    cut.users.acknowledge_outcomes(0, outcome).unwrap();
    cut.users.acknowledge_inbound(0, inbound[0].cursor).unwrap();
    let sms = || ReceivedSms {
        subscription: SIM,
        sender: Personal::new("+1 555 0101"),
        body: Personal::new("hello  back"),
        received_at_millis: SystemClock.wall_ms(),
    };
    let cut = cut.after_power_cut();
    cut.all_reported();
    assert!(outcomes(&cut).is_empty() && cut.users.inbound(0, 0, 10).unwrap().is_empty());
    assert_eq!(cut.users.check_sms(0, &sms()), Ok(Some([2; 16])));
    let cut = cut.after_power_cut();
    cut.all_reported();
    assert_eq!(cut.users.check_sms(0, &sms()), Ok(None), "it matches once");
}

#[test]
fn a_locked_user_is_told_to_come_again_and_loses_nothing() {
    let phone = Phone::turned_on();
    phone.send(1).unwrap();
    receive(&phone, 2);
    let locked = aidl::UserReport::UserReport { unlocked: false, ..user(0) };
    phone.users.report_users(&[locked]);
    assert_eq!(phone.users.outcomes(0, 0, 10).unwrap_err(), ServiceError::NotReady);
    assert_eq!(phone.users.inbound(0, 0, 10).unwrap_err(), ServiceError::NotReady);
    assert_eq!(phone.users.acknowledge_inbound(0, i64::MAX), Err(ServiceError::NotReady));
    assert_eq!(phone.users.acknowledge_outcomes(0, i64::MAX), Err(ServiceError::NotReady));
    assert_eq!(phone.users.key_changes(0, 10).unwrap_err(), ServiceError::NotReady);
    // Also a withdrawal while locked, which is settled later.
    phone.users.withdraw(0, false);
    phone.users.report_users(&[user(0)]);
    phone.unlock(0);
    assert_eq!(ended(&phone), [(1, aidl::SmsReason::SmsReason::OFF)]);
    assert_eq!(phone.users.inbound(0, 0, 10).unwrap().len(), 1);
}

#[test]
fn who_never_turned_on_has_no_file_of_messages() {
    let phone = Phone::ready();
    assert!(outcomes(&phone).is_empty() && phone.users.inbound(0, 0, 10).unwrap().is_empty());
    assert_eq!(phone.send(1), Ok(Some(Closed::Off.into())));
    phone.users.withdraw(0, false);
    assert!(!phone.file("messages.db").exists());
    phone.grant(0).unwrap();
    assert!(!phone.file("messages.db").exists());
    phone.send(1).unwrap();
    assert!(phone.file("messages.db").exists(), "looked for by its name");
}

#[test]
fn a_disk_that_fails_is_said_and_nothing_is_taken() {
    let phone = Phone::turned_on();
    let path = phone.file("messages.db");
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    let held = rusqlite::Connection::open(&path).unwrap();
    held.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(phone.send(1), Err(ServiceError::Storage));
    assert_eq!((open(&phone), outcomes(&phone).len()), (0, 0));
    drop(held);
    assert_eq!(phone.send(1), Ok(None));
    assert_eq!(open(&phone), 1);
}

fn printed(user: &User) -> String {
    let view = lock(&user.view);
    format!("{:?} {:?} {:?} {:?}", view.report, view.sims, view.record, view.links)
}

#[test]
fn what_can_be_printed_holds_no_identity() {
    let phone = Phone::turned_on();
    phone.send(1).unwrap();
    let user = phone.user(0);
    let preview = phone.users.preview(&[sim()], Classes::from_iter(Classes::ALL)).unwrap();
    let texts = [
        format!("{:?}", phone.request()),
        format!("{:?}", message(1, "hello")),
        format!("{preview:?} {:?}", preview[0].fields),
        format!("{:?} {:?}", user.gate.terms(), user.gate.facts()),
        printed(&user),
        format!("{:?}", lock(&user.vault).storage),
        format!("{:?} {:?}", user.module.config, phone.uplink(0)),
        format!("{:?}", phone.users.consent_state(0)),
        format!("{:?}", phone.users.service_state(0)),
        format!("{:?}", phone.users.outcomes(0, 0, 10)),
        format!("{:?}", phone.users.withdraw(0, false)),
        format!("{:?}", phone.users.ledger(0, None, 100, &Default::default()).unwrap()),
    ];
    for text in texts {
        for personal in [NUMBER, IMSI, IMEI, "+15550101", "hello"] {
            assert!(!text.contains(personal), "{personal} in {text}");
            assert!(!text.contains(&format!("{:?}", personal.as_bytes())), "bytes in {text}");
        }
    }
}
