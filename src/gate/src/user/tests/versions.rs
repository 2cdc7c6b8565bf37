// SPDX-License-Identifier: Apache-2.0
//! A way back to an older system, and forward again: what the newer one wrote is off and left untouched (P1, P7). A newer
//! one is played by a file that says so, and is what it was when it does not any more.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;

use cloudmessaging_ledger::leaf;
use cloudmessaging_wire::proto::consent::{ConsentRecord, StoredConsent};
use cloudmessaging_wire::proto::keys::Wrapped;
use cloudmessaging_wire::proto::ledger::Entry;
use prost::Message as _;
use rusqlite::config::DbConfig;

use super::*;
use crate::consent::{FileRecordKey, RecordKey as _};

/// What says of which version a file is, and has it say another.
type Mark = fn(&Path, u32);

const MARKS: [(&str, Mark); 5] = [
    ("record", record),
    ("keys", keys),
    ("messages", messages),
    ("messages' log", messages_log),
    ("ledger", ledger),
];

fn change(path: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let bytes = change(fs::read(path).unwrap());
    let file = fs::OpenOptions::new().write(true).truncate(true).open(path).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
}

fn record(folder: &Path, version: u32) {
    change(&folder.join("consent"), |bytes| {
        let stored = StoredConsent::decode(&bytes[..]).unwrap();
        let mut record = ConsentRecord::decode(&stored.record[..]).unwrap();
        record.schema_version = version;
        let record = record.encode_to_vec();
        let message = [b"cloudmessaging consent record\0", &record[..]].concat();
        let mac = FileRecordKey::new(folder).mac(&message).unwrap().to_vec();
        StoredConsent { record, mac }.encode_to_vec()
    });
}

fn keys(folder: &Path, version: u32) {
    change(&folder.join("keys"), |bytes| {
        let mut wrapped = Wrapped::decode(&bytes[..]).unwrap();
        wrapped.schema_version = version;
        wrapped.encode_to_vec()
    });
}

/// In the header of the database, which SQLite reads last.
fn messages(folder: &Path, version: u32) {
    change(&folder.join("messages.db"), |mut bytes| {
        bytes[60..64].copy_from_slice(&version.to_be_bytes());
        bytes
    });
}

/// In the log alone, where a crash leaves it.
fn messages_log(folder: &Path, version: u32) {
    let database = rusqlite::Connection::open(folder.join("messages.db")).unwrap();
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    database.pragma_update(None, "user_version", version).unwrap();
}

/// An entry behind the others; taken away again, as nobody but a newer version could read it.
fn ledger(folder: &Path, version: u32) {
    let segment = segment(folder);
    if version == 1 {
        fs::copy(folder.join("ledger.before"), segment).unwrap();
        return;
    }
    fs::copy(&segment, folder.join("ledger.before")).unwrap();
    change(&segment, |mut bytes| {
        let mut leaves = leaf::Leaves::new(&bytes[..]);
        let mut position = 0;
        while leaves.read().ok().flatten().is_some() {
            position += 1;
        }
        let entry = Entry { schema_version: version, position, ..Entry::default() };
        // And a field that we do not know.
        let entry = [entry.encode_to_vec(), [&[0x9a, 6, 3], &b"new"[..]].concat()].concat();
        bytes.extend(leaf::encode(&[7; 16], entry).0);
        bytes
    });
}

fn segment(folder: &Path) -> PathBuf {
    folder.join("ledger/00000000000000000000.seg")
}

/// A disk with all that is kept for a user who is on, a message under way, marked as of a newer version.
fn newer(mark: Mark) -> TempDir {
    let phone = Phone::turned_on();
    assert_eq!(phone.send(1), Ok(None));
    phone.events();
    let disk = phone.disk_copy();
    mark(&disk.path().join("0"), 2);
    disk
}

