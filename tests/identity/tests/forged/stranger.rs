// SPDX-License-Identifier: Apache-2.0
//! Somebody who is no phone: knows the protocol, and keeps to it or not. And what is looked at afterwards.

use cloudmessaging_seal::key::random;
use cloudmessaging_seal::{
    generate, issue_bundle, issue_sender_certificate, open_content, receipt_key_id, seal_content,
    sign_prekeys, verify_bundle, Address, CertifiedIdentity, IdentityKey, Number, Prekey,
    PrekeyPair, PublicKey, Reader, RoutingId, SealedEnvelope, Sealing, SecretKey,
};
use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::envelope::{
    content::Kind, Content, Message, Receipt, ReceiptStatus, Retract,
};
use cloudmessaging_wire::{signed, topic};
use prost::Message as _;
use sim::World;

pub const ALICE: usize = 0;
pub const BOB: usize = 1;
pub const CAROL: usize = 2;
pub const SECOND: i64 = 1000;
pub const HOUR: i64 = 3600 * SECOND;
pub const DAY: i64 = 24 * HOUR;
const NUMBER: &str = "+15550199";

/// Three phones, connected.
pub fn three() -> World {
    World::connected(&["+15550100", "+15550101", "+15550102"])
}

/// Somebody with a number, whom the registrar of the world certified.
pub struct Stranger {
    pub identity: IdentityKey,
    pub certified: CertifiedIdentity,
    pub certificate: Vec<u8>,
    /// What messages to the stranger are sealed to.
    pub prekeys: [PrekeyPair; 2],
    /// What receipts to the stranger are sealed to.
    pub receipt: (SecretKey, PublicKey),
}

impl Stranger {
    pub fn new(world: &World) -> Self {
        Self::with_serial(world, 7)
    }

    /// Another identity key for the same number, certified with this serial.
    pub fn with_serial(world: &World, serial: u64) -> Self {
        let number = Number::parse(NUMBER).unwrap();
        let identity = IdentityKey::generate().unwrap();
        let certified = CertifiedIdentity {
            routing_id: world.registrar.routing_id(&number),
            number,
            identity_key: identity.public_key(),
            serial,
            not_after_ms: world.now() + 3 * DAY,
        };
        let (key_id, signing) = world.registrar.keys().signing();
        Self {
            certificate: issue_sender_certificate(signing, key_id, &certified),
            identity,
            certified,
            prekeys: [world.now(), world.now() + DAY].map(|at| PrekeyPair::generate(at).unwrap()),
            receipt: generate().unwrap(),
        }
    }

    pub fn routing_id(&self) -> &RoutingId {
        &self.certified.routing_id
    }

    /// The bundle that goes with the certificate, signed with this key of a registrar.
    pub fn bundle(&self, signing: &IdentityKey) -> Vec<u8> {
        let [current, next] = &self.prekeys;
        let (prekeys, signature) = sign_prekeys(&self.identity, &current.prekey(), &next.prekey());
        issue_bundle(signing, 1, &(&self.certified).into(), &prekeys, &signature)
    }

    /// Is registered from here on: phones find the stranger.
    pub fn register(&self, world: &World) {
        world
            .registrar
            .shelf
            .put(self.routing_id(), self.bundle(world.registrar.keys().signing().1));
    }

    /// An honest message.
    pub fn message(&self, world: &World, id: u8) -> Message {
        Message {
            id: vec![id; 16],
            not_after_ms: world.now() + 60 * SECOND,
            body: format!("message {id}"),
            sender_certificate: self.certificate.clone(),
            receipt_public_key: self.receipt.1 .0.to_vec(),
            checkpoint_hash: Vec::new(),
            sent_ms: world.now(),
        }
    }

    /// An honest retract.
    pub fn retract(&self, id: u8) -> Retract {
        Retract {
            id: vec![id; 16],
            sender_certificate: self.certificate.clone(),
            receipt_public_key: self.receipt.1 .0.to_vec(),
        }
    }

    /// Sealed to the inbox of a phone.
    pub fn seal(&self, world: &World, to: usize, kind: Kind) -> Vec<u8> {
        let (routing_id, prekey) = reader(world, to);
        let to = Address {
            reader: Reader::Inbox,
            routing_id: &routing_id,
            key_id: &prekey.id,
            key: &prekey.public_key,
        };
        seal_content(&to, &self.identity, content(kind)).unwrap().payload
    }

    /// Sealed to the inbox of a phone, with the last word on the signed bytes and on what is signed.
    pub fn seal_distorted(
        &self,
        world: &World,
        to: usize,
        content: &Content,
        distort: impl FnOnce(Vec<u8>) -> Vec<u8>,
    ) -> Vec<u8> {
        let (routing_id, prekey) = reader(world, to);
        let sealing = Sealing::begin(Reader::Inbox, &prekey.public_key).unwrap();
        let body = content.encode_to_vec();
        let to_sign = signed::content(&routing_id, &prekey.id, sealing.enc(), &body);
        let signature = self.identity.sign(&to_sign);
        let plaintext = distort(signed::attach(body, &signature));
        sealing.finish_envelope(&prekey.id, &plaintext).unwrap().payload
    }

