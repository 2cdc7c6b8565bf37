// SPDX-License-Identifier: Apache-2.0
//! The keys of one Android user at rest, wrapped with the storage key.
//!
//! The storage key lives in our app's credential-encrypted storage and comes with the user's unlock;
//! without it nothing here can be read, so a phone that was not unlocked since it booted has no keys.
//! Trusts the storage key to be secret and random. The wrapping is bound to the user and to the consent:
//! keys made under another record are not used, whoever puts them there. Keys that cannot be read are
//! absent, never an error that stands in the way; the owner then registers anew.

use core::fmt;
use std::path::Path;

use cloudmessaging_wire::proto::keys as proto;
use prost::Message as _;
use ring::aead::{self, LessSafeKey, UnboundKey, CHACHA20_POLY1305, NONCE_LEN};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{hkdf, hmac};
use zeroize::{Zeroize as _, Zeroizing};

use crate::consent::RecordId;
use crate::file::{DurableFile, FileError, Unreadable};
use crate::schema::{self, Refused, Step, KEYS as VERSION};

/// Bytes in a storage key.
pub const STORAGE_KEY: usize = 32;

/// To each version from the one before, of what is wrapped.
const STEPS: [Step<Zeroizing<Vec<u8>>>; VERSION as usize - 1] = [];

/// The largest file, in bytes: eight SIMs with their certificates take a tenth of it.
const MAX_FILE: usize = 64 * 1024;

const SALT: &[u8] = b"cloudmessaging storage key 1";
const INFO: &[u8] = b"keys";
const AAD: &[u8] = b"cloudmessaging keys\0";

/// What our app gives the gate when the user unlocks. Whoever wraps something else derives another key
/// from it, so that nothing wrapped for one purpose opens for another.
#[derive(Clone)]
pub struct StorageKey(Zeroizing<[u8; STORAGE_KEY]>);

impl StorageKey {
    /// The key in these bytes; `None` unless there are 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != STORAGE_KEY {
            return None;
        }
        // Made first and filled after: no copy on the stack that nobody clears.
        let mut key = Self(Zeroizing::new([0; STORAGE_KEY]));
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    /// The ChaCha20-Poly1305 key for one purpose: HKDF-SHA256 with `purpose` as info.
    pub fn derive(&self, purpose: &[u8]) -> Option<LessSafeKey> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT);
        let extracted = salt.extract(&*self.0);
        let info = [purpose];
        let expanded = extracted.expand(&info, &CHACHA20_POLY1305).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(expanded)))
    }

    /// The HMAC-SHA256 key for one purpose, in the same way.
    pub fn derive_hmac(&self, purpose: &[u8]) -> Option<hmac::Key> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT);
        let extracted = salt.extract(&*self.0);
        let info = [purpose];
        extracted.expand(&info, hmac::HMAC_SHA256).ok().map(hmac::Key::from)
    }
}

impl fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageKey")
    }
}

/// The keys of one user, in the clear; cleared when dropped.
#[derive(Clone, PartialEq, Default)]
pub struct StoredKeys(pub proto::Keys);

impl Drop for StoredKeys {
    fn drop(&mut self) {
        self.0.hash_key.zeroize();
        for sim in &mut self.0.sims {
            sim.identity.zeroize();
            sim.inbox_client_id.zeroize();
            sim.tls_key.zeroize();
            // The number is in it.
            sim.sender_certificate.zeroize();
            for prekey in &mut sim.prekeys {
                prekey.private_key.zeroize();
            }
        }
    }
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredKeys({} SIMs)", self.0.sims.len())
    }
}

/// Why there are no keys to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysAbsent {
    /// None were kept.
    #[error("no keys are kept")]
    NoFile,
    /// The file is not what this gate writes.
    #[error("keys: {0}")]
    Unreadable(Unreadable),
    /// A newer version wrote them; left untouched.
    #[error("keys of a newer version")]
    FutureVersion,
    /// Damaged, or wrapped with another storage key, for another user or under another consent.
    #[error("keys do not open")]
    NotOurs,
}

impl From<Refused> for KeysAbsent {
    fn from(why: Refused) -> Self {
        match why {
            Refused::Newer => Self::FutureVersion,
            Refused::NotOurs => Self::NotOurs,
        }
    }
}

/// Why keys were not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The keys name another consent or schema than they are kept under.
    #[error("keys of another consent or schema")]
    Mismatch,
    /// The system's random generator or cipher failed.
    #[error("keys could not be wrapped")]
    Wrap,
    /// They are not on the disk.
    #[error("keys: {0}")]
    File(#[from] FileError),
}

/// Where the keys of one user are kept. There is to be one value for each user.
#[derive(Debug)]
pub struct KeyStore {
    user: i32,
    file: DurableFile,
}

