// SPDX-License-Identifier: Apache-2.0
//! The consent record, as the gate finds it on the disk (P1).
//!
//! On means: authenticated by this phone's key, encoded in the one way that we encode, of this user, and valid by every
//! rule that proto/consent.proto states; and such a record is on. Whatever else stands there is off.

use std::fs;

use cloudmessaging_gate::consent::{
    receipt, ConsentStore, Controller, Disclosures, KeyError, OffReason, Parties, RecordKey,
    SimIdentity, SimMatch, Standing, MAC,
};
use cloudmessaging_wire::proto::consent::{
    CaptureMethod, ConsentRecord, ConsentedSim, DataClass, StoredConsent,
};
use prost::Message as _;
use ring::digest::{digest, SHA256};
use ring::hmac;
use tempfile::TempDir;

use crate::{folder, Seed};

/// The first byte: a whole file, or a record that this phone's key authenticates.
const FILE: u8 = 0;
const RECORD: u8 = 1;

const USER: i32 = 10;
const SERIAL: i64 = 42;

/// The disclosure that this build ships, and one of an earlier build.
const TEXT: &str = "What is revealed.\n";
const VERSION: u32 = 2;
const EARLIER: [u8; 32] = [0xee; 32];

/// A record key in memory.
struct Key(hmac::Key);

impl Key {
    fn new() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &[9; 32]))
    }
}

impl RecordKey for Key {
    fn make(&self) -> Result<(), KeyError> {
        Ok(())
    }

    fn mac(&self, message: &[u8]) -> Result<[u8; MAC], KeyError> {
        let mut mac = [0; MAC];
        mac.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        Ok(mac)
    }

    fn verify(&self, message: &[u8], mac: &[u8]) -> Result<bool, KeyError> {
        Ok(hmac::verify(&self.0, message, mac).is_ok())
    }

    fn destroy(&self) -> Result<(), KeyError> {
        Ok(())
    }
}

struct Phone {
    folder: TempDir,
    store: ConsentStore,
    disclosures: Disclosures,
    text: [u8; 32],
}