    /// The message that came to the stranger last, and the receipt key that it asks for.
    pub fn last_message(&self, world: &World) -> (Message, PublicKey, RoutingId) {
        let inbox = topic::inbox(self.routing_id());
        let last = world.broker.routed.iter().rev().find(|p| p.topic == inbox);
        let envelope = SealedEnvelope::parse(&last.expect("a message").payload).unwrap();
        let prekey = self.prekeys.iter().find(|key| key.id == envelope.key_id).unwrap();
        let opened = open_content(Reader::Inbox, &prekey.secret, &envelope).unwrap();
        let Some(Kind::Message(message)) = opened.claimed().kind.clone() else { panic!("not one") };
        let sender = cloudmessaging_seal::verify_sender_certificate(
            &message.sender_certificate,
            &world.registrar.verifying(),
            world.now(),
        );
        let key = PublicKey::from_slice(&message.receipt_public_key).unwrap();
        (message, key, sender.unwrap().routing_id)
    }

    /// A receipt of this key for the message with this id.
    pub fn receipt(&self, key: &PublicKey, to: &RoutingId, id: &[u8]) -> Vec<u8> {
        let address =
            Address { reader: Reader::Receipt, routing_id: to, key_id: &receipt_key_id(key), key };
        let receipt = Receipt { id: id.to_vec(), status: ReceiptStatus::Delivered.into() };
        seal_content(&address, &self.identity, content(Kind::Receipt(receipt))).unwrap().payload
    }

    /// The statuses of the receipts that came to the stranger, oldest first.
    pub fn receipts(&self, world: &World) -> Vec<ReceiptStatus> {
        let inbox = topic::inbox(self.routing_id());
        let to_me = world.broker.routed.iter().filter(|p| p.topic == inbox);
        let opened = to_me.filter_map(|publication| {
            let envelope = SealedEnvelope::parse(&publication.payload).ok()?;
            let opened = open_content(Reader::Receipt, &self.receipt.0, &envelope).ok()?;
            match &opened.claimed().kind {
                Some(Kind::Receipt(receipt)) => Some(receipt.status()),
                _ => None,
            }
        });
        opened.collect()
    }
}

/// A content of this schema version.
pub fn content(kind: Kind) -> Content {
    Content { schema_version: SCHEMA_VERSION, kind: Some(kind), signature: Vec::new() }
}

/// Routing id and prekey of a phone, as its bundle says.
pub fn reader(world: &World, phone: usize) -> (RoutingId, Prekey) {
    let routing_id = world.registrar.routing_id(&world.phones[phone].number);
    let bundle = world.registrar.shelf.bundle(&routing_id).expect("registered");
    let keys = world.registrar.verifying();
    let keys = verify_bundle(&bundle, &keys, &routing_id, world.now()).unwrap();
    (routing_id, *keys.prekey_at(world.now()).unwrap())
}

/// Somebody's inbox.
pub fn inbox(world: &World, phone: usize) -> String {
    topic::inbox(&reader(world, phone).0)
}

/// Puts an envelope into the inbox of a phone; it has arrived when this returns.
pub fn deliver(world: &mut World, phone: usize, payload: Vec<u8>) {
    let inbox = inbox(world, phone);
    world.inject(inbox, payload, HOUR);
    world.pass(SECOND);
}

/// The ids of the messages that the app of a phone finds.
pub fn inbound(world: &mut World, phone: usize) -> Vec<u8> {
    world.phones[phone].inbound(0).unwrap().iter().map(|message| message.id[0]).collect()
}

/// What a phone's ledger says was dropped: reason and count. Everything was acknowledged to the broker.
pub fn dropped(world: &mut World, phone: usize) -> Vec<(String, u64)> {
    world.pass(70 * SECOND);
    assert_eq!(world.broker.waiting(), 0, "something is not acknowledged");
    let ledger = world.phones[phone].ledger();
    let entries = ledger.iter().filter(|(event, _)| event == "refused");
    let counts = entries.map(|(_, summary)| {
        // Dropped 2 messages from outside: REASON
        let words: Vec<_> = summary.split(' ').collect();
        (words.last().unwrap().to_string(), words[1].parse().unwrap_or(1))
    });
    counts.collect()
}

/// That one thing was dropped for this reason, and nothing else.
pub fn dropped_once(world: &mut World, phone: usize, reason: &str) {
    assert_eq!(dropped(world, phone), [(reason.to_owned(), 1)]);
}

/// Random bytes.
pub fn noise<const N: usize>() -> [u8; N] {
    random().unwrap()
}
