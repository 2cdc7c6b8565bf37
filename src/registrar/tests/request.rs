// SPDX-License-Identifier: Apache-2.0
//! Every way in which a request can be malformed or forged, and what becomes of it.

#[allow(dead_code)]
mod paper;

use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::request::{open, Asked, Unanswerable, PAYLOAD_MAX};
use cloudmessaging_seal::{IdentityKey, SealError};
use cloudmessaging_wire::limits::CLOCK_SKEW;
use cloudmessaging_wire::proto::registrar::{
    refused::Reason, request::Kind, Registration, Request,
};
use paper::{certificate, request, seal, seal_distorted, tls_key, Phone, DAY, NOW, SECOND};
use prost::Message as _;

fn keys() -> Keys {
    Keys::generate().unwrap()
}

fn asked(keys: &Keys, signer: &IdentityKey, request: &Request) -> Result<Asked, Reason> {
    open(&seal(keys, signer, request), keys, NOW).unwrap_or_else(|why| panic!("{why}")).asked
}

fn refused(keys: &Keys, signer: &IdentityKey, request: &Request) -> Reason {
    match asked(keys, signer, request) {
        Err(reason) => reason,
        Ok(_) => panic!("believed"),
    }
}

fn dropped(keys: &Keys, payload: &[u8]) -> Unanswerable {
    match open(payload, keys, NOW) {
        Err(why) => why,
        Ok(_) => panic!("opened"),
    }
}

#[test]
fn each_honest_kind_is_believed() {
    let keys = keys();
    let alice = Phone::certified("+15550100", &keys, NOW + DAY);
    let mut registration = alice.registration();
    registration.imsi = "001010123456789".into();
    registration.imei = "490154203237518".into();
    match asked(&keys, &alice.identity, &request(Kind::Registration(registration))) {
        Ok(Asked::Register(register)) => {
            assert_eq!(register.number.as_str(), "+15550100");
            assert_eq!(register.identity_key, alice.identity.public_key());
            assert_eq!(register.identities.imsi.as_str(), "001010123456789");
            assert_eq!(register.identities.imei.as_str(), "490154203237518");
        }
        _ => panic!("no registration"),
    }
    let renewal = request(Kind::Renewal(alice.renewal()));
    assert!(matches!(asked(&keys, &alice.identity, &renewal), Ok(Asked::Renew { .. })));
    let look_up = request(Kind::LookUp(alice.look_up("+15550101")));
    match asked(&keys, &alice.identity, &look_up) {
        Ok(Asked::LookUp { asker, number }) => {
            assert_eq!((asker.number.as_str(), number.as_str()), ("+15550100", "+15550101"));
        }
        _ => panic!("no look-up"),
    }
    let erase = request(Kind::Erase(alice.erase()));
    assert!(matches!(asked(&keys, &alice.identity, &erase), Ok(Asked::Erase(_))));
}

#[test]
fn what_does_not_open_is_dropped() {
    let keys = keys();
    let alice = Phone::new("+15550100");
    let honest = request(Kind::Registration(alice.registration()));
    let sealed = |distort: fn(&mut cloudmessaging_wire::proto::registrar::SealedRequest)| {
        let mut sealed = seal_distorted(&keys, &alice.identity, &honest, |p| p);
        distort(&mut sealed);
        dropped(&keys, &sealed.encode_to_vec())
    };
    assert!(matches!(dropped(&keys, &[]), Unanswerable::Sealed(_)));
    assert!(matches!(dropped(&keys, &[0xa5; 1000]), Unanswerable::Sealed(_)));
    let large = vec![0; PAYLOAD_MAX + 1];
    assert_eq!(dropped(&keys, &large), Unanswerable::TooLarge(PAYLOAD_MAX + 1));
    assert_eq!(sealed(|s| s.key_id = 2), Unanswerable::UnknownKey(2));
    assert_eq!(sealed(|s| s.schema_version = 2), Unanswerable::Sealed(SealError::Future(2)));
    assert!(matches!(sealed(|s| s.schema_version = 0), Unanswerable::Sealed(_)));
    assert!(matches!(sealed(|s| s.enc.truncate(31)), Unanswerable::Sealed(_)));
    assert!(matches!(sealed(|s| s.ciphertext.clear()), Unanswerable::Sealed(_)));
    assert_eq!(sealed(|s| s.enc[0] ^= 1), Unanswerable::Sealed(SealError::Open));
    assert_eq!(sealed(|s| s.ciphertext[9] ^= 1), Unanswerable::Sealed(SealError::Open));
    let others = Keys::generate().unwrap();
    let elsewhere = seal(&others, &alice.identity, &honest);
    assert_eq!(dropped(&keys, &elsewhere), Unanswerable::Sealed(SealError::Open));
}