impl Phone {
    fn new() -> Self {
        let (folder, shipped) = (folder::new(), folder::new());
        let put = |name: &str, text: String| fs::write(shipped.path().join(name), text);
        put("en.txt", format!("version: {VERSION}\nnew in {VERSION}: More.\n{TEXT}"))
            .expect("room");
        let known = r#"{"version": 1, "locale": "en", "sha256": ""#.to_owned() + &"ee".repeat(32);
        put("earlier.json", format!(r#"{{"earlier": [{known}"}}]}}"#)).expect("room");
        let mut text = [0; 32];
        text.copy_from_slice(digest(&SHA256, TEXT.as_bytes()).as_ref());
        Self {
            store: ConsentStore::new(folder.path(), USER, Box::new(Key::new())),
            disclosures: Disclosures::load(shipped.path(), parties())
                .expect("what this test ships"),
            folder,
            text,
        }
    }
}

fn parties() -> Parties {
    Parties {
        controller: "Example Org".into(),
        broker: "broker.example".into(),
        registrar_key: [5; 32],
        signing_keys: vec![[6; 32], [8; 32]],
    }
}

thread_local! {
    static PHONE: Phone = Phone::new();
}

fn authenticated(record: &[u8]) -> Vec<u8> {
    let message = [b"cloudmessaging consent record\0", record].concat();
    let mac = hmac::sign(&Key::new().0, &message).as_ref().to_vec();
    StoredConsent { record: record.to_vec(), mac }.encode_to_vec()
}

pub(crate) fn seeds() -> Vec<Seed> {
    let record = PHONE.with(|phone| ConsentRecord {
        schema_version: 1,
        record_id: vec![1; 16],
        user: USER,
        user_serial: SERIAL,
        sims: vec![ConsentedSim { subscription_id: 1, identity_mac: vec![2; MAC] }],
        disclosure_version: VERSION,
        disclosure_sha256: phone.text.to_vec(),
        allowed_classes: (1..=8).collect(),
        granted_wall_ms: 1_790_000_000_000,
        granted_boot_ms: 5_000,
        locale: "en".into(),
        method: CaptureMethod::SettingsPage.into(),
        controller: "Example Org".into(),
        broker: "broker.example".into(),
        registrar_key: vec![5; 32],
        signing_keys: vec![vec![6; 32], vec![8; 32]],
        ..ConsentRecord::default()
    });
    let two = ConsentedSim { subscription_id: 3, identity_mac: vec![4; MAC] };
    let full = ConsentRecord {
        sims: vec![record.sims[0].clone(), two],
        while_roaming: true,
        with_data_saver: true,
        with_battery_saver: true,
        locale: "de-AT".into(),
        build_fingerprint: "example/phone:16/1:user".into(),
        ledger_position: 300,
        ..record.clone()
    };
    let outdated = ConsentRecord {
        disclosure_version: 1,
        disclosure_sha256: EARLIER.into(),
        ..record.clone()
    };
    let mut others: Vec<ConsentRecord> = vec![record.clone(); 4];
    others[0].controller = "Example Ltd".into();
    others[1].broker = "broker.example.org".into();
    others[2].registrar_key = vec![9; 32];
    others[3].signing_keys.pop();
    let fewer = ConsentRecord {
        signing_keys: (4..=8).map(|key| vec![key; 32]).collect(),
        ..record.clone()
    };
    let future = ConsentRecord { schema_version: 2, ..record.clone() };
    let of = |record: &ConsentRecord| [&[RECORD], &record.encode_to_vec()[..]].concat();
    let party = |(number, other)| Seed::wrong(PARTIES[number], of(other));
    let mut seeds: Vec<Seed> = others.iter().enumerate().map(party).collect();
    seeds.extend([
        Seed::new("on", of(&record)),
        Seed::new("on-with-fewer-keys", of(&fewer)),
        Seed::new("on-with-everything", of(&full)),
        Seed::wrong("outdated", of(&outdated)),
        Seed::wrong("of-the-future", of(&future)),
        Seed::new("file", [&[FILE], &authenticated(&record.encode_to_vec())[..]].concat()),
    ]);
    seeds
}

const PARTIES: [&str; 4] =
    ["another-controller", "another-broker", "another-key", "another-signer"];

pub(crate) fn run(data: &[u8]) -> bool {
    let Some((kind, bytes)) = data.split_first() else { return false };
    PHONE.with(|phone| match kind % 2 {
        RECORD => {
            let standing = read(phone, &authenticated(bytes));
            let should = whether_on(phone, bytes);
            assert_eq!(standing.record().is_some(), should, "{standing:?}");
            should
        }
        _ => {
            let on = read(phone, bytes).record().is_some();
            if on {
                let stored = StoredConsent::decode(bytes).expect("on, so it parses");
                assert!(authenticated(&stored.record) == bytes, "a record of nobody's is on");
            }
            on
        }
    })
}

fn read(phone: &Phone, file: &[u8]) -> Standing {
    folder::put(&phone.folder.path().join("consent"), file);
    let standing = phone.store.read(SERIAL, &phone.disclosures);
    let other = phone.store.read(SERIAL + 1, &phone.disclosures);
    let both = standing.record().is_some() && other.record().is_some();
    assert!(!both, "on for a user, and for the one who was made again with that id");
    match &standing {
        Standing::On(record) => {
            let sim = record.sims()[0].subscription_id();
            let sim = SimIdentity::new(sim, "+15550100".into(), String::new(), String::new());
            let matches = phone.store.matches(record, &sim.expect("it is well formed"));
            let matches = matches.expect("the key answers");
            assert_eq!(matches, SimMatch::Changed, "a hash of nothing names a SIM");
            let controller = Controller {
                name: "Example".into(),
                contact: None,
                jurisdiction: None,
                broker: "broker.example".into(),
            };
            assert!(receipt(record, &controller).starts_with('{'));
        }
        Standing::Off(reason) => {
            assert!(!matches!(reason, OffReason::NoRecord | OffReason::UnknownUser));
            assert_eq!(*reason == OffReason::Unreadable, file.len() > 4096);
        }
        Standing::Outdated(agreed) => {
            let since = (agreed.disclosure_version, &agreed.parties);
            assert!(since != (VERSION, &parties()), "nothing is new");
        }
        Standing::Untold => panic!("the key answers, and so does the disk"),
    }
    standing
}

/// The rules of proto/consent.proto once more.
fn whether_on(phone: &Phone, bytes: &[u8]) -> bool {
    let Ok(record) = ConsentRecord::decode(bytes) else { return false };
    let ascending = |numbers: Vec<i32>| numbers.windows(2).all(|pair| pair[0] < pair[1]);
    let subtags: Vec<&str> = record.locale.split('-').collect();
    record.encode_to_vec() == bytes
        && authenticated(bytes).len() <= 4096
        && record.schema_version == 1
        && record.record_id.len() == 16
        && (record.user, record.user_serial) == (USER, SERIAL)
        && (1..=8).contains(&record.sims.len())
        && record.sims.iter().all(|sim| sim.identity_mac.len() == MAC && sim.subscription_id >= 0)
        && ascending(record.sims.iter().map(|sim| sim.subscription_id).collect())
        && record.disclosure_version == VERSION
        && record.disclosure_sha256 == phone.text
        && record.allowed_classes.iter().all(|class| {
            DataClass::try_from(*class).is_ok_and(|class| class != DataClass::Unspecified)
        })
        && ascending(record.allowed_classes.clone())
        && record.granted_wall_ms >= 0
        && record.granted_boot_ms >= 0
        && record.locale.len() <= 35
        && subtags.iter().all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
        })
        && subtags[0].len() >= 2
        && subtags[0].bytes().all(|b| b.is_ascii_alphabetic())
        && matches!(
            CaptureMethod::try_from(record.method),
            Ok(CaptureMethod::SettingsPage | CaptureMethod::CommandLine)
        )
        && record.build_fingerprint.len() <= 256
        && (record.controller.as_str(), record.broker.as_str()) == ("Example Org", "broker.example")
        && record.registrar_key == [5; 32]
        && record.signing_keys.len() <= 16
        && record.signing_keys.iter().all(|key| key.len() == 32)
        && record.signing_keys.windows(2).all(|pair| pair[0] < pair[1])
        && [6, 8].iter().all(|key| record.signing_keys.contains(&vec![*key; 32]))
}
