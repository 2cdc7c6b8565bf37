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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_32_bytes_are_a_key() {
        for size in [0, 1, 31, 33, 64] {
            let bytes = vec![1; size];
            assert_eq!(SecretKey::from_slice(&bytes).unwrap_err(), SealError::PrivateKey);
            assert!(PublicKey::from_slice(&bytes).is_err());
        }
        assert_eq!(SecretKey::from_slice(&[1; 32]).unwrap().as_bytes(), &[1; 32]);
    }

    #[test]
    fn no_two_are_alike() {
        let (a, public_a) = generate().unwrap();
        let (b, public_b) = generate().unwrap();
        assert_ne!(a.as_bytes(), b.as_bytes());
        assert_ne!(public_a, public_b);
        assert_ne!(random::<16>().unwrap(), random::<16>().unwrap());
    }

    #[test]
    fn debug_shows_neither_half() {
        let (secret, public) = generate().unwrap();
        assert_eq!(format!("{secret:?} {public:?}"), "SecretKey(..) PublicKey(..)");
    }
}
