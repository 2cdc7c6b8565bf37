// SPDX-License-Identifier: Apache-2.0
//! The inbox, claim by claim.

use cloudmessaging_seal::PublicKey;

use super::*;
use crate::file::copied::copied;
use crate::message::fixture::{none, storage_key, On, NOW, SERIAL, USER};
use crate::message::receipt::OWED_MAX;
use crate::message::seen::SEEN_MS;
use crate::message::sms::{MATCHES_MAX, MATCH_MS};
use crate::message::store::next_row;
use crate::message::Messages;

fn empty() -> On<Inbox> {
    none(|messages| messages.inbox)
}

fn message(sender: &str, id: u8, body: &str, received_ms: i64) -> Inbound {
    let (sender, body) = (Number::parse(sender).unwrap(), Zeroizing::new(body.to_owned()));
    let (sent_ms, checkpoint_hash) = (received_ms - 500, Some([id; 32]));
    Inbound { id: [id; 16], sim: 1, sender, body, sent_ms, received_ms, checkpoint_hash }
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
fn messages_are_kept_for_30_days_whatever_the_wall_clock_says() {
    let mut inbox = empty();
    inbox.expire(NOW, 5).unwrap();
    inbox.store(of(9, NOW + 100 * KEPT_MS), answer()).unwrap();
    inbox.store(of(1, NOW), answer()).unwrap();
    assert_eq!(inbox.expire(NOW + 200 * KEPT_MS, 5 + KEPT_MS - 1), Ok(0));
    assert_eq!(inbox.inbound(0, 9).unwrap().len(), 2);
    assert_eq!(inbox.expire(NOW, 5 + KEPT_MS), Ok(2));
    assert_eq!(inbox.held.bytes, 0);
}

#[test]
fn the_30_days_are_counted_on_after_a_start_of_the_gate_and_of_the_phone() {
    const DAY: i64 = KEPT_MS / 30;
    let mut inbox = empty();
    inbox.expire(NOW, 100 * DAY).unwrap();
    inbox.store(of(1, NOW), answer()).unwrap();
    inbox.expire(NOW, 110 * DAY).unwrap();
    // With a boot clock that begins anew.
    let mut inbox = inbox.killed(|messages| messages.inbox);
    inbox.expire(NOW, 5 * DAY).unwrap();
    // The gate alone.
    let folder = copied(inbox.folder.path());
    let mut messages = Messages::closed();
    messages.open(folder.path(), USER, SERIAL, &storage_key(), NOW, 15 * DAY).unwrap();
    assert_eq!(messages.inbox.expire(NOW, 20 * DAY - 1), Ok(0));
    assert_eq!(messages.inbox.expire(NOW, 20 * DAY), Ok(1), "10 and 20");
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
fn two_equal_messages_match_one_sms_each() {
    let mut inbox = empty();
    inbox.store(message("+15550100", 1, "ok", NOW), answer()).unwrap();
    inbox.store(message("+15550100", 2, "ok", NOW), answer()).unwrap();
    let mut check = || inbox.check_sms("+15550100", "ok", NOW).unwrap();
    assert_eq!((check(), check(), check()), (Some([1; 16]), Some([2; 16]), None));
}

#[test]
fn an_sms_of_another_week_is_another_message() {
    for (apart, again) in [(0, true), (MATCH_MS, true), (MATCH_MS + 1, false)] {
        for at in [NOW - apart, NOW + apart] {
            let mut inbox = empty();
            inbox.store(of(1, NOW), answer()).unwrap();
            let found = inbox.check_sms("+15550100", "hello", at).unwrap();
            assert_eq!(found.is_some(), again, "{apart}");
        }
    }
    let mut inbox = empty();
    inbox.store(of(1, NOW), answer()).unwrap();
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(inbox.check_sms("+15550100", "hello", extreme), Ok(None));
    }
}

#[test]
fn a_flood_of_messages_leaves_the_newest_to_match() {
    let mut inbox = empty();
    inbox.store(of(1, NOW), answer()).unwrap();
    let flood = inbox.reading().unwrap().write(|transaction, _| {
        let insert = "INSERT INTO sms (row, tag, received_ms, sealed) VALUES (?1, ?2, ?3, x'')";
        for n in 1..MATCHES_MAX {
            transaction.execute(insert, (next_row(transaction)?, n.to_be_bytes(), NOW))?;
        }
        Ok(())
    });
    flood.unwrap();
    inbox.store(message("+15550100", 2, "later", NOW), answer()).unwrap();
    assert_eq!(inbox.check_sms("+15550100", "hello", NOW), Ok(None));
    assert_eq!(inbox.check_sms("+15550100", "later", NOW), Ok(Some([2; 16])));
}

fn owed(inbox: &Inbox) -> Vec<(u8, ReceiptStatus)> {
    inbox.receipts_due(NOW).unwrap().iter().map(|r| (r.id[0], r.status)).collect()
}

fn take_back(inbox: &mut Inbox, id: u8) -> ReceiptStatus {
    let sender = Number::parse("+15550100").unwrap();
    inbox.retract(1, &sender, &[id; 16], answer(), NOW).unwrap()
}

#[test]
fn what_is_held_or_was_stays_delivered_when_it_is_taken_back() {
    let mut inbox = empty();
    inbox.store(of(1, NOW), answer()).unwrap();
    assert_eq!(take_back(&mut inbox, 1), ReceiptStatus::Delivered);
    assert_eq!(inbox.inbound(0, 9).unwrap().len(), 1);
    inbox.acknowledge(i64::MAX).unwrap();
    let mut inbox = inbox.killed(|messages| messages.inbox);
    assert_eq!(take_back(&mut inbox, 1), ReceiptStatus::Delivered);
    assert_eq!(owed(&inbox), [(1, ReceiptStatus::Delivered)], "one for one message");
}

#[test]
fn what_is_taken_back_before_it_comes_is_refused_for_good() {
    let mut inbox = empty();
    assert_eq!(take_back(&mut inbox, 1), ReceiptStatus::Retracted);
    assert_eq!(take_back(&mut inbox, 1), ReceiptStatus::Retracted, "again");
    let mut inbox = inbox.killed(|messages| messages.inbox);
    assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::Retracted));
    assert_eq!(inbox.store(of(1, NOW + SEEN_MS - 1), answer()), Ok(Stored::Retracted));
    assert!(inbox.inbound(0, 9).unwrap().is_empty());
    assert_eq!(inbox.check_sms("+15550100", "hello", NOW), Ok(None), "the SMS is the only one");
    // Whoever has another number cannot take it back.
    assert_eq!(inbox.store(message("+15550101", 1, "hello", NOW), answer()), Ok(Stored::New));
}

