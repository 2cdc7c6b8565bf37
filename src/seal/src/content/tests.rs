// SPDX-License-Identifier: Apache-2.0
//! A content is believed if its sender signed it for this reader, this key and this encryption; else not.

use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::envelope::{Message, Receipt, Retract};
use prost::Message as _;

use super::*;
use crate::key::generate;

const ROUTING_ID: RoutingId = [4; 32];
const KEY_ID: KeyId = [8; 8];

fn message() -> Message {
    Message {
        id: vec![1; 16],
        not_after_ms: 2,
        body: "See you at eight".to_owned(),
        sender_certificate: vec![3; 180],
        receipt_public_key: vec![5; 32],
        checkpoint_hash: vec![6; 32],
        sent_ms: 7,
    }
}

fn content(kind: Kind) -> Content {
    Content { schema_version: SCHEMA_VERSION, kind: Some(kind), signature: Vec::new() }
}

struct Pair {
    sender: IdentityKey,
    secret: SecretKey,
    key: PublicKey,
}

impl Pair {
    fn new() -> Self {
        let (secret, key) = generate().unwrap();
        Self { sender: IdentityKey::generate().unwrap(), secret, key }
    }

    fn address(&self) -> Address<'_> {
        Address { reader: Reader::Inbox, routing_id: &ROUTING_ID, key_id: &KEY_ID, key: &self.key }
    }

    fn seal(&self, kind: Kind) -> Vec<u8> {
        seal_content(&self.address(), &self.sender, content(kind)).unwrap().payload
    }

    fn open(&self, payload: &[u8]) -> Result<UnverifiedContent, SealError> {
        open_content(Reader::Inbox, &self.secret, &SealedEnvelope::parse(payload)?)
    }

    fn read(&self, payload: &[u8]) -> Result<Content, SealError> {
        self.open(payload)?.verify(&self.sender.public_key(), &ROUTING_ID)
    }

    /// Seals a plaintext as it is, signed or not.
    fn seal_plaintext(&self, plaintext: &[u8]) -> Vec<u8> {
        let sealing = Sealing::begin(Reader::Inbox, &self.key).unwrap();
        sealing.finish_envelope(&KEY_ID, plaintext).unwrap().payload
    }

    /// Seals a body with a signature over what `signed` makes of it and of the encapsulated key.
    fn seal_body(&self, body: &[u8], signed: impl FnOnce(&[u8; ENC], &[u8]) -> Vec<u8>) -> Vec<u8> {
        let sealing = Sealing::begin(Reader::Inbox, &self.key).unwrap();
        let signature = self.sender.sign(&signed(sealing.enc(), body));
        let plaintext = signed::attach(body.to_vec(), &signature);
        sealing.finish_envelope(&KEY_ID, &plaintext).unwrap().payload
    }
}

#[test]
fn what_was_said_is_what_is_read() {
    let pair = Pair::new();
    let receipt = Receipt { id: vec![1; 16], status: ReceiptStatus::Delivered.into() };
    let retract = Retract {
        id: vec![1; 16],
        sender_certificate: vec![3; 180],
        receipt_public_key: vec![5; 32],
    };
    for kind in [Kind::Message(message()), Kind::Receipt(receipt), Kind::Retract(retract)] {
        let payload = pair.seal(kind.clone());
        let opened = pair.open(&payload).unwrap();
        let has_certificate = !matches!(kind, Kind::Receipt(_));
        assert_eq!(opened.sender_certificate().is_some(), has_certificate);
        assert!(opened.claimed().kind.as_ref() == Some(&kind));
        assert!(pair.read(&payload).unwrap() == content(kind));
    }
}

#[test]
fn the_size_that_is_told_is_that_of_the_signed_plaintext() {
    let pair = Pair::new();
    let content = content(Kind::Message(message()));
    let size = content.encoded_len() + signed::SUFFIX;
    let sealed = seal_content(&pair.address(), &pair.sender, content).unwrap();
    assert_eq!(sealed.plaintext_size, size);
}

