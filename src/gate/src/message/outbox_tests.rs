// SPDX-License-Identifier: Apache-2.0
//! The outbox, claim by claim.

use cloudmessaging_seal::{receipt_key_id, Number};
use zeroize::Zeroizing;

use super::*;
use crate::message::fixture::{none, On, NOW};
use crate::message::outbox_rows::add_outcome;
use crate::message::SmsReason::{Expired, NoNetwork, NotRegistered, Off, Refused};

const READER: Reader = reader(7);
const RECORD: [u8; 16] = [3; 16];

const fn reader(n: u8) -> Reader {
    Reader { identity_key: [n; 32], routing_id: [n; 32], prekey_id: [n; 8] }
}

fn with_body(id: u8, body: &str, sms_deadline_ms: i64) -> NewMessage {
    NewMessage {
        id: [id; 16],
        sim: 1,
        recipient: Number::parse("+15550101").unwrap(),
        body: Zeroizing::new(body.to_owned()),
        sms_deadline_ms,
        message_hash: [id; 32],
        record_id: RECORD,
    }
}

fn new(id: u8) -> NewMessage {
    with_body(id, "hello", NOW + 60_000)
}

fn empty() -> On<Outbox> {
    none(|messages| messages.outbox)
}

/// Messages 1 to `n`, in this order.
fn holding(n: u8) -> On<Outbox> {
    let mut outbox = empty();
    for id in 1..=n {
        assert_eq!(outbox.accept(new(id), NOW), Ok(Accepted::New));
    }
    outbox
}

fn endings(outbox: &Outbox) -> Vec<(u8, Ending)> {
    outbox.outcomes(0, usize::MAX).unwrap().iter().map(|o| (o.id[0], o.ending)).collect()
}

#[test]
fn the_same_call_again_is_the_same_message() {
    let mut outbox = holding(1);
    let key = *outbox.get(&[1; 16]).unwrap().receipt_key_id();
    assert_eq!(outbox.accept(new(1), NOW + 5), Ok(Accepted::Again));
    assert_eq!(outbox.open().count(), 1);
    let entry = outbox.get(&[1; 16]).unwrap();
    assert_eq!((entry.receipt_key_id(), entry.accepted_ms()), (&key, NOW));
    // Also when it has ended, and past its deadline: the app learns the outcome, no second one.
    outbox.close(&[1; 16], Ending::Delivered, NOW).unwrap();
    assert_eq!(outbox.accept(new(1), NOW + 90_000), Ok(Accepted::Again));
    assert_eq!(outbox.open().count(), 0);
}

#[test]
fn an_id_with_other_content_is_refused_until_its_outcome_is_acknowledged() {
    let mut outbox = holding(1);
    let other = |change: fn(&mut NewMessage)| {
        let mut message = new(1);
        change(&mut message);
        message
    };
    let others: [fn(&mut NewMessage); 4] = [
        |m| m.sim = 2,
        |m| m.recipient = Number::parse("+15550102").unwrap(),
        |m| m.body.push('!'),
        |m| m.sms_deadline_ms += 1,
    ];
    for change in others {
        assert_eq!(outbox.accept(other(change), NOW), Err(AcceptError::IdReused));
    }
    // The gate's own name for it in the ledger is not the app's.
    assert_eq!(outbox.accept(other(|m| m.message_hash = [9; 32]), NOW), Ok(Accepted::Again));
    outbox.close(&[1; 16], Ending::Delivered, NOW).unwrap();
    for change in others {
        assert_eq!(outbox.accept(other(change), NOW), Err(AcceptError::IdReused));
    }
    outbox.acknowledge(i64::MAX).unwrap();
    assert_eq!(outbox.accept(other(others[0]), NOW), Ok(Accepted::New));
}

#[test]
fn recipient_and_body_cannot_trade_characters() {
    let message = |recipient, body: &str| NewMessage {
        recipient: Number::parse(recipient).unwrap(),
        ..with_body(1, body, NOW + 60_000)
    };
    assert_ne!(message("+15550101", "2x").request(), message("+155501012", "x").request());
}

