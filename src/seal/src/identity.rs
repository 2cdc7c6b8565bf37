// SPDX-License-Identifier: Apache-2.0
//! Identity keys: Ed25519 (RFC 8032), one per user and SIM, and the registrar's signing keys.

use std::fmt;

use ring::signature::{Ed25519KeyPair, KeyPair as _, UnparsedPublicKey, ED25519};
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::key::random;

/// What stands before the seed in a PKCS #8 version 2 key (RFC 5958, 2; RFC 8410, 7).
const BEFORE_SEED: [u8; 16] =
    [0x30, 0x51, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// What stands between the seed and the public key.
const BEFORE_PUBLIC: [u8; 3] = [0x81, 0x21, 0];

const PKCS8: usize = BEFORE_SEED.len() + 32 + BEFORE_PUBLIC.len() + 32;

/// A private Ed25519 key. Only its seed is kept, and wiped when dropped; ring's key pair, which does not
/// wipe itself, lives for the length of one signature.
pub struct IdentityKey {
    seed: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl IdentityKey {
    /// Makes a key.
    pub fn generate() -> Result<Self, SealError> {
        let seed = Zeroizing::new(random()?);
        let public = public_of(&seed);
        Ok(Self { seed, public })
    }

    /// Takes a key that [`to_pkcs8`](Self::to_pkcs8) or ring stored; refuses one whose public half is not
    /// its own.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SealError> {
        let rest = der.strip_prefix(&BEFORE_SEED).ok_or(SealError::PrivateKey)?;
        let (seed, rest) = rest.split_first_chunk::<32>().ok_or(SealError::PrivateKey)?;
        let public = rest.strip_prefix(&BEFORE_PUBLIC).ok_or(SealError::PrivateKey)?;
        let seed = Zeroizing::new(*seed);
        let key = Self { public: public_of(&seed), seed };
        if key.public != public {
            return Err(SealError::PrivateKey);
        }
        Ok(key)
    }

    /// The key as PKCS #8 version 2, DER (RFC 5958), to be stored wrapped.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let mut der = Zeroizing::new(Vec::with_capacity(PKCS8));
        der.extend_from_slice(&BEFORE_SEED);
        der.extend_from_slice(&self.seed[..]);
        der.extend_from_slice(&BEFORE_PUBLIC);
        der.extend_from_slice(&self.public);
        der
    }

    /// The public half, 32 bytes.
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// Signs. The message comes from [`cloudmessaging_wire::signed`], which keeps one kind of signature
    /// from passing as another.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        // An Ed25519 signature is 64 bytes (RFC 8032, 5.1.6).
        signature.copy_from_slice(pair_of(&self.seed).sign(message).as_ref());
        signature
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(..)")
    }
}

fn pair_of(seed: &[u8; 32]) -> Ed25519KeyPair {
    // ring refuses a seed for its length alone, and this one's is fixed.
    Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed of 32 bytes")
}

fn public_of(seed: &[u8; 32]) -> [u8; 32] {
    let mut public = [0; 32];
    // An Ed25519 public key is 32 bytes (RFC 8032, 5.1.5).
    public.copy_from_slice(pair_of(seed).public_key().as_ref());
    public
}

/// Verifies a signature by `public` over `message` (RFC 8032, 5.1.7; a non-canonical S is refused).
pub fn verify(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), SealError> {
    UnparsedPublicKey::new(&ED25519, public)
        .verify(message, signature)
        .map_err(|_| SealError::Signature)
}
