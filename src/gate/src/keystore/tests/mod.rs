// SPDX-License-Identifier: Apache-2.0
//! Keys in a Keystore: there, gone, refused, hanging, of another phone. Whatever goes wrong is off.

pub(crate) mod fake;
mod signing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Keystore, KeystoreError};
use crate::consent::{KeyError, RecordKey, MAC};
use crate::secrets::Secrets as _;
use fake::Fake;

/// Longer than anything here takes that comes back at all.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn keystore(fake: &Fake, patience: Duration) -> Keystore {
    let fake = fake.clone();
    Keystore::reached_by(Arc::new(move || fake.reach()), patience)
}

fn record_key(fake: &Fake) -> Box<dyn RecordKey> {
    keystore(fake, LONG).record_key(0, Path::new("/nonexistent"))
}

#[test]
fn a_code_is_of_one_message_and_one_key() {
    let fake = Fake::default();
    let key = record_key(&fake);
    key.make().unwrap();
    let mac = key.mac(b"m").unwrap();
    assert!(key.verify(b"m", &mac).unwrap());
    assert!(!key.verify(b"n", &mac).unwrap());
    assert!(!key.verify(b"m", &mac[1..]).unwrap());
    assert!(!key.verify(b"m", b"").unwrap());
    key.make().unwrap();
    assert!(!key.verify(b"m", &mac).unwrap(), "a new key verified what the old one signed");
    assert_eq!(fake.names(), ["record_key_0"]);
}

#[test]
fn each_user_has_a_key_of_their_own_in_every_phone() {
    let fake = Fake::default();
    let keys = keystore(&fake, LONG);
    let key = |user| keys.record_key(user, Path::new("/nonexistent"));
    key(0).make().unwrap();
    key(10).make().unwrap();
    let mac = key(0).mac(b"m").unwrap();
    assert!(key(0).verify(b"m", &mac).unwrap() && !key(10).verify(b"m", &mac).unwrap());
    let another = Fake::default();
    record_key(&another).make().unwrap();
    assert!(!record_key(&another).verify(b"m", &mac).unwrap());
}

#[test]
fn nothing_verifies_without_a_key() {
    let fake = Fake::default();
    let key = record_key(&fake);
    let absent = |result: Result<[u8; MAC], KeyError>| {
        assert!(matches!(result, Err(KeyError::Keystore(KeystoreError::NOT_FOUND))), "{result:?}");
    };
    absent(key.mac(b"m"));
    assert!(!key.verify(b"m", &[0; MAC]).unwrap());
    key.destroy().expect("that there is none is fine");

    key.make().unwrap();
    let mac = key.mac(b"m").unwrap();
    key.destroy().unwrap();
    assert_eq!(fake.names(), [""; 0], "it is still there");
    assert!(!key.verify(b"m", &mac).unwrap());
    absent(key.mac(b"m"));
}

#[test]
fn whatever_keystore_does_wrong_is_an_error_and_never_a_yes() {
    let fake = Fake::default();
    let key = record_key(&fake);
    key.make().unwrap();
    let mac = key.mac(b"m").unwrap();
    // -49: the secure hardware does not answer. 6: not permitted. 4: Keystore itself failed.
    for code in [-49, 6, 4] {
        fake.set(|mood| mood.refuses = Some(code));
        assert!(key.verify(b"m", &mac).is_err(), "{code}: it says nothing about the code");
        assert!(key.mac(b"m").is_err() && key.make().is_err(), "{code}");
        assert!(key.destroy().is_err(), "{code}: what was not deleted is not called deleted");
    }
    fake.set(|mood| (mood.refuses, mood.absent) = (None, true));
    assert!(key.verify(b"m", &mac).is_err());
    assert!(matches!(key.mac(b"m"), Err(KeyError::Keystore(KeystoreError::Unreachable))));
    assert!(key.make().is_err() && key.destroy().is_err());
    fake.set(|mood| mood.absent = false);
    assert!(key.verify(b"m", &mac).unwrap(), "it is the same key as before");
}

#[test]
fn a_deleted_key_resists_rollback_where_the_hardware_can() {
    let fake = Fake::default();
    record_key(&fake).make().unwrap();
    assert_eq!(fake.made(), [("record_key_0".to_owned(), true)]);
    fake.set(|mood| mood.no_rollback_resistance = true);
    record_key(&fake).make().unwrap();
    assert_eq!(fake.made()[1], ("record_key_0".to_owned(), false));
}

#[test]
fn a_keystore_that_hangs_holds_nobody_up() {
    let fake = Fake::default();
    let patient = record_key(&fake);
    patient.make().unwrap();
    let mac = patient.mac(b"m").unwrap();
    let key = keystore(&fake, Duration::from_millis(50)).record_key(0, Path::new("/nonexistent"));
    fake.set(|mood| mood.hangs = true);
    let hangs = |result: Result<(), KeyError>| {
        assert!(matches!(result, Err(KeyError::Keystore(KeystoreError::Hangs))), "{result:?}");
    };
    hangs(key.verify(b"m", &mac).map(|_| ()));
    hangs(key.destroy());
    fake.set(|mood| mood.hangs = false);
    let begin = std::time::Instant::now();
    while !key.verify(b"m", &mac).unwrap_or(false) {
        assert!(begin.elapsed() < LONG, "it came back, and nobody asks it any more");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(fake.names(), ["record_key_0"], "what was given up on was not begun");
}
