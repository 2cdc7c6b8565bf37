// SPDX-License-Identifier: Apache-2.0
//! What is not exactly a bundle for this routing id, for now, is refused, and by its right name.

use cloudmessaging_wire::limits::{CLOCK_SKEW, LEASE, PREKEY_LIFE};

use super::*;
use crate::number::Number;
use crate::prekey::{sign_prekeys, PrekeyPair};
use crate::CertificateError::*;

const NOW: i64 = 1_800_000_000_000;
const LEASE_MS: i64 = LEASE.as_millis() as i64;
const DAY: i64 = PREKEY_LIFE.as_millis() as i64;
const KEY_ID: u32 = 3;
const ROUTING_ID: RoutingId = [4; 32];

struct World {
    signing: IdentityKey,
    keys: RegistrarKeys,
    phone: IdentityKey,
    prekeys: Prekeys,
}

impl World {
    fn new() -> Self {
        let signing = IdentityKey::generate().unwrap();
        let other = IdentityKey::generate().unwrap();
        let keys =
            RegistrarKeys::new(vec![(2, other.public_key()), (KEY_ID, signing.public_key())]);
        let prekeys = Prekeys {
            current: PrekeyPair::generate(NOW).unwrap().prekey(),
            next: PrekeyPair::generate(NOW + DAY).unwrap().prekey(),
        };
        Self { signing, keys, phone: IdentityKey::generate().unwrap(), prekeys }
    }

    fn certified(&self) -> CertifiedKeys {
        CertifiedKeys {
            routing_id: ROUTING_ID,
            identity_key: self.phone.public_key(),
            serial: 6,
            not_after_ms: NOW + LEASE_MS,
        }
    }

    fn issue(&self, keys: &CertifiedKeys) -> Vec<u8> {
        let (prekeys, signature) =
            sign_prekeys(&self.phone, &self.prekeys.current, &self.prekeys.next);
        issue_bundle(&self.signing, KEY_ID, keys, &prekeys, &signature)
    }

    fn issued(&self) -> proto::KeyBundle {
        proto::KeyBundle::decode(&self.issue(&self.certified())[..]).unwrap()
    }

    fn verify(&self, bytes: &[u8]) -> Result<ReaderKeys, CertificateError> {
        verify_bundle(bytes, &self.keys, &ROUTING_ID, NOW)
    }

    /// The refusal of keys that are signed as they should be, and wrong.
    fn refusal(&self, alter: impl FnOnce(&mut proto::CertifiedKeys)) -> CertificateError {
        let mut bundle = self.issued();
        let mut keys = proto::CertifiedKeys::decode(&bundle.keys[..]).unwrap();
        alter(&mut keys);
        bundle.keys = keys.encode_to_vec();
        bundle.registrar_signature = self.signing.sign(&signed::bundle(&bundle.keys)).to_vec();
        self.verify(&bundle.encode_to_vec()).unwrap_err()
    }
}

#[test]
fn a_bundle_says_how_to_write_to_its_reader() {
    let world = World::new();
    let bytes = world.issue(&world.certified());
    let keys = world.verify(&bytes).unwrap();
    assert_eq!(keys.identity_key, world.phone.public_key());
    assert_eq!(keys.serial, 6);
    assert_eq!(keys.not_after_ms, NOW + LEASE_MS);
    assert_eq!(keys.prekeys, world.prekeys);
    assert!(bytes.len() < 400, "{} bytes", bytes.len());
}

#[test]
fn it_does_not_name_the_number() {
    let number = "+15550100";
    let world = World::new();
    let identity = CertifiedIdentity {
        number: Number::parse(number).unwrap(),
        routing_id: ROUTING_ID,
        identity_key: world.phone.public_key(),
        serial: 6,
        not_after_ms: NOW + LEASE_MS,
    };
    let certified = CertifiedKeys::from(&identity);
    assert_eq!(certified, world.certified());
    let bytes = world.issue(&certified);
    assert!(!bytes.windows(number.len()).any(|window| window == number.as_bytes()));
}

