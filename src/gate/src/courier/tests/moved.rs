// SPDX-License-Identifier: Apache-2.0
//! A number that another phone has registered.

use super::*;
use aidl::Registration::Registration as State;
use aidl::SmsReason::SmsReason as Sms;
use cloudmessaging_seal::IdentityKey;
use cloudmessaging_wire::proto::registrar::refused::Reason;

/// Registered, with message 1 out and message 2 not.
fn with_messages() -> Rig {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.send_to(&peer, 1);
    assert_eq!(rig.send_to_another(2), None);
    assert!(rig.outcomes().is_empty());
    rig
}

fn has_moved(rig: &mut Rig) {
    assert_eq!(rig.registration(), State::MOVED);
    assert!(!rig.state().connected && rig.state().leaseUntilMillis == 0);
    assert_eq!(rig.send(3), Some(Refusal::SimChanged), "nothing is taken");
    assert_eq!(rig.outcomes(), [(2, false, Sms::REFUSED)], "what had not left");
    let lines = rig.ledger();
    let said = lines.iter().filter(|line| line.contains("registered by another phone"));
    assert_eq!(said.count(), 1);
    // Nothing is sent any more: no connection, no renewal, no retract.
    let connects = rig.connects.len();
    rig.asked.clear();
    rig.pass_in(10_000, 3_600_000);
    assert_eq!(rig.connects.len(), connects);
    assert!(rig.asked.is_empty() && rig.posted.is_empty());
    assert_eq!(rig.outcomes()[1..], [(1, false, Sms::EXPIRED)], "what was out, at its deadline");
}

#[test]
fn a_number_that_moved_ends_its_sim_until_it_is_granted_again() {
    let mut rig = with_messages();
    let moved = rig.inbox().moved(&rig.registrar.signing, rig.identity, rig.serial + 1);
    assert!(rig.arrives(moved), "acknowledged");
    has_moved(&mut rig);
    rig.restart();
    assert_eq!(rig.registration(), State::MOVED, "for good");
    assert_eq!(rig.send(4), Some(Refusal::SimChanged));
    assert!(rig.asked.is_empty() && rig.lines.is_empty());

    let before = rig.identity;
    rig.grant();
    rig.report();
    rig.run();
    rig.answer_registration();
    assert_ne!(rig.identity, before);
    assert_eq!(rig.registration(), State::DONE);
    assert_eq!(rig.send(5), None);
}

#[test]
fn moved_is_believed_of_the_registrar_alone() {
    let mut rig = Rig::registered();
    let (inbox, own, serial) = (rig.inbox(), rig.identity, rig.serial);
    let somebody = IdentityKey::generate().unwrap();
    let elsewhere = Inbox { routing_id: [8; 32], ..inbox };
    let unbelieved = [
        inbox.moved(&somebody, own, serial + 1),
        elsewhere.moved(&rig.registrar.signing, own, serial + 1),
        inbox.moved(&rig.registrar.signing, somebody.public_key(), serial + 1),
        inbox.moved(&rig.registrar.signing, own, serial),
    ];
    for payload in unbelieved {
        assert!(rig.arrives(payload), "acknowledged");
        assert_eq!(rig.registration(), State::DONE);
    }
    let dropped = rig.dropped();
    assert_eq!(dropped.len(), 2, "{dropped:?}");
    assert!(dropped.iter().any(|line| line.contains("2 messages") && line.contains("SIGNATURE")));
    assert!(dropped.iter().any(|line| line.contains("2 messages") && line.contains("OLDER_KEY")));
}

#[test]
fn a_renewal_that_is_refused_for_its_identity_says_the_same() {
    let mut rig = Rig::registered();
    rig.pass(DAY_MS);
    assert!(matches!(rig.next_request(), request::Kind::Renewal(_)));
    rig.refuse(Reason::Identity);
    assert_eq!(rig.registration(), State::MOVED);
    assert_eq!(rig.send(1), Some(Refusal::SimChanged));
    assert!(rig.ledger().iter().any(|line| line.contains("registered by another phone")));
    rig.pass_in(60_000, DAY_MS);
    assert!(rig.asked.is_empty());
}
