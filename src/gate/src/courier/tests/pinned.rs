// SPDX-License-Identifier: Apache-2.0
//! Identity keys of others: pinned, and a change is told to the app.

use super::*;

fn with_peer() -> (Rig, Peer) {
    let (mut rig, peer) = (Rig::registered(), Peer::new(PEER, 5, NOW));
    rig.send_to(&peer, 1);
    (rig, peer)
}

/// A message of theirs arrives.
fn writes(rig: &mut Rig, peer: &Peer, id: u8) {
    let not_after_ms = rig.wall() + 60_000;
    let (payload, _) = peer.message(&rig.registrar, &rig.inbox(), |m| {
        (m.id, m.not_after_ms) = (vec![id; 16], not_after_ms);
    });
    assert!(rig.arrives(payload));
}

/// Whose keys have changed, as the app is told.
fn changed(rig: &Rig) -> Vec<Number> {
    let changes = rig.users.key_changes(0, 100).unwrap();
    changes.into_iter().map(|change| change.peer).collect()
}

fn digits(rig: &Rig) -> String {
    rig.users.fingerprint(0, SIM, &Number::parse(PEER).unwrap()).unwrap()
}

#[test]
fn another_key_in_a_message_is_told_to_the_app_until_it_has_acknowledged_that() {
    let (mut rig, peer) = with_peer();
    writes(&mut rig, &peer, 1);
    assert!(changed(&rig).is_empty(), "the one that was looked up");
    let before = digits(&rig);
    let new = Peer::new(PEER, 6, NOW);
    writes(&mut rig, &new, 2);
    assert_eq!(rig.received(), [1, 2], "it is not kept from the owner");
    assert_eq!(changed(&rig), [Number::parse(PEER).unwrap()]);
    assert_ne!(digits(&rig), before);
    writes(&mut rig, &new, 3);
    rig.restart();
    assert_eq!(changed(&rig).len(), 1, "once, whatever crashes");
    let at = rig.users.key_changes(0, 100).unwrap()[0].at_millis;
    rig.users.acknowledge_key_changes(0, at).unwrap();
    assert!(changed(&rig).is_empty());
}

#[test]
fn another_key_in_a_bundle_is_told_to_the_app_and_written_to() {
    let (mut rig, _) = with_peer();
    let new = Peer::new(PEER, 6, NOW);
    // The message is taken back, and so its recipient looked up.
    rig.pass(590_000);
    rig.answer_look_up(&new);
    assert_eq!(changed(&rig), [Number::parse(PEER).unwrap()]);
    assert_eq!(rig.send(2), None);
    let publish = rig.posted.pop_front().expect("nothing was sent");
    assert!(new.open(&publish.payload, &rig.identity).is_some());
}

#[test]
fn what_is_not_to_be_believed_pins_nothing() {
    let (mut rig, peer) = with_peer();
    let before = digits(&rig);
    // Certified earlier; certified by nobody; certified, and signed by somebody else.
    writes(&mut rig, &Peer::new(PEER, 4, NOW), 1);
    let registrar = std::mem::replace(&mut rig.registrar, Registrar::new());
    writes(&mut rig, &Peer::new(PEER, 6, NOW), 2);
    rig.registrar = registrar;
    let other = Peer::new(PEER, 6, NOW);
    writes(&mut rig, &Peer { identity: peer.identity, ..other }, 3);
    assert!(rig.received().is_empty() && changed(&rig).is_empty());
    assert_eq!(digits(&rig), before);
    assert_eq!(rig.dropped().len(), 3);
}
