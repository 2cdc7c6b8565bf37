// SPDX-License-Identifier: Apache-2.0
//! Receipts that are not to be believed: what they say is an outcome of somebody's message.

use cloudmessaging_gate::service::facade::{OutgoingMessage, Personal};
use cloudmessaging_seal::{PublicKey, Reader, RoutingId, Sealing};
use cloudmessaging_wire::proto::envelope::{
    content::Kind, Content, Envelope, Receipt, ReceiptStatus,
};
use cloudmessaging_wire::signed;
use prost::Message as _;
use sim::{World, SIM};

use crate::stranger::*;

/// Alice has sent a message to a stranger: who that is, the receipt key, and where receipts go.
fn sent(world: &mut World, deadline_ms: i64) -> (Stranger, PublicKey, RoutingId) {
    let stranger = Stranger::new(world);
    stranger.register(world);
    send(world, &stranger, 1, deadline_ms);
    let (message, key, alice) = stranger.last_message(world);
    assert_eq!(message.id, [1; 16]);
    (stranger, key, alice)
}

fn send(world: &mut World, to: &Stranger, id: u8, deadline_ms: i64) {
    let message = OutgoingMessage {
        id: [id; 16],
        subscription: SIM,
        recipient: to.certified.number.clone(),
        body: Personal::new("hello"),
        sms_deadline_millis: world.phones[ALICE].wall_ms() + deadline_ms,
    };
    assert_eq!(world.phones[ALICE].send(message), Some(Ok(None)));
    world.pass(5 * SECOND);
}

/// Whether each message of Alice was delivered, in the order of their outcomes.
fn outcomes(world: &mut World) -> Vec<(u8, bool)> {
    let outcomes = world.phones[ALICE].outcomes(0).unwrap();
    outcomes.iter().map(|outcome| (outcome.id[0], outcome.delivered)).collect()
}

#[test]
fn an_honest_receipt_ends_a_message_as_delivered() {
    let mut world = three();
    let (stranger, key, alice) = sent(&mut world, HOUR);
    let receipt = stranger.receipt(&key, &alice, &[1; 16]);
    deliver(&mut world, ALICE, receipt);
    assert_eq!(outcomes(&mut world), [(1, true)]);
    assert!(dropped(&mut world, ALICE).is_empty());
}

#[test]
fn a_receipt_forged_by_anybody_but_the_reader_is_dropped() {
    let mut world = three();
    let (_, key, alice) = sent(&mut world, HOUR);
    // Certified by the registrar for the same number, even.
    let forger = Stranger::with_serial(&world, 9);
    let receipt = forger.receipt(&key, &alice, &[1; 16]);
    deliver(&mut world, ALICE, receipt);
    assert!(outcomes(&mut world).is_empty());
    dropped_once(&mut world, ALICE, "SIGNATURE");
}

#[test]
fn a_replayed_receipt_is_dropped() {
    let mut world = three();
    let (stranger, key, alice) = sent(&mut world, HOUR);
    let receipt = stranger.receipt(&key, &alice, &[1; 16]);
    deliver(&mut world, ALICE, receipt.clone());
    let once = outcomes(&mut world);
    deliver(&mut world, ALICE, receipt);
    assert_eq!(outcomes(&mut world), once);
    dropped_once(&mut world, ALICE, "UNKNOWN_KEY");
}

#[test]
fn a_receipt_for_another_message_is_dropped() {
    let mut world = three();
    let (stranger, first, alice) = sent(&mut world, HOUR);
    send(&mut world, &stranger, 2, HOUR);
    let receipt = stranger.receipt(&first, &alice, &[2; 16]);
    deliver(&mut world, ALICE, receipt);
    assert!(outcomes(&mut world).is_empty());
    dropped_once(&mut world, ALICE, "UNEXPECTED");
}

