// SPDX-License-Identifier: Apache-2.0
//! What is not exactly a certificate of the registrar's, for now, is refused, and by its right name.

use super::*;
use crate::CertificateError::*;

const NOW: i64 = 1_800_000_000_000;
const LEASE_MS: i64 = LEASE.as_millis() as i64;
const SKEW_MS: i64 = CLOCK_SKEW.as_millis() as i64;
const KEY_ID: u32 = 3;

struct Registrar {
    signing: IdentityKey,
    keys: RegistrarKeys,
}

fn registrar() -> Registrar {
    let signing = IdentityKey::generate().unwrap();
    let other = IdentityKey::generate().unwrap();
    // Key id 2 is one bit away from 3.
    let keys = RegistrarKeys::new(vec![(2, other.public_key()), (KEY_ID, signing.public_key())]);
    Registrar { signing, keys }
}

fn identity() -> CertifiedIdentity {
    CertifiedIdentity {
        number: Number::parse("+15550100").unwrap(),
        routing_id: [4; 32],
        identity_key: [5; 32],
        serial: 6,
        not_after_ms: NOW + LEASE_MS,
    }
}

impl Registrar {
    fn issue(&self, identity: &CertifiedIdentity) -> Vec<u8> {
        issue_sender_certificate(&self.signing, KEY_ID, identity)
    }

    fn verify(&self, bytes: &[u8]) -> Result<CertifiedIdentity, CertificateError> {
        verify_sender_certificate(bytes, &self.keys, NOW)
    }

    /// The refusal of an identity that is signed as it should be, and wrong.
    fn refusal(&self, alter: impl FnOnce(&mut proto::CertifiedIdentity)) -> CertificateError {
        let issued = proto::SenderCertificate::decode(&self.issue(&identity())[..]).unwrap();
        let mut identity = proto::CertifiedIdentity::decode(&issued.identity[..]).unwrap();
        alter(&mut identity);
        self.verify(&self.sign(identity.encode_to_vec())).unwrap_err()
    }

    fn sign(&self, identity: Vec<u8>) -> Vec<u8> {
        let signature = self.signing.sign(&signed::sender_certificate(&identity)).to_vec();
        proto::SenderCertificate { identity, signature, signing_key_id: KEY_ID }.encode_to_vec()
    }
}

#[test]
fn a_certificate_says_what_was_certified() {
    let registrar = registrar();
    let bytes = registrar.issue(&identity());
    assert_eq!(registrar.verify(&bytes), Ok(identity()));
    assert!(bytes.len() < 200, "{} bytes", bytes.len());
}

#[test]
fn the_longest_honest_certificate_is_not_too_long() {
    let registrar = Registrar { ..registrar() };
    let longest = CertifiedIdentity {
        number: Number::parse("+999999999999999").unwrap(),
        serial: u64::MAX,
        ..identity()
    };
    let bytes = issue_sender_certificate(&registrar.signing, u32::MAX, &longest);
    let keys = RegistrarKeys::new(vec![(u32::MAX, registrar.signing.public_key())]);
    assert_eq!(verify_sender_certificate(&bytes, &keys, NOW), Ok(longest));
}