#[test]
fn a_deadline_is_20_seconds_ahead_and_a_day_is_used_of_it() {
    let mut outbox = empty();
    for deadline in [i64::MIN, 0, NOW - 1, NOW, NOW + 19_999] {
        let refused = outbox.accept(with_body(1, "x", deadline), NOW);
        assert_eq!(refused, Err(AcceptError::Deadline), "{deadline}");
    }
    let (day, margin) = (24 * 3600 * 1000, 10_000);
    let cases = [
        (NOW + 20_000, NOW + 10_000),
        (NOW + day + margin, NOW + day),
        (NOW + day + margin + 1, NOW + day),
        (i64::MAX, NOW + day),
    ];
    for (n, (deadline, not_after)) in (1..).zip(cases) {
        outbox.accept(with_body(n, "x", deadline), NOW).unwrap();
        let entry = outbox.get(&[n; 16]).unwrap();
        assert_eq!(entry.not_after_ms(), not_after, "{deadline}");
        assert_eq!(entry.sms_deadline_ms(), not_after + margin, "{deadline}");
    }
}

#[test]
fn no_more_is_under_way_than_may_be() {
    let mut outbox = empty();
    let numbered = |n: usize, body: &str| {
        let mut message = with_body(0, body, NOW + 60_000);
        message.id[..8].copy_from_slice(&(n as u64).to_be_bytes());
        message
    };
    for n in 0..OPEN_MAX {
        outbox.accept(numbered(n, "x"), NOW).unwrap();
    }
    assert_eq!(outbox.accept(new(1), NOW), Err(AcceptError::TooMany));
    assert_eq!(outbox.accept(numbered(0, "x"), NOW), Ok(Accepted::Again), "nothing more");
    outbox.close(&numbered(0, "").id, Ending::Delivered, NOW).unwrap();
    assert_eq!(outbox.accept(new(1), NOW), Ok(Accepted::New));

    let mut outbox = empty();
    let body = "x".repeat(OPEN_BYTES_MAX / 2);
    outbox.accept(numbered(1, &body), NOW).unwrap();
    outbox.accept(numbered(2, &body), NOW).unwrap();
    assert_eq!(outbox.accept(numbered(3, "x"), NOW), Err(AcceptError::TooMany));
    outbox.close(&numbered(1, "").id, Ending::Delivered, NOW).unwrap();
    assert_eq!(outbox.accept(numbered(3, "x"), NOW), Ok(Accepted::New));
}

#[test]
fn an_app_that_never_acknowledges_loses_no_outcome_and_begins_no_more() {
    let outbox = empty();
    let store = outbox.shelf.clone().unwrap();
    let all = store.write(|transaction, sealer| {
        for n in 0..OUTCOMES_MAX as u64 {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&n.to_be_bytes());
            add_outcome(transaction, sealer, (&id, &[0; 32]), Ending::Delivered, NOW)?;
        }
        Ok(())
    });
    all.unwrap();
    let mut outbox = outbox.killed(|messages| messages.outbox);
    assert_eq!(outbox.accept(new(1), NOW), Err(AcceptError::TooMany));
    assert_eq!(outbox.outcomes(0, usize::MAX).unwrap().len(), OUTCOMES_MAX);
    let first = outbox.outcomes(0, 1).unwrap()[0].cursor;
    outbox.acknowledge(first).unwrap();
    assert_eq!(outbox.accept(new(1), NOW), Ok(Accepted::New));
}

#[test]
fn each_message_has_its_own_receipt_key() {
    let outbox = holding(2);
    let (a, b) = (outbox.get(&[1; 16]).unwrap(), outbox.get(&[2; 16]).unwrap());
    assert_ne!(a.receipt_secret().as_bytes(), b.receipt_secret().as_bytes());
    assert_eq!(*a.receipt_key_id(), receipt_key_id(a.receipt_public()));
    assert_eq!(outbox.by_receipt_key(b.receipt_key_id()).map(Entry::id), Some(&[2; 16]));
    assert!(outbox.by_receipt_key(&[0; 8]).is_none());
}

