// SPDX-License-Identifier: Apache-2.0
//! What arrives: believed, or acknowledged to the broker, dropped and counted.

use super::*;
use crate::message::faults::fail_changes;
use crate::message::inbox::{KEPT_BYTES, MESSAGE_COST};
use crate::message::{Answer, Inbound, Stored};
use cloudmessaging_seal::{IdentityKey, PublicKey, SecretKey};
use cloudmessaging_wire::proto::envelope::{content::Kind, Message, ReceiptStatus};
use cloudmessaging_wire::proto::uplink::Published;

const HOUR_MS: i64 = 3_600_000;

fn with_peer() -> (Rig, Peer) {
    (Rig::registered(), Peer::new(PEER, 5, NOW))
}

/// A message that is good for an hour.
fn message(rig: &Rig, peer: &Peer, id: u8) -> (Vec<u8>, SecretKey) {
    let not_after_ms = rig.wall() + HOUR_MS;
    peer.message(&rig.registrar, &rig.inbox(), |m| {
        (m.id, m.not_after_ms) = (vec![id; 16], not_after_ms);
    })
}

fn changed(rig: &Rig, peer: &Peer, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let not_after_ms = rig.wall() + HOUR_MS;
    let good = |m: &mut Message| m.not_after_ms = not_after_ms;
    peer.message(&rig.registrar, &rig.inbox(), |m| {
        good(m);
        change(m);
    })
    .0
}

/// Acknowledged, not received, not answered, and counted for this reason.
fn is_dropped(mut rig: Rig, payload: Vec<u8>, why: &str) {
    assert!(rig.arrives(payload), "acknowledged to the broker");
    assert!(rig.received().is_empty(), "{why}");
    assert!(rig.posted.is_empty(), "{why}: no receipt");
    let dropped = rig.dropped();
    assert!(dropped.len() == 1 && dropped[0].contains(why), "{why}: {dropped:?}");
    assert!(dropped[0].contains("1 message "), "{dropped:?}");
}

#[test]
fn a_message_is_held_then_acknowledged_then_answered() {
    let (mut rig, peer) = with_peer();
    let (payload, secret) = message(&rig, &peer, 1);
    assert!(rig.arrives(payload));
    assert_eq!(rig.received(), [1]);
    let receipt = rig.posted.pop_front().expect("a receipt");
    let status = peer.status(&receipt.payload, &secret, &rig.identity);
    assert_eq!(status, ReceiptStatus::Delivered);
    assert!(rig.dropped().is_empty());
}

#[test]
fn a_clock_set_a_month_ahead_removes_nothing_that_was_said_to_be_delivered() {
    let (mut rig, peer) = with_peer();
    let (payload, _) = message(&rig, &peer, 1);
    assert!(rig.arrives(payload));
    rig.clock.set_wall(NOW + 40 * DAY_MS);
    rig.pass(1000);
    assert_eq!(rig.received(), [1]);
    rig.pass(30 * DAY_MS);
    assert!(rig.received().is_empty());
}

#[test]
fn a_message_past_its_time_is_dropped() {
    let (rig, peer) = with_peer();
    let payload = changed(&rig, &peer, |m| m.not_after_ms = NOW);
    is_dropped(rig, payload, "EXPIRED");
}

#[test]
fn a_message_that_outlived_its_expiry_by_the_boot_clock_is_dropped() {
    for (left_s, waits_ms, held) in [(5, 4999, true), (5, 5000, false), (0, 0, false)] {
        let (mut rig, peer) = with_peer();
        let (payload, _) = message(&rig, &peer, 1);
        let connection = rig.inbox_line().unwrap();
        let received = Received {
            connection,
            token: 77,
            topic: topic::inbox(&OWN),
            payload,
            expiry_s: Some(left_s),
            arrived_boot_ms: rig.clock.boot_ms(),
        };
        // The gate was not let run for that long, and meanwhile somebody set the wall clock back.
        rig.clock.advance(waits_ms);
        rig.clock.set_wall(NOW - HOUR_MS);
        rig.stage.say(from_uplink::Frame::Received(received));
        rig.run();
        assert!(rig.stored.contains(&77));
        assert_eq!(rig.received().len(), usize::from(held), "{left_s} {waits_ms}");
    }
}