#[test]
fn receipts_and_retracts_pass_when_it_is_full() {
    let mut inbox = full();
    assert_eq!(inbox.store(of(101, NOW), answer()), Ok(Stored::Full));
    assert_eq!(take_back(&mut inbox, 101), ReceiptStatus::Full, "the refusal stands");
    assert_eq!(take_back(&mut inbox, 102), ReceiptStatus::Retracted);
    let owed = owed(&inbox);
    assert!(owed.contains(&(101, ReceiptStatus::Full)));
    assert!(owed.contains(&(102, ReceiptStatus::Retracted)));
}

#[test]
fn a_receipt_is_owed_until_it_is_sent_or_nobody_waits_for_it() {
    let mut inbox = empty();
    let later = |due_ms| Answer { due_ms, ..answer() };
    inbox.store(of(1, NOW), later(NOW + 20)).unwrap();
    inbox.store(of(2, NOW), later(NOW + 10)).unwrap();
    let inbox = inbox.killed(|messages| messages.inbox);
    assert_eq!(inbox.next_receipt(), Some(NOW + 10));
    assert!(inbox.receipts_due(NOW + 9).unwrap().is_empty());
    let due = inbox.receipts_due(NOW + 20).unwrap();
    assert_eq!(due.iter().map(|r| r.id[0]).collect::<Vec<_>>(), [2, 1]);
    let (first, kept) = (&due[0], later(NOW + 10));
    assert_eq!((first.sim, first.status), (1, ReceiptStatus::Delivered));
    assert_eq!(first.answer.reader, kept.reader);
    assert_eq!(first.answer.receipt_key, kept.receipt_key);
    assert_eq!((first.answer.due_ms, first.answer.until_ms), (kept.due_ms, kept.until_ms));
    assert_eq!(first.answer.record_id, kept.record_id);
    let mut inbox = inbox;
    inbox.receipt_sent(first.row).unwrap();
    let mut inbox = inbox.killed(|messages| messages.inbox);
    assert_eq!(inbox.receipts_due(NOW + 20).unwrap().len(), 1);
    assert!(inbox.receipts_due(NOW + 1000).unwrap().is_empty(), "nobody waits");
    inbox.expire(NOW + 1000, 0).unwrap();
    assert_eq!(inbox.next_receipt(), None);
}

#[test]
fn a_receipt_in_the_place_of_another_that_is_under_way_is_owed_all_the_same() {
    let mut inbox = empty();
    inbox.store(of(1, NOW), answer()).unwrap();
    let under_way = inbox.receipts_due(NOW).unwrap()[0].row;
    // Its sender asks before the broker has the first one, and from another inbox.
    let moved = Answer { reader: [7; 32], ..answer() };
    inbox.retract(1, &of(1, NOW).sender, &[1; 16], moved, NOW).unwrap();
    inbox.receipt_sent(under_way).unwrap();
    assert_eq!(inbox.receipts_due(NOW).unwrap()[0].answer.reader, [7; 32]);
}

