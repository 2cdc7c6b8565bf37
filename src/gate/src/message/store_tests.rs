// SPDX-License-Identifier: Apache-2.0
//! What a kill, a failing disk and another reader find of messages: after each change, and before it is whole.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::rc::Rc;

use cloudmessaging_seal::{Number, PublicKey};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::faults::{before_each_commit, fail_changes};
use super::fixture::{opened, NOW};
use super::*;
use crate::file::copied::copied;

pub(super) const BODY: &str = "Meet me at the old lighthouse";
const ANSWER: &str = "The lighthouse it is, at seven";
const RECIPIENT: &str = "+15550101";
const SENDER: &str = "+15550102";
const RECORD: [u8; 16] = *b"consent number 1";
const DEADLINE: i64 = NOW + 60_000;

pub(super) fn id(n: u8) -> MessageId {
    let mut id = *b"message number 0";
    id[15] += n;
    id
}

fn new(n: u8) -> NewMessage {
    NewMessage {
        id: id(n),
        sim: 1,
        recipient: Number::parse(RECIPIENT).unwrap(),
        body: Zeroizing::new(BODY.to_owned()),
        sms_deadline_ms: DEADLINE,
        message_hash: [n; 32],
        record_id: RECORD,
    }
}

fn inbound(n: u8) -> Inbound {
    let (sender, body) = (sender(), Zeroizing::new(ANSWER.to_owned()));
    let (sent_ms, received_ms, checkpoint_hash) = (NOW - 5, NOW, None);
    Inbound { id: id(n), sim: 1, sender, body, sent_ms, received_ms, checkpoint_hash }
}

fn sender() -> Number {
    Number::parse(SENDER).unwrap()
}

fn answer() -> Answer {
    let (reader, receipt_key) = (*b"the routing id of the one sender", PublicKey([8; 32]));
    Answer { reader, receipt_key, due_ms: NOW + 1, until_ms: NOW + 999, record_id: RECORD }
}

fn reader() -> Reader {
    Reader { identity_key: [4; 32], routing_id: [5; 32], prekey_id: [6; 8] }
}

pub(super) type Step = fn(&mut Messages) -> Result<(), StoreError>;

fn accepted(result: Result<Accepted, AcceptError>) -> Result<(), StoreError> {
    match result {
        Ok(accepted) => {
            assert_eq!(accepted, Accepted::New);
            Ok(())
        }
        Err(AcceptError::Store(e)) => Err(e),
        Err(other) => panic!("{other}"),
    }
}

fn done(result: Result<bool, StoreError>) -> Result<(), StoreError> {
    result.map(|done| assert!(done))
}

fn some<T>(result: Result<Vec<T>, StoreError>) -> Result<(), StoreError> {
    result.map(|all| assert!(!all.is_empty()))
}

/// Every change that there is, in an order in which each changes something.
pub(super) const STEPS: [(&str, Step); 24] = [
    ("accept", |m| accepted(m.outbox.accept(new(1), NOW))),
    ("accept a second", |m| accepted(m.outbox.accept(new(2), NOW))),
    ("accept a third", |m| accepted(m.outbox.accept(new(3), NOW))),
    ("accept a fourth", |m| accepted(m.outbox.accept(new(4), NOW))),
    ("hand over", |m| done(m.outbox.handed_over(&id(1), reader()))),
    ("keep back", |m| done(m.outbox.kept_back(&id(1)))),
    ("hand over again", |m| done(m.outbox.handed_over(&id(1), reader()))),
    ("acknowledged", |m| done(m.outbox.acknowledged(&id(1)))),
    ("hand over the second", |m| done(m.outbox.handed_over(&id(2), reader()))),
    ("note", |m| done(m.outbox.note(&id(3), SmsReason::PrekeyGone))),
    ("close", |m| done(m.outbox.close(&id(1), Ending::Delivered, NOW + 7))),
    ("withdraw", |m| some(m.outbox.settle(None, NOW + 8))),
    ("expire", |m| some(m.outbox.expire(DEADLINE))),
    ("acknowledge one outcome", |m| {
        let first = m.outbox.outcomes(0, 1)?[0].cursor;
        done(m.outbox.acknowledge(first).map(|count| count == 1))
    }),
    ("store", |m| m.inbox.store(inbound(5), answer()).map(|s| assert_eq!(s, Stored::New))),
    ("store a copy", |m| {
        let stored = m.inbox.store(inbound(5), Answer { until_ms: NOW + 1999, ..answer() });
        stored.map(|stored| assert_eq!(stored, Stored::Duplicate))
    }),
    ("retract", |m| m.inbox.retract(1, &sender(), &id(6), answer(), NOW).map(drop)),
    ("send a receipt", |m| {
        let row = m.inbox.receipts_due(NOW + 5)?[0].row;
        m.inbox.receipt_sent(row)
    }),
    ("owe nothing any more", |m| m.inbox.settle(None)),
    ("check an SMS", |m| m.inbox.check_sms(SENDER, ANSWER, NOW).map(|id| assert!(id.is_some()))),
    ("acknowledge the inbox", |m| done(m.inbox.acknowledge(i64::MAX).map(|count| count == 1))),
    ("pin a key", |m| m.peers.see(&sender(), &[1; 32], 1, NOW).map(drop)),
    ("another key", |m| {
        m.peers.see(&sender(), &[2; 32], 2, NOW).map(|seen| assert_eq!(seen, Seen::Changed))
    }),
    ("acknowledge the change", |m| m.peers.acknowledge_changes(i64::MAX)),
];