#[test]
fn what_does_not_say_where_an_answer_goes_is_dropped() {
    let keys = keys();
    let alice = Phone::new("+15550100");
    let honest = request(Kind::Registration(alice.registration()));
    for topic in [
        "",
        "cm/1/registrar",
        "cm/1/keys/aa",
        "cm/1/inbox/aa",
        "cm/1/reply/a",
        "cm/1/reply/+/1",
        "cm/1/reply/a/#",
        "cm/1/reply/a/1/2",
    ] {
        let request = Request { reply_topic: topic.into(), ..honest.clone() };
        let payload = seal(&keys, &alice.identity, &request);
        assert!(matches!(dropped(&keys, &payload), Unanswerable::Sealed(_)), "{topic}");
    }
    let distorted: [fn(&mut Request); 7] = [
        |r| r.reply_public_key.truncate(31),
        |r| r.reply_public_key.clear(),
        |r| r.request_id.truncate(7),
        |r| r.request_id.push(0),
        |r| r.kind = None,
        |r| r.schema_version = 0,
        |r| r.schema_version = 2,
    ];
    for (n, distort) in distorted.into_iter().enumerate() {
        let mut request = honest.clone();
        distort(&mut request);
        let payload = seal(&keys, &alice.identity, &request);
        assert!(matches!(dropped(&keys, &payload), Unanswerable::Sealed(_)), "case {n}");
    }
    let unsigned = seal_distorted(&keys, &alice.identity, &honest, |mut plaintext| {
        plaintext.truncate(plaintext.len() - 66);
        plaintext
    });
    assert!(matches!(dropped(&keys, &unsigned.encode_to_vec()), Unanswerable::Sealed(_)));
}

#[test]
fn a_clock_that_is_off_is_refused_either_way() {
    let keys = keys();
    let alice = Phone::new("+15550100");
    let skew = CLOCK_SKEW.as_millis() as i64;
    let at = |made_ms| Request { made_ms, ..request(Kind::Registration(alice.registration())) };
    for made_ms in [NOW - skew - 1, NOW + skew + 1, 0, i64::MIN, i64::MAX] {
        assert_eq!(refused(&keys, &alice.identity, &at(made_ms)), Reason::Clock, "{made_ms}");
    }
    for made_ms in [NOW - skew, NOW + skew] {
        assert!(asked(&keys, &alice.identity, &at(made_ms)).is_ok(), "{made_ms}");
    }
}

#[test]
fn nobody_signs_for_another() {
    let keys = keys();
    let alice = Phone::certified("+15550100", &keys, NOW + DAY);
    let mallory = Phone::new("+15550102");
    for kind in [
        Kind::Registration(alice.registration()),
        Kind::Renewal(alice.renewal()),
        Kind::LookUp(alice.look_up("+15550101")),
        Kind::Erase(alice.erase()),
    ] {
        let request = request(kind);
        assert_eq!(refused(&keys, &mallory.identity, &request), Reason::Malformed);
    }
}

#[test]
fn a_signature_for_another_encryption_is_refused() {
    let keys = keys();
    let alice = Phone::certified("+15550100", &keys, NOW + DAY);
    let erase = request(Kind::Erase(alice.erase()));
    let mut taken = Vec::new();
    seal_distorted(&keys, &alice.identity, &erase, |plaintext| {
        taken = plaintext.clone();
        plaintext
    });
    let replanted = seal_distorted(&keys, &alice.identity, &erase, |_| taken);
    let opened = open(&replanted.encode_to_vec(), &keys, NOW).unwrap();
    assert!(matches!(opened.asked, Err(Reason::Malformed)));
}

#[test]
fn one_flipped_bit_anywhere_in_what_is_signed_is_not_believed() {
    let keys = keys();
    let alice = Phone::certified("+15550100", &keys, NOW + DAY);
    let honest = request(Kind::Erase(alice.erase()));
    let size = honest.encode_to_vec().len() + 66;
    for byte in 0..size {
        let sealed = seal_distorted(&keys, &alice.identity, &honest, |mut plaintext| {
            plaintext[byte] ^= 1 << (byte % 8);
            plaintext
        });
        if let Ok(opened) = open(&sealed.encode_to_vec(), &keys, NOW) {
            assert!(opened.asked.is_err(), "byte {byte}");
        }
    }
}