#[test]
fn a_receipt_republished_to_another_inbox_is_dropped() {
    let mut world = three();
    let (stranger, key, alice) = sent(&mut world, HOUR);
    let receipt = stranger.receipt(&key, &alice, &[1; 16]);
    deliver(&mut world, CAROL, receipt);
    assert!(outcomes(&mut world).is_empty());
    dropped_once(&mut world, CAROL, "UNKNOWN_KEY");
}

#[test]
fn a_receipt_signed_for_another_inbox_is_dropped() {
    let mut world = three();
    let (stranger, key, _) = sent(&mut world, HOUR);
    let (carol, _) = reader(&world, CAROL);
    let receipt = stranger.receipt(&key, &carol, &[1; 16]);
    deliver(&mut world, ALICE, receipt);
    assert!(outcomes(&mut world).is_empty());
    dropped_once(&mut world, ALICE, "SIGNATURE");
}

#[test]
fn an_altered_receipt_is_dropped() {
    let mut world = three();
    let (stranger, key, alice) = sent(&mut world, HOUR);
    let receipt = stranger.receipt(&key, &alice, &[1; 16]);
    let alterations: [fn(&mut Envelope); 3] =
        [|e| e.enc[0] ^= 1, |e| e.ciphertext[5] ^= 1, |e| *e.ciphertext.last_mut().unwrap() ^= 1];
    for alter in alterations {
        let mut envelope = Envelope::decode(&receipt[..]).unwrap();
        alter(&mut envelope);
        deliver(&mut world, ALICE, envelope.encode_to_vec());
    }
    // What it says, under the signature of what it said.
    let sealing = Sealing::begin(Reader::Receipt, &key).unwrap();
    let key_id = cloudmessaging_seal::receipt_key_id(&key);
    let says = |status: ReceiptStatus| {
        let receipt = Receipt { id: vec![1; 16], status: status.into() };
        content(Kind::Receipt(receipt)).encode_to_vec()
    };
    let full = says(ReceiptStatus::Full);
    let signature = stranger.identity.sign(&signed::content(&alice, &key_id, sealing.enc(), &full));
    let plaintext = signed::attach(says(ReceiptStatus::Delivered), &signature);
    let sealed = sealing.finish_envelope(&key_id, &plaintext).unwrap();
    deliver(&mut world, ALICE, sealed.payload);
    assert!(outcomes(&mut world).is_empty());
    let dropped = dropped(&mut world, ALICE);
    assert_eq!(dropped, [("NOT_OPENED".to_owned(), 3), ("SIGNATURE".to_owned(), 1)]);
}

#[test]
fn a_receipt_that_comes_after_the_end_changes_nothing() {
    let mut world = three();
    let (stranger, key, alice) = sent(&mut world, 30 * SECOND);
    world.pass(40 * SECOND);
    assert_eq!(outcomes(&mut world), [(1, false)]);
    let receipt = stranger.receipt(&key, &alice, &[1; 16]);
    deliver(&mut world, ALICE, receipt);
    assert_eq!(outcomes(&mut world), [(1, false)]);
    dropped_once(&mut world, ALICE, "UNKNOWN_KEY");
}

#[test]
fn a_receipt_of_schema_version_0_or_of_the_future_is_dropped() {
    let mut world = three();
    let (stranger, key, alice) = sent(&mut world, HOUR);
    for schema_version in [0, 2] {
        let receipt = Receipt { id: vec![1; 16], status: ReceiptStatus::Delivered.into() };
        let body = Content { schema_version, ..content(Kind::Receipt(receipt)) }.encode_to_vec();
        let sealing = Sealing::begin(Reader::Receipt, &key).unwrap();
        let key_id = cloudmessaging_seal::receipt_key_id(&key);
        let to_sign = signed::content(&alice, &key_id, sealing.enc(), &body);
        let plaintext = signed::attach(body, &stranger.identity.sign(&to_sign));
        let sealed = sealing.finish_envelope(&key_id, &plaintext).unwrap();
        deliver(&mut world, ALICE, sealed.payload);
    }
    assert!(outcomes(&mut world).is_empty());
    assert_eq!(dropped(&mut world, ALICE), [("NOT_OPENED".to_owned(), 2)]);
}