#[test]
fn a_message_that_claims_to_live_longer_than_any_does_is_dropped() {
    let (rig, peer) = with_peer();
    let payload = changed(&rig, &peer, |m| m.not_after_ms = NOW + DAY_MS + 2 * HOUR_MS + 1);
    is_dropped(rig, payload, "TOO_LONG");
    let (mut rig, peer) = with_peer();
    let payload = changed(&rig, &peer, |m| m.not_after_ms = NOW + DAY_MS + 2 * HOUR_MS);
    assert!(rig.arrives(payload));
    assert_eq!(rig.received(), [1], "a day, by a clock that is two hours ahead");
}

#[test]
fn a_message_that_was_sealed_for_another_reader_is_dropped() {
    let (rig, peer) = with_peer();
    // What the reader of a message can do: seal it again, signature and all, to somebody else's prekey. It was
    // signed for the routing id that it went to.
    let elsewhere = Inbox { routing_id: [8; 32], ..rig.inbox() };
    let not_after_ms = NOW + HOUR_MS;
    let (payload, _) = peer.message(&rig.registrar, &elsewhere, |m| m.not_after_ms = not_after_ms);
    is_dropped(rig, payload, "SIGNATURE");
}

#[test]
fn a_message_that_somebody_else_signed_is_dropped() {
    let (rig, peer) = with_peer();
    let forger = Peer { identity: IdentityKey::generate().unwrap(), ..peer };
    let payload = changed(&rig, &forger, |_| {});
    is_dropped(rig, payload, "SIGNATURE");
}

#[test]
fn a_message_with_a_certificate_that_no_registrar_gave_is_dropped() {
    let (rig, peer) = with_peer();
    let other = Registrar::new().certificate(&peer.certified);
    let payload = changed(&rig, &peer, |m| m.sender_certificate = other);
    is_dropped(rig, payload, "CERTIFICATE");
}

#[test]
fn an_altered_message_is_dropped() {
    let (rig, peer) = with_peer();
    let (mut payload, _) = message(&rig, &peer, 1);
    let last = payload.len() - 1;
    payload[last] ^= 1;
    is_dropped(rig, payload, "NOT_OPENED");
}

#[test]
fn a_message_to_a_prekey_that_is_gone_is_dropped() {
    let (rig, peer) = with_peer();
    let mut inbox = rig.inbox();
    inbox.prekey.id = [1; 8];
    let (payload, _) = peer.message(&rig.registrar, &inbox, |m| m.not_after_ms = NOW + HOUR_MS);
    is_dropped(rig, payload, "UNKNOWN_KEY");
}

#[test]
fn a_message_under_a_key_that_a_later_one_replaced_is_dropped() {
    let (mut rig, old) = with_peer();
    let new = Peer::new(PEER, 6, NOW);
    let (payload, _) = message(&rig, &new, 1);
    assert!(rig.arrives(payload));
    let (payload, _) = message(&rig, &old, 2);
    assert!(rig.arrives(payload));
    assert_eq!(rig.received(), [1]);
    assert!(rig.dropped()[0].contains("OLDER_KEY"));
}

#[test]
fn a_replayed_message_is_held_once_and_answered_again() {
    let (mut rig, peer) = with_peer();
    let (payload, _) = message(&rig, &peer, 1);
    assert!(rig.arrives(payload.clone()) && rig.arrives(payload));
    assert_eq!((rig.received(), rig.posted.len()), (vec![1], 1));
    rig.pass(10_000);
    assert_eq!(rig.posted.len(), 2, "its receipt may have been lost");
}

#[test]
fn what_is_no_envelope_and_what_answers_no_request_is_dropped_on_either_connection() {
    let mut rig = Rig::registered();
    assert_eq!(rig.send(1), None);
    let (post, inbox) = (rig.post_line().unwrap(), rig.inbox_line().unwrap());
    let peer = Peer::new(PEER, 5, NOW);
    let (envelope, _) = message(&rig, &peer, 1);
    let reply = topic::reply("somebody", 1);
    for (connection, on, payload) in [
        (inbox, topic::inbox(&OWN), vec![1, 2, 3]),
        (post, reply.clone(), vec![1, 2, 3]),
        (post, reply, envelope),
    ] {
        let token = rig.receive(connection, &on, payload, None);
        assert!(rig.stored.contains(&token), "acknowledged");
    }
    let dropped = rig.dropped();
    assert!(dropped.iter().any(|l| l.contains("2 messages") && l.contains("MALFORMED")));
    assert!(dropped.iter().any(|l| l.contains("1 message ") && l.contains("UNKNOWN_KEY")));
}

