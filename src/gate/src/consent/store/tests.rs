// SPDX-License-Identifier: Apache-2.0
//! What a consent reads as, and that nothing on the disk stands in the way of turning off or on.

mod damage;
mod power_cut;
mod widened;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use cloudmessaging_wire::proto::consent as proto;
use tempfile::TempDir;

use super::*;
use crate::consent::FileRecordKey;
use crate::disclose::DataClass;

const USER: i32 = 0;
const SERIAL: i64 = 17;

/// One user's directory on a phone whose build ships disclosure version 2 and knows version 1.
struct Phone {
    parent: TempDir,
    disclosures: Disclosures,
}

impl Phone {
    /// A phone whose owner was never asked.
    fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let disclosures = disclosures(&parent, "version: 2\nnew in 2: More.\nMore is revealed.");
        Self { parent, disclosures }
    }

    /// A phone whose owner turned it on.
    fn on() -> Self {
        let phone = Self::new();
        phone.grant();
        phone
    }

    fn directory(&self, user: i32) -> PathBuf {
        self.parent.path().join(user.to_string())
    }

    fn path(&self) -> PathBuf {
        self.directory(USER).join("consent")
    }

    fn store_of(&self, user: i32) -> ConsentStore {
        let directory = self.directory(user);
        ConsentStore::new(&directory, user, Box::new(FileRecordKey::new(&directory)))
    }

    fn store(&self) -> ConsentStore {
        self.store_of(USER)
    }

    fn grant(&self) -> Record {
        self.store().write(&self.new_consent(&sims())).unwrap()
    }

    fn new_consent<'a>(&'a self, sims: &'a [SimIdentity]) -> NewConsent<'a> {
        NewConsent {
            id: RecordId::random().unwrap(),
            user_serial: SERIAL,
            sims,
            disclosure: self.disclosures.lookup("en"),
            parties: self.disclosures.parties(),
            classes: [DataClass::PhoneNumber, DataClass::MessageContent].into_iter().collect(),
            granted: RecordTime { wall_ms: 1_700_000_000_000, boot_ms: 123 },
            method: CaptureMethod::CommandLine,
            conditions: Conditions { while_roaming: true, ..Conditions::default() },
            build_fingerprint: "example/phone:15/X/1:user/release-keys",
            ledger_position: 3,
        }
    }

    fn standing(&self) -> Standing {
        self.store().read(SERIAL, &self.disclosures)
    }

    /// Why it is off; panics if it is on.
    fn off(&self) -> OffReason {
        self.standing().off().expect("it is on")
    }

    /// Puts a file where the record is, in the way the gate would.
    fn put(&self, bytes: &[u8]) {
        let _ = fs::remove_file(self.path());
        fs::write(self.path(), bytes).unwrap();
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Puts bytes there as a record, authenticated under this phone's record key.
    fn put_authenticated(&self, record: &[u8]) {
        let key = FileRecordKey::new(&self.directory(USER));
        let mac = key.mac(&authenticated(record)).unwrap().to_vec();
        self.put(&StoredConsent { record: record.to_vec(), mac }.encode_to_vec());
    }

    /// Changes one thing in the record and authenticates the result.
    fn forge(&self, change: impl FnOnce(&mut proto::ConsentRecord)) {
        let stored = StoredConsent::decode(&fs::read(self.path()).unwrap()[..]).unwrap();
        let mut record = proto::ConsentRecord::decode(&stored.record[..]).unwrap();
        change(&mut record);
        self.put_authenticated(&record.encode_to_vec());
    }
}

fn parties() -> Parties {
    Parties {
        controller: "Example Org".into(),
        broker: "broker.example".into(),
        registrar_key: [0x21; 32],
        signing_keys: vec![[0x22; 32], [0x23; 32]],
    }
}

fn disclosures(parent: &TempDir, english: &str) -> Disclosures {
    let directory = parent.path().join("disclosures");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("en.txt"), english).unwrap();
    let earlier = format!(
        r#"{{"earlier":[{{"version":1,"locale":"en","sha256":"{}"}}]}}"#,
        hex::encode(EARLIER)
    );
    fs::write(directory.join("earlier.json"), earlier).unwrap();
    Disclosures::load(&directory, parties()).unwrap()
}

/// SHA-256 of a text that an earlier build shipped.
const EARLIER: [u8; 32] = [0x11; 32];