#[test]
fn a_message_moves_one_way() {
    let (mut outbox, id) = (holding(1), [1; 16]);
    let state = |outbox: &Outbox| outbox.get(&id).map(Entry::state);
    assert_eq!(outbox.returned(&id), Ok(false), "never handed over");
    assert_eq!(outbox.acknowledged(&id), Ok(false), "never handed over");
    assert_eq!(state(&outbox), Some(State::Waiting));

    assert_eq!(outbox.handed_over(&id, READER), Ok(true));
    assert_eq!(outbox.handed_over(&id, reader(8)), Ok(false), "it is out");
    assert_eq!(outbox.get(&id).unwrap().reader(), Some(&READER));
    assert_eq!(outbox.returned(&id), Ok(true));
    assert_eq!(state(&outbox), Some(State::Returned));
    assert!(outbox.get(&id).unwrap().is_to_be_sent());
    assert!(outbox.get(&id).unwrap().is_perhaps_out());

    assert_eq!(outbox.handed_over(&id, reader(8)), Ok(true));
    assert_eq!(outbox.acknowledged(&id), Ok(true));
    let entry = outbox.get(&id).unwrap();
    assert_eq!((entry.state(), entry.attempts()), (State::Acknowledged, 2));
    assert_eq!(entry.reader(), Some(&reader(8)));
    for again in [outbox.handed_over(&id, READER), outbox.returned(&id), outbox.acknowledged(&id)] {
        assert_eq!(again, Ok(false));
    }
    outbox.close(&id, Ending::Delivered, NOW).unwrap();
    for late in [outbox.handed_over(&id, READER), outbox.note(&id, Refused)] {
        assert_eq!(late, Ok(false));
    }
}

#[test]
fn a_hand_over_that_was_refused_is_as_if_it_had_not_been() {
    let (mut outbox, id) = (holding(1), [1; 16]);
    let at = |outbox: &Outbox| {
        let entry = outbox.get(&id).unwrap();
        (entry.state(), entry.attempts(), entry.reader().copied())
    };
    assert_eq!(outbox.kept_back(&id), Ok(false));
    outbox.handed_over(&id, READER).unwrap();
    assert_eq!(outbox.kept_back(&id), Ok(true));
    assert_eq!(at(&outbox), (State::Waiting, 0, None));

    outbox.handed_over(&id, READER).unwrap();
    outbox.returned(&id).unwrap();
    outbox.handed_over(&id, reader(8)).unwrap();
    assert_eq!(outbox.kept_back(&id), Ok(true));
    assert_eq!(at(&outbox), (State::Returned, 1, Some(READER)), "the first one may be out");
    assert_eq!(outbox.kept_back(&id), Ok(false), "and is not undone");
}

#[test]
fn what_is_withdrawn_while_it_is_handed_over_is_perhaps_out() {
    let (mut outbox, id) = (holding(1), [1; 16]);
    outbox.handed_over(&id, READER).unwrap();
    assert_eq!(outbox.withdraw(NOW + 1), Ok(vec![]));
    for late in [outbox.kept_back(&id), outbox.acknowledged(&id)] {
        assert_eq!(late, Ok(false));
    }
    assert_eq!(outbox.expire(NOW + 60_000).unwrap()[0].reason, Expired);
}

#[test]
fn the_first_terminal_state_wins_and_takes_the_keys_with_it() {
    let (mut outbox, id) = (holding(2), [1; 16]);
    let key = *outbox.get(&id).unwrap().receipt_key_id();
    assert_eq!(outbox.close(&[9; 16], Ending::Delivered, NOW), Ok(false), "not known");
    assert_eq!(outbox.close(&id, Ending::UseSms(Refused), NOW + 1), Ok(true));
    assert_eq!(outbox.close(&id, Ending::Delivered, NOW + 2), Ok(false));
    assert!(outbox.get(&id).is_none() && outbox.by_receipt_key(&key).is_none());
    assert_eq!(outbox.withdraw(NOW + 3).unwrap().len(), 1, "the other one");
    assert_eq!(outbox.expire(i64::MAX), Ok(vec![]));
    let first = outbox.outcomes(0, 1).unwrap()[0];
    assert_eq!((first.id, first.ending, first.at_ms), (id, Ending::UseSms(Refused), NOW + 1));
    assert_eq!(outbox.outcomes(0, 100).unwrap().len(), 2);
}