#[test]
fn a_signature_by_somebody_else_is_refused() {
    let pair = Pair::new();
    let stranger = IdentityKey::generate().unwrap().public_key();
    let opened = pair.open(&pair.seal(Kind::Message(message()))).unwrap();
    assert!(opened.verify(&stranger, &ROUTING_ID) == Err(SealError::Signature));
}

#[test]
fn what_was_written_to_another_reader_is_refused() {
    let pair = Pair::new();
    let opened = pair.open(&pair.seal(Kind::Message(message()))).unwrap();
    assert!(opened.verify(&pair.sender.public_key(), &[9; 32]) == Err(SealError::Signature));
}

#[test]
fn what_was_written_to_another_key_of_the_reader_is_refused() {
    let pair = Pair::new();
    let mut envelope = SealedEnvelope::parse(&pair.seal(Kind::Message(message()))).unwrap();
    envelope.key_id[0] ^= 1;
    let opened = open_content(Reader::Inbox, &pair.secret, &envelope).unwrap();
    let refused = opened.verify(&pair.sender.public_key(), &ROUTING_ID);
    assert!(refused == Err(SealError::Signature));
}

#[test]
fn what_a_reader_seals_again_is_refused() {
    let pair = Pair::new();
    let envelope = SealedEnvelope::parse(&pair.seal(Kind::Message(message()))).unwrap();
    let plaintext = envelope.open(Reader::Inbox, &pair.secret).unwrap();
    let again = pair.seal_plaintext(&plaintext);
    assert!(pair.open(&again).is_ok());
    assert!(pair.read(&again) == Err(SealError::Signature));
}

#[test]
fn any_field_altered_under_the_signature_is_refused() {
    let pair = Pair::new();
    let alterations: [fn(&mut Message); 7] = [
        |m| m.id[0] ^= 1,
        |m| m.not_after_ms += 1,
        |m| m.body.push('!'),
        |m| m.sender_certificate[0] ^= 1,
        |m| m.receipt_public_key[0] ^= 1,
        |m| m.checkpoint_hash[0] ^= 1,
        |m| m.sent_ms += 1,
    ];
    let original = content(Kind::Message(message())).encode_to_vec();
    for (n, alter) in alterations.into_iter().enumerate() {
        let mut altered = message();
        alter(&mut altered);
        let body = content(Kind::Message(altered)).encode_to_vec();
        let payload =
            pair.seal_body(&body, |enc, _| signed::content(&ROUTING_ID, &KEY_ID, enc, &original));
        assert!(pair.read(&payload) == Err(SealError::Signature), "{n}");
    }
    let as_another_kind = pair.seal_body(&original, |enc, body| signed::request(1, enc, body));
    assert!(pair.read(&as_another_kind) == Err(SealError::Signature));
}

