// SPDX-License-Identifier: Apache-2.0
//! Retracts that are not to be believed: they would keep somebody's messages out.

use cloudmessaging_seal::{issue_sender_certificate, IdentityKey};
use cloudmessaging_wire::proto::envelope::{content::Kind, Content, Envelope, ReceiptStatus};
use cloudmessaging_wire::signed;
use prost::Message as _;
use sim::World;

use crate::stranger::*;

/// Delivers a message and gives the ids that Bob's app finds.
fn then_sent(world: &mut World, stranger: &Stranger) -> Vec<u8> {
    let sealed = stranger.seal(world, BOB, Kind::Message(stranger.message(world, 1)));
    deliver(world, BOB, sealed);
    inbound(world, BOB)
}

#[test]
fn an_honest_retract_keeps_the_message_out_and_says_so() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let retract = stranger.seal(&world, BOB, Kind::Retract(stranger.retract(1)));
    deliver(&mut world, BOB, retract);
    world.pass(5 * SECOND);
    assert_eq!(stranger.receipts(&world), [ReceiptStatus::Retracted]);
    assert!(then_sent(&mut world, &stranger).is_empty());
    dropped_once(&mut world, BOB, "RETRACTED");
}

#[test]
fn a_retract_of_what_is_held_says_that_it_is() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    assert_eq!(then_sent(&mut world, &stranger), [1]);
    let retract = stranger.seal(&world, BOB, Kind::Retract(stranger.retract(1)));
    deliver(&mut world, BOB, retract);
    world.pass(5 * SECOND);
    assert_eq!(inbound(&mut world, BOB), [1]);
    assert!(stranger.receipts(&world).iter().all(|s| *s == ReceiptStatus::Delivered));
}

#[test]
fn a_retract_forged_with_a_key_that_is_not_certified_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let forger = Stranger { certificate: stranger.certificate.clone(), ..Stranger::new(&world) };
    let retract = forger.seal(&world, BOB, Kind::Retract(forger.retract(1)));
    deliver(&mut world, BOB, retract);
    assert_eq!(then_sent(&mut world, &stranger), [1]);
    dropped_once(&mut world, BOB, "SIGNATURE");
}

#[test]
fn a_retract_forged_with_a_certificate_of_another_registrar_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let mut forger = Stranger::new(&world);
    let other = IdentityKey::generate().unwrap();
    forger.certificate = issue_sender_certificate(&other, 1, &forger.certified);
    let retract = forger.seal(&world, BOB, Kind::Retract(forger.retract(1)));
    deliver(&mut world, BOB, retract);
    assert_eq!(then_sent(&mut world, &stranger), [1]);
    dropped_once(&mut world, BOB, "CERTIFICATE");
}

#[test]
fn a_retract_of_somebody_elses_message_keeps_nothing_out() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    // Alice is as honest as anybody, and retracts an id that is not hers.
    let mut alice = Stranger::new(&world);
    alice.certified.number = cloudmessaging_seal::Number::parse("+15550177").unwrap();
    let (id, signing) = world.registrar.keys().signing();
    alice.certificate = issue_sender_certificate(signing, id, &alice.certified);
    let retract = alice.seal(&world, BOB, Kind::Retract(alice.retract(1)));
    deliver(&mut world, BOB, retract);
    assert_eq!(then_sent(&mut world, &stranger), [1]);
}

#[test]
fn a_retract_to_another_inbox_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let retract = stranger.seal(&world, CAROL, Kind::Retract(stranger.retract(1)));
    deliver(&mut world, BOB, retract);
    assert_eq!(then_sent(&mut world, &stranger), [1]);
    dropped_once(&mut world, BOB, "UNKNOWN_KEY");
}

#[test]
fn an_altered_retract_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let honest = content(Kind::Retract(stranger.retract(9)));
    let altered = content(Kind::Retract(stranger.retract(1))).encode_to_vec();
    let sealed = stranger.seal_distorted(&world, BOB, &honest, |signed| {
        signed::attach(altered, signed::detach(&signed).unwrap().1)
    });
    deliver(&mut world, BOB, sealed);
    let mut envelope =
        Envelope::decode(&stranger.seal(&world, BOB, Kind::Retract(stranger.retract(1)))[..])
            .unwrap();
    envelope.ciphertext[0] ^= 1;
    deliver(&mut world, BOB, envelope.encode_to_vec());
    assert_eq!(then_sent(&mut world, &stranger), [1]);
    let dropped = dropped(&mut world, BOB);
    assert_eq!(dropped, [("NOT_OPENED".to_owned(), 1), ("SIGNATURE".to_owned(), 1)]);
}

#[test]
fn a_replayed_retract_changes_nothing() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let retract = stranger.seal(&world, BOB, Kind::Retract(stranger.retract(1)));
    for _ in 0..3 {
        deliver(&mut world, BOB, retract.clone());
        world.pass(5 * SECOND);
    }
    assert!(then_sent(&mut world, &stranger).is_empty());
    assert!(stranger.receipts(&world).iter().all(|s| *s == ReceiptStatus::Retracted));
}

#[test]
fn a_retract_with_an_expired_or_an_older_certificate_is_dropped() {
    let mut world = three();
    let mut expired = Stranger::new(&world);
    expired.certified.not_after_ms = world.now() - 1;
    let (id, signing) = world.registrar.keys().signing();
    expired.certificate = issue_sender_certificate(signing, id, &expired.certified);
    let retract = expired.seal(&world, BOB, Kind::Retract(expired.retract(1)));
    deliver(&mut world, BOB, retract);
    let newer = Stranger::with_serial(&world, 9);
    let sealed = newer.seal(&world, BOB, Kind::Message(newer.message(&world, 2)));
    deliver(&mut world, BOB, sealed);
    let older = Stranger::with_serial(&world, 8);
    let retract = older.seal(&world, BOB, Kind::Retract(older.retract(1)));
    deliver(&mut world, BOB, retract);
    assert_eq!(then_sent(&mut world, &newer), [2, 1]);
    let dropped = dropped(&mut world, BOB);
    assert_eq!(dropped, [("CERTIFICATE".to_owned(), 1), ("OLDER_KEY".to_owned(), 1)]);
}

#[test]
fn a_retract_of_schema_version_0_or_of_the_future_is_dropped() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    for schema_version in [0, 2] {
        let honest = content(Kind::Retract(stranger.retract(1)));
        let sealed =
            stranger.seal_distorted(&world, BOB, &Content { schema_version, ..honest }, |signed| {
                signed
            });
        deliver(&mut world, BOB, sealed);
    }
    assert_eq!(then_sent(&mut world, &stranger), [1]);
    assert_eq!(dropped(&mut world, BOB), [("NOT_OPENED".to_owned(), 2)]);
}