/// What is kept but for the ledger, which goes on, and messages of our version, which get older.
fn kept(disk: &Path, what: &str) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(disk.join("0")).unwrap().map(|file| file.unwrap());
    let files = files.filter(|file| file.file_type().unwrap().is_file());
    let read = files.map(|f| (f.file_name().into_string().unwrap(), fs::read(f.path()).unwrap()));
    read.filter(|(name, _)| what.starts_with("messages") || !name.starts_with("messages")).collect()
}

/// The older system on this disk, with all that a start brings.
fn rolled_back(disk: TempDir, what: &str) -> Phone {
    let phone = Phone::on(disk);
    phone.all_reported();
    assert!(!phone.is_on(0) && !phone.user(0).gate.running(), "{what}");
    let state = phone.users.consent_state(0);
    assert_eq!(state.offReason, aidl::OffReason::OffReason::FUTURE_VERSION, "{what}");
    assert_eq!(phone.send(2), Ok(Some(crate::gate::Closed::Off.into())), "{what}");
    let locked = aidl::UserReport::UserReport { unlocked: false, ..user(0) };
    phone.users.report_users(&[locked]);
    phone.all_reported();
    phone.events();
    phone
}

fn rolled_forward(phone: &Phone, mark: Mark) -> Phone {
    let disk = phone.disk_copy();
    mark(&disk.path().join("0"), 1);
    let phone = Phone::on(disk);
    phone.all_reported();
    phone
}

#[test]
fn what_a_newer_version_wrote_is_off_left_untouched_and_works_again_when_rolled_forward() {
    for (what, mark) in MARKS {
        let disk = newer(mark);
        let (before, history) =
            (kept(disk.path(), what), fs::read(segment(&disk.path().join("0"))));
        let older = rolled_back(disk, what);
        assert!(kept(older.disk.path(), what) == before, "{what}: something is not as it was");
        let goes_on = fs::read(segment(&older.disk.path().join("0"))).unwrap();
        assert!(goes_on.starts_with(&history.unwrap()), "{what}: the ledger was rewritten");

        let again = rolled_forward(&older, mark);
        assert!(again.is_on(0) && exists(&again.uplink(0)), "{what}");
        assert_eq!(kept(again.disk.path(), what)["record_key"], before["record_key"]);
        let under_way = lock(&again.user(0).desk).outbox.open().count();
        let ended = again.users.outcomes(0, 0, 9).unwrap();
        let one = match what.starts_with("messages") {
            // They could not be read, so nothing was said about any.
            true => (1, 0),
            false => (0, 1),
        };
        assert_eq!((under_way, ended.len()), one, "{what}");
        assert!(ended.iter().all(|it| it.reason == aidl::SmsReason::SmsReason::OFF), "{what}");
    }
}

#[test]
fn a_withdrawal_after_a_way_back_removes_what_a_newer_version_wrote_too() {
    for (what, mark) in MARKS {
        let older = rolled_back(newer(mark), what);
        assert!(older.users.withdraw(0, false).durable, "{what}");
        for gone in ["consent", "record_key", "keys"] {
            assert!(!older.file(gone).exists(), "{what}: {gone}");
        }
        let disk = older.disk_copy();
        // Of what is not there any more nothing is to be said.
        if !matches!(what, "record" | "keys") {
            mark(&disk.path().join("0"), 1);
        }
        let again = Phone::on(disk);
        again.all_reported();
        assert!(!again.is_on(0), "{what}");
        let ended = eventually("the message ends", || again.users.outcomes(0, 0, 9).ok()?.pop());
        assert_eq!(ended.reason, aidl::SmsReason::SmsReason::OFF, "{what}");
    }
}

#[test]
fn an_owner_can_turn_on_after_a_way_back_unless_history_would_be_lost() {
    for (what, mark) in MARKS {
        let older = rolled_back(newer(mark), what);
        let before = kept(older.disk.path(), what);
        match what {
            "record" | "keys" => {
                older.grant(0).unwrap();
                assert!(older.is_on(0) && exists(&older.uplink(0)), "{what}");
            }
            _ => {
                assert_eq!(older.grant(0), Err(ServiceError::Storage), "{what}");
                assert!(kept(older.disk.path(), what) == before, "{what}");
            }
        }
    }
}
