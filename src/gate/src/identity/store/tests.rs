// SPDX-License-Identifier: Apache-2.0
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

const USER: i32 = 10;

struct Place {
    parent: tempfile::TempDir,
    record: RecordId,
    storage: StorageKey,
}

impl Place {
    fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let record = RecordId::random().unwrap();
        Self { parent, record, storage: StorageKey::from_bytes(&[5; STORAGE_KEY]).unwrap() }
    }

    fn with_keys() -> Self {
        let place = Self::new();
        place.store().write(&place.storage, place.record, &place.keys()).unwrap();
        place
    }

    fn store(&self) -> KeyStore {
        KeyStore::new(&self.parent.path().join("10"), USER)
    }

    fn path(&self) -> PathBuf {
        self.parent.path().join("10/keys")
    }

    fn keys(&self) -> StoredKeys {
        let prekey = proto::StoredPrekey { private_key: vec![9; 32], ..Default::default() };
        let sim = proto::SimKeys {
            subscription_id: 1,
            identity: b"an identity key".to_vec(),
            prekeys: vec![prekey],
            inbox_client_id: "a secret client id".into(),
            ..Default::default()
        };
        StoredKeys(proto::Keys {
            schema_version: VERSION,
            record_id: self.record.as_bytes().to_vec(),
            sims: vec![sim],
            hash_key: vec![3; 32],
        })
    }

    fn read(&self) -> Result<StoredKeys, KeysAbsent> {
        self.store().read(&self.storage, self.record)
    }

    /// Replaces the content of the file and keeps its mode.
    fn put(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).unwrap();
    }

    fn forge(&self, change: impl FnOnce(&mut proto::Wrapped)) {
        let mut wrapped = proto::Wrapped::decode(&fs::read(self.path()).unwrap()[..]).unwrap();
        change(&mut wrapped);
        self.put(&wrapped.encode_to_vec());
    }
}

#[test]
fn keys_read_back_under_the_same_storage_key_user_and_consent() {
    let place = Place::with_keys();
    assert_eq!(place.read(), Ok(place.keys()));
}

#[test]
fn nothing_of_the_keys_is_on_the_disk_in_the_clear() {
    let place = Place::with_keys();
    let bytes = fs::read(place.path()).unwrap();
    for secret in [&b"an identity key"[..], b"a secret client id", &[9; 32], &[3; 32], &[5; 32]] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn the_same_keys_are_never_wrapped_the_same_way_twice() {
    let place = Place::with_keys();
    let first = fs::read(place.path()).unwrap();
    place.store().write(&place.storage, place.record, &place.keys()).unwrap();
    assert_ne!(fs::read(place.path()).unwrap(), first);
}

#[test]
fn without_a_file_there_are_no_keys() {
    let place = Place::new();
    assert_eq!(place.read(), Err(KeysAbsent::NoFile));
}

#[test]
fn another_storage_key_opens_nothing() {
    let place = Place::with_keys();
    let other = StorageKey::from_bytes(&[6; STORAGE_KEY]).unwrap();
    assert_eq!(place.store().read(&other, place.record), Err(KeysAbsent::NotOurs));
}

#[test]
fn another_users_keys_do_not_open() {
    let place = Place::with_keys();
    let other = KeyStore::new(&place.parent.path().join("10"), 11);
    assert_eq!(other.read(&place.storage, place.record), Err(KeysAbsent::NotOurs));
}

#[test]
fn keys_of_another_consent_do_not_open() {
    let place = Place::with_keys();
    let other = RecordId::random().unwrap();
    assert_eq!(place.store().read(&place.storage, other), Err(KeysAbsent::NotOurs));
    let mut keys = place.keys();
    keys.0.record_id = other.as_bytes().to_vec();
    let error = place.store().write(&place.storage, place.record, &keys).unwrap_err();
    assert!(matches!(error, KeepError::Mismatch));
}

#[test]
fn any_bit_flipped_any_cut_and_anything_behind_is_absent() {
    let place = Place::with_keys();
    let whole = fs::read(place.path()).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        place.put(&flipped);
        assert!(place.read().is_err(), "bit {bit}");
    }
    for length in 0..whole.len() {
        place.put(&whole[..length]);
        assert_eq!(place.read(), Err(KeysAbsent::NotOurs), "{length} bytes");
    }
    place.put(&[&whole[..], &[0x7a, 1, 0]].concat());
    assert_eq!(place.read(), Err(KeysAbsent::NotOurs));
    place.put(&whole);
    assert!(place.read().is_ok(), "the file itself is whole");
}

