// SPDX-License-Identifier: Apache-2.0
//! That what is played behaves as what it stands for.

use cloudmessaging_gate::service::facade::{OutgoingMessage, Personal};

use crate::{Fault, World, SIM};

const ALICE: usize = 0;
const BOB: usize = 1;

fn two() -> World {
    World::connected(&["+15550100", "+15550101"])
}

fn message(world: &World, id: u8) -> OutgoingMessage {
    OutgoingMessage {
        id: [id; 16],
        subscription: SIM,
        recipient: world.phones[BOB].number.clone(),
        body: Personal::new(format!("message {id}")),
        sms_deadline_millis: world.phones[ALICE].wall_ms() + 60_000,
    }
}

fn send(world: &mut World, id: u8) {
    let message = message(world, id);
    assert_eq!(world.phones[ALICE].send(message), Some(Ok(None)));
}

/// Whether each message of Alice was delivered, in the order of their outcomes.
fn outcomes(world: &mut World) -> Vec<(u8, bool)> {
    let outcomes = world.phones[ALICE].outcomes(0).unwrap();
    outcomes.iter().map(|outcome| (outcome.id[0], outcome.delivered)).collect()
}

fn inbound(world: &mut World) -> Vec<u8> {
    world.phones[BOB].inbound(0).unwrap().iter().map(|message| message.id[0]).collect()
}

#[test]
fn a_message_is_delivered_and_its_receipt_comes_back() {
    let mut world = two();
    send(&mut world, 1);
    world.pass(10_000);
    assert_eq!(inbound(&mut world), [1]);
    assert_eq!(outcomes(&mut world), [(1, true)]);
}

#[test]
fn each_fault_is_what_it_says() {
    let delivered =
        [Fault::Repeat, Fault::Late(3000), Fault::NoAck, Fault::NotTaken, Fault::Refuse(0x97)];
    for fault in delivered {
        let mut world = two();
        // The look-up is not what goes wrong.
        send(&mut world, 1);
        world.pass(10_000);
        world.broker.add_fault(fault);
        send(&mut world, 2);
        world.pass(30_000);
        assert_eq!(inbound(&mut world), [1, 2], "{fault:?}");
        assert_eq!(outcomes(&mut world), [(1, true), (2, true)], "{fault:?}");
    }
    for fault in [Fault::Lose, Fault::Late(55_000)] {
        let mut world = two();
        send(&mut world, 1);
        world.pass(10_000);
        world.broker.add_fault(fault);
        send(&mut world, 2);
        world.pass(70_000);
        assert_eq!(inbound(&mut world), [1], "{fault:?}");
        assert_eq!(outcomes(&mut world), [(1, true), (2, false)], "{fault:?}");
    }
}

#[test]
fn a_gate_that_dies_at_any_moment_comes_again_with_its_consent() {
    for moments in 1..60 {
        let mut world = two();
        world.phones[ALICE].fuse.set(moments);
        let message = message(&world, 1);
        world.phones[ALICE].send(message);
        world.pass(20_000);
        world.phones[ALICE].fuse.set(0);
        assert_eq!(world.phones[ALICE].is_on(), Some(true), "{moments}");
        world.until("it is connected again", |world| world.phones[ALICE].is_connected());
    }
}

#[test]
fn an_uplink_that_dies_and_a_broker_that_forgets_are_connected_to_again() {
    let mut world = two();
    world.kill_uplink(ALICE);
    assert!(!world.phones[ALICE].is_connected() || !world.uplink_runs(ALICE));
    world.pass(5000);
    assert!(world.phones[ALICE].is_connected());
    world.crash_broker();
    world.pass(1000);
    world.until("both are connected", |world| {
        world.phones.iter_mut().all(|phone| phone.is_connected())
    });
    send(&mut world, 1);
    world.pass(10_000);
    assert_eq!(outcomes(&mut world), [(1, true)]);
}