fn sim(subscription_id: i32, number: &str, imsi: &str, imei: &str) -> SimIdentity {
    SimIdentity::new(subscription_id, number.into(), imsi.into(), imei.into()).unwrap()
}

/// Not in the order in which a record holds them.
fn sims() -> Vec<SimIdentity> {
    vec![sim(2, "+15550102", "", ""), sim(1, "+15550100", "001010123456789", "49015420323751")]
}

#[test]
fn a_new_phone_is_off_and_reading_makes_nothing() {
    let phone = Phone::new();
    assert_eq!(phone.off(), OffReason::NoRecord);
    assert!(!phone.directory(USER).exists());
}

#[test]
fn a_grant_reads_back_as_it_was_given() {
    let phone = Phone::new();
    let written = phone.grant();
    let Standing::On(read) = phone.standing() else { panic!("off") };
    assert!(read == written);
    let identities = sims();
    let new = phone.new_consent(&identities);
    assert_eq!(read.user(), USER);
    assert_eq!(read.user_serial(), SERIAL);
    assert_eq!(read.classes(), new.classes);
    assert_eq!(read.granted(), new.granted);
    assert_eq!(read.locale(), "en");
    assert_eq!(read.disclosure_version(), 2);
    assert_eq!(read.disclosure_sha256(), new.disclosure.sha256());
    assert!(read.method() == CaptureMethod::CommandLine);
    assert_eq!(read.conditions(), new.conditions);
    assert_eq!(read.build_fingerprint(), new.build_fingerprint);
    assert_eq!(read.ledger_position(), 3);
    let ids: Vec<_> = read.sims().iter().map(ConsentedSim::subscription_id).collect();
    assert_eq!(ids, [1, 2]);
}

#[test]
fn removal_takes_the_record_and_its_key() {
    let phone = Phone::on();
    phone.store().remove().unwrap();
    assert_eq!(phone.off(), OffReason::NoRecord);
    assert_eq!(fs::read_dir(phone.directory(USER)).unwrap().count(), 0);
    phone.store().remove().unwrap();
}

#[test]
fn a_record_that_comes_back_after_removal_is_off() {
    let phone = Phone::on();
    let kept = fs::read(phone.path()).unwrap();
    phone.store().remove().unwrap();
    phone.put(&kept);
    assert_eq!(phone.off(), OffReason::Damaged);
    // Nor does it live again under the key of the next grant.
    phone.grant();
    phone.put(&kept);
    assert_eq!(phone.off(), OffReason::Damaged);
}

#[test]
fn each_grant_has_a_record_key_of_its_own() {
    let phone = Phone::on();
    let key = || fs::read(phone.directory(USER).join("record_key")).unwrap();
    let first = key();
    phone.grant();
    assert_ne!(first, key());
}

#[test]
fn a_removal_takes_the_record_even_if_the_key_stays_and_the_other_way_round() {
    struct Stuck;
    impl RecordKey for Stuck {
        fn make(&self) -> Result<(), KeyError> {
            Err(KeyError::Random)
        }
        fn mac(&self, _: &[u8]) -> Result<[u8; 32], KeyError> {
            Err(KeyError::Absent(Unreadable::Absent))
        }
        fn verify(&self, _: &[u8], _: &[u8]) -> Result<bool, KeyError> {
            Ok(true)
        }
        fn destroy(&self) -> Result<(), KeyError> {
            Err(KeyError::Random)
        }
    }
    let phone = Phone::on();
    let stuck = ConsentStore::new(&phone.directory(USER), USER, Box::new(Stuck));
    assert!(matches!(stuck.remove(), Err(RemoveError::Key(_))));
    assert_eq!(phone.off(), OffReason::NoRecord);

    let phone = Phone::on();
    crate::file::faults::every(crate::file::Step::Unlink);
    assert!(matches!(phone.store().remove(), Err(RemoveError::Record(_))));
    crate::file::faults::none();
    assert!(matches!(phone.standing(), Standing::On(_)), "the fault stopped both");
}

