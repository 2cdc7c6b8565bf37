// SPDX-License-Identifier: Apache-2.0
//! What goes out, when, and for how long it is good.

use super::*;
use aidl::SmsReason::SmsReason as Sms;
use cloudmessaging_wire::proto::envelope::{content::Kind, Message, ReceiptStatus};
use cloudmessaging_wire::proto::uplink::Published;

use crate::disclose::DataClass;
use crate::ledger::faults::fill;
use crate::message::faults::{fail_changes, fail_changes_after};

fn opened(rig: &Rig, peer: &Peer, payload: &[u8]) -> Message {
    match peer.open(payload, &rig.identity) {
        Some(Kind::Message(message)) => message,
        _ => panic!("of another kind"),
    }
}

fn intents(rig: &Rig) -> usize {
    rig.ledger().iter().filter(|line| line.starts_with("Message")).count()
}

#[test]
fn what_was_not_acknowledged_is_sent_again_written_down_again_with_what_is_left_of_its_expiry() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.acknowledges = false;
    assert_eq!(rig.send(1), None);
    rig.answer_look_up(&peer);
    let first = rig.posted.pop_front().expect("nothing was sent");
    assert_eq!(first.expiry_s, 590, "10 s less than the app gave");
    let message = opened(&rig, &peer, &first.payload);
    assert_eq!(message.not_after_ms, NOW + 590_000);
    assert_eq!(intents(&rig), 1);
    rig.pass(20_000);
    assert!(rig.posted.is_empty(), "it is in the uplink's hands");
    let post = rig.post_line().unwrap();
    rig.close(post);
    rig.run();
    rig.pass(2_000);
    let second = rig.posted.pop_front().expect("not sent again");
    assert_eq!(second.expiry_s, 568);
    assert_ne!(second.payload, first.payload, "sealed anew");
    let again = opened(&rig, &peer, &second.payload);
    assert_eq!((again.id, again.not_after_ms), (message.id, message.not_after_ms));
    assert_eq!(again.receipt_public_key, message.receipt_public_key);
    assert_eq!(intents(&rig), 2);
}

fn refuse(rig: &mut Rig, publish: &Publish) {
    let (connection, token) = (publish.connection, publish.token);
    let published = Published { connection, token, reason_code: 0x97 };
    rig.stage.say(from_uplink::Frame::Published(published));
    rig.run();
}

#[test]
fn what_the_broker_refuses_is_perhaps_out_and_sent_again_less_and_less_often() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.acknowledges = false;
    let first = rig.send_to(&peer, 1);
    refuse(&mut rig, &first);
    assert!(rig.outcomes().is_empty(), "it may have passed it on all the same");
    let mut tries = 1;
    for _ in 0..300 {
        rig.sleep(1000);
        if let Some(publish) = rig.posted.pop_front() {
            assert_eq!(opened(&rig, &peer, &publish.payload).id, [1; 16]);
            tries += 1;
            refuse(&mut rig, &publish);
        }
    }
    assert!((6..=9).contains(&tries), "{tries}");
    let key = opened(&rig, &peer, &first.payload).receipt_public_key;
    let receipt = peer.receipt(&rig.inbox(), &key, [1; 16], ReceiptStatus::Delivered);
    assert!(rig.arrives(receipt));
    assert_eq!(rig.outcomes(), [(1, true, Sms::NONE)], "as it had");
    rig.sleep(600_000);
    assert!(rig.posted.is_empty());
}

#[test]
fn what_the_broker_refused_is_taken_back_when_its_time_is_over() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.acknowledges = false;
    let first = rig.send_to(&peer, 1);
    refuse(&mut rig, &first);
    rig.acknowledges = true;
    rig.clock.advance(590_000);
    rig.run();
    rig.answer_look_up(&peer);
    let publish = rig.posted.pop_front().expect("no retract");
    assert!(matches!(peer.open(&publish.payload, &rig.identity), Some(Kind::Retract(_))));
    assert!(rig.outcomes().is_empty() && rig.posted.is_empty());
    rig.pass(10_000);
    assert_eq!(rig.outcomes(), [(1, false, Sms::EXPIRED)]);
}

#[test]
fn what_was_kept_back_is_sent_also_where_the_disk_cannot_say_that_it_was() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    let first = rig.send_to(&peer, 1);
    let key = opened(&rig, &peer, &first.payload).receipt_public_key;
    let receipt = peer.receipt(&rig.inbox(), &key, [1; 16], ReceiptStatus::Delivered);
    assert!(rig.arrives(receipt));
    rig.stage.refuse(true);
    // It is accepted, the hand-over is noted, and then the disk fails.
    fail_changes_after(2);
    assert_eq!(rig.send(2), None);
    fail_changes(false);
    assert!(rig.posted.is_empty());
    rig.stage.refuse(false);
    rig.pass(1000);
    let publish = rig.posted.pop_front().expect("not sent");
    assert_eq!(opened(&rig, &peer, &publish.payload).id, [2; 16]);
}

#[test]
fn on_a_full_disk_nothing_leaves_that_is_not_written_down_and_it_can_be_turned_off() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.send_to(&peer, 1);
    let folder = rig.disk.path().join("0/ledger");
    fill(&folder, true);
    assert_eq!(rig.send(2), None, "it waits on the disk that the messages are on");
    rig.pass(10_000);
    assert!(rig.posted.is_empty() && rig.outcomes().is_empty());
    fill(&folder, false);
    rig.pass(60_001);
    let publish = rig.posted.pop_front().expect("there is room, and it is not sent");
    assert_eq!(opened(&rig, &peer, &publish.payload).id, [2; 16]);
    let why = "it could not be written down first";
    assert!(rig.ledger().iter().any(|line| line.ends_with(why)), "{:?}", rig.ledger());
    // Full again: withdrawing needs no room. What it was is said when there is some.
    fill(&folder, true);
    assert!(rig.users.withdraw(0, false).durable);
    assert!(rig.users.receipt(0).is_err(), "off");
    fill(&folder, false);
    rig.restart();
    assert!(rig.users.receipt(0).is_err(), "and off it stays");
    assert!(rig.ledger().iter().any(|line| line.starts_with("Found turned off at start")));
}