#[test]
fn a_kind_that_has_no_place_in_an_inbox_is_dropped() {
    let (rig, peer) = with_peer();
    let receipt = cloudmessaging_wire::proto::envelope::Receipt { id: vec![1; 16], status: 1 };
    let payload = rig.inbox().sealed(&peer.identity, Kind::Receipt(receipt));
    is_dropped(rig, payload, "CERTIFICATE");
}

#[test]
fn what_cannot_be_stored_is_not_acknowledged_and_comes_again_with_another_connection() {
    let (mut rig, peer) = with_peer();
    let (payload, _) = message(&rig, &peer, 1);
    let user = rig.users.user(0).unwrap();
    crate::sync::lock(&user.desk).close();
    let before = rig.connects.len();
    assert!(!rig.arrives(payload.clone()), "the broker keeps it");
    rig.pass(5_000);
    assert_eq!(rig.connects.len(), before + 1, "connected anew, so that it is sent again");
    assert!(!rig.arrives(payload.clone()));
    rig.pass(5_000);
    assert_eq!(rig.connects.len(), before + 1, "not as often");
    rig.users.provide_storage_key(0, Zeroizing::new([9; 32])).unwrap();
    rig.pass(10_000);
    assert!(rig.arrives(payload));
    assert_eq!(rig.received(), [1]);
}

#[test]
fn what_arrives_while_its_connection_is_being_closed_is_not_lost() {
    let mut rig = Rig::on();
    rig.lease_ms = DAY_MS + HOUR_MS / 2;
    rig.answer_registration();
    let connection = rig.inbox_line().unwrap();
    // A renewed certificate has the inbox connected anew, and the uplink is slow to hang up.
    rig.hangs_up = false;
    rig.pass(DAY_MS);
    rig.answer_registration();
    assert!(!rig.state().connected, "being closed");
    let peer = Peer::new(PEER, 6, rig.wall());
    let (payload, _) = message(&rig, &peer, 1);
    let token = rig.receive(connection, &topic::inbox(&OWN), payload, Some(60));
    assert!(rig.stored.contains(&token));
    assert_eq!(rig.received(), [1]);
}

#[test]
fn a_receipt_that_the_broker_did_not_acknowledge_is_sent_again() {
    let (mut rig, peer) = with_peer();
    let (payload, _) = message(&rig, &peer, 1);
    rig.acknowledges = false;
    assert!(rig.arrives(payload));
    assert_eq!(rig.posted.len(), 1);
    rig.pass(1000);
    assert_eq!(rig.posted.len(), 1, "it is in the uplink's hands");
    rig.acknowledges = true;
    let post = rig.post_line().unwrap();
    rig.close(post);
    rig.run();
    rig.pass(2000);
    assert_eq!(rig.posted.len(), 2);
    rig.pass(60_000);
    assert_eq!(rig.posted.len(), 2);
}

#[test]
fn a_receipt_that_is_owed_outlives_the_gate() {
    let (mut rig, peer) = with_peer();
    let (payload, secret) = message(&rig, &peer, 1);
    rig.acknowledges = false;
    assert!(rig.arrives(payload), "the broker has forgotten it");
    rig.acknowledges = true;
    rig.restart();
    rig.pass(1000);
    let receipt = rig.posted.pop_front().expect("a receipt");
    let status = peer.status(&receipt.payload, &secret, &rig.identity);
    assert_eq!(status, ReceiptStatus::Delivered);
    rig.restart();
    rig.pass(1000);
    assert!(rig.posted.is_empty(), "and is not owed any more");
}

#[test]
fn a_receipt_is_not_sent_under_another_consent_whatever_the_disk_does() {
    let (mut rig, peer) = with_peer();
    let (payload, _) = message(&rig, &peer, 1);
    rig.acknowledges = false;
    assert!(rig.arrives(payload));
    rig.acknowledges = true;
    fail_changes(true);
    rig.users.withdraw(0, false);
    rig.run();
    rig.lines.clear();
    rig.posted.clear();
    rig.grant();
    rig.answer_registration();
    rig.pass_in(1000, 5_000);
    assert!(rig.posted.is_empty(), "its keys could not sign it");
    fail_changes(false);
    rig.pass_in(1000, 5_000);
    assert!(rig.posted.is_empty());
}

