// SPDX-License-Identifier: Apache-2.0
//! Key bundles: how to write to a routing id. The registrar vouches for the identity key, the identity key
//! for the prekeys, so neither can put in keys of its own unnoticed by who has pinned the identity key.
//!
//! A bundle does not name the number, and is retained at a broker.

use std::fmt;

use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::{proto::envelope as proto, signed};
use prost::Message as _;

use crate::certificate::{serial, within_lease, CertifiedIdentity, RegistrarKeys};
use crate::error::CertificateError;
use crate::identity::IdentityKey;
use crate::parse;
use crate::prekey::{verify_prekeys, Prekey, Prekeys};
use crate::routing::RoutingId;

/// Largest bundle in bytes; an honest one takes under 400.
pub const BUNDLE_MAX: usize = 512;

/// What the registrar says of a routing id.
#[derive(Clone, PartialEq, Eq)]
pub struct CertifiedKeys {
    /// Where messages go.
    pub routing_id: RoutingId,
    /// Ed25519 public key.
    pub identity_key: [u8; 32],
    /// Rises with each bundle of a routing id; never 0.
    pub serial: u64,
    /// Milliseconds since the Unix epoch; at this instant it has expired.
    pub not_after_ms: i64,
}

impl From<&CertifiedIdentity> for CertifiedKeys {
    /// What belongs into the bundle that goes with a sender certificate.
    fn from(identity: &CertifiedIdentity) -> Self {
        Self {
            routing_id: identity.routing_id,
            identity_key: identity.identity_key,
            serial: identity.serial,
            not_after_ms: identity.not_after_ms,
        }
    }
}

impl fmt::Debug for CertifiedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedKeys")
            .field("serial", &self.serial)
            .field("not_after_ms", &self.not_after_ms)
            .finish_non_exhaustive()
    }
}

/// What a verified bundle says.
#[derive(Clone, PartialEq, Eq)]
pub struct ReaderKeys {
    /// Ed25519 public key: to be compared with the one that is pinned.
    pub identity_key: [u8; 32],
    /// To be compared with the highest that was seen: a lower one is an old bundle.
    pub serial: u64,
    /// Milliseconds since the Unix epoch; from here on nothing may be sealed by this bundle.
    pub not_after_ms: i64,
    /// Current and next.
    pub prekeys: Prekeys,
}

impl ReaderKeys {
    /// The prekey to seal to at this instant; nothing if the bundle or its prekeys are over.
    pub fn prekey_at(&self, now_ms: i64) -> Option<&Prekey> {
        if now_ms >= self.not_after_ms {
            return None;
        }
        self.prekeys.at(now_ms)
    }
}

impl fmt::Debug for ReaderKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReaderKeys")
            .field("serial", &self.serial)
            .field("not_after_ms", &self.not_after_ms)
            .field("prekeys", &self.prekeys)
            .finish_non_exhaustive()
    }
}

/// Signs a bundle with the registrar's key of this id; gives a `KeyBundle`, serialised.
///
/// `prekeys` and `prekeys_signature` are a phone's, already verified ([`verify_prekeys`]).
pub fn issue_bundle(
    signing: &IdentityKey,
    signing_key_id: u32,
    keys: &CertifiedKeys,
    prekeys: &[u8],
    prekeys_signature: &[u8],
) -> Vec<u8> {
    let keys = proto::CertifiedKeys {
        schema_version: SCHEMA_VERSION,
        routing_id: keys.routing_id.to_vec(),
        identity_key: keys.identity_key.to_vec(),
        serial: keys.serial,
        not_after_ms: keys.not_after_ms,
    }
    .encode_to_vec();
    let registrar_signature = signing.sign(&signed::bundle(&keys)).to_vec();
    proto::KeyBundle {
        keys,
        registrar_signature,
        signing_key_id,
        prekeys: prekeys.to_vec(),
        identity_signature: prekeys_signature.to_vec(),
    }
    .encode_to_vec()
}

/// Believes a bundle, or says why not.
///
/// Checked in this order: size and encoding, key id, the registrar's signature, schema version, each field,
/// that it is for `routing_id`, dates, then the prekeys as [`verify_prekeys`] does.
pub fn verify_bundle(
    bytes: &[u8],
    keys: &RegistrarKeys,
    routing_id: &RoutingId,
    now_ms: i64,
) -> Result<ReaderKeys, CertificateError> {
    let bundle: proto::KeyBundle = parse::certified(bytes, BUNDLE_MAX)?;
    parse::canonical(&bundle, bytes)?;
    keys.verify(bundle.signing_key_id, &signed::bundle(&bundle.keys), &bundle.registrar_signature)?;

    let certified: proto::CertifiedKeys = parse::certified(&bundle.keys, BUNDLE_MAX)?;
    parse::certified_version(certified.schema_version)?;
    let certified = CertifiedKeys {
        routing_id: parse::field(&certified.routing_id, "routing id")?,
        identity_key: parse::field(&certified.identity_key, "identity key")?,
        serial: serial(certified.serial)?,
        not_after_ms: certified.not_after_ms,
    };
    if certified.routing_id != *routing_id {
        return Err(CertificateError::WrongRoutingId);
    }
    within_lease(certified.not_after_ms, now_ms)?;
    let prekeys =
        verify_prekeys(&bundle.prekeys, &bundle.identity_signature, &certified.identity_key)?;
    Ok(ReaderKeys {
        identity_key: certified.identity_key,
        serial: certified.serial,
        not_after_ms: certified.not_after_ms,
        prekeys,
    })
}

#[cfg(test)]
mod tests;
