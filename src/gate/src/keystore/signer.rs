// SPDX-License-Identifier: Apache-2.0
//! The key that signs a ledger's checkpoints, one for each user, made when it is first needed.
//!
//! A checkpoint is signed with Ed25519 (docs/ledger.md), which secure hardware has from KeyMint 2 on. There the key
//! never leaves it. Older hardware has no such key: then one is made here and kept wrapped under an AES-256-GCM key
//! that does not leave the hardware either. It is in the gate's memory while it is used: whoever reads that can sign
//! another history, as with a host's file; a copied /data cannot.
//!
//! Which of the two it is stands in the file `ledger_key`, with the public key. A key that is named there and cannot be
//! used is not replaced: history signed by it would become somebody else's.

use std::path::Path;

use cloudmessaging_ledger::checkpoint::{SignError, Signer};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, UnparsedPublicKey, ED25519};
use zeroize::Zeroizing;

use super::client::Client;
use super::{parameters, KeystoreError};
use crate::file::{DurableFile, Unreadable};
use crate::ledger::SigningKey;
use crate::sync::{lock, Mutex};

/// First byte of the file: the key is in Keystore.
const INSIDE: u8 = 1;
/// It is wrapped in the file.
const WRAPPED: u8 = 2;

const PUBLIC: usize = 32;
const NONCE: usize = 12;

/// Kind, public key, nonce, and the largest PKCS #8 document of an Ed25519 key with its GCM tag, in bytes.
const FILE_MAX: usize = 1 + PUBLIC + NONCE + 128 + 16;

/// What a DER SubjectPublicKeyInfo of an Ed25519 key begins with (RFC 8410); the key follows.
pub(super) const SPKI: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Signed once after each start, to see that the key is the one that is meant.
const TRIAL: &[u8] = b"cloudmessaging ledger key";

/// The key of one user's ledger.
pub(super) struct KeystoreSigner {
    client: Client,
    alias: String,
    wrapping: String,
    file: DurableFile,
    held: Mutex<Option<Held>>,
}

enum Held {
    Inside([u8; PUBLIC]),
    Unwrapped(Ed25519KeyPair),
}

impl KeystoreSigner {
    /// The key of `user`, whose folder this is.
    pub(super) fn new(client: Client, user: i32, folder: &Path) -> Self {
        Self {
            client,
            alias: format!("ledger_key_{user}"),
            wrapping: format!("ledger_wrapping_key_{user}"),
            file: DurableFile::new(folder, "ledger_key", FILE_MAX),
            held: Mutex::new(None),
        }
    }

    /// Does it with the key, which is read or made if it is not there yet.
    fn with<T>(&self, use_it: impl FnOnce(&Held) -> Result<T, SignError>) -> Result<T, SignError> {
        let mut held = lock(&self.held);
        if held.is_none() {
            *held = Some(self.load()?);
        }
        held.as_ref().map_or_else(|| Err(failed("there is no key")), use_it)
    }

    fn load(&self) -> Result<Held, SignError> {
        let kept = match self.file.read() {
            Ok(kept) => kept,
            Err(Unreadable::Absent) => return self.make(),
            Err(why) => return Err(failed(format!("ledger_key: {why}"))),
        };
        let (kind, rest) = kept.split_first().ok_or_else(|| failed("ledger_key is empty"))?;
        let (public, wrapped) =
            rest.split_first_chunk::<PUBLIC>().ok_or_else(|| failed("ledger_key is cut"))?;
        match (*kind, wrapped.split_first_chunk::<NONCE>()) {
            (INSIDE, None) if wrapped.is_empty() => self.inside(*public),
            (WRAPPED, Some((nonce, wrapped))) => self.unwrap(public, nonce, wrapped),
            _ => Err(failed("ledger_key is damaged")),
        }
    }

    fn make(&self) -> Result<Held, SignError> {
        let made = self.client.make(&self.alias, parameters::ed25519_key);
        let certificate = match made {
            Ok(metadata) => metadata.certificate,
            Err(error) if parameters::knows_no_ed25519(error) => return self.make_wrapped(),
            Err(error) => return Err(keystore(error)),
        };
        let public = certificate.as_deref().and_then(public_key);
        let public = public.ok_or_else(|| keystore(KeystoreError::Missing("public key")))?;
        let held = self.inside(public)?;
        self.keep(&[&[INSIDE], &public[..]].concat())?;
        Ok(held)
    }

