// SPDX-License-Identifier: Apache-2.0
//! What a message tells its recipient of its sender's ledger, and what two people find out with it (P5).

use cloudmessaging_ledger::compare::{compare, Compared};
use cloudmessaging_wire::proto::envelope::{content::Kind, Message};

use super::*;

fn opened(rig: &Rig, peer: &Peer, payload: &[u8]) -> Message {
    match peer.open(payload, &rig.identity) {
        Some(Kind::Message(message)) => message,
        _ => panic!("of another kind"),
    }
}

fn compared(rig: &Rig, message: &Message) -> Compared {
    let mut export = Vec::new();
    rig.users.export_ledger(0, &mut export).unwrap();
    compare(&export[..], None, &message.checkpoint_hash.as_slice().try_into().unwrap()).unwrap()
}

#[test]
fn the_hash_in_a_message_opens_with_its_senders_export_and_names_the_intent() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    let first = rig.send_to(&peer, 1);
    let first = opened(&rig, &peer, &first.payload);
    assert_eq!(rig.send(2), None);
    let second = rig.posted.pop_front().expect("nothing was sent");
    let second = opened(&rig, &peer, &second.payload);
    assert_ne!(first.checkpoint_hash, second.checkpoint_hash);
    let mut at = Vec::new();
    for message in [&first, &second] {
        let compared = compared(&rig, message);
        assert_eq!((compared.more, compared.out_of_reach), (0, 0));
        let opened = compared.opened.expect("no intent has made it");
        assert!(opened.checkpoint.size <= opened.position, "what was before it");
        at.push(opened.position);
    }
    assert!(at[0] < at[1]);
    // Somebody else's hash belongs to nothing here.
    let foreign = Message { checkpoint_hash: vec![7; 32], ..first };
    assert!(compared(&rig, &foreign).opened.is_none());
}

#[test]
fn a_message_that_is_sent_again_has_a_hash_of_its_own() {
    let mut rig = Rig::registered();
    let peer = Peer::new(PEER, 5, NOW);
    rig.acknowledges = false;
    let first = rig.send_to(&peer, 1);
    let post = rig.post_line().unwrap();
    rig.close(post);
    rig.run();
    rig.pass(2_000);
    let second = rig.posted.pop_front().expect("not sent again");
    let [first, second] = [first, second].map(|sent| opened(&rig, &peer, &sent.payload));
    assert_eq!(first.id, second.id);
    let [first, second] = [first, second].map(|m| compared(&rig, &m).opened.unwrap().position);
    assert!(first < second);
}

#[test]
fn the_recipients_app_gets_the_hash_and_keeps_it_over_a_restart() {
    let (mut rig, peer) = (Rig::registered(), Peer::new(PEER, 5, NOW));
    let not_after_ms = rig.wall() + 3_600_000;
    for (id, hash) in [(1, vec![9; 32]), (2, Vec::new())] {
        let (payload, _) = peer.message(&rig.registrar, &rig.inbox(), |m| {
            (m.id, m.not_after_ms, m.checkpoint_hash) = (vec![id; 16], not_after_ms, hash);
        });
        assert!(rig.arrives(payload));
    }
    let hashes = |rig: &Rig| -> Vec<_> {
        rig.users.inbound(0, 0, 9).unwrap().iter().map(|m| m.checkpoint_hash).collect()
    };
    assert_eq!(hashes(&rig), [Some([9; 32]), None]);
    rig.restart();
    assert_eq!(hashes(&rig), [Some([9; 32]), None]);
}