#[test]
fn a_grant_that_cannot_be_is_refused_before_anything_is_done() {
    let phone = Phone::on();
    let before = fs::read(phone.path()).unwrap();
    let store = phone.store();
    let nine: Vec<_> = (0..9).map(|id| sim(id, "+15550100", "", "")).collect();
    let twice = [sim(1, "+15550100", "", ""), sim(1, "+15550101", "", "")];
    let one = [sim(1, "+15550100", "", "")];
    let refused = |new: NewConsent<'_>| store.write(&new).unwrap_err();
    assert!(matches!(refused(phone.new_consent(&[])), GrantError::SimCount(0)));
    assert!(matches!(refused(phone.new_consent(&nine)), GrantError::SimCount(9)));
    assert!(matches!(refused(phone.new_consent(&twice)), GrantError::SimTwice(1)));
    let method = CaptureMethod::Unspecified;
    let new = NewConsent { method, ..phone.new_consent(&one) };
    assert!(matches!(refused(new), GrantError::Method));
    let new = NewConsent { user_serial: -1, ..phone.new_consent(&one) };
    assert!(matches!(refused(new), GrantError::Negative));
    assert_eq!(fs::read(phone.path()).unwrap(), before);
}

#[test]
fn the_largest_consent_there_is_reads_back() {
    let phone = Phone::new();
    let digits = ("123456789012345", "1234567890123456");
    let sims: Vec<_> =
        (0..8).map(|id| sim(i32::MAX - id, "+123456789012345", digits.0, digits.1)).collect();
    let fingerprint = "é".repeat(200);
    let new = NewConsent {
        user_serial: i64::MAX,
        classes: crate::disclose::Classes::ALL.into_iter().collect(),
        granted: RecordTime { wall_ms: i64::MAX, boot_ms: i64::MAX },
        build_fingerprint: &fingerprint,
        ledger_position: u64::MAX,
        ..phone.new_consent(&sims)
    };
    let record = phone.store().write(&new).unwrap();
    assert_eq!(record.build_fingerprint().len(), MAX_FINGERPRINT);
    assert!(matches!(phone.store().read(i64::MAX, &phone.disclosures), Standing::On(_)));
    assert!(fs::metadata(phone.path()).unwrap().len() < MAX_FILE as u64 / 2);
}

#[test]
fn a_sim_is_named_only_with_the_very_identities_that_were_agreed_to() {
    let phone = Phone::new();
    let record = phone.grant();
    let store = phone.store();
    let (imsi, imei) = ("001010123456789", "49015420323751");
    let named = |sim: SimIdentity| store.matches(&record, &sim).unwrap();
    assert_eq!(named(sim(1, "+15550100", imsi, imei)), SimMatch::Named);
    assert_eq!(named(sim(2, "+15550102", "", "")), SimMatch::Named);
    assert_eq!(named(sim(3, "+15550100", imsi, imei)), SimMatch::NotNamed);
    for changed in [
        sim(1, "+15550101", imsi, imei),
        sim(1, "+15550100", "001010123456780", imei),
        sim(1, "+15550100", imsi, "49015420323752"),
        sim(1, "+15550100", "", imei),
        sim(1, "+15550100", imsi, ""),
        sim(2, "+15550100", imsi, imei),
    ] {
        assert_eq!(named(changed), SimMatch::Changed);
    }
    store.remove().unwrap();
    assert_eq!(store.matches(&record, &sim(2, "+15550102", "", "")).unwrap(), SimMatch::Changed);
}

#[test]
fn a_class_is_changed_and_nothing_else() {
    let phone = Phone::new();
    let record = phone.grant();
    let mut classes = record.classes();
    classes.remove(DataClass::MessageContent);
    let changed = phone.store().set_classes(&record, classes).unwrap();
    let Standing::On(read) = phone.standing() else { panic!("off") };
    assert!(read == changed);
    assert!(Record { classes: record.classes(), ..read.clone() } == record);
    assert_eq!(phone.store().matches(&read, &sims()[0]).unwrap(), SimMatch::Named);
}

#[test]
fn nothing_prints_an_identity_or_its_hash() {
    let phone = Phone::new();
    let identities = sims();
    let new = phone.new_consent(&identities);
    let record = phone.store().write(&new).unwrap();
    let hash = hex::encode(record.sims()[0].identity.0);
    let text = format!("{new:?} {record:?} {:?} {:?}", record.sims(), phone.standing());
    for personal in ["+1555", "00101012345", "4901542", hash.as_str()] {
        assert!(!text.contains(personal), "{text}");
    }
}
