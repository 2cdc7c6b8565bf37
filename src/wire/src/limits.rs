// SPDX-License-Identifier: Apache-2.0
//! Sizes and times that both sides of a wall have to agree on.

use std::time::Duration;

/// Version of everything that is stored or sent; one newer than this reads as absent.
pub const SCHEMA_VERSION: u32 = 1;

/// Sizes in bytes that a plaintext is padded to before it is sealed.
pub const PAD_BUCKETS: [usize; 5] = [256, 1024, 4 * 1024, 16 * 1024, 64 * 1024];

/// Longest message body in bytes of UTF-8: fits the largest bucket with everything that goes with it.
pub const BODY_MAX: usize = 60_000;

/// Largest payload of a PUBLISH in bytes: the largest bucket, the AEAD tag, and the fields of the envelope.
pub const PAYLOAD_MAX: usize = 64 * 1024 + 256;

/// Largest frame between gate and uplink in bytes: a payload, its topic and its numbers.
pub const FRAME_MAX: usize = PAYLOAD_MAX + 1024;

/// Bytes in a message id, chosen by the sender's app.
pub const MESSAGE_ID: usize = 16;

/// Bytes in a key id of an envelope.
pub const KEY_ID: usize = 8;

/// Bytes in an X25519 or Ed25519 public key.
pub const PUBLIC_KEY: usize = 32;

/// Bytes in an Ed25519 signature.
pub const SIGNATURE: usize = 64;

/// Bytes in the SubjectPublicKeyInfo, DER, of a P-256 key (RFC 5480, 2).
pub const TLS_PUBLIC_KEY: usize = 91;

/// Letters and digits in a client id at the broker.
pub const CLIENT_ID: usize = 22;

/// Bytes in a routing id: an HMAC-SHA256.
pub const ROUTING_ID: usize = 32;

/// How long a registration lives without renewal.
pub const LEASE: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long before the SMS deadline a message expires, so that the two cannot cross unless the clocks
/// differ by more.
pub const EXPIRY_MARGIN: Duration = Duration::from_secs(10);

/// The longest a message lives.
pub const MESSAGE_LIFE: Duration = Duration::from_secs(24 * 3600);

/// How long a prekey is the current one.
pub const PREKEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// How far a request's clock may be off before the registrar refuses it.
pub const CLOCK_SKEW: Duration = Duration::from_secs(600);
