// SPDX-License-Identifier: Apache-2.0
//! TLS keys: ECDSA on P-256, one per SIM, for the inbox connection and nothing else. Apart from the identity key,
//! since its private half is given to the uplink: whoever breaks that learns a key that opens the owner's inbox for
//! as long as its certificate lives, and signs and opens nothing.

use std::fmt;

use cloudmessaging_seal::SealError;
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, KeyPair as _, ECDSA_P256_SHA256_ASN1_SIGNING};
use zeroize::Zeroizing;

/// What stands before the point in the SubjectPublicKeyInfo of a P-256 key (RFC 5480, 2).
const BEFORE_POINT: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 3, 1, 7, 3, 0x42, 0,
];

/// Bytes of an uncompressed point (SEC 1, 2.3.3).
const POINT: usize = 65;

/// The largest certificate that is taken, in bytes, DER; an honest one takes under 500.
pub const TLS_CERTIFICATE_MAX: usize = 2048;

/// A private P-256 key, as PKCS #8; wiped when dropped. ring's own copy, which does not wipe itself, lives while the
/// key is made or read.
pub struct TlsKey {
    pkcs8: Zeroizing<Vec<u8>>,
    point: [u8; POINT],
}

impl TlsKey {
    /// Makes a key.
    pub fn generate() -> Result<Self, SealError> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| SealError::Generate)?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// Takes a key that was kept; refuses one whose public half is not its own.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SealError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &random)
            .map_err(|_| SealError::PrivateKey)?;
        let point = pair.public_key().as_ref().try_into().map_err(|_| SealError::PrivateKey)?;
        Ok(Self { pkcs8: Zeroizing::new(der.to_vec()), point })
    }

    /// The key as PKCS #8, DER (RFC 5958).
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half as SubjectPublicKeyInfo, DER (RFC 5480, 2), 91 bytes.
    pub fn public_key_info(&self) -> Vec<u8> {
        [&BEFORE_POINT[..], &self.point].concat()
    }

    /// Whether a certificate can be one of this key: of a possible size, and with the key in it. What else it says
    /// is the broker's to check, which is who it is shown to.
    pub fn is_named_by(&self, certificate: &[u8]) -> bool {
        let info = self.public_key_info();
        certificate.len() <= TLS_CERTIFICATE_MAX
            && certificate.windows(info.len()).any(|window| window == info)
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{UnparsedPublicKey, ECDSA_P256_SHA256_ASN1};

    #[test]
    fn a_key_is_kept_and_read_back() {
        let key = TlsKey::generate().unwrap();
        let again = TlsKey::from_pkcs8(key.pkcs8()).unwrap();
        assert_eq!(again.public_key_info(), key.public_key_info());
        assert_ne!(TlsKey::generate().unwrap().public_key_info(), key.public_key_info());
        assert!(TlsKey::from_pkcs8(&key.pkcs8()[1..]).is_err());
        assert!(TlsKey::from_pkcs8(&[]).is_err());
    }

    #[test]
    fn what_is_published_verifies_what_the_key_signs() {
        let key = TlsKey::generate().unwrap();
        let info = key.public_key_info();
        assert_eq!(info.len(), 91);
        let (random, scheme) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let pair = EcdsaKeyPair::from_pkcs8(scheme, key.pkcs8(), &random).unwrap();
        let signature = pair.sign(&random, b"message").unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &info[26..]);
        assert!(public.verify(b"message", signature.as_ref()).is_ok());
    }

    #[test]
    fn a_certificate_of_another_key_or_of_no_sense_is_not_of_this_one() {
        let key = TlsKey::generate().unwrap();
        let with = |info: &[u8], rest: usize| [&[0x30; 40][..], info, &vec![0; rest]].concat();
        let info = key.public_key_info();
        assert!(key.is_named_by(&with(&info, 100)));
        let other = TlsKey::generate().unwrap().public_key_info();
        assert!(!key.is_named_by(&with(&other, 100)));
        assert!(!key.is_named_by(&[]));
        assert!(!key.is_named_by(&with(&info, TLS_CERTIFICATE_MAX)));
    }
}