#[test]
fn with_any_bit_of_the_payload_flipped_it_is_refused() {
    let pair = Pair::new();
    let payload = pair.seal(Kind::Retract(Retract {
        id: vec![1; 16],
        sender_certificate: vec![3; 16],
        receipt_public_key: vec![5; 32],
    }));
    for bit in 0..payload.len() * 8 {
        let mut altered = payload.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(pair.read(&altered).is_err(), "bit {bit}");
    }
    for length in 0..payload.len() {
        assert!(pair.read(&payload[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn a_plaintext_that_is_no_signed_content_is_refused() {
    let pair = Pair::new();
    let malformed = |payload: &[u8]| pair.open(payload).err();
    let body = content(Kind::Message(message())).encode_to_vec();
    let no_content = Some(SealError::Malformed("content"));
    assert_eq!(malformed(&pair.seal_plaintext(&[])), no_content);
    assert_eq!(malformed(&pair.seal_plaintext(&body)), no_content, "unsigned");
    let garbage = signed::attach(vec![0xff; 30], &[0; 64]);
    assert_eq!(malformed(&pair.seal_plaintext(&garbage)), no_content);
    let nothing = signed::attach(vec![1 << 3, 1], &[0; 64]);
    assert_eq!(malformed(&pair.seal_plaintext(&nothing)), no_content, "no kind");
    let twice = signed::attach(signed::attach(body.clone(), &[1; 64]), &[2; 64]);
    assert_eq!(malformed(&pair.seal_plaintext(&twice)), no_content, "two signatures");
}

#[test]
fn fields_of_another_length_are_refused_on_both_sides() {
    let pair = Pair::new();
    let refused_as = |what: &'static str, kind: Kind| {
        let content = content(kind);
        let signed = pair.seal_body(&content.encode_to_vec(), |enc, body| {
            signed::content(&ROUTING_ID, &KEY_ID, enc, body)
        });
        assert_eq!(pair.open(&signed).unwrap_err(), SealError::Malformed(what));
        let refused = seal_content(&pair.address(), &pair.sender, content);
        assert_eq!(refused, Err(SealError::Malformed(what)));
    };
    let altered = |alter: fn(&mut Message)| {
        let mut message = message();
        alter(&mut message);
        Kind::Message(message)
    };
    refused_as("message id", altered(|m| m.id.truncate(15)));
    refused_as("message id", altered(|m| m.id.push(0)));
    refused_as("receipt key", altered(|m| m.receipt_public_key.clear()));
    refused_as("checkpoint hash", altered(|m| m.checkpoint_hash.truncate(31)));
    refused_as("body", altered(|m| m.body = "x".repeat(BODY_MAX + 1)));
    let receipt_public_key = vec![5; 32];
    let retract = Retract { id: Vec::new(), receipt_public_key, ..Retract::default() };
    refused_as("message id", Kind::Retract(retract));
    refused_as("receipt key", Kind::Retract(Retract { id: vec![1; 16], ..Retract::default() }));
    for status in [0, 4, -1] {
        refused_as("receipt status", Kind::Receipt(Receipt { id: vec![1; 16], status }));
    }
    let status = ReceiptStatus::Full.into();
    refused_as("message id", Kind::Receipt(Receipt { id: vec![1; 17], status }));
}

#[test]
fn the_longest_body_fits() {
    let pair = Pair::new();
    let body = "\u{20ac}".repeat(BODY_MAX / 3);
    let message = Message { body, sender_certificate: vec![3; 256], ..message() };
    let payload = pair.seal(Kind::Message(message.clone()));
    assert!(pair.read(&payload).unwrap() == content(Kind::Message(message)));
}

#[test]
fn a_future_schema_version_is_refused() {
    let pair = Pair::new();
    let future = Content { schema_version: 2, ..content(Kind::Message(Message::default())) };
    let payload = pair.seal_body(&future.encode_to_vec(), |enc, body| {
        signed::content(&ROUTING_ID, &KEY_ID, enc, body)
    });
    assert_eq!(pair.open(&payload).unwrap_err(), SealError::Future(2));
}

#[test]
fn a_receipt_is_no_message_though_its_key_is_the_same() {
    let pair = Pair::new();
    let to = Address { reader: Reader::Receipt, ..pair.address() };
    let receipt = Receipt { id: vec![1; 16], status: ReceiptStatus::Delivered.into() };
    let sealed = seal_content(&to, &pair.sender, content(Kind::Receipt(receipt))).unwrap();
    assert_eq!(pair.open(&sealed.payload).unwrap_err(), SealError::Open);
    let envelope = SealedEnvelope::parse(&sealed.payload).unwrap();
    assert!(open_content(Reader::Receipt, &pair.secret, &envelope).is_ok());
}

#[test]
fn a_receipt_key_is_named_by_its_hash() {
    // Python: hashlib.sha256(b"\x09" * 32).hexdigest()[:16]
    assert_eq!(hex::encode(receipt_key_id(&PublicKey([9; 32]))), "8c0cc17a04942cc4");
}

#[test]
fn debug_shows_nothing_that_was_said() {
    let pair = Pair::new();
    let opened = pair.open(&pair.seal(Kind::Message(message()))).unwrap();
    assert_eq!(format!("{opened:?}"), "UnverifiedContent(..)");
}