#[test]
fn a_message_is_good_for_a_day_and_no_longer() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    assert_eq!(rig.send_until(1, NOW + 9 * DAY_MS), None);
    rig.answer_look_up(&peer);
    let publish = rig.posted.pop_front().expect("nothing was sent");
    assert_eq!(publish.expiry_s, 24 * 3600);
    assert_eq!(opened(&rig, &peer, &publish.payload).not_after_ms, NOW + DAY_MS);
    rig.pass(DAY_MS + 9_999);
    assert!(rig.outcomes().is_empty());
    rig.pass(1);
    assert_eq!(rig.outcomes(), [(1, false, Sms::EXPIRED)]);
}

#[test]
fn the_post_connection_ends_after_30_s_without_use_and_the_next_has_another_name() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.send_to(&peer, 1);
    rig.pass(29_999);
    assert!(rig.post_line().is_some());
    rig.pass(1);
    assert!(rig.post_line().is_none() && rig.inbox_line().is_some());
    assert_eq!(rig.send(2), None);
    assert!(rig.posted.pop_front().is_some(), "over another one");
    let posts = rig.connects.iter().filter(|connect| connect.clean_start);
    let names: std::collections::BTreeSet<_> = posts.clone().map(|c| &c.client_id).collect();
    assert_eq!((names.len(), posts.count()), (2, 2));
}

#[test]
fn somebody_who_was_found_is_not_looked_up_again_until_both_prekeys_are_over() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.send_to(&peer, 1);
    for (id, found) in [(2, true), (3, false)] {
        // Their next prekey is current now, then it is over too.
        rig.pass(DAY_MS);
        rig.asked.clear();
        assert_eq!(rig.send(id), None);
        let look_up =
            |asked: &rig::Asked| matches!(asked.request.kind, Some(request::Kind::LookUp(_)));
        assert_eq!(rig.asked.iter().any(look_up), !found);
        assert_eq!(rig.posted.pop_front().is_some(), found);
    }
}

#[test]
fn an_answer_of_the_registrar_that_is_replayed_is_dropped() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    assert_eq!(rig.send(1), None);
    let asked = rig.asked.pop_front().expect("a look-up");
    let found = cloudmessaging_wire::proto::registrar::Found {
        routing_id: peer.certified.routing_id.to_vec(),
        bundle: peer.bundle(&rig.registrar),
    };
    let answer = seal_reply(&asked.reply_to, reply::Kind::Found(found)).unwrap().payload;
    let post = rig.post_line().unwrap();
    for _ in 0..2 {
        let token = rig.receive(post, &asked.reply_to.topic, answer.clone(), Some(60));
        assert!(rig.stored.contains(&token), "acknowledged");
    }
    assert_eq!(rig.posted.len(), 1, "the first is used");
    // Nor does it answer another request, about somebody else.
    assert_eq!(rig.send_to_another(2), None);
    assert_eq!(rig.asked.len(), 1);
    rig.receive(post, &asked.reply_to.topic, answer, Some(60));
    assert_eq!(rig.posted.len(), 1);
    let dropped = rig.dropped();
    assert!(dropped.len() == 1 && dropped[0].contains("2 messages"), "{dropped:?}");
    assert!(dropped[0].contains("UNKNOWN_KEY"), "{dropped:?}");
}

#[test]
fn under_a_certificate_that_has_lapsed_nothing_is_asked_or_sent() {
    let mut rig = Rig::on();
    rig.lease_ms = DAY_MS / 2;
    rig.answer_registration();
    let peer = Peer::new(PEER, 5, NOW);
    rig.send_to(&peer, 1);
    rig.pass(DAY_MS / 2);
    assert_eq!(rig.send(2), None);
    rig.pass_in(1000, 60_000);
    assert!(rig.posted.is_empty(), "its recipient would not believe it");
    let registration = |asked: &rig::Asked| match &asked.request.kind {
        Some(request::Kind::Registration(registration)) => registration.code.is_empty(),
        _ => false,
    };
    assert!(!rig.asked.is_empty() && rig.asked.iter().all(registration));
    rig.asked.clear();
    while rig.asked.is_empty() {
        rig.pass(1000);
    }
    rig.answer_registration();
    assert_eq!(rig.posted.len(), 1, "and now it does");
}

#[test]
fn what_the_gate_refuses_the_courier_is_counted_in_the_ledger() {
    let mut rig = Rig::registered();
    rig.users.set_class_allowed(0, DataClass::RecipientNumber, false).unwrap();
    rig.lines.clear();
    rig.run();
    for id in 1..=3 {
        assert_eq!(rig.send(id), None);
    }
    assert_eq!(rig.outcomes().len(), 3, "left to SMS");
    let refused = |rig: &Rig| {
        let lines = rig.ledger().into_iter();
        lines.filter(|line| line.ends_with("what is not allowed")).collect::<Vec<_>>()
    };
    let lines = refused(&rig);
    assert!(lines.len() == 1 && lines[0].starts_with("Refused 1 call "), "{lines:?}");
    rig.pass(60_001);
    let lines = refused(&rig);
    assert!(lines.len() == 2 && lines[1].starts_with("Refused 2 more calls "), "{lines:?}");
}
