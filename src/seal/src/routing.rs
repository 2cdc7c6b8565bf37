// SPDX-License-Identifier: Apache-2.0
//! Routing ids: what topics name instead of numbers. Only who holds the registrar's key can tell which
//! number an id stands for, or try them all.

use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::key::random;
use crate::number::Number;

/// HMAC-SHA256 of a number, 32 bytes.
pub type RoutingId = [u8; cloudmessaging_wire::limits::ROUTING_ID];

/// The registrar's key that routing ids are made with, wiped when dropped.
pub struct RoutingKey {
    key_id: u32,
    key: Zeroizing<[u8; 32]>,
}

impl RoutingKey {
    /// Takes a stored key.
    pub fn new(key_id: u32, key: [u8; 32]) -> Self {
        Self { key_id, key: Zeroizing::new(key) }
    }

    /// Makes a key.
    pub fn generate(key_id: u32) -> Result<Self, SealError> {
        Ok(Self::new(key_id, random()?))
    }

    /// Tells this key from the ones before and after it.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The key, to be stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// HMAC-SHA256 (RFC 2104) over the key id, 4 bytes big-endian, and the number.
    pub fn routing_id(&self, number: &Number) -> RoutingId {
        let mut context =
            hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.key[..]));
        context.update(&self.key_id.to_be_bytes());
        context.update(number.as_str().as_bytes());
        let mut id = [0; 32];
        id.copy_from_slice(context.sign().as_ref());
        id
    }
}

impl fmt::Debug for RoutingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoutingKey({}, ..)", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac_sha256_over_key_id_and_number() {
        // Python: hmac.new(b"\x07" * 32, b"\0\0\0\x02" + b"+15550100", "sha256").hexdigest()
        let id = RoutingKey::new(2, [7; 32]).routing_id(&Number::parse("+15550100").unwrap());
        let expected = "3b5bd0150436ab7740836e2317ea8e745cda4cfc3e95de4d34fec94fdf825250";
        assert_eq!(hex::encode(id), expected);
    }

    #[test]
    fn another_key_another_key_id_or_another_number_makes_another() {
        let number = Number::parse("+15550100").unwrap();
        let id = RoutingKey::new(2, [7; 32]).routing_id(&number);
        assert_ne!(RoutingKey::new(3, [7; 32]).routing_id(&number), id);
        assert_ne!(RoutingKey::new(2, [8; 32]).routing_id(&number), id);
        let other = Number::parse("+15550101").unwrap();
        assert_ne!(RoutingKey::new(2, [7; 32]).routing_id(&other), id);
        assert_ne!(RoutingKey::generate(2).unwrap().routing_id(&number), id);
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", RoutingKey::new(2, [7; 32])), "RoutingKey(2, ..)");
    }
}
