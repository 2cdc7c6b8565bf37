// SPDX-License-Identifier: Apache-2.0
//! From bytes of outside to fields of the right length and version.

use cloudmessaging_wire::limits::SCHEMA_VERSION;
use prost::Message;
use zeroize::Zeroizing;

use crate::error::{CertificateError, SealError};

/// Decodes a message of at most `most` bytes.
pub fn message<M: Message + Default>(
    bytes: &[u8],
    most: usize,
    what: &'static str,
) -> Result<M, SealError> {
    if bytes.len() > most {
        return Err(SealError::Malformed(what));
    }
    M::decode(bytes).map_err(|_| SealError::Malformed(what))
}

/// Accepts the versions this build knows. Zero is what a missing field reads as.
pub fn version(version: u32, what: &'static str) -> Result<(), SealError> {
    match version {
        0 => Err(SealError::Malformed(what)),
        1..=SCHEMA_VERSION => Ok(()),
        newer => Err(SealError::Future(newer)),
    }
}

/// A field of exactly `N` bytes.
pub fn array<const N: usize>(bytes: &[u8], what: &'static str) -> Result<[u8; N], SealError> {
    bytes.try_into().map_err(|_| SealError::Malformed(what))
}

/// Decodes something signed, of at most `most` bytes.
pub fn certified<M: Message + Default>(bytes: &[u8], most: usize) -> Result<M, CertificateError> {
    if bytes.len() > most {
        return Err(CertificateError::Malformed);
    }
    M::decode(bytes).map_err(|_| CertificateError::Malformed)
}

/// Refuses another encoding of the same message, and fields that this build does not know: with them,
/// what stands outside a signature could be varied, and strangers' bytes kept in our name.
pub fn canonical(message: &impl Message, bytes: &[u8]) -> Result<(), CertificateError> {
    let encoded = Zeroizing::new(message.encode_to_vec());
    (*encoded == bytes).then_some(()).ok_or(CertificateError::Malformed)
}

/// [`version`], for something signed.
pub fn certified_version(version: u32) -> Result<(), CertificateError> {
    match version {
        0 => Err(CertificateError::Field("schema version")),
        1..=SCHEMA_VERSION => Ok(()),
        newer => Err(CertificateError::Future(newer)),
    }
}

/// A field of exactly `N` bytes, for something signed.
pub fn field<const N: usize>(
    bytes: &[u8],
    name: &'static str,
) -> Result<[u8; N], CertificateError> {
    bytes.try_into().map_err(|_| CertificateError::Field(name))
}