/// All that can be asked, as a gate would answer that is started now.
fn told(messages: &Messages) -> String {
    let mut told = String::new();
    for e in messages.outbox.open() {
        let state = if e.state() == State::HandedOver { State::Returned } else { e.state() };
        let reader = e.reader().map(|r| (r.identity_key, r.routing_id, r.prekey_id));
        let body = messages.outbox.body(e.id()).unwrap();
        let number = e.recipient().as_str();
        let times = (e.accepted_ms(), e.not_after_ms(), e.sms_deadline_ms());
        let keys = (e.receipt_secret().as_bytes(), e.receipt_public().0, e.receipt_key_id());
        let names = (e.id(), e.sim(), number, e.message_hash(), e.record_id(), e.request);
        let progress = (state, e.attempts(), reader, e.progress.reason);
        writeln!(told, "{names:?} {} {times:?} {keys:?} {progress:?}", *body).unwrap();
    }
    writeln!(told, "{:?}", messages.outbox.outcomes(0, 100).unwrap()).unwrap();
    for (cursor, m) in messages.inbox.inbound(0, 100).unwrap() {
        let (number, body) = (m.sender.as_str(), m.body.as_str());
        let times = (m.sent_ms, m.received_ms);
        writeln!(told, "{cursor} {:?} {} {number} {body} {times:?}", m.id, m.sim).unwrap();
    }
    writeln!(told, "{:?} {:?}", messages.inbox, messages.inbox.next_receipt()).unwrap();
    for r in messages.inbox.receipts_due(NOW + 10).unwrap() {
        let (a, what) = (&r.answer, (r.row, r.sim, r.id, r.status));
        let times = (a.due_ms, a.until_ms);
        writeln!(told, "{what:?} {:?} {:?} {times:?} {:?}", a.reader, a.receipt_key.0, a.record_id)
            .unwrap();
    }
    let key = messages.peers.identity_key(&sender()).unwrap();
    let changes = messages.peers.changes(10).unwrap();
    let changes: Vec<_> = changes.iter().map(|c| (c.number.as_str(), c.at_ms)).collect();
    writeln!(told, "{key:?} {changes:?}").unwrap();
    told
}

/// The same of a gate that is started after it was killed now, and what it remembers without telling.
fn told_after_kill(folder: &Path) -> String {
    let folder = copied(folder);
    let mut told = told(&opened(folder.path()));
    let Ok(database) = rusqlite::Connection::open(folder.path().join(FILE)) else { return told };
    for select in ["SELECT hex(tag) || answer || at_ms FROM seen", "SELECT hex(tag) FROM sms"] {
        let Ok(mut statement) = database.prepare(select) else { continue };
        let rows = statement.query_map((), |row| row.get::<_, String>(0)).unwrap();
        rows.for_each(|row| told += &row.unwrap());
    }
    told
}

pub(super) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Messages after all changes up to and without that one.
pub(super) fn before(name: &str) -> (Messages, TempDir) {
    let folder = folder();
    let mut messages = opened(folder.path());
    let steps = STEPS.iter().take_while(|step| step.0 != name);
    steps.for_each(|(_, step)| step(&mut messages).unwrap());
    (messages, folder)
}

#[test]
fn every_change_is_on_the_disk_when_it_returns() {
    let folder = folder();
    let mut messages = opened(folder.path());
    let mut before = told_after_kill(folder.path());
    for (name, step) in STEPS {
        step(&mut messages).unwrap();
        let after = told_after_kill(folder.path());
        assert!(after.starts_with(&told(&messages)), "{name}: {}\n{after}", told(&messages));
        assert_ne!(after, before, "{name} changes nothing");
        before = after;
    }
}

