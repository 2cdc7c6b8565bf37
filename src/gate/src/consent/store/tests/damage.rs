// SPDX-License-Identifier: Apache-2.0
//! Each way in which a record can be other than valid in every respect.

use std::os::unix::fs::{chown, symlink, MetadataExt as _};
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};

use super::*;

/// What is done to a phone that is on.
type Change = (&'static str, fn(&Phone));

/// What was done to a phone that was on, and what it reads as then.
type Damage = (&'static str, OffReason, fn(&Phone));

fn damages() -> Vec<Damage> {
    let mut all = [bytes(), owners(), disclosed(), fields(), files()].concat();
    if geteuid().is_root() {
        all.push(("another owner's", OffReason::Unreadable, |phone| {
            chown(phone.path(), Some(12345), None).unwrap();
        }));
        all.push(("another owner's key", OffReason::Damaged, |phone| {
            chown(phone.directory(USER).join("record_key"), Some(12345), None).unwrap();
        }));
    }
    all
}

/// Not the bytes of a record that this phone authenticated.
fn bytes() -> Vec<Damage> {
    use OffReason::*;
    vec![
        ("absent", NoRecord, |phone| fs::remove_file(phone.path()).unwrap()),
        ("empty", Damaged, |phone| phone.put(&[])),
        ("not a record", Damaged, |phone| phone.put(b"on")),
        ("an empty record", Damaged, |phone| phone.put_authenticated(&[])),
        ("a trailing zero", Damaged, |phone| append(phone, &[0])),
        ("a trailing unknown field", Damaged, |phone| append(phone, &[0x7a, 1, 0])),
        ("itself twice", Damaged, |phone| {
            let again = fs::read(phone.path()).unwrap();
            append(phone, &again);
        }),
        ("an unknown field inside", Damaged, |phone| {
            let stored = StoredConsent::decode(&fs::read(phone.path()).unwrap()[..]).unwrap();
            phone.put_authenticated(&[&stored.record[..], &[0xaa, 6, 1, 0]].concat());
        }),
        ("a field twice inside", Damaged, |phone| {
            let stored = StoredConsent::decode(&fs::read(phone.path()).unwrap()[..]).unwrap();
            phone.put_authenticated(&[&stored.record[..], &[0x88, 1, 3]].concat());
        }),
        ("no code", Damaged, |phone| {
            let stored = StoredConsent::decode(&fs::read(phone.path()).unwrap()[..]).unwrap();
            phone.put(&StoredConsent { mac: Vec::new(), ..stored }.encode_to_vec());
        }),
        ("no record key", Damaged, |phone| {
            fs::remove_file(phone.directory(USER).join("record_key")).unwrap();
        }),
        ("a short record key", Damaged, |phone| {
            let key = phone.directory(USER).join("record_key");
            let bytes = fs::read(&key).unwrap();
            fs::write(key, &bytes[1..]).unwrap();
        }),
        ("the next version", FutureVersion, |phone| phone.forge(|r| r.schema_version = 2)),
        ("a far version", FutureVersion, |phone| phone.forge(|r| r.schema_version = u32::MAX)),
        ("a version with other types", FutureVersion, |phone| {
            phone.put_authenticated(&[0x08, 2, 0x10, 5, 0x1a, 1, 0]);
        }),
        ("no controller", Damaged, |phone| phone.forge(|r| r.controller.clear())),
        ("a long broker", Damaged, |phone| phone.forge(|r| r.broker = "b".repeat(257))),
        ("a short registrar key", Damaged, |phone| phone.forge(|r| r.registrar_key.truncate(31))),
        ("no signing key", Damaged, |phone| phone.forge(|r| r.signing_keys.clear())),
        ("signing keys in another order", Damaged, |phone| {
            phone.forge(|r| r.signing_keys.reverse());
        }),
        ("another broker", OutdatedDisclosure, |phone| phone.forge(|r| r.broker.push('x'))),
        ("no version", Damaged, |phone| phone.forge(|r| r.schema_version = 0)),
    ]
}

/// Somebody else's.
fn owners() -> Vec<Damage> {
    use OffReason::*;
    vec![
        ("another machine's record", Damaged, |phone| {
            let other = Phone::on();
            phone.put(&fs::read(other.path()).unwrap());
        }),
        ("another user's record", OtherUser, |phone| {
            phone.store_of(10).write(&phone.new_consent(&sims())).unwrap();
            for file in ["consent", "record_key"] {
                let from = phone.directory(10).join(file);
                fs::rename(from, phone.directory(USER).join(file)).unwrap();
            }
        }),
        ("a user made again", OtherUser, |phone| phone.forge(|r| r.user_serial = SERIAL + 1)),
    ]
}

/// Of a text that is not the one this build would show.
fn disclosed() -> Vec<Damage> {
    use OffReason::*;
    vec![
        ("an unknown disclosure", UnknownDisclosure, |phone| {
            phone.forge(|r| r.disclosure_sha256 = vec![0x22; 32]);
        }),
        ("an unknown disclosure of an earlier version", UnknownDisclosure, |phone| {
            phone.forge(|r| {
                r.disclosure_version = 1;
                r.disclosure_sha256 = vec![0x22; 32];
            });
        }),
        ("a disclosure of a later build", UnknownDisclosure, |phone| {
            phone.forge(|r| r.disclosure_version = 3);
        }),
        ("an earlier build's disclosure", OutdatedDisclosure, |phone| {
            phone.forge(|r| {
                r.disclosure_version = 1;
                r.disclosure_sha256 = EARLIER.to_vec();
            });
        }),
        ("the same text when it was version 1", OutdatedDisclosure, |phone| {
            phone.forge(|r| r.disclosure_version = 1);
        }),
    ]
}

/// Authenticated, with one field that cannot be.
fn fields() -> Vec<Damage> {
    let changes: Vec<Change> = vec![
        ("disclosure version 0", |phone| phone.forge(|r| r.disclosure_version = 0)),
        ("a short hash", |phone| phone.forge(|r| r.disclosure_sha256.truncate(31))),
        ("a short record id", |phone| phone.forge(|r| r.record_id.truncate(15))),
        ("a long record id", |phone| phone.forge(|r| r.record_id.push(0))),
        ("a negative user", |phone| phone.forge(|r| r.user = -1)),
        ("a negative serial", |phone| phone.forge(|r| r.user_serial = -1)),
        ("a negative time", |phone| phone.forge(|r| r.granted_wall_ms = -1)),
        ("a negative boot time", |phone| phone.forge(|r| r.granted_boot_ms = -1)),
        ("an unknown class", |phone| phone.forge(|r| r.allowed_classes.push(11))),
        ("class 0", |phone| phone.forge(|r| r.allowed_classes.insert(0, 0))),
        ("a negative class", |phone| phone.forge(|r| r.allowed_classes.insert(0, -1))),
        ("a class twice", |phone| phone.forge(|r| r.allowed_classes = vec![1, 3, 3])),
        ("unsorted classes", |phone| phone.forge(|r| r.allowed_classes = vec![3, 1])),
        ("no method", |phone| phone.forge(|r| r.method = 0)),
        ("an unknown method", |phone| phone.forge(|r| r.method = 3)),
        ("no SIM", |phone| phone.forge(|r| r.sims.clear())),
        ("nine SIMs", |phone| {
            phone.forge(|r| {
                let sim = r.sims[0].clone();
                let numbered = |id| proto::ConsentedSim { subscription_id: id, ..sim.clone() };
                r.sims = (0..9).map(numbered).collect();
            });
        }),
        ("a SIM twice", |phone| phone.forge(|r| r.sims[1] = r.sims[0].clone())),
        ("unsorted SIMs", |phone| phone.forge(|r| r.sims.reverse())),
        ("a negative subscription", |phone| phone.forge(|r| r.sims[0].subscription_id = -1)),
        ("a short SIM hash", |phone| phone.forge(|r| r.sims[0].identity_mac.truncate(31))),
        ("no locale", |phone| phone.forge(|r| r.locale.clear())),
        ("a locale that is none", |phone| phone.forge(|r| r.locale = "../en".into())),
        ("a long locale", |phone| phone.forge(|r| r.locale = format!("en{}", "-abcd".repeat(7)))),
        ("a long fingerprint", |phone| {
            phone.forge(|r| r.build_fingerprint = "x".repeat(MAX_FINGERPRINT + 1));
        }),
    ];
    changes.into_iter().map(|(name, change)| (name, OffReason::Damaged, change)).collect()
}

/// Not a file that only this user's gate can have written.
fn files() -> Vec<Damage> {
    let changes: Vec<Change> = vec![
        ("oversized", |phone| phone.put(&vec![0; MAX_FILE + 1])),
        ("endless", |phone| {
            let sparse = fs::File::options().write(true).open(phone.path()).unwrap();
            sparse.set_len(1 << 40).unwrap();
        }),
        ("a link to the record", |phone| {
            let moved = phone.path().with_extension("moved");
            fs::rename(phone.path(), &moved).unwrap();
            symlink(moved, phone.path()).unwrap();
        }),
        ("a link to nothing", |phone| {
            fs::remove_file(phone.path()).unwrap();
            symlink("/nonexistent", phone.path()).unwrap();
        }),
        ("a directory", |phone| {
            fs::remove_file(phone.path()).unwrap();
            fs::create_dir_all(phone.path().join("deep")).unwrap();
        }),
        ("a FIFO", |phone| {
            fs::remove_file(phone.path()).unwrap();
            mkfifo(&phone.path(), Mode::from_bits_truncate(0o600)).unwrap();
        }),
        ("a hard link", |phone| {
            fs::hard_link(phone.path(), phone.path().with_extension("again")).unwrap();
        }),
        ("readable by nobody", |phone| mode(phone, 0)),
        ("readable by others", |phone| mode(phone, 0o604)),
        ("writable by others", |phone| mode(phone, 0o660)),
        ("in a directory that others write to", |phone| {
            let mode = fs::Permissions::from_mode(0o777);
            fs::set_permissions(phone.directory(USER), mode).unwrap();
        }),
        ("in a directory that is a link", |phone| {
            let elsewhere = phone.parent.path().join("elsewhere");
            fs::rename(phone.directory(USER), &elsewhere).unwrap();
            symlink(elsewhere, phone.directory(USER)).unwrap();
        }),
    ];
    changes.into_iter().map(|(name, change)| (name, OffReason::Unreadable, change)).collect()
}

fn append(phone: &Phone, more: &[u8]) {
    let bytes = fs::read(phone.path()).unwrap();
    phone.put(&[&bytes[..], more].concat());
}

fn mode(phone: &Phone, mode: u32) {
    fs::set_permissions(phone.path(), fs::Permissions::from_mode(mode)).unwrap();
}

/// Each damage, done to a phone of its own that was on.
fn each(mut check: impl FnMut(&Damage, Phone)) {
    for damage in &damages() {
        let phone = Phone::on();
        (damage.2)(&phone);
        check(damage, phone);
    }
}

#[test]
fn whatever_is_not_valid_in_every_respect_is_off() {
    each(|(name, reason, _), phone| assert_eq!(phone.off(), *reason, "{name}"));
}

#[test]
fn nothing_stands_in_the_way_of_turning_off() {
    each(|(name, ..), phone| {
        phone.store().remove().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(phone.off(), OffReason::NoRecord, "{name}");
        assert!(fs::symlink_metadata(phone.path()).is_err(), "{name}");
    });
}

#[test]
fn nothing_stands_in_the_way_of_a_new_grant() {
    each(|(name, ..), phone| {
        let granted = phone.grant();
        let Standing::On(read) = phone.standing() else { panic!("{name}: off") };
        assert!(read == granted, "{name}");
        phone.store().remove().unwrap();
        assert_eq!(phone.off(), OffReason::NoRecord, "{name}");
    });
}

#[test]
fn reading_changes_nothing() {
    each(|(name, ..), phone| {
        let before = tree(phone.parent.path());
        phone.off();
        assert_eq!(tree(phone.parent.path()), before, "{name}");
    });
}

/// Every name below a directory with its mode, size and time of change.
fn tree(directory: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let (path, found) = (entry.path(), fs::symlink_metadata(entry.path()).unwrap());
        let (changed, ns) = (found.ctime(), found.ctime_nsec());
        all.push(format!("{path:?} {:o} {} {changed}.{ns}", found.mode(), found.len()));
        if found.is_dir() {
            all.extend(tree(&path));
        }
    }
    all.sort();
    all
}

#[test]
fn a_record_cut_at_any_length_is_off_and_stops_nothing() {
    let phone = Phone::on();
    let whole = fs::read(phone.path()).unwrap();
    for length in 0..whole.len() {
        phone.put(&whole[..length]);
        assert_eq!(phone.off(), OffReason::Damaged, "{length} of {} bytes", whole.len());
        if length % 16 == 0 {
            phone.grant();
            phone.put(&whole[..length]);
            phone.store().remove().unwrap();
            assert_eq!(phone.off(), OffReason::NoRecord);
        }
    }
}

#[test]
fn a_record_with_any_bit_flipped_is_off() {
    let phone = Phone::on();
    let whole = fs::read(phone.path()).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(phone.path(), &flipped).unwrap();
        assert!(matches!(phone.standing(), Standing::Off(_)), "bit {bit}");
    }
    fs::write(phone.path(), &whole).unwrap();
    assert!(matches!(phone.standing(), Standing::On(_)), "the record itself is whole");
}

