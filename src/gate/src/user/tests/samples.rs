// SPDX-License-Identifier: Apache-2.0
//! What each version that was released has written, kept in `tests/samples` as it was written: all that is kept for a user
//! who is on. This version reads every one of them (P1, P6). Samples are never made anew: what a phone has on its disk does
//! not change either.
//!
//! Whoever raises a version in `schema.rs` runs `cargo test -p cloudmessaging_gate --lib a_sample_is_made -- --ignored` once,
//! before it is released, and checks the new folder in.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;

use cloudmessaging_ledger::leaf::Leaves;
use cloudmessaging_seal::PublicKey;
use cloudmessaging_wire::proto::consent::{ConsentRecord, StoredConsent};
use cloudmessaging_wire::proto::keys::Wrapped;
use cloudmessaging_wire::proto::ledger as proto;
use prost::Message as _;
use ring::digest;

use super::*;
use crate::clock::fake::ManualClock;
use crate::consent::Parties;
use crate::ledger::Event;
use crate::message::{Answer, Ending, Inbound, Reader};
use crate::schema;

/// When the samples were written, by both clocks.
const NOW: i64 = 1_790_000_000_000;
const BOOT: i64 = 3_600_000;

/// The hashes of all files, one a line, as sha256sum writes them.
const HASHES: &str = "SHA256SUMS";

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

/// The folder of each sample.
fn each() -> Vec<PathBuf> {
    let mut each: Vec<_> = fs::read_dir(samples()).unwrap().map(|f| f.unwrap().path()).collect();
    each.sort();
    each
}

/// The build that wrote the samples, as far as a consent depends on it.
fn started(disk: TempDir) -> Phone {
    let shipped = tempfile::tempdir().unwrap();
    fs::write(shipped.path().join("en.txt"), "version: 1\nWhat a sample reveals.\n").unwrap();
    let parties = Parties {
        controller: "Example Org".into(),
        broker: "broker.example".into(),
        registrar_key: [0x21; 32],
        signing_keys: vec![[0x22; 32], [0x23; 32]],
    };
    Phone::with(disk, |module| {
        module.clock = Arc::new(ManualClock::at(NOW + 1000, BOOT + 1000));
        module.disclosures = Disclosures::load(shipped.path(), parties).unwrap();
    })
}

/// A copy with the modes that the gate gives, which a checkout does not keep.
fn installed(sample: &Path) -> TempDir {
    fn private(path: &Path) {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|inner| private(&inner.unwrap().path()));
        }
    }
    let disk = copied(&sample.join("data"));
    private(disk.path());
    disk
}

fn files(folder: &Path, under: &Path, found: &mut BTreeMap<String, String>) {
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.is_dir() {
            files(&file, under, found);
        } else {
            let hash = digest::digest(&digest::SHA256, &fs::read(&file).unwrap());
            let name = file.strip_prefix(under).unwrap().to_str().unwrap();
            found.insert(name.to_owned(), hex::encode(hash.as_ref()));
        }
    }
}

fn hashes(sample: &Path) -> String {
    let mut found = BTreeMap::new();
    files(&sample.join("data"), sample, &mut found);
    found.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect()
}

fn reader() -> Reader {
    Reader { identity_key: [4; 32], routing_id: [5; 32], prekey_id: [6; 8] }
}

/// Two messages under way, one of them out; one that ended; one received, with a receipt owed; two pinned keys, one of
/// them new; and entries of several kinds.
fn write(phone: &Phone) {
    let of = |id: u8, body: &str| OutgoingMessage {
        sms_deadline_millis: NOW + 600_000,
        ..message(id, body)
    };
    for (id, body) in [(1, "Still here."), (2, "On its way."), (3, "Arrived.")] {
        assert_eq!(phone.users.send(0, of(id, body)), Ok(None));
    }
    let user = phone.user(0);
    let record_id = user.gate.terms().unwrap().record_id;
    {
        let mut desk = lock(&user.desk);
        for id in [2, 3] {
            assert_eq!(desk.outbox.handed_over(&[id; 16], reader()), Ok(true));
        }
        assert_eq!(desk.outbox.close(&[3; 16], Ending::Delivered, NOW + 500), Ok(true));
        let sender = Number::parse("+15550101").unwrap();
        let received = Inbound {
            id: [9; 16],
            sim: SIM,
            sender: sender.clone(),
            body: Zeroizing::new("Hello back.".into()),
            sent_ms: NOW - 5000,
            received_ms: NOW,
            checkpoint_hash: Some([8; 32]),
        };
        let answer = Answer {
            reader: [1; 32],
            receipt_key: PublicKey([2; 32]),
            due_ms: NOW + 86_000_000,
            until_ms: NOW + 86_000_000,
            record_id,
        };
        desk.inbox.store(received, answer).unwrap();
        desk.peers.see(&sender, &[1; 32], 1, NOW).unwrap();
        desk.peers.see(&sender, &[2; 32], 2, NOW + 1).unwrap();
    }
    let connect =
        proto::Connect { host: "broker.example".into(), port: 8883, ..Default::default() };
    for event in [
        Event::Connect(connect),
        Event::Intent(proto::Intent { ciphertext_size: 300, ..Default::default() }),
        Event::PolicyChange(proto::PolicyChange { reason: "BUILD".into() }),
        Event::PolicyChange(proto::PolicyChange::default()),
    ] {
        phone.user(0).book.append(event).unwrap();
    }
}

