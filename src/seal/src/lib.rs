// SPDX-License-Identifier: Apache-2.0
//! The protocol's cryptography, used by the gate and by the registrar: who a key belongs to, who may read,
//! and what a signature is worth.
//!
//! Everything here is a function of its arguments, the random generator aside: nothing is stored, sent or
//! logged, and no clock is read (callers pass `now_ms`, milliseconds since the Unix epoch). What comes from
//! outside is bytes until every length, version, signature and date in it was checked; no input makes a
//! function here panic.
//!
//! It trusts aws-lc (by rustls) for HPKE, ring for Ed25519 and HMAC, and the registrar keys it is given. It
//! serves promise P4, *only what was allowed, and sealed*. The uplink does not link this crate, and so
//! cannot read what it sends.
//!
//! From the bottom up: [`key`], [`hpke`] and [`pad`] make an [`envelope`]; [`identity`] signs; [`number`],
//! [`routing`], [`certificate`], [`prekey`] and [`bundle`] say who is who; [`content`] is what phones say to
//! each other and [`request`] what they say to the registrar.
//!
//! Private keys, numbers and opened plaintexts are wiped when they are dropped. What this cannot reach: ring
//! leaves an expanded key on the stack after it signed, rustls frees the buffer it encrypted or decrypted in
//! as it is, and the generated messages of `cloudmessaging_wire` are ordinary strings and vectors.

pub mod bundle;
pub mod certificate;
pub mod content;
pub mod envelope;
pub mod error;
pub mod fingerprint;
pub mod hpke;
pub mod identity;
pub mod key;
pub mod number;
pub mod pad;
pub mod prekey;
pub mod request;
pub mod routing;

mod parse;

pub use bundle::{issue_bundle, verify_bundle, CertifiedKeys, ReaderKeys};
pub use certificate::{
    issue_sender_certificate, reread_sender_certificate, verify_sender_certificate,
    CertifiedIdentity, RegistrarKeys,
};
pub use content::{open_content, receipt_key_id, seal_content, Address, UnverifiedContent};
pub use envelope::{open, Reader, Sealed, SealedEnvelope, Sealing};
pub use error::{CertificateError, SealError};
pub use fingerprint::fingerprint;
pub use identity::{verify, IdentityKey};
pub use key::{generate, KeyId, PublicKey, SecretKey};
pub use number::{is_e164, Number};
pub use prekey::{sign_prekeys, verify_prekeys, Prekey, PrekeyPair, Prekeys};
pub use request::{
    open_reply, seal_reply, seal_request, ReplyTo, SealedRequest, UnverifiedRequest,
};
pub use routing::{RoutingId, RoutingKey};
