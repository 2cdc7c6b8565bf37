// SPDX-License-Identifier: Apache-2.0
//! Messages that are not to be believed.

use cloudmessaging_seal::{issue_sender_certificate, IdentityKey};
use cloudmessaging_wire::proto::envelope::{content::Kind, Content, Envelope, Message};
use cloudmessaging_wire::signed;
use prost::Message as _;

use crate::stranger::*;

#[test]
fn an_honest_message_is_taken_and_answered() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let message = Kind::Message(stranger.message(&world, 1));
    let sealed = stranger.seal(&world, BOB, message);
    deliver(&mut world, BOB, sealed);
    assert_eq!(inbound(&mut world, BOB), [1]);
    assert!(dropped(&mut world, BOB).is_empty());
    assert_eq!(stranger.receipts(&world).len(), 1);
}

#[test]
fn a_message_forged_with_a_key_that_is_not_certified_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    // The certificate of one, the signature of another.
    let forger = Stranger { certificate: stranger.certificate.clone(), ..Stranger::new(&world) };
    let sealed = forger.seal(&world, BOB, Kind::Message(forger.message(&world, 1)));
    deliver(&mut world, BOB, sealed);
    assert!(inbound(&mut world, BOB).is_empty());
    dropped_once(&mut world, BOB, "SIGNATURE");
}

#[test]
fn a_message_forged_with_a_certificate_of_another_registrar_is_dropped() {
    let mut world = three();
    let mut forger = Stranger::new(&world);
    let other = IdentityKey::generate().unwrap();
    forger.certificate = issue_sender_certificate(&other, 1, &forger.certified);
    let sealed = forger.seal(&world, BOB, Kind::Message(forger.message(&world, 1)));
    deliver(&mut world, BOB, sealed);
    assert!(inbound(&mut world, BOB).is_empty());
    dropped_once(&mut world, BOB, "CERTIFICATE");
}

#[test]
fn a_message_without_a_certificate_is_dropped() {
    let mut world = three();
    let forger = Stranger { certificate: Vec::new(), ..Stranger::new(&world) };
    let sealed = forger.seal(&world, BOB, Kind::Message(forger.message(&world, 1)));
    deliver(&mut world, BOB, sealed);
    assert!(inbound(&mut world, BOB).is_empty());
    dropped_once(&mut world, BOB, "CERTIFICATE");
}

#[test]
fn a_replayed_envelope_is_dropped_also_after_the_app_has_taken_the_message() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let sealed = stranger.seal(&world, BOB, Kind::Message(stranger.message(&world, 1)));
    deliver(&mut world, BOB, sealed.clone());
    deliver(&mut world, BOB, sealed.clone());
    assert_eq!(inbound(&mut world, BOB), [1], "once");
    world.phones[BOB].acknowledge_inbound(i64::MAX).unwrap();
    deliver(&mut world, BOB, sealed);
    assert!(inbound(&mut world, BOB).is_empty());
    assert_eq!(dropped(&mut world, BOB), [("SEEN".to_owned(), 2)]);
}

#[test]
fn a_replayed_id_with_another_content_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let first = stranger.message(&world, 1);
    let second = Message { body: "something else".into(), ..first.clone() };
    for message in [first, second] {
        let sealed = stranger.seal(&world, BOB, Kind::Message(message));
        deliver(&mut world, BOB, sealed);
    }
    let inbound = world.phones[BOB].inbound(0).unwrap();
    assert_eq!(inbound.len(), 1);
    assert_eq!(inbound[0].body.as_str(), "message 1");
    dropped_once(&mut world, BOB, "SEEN");
}

#[test]
fn a_message_republished_to_another_inbox_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let sealed = stranger.seal(&world, BOB, Kind::Message(stranger.message(&world, 1)));
    deliver(&mut world, CAROL, sealed);
    assert!(inbound(&mut world, CAROL).is_empty());
    dropped_once(&mut world, CAROL, "UNKNOWN_KEY");
}

#[test]
fn a_message_sealed_again_to_somebody_else_by_its_reader_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    // What Bob has opened: signed bytes and signature, for Bob. He gives them to Carol as they are.
    let (bob, prekey) = reader(&world, BOB);
    let honest = content(Kind::Message(stranger.message(&world, 1)));
    let body = honest.encode_to_vec();
    let to_bob = stranger.identity.sign(&signed::content(&bob, &prekey.id, &noise::<32>(), &body));
    let sealed = stranger.seal_distorted(&world, CAROL, &honest, |_| signed::attach(body, &to_bob));
    deliver(&mut world, CAROL, sealed);
    assert!(inbound(&mut world, CAROL).is_empty());
    dropped_once(&mut world, CAROL, "SIGNATURE");
}

