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

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, 7.1, TEST 2.
    const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    fn of_the_rfc() -> IdentityKey {
        let mut der = BEFORE_SEED.to_vec();
        der.extend(hex::decode(SEED).unwrap());
        der.extend(BEFORE_PUBLIC);
        der.extend(hex::decode(PUBLIC).unwrap());
        IdentityKey::from_pkcs8(&der).unwrap()
    }

    #[test]
    fn it_signs_as_rfc_8032_prints() {
        let key = of_the_rfc();
        assert_eq!(hex::encode(key.sign(&[0x72])), SIGNATURE);
        assert_eq!(hex::encode(key.public_key()), PUBLIC);
    }

    #[test]
    fn ring_and_we_read_each_others_keys() {
        let ours = IdentityKey::generate().unwrap();
        let rings = Ed25519KeyPair::from_pkcs8(&ours.to_pkcs8()).unwrap();
        assert_eq!(rings.public_key().as_ref(), ours.public_key());
        assert_eq!(rings.sign(b"x").as_ref(), ours.sign(b"x"));

        let random = ring::rand::SystemRandom::new();
        let der = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ours = IdentityKey::from_pkcs8(der.as_ref()).unwrap();
        assert_eq!(ours.to_pkcs8().as_slice(), der.as_ref());
    }

    #[test]
    fn a_stored_key_that_was_damaged_is_refused() {
        let der = of_the_rfc().to_pkcs8();
        for length in 0..der.len() {
            assert!(IdentityKey::from_pkcs8(&der[..length]).is_err(), "{length}");
        }
        let longer = [&der[..], &[0]].concat();
        assert_eq!(IdentityKey::from_pkcs8(&longer).unwrap_err(), SealError::PrivateKey);
        for bit in 0..der.len() * 8 {
            let mut damaged = der.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(IdentityKey::from_pkcs8(&damaged).is_err(), "{bit}");
        }
    }

    #[test]
    fn a_signature_is_for_one_key_and_one_message() {
        let (key, message) = (of_the_rfc(), b"message");
        let signature = key.sign(message);
        assert_eq!(verify(&key.public_key(), message, &signature), Ok(()));
        let other = IdentityKey::generate().unwrap().public_key();
        assert_eq!(verify(&other, message, &signature), Err(SealError::Signature));
        assert_eq!(verify(&key.public_key(), b"massage", &signature), Err(SealError::Signature));
        for bit in 0..512 {
            let mut altered = signature;
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&key.public_key(), message, &altered).is_err(), "{bit}");
        }
    }

    #[test]
    fn a_signature_cannot_be_written_another_way() {
        // The group order, little-endian (RFC 8032, 5.1): S + order is the same number to a careless verifier.
        let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let key = of_the_rfc();
        let mut signature = key.sign(b"message");
        let mut carry = 0;
        for (byte, add) in signature[32..].iter_mut().zip(hex::decode(order).unwrap()) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry as u8;
            carry >>= 8;
        }
        assert_eq!(verify(&key.public_key(), b"message", &signature), Err(SealError::Signature));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", of_the_rfc()), "IdentityKey(..)");
    }
}