#[test]
fn a_receipt_that_the_disk_does_not_forget_is_not_sent_over_and_over() {
    let (mut rig, peer) = with_peer();
    let (payload, _) = message(&rig, &peer, 1);
    rig.acknowledges = false;
    assert!(rig.arrives(payload));
    let [receipt] = rig.posted.make_contiguous() else { panic!("a receipt") };
    let (connection, token) = (receipt.connection, receipt.token);
    rig.acknowledges = true;
    fail_changes(true);
    let published = Published { connection, token, reason_code: 0 };
    rig.stage.say(from_uplink::Frame::Published(published));
    rig.run();
    rig.pass_in(1000, 60_000);
    assert_eq!(rig.posted.len(), 1);
    assert_eq!(rig.post_line(), None, "nor is it waited with");
    fail_changes(false);
    rig.restart();
    rig.pass_in(1000, 5_000);
    assert_eq!(rig.posted.len(), 1, "once more after a start, when nobody knows");
}

#[test]
fn a_receipt_of_a_sim_that_may_not_answer_now_keeps_no_connection_up() {
    for (sim, connected) in [(SIM + 1, false), (SIM, true)] {
        let mut rig = Rig::registered();
        rig.pass_in(1000, 40_000);
        assert_eq!(rig.post_line(), None, "nobody uses it");
        let user = rig.users.user(0).unwrap();
        let answer = crate::message::Answer {
            reader: [7; 32],
            receipt_key: cloudmessaging_seal::generate().unwrap().1,
            due_ms: rig.wall(),
            until_ms: rig.wall() + DAY_MS,
            record_id: user.gate.terms().unwrap().record_id,
        };
        let message = crate::message::Inbound {
            id: [1; 16],
            sim,
            sender: Number::parse(PEER).unwrap(),
            body: Zeroizing::new("hello".to_owned()),
            sent_ms: rig.wall(),
            received_ms: rig.wall(),
            checkpoint_hash: None,
        };
        crate::sync::lock(&user.desk).inbox.store(message, answer).unwrap();
        rig.pass_in(1000, 5_000);
        assert_eq!(rig.post_line().is_some(), connected);
        assert_eq!(rig.posted.len(), usize::from(connected));
    }
}

#[test]
fn when_full_a_sender_is_told_so_and_receipts_and_retracts_pass() {
    let (mut rig, peer) = with_peer();
    rig.send_to(&peer, 9);
    let user = rig.users.user(0).unwrap();
    for n in 0..KEPT_BYTES / (256 * 1024) {
        let answer = Answer {
            reader: [1; 32],
            receipt_key: PublicKey([2; 32]),
            due_ms: i64::MAX,
            until_ms: i64::MAX,
            record_id: user.gate.terms().unwrap().record_id,
        };
        let inbound = Inbound {
            id: [n as u8; 16],
            sim: SIM,
            sender: Number::parse("+15550199").unwrap(),
            body: "x".repeat(256 * 1024 - MESSAGE_COST).into(),
            sent_ms: 0,
            received_ms: NOW,
            checkpoint_hash: None,
        };
        assert_eq!(crate::sync::lock(&user.desk).inbox.store(inbound, answer), Ok(Stored::New));
    }
    let (payload, secret) = message(&rig, &peer, 1);
    assert!(rig.arrives(payload.clone()), "acknowledged");
    let told = |rig: &mut Rig, secret: &SecretKey| {
        let receipt = rig.posted.pop_front().expect("a receipt");
        peer.status(&receipt.payload, secret, &rig.identity)
    };
    assert_eq!(told(&mut rig, &secret), ReceiptStatus::Full);
    let (retract, secret_2) = peer.retract(&rig.registrar, &rig.inbox(), [2; 16]);
    assert!(rig.arrives(retract));
    assert_eq!(told(&mut rig, &secret_2), ReceiptStatus::Retracted);
    let own = crate::sync::lock(&user.desk).outbox.get(&[9; 16]).unwrap().receipt_public().0;
    let receipt = peer.receipt(&rig.inbox(), &own, [9; 16], ReceiptStatus::Delivered);
    assert!(rig.arrives(receipt));
    assert!(rig.outcomes()[0].1, "delivered");
    // With room again, its sender may have sent an SMS: it stays refused.
    rig.users.acknowledge_inbound(0, i64::MAX).unwrap();
    assert!(rig.arrives(payload) && rig.received().is_empty());
    rig.pass(10_000);
    assert_eq!(told(&mut rig, &secret), ReceiptStatus::Full);
    let dropped = rig.dropped();
    assert!(dropped.len() == 1 && dropped[0].contains("FULL"), "{dropped:?}");
}
