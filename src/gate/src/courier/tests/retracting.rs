// SPDX-License-Identifier: Apache-2.0
//! Messages that are taken back, on both sides; and look-ups.

use std::time::Duration;

use super::*;
use aidl::SmsReason::SmsReason as Sms;
use cloudmessaging_wire::proto::envelope::{content::Kind, Message, ReceiptStatus, Retract};
use cloudmessaging_wire::proto::registrar::NotRegistered;

use crate::message::faults::fail_changes;

/// From acceptance to notAfter, where the app gives ten minutes.
const UNTIL_MS: i64 = 590_000;

fn with_peer() -> (Rig, Peer) {
    (Rig::registered(), Peer::new(PEER, 5, NOW))
}

fn sent(rig: &mut Rig, peer: &Peer) -> Message {
    let publish = rig.send_to(peer, 1);
    assert_eq!(publish.topic, topic::inbox(&peer.certified.routing_id));
    match peer.open(&publish.payload, &rig.identity) {
        Some(Kind::Message(message)) => message,
        _ => panic!("of another kind"),
    }
}

/// Its time is over: gives the retract, after the look-up that comes first.
fn retracted(rig: &mut Rig, peer: &Peer) -> Retract {
    rig.pass(UNTIL_MS);
    rig.answer_look_up(peer);
    let publish = rig.posted.pop_front().expect("no retract");
    assert!(rig.posted.is_empty());
    assert_eq!(publish.expiry_s, 24 * 3600);
    match peer.open(&publish.payload, &rig.identity) {
        Some(Kind::Retract(retract)) => retract,
        _ => panic!("of another kind"),
    }
}

fn answer(rig: &mut Rig, peer: &Peer, key: &[u8], status: ReceiptStatus) {
    let receipt = peer.receipt(&rig.inbox(), key, [1; 16], status);
    assert!(rig.arrives(receipt));
}

#[test]
fn a_message_without_a_receipt_is_taken_back_once_when_its_time_is_over() {
    let (mut rig, peer) = with_peer();
    let message = sent(&mut rig, &peer);
    rig.pass(UNTIL_MS - 1);
    assert!(rig.asked.is_empty() && rig.posted.is_empty(), "not before");
    rig.clock.set_wall(NOW);
    let retract = retracted(&mut rig, &peer);
    assert_eq!(retract.id, message.id);
    assert_eq!(retract.receipt_public_key, message.receipt_public_key);
    rig.pass_in(1000, 9_000);
    assert!(rig.posted.is_empty() && rig.asked.is_empty(), "once");
    assert!(rig.outcomes().is_empty());
    rig.pass(1000);
    assert_eq!(rig.outcomes(), [(1, false, Sms::EXPIRED)], "unanswered, at the deadline");
    assert!(rig.ledger().iter().any(|line| line.starts_with("Retraction of a message")));
}

#[test]
fn the_answer_to_a_retract_is_the_outcome_and_the_first_one_wins() {
    let cases = [
        (ReceiptStatus::Delivered, (1, true, Sms::NONE)),
        (ReceiptStatus::Retracted, (1, false, Sms::EXPIRED)),
        (ReceiptStatus::Full, (1, false, Sms::FULL)),
    ];
    for (status, outcome) in cases {
        let (mut rig, peer) = with_peer();
        sent(&mut rig, &peer);
        let retract = retracted(&mut rig, &peer);
        answer(&mut rig, &peer, &retract.receipt_public_key, status);
        assert_eq!(rig.outcomes(), [outcome]);
        for later in cases {
            answer(&mut rig, &peer, &retract.receipt_public_key, later.0);
        }
        rig.pass(20_000);
        assert_eq!(rig.outcomes(), [outcome]);
    }
}

#[test]
fn a_receipt_of_somebody_else_ends_nothing() {
    let (mut rig, peer) = with_peer();
    let message = sent(&mut rig, &peer);
    let other = Peer::new(PEER, 6, NOW);
    answer(&mut rig, &other, &message.receipt_public_key, ReceiptStatus::Delivered);
    assert!(rig.outcomes().is_empty());
    answer(&mut rig, &peer, &message.receipt_public_key, ReceiptStatus::Delivered);
    assert_eq!(rig.outcomes(), [(1, true, Sms::NONE)]);
}

