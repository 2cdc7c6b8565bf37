// SPDX-License-Identifier: Apache-2.0
//! HPKE, base mode (RFC 9180, 5.1.1), with the one suite of the protocol: DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, ChaCha20-Poly1305.
//!
//! The trait is what the protocol needs of an implementation and no more, so that another can take this
//! one's place. Base mode authenticates nobody: who sealed something is for a signature inside to say.

use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_CHACHA20_POLY1305 as SUITE;
use rustls::crypto::hpke::{
    EncapsulatedSecret, Hpke as RustlsHpke, HpkeOpener, HpkePrivateKey, HpkePublicKey, HpkeSealer,
};
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::key::{PublicKey, SecretKey};

/// Bytes of an encapsulated key (Nenc of RFC 9180, 7.1).
pub const ENC: usize = 32;

/// Bytes that encryption adds (Nt of RFC 9180, 7.3).
pub const TAG: usize = 16;

/// An implementation of the protocol's suite.
pub trait Hpke: Send + Sync {
    /// Makes a key pair.
    fn generate(&self) -> Result<(SecretKey, PublicKey), SealError>;

    /// `SetupBaseS`: the encapsulated key, and the context that seals under it.
    fn sealer(
        &self,
        info: &[u8],
        reader: &PublicKey,
    ) -> Result<([u8; ENC], Box<dyn Sealer>), SealError>;

    /// `SetupBaseR`: the context that opens what was sealed under `enc`.
    fn opener(
        &self,
        info: &[u8],
        reader: &SecretKey,
        enc: &[u8; ENC],
    ) -> Result<Box<dyn Opener>, SealError>;
}

/// `ContextS`; the protocol seals once with each.
pub trait Sealer: Send {
    /// Encrypts, under the next sequence number.
    fn seal(&mut self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError>;
}

/// `ContextR`; the protocol opens once with each.
pub trait Opener: Send {
    /// Decrypts what was encrypted under the next sequence number.
    fn open(&mut self, aad: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError>;
}

/// rustls' implementation on aws-lc (ring has no X25519 private key that can be used twice).
#[derive(Debug, Clone, Copy)]
pub struct AwsLc;

/// The implementation in use.
pub static AWS_LC: AwsLc = AwsLc;

impl Hpke for AwsLc {
    fn generate(&self) -> Result<(SecretKey, PublicKey), SealError> {
        let (public, secret) = SUITE.generate_key_pair().map_err(|_| SealError::Generate)?;
        let public = PublicKey::from_slice(&public.0).map_err(|_| SealError::Generate)?;
        Ok((SecretKey::from_slice(secret.secret_bytes())?, public))
    }

    fn sealer(
        &self,
        info: &[u8],
        reader: &PublicKey,
    ) -> Result<([u8; ENC], Box<dyn Sealer>), SealError> {
        let reader = HpkePublicKey(reader.0.to_vec());
        let (enc, sealer) = SUITE.setup_sealer(info, &reader).map_err(|_| SealError::PublicKey)?;
        let enc = enc.0.try_into().map_err(|_| SealError::PublicKey)?;
        Ok((enc, Box::new(AwsLcSealer(sealer))))
    }

    fn opener(
        &self,
        info: &[u8],
        reader: &SecretKey,
        enc: &[u8; ENC],
    ) -> Result<Box<dyn Opener>, SealError> {
        // rustls wipes its copy of the key when it is dropped.
        let reader = HpkePrivateKey::from(reader.as_bytes().to_vec());
        let opener = SUITE
            .setup_opener(&EncapsulatedSecret(enc.to_vec()), info, &reader)
            .map_err(|_| SealError::Open)?;
        Ok(Box::new(AwsLcOpener(opener)))
    }
}

struct AwsLcSealer(Box<dyn HpkeSealer>);

impl Sealer for AwsLcSealer {
    fn seal(&mut self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        self.0.seal(aad, plaintext).map_err(|_| SealError::Encrypt)
    }
}

struct AwsLcOpener(Box<dyn HpkeOpener>);

impl Opener for AwsLcOpener {
    fn open(&mut self, aad: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.0.open(aad, ciphertext).map(Zeroizing::new).map_err(|_| SealError::Open)
    }
}