#[test]
fn a_kill_before_a_change_is_whole_leaves_what_was_before() {
    let folder = folder();
    let mut messages = opened(folder.path());
    // The tables, which the first change makes before it begins.
    assert_eq!(messages.peers.see(&sender(), &[1; 32], 0, NOW), Ok(Seen::First));
    for (name, step) in STEPS {
        let (live, disk) = (told(&messages), told_after_kill(folder.path()));
        let killed = Rc::new(RefCell::new(Vec::new()));
        let (path, copies) = (folder.path().to_owned(), killed.clone());
        before_each_commit(Box::new(move || {
            copies.borrow_mut().push(copied(&path));
            Err(StoreError::Disk(ErrorCode::SystemIoFailure))
        }));
        let failed = step(&mut messages);
        fail_changes(false);
        assert_eq!(failed, Err(StoreError::Disk(ErrorCode::SystemIoFailure)), "{name}");
        assert_eq!(told(&messages), live, "{name}: in memory");
        assert_eq!(told_after_kill(folder.path()), disk, "{name}: on the disk");
        let killed = killed.borrow();
        assert_eq!(killed.len(), 1, "{name} is one change");
        assert_eq!(told_after_kill(killed[0].path()), disk, "{name}: killed in the midst of it");
        // What could not be withdrawn on the disk is not sent all the same.
        if name == "withdraw" {
            assert!(messages.outbox.open().all(|entry| !entry.is_to_be_sent()));
        }
        step(&mut messages).unwrap();
    }
}

#[test]
fn a_disk_that_cannot_be_written_leaves_everything_as_it_was() {
    let mut messages = opened(folder().path());
    let refused = messages.outbox.accept(new(1), NOW);
    assert_eq!(refused, Err(StoreError::File(io::ErrorKind::NotFound).into()), "no folder");

    let (mut messages, folder) = before("accept a second");
    let store = messages.outbox.shelf().unwrap();
    let pragma = |name, value: i64| {
        store.with_connection(|c| c.pragma_update(None, name, value)).unwrap();
    };
    for (name, step) in &STEPS[1..] {
        let (live, disk) = (told(&messages), told_after_kill(folder.path()));
        pragma("query_only", 1);
        assert_eq!(step(&mut messages), Err(StoreError::Disk(ErrorCode::ReadOnly)), "{name}");
        assert_eq!(told(&messages), live, "{name}");
        pragma("query_only", 0);
        assert_eq!(told_after_kill(folder.path()), disk, "{name}");
        step(&mut messages).unwrap();
    }
}

#[test]
fn a_full_disk_leaves_everything_as_it_was_and_can_be_acknowledged_free() {
    let (mut messages, folder) = before("acknowledge the inbox");
    let store = messages.outbox.shelf().unwrap();
    let pages: i64 = store
        .with_connection(|c| c.pragma_query_value(None, "page_count", |row| row.get(0)))
        .unwrap();
    store.with_connection(|c| c.pragma_update(None, "max_page_count", pages)).unwrap();
    let (live, disk) = (told(&messages), told_after_kill(folder.path()));
    let long = || Zeroizing::new("x".repeat(60_000));
    let full = StoreError::Disk(ErrorCode::DiskFull);
    let refused = messages.outbox.accept(NewMessage { body: long(), ..new(7) }, NOW);
    assert_eq!(refused, Err(full.into()));
    let refused = messages.inbox.store(Inbound { body: long(), ..inbound(7) }, answer());
    assert_eq!(refused, Err(full), "unstored, so the broker keeps it");
    assert_eq!((told(&messages), told_after_kill(folder.path())), (live, disk));
    assert_eq!(messages.inbox.acknowledge(i64::MAX), Ok(1));
    assert_eq!(messages.peers.see(&sender(), &[1; 32], 1, NOW), Ok(Seen::First));
}

/// What must not be in the files, and what is: the search can find.
fn found(folder: &Path) -> Vec<&'static str> {
    let secret = [
        ("body", BODY.as_bytes().to_vec()),
        ("body", b"lighthouse".to_vec()),
        ("recipient", RECIPIENT.as_bytes()[1..].to_vec()),
        ("sender", SENDER.as_bytes()[1..].to_vec()),
        ("id", b"message number".to_vec()),
        ("id", hex::encode(b"message number").into_bytes()),
        ("consent", b"consent number".to_vec()),
        ("routing id", b"the routing id".to_vec()),
        ("hash", vec![3; 32]),
        ("reader", vec![4; 32]),
        ("receipt key", vec![8; 32]),
        ("a table's name", b"CREATE TABLE outcome".to_vec()),
    ];
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let files: Vec<_> = files.collect();
    let holds = |what: &[u8]| files.iter().any(|file| file.windows(what.len()).any(|w| w == what));
    secret.iter().filter(|(_, what)| holds(what)).map(|(name, _)| *name).collect()
}

