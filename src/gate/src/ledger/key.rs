// SPDX-License-Identifier: Apache-2.0
//! The key that signs checkpoints: one for each user's ledger, made when it is first needed. On a phone it is a
//! Keystore key; on a host a file, and whoever reads that can sign another history. An older checkpoint tells.

use std::path::Path;

use cloudmessaging_ledger::checkpoint::{SignError, Signer};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::file::{DurableFile, Unreadable};
use crate::sync::{lock, Mutex};

/// The key of one user's ledger.
pub trait SigningKey: Signer {
    /// Destroys it: the user was removed. The next one to need a key makes another.
    fn destroy(&self) -> Result<(), SignError>;
}

/// Largest PKCS #8 document of an Ed25519 key, in bytes: ring's takes 83.
const KEY_MAX: usize = 128;

/// A key in a file of mode 0600: what a host has instead of a Keystore.
pub struct FileSigner {
    file: DurableFile,
    pair: Mutex<Option<Ed25519KeyPair>>,
}

impl FileSigner {
    /// The key in `ledger_key` of the user's directory.
    pub fn new(directory: &Path) -> Self {
        let file = DurableFile::new(directory, "ledger_key", KEY_MAX);
        Self { file, pair: Mutex::new(None) }
    }

    /// Does it with the key, which is read or made if it is not there yet.
    fn with<T>(&self, use_it: impl FnOnce(&Ed25519KeyPair) -> T) -> Result<T, SignError> {
        let mut pair = lock(&self.pair);
        if pair.is_none() {
            *pair = Some(self.load()?);
        }
        pair.as_ref().map(use_it).ok_or_else(|| SignError("there is no key".into()))
    }

    fn load(&self) -> Result<Ed25519KeyPair, SignError> {
        let document = match self.file.read() {
            Ok(document) => document,
            // A key that is there and cannot be used is not replaced: history signed by it would become somebody else's.
            Err(Unreadable::Absent) => self.make()?,
            Err(why) => return Err(SignError(format!("ledger_key: {why}"))),
        };
        Ed25519KeyPair::from_pkcs8(&document)
            .map_err(|why| SignError(format!("ledger_key is no Ed25519 key: {why}")))
    }

    fn make(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, SignError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let document = document.map_err(|_| SignError("no randomness".into()))?;
        self.file.write(document.as_ref()).map_err(|why| SignError(why.to_string()))?;
        Ok(zeroize::Zeroizing::new(document.as_ref().to_vec()))
    }
}

impl Signer for FileSigner {
    fn public_key(&self) -> Result<[u8; 32], SignError> {
        self.with(|pair| {
            let mut key = [0; 32];
            key.copy_from_slice(pair.public_key().as_ref());
            key
        })
    }

    fn sign(&self, text: &[u8]) -> Result<[u8; 64], SignError> {
        self.with(|pair| {
            let mut signature = [0; 64];
            signature.copy_from_slice(pair.sign(text).as_ref());
            signature
        })
    }
}

impl SigningKey for FileSigner {
    fn destroy(&self) -> Result<(), SignError> {
        *lock(&self.pair) = None;
        self.file.remove().map_err(|why| SignError(why.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_the_same_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let signer = FileSigner::new(directory.path());
        let key = signer.public_key().unwrap();
        assert_eq!(signer.public_key().unwrap(), key);
        let again = FileSigner::new(directory.path());
        assert_eq!(again.public_key().unwrap(), key);
        assert_eq!(again.sign(b"text").unwrap(), signer.sign(b"text").unwrap());
    }

    #[test]
    fn a_key_that_cannot_be_used_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        FileSigner::new(directory.path()).public_key().unwrap();
        let path = directory.path().join("ledger_key");
        std::fs::write(&path, b"no key").unwrap();
        let why = FileSigner::new(directory.path()).public_key().unwrap_err();
        assert!(why.to_string().contains("ledger_key is no Ed25519 key"), "{why}");
        assert_eq!(std::fs::read(path).unwrap(), b"no key");
    }
}