fn due(inbox: &Inbox) -> Vec<i64> {
    let owed = inbox.receipts_due(NOW + 30_000).unwrap();
    owed.iter().map(|r| r.answer.due_ms - NOW).collect()
}

/// At once, and waited for longer than any test takes.
fn from(now_ms: i64) -> Answer {
    Answer { due_ms: now_ms, until_ms: now_ms + 200_000, ..answer() }
}

fn sent_all(inbox: &mut Inbox) {
    for receipt in inbox.receipts_due(NOW + 30_000).unwrap() {
        inbox.receipt_sent(receipt.row).unwrap();
    }
}

#[test]
fn copies_neither_put_off_a_receipt_that_is_owed_nor_owe_a_second() {
    let mut inbox = empty();
    inbox.store(of(1, NOW), Answer { due_ms: NOW + 900, ..from(NOW) }).unwrap();
    for later in (1..30_000).step_by(1000) {
        inbox.store(of(1, NOW + later), from(NOW + later)).unwrap();
        assert_eq!(due(&inbox), [900]);
    }
    // An uplink has it, and the broker takes it.
    sent_all(&mut inbox);
    assert!(due(&inbox).is_empty());
}

#[test]
fn copies_are_answered_once_in_ten_seconds_however_many_come() {
    let mut inbox = empty();
    let mut answers = Vec::new();
    for at in (0..30_000).step_by(100) {
        inbox.store(of(1, NOW + at), from(NOW + at)).unwrap();
        if let Some(receipt) = inbox.receipts_due(NOW + at).unwrap().first() {
            answers.push(at);
            inbox.receipt_sent(receipt.row).unwrap();
        }
    }
    assert_eq!(answers, [0, 10_000, 20_000]);
}

#[test]
fn the_first_retract_is_answered_at_once_and_its_copies_are_not() {
    let mut inbox = empty();
    let retract = |inbox: &mut Inbox, at| {
        inbox.retract(1, &of(1, NOW).sender, &[1; 16], from(NOW + at), NOW + at).unwrap();
        due(inbox)
    };
    inbox.store(of(1, NOW), from(NOW)).unwrap();
    sent_all(&mut inbox);
    inbox.store(of(1, NOW + 1000), from(NOW + 1000)).unwrap();
    assert_eq!(due(&inbox), [10_000], "a copy waits");
    assert_eq!(retract(&mut inbox, 2000), [2000], "its sender does not");
    sent_all(&mut inbox);
    assert_eq!(retract(&mut inbox, 3000), [12_000]);
    sent_all(&mut inbox);
    assert_eq!(retract(&mut inbox, -50_000), [-40_000], "nor longer, by a clock set back");
}

#[test]
fn a_receipt_of_another_consent_is_never_sent() {
    let mut inbox = empty();
    inbox.store(of(1, NOW), answer()).unwrap();
    inbox.store(of(2, NOW), Answer { record_id: [4; 16], ..answer() }).unwrap();
    inbox.settle(Some([4; 16])).unwrap();
    assert_eq!(owed(&inbox), [(2, ReceiptStatus::Delivered)]);
    inbox.settle(None).unwrap();
    assert!(owed(&inbox.killed(|messages| messages.inbox)).is_empty());
    assert_eq!(inbox.inbound(0, 9).unwrap().len(), 2, "the messages are the owner's");
}

#[test]
fn with_too_many_receipts_owed_nothing_is_stored() {
    let mut inbox = empty();
    inbox.store(of(1, NOW), answer()).unwrap();
    let flood = inbox.reading().unwrap().write(|transaction, _| {
        let insert = "INSERT INTO receipt (row, tag, consent, due_ms, until_ms, sealed)
            VALUES (?1, ?2, x'', ?3, ?3, x'')";
        for n in 1..OWED_MAX {
            transaction.execute(insert, (next_row(transaction)?, n.to_be_bytes(), NOW + 500))?;
        }
        Ok(())
    });
    flood.unwrap();
    assert_eq!(inbox.store(of(2, NOW), answer()), Err(StoreError::Full("receipt")));
    assert_eq!(inbox.inbound(0, 9).unwrap().len(), 1);
    assert_eq!(inbox.store(of(1, NOW), answer()), Ok(Stored::Duplicate), "in the place of its own");
    inbox.expire(NOW + 500, 0).unwrap();
    assert_eq!(inbox.store(of(2, NOW), answer()), Ok(Stored::New));
}

#[test]
fn debug_shows_neither_sender_nor_body() {
    let mut inbox = empty();
    let text = format!("{:?}", of(1, NOW));
    inbox.store(of(1, NOW), answer()).unwrap();
    assert_eq!(text + &format!("{:?}", *inbox), "Inbound(..)Inbox(1 held)");
}