#[test]
fn nothing_of_a_message_can_be_read_in_the_files() {
    let folder = folder();
    let mut messages = opened(folder.path());
    for (name, step) in STEPS {
        step(&mut messages).unwrap();
        assert_eq!(found(folder.path()), ["a table's name"], "{name}");
    }
    assert!(folder.path().join("messages.db-wal").exists(), "searched too");
    messages.close();
    assert_eq!(found(folder.path()), ["a table's name"], "the log in the database");
}

#[test]
fn there_is_no_file_before_the_first_change_and_then_it_is_this_service_s_alone() {
    let folder = folder();
    let mut messages = opened(folder.path());
    let count = || fs::read_dir(folder.path()).unwrap().count();
    told(&messages);
    assert_eq!(messages.outbox.acknowledge(i64::MAX), Ok(0));
    assert_eq!(messages.outbox.settle(None, NOW), Ok(vec![]));
    assert_eq!(messages.outbox.expire(i64::MAX), Ok(vec![]));
    assert_eq!(messages.inbox.acknowledge(i64::MAX), Ok(0));
    assert_eq!(messages.inbox.expire(i64::MAX, i64::MAX), Ok(0));
    assert_eq!(messages.inbox.settle(None), Ok(()));
    assert_eq!(messages.inbox.check_sms(SENDER, ANSWER, NOW), Ok(None));
    assert_eq!(messages.peers.acknowledge_changes(i64::MAX), Ok(()));
    assert_eq!(count(), 0);
    STEPS[0].1(&mut messages).unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        assert!([FILE, "messages.db-wal"].contains(&name.as_str()), "{name}");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(count(), 2);
}

#[test]
fn a_locked_user_s_messages_can_be_neither_read_nor_changed() {
    let (mut messages, folder) = before("owe nothing any more");
    let before = told_after_kill(folder.path());
    messages.close();
    for (name, step) in STEPS {
        assert_eq!(step(&mut messages), Err(StoreError::Locked), "{name}");
    }
    assert_eq!(messages.outbox.open().count(), 0);
    assert_eq!(messages.inbox.inbound(0, 100).unwrap_err(), StoreError::Locked);
    assert_eq!(messages.inbox.receipts_due(NOW).unwrap_err(), StoreError::Locked);
    assert_eq!(told_after_kill(folder.path()), before);
}

#[test]
fn cursors_rise_beyond_those_that_were_acknowledged_whatever_the_clock_says() {
    let (mut messages, folder) = before("withdraw");
    let last = messages.outbox.outcomes(0, 9).unwrap()[0].cursor;
    messages.outbox.acknowledge(last).unwrap();
    messages.inbox.store(inbound(5), answer()).unwrap();
    let last_inbound = messages.inbox.inbound(0, 9).unwrap()[0].0;
    messages.inbox.acknowledge(last_inbound).unwrap();
    messages.close();
    let mut messages = opened(folder.path());
    messages.outbox.close(&id(2), Ending::Delivered, 0).unwrap();
    messages.inbox.store(Inbound { received_ms: 0, ..inbound(7) }, answer()).unwrap();
    assert_eq!(messages.outbox.outcomes(last, 9).unwrap().len(), 1);
    assert_eq!(messages.inbox.inbound(last_inbound, 9).unwrap().len(), 1);
}

/// Prints what a message takes on the disk: shown with `--nocapture`.
#[test]
fn a_message_takes_little_more_on_the_disk_than_what_is_written() {
    let (folder, count) = (folder(), 200_u64);
    let mut messages = opened(folder.path());
    let at_rest = |messages: &mut Messages| {
        messages.close();
        *messages = opened(folder.path());
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap());
        files.map(|file| file.metadata().unwrap().len()).sum::<u64>()
    };
    STEPS[0].1(&mut messages).unwrap();
    let empty = at_rest(&mut messages);
    for n in 0..count {
        let mut message = new(0);
        message.id[..8].copy_from_slice(&n.to_be_bytes());
        message.body = Zeroizing::new("x".repeat(160));
        messages.outbox.accept(message, NOW).unwrap();
    }
    let out = at_rest(&mut messages);
    for n in 0..count {
        let mut message = inbound(0);
        message.id[..8].copy_from_slice(&n.to_be_bytes());
        message.body = Zeroizing::new("x".repeat(160));
        messages.inbox.store(message, answer()).unwrap();
    }
    let inbox = at_rest(&mut messages);
    let (sent, received) = ((out - empty) / count, (inbox - out) / count);
    println!("at rest: {empty} bytes with one message; a message of 160 bytes: {sent} under way, {received} received");
    assert!(sent < 1200 && received < 1600, "{sent} {received}");
}
