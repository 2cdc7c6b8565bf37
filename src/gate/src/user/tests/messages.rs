// SPDX-License-Identifier: Apache-2.0
//! What is taken for sending, and that it ends (P1, P6).

use super::*;
use crate::gate::{Closed, Policy};

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
        format!("{:?}", phone.users.ledger(0, None, 100).unwrap()),
    ];
    for text in texts {
        for personal in [NUMBER, IMSI, IMEI, "+15550101", "hello"] {
            assert!(!text.contains(personal), "{personal} in {text}");
            assert!(!text.contains(&format!("{:?}", personal.as_bytes())), "bytes in {text}");
        }
    }
}
