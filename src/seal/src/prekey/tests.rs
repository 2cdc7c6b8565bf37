// SPDX-License-Identifier: Apache-2.0
//! What an identity key did not sign as its prekeys is refused, and the right one is chosen.

use super::*;
use crate::CertificateError::*;

const DAY: i64 = PREKEY_LIFE.as_millis() as i64;
const SKEW: i64 = CLOCK_SKEW.as_millis() as i64;
const START: i64 = 1_800_000_000_000;

fn prekeys() -> Prekeys {
    Prekeys {
        current: PrekeyPair::generate(START).unwrap().prekey(),
        next: PrekeyPair::generate(START + DAY).unwrap().prekey(),
    }
}

fn sign(identity: &IdentityKey, bytes: &[u8]) -> Result<Prekeys, CertificateError> {
    let signature = identity.sign(&signed::prekeys(bytes));
    verify_prekeys(bytes, &signature, &identity.public_key())
}

#[test]
fn what_was_signed_is_what_is_read() {
    let identity = IdentityKey::generate().unwrap();
    let Prekeys { current, next } = prekeys();
    let (bytes, signature) = sign_prekeys(&identity, &current, &next);
    let read = verify_prekeys(&bytes, &signature, &identity.public_key());
    assert_eq!(read, Ok(Prekeys { current, next }));
    assert!(bytes.len() < 140, "{} bytes", bytes.len());
}

#[test]
fn what_is_sealed_to_a_prekey_opens_with_its_pair() {
    use crate::{open, Reader, Sealing};
    let pair = PrekeyPair::generate(START).unwrap();
    let sealing = Sealing::begin(Reader::Inbox, &pair.prekey().public_key).unwrap();
    let enc = *sealing.enc();
    let sealed = sealing.finish(b"to you").unwrap();
    assert_eq!(*open(Reader::Inbox, &pair.secret, &enc, &sealed).unwrap(), b"to you");
}

#[test]
fn any_bit_flipped_cut_at_any_length_or_signed_by_another_is_refused() {
    let identity = IdentityKey::generate().unwrap();
    let Prekeys { current, next } = prekeys();
    let (bytes, signature) = sign_prekeys(&identity, &current, &next);
    let key = identity.public_key();
    for bit in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify_prekeys(&altered, &signature, &key), Err(IdentitySignature), "{bit}");
    }
    for length in 0..bytes.len() {
        let refused = verify_prekeys(&bytes[..length], &signature, &key);
        assert_eq!(refused, Err(IdentitySignature), "{length}");
    }
    for length in 0..64 {
        let refused = verify_prekeys(&bytes, &signature[..length], &key);
        assert_eq!(refused, Err(IdentitySignature), "{length}");
    }
    let other = IdentityKey::generate().unwrap();
    assert_eq!(verify_prekeys(&bytes, &signature, &other.public_key()), Err(IdentitySignature));
    let another_kind = identity.sign(&signed::bundle(&bytes));
    assert_eq!(verify_prekeys(&bytes, &another_kind, &key), Err(IdentitySignature));
}

#[test]
fn any_field_of_another_shape_is_refused_though_signed() {
    let identity = IdentityKey::generate().unwrap();
    let refusal = |alter: &dyn Fn(&mut proto::SignedPrekeys)| {
        let Prekeys { current, next } = prekeys();
        let (bytes, _) = sign_prekeys(&identity, &current, &next);
        let mut altered = proto::SignedPrekeys::decode(&bytes[..]).unwrap();
        alter(&mut altered);
        sign(&identity, &altered.encode_to_vec()).unwrap_err()
    };
    assert_eq!(refusal(&|p| p.schema_version = 0), Field("schema version"));
    assert_eq!(refusal(&|p| p.schema_version = 2), Future(2));
    assert_eq!(refusal(&|p| p.current = None), Field("prekey"));
    assert_eq!(refusal(&|p| p.next = None), Field("prekey"));
    assert_eq!(refusal(&|p| p.next = p.current.clone()), Field("prekey id"));
    assert_eq!(refusal(&|p| std::mem::swap(&mut p.current, &mut p.next)), Field("prekey order"));
    type Part = fn(&mut proto::SignedPrekeys) -> &mut proto::Prekey;
    let each: [Part; 2] = [|p| p.current.as_mut().unwrap(), |p| p.next.as_mut().unwrap()];
    for of in each {
        assert_eq!(refusal(&|p| of(p).id.truncate(7)), Field("prekey id"));
        assert_eq!(refusal(&|p| of(p).id.push(0)), Field("prekey id"));
        assert_eq!(refusal(&|p| of(p).public_key.clear()), Field("prekey public key"));
        assert_eq!(refusal(&|p| of(p).public_key.push(0)), Field("prekey public key"));
        assert_eq!(refusal(&|p| of(p).not_after_ms += 1), Field("prekey life"));
        assert_eq!(refusal(&|p| of(p).not_after_ms = of(p).not_before_ms), Field("prekey life"));
        let overflows: fn(&mut proto::Prekey) =
            |k| (k.not_before_ms, k.not_after_ms) = (i64::MIN, i64::MAX);
        assert_eq!(refusal(&|p| overflows(of(p))), Field("prekey life"));
    }
}

#[test]
fn a_phone_cannot_store_anything_else_in_its_prekeys() {
    let identity = IdentityKey::generate().unwrap();
    let Prekeys { current, next } = prekeys();
    let (bytes, _) = sign_prekeys(&identity, &current, &next);
    let unknown_field = [&bytes[..], &[9 << 3 | 2, 4, b'd', b'a', b't', b'a']].concat();
    assert_eq!(sign(&identity, &unknown_field), Err(Malformed));
    let version_again = [&[1 << 3, 1], &bytes[..]].concat();
    assert_eq!(sign(&identity, &version_again), Err(Malformed));
    assert_eq!(sign(&identity, &[0xff; 20]), Err(Malformed));
    // Refused for their size, before anything in them costs work.
    let large = verify_prekeys(&[0; PREKEYS_MAX + 1], &[0; 64], &identity.public_key());
    assert_eq!(large, Err(Malformed));
}

#[test]
fn the_prekey_of_the_hour_is_chosen() {
    let prekeys = prekeys();
    let at = |now| prekeys.at(now).map(|key| key.id);
    let (current, next) = (Some(prekeys.current.id), Some(prekeys.next.id));
    assert_eq!(at(START - SKEW - 1), None, "of another time");
    assert_eq!(at(START - SKEW), current, "the owner's clock is ahead");
    assert_eq!(at(START), current);
    assert_eq!(at(START + DAY - 1), current);
    assert_eq!(at(START + DAY), next);
    assert_eq!(at(START + 2 * DAY - 1), next);
    assert_eq!(at(START + 2 * DAY), None, "not renewed");
    assert_eq!(at(i64::MIN), None);
    assert_eq!(at(i64::MAX), None);
}

#[test]
fn debug_shows_no_key() {
    let pair = PrekeyPair::generate(1).unwrap();
    let shown = "Prekey { not_before_ms: 1, not_after_ms: 86400001, .. }";
    assert_eq!(format!("{pair:?}"), shown);
    assert_eq!(format!("{:?}", pair.prekey()), shown);
}