#[test]
fn cut_at_any_length_it_is_refused() {
    let registrar = registrar();
    let bytes = registrar.issue(&identity());
    for length in 0..bytes.len() {
        assert!(registrar.verify(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn with_any_bit_flipped_it_is_refused() {
    let registrar = registrar();
    let bytes = registrar.issue(&identity());
    for bit in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(registrar.verify(&altered).is_err(), "bit {bit}");
    }
}

#[test]
fn any_field_altered_after_signing_is_refused() {
    let registrar = registrar();
    let issued = proto::SenderCertificate::decode(&registrar.issue(&identity())[..]).unwrap();
    let alterations: [fn(&mut proto::CertifiedIdentity); 6] = [
        |i| i.schema_version = 2,
        |i| i.number = "+15550101".to_owned(),
        |i| i.routing_id[31] ^= 1,
        |i| i.identity_key[31] ^= 1,
        |i| i.serial += 1,
        |i| i.not_after_ms += 1,
    ];
    for (n, alter) in alterations.into_iter().enumerate() {
        let mut identity = proto::CertifiedIdentity::decode(&issued.identity[..]).unwrap();
        alter(&mut identity);
        let altered =
            proto::SenderCertificate { identity: identity.encode_to_vec(), ..issued.clone() };
        let refused = registrar.verify(&altered.encode_to_vec());
        assert_eq!(refused, Err(RegistrarSignature), "{n}");
    }
}

#[test]
fn any_field_of_another_shape_is_refused_though_signed() {
    let registrar = registrar();
    let refusal = |alter: fn(&mut proto::CertifiedIdentity)| registrar.refusal(alter);
    assert_eq!(refusal(|i| i.schema_version = 0), Field("schema version"));
    for number in ["", "15550100", "+0", "+1555010a"] {
        assert_eq!(registrar.refusal(|i| i.number = number.to_owned()), Field("number"));
    }
    assert_eq!(refusal(|i| i.routing_id.clear()), Field("routing id"));
    assert_eq!(refusal(|i| i.routing_id.truncate(31)), Field("routing id"));
    assert_eq!(refusal(|i| i.routing_id.push(0)), Field("routing id"));
    assert_eq!(refusal(|i| i.identity_key.clear()), Field("identity key"));
    assert_eq!(refusal(|i| i.identity_key.truncate(31)), Field("identity key"));
    assert_eq!(refusal(|i| i.identity_key.push(0)), Field("identity key"));
    assert_eq!(refusal(|i| i.serial = 0), Field("serial"));
}

#[test]
fn a_future_schema_version_is_refused_though_signed() {
    let registrar = registrar();
    assert_eq!(registrar.refusal(|i| i.schema_version = 2), Future(2));
    assert_eq!(registrar.refusal(|i| i.schema_version = u32::MAX), Future(u32::MAX));
    // Whatever else a later version changed.
    let changed = registrar.refusal(|i| (i.schema_version, i.number) = (2, String::new()));
    assert_eq!(changed, Future(2));
}

#[test]
fn it_expires_at_its_not_after() {
    let registrar = registrar();
    let bytes = registrar.issue(&identity());
    let at = |now| verify_sender_certificate(&bytes, &registrar.keys, now).map(|_| ());
    let not_after = identity().not_after_ms;
    assert_eq!(at(not_after - 1), Ok(()));
    assert_eq!(at(not_after), Err(Expired));
    assert_eq!(at(not_after + 1), Err(Expired));
    assert_eq!(at(i64::MAX), Err(Expired));
    assert_eq!(registrar.refusal(|i| i.not_after_ms = 0), Expired);
    assert_eq!(registrar.refusal(|i| i.not_after_ms = i64::MIN), Expired);
}

#[test]
fn it_does_not_live_longer_than_a_lease() {
    let registrar = registrar();
    let longest = LEASE_MS + SKEW_MS;
    let until = |not_after_ms| {
        let bytes = registrar.issue(&CertifiedIdentity { not_after_ms, ..identity() });
        registrar.verify(&bytes).map(|_| ())
    };
    assert_eq!(until(NOW + longest), Ok(()));
    assert_eq!(until(NOW + longest + 1), Err(BeyondLease));
    assert_eq!(until(i64::MAX), Err(BeyondLease));
    let bytes = registrar.issue(&identity());
    let at_no_time = verify_sender_certificate(&bytes, &registrar.keys, i64::MIN);
    assert_eq!(at_no_time, Err(BeyondLease));
}

#[test]
fn a_wrong_key_id_is_refused() {
    let registrar = registrar();
    let with_id =
        |id| registrar.verify(&issue_sender_certificate(&registrar.signing, id, &identity()));
    assert_eq!(with_id(KEY_ID), Ok(identity()));
    assert_eq!(with_id(4), Err(UnknownKey(4)));
    assert_eq!(with_id(0), Err(UnknownKey(0)));
    assert_eq!(with_id(2), Err(RegistrarSignature), "the id of another of the registrar's keys");
    let none = RegistrarKeys::new(Vec::new());
    let bytes = registrar.issue(&identity());
    assert_eq!(verify_sender_certificate(&bytes, &none, NOW), Err(UnknownKey(KEY_ID)));
}

#[test]
fn a_signature_of_somebody_else_or_of_another_kind_is_refused() {
    let registrar = registrar();
    let issued = proto::SenderCertificate::decode(&registrar.issue(&identity())[..]).unwrap();
    let with_signature = |signature: &[u8]| {
        let certificate =
            proto::SenderCertificate { signature: signature.to_vec(), ..issued.clone() };
        registrar.verify(&certificate.encode_to_vec())
    };
    let stranger = IdentityKey::generate().unwrap();
    let theirs = stranger.sign(&signed::sender_certificate(&issued.identity));
    let of_a_bundle = registrar.signing.sign(&signed::bundle(&issued.identity));
    let of_the_bytes_alone = registrar.signing.sign(&issued.identity);
    for signature in [&theirs[..], &of_a_bundle, &of_the_bytes_alone, &[], &[0; 63], &[0; 64]] {
        assert_eq!(with_signature(signature), Err(RegistrarSignature));
    }
}

#[test]
fn what_stands_outside_the_signature_is_refused() {
    let registrar = registrar();
    let bytes = registrar.issue(&identity());
    // An unknown field (number 9, a varint), and the key id a second time.
    for more in [&[9 << 3, 1][..], &[3 << 3, KEY_ID as u8]] {
        assert_eq!(registrar.verify(&[&bytes[..], more].concat()), Err(Malformed));
        assert_eq!(registrar.verify(&[more, &bytes[..]].concat()), Err(Malformed));
    }
    let huge = registrar.sign(vec![0; CERTIFICATE_MAX]);
    assert_eq!(registrar.verify(&huge), Err(Malformed));
    assert_eq!(registrar.verify(&registrar.sign(vec![0xff; 20])), Err(Malformed));
    assert_eq!(registrar.verify(&vec![0; 1 << 20]), Err(Malformed));
}

#[test]
fn debug_shows_neither_number_nor_keys() {
    let shown = format!("{:?}", identity());
    assert_eq!(shown, "CertifiedIdentity { serial: 6, not_after_ms: 1800604800000, .. }");
}