#[test]
fn at_its_deadline_a_message_that_may_be_out_expired_and_another_has_its_reason() {
    let mut outbox = holding(4);
    outbox.note(&[1; 16], Refused).unwrap();
    outbox.note(&[1; 16], NotRegistered).unwrap();
    for id in [[3; 16], [4; 16]] {
        outbox.handed_over(&id, READER).unwrap();
        outbox.note(&id, Refused).unwrap();
    }
    outbox.returned(&[4; 16]).unwrap();
    assert_eq!(outbox.next_deadline(), Some(NOW + 60_000));
    assert_eq!(outbox.expire(NOW + 59_999), Ok(vec![]));
    let ended = outbox.expire(NOW + 60_000).unwrap();
    let ended: Vec<_> = ended.iter().map(|c| (c.id[0], c.message_hash[0], c.reason)).collect();
    let expected = [(1, 1, NotRegistered), (2, 2, NoNetwork), (3, 3, Expired), (4, 4, Expired)];
    assert_eq!(ended, expected);
    assert_eq!(outbox.next_deadline(), None);
}

#[test]
fn after_withdrawal_nothing_is_sent_and_what_may_be_out_ends_at_its_deadline() {
    let mut outbox = holding(4);
    outbox.handed_over(&[2; 16], READER).unwrap();
    outbox.handed_over(&[3; 16], READER).unwrap();
    outbox.returned(&[3; 16]).unwrap();
    outbox.note(&[1; 16], NotRegistered).unwrap();
    let ended: Vec<_> =
        outbox.withdraw(NOW + 5).unwrap().iter().map(|c| (c.id[0], c.reason)).collect();
    assert_eq!(ended, [(1, Off), (4, Off)]);
    for id in [[2; 16], [3; 16]] {
        assert!(!outbox.get(&id).unwrap().is_to_be_sent());
        assert_eq!(outbox.handed_over(&id, READER), Ok(false));
        assert_eq!(outbox.returned(&id), Ok(false));
    }
    // A receipt can still come, after the next grant.
    assert_eq!(outbox.close(&[2; 16], Ending::Delivered, NOW + 6), Ok(true));
    outbox.expire(NOW + 60_000).unwrap();
    let sms = Ending::UseSms;
    let expected = [(1, sms(Off)), (4, sms(Off)), (2, Ending::Delivered), (3, sms(Expired))];
    assert_eq!(endings(&outbox), expected);
}

#[test]
fn a_crash_between_a_withdrawal_and_its_last_step_changes_no_ending() {
    let mut outbox = holding(4);
    outbox.handed_over(&[2; 16], READER).unwrap();
    outbox.handed_over(&[3; 16], READER).unwrap();
    outbox.acknowledged(&[3; 16]).unwrap();
    outbox.close(&[4; 16], Ending::Delivered, NOW).unwrap();
    assert_eq!(outbox.settle(Some(RECORD), NOW), Ok(vec![]), "it is in force");
    assert!(outbox.get(&[1; 16]).unwrap().is_to_be_sent());

    let mut outbox = outbox.killed(|messages| messages.outbox);
    let of_another = NewMessage { record_id: [9; 16], ..new(5) };
    outbox.accept(of_another, NOW).unwrap();
    let settled = outbox.settle(Some([9; 16]), NOW + 5).unwrap();
    assert_eq!(settled.iter().map(|c| (c.id[0], c.reason)).collect::<Vec<_>>(), [(1, Off)]);
    assert_eq!(outbox.settle(Some([9; 16]), NOW + 6), Ok(vec![]), "once");
    assert!(outbox.get(&[5; 16]).unwrap().is_to_be_sent());
    for id in [[2; 16], [3; 16]] {
        assert_eq!(outbox.get(&id).unwrap().state(), State::Withdrawn);
        assert_eq!(outbox.handed_over(&id, READER), Ok(false));
    }
    let mut outbox = outbox.killed(|messages| messages.outbox);
    let ended = outbox.expire(NOW + 60_000).unwrap();
    let ended: Vec<_> = ended.iter().map(|c| (c.id[0], c.reason)).collect();
    assert_eq!(ended, [(2, Expired), (3, Expired), (5, NoNetwork)]);
}

