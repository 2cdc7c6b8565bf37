// SPDX-License-Identifier: Apache-2.0
//! The inbox, claim by claim.

use cloudmessaging_seal::PublicKey;

use super::*;
use crate::message::fixture::{none, On, NOW};
use crate::message::seen::SEEN_MS;

fn empty() -> On<Inbox> {
    none(|messages| messages.inbox)
}

fn message(sender: &str, id: u8, body: &str, received_ms: i64) -> Inbound {
    let (sender, body) = (Number::parse(sender).unwrap(), Zeroizing::new(body.to_owned()));
    Inbound { id: [id; 16], sim: 1, sender, body, sent_ms: received_ms - 500, received_ms }
}

fn answer() -> Answer {
    Answer {
        reader: [1; 32],
        receipt_key: PublicKey([2; 32]),
        due_ms: NOW,
        until_ms: NOW + 1000,
        record_id: [3; 16],
    }
}

fn of(id: u8, received_ms: i64) -> Inbound {
    message("+15550100", id, "hello", received_ms)
}

/// Full but for a message with an empty body.
fn full() -> On<Inbox> {
    let mut inbox = empty();
    let room = KEPT_BYTES / 256 / 1024;
    for n in 0..room {
        let size = 256 * 1024 - MESSAGE_COST * if n + 1 == room { 2 } else { 1 };
        let body = "x".repeat(size);
        let stored = inbox.store(message("+15550199", n as u8, &body, NOW), answer()).unwrap();
        assert_eq!(stored, Stored::New);
    }
    inbox
}

#[test]
fn what_is_stored_is_read_in_order_until_it_is_acknowledged() {
    let mut inbox = empty();
    // Also by a clock that is set back.
    for (id, at) in [(1, NOW), (2, NOW), (3, NOW - 5000), (4, NOW + 5)] {
        assert_eq!(inbox.store(of(id, at), answer()), Ok(Stored::New));
    }
    let read = |inbox: &Inbox, after, limit| -> Vec<(i64, u8)> {
        inbox.inbound(after, limit).unwrap().iter().map(|(cursor, m)| (*cursor, m.id[0])).collect()
    };
    let all = read(&inbox, 0, 100);
    assert_eq!(all.iter().map(|m| m.1).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(all.windows(2).all(|m| m[0].0 < m[1].0) && all[0].0 > 0);
    assert_eq!(read(&inbox, all[1].0, 1), all[2..3]);
    assert_eq!(read(&inbox, i64::MAX, 100), []);
    assert_eq!(inbox.acknowledge(all[1].0), Ok(2));
    assert_eq!(read(&inbox, 0, 100), all[2..]);
    assert_eq!(inbox.acknowledge(i64::MAX), Ok(2));
    assert_eq!((read(&inbox, 0, 100), inbox.held.bytes), (vec![], 0));
}

#[test]
fn a_second_copy_is_a_duplicate_also_after_it_was_acknowledged() {
    let mut inbox = empty();
    assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::New));
    assert_eq!(inbox.store(of(1, NOW + 1), answer()), Ok(Stored::Duplicate));
    assert_eq!(inbox.inbound(0, 100).unwrap().len(), 1);
    inbox.acknowledge(i64::MAX).unwrap();
    assert_eq!(inbox.store(of(1, NOW + SEEN_MS - 1), answer()), Ok(Stored::Duplicate));
    assert_eq!(inbox.inbound(0, 100).unwrap().len(), 0);
}

#[test]
fn the_same_id_of_another_sender_is_another_message() {
    let mut inbox = empty();
    assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::New));
    assert_eq!(inbox.store(message("+15550101", 1, "hello", NOW), answer()), Ok(Stored::New));
}

#[test]
fn a_full_inbox_takes_nothing_and_a_second_copy_is_refused_even_with_room() {
    let mut inbox = full();
    assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::Full));
    let first = message("+15550199", 0, "", NOW);
    assert_eq!(inbox.store(first, answer()), Ok(Stored::Duplicate), "what is held is held");
    assert_eq!(
        inbox.store(message("+15550100", 2, "", NOW), answer()),
        Ok(Stored::New),
        "to the byte"
    );
    assert_eq!(inbox.store(message("+15550100", 3, "", NOW), answer()), Ok(Stored::Full));
    inbox.acknowledge(i64::MAX).unwrap();
    assert_eq!(
        inbox.store(of(1, NOW + 1000), answer()),
        Ok(Stored::Full),
        "an SMS was sent for it"
    );
    assert_eq!(inbox.store(of(4, NOW + 1000), answer()), Ok(Stored::New));
}

#[test]
fn a_flood_cannot_make_it_forget_whom_it_delivered() {
    let mut inbox = empty();
    assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::New));
    let store = inbox.shelf.clone().unwrap();
    let flood = store.write(|transaction, _| {
        let insert = "INSERT INTO seen (tag, answer, at_ms) VALUES (?1, ?2, ?3)";
        for n in 1..SEEN_MAX {
            transaction.execute(insert, (n.to_be_bytes(), Told::Delivered as i64, NOW))?;
        }
        Ok(())
    });
    flood.unwrap();
    assert_eq!(inbox.store(of(2, NOW), answer()), Ok(Stored::Full));
    assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::Duplicate));
}

#[test]
fn messages_are_kept_for_30_days_and_no_longer() {
    let mut inbox = empty();
    inbox.store(of(9, NOW + 100 * KEPT_MS), answer()).unwrap();
    inbox.store(of(1, NOW), answer()).unwrap();
    assert_eq!(inbox.expire(NOW + KEPT_MS - 1), Ok(0));
    assert_eq!(inbox.expire(NOW + KEPT_MS), Ok(1), "whatever a clock ahead has left");
    assert_eq!(inbox.held.bytes, "hello".len() + MESSAGE_COST);
}

#[test]
fn an_sms_is_recognised_once_also_after_its_message_was_acknowledged() {
    let mut inbox = empty();
    inbox.store(of(1, NOW), answer()).unwrap();
    inbox.store(of(1, NOW), answer()).unwrap();
    inbox.acknowledge(i64::MAX).unwrap();
    let mut check = || inbox.check_sms("+1 555 0100", "hello ", NOW + 1000).unwrap();
    assert_eq!(check(), Some([1; 16]));
    assert_eq!(check(), None, "a duplicate was not remembered twice");
}

#[test]
fn debug_shows_neither_sender_nor_body() {
    let mut inbox = empty();
    let text = format!("{:?}", of(1, NOW));
    inbox.store(of(1, NOW), answer()).unwrap();
    assert_eq!(text + &format!("{:?}", *inbox), "Inbound(..)Inbox(1 held)");
}