#[test]
#[ignore = "makes a sample of what is written now, once for each version"]
fn a_sample_is_made() {
    let version = [schema::RECORD, schema::KEYS, schema::MESSAGES, schema::LEDGER];
    let name = version.map(|version| version.to_string()).join("-");
    let sample = samples().join(name);
    assert!(!sample.exists(), "there is one, and it stays");
    let phone = started(tempfile::tempdir().unwrap());
    phone.all_reported();
    phone.grant(0).unwrap();
    write(&phone);
    let disk = phone.disk_copy();
    fs::create_dir_all(sample.join("data")).unwrap();
    copy_all(disk.path(), &sample.join("data"));
    fs::write(sample.join(HASHES), hashes(&sample)).unwrap();
}

#[test]
fn samples_are_as_they_were_when_they_were_made() {
    assert!(!each().is_empty());
    for sample in each() {
        let made = fs::read_to_string(sample.join(HASHES)).unwrap();
        assert_eq!(hashes(&sample), made, "{}", sample.display());
    }
}

#[test]
fn there_is_a_sample_of_every_version_of_everything() {
    let mut versions: [BTreeSet<u32>; 4] = Default::default();
    for sample in each() {
        let folder = sample.join("data/0");
        let file = |name: &str| fs::read(folder.join(name)).unwrap();
        let stored = StoredConsent::decode(&file("consent")[..]).unwrap();
        let record = ConsentRecord::decode(&stored.record[..]).unwrap();
        versions[0].insert(record.schema_version);
        versions[1].insert(Wrapped::decode(&file("keys")[..]).unwrap().schema_version);
        versions[2].insert(u32::from_be_bytes(file("messages.db")[60..64].try_into().unwrap()));
        let segment = file("ledger/00000000000000000000.seg");
        let mut leaves = Leaves::new(&segment[..]);
        while let Some(body) = leaves.read().unwrap() {
            let leaf = cloudmessaging_ledger::leaf::LeafRef::check(body).unwrap();
            versions[3].extend(leaf.entry().unwrap().map(|entry| entry.schema_version));
        }
    }
    let up_to = |version: u32| (1..=version).collect::<BTreeSet<_>>();
    let written = [schema::RECORD, schema::KEYS, schema::MESSAGES, schema::LEDGER];
    assert_eq!(versions, written.map(up_to), "record, keys, messages, ledger");
}

#[test]
fn what_every_version_wrote_is_read_by_this_one() {
    for sample in each() {
        let phone = started(installed(&sample));
        phone.all_reported();
        assert!(phone.is_on(0), "{}: {:?}", sample.display(), phone.users.consent_state(0));
        let user = phone.user(0);
        let keys = user.keys().expect("keys");
        assert_eq!(keys.sims.keys().collect::<Vec<_>>(), [&SIM]);
        assert_eq!(fs::read(phone.file("keys")).unwrap(), {
            fs::read(sample.join("data/0/keys")).unwrap()
        });
        assert_eq!(user.gate.connects().err(), None, "the SIM is the one agreed to");

        let body = |id: u8| lock(&user.desk).outbox.body(&[id; 16]).unwrap().as_str().to_owned();
        assert_eq!((body(1), body(2)), ("Still here.".into(), "On its way.".into()));
        let ended = phone.users.outcomes(0, 0, 9).unwrap();
        assert_eq!(ended.iter().map(|o| (o.id[0], o.delivered)).collect::<Vec<_>>(), [(3, true)]);
        let received = phone.users.inbound(0, 0, 9).unwrap();
        assert_eq!((received.len(), received[0].body.as_str()), (1, "Hello back."));
        assert_eq!(phone.users.key_changes(0, 9).unwrap().len(), 1);

        let events = phone.events();
        let written = ["boot", "grant", "connect", "intent", "policy_change", "policy_change"];
        assert_eq!(events[..6], written, "{}", sample.display());
        let mut file = Vec::new();
        phone.users.export_ledger(0, &mut file).unwrap();
        let checkpoint = phone.users.ledger_checkpoint(0).unwrap();
        let key = cloudmessaging_ledger::checkpoint::LedgerKey::parse(&checkpoint.key).unwrap();
        let verified =
            cloudmessaging_ledger::verify::verify(&file[..], Some(&key), None, |_, _| {});
        assert!(verified.is_ok(), "{}", sample.display());

        assert!(phone.users.withdraw(0, false).durable);
        assert!(!phone.is_on(0));
    }
}