#[test]
fn a_message_to_keys_that_are_gone_is_left_to_sms_at_once_and_not_taken_back() {
    let (mut rig, peer) = with_peer();
    sent(&mut rig, &peer);
    // Turned off and on again meanwhile, or another phone.
    let now = Peer::new(PEER, 6, NOW);
    rig.pass(UNTIL_MS);
    rig.answer_look_up(&now);
    assert_eq!(rig.outcomes(), [(1, false, Sms::PREKEY_GONE)]);
    assert!(rig.posted.is_empty());
    // The next one goes to the new keys.
    assert_eq!(rig.send(2), None);
    let publish = rig.posted.pop_front().expect("nothing was sent");
    assert!(now.open(&publish.payload, &rig.identity).is_some());
}

#[test]
fn a_retract_that_was_not_acknowledged_is_sent_again() {
    let (mut rig, peer) = with_peer();
    sent(&mut rig, &peer);
    rig.acknowledges = false;
    retracted(&mut rig, &peer);
    rig.acknowledges = true;
    let post = rig.post_line().unwrap();
    rig.close(post);
    rig.run();
    rig.pass(2000);
    assert_eq!(rig.posted.len(), 1);
}

#[test]
fn a_withdrawn_message_is_not_taken_back() {
    let (mut rig, peer) = with_peer();
    sent(&mut rig, &peer);
    rig.users.withdraw(0, false);
    rig.pass_in(1000, UNTIL_MS + 10_000);
    assert!(rig.posted.is_empty() && rig.asked.is_empty());
    assert_eq!(rig.outcomes(), [(1, false, Sms::EXPIRED)]);
}

#[test]
fn what_a_failing_disk_left_of_a_withdrawal_is_ended_a_second_later() {
    let mut rig = Rig::registered();
    assert_eq!(rig.send(1), None);
    fail_changes(true);
    rig.users.withdraw(0, false);
    rig.run();
    assert!(rig.outcomes().is_empty());
    let sleep = rig.stage.step().expect("it waits for the disk");
    assert!(sleep <= Duration::from_secs(1), "{sleep:?}");
    fail_changes(false);
    rig.pass(1000);
    assert_eq!(rig.outcomes(), [(1, false, Sms::OFF)]);
    assert_eq!(rig.stage.step(), None, "it has ended");
}

#[test]
fn a_retract_leaves_a_tombstone_and_says_so() {
    let (mut rig, peer) = with_peer();
    let (retract, secret) = peer.retract(&rig.registrar, &rig.inbox(), [1; 16]);
    assert!(rig.arrives(retract));
    let receipt = rig.posted.pop_front().expect("an answer");
    let status = peer.status(&receipt.payload, &secret, &rig.identity);
    assert_eq!(status, ReceiptStatus::Retracted);
    let not_after_ms = NOW + 60_000;
    let (late, secret) =
        peer.message(&rig.registrar, &rig.inbox(), |m| m.not_after_ms = not_after_ms);
    assert!(rig.arrives(late));
    assert!(rig.received().is_empty());
    let receipt = rig.posted.pop_front().expect("an answer");
    let status = peer.status(&receipt.payload, &secret, &rig.identity);
    assert_eq!(status, ReceiptStatus::Retracted);
}

#[test]
fn a_retract_of_what_is_held_is_answered_delivered() {
    let (mut rig, peer) = with_peer();
    let not_after_ms = NOW + 60_000;
    let (message, _) =
        peer.message(&rig.registrar, &rig.inbox(), |m| m.not_after_ms = not_after_ms);
    assert!(rig.arrives(message));
    rig.posted.clear();
    let (retract, secret) = peer.retract(&rig.registrar, &rig.inbox(), [1; 16]);
    assert!(rig.arrives(retract));
    let receipt = rig.posted.pop_front().expect("an answer");
    let status = peer.status(&receipt.payload, &secret, &rig.identity);
    assert_eq!(status, ReceiptStatus::Delivered);
    assert_eq!(rig.received(), [1]);
}

