// SPDX-License-Identifier: Apache-2.0
//! Prekeys over days: they rotate, what was sealed to one does not open for ever, and a message to one that is gone
//! ends as an SMS and not in silence.

use cloudmessaging_gate::service::facade::{OutgoingMessage, Personal};
use cloudmessaging_seal::{verify_bundle, KeyId};
use cloudmessaging_wire::topic;
use sim::{World, SIM};

const ALICE: usize = 0;
const BOB: usize = 1;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn two() -> World {
    World::connected(&["+15550100", "+15550101"])
}

/// Alice writes to Bob; gives whether it was delivered, once she is told.
fn is_delivered(world: &mut World, id: u8) -> bool {
    let message = OutgoingMessage {
        id: [id; 16],
        subscription: SIM,
        recipient: world.phones[BOB].number.clone(),
        body: Personal::new("hello"),
        sms_deadline_millis: world.phones[ALICE].wall_ms() + MINUTE,
    };
    assert_eq!(world.phones[ALICE].send(message), Some(Ok(None)));
    world.pass(2 * MINUTE);
    let outcomes = world.phones[ALICE].outcomes(0).unwrap();
    let outcome = outcomes.iter().find(|outcome| outcome.id[0] == id);
    outcome.expect("every message has an outcome").delivered
}

/// What Bob's bundle says that is to be sealed to.
fn prekeys(world: &World) -> [KeyId; 2] {
    let routing_id = world.registrar.routing_id(&world.phones[BOB].number);
    let bundle = world.registrar.shelf.bundle(&routing_id).expect("registered");
    let keys = world.registrar.verifying();
    let keys = verify_bundle(&bundle, &keys, &routing_id, world.now()).unwrap().prekeys;
    [keys.current.id, keys.next.id]
}

/// Bob's ledger says this of what was dropped.
fn dropped(world: &mut World, reason: &str) -> bool {
    world.pass(2 * MINUTE);
    assert_eq!(world.broker.waiting(), 0, "acknowledged");
    world.phones[BOB]
        .ledger()
        .iter()
        .any(|(event, says)| event == "refused" && says.ends_with(reason))
}

#[test]
fn over_days_of_rotations_every_message_is_delivered() {
    let mut world = two();
    let mut before = prekeys(&world);
    assert!(is_delivered(&mut world, 1));
    for id in 2..=6 {
        world.pass(DAY);
        let now = prekeys(&world);
        assert_eq!(now[0], before[1], "the next has become the current one");
        assert_ne!(now[1], before[1]);
        before = now;
        assert!(is_delivered(&mut world, id));
    }
}

#[test]
fn after_48_hours_nobody_can_open_a_message_any_more() {
    let mut world = two();
    assert!(is_delivered(&mut world, 1));
    let inbox = topic::inbox(&world.registrar.routing_id(&world.phones[BOB].number));
    let recorded = world.broker.routed.iter().find(|publication| publication.topic == inbox);
    let recorded = recorded.expect("a message").payload.clone();
    // It is opened, and then found to be over.
    world.inject(inbox.clone(), recorded.clone(), MINUTE);
    assert!(dropped(&mut world, "EXPIRED") && !dropped(&mut world, "UNKNOWN_KEY"));
    world.pass(2 * DAY);
    world.inject(inbox, recorded, MINUTE);
    assert!(dropped(&mut world, "UNKNOWN_KEY"));
}

#[test]
fn a_message_to_a_prekey_that_is_gone_ends_as_an_sms_and_the_next_one_arrives() {
    let mut world = two();
    assert!(is_delivered(&mut world, 1));
    let known = prekeys(&world);
    // Bob's clock is wrong by days for a while: his prekeys are destroyed as over.
    world.phones[BOB].set_clock_wrong_by(3 * DAY);
    world.pass(MINUTE);
    assert_eq!(prekeys(&world), known, "a registrar takes nothing that is dated so");
    assert!(!is_delivered(&mut world, 2));
    assert!(dropped(&mut world, "UNKNOWN_KEY"));
    world.phones[BOB].set_clock_wrong_by(0);
    world.pass(120 * MINUTE);
    assert!(prekeys(&world).iter().all(|id| !known.contains(id)), "told to the registrar");
    // Alice still has the bundle of before, until this one is taken back.
    assert!(!is_delivered(&mut world, 3));
    assert!(is_delivered(&mut world, 4));
    assert_eq!(world.phones[ALICE].outcomes(0).unwrap().len(), 4);
}
