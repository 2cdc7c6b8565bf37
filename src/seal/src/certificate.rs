// SPDX-License-Identifier: Apache-2.0
//! Sender certificates: the registrar's word that a number and an identity key belong together, for at
//! most a lease. Whoever shows one also has to sign with the identity key it names.

use std::fmt;

use cloudmessaging_wire::limits::{CLOCK_SKEW, LEASE, SCHEMA_VERSION};
use cloudmessaging_wire::{proto::envelope as proto, signed};
use prost::Message as _;
use zeroize::Zeroizing;

use crate::error::CertificateError;
use crate::identity::{verify, IdentityKey};
use crate::number::Number;
use crate::parse;
use crate::routing::RoutingId;

/// Largest sender certificate in bytes; an honest one takes under 200.
pub const CERTIFICATE_MAX: usize = 256;

/// The registrar's public signing keys that this build believes, by key id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrarKeys(Vec<(u32, [u8; 32])>);

impl RegistrarKeys {
    /// Takes (key id, Ed25519 public key); of two with one id the first counts.
    pub fn new(keys: Vec<(u32, [u8; 32])>) -> Self {
        Self(keys)
    }

    /// The key of this id.
    pub fn get(&self, key_id: u32) -> Option<&[u8; 32]> {
        self.0.iter().find(|(id, _)| *id == key_id).map(|(_, key)| key)
    }

    /// Checks the registrar's signature over `message`.
    pub(crate) fn verify(
        &self,
        key_id: u32,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CertificateError> {
        let key = self.get(key_id).ok_or(CertificateError::UnknownKey(key_id))?;
        let signature = signature.try_into().map_err(|_| CertificateError::RegistrarSignature)?;
        verify(key, message, signature).map_err(|_| CertificateError::RegistrarSignature)
    }
}

/// What a sender certificate says.
#[derive(Clone, PartialEq, Eq)]
pub struct CertifiedIdentity {
    /// Whose.
    pub number: Number,
    /// Where messages to this number go.
    pub routing_id: RoutingId,
    /// Ed25519 public key.
    pub identity_key: [u8; 32],
    /// Rises with each certificate of a routing id; never 0.
    pub serial: u64,
    /// Milliseconds since the Unix epoch; at this instant it has expired.
    pub not_after_ms: i64,
}

impl fmt::Debug for CertifiedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedIdentity")
            .field("serial", &self.serial)
            .field("not_after_ms", &self.not_after_ms)
            .finish_non_exhaustive()
    }
}

/// Signs a certificate with the registrar's key of this id; gives a `SenderCertificate`, serialised.
pub fn issue_sender_certificate(
    signing: &IdentityKey,
    signing_key_id: u32,
    identity: &CertifiedIdentity,
) -> Vec<u8> {
    let identity = proto::CertifiedIdentity {
        schema_version: SCHEMA_VERSION,
        number: identity.number.as_str().to_owned(),
        routing_id: identity.routing_id.to_vec(),
        identity_key: identity.identity_key.to_vec(),
        serial: identity.serial,
        not_after_ms: identity.not_after_ms,
    }
    .encode_to_vec();
    let signature = signing.sign(&Zeroizing::new(signed::sender_certificate(&identity)));
    proto::SenderCertificate { identity, signature: signature.to_vec(), signing_key_id }
        .encode_to_vec()
}

/// Believes a certificate, or says why not.
///
/// Checked in this order: size and encoding, key id, signature, schema version, each field, dates. That its
/// bearer holds the identity key is for the signature of what it came with to show.
pub fn verify_sender_certificate(
    bytes: &[u8],
    keys: &RegistrarKeys,
    now_ms: i64,
) -> Result<CertifiedIdentity, CertificateError> {
    let identity = reread_sender_certificate(bytes, keys)?;
    within_lease(identity.not_after_ms, now_ms)?;
    Ok(identity)
}

/// The same without the dates: for one's own certificate, which was believed when it came. A clock that is wrong for a
/// while does not end it.
pub fn reread_sender_certificate(
    bytes: &[u8],
    keys: &RegistrarKeys,
) -> Result<CertifiedIdentity, CertificateError> {
    let certificate: proto::SenderCertificate = parse::certified(bytes, CERTIFICATE_MAX)?;
    parse::canonical(&certificate, bytes)?;
    let message = Zeroizing::new(signed::sender_certificate(&certificate.identity));
    keys.verify(certificate.signing_key_id, &message, &certificate.signature)?;

    let identity: proto::CertifiedIdentity =
        parse::certified(&certificate.identity, CERTIFICATE_MAX)?;
    parse::certified_version(identity.schema_version)?;
    Ok(CertifiedIdentity {
        number: Number::from_string(identity.number).ok_or(CertificateError::Field("number"))?,
        routing_id: parse::field(&identity.routing_id, "routing id")?,
        identity_key: parse::field(&identity.identity_key, "identity key")?,
        serial: serial(identity.serial)?,
        not_after_ms: identity.not_after_ms,
    })
}

/// Zero is what a missing serial reads as.
pub(crate) fn serial(serial: u64) -> Result<u64, CertificateError> {
    if serial == 0 {
        return Err(CertificateError::Field("serial"));
    }
    Ok(serial)
}

/// Refuses what has expired, and what would live longer than a lease and the skew that clocks may have.
pub(crate) fn within_lease(not_after_ms: i64, now_ms: i64) -> Result<(), CertificateError> {
    if not_after_ms <= now_ms {
        return Err(CertificateError::Expired);
    }
    let most = (LEASE + CLOCK_SKEW).as_millis() as i64;
    if not_after_ms > now_ms.saturating_add(most) {
        return Err(CertificateError::BeyondLease);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