#[test]
fn what_was_handed_over_before_a_kill_is_perhaps_out_and_sent_again() {
    let mut outbox = holding(2);
    outbox.handed_over(&[1; 16], READER).unwrap();
    let key = *outbox.get(&[1; 16]).unwrap().receipt_key_id();
    let mut outbox = outbox.killed(|messages| messages.outbox);
    let entry = outbox.by_receipt_key(&key).unwrap();
    assert_eq!((entry.state(), entry.reader()), (State::Returned, Some(&READER)));
    assert!(entry.is_to_be_sent() && entry.is_perhaps_out());
    assert_eq!(outbox.kept_back(&[1; 16]), Ok(false), "of another life");
    assert_eq!(outbox.handed_over(&[1; 16], READER), Ok(true));
    assert_eq!(outbox.body(&[1; 16]).unwrap().as_str(), "hello");
    assert_eq!(outbox.body(&[9; 16]), Err(StoreError::Gone));
}

#[test]
fn a_message_whose_time_is_over_is_retracted_once_in_a_life() {
    let mut outbox = holding(4);
    for id in [1, 2, 3] {
        outbox.handed_over(&[id; 16], READER).unwrap();
    }
    outbox.close(&[2; 16], Ending::Delivered, NOW).unwrap();
    let not_after = outbox.get(&[1; 16]).unwrap().not_after_ms();
    assert!(outbox.retract_due(not_after - 1).is_empty());
    assert_eq!(outbox.retract_due(not_after), [[1; 16], [3; 16]], "never out, or delivered");
    outbox.retract_sent(&[1; 16]);
    outbox.retract_sent(&[3; 16]);
    assert!(outbox.retract_due(not_after).is_empty());
    outbox.retract_returned(&[3; 16]);
    assert_eq!(outbox.retract_due(not_after), [[3; 16]]);
    let mut outbox = outbox.killed(|messages| messages.outbox);
    assert_eq!(outbox.retract_due(not_after), [[1; 16], [3; 16]], "another life");
    outbox.withdraw(NOW).unwrap();
    assert!(outbox.retract_due(not_after).is_empty(), "nothing is sent after off");
}

#[test]
fn outcomes_are_read_in_order_until_they_are_acknowledged() {
    let mut outbox = holding(4);
    // Also by a clock that is set back.
    for (id, at) in [(3, NOW), (1, NOW), (2, NOW - 9000), (4, NOW + 9000)] {
        outbox.close(&[id; 16], Ending::Delivered, at).unwrap();
    }
    let read = |outbox: &Outbox, after, limit| -> Vec<(i64, u8)> {
        outbox.outcomes(after, limit).unwrap().iter().map(|o| (o.cursor, o.id[0])).collect()
    };
    let all = read(&outbox, 0, 100);
    assert_eq!(all.iter().map(|o| o.1).collect::<Vec<_>>(), [3, 1, 2, 4]);
    assert!(all.windows(2).all(|o| o[0].0 < o[1].0) && all[0].0 > 0);
    assert_eq!(read(&outbox, all[0].0, 2), all[1..3]);
    assert_eq!(read(&outbox, i64::MAX, 100), []);
    assert_eq!(outbox.acknowledge(all[1].0), Ok(2));
    assert_eq!(read(&outbox, 0, 100), all[2..]);
    assert_eq!(outbox.acknowledge(all[1].0), Ok(0));
}

#[test]
fn cursors_rise_beyond_those_of_a_gate_before() {
    let mut before = holding(3);
    for id in 1..=3 {
        before.close(&[id; 16], Ending::Delivered, NOW).unwrap();
    }
    let last = before.outcomes(0, 100).unwrap()[2].cursor;
    let mut after = holding(1);
    after.close(&[1; 16], Ending::Delivered, NOW + 1000).unwrap();
    assert_eq!(after.outcomes(last, 100).unwrap().len(), 1);
}

#[test]
fn debug_shows_neither_recipient_nor_body_nor_id() {
    let outbox = holding(1);
    let entry = outbox.get(&[1; 16]).unwrap();
    let text = format!("{:?} {entry:?} {:?}", new(1), *outbox);
    assert_eq!(text, "NewMessage(..) Entry(Waiting, attempts 0) Outbox(1 open, 0 ended)");
}