#[test]
fn a_registration_with_a_field_out_of_shape_is_refused() {
    let keys = keys();
    let alice = Phone::new("+15550100");
    let bob = Phone::new("+15550101");
    let mut cases = Vec::new();
    for number in ["", "5550100", "+0555", "+1555010x", "+1 555 0100", "+1234567890123456"] {
        let mut registration = alice.registration();
        registration.number = number.into();
        cases.push((format!("number {number:?}"), registration));
    }
    for (imsi, imei) in [("x", ""), ("1", ""), ("", "1"), ("", "49015420323751x")] {
        let mut registration = alice.registration();
        (registration.imsi, registration.imei) = (imsi.into(), imei.into());
        cases.push((format!("imsi {imsi:?} imei {imei:?}"), registration));
    }
    for key in [vec![], vec![1; 31], vec![1; 33]] {
        let mut registration = alice.registration();
        registration.identity_key = key;
        cases.push(("identity key".into(), registration));
    }
    let (prekeys, signature) = bob.prekeys_from(NOW);
    for (what, prekeys, prekeys_signature) in [
        ("no prekeys", vec![], vec![]),
        ("prekeys of another", prekeys.clone(), signature.clone()),
        ("unsigned prekeys", prekeys.clone(), vec![]),
        ("garbled prekeys", vec![0xa5; 100], signature),
        ("enormous prekeys", vec![0; 900], vec![0; 64]),
    ] {
        let registration = Registration { prekeys, prekeys_signature, ..alice.registration() };
        cases.push((what.into(), registration));
    }
    for (what, start) in [("stale prekeys", NOW - 3 * DAY), ("prekeys of next week", NOW + 7 * DAY)]
    {
        let (prekeys, prekeys_signature) = alice.prekeys_from(start);
        let registration = Registration { prekeys, prekeys_signature, ..alice.registration() };
        cases.push((what.into(), registration));
    }
    for (what, registration) in cases {
        let request = request(Kind::Registration(registration));
        assert_eq!(refused(&keys, &alice.identity, &request), Reason::Malformed, "{what}");
    }
}

#[test]
fn prekeys_of_another_do_not_renew() {
    let keys = keys();
    let alice = Phone::certified("+15550100", &keys, NOW + DAY);
    let mut renewal = alice.renewal();
    (renewal.prekeys, renewal.prekeys_signature) = Phone::new("+15550101").prekeys_from(NOW);
    let request = request(Kind::Renewal(renewal));
    assert_eq!(refused(&keys, &alice.identity, &request), Reason::Malformed);
}

#[test]
fn only_an_uncompressed_point_of_p256_is_a_tls_key() {
    let keys = keys();
    let mut alice = Phone::certified("+15550100", &keys, NOW + DAY);
    let good = alice.tls_key.clone();
    let mut off_curve = good.clone();
    off_curve[90] ^= 1;
    let mut compressed = good[..59].to_vec();
    (compressed[1], compressed[24], compressed[26]) = (0x39, 0x22, 0x02);
    let p384 = tls_key(&rcgen::PKCS_ECDSA_P384_SHA384);
    let ed25519 = tls_key(&rcgen::PKCS_ED25519);
    let longer = [&good[..], &[0]].concat();
    let shorter = good[..90].to_vec();
    let wrong =
        [off_curve, compressed, p384, ed25519, longer, shorter, vec![0xa5; 91], vec![1], vec![]];
    for (n, wrong) in wrong.into_iter().enumerate() {
        alice.tls_key = wrong;
        for kind in [Kind::Registration(alice.registration()), Kind::Renewal(alice.renewal())] {
            let refused = refused(&keys, &alice.identity, &request(kind));
            assert_eq!(refused, Reason::Malformed, "case {n}");
        }
    }
    alice.tls_key = good;
    let renewal = request(Kind::Renewal(alice.renewal()));
    assert!(asked(&keys, &alice.identity, &renewal).is_ok());
}

#[test]
fn a_number_out_of_shape_is_not_looked_up() {
    let keys = keys();
    let alice = Phone::certified("+15550100", &keys, NOW + DAY);
    for number in ["", "5550101", "+1555*", "+15550101,+15550102"] {
        let request = request(Kind::LookUp(alice.look_up(number)));
        assert_eq!(refused(&keys, &alice.identity, &request), Reason::Malformed, "{number}");
    }
}

#[test]
fn only_an_unexpired_certificate_of_this_registrar_counts() {
    let keys = keys();
    let with = |certificate: Vec<u8>| {
        let mut alice = Phone::new("+15550100");
        alice.certificate = certificate;
        alice
    };
    let alice = Phone::certified("+15550100", &keys, NOW + DAY);
    let mut flipped = alice.certificate.clone();
    flipped[20] ^= 1;
    let others = Keys::generate().unwrap();
    for (what, certificate, reason) in [
        ("none", vec![], Reason::Malformed),
        ("garbage", vec![0xa5; 180], Reason::Malformed),
        ("another registrar's", certificate(&alice, &others, NOW + DAY), Reason::Malformed),
        ("one with a flipped bit", flipped, Reason::Malformed),
        ("one of beyond a lease", certificate(&alice, &keys, NOW + 30 * DAY), Reason::Malformed),
        ("one that expires now", certificate(&alice, &keys, NOW), Reason::Expired),
        ("one of last week", certificate(&alice, &keys, NOW - 7 * DAY), Reason::Expired),
        ("another phone's", alice.certificate.clone(), Reason::Malformed),
    ] {
        let phone = with(certificate);
        for kind in [
            Kind::Renewal(phone.renewal()),
            Kind::LookUp(phone.look_up("+15550101")),
            Kind::Erase(phone.erase()),
        ] {
            let request = request(kind);
            assert_eq!(refused(&keys, &phone.identity, &request), reason, "{what}");
        }
    }
    assert!(asked(
        &keys,
        &alice.identity,
        &Request { made_ms: NOW - SECOND, ..request(Kind::Erase(alice.erase())) }
    )
    .is_ok());
}