#[test]
fn cut_at_any_length_it_is_refused() {
    let world = World::new();
    let bytes = world.issue(&world.certified());
    for length in 0..bytes.len() {
        assert!(world.verify(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn with_any_bit_flipped_it_is_refused() {
    let world = World::new();
    let bytes = world.issue(&world.certified());
    for bit in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(world.verify(&altered).is_err(), "bit {bit}");
    }
}

#[test]
fn any_field_altered_after_signing_is_refused() {
    let world = World::new();
    let issued = world.issued();
    let alterations: [fn(&mut proto::CertifiedKeys); 5] = [
        |k| k.schema_version = 2,
        |k| k.routing_id[31] ^= 1,
        |k| k.identity_key[31] ^= 1,
        |k| k.serial += 1,
        |k| k.not_after_ms += 1,
    ];
    for (n, alter) in alterations.into_iter().enumerate() {
        let mut keys = proto::CertifiedKeys::decode(&issued.keys[..]).unwrap();
        alter(&mut keys);
        let altered = proto::KeyBundle { keys: keys.encode_to_vec(), ..issued.clone() };
        let refused = world.verify(&altered.encode_to_vec());
        assert_eq!(refused, Err(RegistrarSignature), "{n}");
    }
    let alterations: [fn(&mut proto::SignedPrekeys); 5] = [
        |p| p.schema_version = 2,
        |p| p.current.as_mut().unwrap().id[0] ^= 1,
        |p| p.current.as_mut().unwrap().public_key[0] ^= 1,
        |p| p.next.as_mut().unwrap().not_before_ms += 1,
        |p| p.next.as_mut().unwrap().not_after_ms -= 1,
    ];
    for (n, alter) in alterations.into_iter().enumerate() {
        let mut prekeys = proto::SignedPrekeys::decode(&issued.prekeys[..]).unwrap();
        alter(&mut prekeys);
        let altered = proto::KeyBundle { prekeys: prekeys.encode_to_vec(), ..issued.clone() };
        assert_eq!(world.verify(&altered.encode_to_vec()), Err(IdentitySignature), "{n}");
    }
}

#[test]
fn any_field_of_another_shape_is_refused_though_signed() {
    let world = World::new();
    let refusal = |alter: fn(&mut proto::CertifiedKeys)| world.refusal(alter);
    assert_eq!(refusal(|k| k.schema_version = 0), Field("schema version"));
    assert_eq!(refusal(|k| k.routing_id.clear()), Field("routing id"));
    assert_eq!(refusal(|k| k.routing_id.truncate(31)), Field("routing id"));
    assert_eq!(refusal(|k| k.routing_id.push(0)), Field("routing id"));
    assert_eq!(refusal(|k| k.identity_key.clear()), Field("identity key"));
    assert_eq!(refusal(|k| k.identity_key.truncate(31)), Field("identity key"));
    assert_eq!(refusal(|k| k.identity_key.push(0)), Field("identity key"));
    assert_eq!(refusal(|k| k.serial = 0), Field("serial"));
}

#[test]
fn a_future_schema_version_is_refused_though_signed() {
    let world = World::new();
    assert_eq!(world.refusal(|k| k.schema_version = 2), Future(2));
    assert_eq!(world.refusal(|k| (k.schema_version, k.serial) = (2, 0)), Future(2));
}

#[test]
fn a_bundle_of_another_routing_id_is_refused() {
    let world = World::new();
    let bytes = world.issue(&world.certified());
    let mut other = ROUTING_ID;
    other[31] ^= 1;
    assert_eq!(verify_bundle(&bytes, &world.keys, &other, NOW), Err(WrongRoutingId));
}

#[test]
fn it_expires_at_its_not_after_and_does_not_outlive_a_lease() {
    let world = World::new();
    let bytes = world.issue(&world.certified());
    let at = |now| verify_bundle(&bytes, &world.keys, &ROUTING_ID, now).map(|_| ());
    assert_eq!(at(NOW + LEASE_MS - 1), Ok(()));
    assert_eq!(at(NOW + LEASE_MS), Err(Expired));
    assert_eq!(at(i64::MAX), Err(Expired));
    assert_eq!(at(NOW - CLOCK_SKEW.as_millis() as i64), Ok(()));
    assert_eq!(at(NOW - CLOCK_SKEW.as_millis() as i64 - 1), Err(BeyondLease));
    assert_eq!(at(i64::MIN), Err(BeyondLease));
}

#[test]
fn nothing_is_sealed_by_a_bundle_that_is_over() {
    let world = World::new();
    let not_after_ms = NOW + 1000;
    let keys =
        world.verify(&world.issue(&CertifiedKeys { not_after_ms, ..world.certified() })).unwrap();
    assert_eq!(keys.prekey_at(NOW), Some(&world.prekeys.current));
    assert_eq!(keys.prekey_at(not_after_ms - 1), Some(&world.prekeys.current));
    assert_eq!(keys.prekey_at(not_after_ms), None);
    let longer = world.verify(&world.issue(&world.certified())).unwrap();
    assert_eq!(longer.prekey_at(NOW + DAY), Some(&world.prekeys.next));
    assert_eq!(longer.prekey_at(NOW + 2 * DAY), None);
}

#[test]
fn a_wrong_key_id_is_refused() {
    let world = World::new();
    let with_id = |signing_key_id| {
        let bundle = proto::KeyBundle { signing_key_id, ..world.issued() };
        world.verify(&bundle.encode_to_vec()).map(|_| ())
    };
    assert_eq!(with_id(KEY_ID), Ok(()));
    assert_eq!(with_id(4), Err(UnknownKey(4)));
    assert_eq!(with_id(0), Err(UnknownKey(0)));
    assert_eq!(with_id(2), Err(RegistrarSignature));
}

#[test]
fn neither_signer_stands_in_for_the_other() {
    let world = World::new();
    let issued = world.issued();
    // A phone certifies itself.
    let registrar_signature = world.phone.sign(&signed::bundle(&issued.keys)).to_vec();
    let bundle = proto::KeyBundle { registrar_signature, ..issued.clone() };
    assert_eq!(world.verify(&bundle.encode_to_vec()), Err(RegistrarSignature));
    // A registrar signs prekeys for a phone.
    let identity_signature = world.signing.sign(&signed::prekeys(&issued.prekeys)).to_vec();
    let bundle = proto::KeyBundle { identity_signature, ..issued.clone() };
    assert_eq!(world.verify(&bundle.encode_to_vec()), Err(IdentitySignature));
    // The registrar's signature under a certificate is none under a bundle.
    let registrar_signature =
        world.signing.sign(&signed::sender_certificate(&issued.keys)).to_vec();
    let bundle = proto::KeyBundle { registrar_signature, ..issued.clone() };
    assert_eq!(world.verify(&bundle.encode_to_vec()), Err(RegistrarSignature));
    for length in [0, 63, 65] {
        let bundle = proto::KeyBundle { registrar_signature: vec![0; length], ..issued.clone() };
        assert_eq!(world.verify(&bundle.encode_to_vec()), Err(RegistrarSignature));
        let bundle = proto::KeyBundle { identity_signature: vec![0; length], ..issued.clone() };
        assert_eq!(world.verify(&bundle.encode_to_vec()), Err(IdentitySignature));
    }
}

#[test]
fn the_prekeys_of_another_phone_are_refused() {
    let world = World::new();
    let other = World { phone: IdentityKey::generate().unwrap(), ..World::new() };
    let theirs = other.issued();
    let bundle = proto::KeyBundle {
        prekeys: theirs.prekeys,
        identity_signature: theirs.identity_signature,
        ..world.issued()
    };
    assert_eq!(world.verify(&bundle.encode_to_vec()), Err(IdentitySignature));
}

#[test]
fn what_stands_outside_the_signatures_is_refused() {
    let world = World::new();
    let bytes = world.issue(&world.certified());
    for more in [&[9 << 3, 1][..], &[3 << 3, KEY_ID as u8]] {
        assert_eq!(world.verify(&[&bytes[..], more].concat()), Err(Malformed));
        assert_eq!(world.verify(&[more, &bytes[..]].concat()), Err(Malformed));
    }
    // Refused for its size, before anything in it costs work.
    let large = proto::KeyBundle { prekeys: vec![0; BUNDLE_MAX], ..world.issued() };
    assert_eq!(world.verify(&large.encode_to_vec()), Err(Malformed));
    assert_eq!(world.verify(&vec![0; 1 << 20]), Err(Malformed));
}

#[test]
fn debug_shows_no_key_and_no_routing_id() {
    let world = World::new();
    let shown = format!("{:?}", world.certified());
    assert_eq!(shown, "CertifiedKeys { serial: 6, not_after_ms: 1800604800000, .. }");
    let keys = world.verify(&world.issue(&world.certified())).unwrap();
    let shown = format!("{keys:?}");
    assert!(shown.starts_with("ReaderKeys { serial: 6, not_after_ms: 1800604800000, prekeys: "));
    assert!(!shown.contains('['), "{shown}");
}
