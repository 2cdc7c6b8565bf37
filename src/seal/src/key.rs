// SPDX-License-Identifier: Apache-2.0
//! X25519 keys (RFC 7748) that something is sealed to.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::SealError;
use crate::hpke::{Hpke as _, AWS_LC};

/// Names a key in an envelope: 8 random bytes.
pub type KeyId = [u8; cloudmessaging_wire::limits::KEY_ID];

/// A private X25519 key, 32 bytes, wiped when dropped.
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// Takes a key that was stored; every 32 bytes are a key (RFC 7748, 5).
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Takes a key that was stored; refuses any other length than 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(SealError::PrivateKey);
        }
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }

    /// The key, to be stored wrapped.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A public X25519 key, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Takes a key from a message; refuses any other length than 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SealError> {
        bytes.try_into().map(Self).map_err(|_| SealError::Malformed("public key"))
    }
}

impl fmt::Debug for PublicKey {
    // It tells one phone from another, so it stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(..)")
    }
}

/// Makes a key pair.
pub fn generate() -> Result<(SecretKey, PublicKey), SealError> {
    AWS_LC.generate()
}

/// Fills a fresh array from the system's random generator: key ids, request ids.
pub fn random<const N: usize>() -> Result<[u8; N], SealError> {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::Generate)?;
    Ok(bytes)
}
