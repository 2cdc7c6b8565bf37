// SPDX-License-Identifier: Apache-2.0
//! Clocks that are an hour off, at either end: each message has one outcome still, and where an SMS is sent beside a
//! message that is held, the recipient's app can tell (P6).

use cloudmessaging_gate::service::facade::{OutgoingMessage, Personal};
use sim::{Fault, World, SIM};

const ALICE: usize = 0;
const BOB: usize = 1;
const HOUR_MS: i64 = 3_600_000;
/// What the app gives each message.
const MINUTES_MS: i64 = 120_000;

/// Alice has written to Bob, and has his keys. Since then their clocks are off by so much: a registrar refuses what
/// is asked by such a clock.
fn world(alice_ms: i64, bob_ms: i64) -> World {
    let mut world = World::connected(&["+15550100", "+15550101"]);
    send(&mut world, 1);
    world.pass(10_000);
    world.phones[ALICE].set_clock_wrong_by(alice_ms);
    world.phones[BOB].set_clock_wrong_by(bob_ms);
    world
}

fn send(world: &mut World, id: u8) {
    let message = OutgoingMessage {
        id: [id; 16],
        subscription: SIM,
        recipient: world.phones[BOB].number.clone(),
        body: Personal::new(format!("message {id}")),
        sms_deadline_millis: world.phones[ALICE].wall_ms() + MINUTES_MS,
    };
    assert_eq!(world.phones[ALICE].send(message), Some(Ok(None)));
}

/// Lets all come to its end, and checks what is promised of it; gives how many were delivered.
fn ended_well(world: &mut World, sent: u8, case: &str) -> usize {
    world.pass(3 * HOUR_MS);
    let outcomes = world.phones[ALICE].outcomes(0).unwrap();
    let mut ids: Vec<u8> = outcomes.iter().map(|outcome| outcome.id[0]).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=sent).collect::<Vec<_>>(), "{case}: each has one outcome");
    let inbound = world.phones[BOB].inbound(0).unwrap();
    let sender = world.phones[ALICE].number.clone();
    for outcome in &outcomes {
        let id = outcome.id[0];
        let held = inbound.iter().filter(|message| message.id[0] == id).count();
        assert!(held <= 1, "{case}: message {id} is there twice");
        if outcome.delivered {
            assert_eq!(held, 1, "{case}: message {id} was delivered");
            continue;
        }
        // The app sends it as an SMS now.
        let again = world.phones[BOB].check_sms(&sender, &format!("message {id}")).unwrap();
        assert_eq!(again.map(|id| id[0]), (held == 1).then_some(id), "{case}: message {id}");
    }
    outcomes.iter().filter(|outcome| outcome.delivered).count()
}

fn cases() -> [(&'static str, i64, i64); 5] {
    [
        ("both right", 0, 0),
        ("sender ahead", HOUR_MS, 0),
        ("sender behind", -HOUR_MS, 0),
        ("recipient ahead", 0, HOUR_MS),
        ("recipient behind", 0, -HOUR_MS),
    ]
}

#[test]
fn a_clock_that_is_an_hour_off_on_either_side_leaves_each_message_one_outcome() {
    for (case, alice, bob) in cases() {
        let mut world = world(alice, bob);
        for id in 2..=3 {
            send(&mut world, id);
            world.pass(10_000);
        }
        // By the recipient's clock, what comes of one that is behind is over already; and by a recipient's that is
        // behind, a certificate of the last hour lives longer than any may.
        let expected = if alice < bob || bob < 0 { 1 } else { 3 };
        assert_eq!(ended_well(&mut world, 3, case), expected, "{case}");
    }
}

#[test]
fn with_such_a_clock_and_a_broker_that_loses_repeats_and_holds_back_too() {
    let faults = [
        Fault::Lose,
        Fault::Repeat,
        Fault::Late(30_000),
        Fault::Late(MINUTES_MS + 1000),
        Fault::LateAndFresh(MINUTES_MS + 1000),
        Fault::NoAck,
        Fault::NotTaken,
    ];
    for (case, alice, bob) in cases() {
        for fault in faults {
            let mut world = world(alice, bob);
            for nth in 0..3 {
                // The message, its receipt, or what comes after.
                (0..nth).for_each(|_| world.broker.add_fault(Fault::Late(0)));
                world.broker.add_fault(fault);
                send(&mut world, 2 + nth);
                world.pass(20_000);
                world.broker.heal();
            }
            ended_well(&mut world, 4, &format!("{case}, {fault:?}"));
        }
    }
}

#[test]
fn with_such_a_clock_and_a_recipient_that_is_away_too() {
    for (case, alice, bob) in cases() {
        for away_ms in [30_000, MINUTES_MS - 5_000, MINUTES_MS + 5_000, HOUR_MS] {
            let mut world = world(alice, bob);
            world.phones[BOB].set_network(false);
            send(&mut world, 2);
            world.pass(away_ms);
            world.phones[BOB].set_network(true);
            ended_well(&mut world, 2, &format!("{case}, away for {away_ms} ms"));
        }
    }
}

#[test]
fn a_clock_that_is_set_while_a_message_is_under_way_changes_nothing_about_that() {
    for (case, alice, bob) in cases() {
        for (n, by) in [(ALICE, HOUR_MS), (ALICE, -HOUR_MS), (BOB, HOUR_MS), (BOB, -HOUR_MS)] {
            let mut world = world(alice, bob);
            world.phones[BOB].set_network(false);
            send(&mut world, 2);
            world.pass(5_000);
            let before = world.phones[n].clock_wrong_by();
            world.phones[n].set_clock_wrong_by(before + by);
            world.pass(5_000);
            world.phones[BOB].set_network(true);
            ended_well(&mut world, 2, &format!("{case}, then phone {n} by {by} ms"));
        }
    }
}