impl KeyStore {
    /// The keys of `user`, in the user's `directory`.
    pub fn new(directory: &Path, user: i32) -> Self {
        Self { user, file: DurableFile::new(directory, "keys", MAX_FILE) }
    }

    /// The keys made under the consent `record`, if this storage key opens them. Changes nothing.
    pub fn read(&self, storage: &StorageKey, record: RecordId) -> Result<StoredKeys, KeysAbsent> {
        let bytes = self.file.read().map_err(|reason| match reason {
            Unreadable::Absent => KeysAbsent::NoFile,
            reason => KeysAbsent::Unreadable(reason),
        })?;
        let version = SchemaVersion::decode(&bytes[..]).map_err(|_| KeysAbsent::NotOurs)?;
        schema::steps_from(version.schema_version, &STEPS)?;
        let wrapped = proto::Wrapped::decode(&bytes[..]).map_err(|_| KeysAbsent::NotOurs)?;
        if wrapped.encode_to_vec() != **bytes {
            return Err(KeysAbsent::NotOurs);
        }
        let kept = self.unwrap(wrapped, storage, record).ok_or(KeysAbsent::NotOurs)?;
        let version = SchemaVersion::decode(&kept[..]).map_err(|_| KeysAbsent::NotOurs)?;
        let kept = schema::upgrade(version.schema_version, &STEPS, kept)?;
        let keys = proto::Keys::decode(&kept[..]).map_err(|_| KeysAbsent::NotOurs)?;
        let keys = StoredKeys(keys);
        if keys.0.schema_version != VERSION || keys.0.record_id != record.as_bytes() {
            return Err(KeysAbsent::NotOurs);
        }
        Ok(keys)
    }

    /// Whether a newer version wrote what is there. Needs no key: that much is in the clear.
    pub fn is_newer(&self) -> bool {
        let version = self.file.read().ok().and_then(|file| SchemaVersion::decode(&file[..]).ok());
        let refused = version.map(|found| schema::steps_from(found.schema_version, &STEPS).err());
        refused == Some(Some(Refused::Newer))
    }

    /// Keeps the keys, durably, in the place of any other.
    pub fn write(
        &self,
        storage: &StorageKey,
        record: RecordId,
        keys: &StoredKeys,
    ) -> Result<(), KeepError> {
        if keys.0.schema_version != VERSION || keys.0.record_id != record.as_bytes() {
            return Err(KeepError::Mismatch);
        }
        let key = storage.derive(INFO).ok_or(KeepError::Wrap)?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| KeepError::Wrap)?;
        // Room for the tag from the start: a buffer that grew would leave the keys behind.
        let size = keys.0.encoded_len() + CHACHA20_POLY1305.tag_len();
        let mut text = Zeroizing::new(Vec::with_capacity(size));
        // Only a buffer that does not grow can be too small.
        keys.0.encode(&mut *text).map_err(|_| KeepError::Wrap)?;
        let tag = key
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(self.aad(VERSION, record)),
                &mut text,
            )
            .map_err(|_| KeepError::Wrap)?;
        text.extend_from_slice(tag.as_ref());
        let wrapped = proto::Wrapped {
            schema_version: VERSION,
            nonce: nonce.to_vec(),
            ciphertext: text.to_vec(),
        };
        Ok(self.file.write(&wrapped.encode_to_vec())?)
    }

    /// Destroys the keys, durably: their file goes; nothing is overwritten, which flash would not do in
    /// place. What a disk still holds of it is wrapped with a key that is not on it.
    pub fn destroy(&self) -> Result<(), FileError> {
        self.file.remove()
    }

    fn unwrap(
        &self,
        wrapped: proto::Wrapped,
        storage: &StorageKey,
        record: RecordId,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let aad = self.aad(wrapped.schema_version, record);
        let nonce = aead::Nonce::try_assume_unique_for_key(&wrapped.nonce).ok()?;
        let key = storage.derive(INFO)?;
        let mut text = Zeroizing::new(wrapped.ciphertext);
        let size = key.open_in_place(nonce, aead::Aad::from(aad), &mut text).ok()?.len();
        text.truncate(size);
        Some(text)
    }

    /// Binds the wrapping to its format, its user and its consent.
    fn aad(&self, version: u32, record: RecordId) -> Vec<u8> {
        [AAD, &version.to_be_bytes(), &self.user.to_be_bytes(), record.as_bytes()].concat()
    }
}

/// The one field that every version of the file has.
#[derive(Clone, PartialEq, prost::Message)]
struct SchemaVersion {
    #[prost(uint32, tag = "1")]
    schema_version: u32,
}

#[cfg(test)]
mod tests;