#[test]
fn a_message_altered_in_any_part_of_its_envelope_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let sealed = stranger.seal(&world, BOB, Kind::Message(stranger.message(&world, 1)));
    let envelope = Envelope::decode(&sealed[..]).unwrap();
    let altered = |alter: fn(&mut Envelope)| {
        let mut altered = envelope.clone();
        alter(&mut altered);
        altered.encode_to_vec()
    };
    let cases = [
        (altered(|e| e.schema_version = 0), "MALFORMED"),
        (altered(|e| e.schema_version += 1), "MALFORMED"),
        (altered(|e| e.key_id[3] ^= 1), "UNKNOWN_KEY"),
        (altered(|e| e.key_id.truncate(7)), "MALFORMED"),
        (altered(|e| e.enc[7] ^= 1), "NOT_OPENED"),
        (altered(|e| e.enc.truncate(31)), "MALFORMED"),
        (altered(|e| e.enc.fill(0)), "NOT_OPENED"),
        (altered(|e| e.ciphertext[0] ^= 1), "NOT_OPENED"),
        (altered(|e| *e.ciphertext.last_mut().unwrap() ^= 1), "NOT_OPENED"),
        (altered(|e| e.ciphertext.truncate(100)), "MALFORMED"),
        (altered(|e| e.ciphertext.clear()), "MALFORMED"),
        (sealed[..sealed.len() - 1].to_vec(), "MALFORMED"),
        (Vec::new(), "MALFORMED"),
        (noise::<300>().to_vec(), "MALFORMED"),
    ];
    let mut expected = std::collections::BTreeMap::<&str, u64>::new();
    for (payload, reason) in cases {
        deliver(&mut world, BOB, payload);
        *expected.entry(reason).or_default() += 1;
        assert!(inbound(&mut world, BOB).is_empty(), "{reason}");
    }
    let dropped: std::collections::BTreeMap<_, _> = dropped(&mut world, BOB).into_iter().collect();
    for (reason, count) in expected {
        assert_eq!(dropped.get(reason), Some(&count), "{reason}");
    }
    deliver(&mut world, BOB, sealed);
    assert!(inbound(&mut world, BOB).is_empty(), "its time is over by now");
}

#[test]
fn a_content_altered_under_its_signature_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let honest = stranger.message(&world, 1);
    let alterations: [fn(&mut Message); 6] = [
        |m| m.id[0] ^= 1,
        |m| m.not_after_ms += 1,
        |m| m.body.push('!'),
        |m| m.receipt_public_key[0] ^= 1,
        |m| m.sent_ms -= 1,
        |m| m.checkpoint_hash = vec![0; 32],
    ];
    for alter in alterations {
        let mut altered = honest.clone();
        alter(&mut altered);
        let altered = content(Kind::Message(altered)).encode_to_vec();
        let sealed = stranger.seal_distorted(
            &world,
            BOB,
            &content(Kind::Message(honest.clone())),
            |signed| {
                let (_, signature) = signed::detach(&signed).unwrap();
                signed::attach(altered, signature)
            },
        );
        deliver(&mut world, BOB, sealed);
        assert!(inbound(&mut world, BOB).is_empty());
    }
    assert_eq!(dropped(&mut world, BOB), [("SIGNATURE".to_owned(), 6)]);
}

#[test]
fn a_message_with_an_expired_certificate_is_dropped() {
    let mut world = three();
    let mut stranger = Stranger::new(&world);
    stranger.certified.not_after_ms = world.now() - 1;
    let (id, signing) = world.registrar.keys().signing();
    stranger.certificate = issue_sender_certificate(signing, id, &stranger.certified);
    let sealed = stranger.seal(&world, BOB, Kind::Message(stranger.message(&world, 1)));
    deliver(&mut world, BOB, sealed);
    assert!(inbound(&mut world, BOB).is_empty());
    dropped_once(&mut world, BOB, "CERTIFICATE");
}

#[test]
fn an_expired_message_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let late = Message { not_after_ms: world.now(), ..stranger.message(&world, 1) };
    let sealed = stranger.seal(&world, BOB, Kind::Message(late));
    deliver(&mut world, BOB, sealed);
    assert!(inbound(&mut world, BOB).is_empty());
    dropped_once(&mut world, BOB, "EXPIRED");
}

#[test]
fn a_message_that_outlived_its_expiry_is_dropped_whatever_the_wall_clock_says() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let sealed = stranger.seal(&world, BOB, Kind::Message(stranger.message(&world, 1)));
    // Half a second left at the broker: none when it is looked at.
    world.phones[BOB].set_clock_wrong_by(-HOUR);
    let inbox = inbox(&world, BOB);
    world.inject(inbox, sealed, 500);
    world.pass(SECOND);
    assert!(inbound(&mut world, BOB).is_empty());
    dropped_once(&mut world, BOB, "EXPIRED");
}

#[test]
fn a_message_with_a_certificate_older_than_one_that_was_seen_is_dropped() {
    let mut world = three();
    let newer = Stranger::with_serial(&world, 8);
    let sealed = newer.seal(&world, BOB, Kind::Message(newer.message(&world, 1)));
    deliver(&mut world, BOB, sealed);
    let older = Stranger::with_serial(&world, 7);
    let sealed = older.seal(&world, BOB, Kind::Message(older.message(&world, 2)));
    deliver(&mut world, BOB, sealed);
    assert_eq!(inbound(&mut world, BOB), [1]);
    dropped_once(&mut world, BOB, "OLDER_KEY");
}

#[test]
fn a_message_of_schema_version_0_or_of_the_future_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    for schema_version in [0, 2] {
        let honest = content(Kind::Message(stranger.message(&world, 1)));
        let sealed =
            stranger.seal_distorted(&world, BOB, &Content { schema_version, ..honest }, |signed| {
                signed
            });
        deliver(&mut world, BOB, sealed);
    }
    assert!(inbound(&mut world, BOB).is_empty());
    assert_eq!(dropped(&mut world, BOB), [("NOT_OPENED".to_owned(), 2)]);
}
