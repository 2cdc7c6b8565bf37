// SPDX-License-Identifier: Apache-2.0
//! Prekeys: the X25519 keys that messages to a phone are sealed to, a day each. Their private halves are
//! deleted a day after their rotation, which is all the forward secrecy there is.

use std::fmt;

use cloudmessaging_wire::limits::{CLOCK_SKEW, PREKEY_LIFE, SCHEMA_VERSION};
use cloudmessaging_wire::{proto::envelope as proto, signed};
use prost::Message as _;

use crate::error::{CertificateError, SealError};
use crate::identity::{verify, IdentityKey};
use crate::key::{generate, random, KeyId, PublicKey, SecretKey};
use crate::parse;

/// Largest `SignedPrekeys` in bytes; an honest one takes under 140.
pub const PREKEYS_MAX: usize = 192;

/// A prekey with its private half, as its owner keeps it.
pub struct PrekeyPair {
    /// Names it in an envelope.
    pub id: KeyId,
    /// Opens what was sealed to it.
    pub secret: SecretKey,
    /// What senders seal to.
    pub public_key: PublicKey,
    /// Current from here on, milliseconds since the Unix epoch.
    pub not_before_ms: i64,
    /// Senders take another from here on; what was sealed before still opens.
    pub not_after_ms: i64,
}

impl PrekeyPair {
    /// Makes a prekey that is the current one for [`PREKEY_LIFE`] from `not_before_ms` on.
    pub fn generate(not_before_ms: i64) -> Result<Self, SealError> {
        let (secret, public_key) = generate()?;
        let not_after_ms = not_before_ms.saturating_add(PREKEY_LIFE.as_millis() as i64);
        Ok(Self { id: random()?, secret, public_key, not_before_ms, not_after_ms })
    }

    /// What is published of it.
    pub fn prekey(&self) -> Prekey {
        Prekey {
            id: self.id,
            public_key: self.public_key,
            not_before_ms: self.not_before_ms,
            not_after_ms: self.not_after_ms,
        }
    }
}

impl fmt::Debug for PrekeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prekey().fmt(f)
    }
}

/// A prekey as others see it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Prekey {
    /// Names it in an envelope.
    pub id: KeyId,
    /// What is sealed to.
    pub public_key: PublicKey,
    /// Milliseconds since the Unix epoch.
    pub not_before_ms: i64,
    /// Milliseconds since the Unix epoch; later than `not_before_ms` by [`PREKEY_LIFE`] at most.
    pub not_after_ms: i64,
}

impl fmt::Debug for Prekey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prekey")
            .field("not_before_ms", &self.not_before_ms)
            .field("not_after_ms", &self.not_after_ms)
            .finish_non_exhaustive()
    }
}

/// The prekeys of one registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prekeys {
    /// The one to take now.
    pub current: Prekey,
    /// The one after it.
    pub next: Prekey,
}

impl Prekeys {
    /// The prekey to seal to at this instant: the next one once its time has come, else the current one.
    ///
    /// The current one is taken up to [`CLOCK_SKEW`] before its time too: its owner's clock may be ahead of
    /// ours. Nothing if both are over (or neither is near): the owner has not renewed, and has deleted or is
    /// about to delete what would open.
    pub fn at(&self, now_ms: i64) -> Option<&Prekey> {
        let skew = CLOCK_SKEW.as_millis() as i64;
        let during = |key: &Prekey, early: i64| {
            key.not_before_ms.saturating_sub(early) <= now_ms && now_ms < key.not_after_ms
        };
        if during(&self.next, 0) {
            return Some(&self.next);
        }
        during(&self.current, skew).then_some(&self.current)
    }
}

/// Signs prekeys with the identity key: a `SignedPrekeys`, serialised, and the signature over these bytes.
/// Both go into a registration or a renewal, and from there into the bundle as they are.
pub fn sign_prekeys(
    identity: &IdentityKey,
    current: &Prekey,
    next: &Prekey,
) -> (Vec<u8>, [u8; 64]) {
    let bytes = proto::SignedPrekeys {
        schema_version: SCHEMA_VERSION,
        current: Some(published(current)),
        next: Some(published(next)),
    }
    .encode_to_vec();
    let signature = identity.sign(&signed::prekeys(&bytes));
    (bytes, signature)
}

/// Believes signed prekeys, or says why not: size, signature, schema version, encoding, each field.
///
/// Does not look at the time: [`Prekeys::at`] does.
pub fn verify_prekeys(
    bytes: &[u8],
    signature: &[u8],
    identity_key: &[u8; 32],
) -> Result<Prekeys, CertificateError> {
    if bytes.len() > PREKEYS_MAX {
        return Err(CertificateError::Malformed);
    }
    let signature = signature.try_into().map_err(|_| CertificateError::IdentitySignature)?;
    verify(identity_key, &signed::prekeys(bytes), signature)
        .map_err(|_| CertificateError::IdentitySignature)?;

    let prekeys: proto::SignedPrekeys = parse::certified(bytes, PREKEYS_MAX)?;
    parse::certified_version(prekeys.schema_version)?;
    // The registrar retains these bytes for others: a phone must not be able to store what it likes in them.
    parse::canonical(&prekeys, bytes)?;
    let prekeys = Prekeys {
        current: checked(prekeys.current.as_ref())?,
        next: checked(prekeys.next.as_ref())?,
    };
    if prekeys.current.id == prekeys.next.id {
        return Err(CertificateError::Field("prekey id"));
    }
    if prekeys.next.not_before_ms < prekeys.current.not_before_ms {
        return Err(CertificateError::Field("prekey order"));
    }
    Ok(prekeys)
}

fn published(prekey: &Prekey) -> proto::Prekey {
    proto::Prekey {
        id: prekey.id.to_vec(),
        public_key: prekey.public_key.0.to_vec(),
        not_before_ms: prekey.not_before_ms,
        not_after_ms: prekey.not_after_ms,
    }
}

fn checked(prekey: Option<&proto::Prekey>) -> Result<Prekey, CertificateError> {
    let prekey = prekey.ok_or(CertificateError::Field("prekey"))?;
    let life = prekey.not_after_ms.checked_sub(prekey.not_before_ms);
    if !life.is_some_and(|life| 0 < life && life <= PREKEY_LIFE.as_millis() as i64) {
        return Err(CertificateError::Field("prekey life"));
    }
    Ok(Prekey {
        id: parse::field(&prekey.id, "prekey id")?,
        public_key: PublicKey(parse::field(&prekey.public_key, "prekey public key")?),
        not_before_ms: prekey.not_before_ms,
        not_after_ms: prekey.not_after_ms,
    })
}

#[cfg(test)]
mod tests;
