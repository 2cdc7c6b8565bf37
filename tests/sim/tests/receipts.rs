// SPDX-License-Identifier: Apache-2.0
//! When receipts go out, and for how long they are good.

use cloudmessaging_gate::service::facade::{OutgoingMessage, Personal};
use cloudmessaging_wire::topic;
use sim::{World, SIM};

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: i64 = 1000;
const DAY: i64 = 24 * 3600 * SECOND;
/// What connections and the way there and back take at most, ms.
const UNDER_WAY: i64 = 500;

#[test]
fn a_receipt_waits_for_up_to_two_seconds_by_chance_and_is_good_for_a_day() {
    let mut world = World::connected(&["+15550100", "+15550101"]);
    let inbox = topic::inbox(&world.registrar.routing_id(&world.phones[ALICE].number));
    let mut waits = Vec::new();
    for id in 1..=20 {
        world.broker.routed.clear();
        let sent = world.now();
        let message = OutgoingMessage {
            id: [id; 16],
            subscription: SIM,
            recipient: world.phones[BOB].number.clone(),
            body: Personal::new("hello"),
            sms_deadline_millis: world.phones[ALICE].wall_ms() + 60 * SECOND,
        };
        assert_eq!(world.phones[ALICE].send(message), Some(Ok(None)));
        world.pass(5 * SECOND);
        let to_alice = world.broker.routed.iter().filter(|p| p.topic == inbox);
        let [receipt] = &to_alice.collect::<Vec<_>>()[..] else { panic!("not one receipt") };
        // The broker was told to keep it for a day from then on.
        waits.push(receipt.expires_ms.unwrap() - DAY - sent);
    }
    assert!(waits.iter().all(|ms| (0..=2 * SECOND + UNDER_WAY).contains(ms)), "{waits:?}");
    let spread = waits.iter().max().unwrap() - waits.iter().min().unwrap();
    assert!(spread > UNDER_WAY, "{waits:?}");
    assert!(world.phones[ALICE].outcomes(0).unwrap().iter().all(|outcome| outcome.delivered));
}
