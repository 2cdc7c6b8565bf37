// SPDX-License-Identifier: Apache-2.0
//! Bundles that are not to be believed, from a registrar's answer that was tampered with or that a registrar would not
//! give: nothing is sealed to them.

use cloudmessaging_gate::service::facade::{OutgoingMessage, Personal};
use cloudmessaging_seal::{IdentityKey, PrekeyPair};
use cloudmessaging_wire::proto::envelope::{content::Kind, KeyBundle};
use cloudmessaging_wire::proto::registrar::{reply, Found};
use cloudmessaging_wire::topic;
use prost::Message as _;
use sim::{World, SIM};

use crate::stranger::*;

/// Alice sends to the stranger, and each look-up is answered with this bundle.
fn sent_with(world: &mut World, stranger: &Stranger, bundle: Vec<u8>) {
    let routing_id = stranger.routing_id().to_vec();
    stranger.register(world);
    world.registrar.lie = Some(Box::new(move |answer| match answer {
        reply::Kind::Found(_) => {
            reply::Kind::Found(Found { routing_id: routing_id.clone(), bundle: bundle.clone() })
        }
        honest => honest,
    }));
    let message = OutgoingMessage {
        id: [1; 16],
        subscription: SIM,
        recipient: stranger.certified.number.clone(),
        body: Personal::new("hello"),
        sms_deadline_millis: world.phones[ALICE].wall_ms() + 30 * SECOND,
    };
    assert_eq!(world.phones[ALICE].send(message), Some(Ok(None)));
    world.pass(40 * SECOND);
}

/// How many messages were published to the stranger.
fn published(world: &World, stranger: &Stranger) -> usize {
    let inbox = topic::inbox(stranger.routing_id());
    world.broker.routed.iter().filter(|publication| publication.topic == inbox).count()
}

/// That nothing was sealed to it, the app is to use SMS, and the ledger counts it with this reason alone.
fn not_believed(world: &mut World, stranger: &Stranger, bundle: Vec<u8>, reason: &str) {
    sent_with(world, stranger, bundle);
    assert_eq!(published(world, stranger), 0);
    let outcomes = world.phones[ALICE].outcomes(0).unwrap();
    assert_eq!(outcomes.len(), 1);
    assert!(!outcomes[0].delivered);
    let dropped = dropped(world, ALICE);
    assert!(!dropped.is_empty() && dropped.iter().all(|(why, _)| why == reason), "{dropped:?}");
}

#[test]
fn an_honest_bundle_is_sealed_to() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let bundle = stranger.bundle(world.registrar.keys().signing().1);
    sent_with(&mut world, &stranger, bundle);
    assert!(published(&world, &stranger) > 0);
    assert!(dropped(&mut world, ALICE).is_empty());
}

#[test]
fn a_bundle_forged_by_another_registrar_is_not_believed() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let bundle = stranger.bundle(&IdentityKey::generate().unwrap());
    not_believed(&mut world, &stranger, bundle, "BUNDLE");
}

#[test]
fn a_bundle_with_prekeys_that_its_owner_did_not_sign_is_not_believed() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let other = Stranger::new(&world);
    let signing = world.registrar.keys().signing().1;
    let mut bundle = KeyBundle::decode(&stranger.bundle(signing)[..]).unwrap();
    let others = KeyBundle::decode(&other.bundle(signing)[..]).unwrap();
    (bundle.prekeys, bundle.identity_signature) = (others.prekeys, others.identity_signature);
    not_believed(&mut world, &stranger, bundle.encode_to_vec(), "BUNDLE");
}

#[test]
fn a_bundle_of_another_routing_id_is_not_believed() {
    let mut world = three();
    let stranger = Stranger::new(&world);
    let (bob, _) = reader(&world, BOB);
    let bundle = world.registrar.shelf.bundle(&bob).unwrap();
    not_believed(&mut world, &stranger, bundle, "BUNDLE");
}

#[test]
fn an_altered_bundle_is_not_believed() {
    let alterations: [fn(&mut KeyBundle); 4] = [
        |b| b.keys[4] ^= 1,
        |b| b.registrar_signature[0] ^= 1,
        |b| b.prekeys[10] ^= 1,
        |b| b.identity_signature[63] ^= 1,
    ];
    for alter in alterations {
        let mut world = three();
        let stranger = Stranger::new(&world);
        let bundle = stranger.bundle(world.registrar.keys().signing().1);
        let mut bundle = KeyBundle::decode(&bundle[..]).unwrap();
        alter(&mut bundle);
        not_believed(&mut world, &stranger, bundle.encode_to_vec(), "BUNDLE");
    }
}

#[test]
fn an_expired_bundle_is_not_believed() {
    let mut world = three();
    let mut stranger = Stranger::new(&world);
    stranger.certified.not_after_ms = world.now();
    let bundle = stranger.bundle(world.registrar.keys().signing().1);
    // The registrar would not give it: so it is told of a better one.
    stranger.certified.not_after_ms = world.now() + DAY;
    not_believed(&mut world, &stranger, bundle, "BUNDLE");
}

#[test]
fn nothing_is_sealed_to_a_bundle_whose_prekeys_are_over() {
    let mut world = three();
    let mut stranger = Stranger::new(&world);
    let from = world.now() - 2 * DAY - HOUR;
    stranger.prekeys = [from, from + DAY].map(|at| PrekeyPair::generate(at).unwrap());
    let bundle = stranger.bundle(world.registrar.keys().signing().1);
    sent_with(&mut world, &stranger, bundle);
    assert_eq!(published(&world, &stranger), 0);
    assert!(!world.phones[ALICE].outcomes(0).unwrap()[0].delivered);
}

#[test]
fn a_bundle_older_than_a_certificate_that_was_seen_is_not_believed() {
    let mut world = three();
    let newer = Stranger::with_serial(&world, 9);
    let sealed = newer.seal(&world, ALICE, Kind::Message(newer.message(&world, 5)));
    deliver(&mut world, ALICE, sealed);
    // Published before: the receipt.
    world.pass(10 * SECOND);
    world.broker.routed.clear();
    let older = Stranger::with_serial(&world, 8);
    let bundle = older.bundle(world.registrar.keys().signing().1);
    not_believed(&mut world, &older, bundle, "OLDER_KEY");
}
