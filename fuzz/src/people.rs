// SPDX-License-Identifier: Apache-2.0
//! A registrar, a sender and a reader, with keys that are the same each time: so that what was kept of them still opens.

use std::sync::OnceLock;

use cloudmessaging_seal::{
    issue_sender_certificate, sign_prekeys, CertifiedIdentity, IdentityKey, KeyId, Number, Prekey,
    PublicKey, RegistrarKeys, RoutingId, SecretKey,
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// The time at which everything is read, ms since the Unix epoch.
pub(crate) const NOW: i64 = 1_790_000_000_000;

const DAY: i64 = 24 * 3600 * 1000;

/// Of the registrar's keys.
pub(crate) const KEY_ID: u32 = 1;

/// A secret key of 32 equal bytes, and its public half.
pub(crate) struct Pair {
    pub(crate) secret: SecretKey,
    pub(crate) public: PublicKey,
}

impl Pair {
    fn new(seed: u8, public: [u8; 32]) -> Self {
        Self { secret: SecretKey::from_bytes([seed; 32]), public: PublicKey(public) }
    }
}

/// Who takes part.
pub(crate) struct People {
    /// What the registrar signs with.
    pub(crate) registrar: IdentityKey,
    pub(crate) registrar_keys: RegistrarKeys,
    /// Who writes or asks, as certified.
    pub(crate) sender: IdentityKey,
    pub(crate) certified: CertifiedIdentity,
    pub(crate) certificate: Vec<u8>,
    /// Who can prove nothing.
    pub(crate) stranger: IdentityKey,
    /// The key that is written to.
    pub(crate) key: Pair,
    pub(crate) key_id: KeyId,
    /// Of the one who reads.
    pub(crate) routing_id: RoutingId,
    /// A key of somebody else's.
    pub(crate) other: Pair,
    /// Prekeys of the sender's with its signature.
    pub(crate) prekeys: (Vec<u8>, [u8; 64]),
}

/// They are the same in every process.
pub(crate) fn people() -> &'static People {
    static PEOPLE: OnceLock<People> = OnceLock::new();
    PEOPLE.get_or_init(|| {
        // RFC 7748's X25519 of 32 bytes of 1, and of 2, and its base point.
        let key = Pair::new(1, *b"\xa4\xe0\x92\x92\xb6\x51\xc2\x78\xb9\x77\x2c\x56\x9f\x5f\xa9\xbb\x13\xd9\x06\xb4\x6a\xb6\x8c\x9d\xf9\xdc\x2b\x44\x09\xf8\xa2\x09");
        let other = Pair::new(2, *b"\xce\x8d\x3a\xd1\xcc\xb6\x33\xec\x7b\x70\xc1\x78\x14\xa5\xc7\x6e\xcd\x02\x96\x85\x05\x0d\x34\x47\x45\xba\x05\x87\x0e\x58\x7d\x59");
        let (registrar, sender) = (identity(11), identity(12));
        let certified = CertifiedIdentity {
            number: Number::parse("+15550100").expect("a number"),
            routing_id: [6; 32],
            identity_key: sender.public_key(),
            serial: 5,
            not_after_ms: NOW + 6 * DAY,
        };
        let prekey = |id: u8, day: i64| Prekey {
            id: [id; 8],
            public_key: key.public,
            not_before_ms: NOW + day * DAY - DAY / 2,
            not_after_ms: NOW + day * DAY + DAY / 2,
        };
        People {
            certificate: issue_sender_certificate(&registrar, KEY_ID, &certified),
            registrar_keys: RegistrarKeys::new(vec![(KEY_ID, registrar.public_key())]),
            prekeys: sign_prekeys(&sender, &prekey(1, 0), &prekey(2, 1)),
            registrar,
            certified,
            sender,
            stranger: identity(13),
            key,
            key_id: [3; 8],
            routing_id: [7; 32],
            other,
        }
    })
}

/// An identity key from a seed of 32 equal bytes.
pub(crate) fn identity(seed: u8) -> IdentityKey {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes");
    let before: &[u8] = &[0x30, 0x51, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = [before, &[seed; 32], &[0x81, 0x21, 0], pair.public_key().as_ref()].concat();
    IdentityKey::from_pkcs8(&der).expect("RFC 8410")
}
