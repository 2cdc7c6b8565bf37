// SPDX-License-Identifier: Apache-2.0
//! Why something was not sealed, opened or believed. None of these carries a datum that it was about.

/// Sealing, opening, or checking a signature failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The system's random generator, or a key made from it, failed.
    #[error("no key could be generated")]
    Generate,
    /// Not the serialised private key it should be.
    #[error("not a private key of this kind")]
    PrivateKey,
    /// Nothing can be sealed to this public key (RFC 9180, 7.1.4: a point of small order).
    #[error("nothing can be sealed to this public key")]
    PublicKey,
    /// More than the largest bucket holds.
    #[error("plaintext of {0} bytes does not fit the largest bucket")]
    TooLong(usize),
    /// Encryption failed; no input that was accepted so far leads here.
    #[error("encryption failed")]
    Encrypt,
    /// Not sealed to this key, for another kind of reader, or altered.
    #[error("does not open with this key")]
    Open,
    /// Opened, but not padded as the protocol pads.
    #[error("opened, but its padding is wrong")]
    Padding,
    /// Of a schema version newer than this build knows: reads as absent.
    #[error("schema version {0} is newer than this build knows")]
    Future(u32),
    /// Not the message it should be; names the part that is wrong.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// The signature is not this identity key's over this, for this reader and this encryption.
    #[error("the signature does not verify")]
    Signature,
}

/// A sender certificate, a bundle or signed prekeys are not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Does not parse, is too large, or is not encoded in the one canonical way.
    #[error("does not parse")]
    Malformed,
    /// Signed with a registrar key that this build does not know.
    #[error("registrar key {0} is not known")]
    UnknownKey(u32),
    /// The registrar's signature does not verify.
    #[error("the registrar's signature does not verify")]
    RegistrarSignature,
    /// The identity key's signature does not verify.
    #[error("the identity key's signature does not verify")]
    IdentitySignature,
    /// Of a schema version newer than this build knows: reads as absent.
    #[error("schema version {0} is newer than this build knows")]
    Future(u32),
    /// A field is missing or not of its shape.
    #[error("field {0} is not of its shape")]
    Field(&'static str),
    /// For another routing id than the one that was asked for.
    #[error("for another routing id")]
    WrongRoutingId,
    /// Its not-after has passed.
    #[error("expired")]
    Expired,
    /// Its not-after is further away than a lease: wrongly issued, or this clock is far behind.
    #[error("not-after is further away than a lease")]
    BeyondLease,
}