#[test]
fn keys_of_a_newer_version_are_absent_and_left_untouched() {
    let place = Place::with_keys();
    place.forge(|wrapped| wrapped.schema_version = VERSION + 1);
    let before = fs::read(place.path()).unwrap();
    assert_eq!(place.read(), Err(KeysAbsent::FutureVersion));
    assert_eq!(fs::read(place.path()).unwrap(), before);
    place.put(&[0x08, 2, 0x10, 5]);
    assert_eq!(place.read(), Err(KeysAbsent::FutureVersion));
    place.store().destroy().unwrap();
    assert_eq!(place.read(), Err(KeysAbsent::NoFile));
}

#[test]
fn keys_without_a_version_or_with_a_nonce_of_another_length_are_absent() {
    for change in [
        (|wrapped| wrapped.schema_version = 0) as fn(&mut proto::Wrapped),
        |wrapped| wrapped.nonce.clear(),
        |wrapped| wrapped.nonce.push(0),
        |wrapped| wrapped.ciphertext.clear(),
    ] {
        let place = Place::with_keys();
        place.forge(change);
        assert_eq!(place.read(), Err(KeysAbsent::NotOurs));
    }
}

#[test]
fn what_cannot_be_read_stops_neither_destruction_nor_new_keys() {
    let spoil: [fn(&Place); 3] = [
        |place| place.put(b"no keys"),
        |place| {
            fs::remove_file(place.path()).unwrap();
            symlink("/nonexistent", place.path()).unwrap();
        },
        |place| {
            fs::remove_file(place.path()).unwrap();
            fs::create_dir_all(place.path().join("deep")).unwrap();
        },
    ];
    for spoil in spoil {
        let place = Place::with_keys();
        spoil(&place);
        assert!(place.read().is_err());
        place.store().write(&place.storage, place.record, &place.keys()).unwrap();
        assert_eq!(place.read(), Ok(place.keys()));

        spoil(&place);
        place.store().destroy().unwrap();
        assert_eq!(place.read(), Err(KeysAbsent::NoFile));
    }
}

#[test]
fn the_most_keys_there_are_fit_into_the_file() {
    let place = Place::new();
    let mut keys = place.keys();
    let sim = &mut keys.0.sims[0];
    sim.sender_certificate = vec![1; 512];
    sim.prekeys = vec![sim.prekeys[0].clone(); 4];
    let sim = sim.clone();
    keys.0.sims = vec![sim; 8];
    place.store().write(&place.storage, place.record, &keys).unwrap();
    assert!(fs::metadata(place.path()).unwrap().len() < MAX_FILE as u64 / 8);
}

#[test]
fn a_storage_key_has_32_bytes_and_derives_another_key_for_each_purpose() {
    assert!(StorageKey::from_bytes(&[0; 31]).is_none());
    assert!(StorageKey::from_bytes(&[0; 33]).is_none());
    let storage = StorageKey::from_bytes(&[5; STORAGE_KEY]).unwrap();
    let seal = |purpose: &[u8]| {
        let mut text = vec![0; 16];
        let nonce = aead::Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let key = storage.derive(purpose).unwrap();
        key.seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut text).unwrap();
        text
    };
    assert_ne!(seal(b"keys"), seal(b"outbox"));
    assert_eq!(seal(b"keys"), seal(b"keys"));
}

#[test]
fn debug_says_no_key() {
    let place = Place::new();
    assert_eq!(format!("{:?} {:?}", place.storage, place.keys()), "StorageKey StoredKeys(1 SIMs)");
}
