// SPDX-License-Identifier: Apache-2.0
//! The key that authenticates a consent record: of this phone and of this one consent.
//!
//! A record is worth nothing without it, so a copied /data says off, and so does a record that comes back
//! after the key was destroyed. On a phone it is a Keystore key ([`crate::keystore`]); on a host a file beside the record,
//! which keeps a record from being copied alone, not the two together.

use std::path::Path;

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::file::{DurableFile, FileError, Unreadable};
use crate::keystore::KeystoreError;

/// Bytes in a code: HMAC-SHA256.
pub const MAC: usize = 32;

const KEY: usize = 32;

/// Why a record key could not be used, made or destroyed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none, or none that can be used.
    #[error("no record key: {0}")]
    Absent(Unreadable),
    /// The system's random generator failed.
    #[error("no randomness for a record key")]
    Random,
    /// Keystore did not do it.
    #[error("record key: {0}")]
    Keystore(#[from] KeystoreError),
    /// It could not be kept or destroyed durably.
    #[error("record key: {0}")]
    File(#[from] FileError),
}

/// Where the record key of one user lives.
pub trait RecordKey: Send + Sync {
    /// Makes a new key in the place of any other, durably. Records under the other are worth nothing now.
    fn make(&self) -> Result<(), KeyError>;

    /// HMAC-SHA256 of `message` under the key.
    fn mac(&self, message: &[u8]) -> Result<[u8; MAC], KeyError>;

    /// Whether `mac` is the code of `message`, compared in constant time. `false` if there is no key; an error if that
    /// cannot be told now.
    fn verify(&self, message: &[u8], mac: &[u8]) -> Result<bool, KeyError>;

    /// Destroys the key, durably. That there is none is fine.
    fn destroy(&self) -> Result<(), KeyError>;
}

/// A record key in a file of mode 0600: what a host has instead of a Keystore.
#[derive(Debug)]
pub struct FileRecordKey {
    file: DurableFile,
}

impl FileRecordKey {
    /// The key in `record_key` of the user's directory.
    pub fn new(directory: &Path) -> Self {
        Self { file: DurableFile::new(directory, "record_key", KEY) }
    }

    fn key(&self) -> Result<hmac::Key, KeyError> {
        let bytes = self.file.read().map_err(KeyError::Absent)?;
        if bytes.len() != KEY {
            return Err(KeyError::Absent(Unreadable::NotRegular));
        }
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }
}

impl RecordKey for FileRecordKey {
    fn make(&self) -> Result<(), KeyError> {
        let mut key = Zeroizing::new([0; KEY]);
        SystemRandom::new().fill(&mut *key).map_err(|_| KeyError::Random)?;
        Ok(self.file.write(&*key)?)
    }

    fn mac(&self, message: &[u8]) -> Result<[u8; MAC], KeyError> {
        let mut mac = [0; MAC];
        mac.copy_from_slice(hmac::sign(&self.key()?, message).as_ref());
        Ok(mac)
    }

    fn verify(&self, message: &[u8], mac: &[u8]) -> Result<bool, KeyError> {
        match self.key() {
            Ok(key) => Ok(hmac::verify(&key, message, mac).is_ok()),
            Err(KeyError::Absent(why)) if !why.may_pass() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn destroy(&self) -> Result<(), KeyError> {
        Ok(self.file.remove()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> (tempfile::TempDir, FileRecordKey) {
        let directory = tempfile::tempdir().unwrap();
        let key = FileRecordKey::new(directory.path());
        (directory, key)
    }

    #[test]
    fn nothing_verifies_without_a_key() {
        let (_directory, key) = key();
        assert!(matches!(key.mac(b"m"), Err(KeyError::Absent(Unreadable::Absent))));
        assert!(!key.verify(b"m", &[0; MAC]).unwrap());
        key.destroy().unwrap();
    }

    #[test]
    fn a_code_is_of_one_message_and_one_key() {
        let (_directory, key) = key();
        key.make().unwrap();
        let mac = key.mac(b"m").unwrap();
        assert!(key.verify(b"m", &mac).unwrap());
        assert!(!key.verify(b"n", &mac).unwrap());
        assert!(!key.verify(b"m", &mac[1..]).unwrap());
        key.make().unwrap();
        assert!(!key.verify(b"m", &mac).unwrap(), "a new key verified what the old one signed");
    }

    #[test]
    fn a_destroyed_key_verifies_nothing() {
        let (_directory, key) = key();
        key.make().unwrap();
        let mac = key.mac(b"m").unwrap();
        key.destroy().unwrap();
        assert!(!key.verify(b"m", &mac).unwrap());
    }

    #[test]
    fn a_key_of_another_length_is_no_key() {
        let (directory, key) = key();
        for length in [0, 1, KEY - 1] {
            let file = DurableFile::new(directory.path(), "record_key", KEY);
            file.write(&vec![0; length]).unwrap();
            assert!(key.mac(b"m").is_err());
            assert!(!key.verify(b"m", &[0; MAC]).unwrap());
        }
    }
}