#[test]
fn nobody_takes_back_what_somebody_else_sent() {
    let (mut rig, peer) = with_peer();
    let other = Peer::new("+15550102", 5, NOW);
    let (retract, _) = other.retract(&rig.registrar, &rig.inbox(), [1; 16]);
    assert!(rig.arrives(retract));
    let forger = Peer { identity: other.identity, ..Peer::new(PEER, 5, NOW) };
    let (retract, _) = forger.retract(&rig.registrar, &rig.inbox(), [1; 16]);
    assert!(rig.arrives(retract));
    let not_after_ms = NOW + 60_000;
    let (message, _) =
        peer.message(&rig.registrar, &rig.inbox(), |m| m.not_after_ms = not_after_ms);
    assert!(rig.arrives(message));
    assert_eq!(rig.received(), [1]);
    assert!(rig.dropped().iter().any(|line| line.contains("SIGNATURE")));
}

#[test]
fn a_bundle_whose_prekeys_are_over_is_looked_up_again_less_and_less_often() {
    let (mut rig, _) = with_peer();
    // Renewed last three days ago.
    let mut peer = Peer::new(PEER, 5, NOW - 3 * DAY_MS);
    peer.certified.not_after_ms = NOW + DAY_MS;
    assert_eq!(rig.send(1), None);
    let mut look_ups = 0;
    for _ in 0..600 {
        while !rig.asked.is_empty() {
            rig.answer_look_up(&peer);
            look_ups += 1;
        }
        rig.pass(1000);
    }
    assert!((2..15).contains(&look_ups), "{look_ups} in ten minutes");
    assert!(rig.posted.is_empty());
    assert_eq!(rig.outcomes(), [(1, false, Sms::PREKEY_GONE)]);
}

#[test]
fn who_is_not_registered_any_more_is_looked_up_less_and_less_often() {
    let (mut rig, peer) = with_peer();
    // Nobody knows whether it is out, and after a start not whom it went to.
    rig.acknowledges = false;
    sent(&mut rig, &peer);
    rig.acknowledges = true;
    rig.restart();
    let mut look_ups = 0;
    for _ in 0..650 {
        while !rig.asked.is_empty() {
            rig.answer(reply::Kind::NotRegistered(NotRegistered {}));
            look_ups += 1;
            assert!(look_ups < 15, "in {} s", (rig.wall() - NOW) / 1000);
        }
        rig.pass(1000);
    }
    assert!(look_ups > 1);
    assert_eq!(rig.outcomes(), [(1, false, Sms::EXPIRED)], "it may be out");
}

#[test]
fn an_older_or_expired_or_altered_bundle_is_not_used() {
    let (mut rig, peer) = with_peer();
    sent(&mut rig, &peer);
    let older = Peer::new(PEER, 4, NOW);
    let mut expired = Peer::new(PEER, 9, NOW);
    expired.certified.not_after_ms = NOW;
    let altered = Peer::new(PEER, 9, NOW);
    let altered = Peer { identity: older.identity, ..altered };
    let older = Peer::new(PEER, 4, NOW);
    rig.pass(UNTIL_MS);
    for bundle in [&older, &expired, &altered] {
        rig.answer_look_up(bundle);
        assert!(rig.posted.is_empty() && rig.outcomes().is_empty());
        rig.pass_in(100, 3_000);
    }
    let rest = rig.outcomes();
    assert!(rest.is_empty() || rest == [(1, false, Sms::EXPIRED)], "never PREKEY_GONE: {rest:?}");
}

#[test]
fn a_number_that_is_not_registered_is_left_to_sms_at_once() {
    let mut rig = Rig::registered();
    assert_eq!(rig.send(1), None);
    rig.answer(reply::Kind::NotRegistered(NotRegistered {}));
    assert_eq!(rig.outcomes(), [(1, false, Sms::NOT_REGISTERED)]);
}