    /// The key in Keystore, if it is the one with this public key.
    fn inside(&self, public: [u8; PUBLIC]) -> Result<Held, SignError> {
        let signature = self.sign_inside(TRIAL)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(TRIAL, &signature)
            .map_err(|_| failed("Keystore holds another key"))?;
        Ok(Held::Inside(public))
    }

    fn make_wrapped(&self) -> Result<Held, SignError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let document = document.map_err(|_| failed("no randomness"))?;
        let document = Zeroizing::new(document.as_ref().to_vec());
        let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|why| failed(why.to_string()))?;

        self.client.make(&self.wrapping, parameters::wrapping_key).map_err(keystore)?;
        let wrapped = self.client.operate(&self.wrapping, parameters::wrap(), &document, None);
        let wrapped = wrapped.map_err(keystore)?;
        let nonce = parameters::nonce(&wrapped.parameters).filter(|nonce| nonce.len() == NONCE);
        let nonce = nonce.ok_or_else(|| keystore(KeystoreError::Missing("nonce of 12 bytes")))?;
        let output = wrapped.output.as_deref();
        let output = output.ok_or_else(|| keystore(KeystoreError::Missing("ciphertext")))?;
        self.keep(&[&[WRAPPED], pair.public_key().as_ref(), nonce, output].concat())?;
        Ok(Held::Unwrapped(pair))
    }

    fn unwrap(
        &self,
        public: &[u8; PUBLIC],
        nonce: &[u8; NONCE],
        wrapped: &[u8],
    ) -> Result<Held, SignError> {
        let unwrap = parameters::unwrap(nonce);
        let opened = self.client.operate(&self.wrapping, unwrap, wrapped, None);
        let document = Zeroizing::new(opened.map_err(keystore)?.output.unwrap_or_default());
        let pair = Ed25519KeyPair::from_pkcs8(&document)
            .map_err(|why| failed(format!("ledger_key is no Ed25519 key: {why}")))?;
        match pair.public_key().as_ref() == public {
            true => Ok(Held::Unwrapped(pair)),
            false => Err(failed("ledger_key is another key")),
        }
    }

    fn keep(&self, kept: &[u8]) -> Result<(), SignError> {
        self.file.write(kept).map_err(|why| failed(why.to_string()))
    }

    fn sign_inside(&self, text: &[u8]) -> Result<[u8; 64], SignError> {
        let signed = self.client.operate(&self.alias, parameters::sign(), text, None);
        let signature = signed.map_err(keystore)?.output.and_then(|output| output.try_into().ok());
        signature.ok_or_else(|| keystore(KeystoreError::Missing("signature of 64 bytes")))
    }
}

impl Signer for KeystoreSigner {
    fn public_key(&self) -> Result<[u8; 32], SignError> {
        self.with(|held| match held {
            Held::Inside(public) => Ok(*public),
            Held::Unwrapped(pair) => {
                let mut public = [0; PUBLIC];
                public.copy_from_slice(pair.public_key().as_ref());
                Ok(public)
            }
        })
    }

    fn sign(&self, text: &[u8]) -> Result<[u8; 64], SignError> {
        self.with(|held| match held {
            Held::Inside(_) => self.sign_inside(text),
            Held::Unwrapped(pair) => {
                let mut signature = [0; 64];
                signature.copy_from_slice(pair.sign(text).as_ref());
                Ok(signature)
            }
        })
    }
}

impl SigningKey for KeystoreSigner {
    /// The file last: as long as it is there, there may be something to destroy.
    fn destroy(&self) -> Result<(), SignError> {
        *lock(&self.held) = None;
        self.client.delete(&self.alias).map_err(keystore)?;
        self.client.delete(&self.wrapping).map_err(keystore)?;
        self.file.remove().map_err(|why| failed(why.to_string()))
    }
}

/// The public key in a certificate for an Ed25519 key. That it is the right one, a trial shows.
fn public_key(certificate: &[u8]) -> Option<[u8; PUBLIC]> {
    let at = certificate.windows(SPKI.len()).position(|window| window == SPKI)?;
    certificate.get(at + SPKI.len()..)?.first_chunk().copied()
}

fn keystore(error: KeystoreError) -> SignError {
    SignError(error.to_string())
}

fn failed(why: impl Into<String>) -> SignError {
    SignError(why.into())
}