#[test]
fn a_record_key_with_any_bit_flipped_is_off() {
    let phone = Phone::on();
    let path = phone.directory(USER).join("record_key");
    let key = fs::read(&path).unwrap();
    for bit in 0..key.len() * 8 {
        let mut flipped = key.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        assert_eq!(phone.off(), OffReason::Damaged, "bit {bit}");
    }
}

#[test]
fn a_user_made_again_with_the_same_id_is_off() {
    let phone = Phone::on();
    let standing = phone.store().read(SERIAL + 1, &phone.disclosures);
    assert!(matches!(standing, Standing::Off(OffReason::OtherUser)));
}

#[test]
fn a_build_that_widens_its_disclosure_turns_off_until_asked_again() {
    let phone = Phone::on();
    let hash = hex::encode(phone.disclosures.lookup("en").sha256());
    let directory = phone.parent.path().join("disclosures");
    fs::write(directory.join("en.txt"), "version: 3\nnew in 3: That.\nStill more.").unwrap();
    let read = |earlier: String| {
        fs::write(directory.join("earlier.json"), earlier).unwrap();
        let disclosures = Disclosures::load(&directory, parties()).unwrap();
        phone.store().read(SERIAL, &disclosures).off().expect("it is on")
    };
    assert_eq!(read(r#"{"earlier":[]}"#.into()), OffReason::UnknownDisclosure);
    let known = format!(r#"{{"earlier":[{{"version":2,"locale":"en","sha256":"{hash}"}}]}}"#);
    assert_eq!(read(known), OffReason::OutdatedDisclosure);
}
