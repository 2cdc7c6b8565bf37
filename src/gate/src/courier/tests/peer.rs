// SPDX-License-Identifier: Apache-2.0
//! The registrar, and somebody to write with: their keys, and what they say.

use cloudmessaging_seal::{
    generate, issue_bundle, issue_sender_certificate, open_content, receipt_key_id, seal_content,
    sign_prekeys, Address, CertifiedIdentity, CertifiedKeys, IdentityKey, Number, Prekey,
    PrekeyPair, PublicKey, Reader, RoutingId, SealedEnvelope, SecretKey,
};
use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::envelope::{
    content::Kind, Content, Message, Moved, Receipt, ReceiptStatus, Retract,
};

pub const DAY_MS: i64 = 24 * 3_600_000;
pub const REGISTRAR_KEY: u32 = 1;

/// The registrar's private keys.
pub struct Registrar {
    pub signing: IdentityKey,
    pub secret: SecretKey,
    pub public: PublicKey,
}

impl Registrar {
    pub fn new() -> Self {
        let (secret, public) = generate().unwrap();
        Self { signing: IdentityKey::generate().unwrap(), secret, public }
    }

    pub fn certificate(&self, identity: &CertifiedIdentity) -> Vec<u8> {
        issue_sender_certificate(&self.signing, REGISTRAR_KEY, identity)
    }
}

/// Somebody with another phone.
pub struct Peer {
    pub identity: IdentityKey,
    pub certified: CertifiedIdentity,
    pub prekeys: [PrekeyPair; 2],
}

/// Where the phone under test is reached.
#[derive(Clone, Copy)]
pub struct Inbox {
    pub routing_id: RoutingId,
    pub prekey: Prekey,
}

impl Peer {
    pub fn new(number: &str, serial: u64, now_ms: i64) -> Self {
        let identity = IdentityKey::generate().unwrap();
        let certified = CertifiedIdentity {
            number: Number::parse(number).unwrap(),
            routing_id: [7; 32],
            identity_key: identity.public_key(),
            serial,
            not_after_ms: now_ms + 6 * DAY_MS,
        };
        let prekey = |from| PrekeyPair::generate(from).unwrap();
        Self { identity, certified, prekeys: [prekey(now_ms), prekey(now_ms + DAY_MS)] }
    }

    /// What the registrar answers about them.
    pub fn bundle(&self, registrar: &Registrar) -> Vec<u8> {
        let [current, next] = &self.prekeys;
        let (prekeys, signature) = sign_prekeys(&self.identity, &current.prekey(), &next.prekey());
        let keys = CertifiedKeys::from(&self.certified);
        issue_bundle(&registrar.signing, REGISTRAR_KEY, &keys, &prekeys, &signature)
    }

    /// Opens what was sent to them; `None` if they cannot.
    pub fn open(&self, payload: &[u8], sender: &[u8; 32]) -> Option<Kind> {
        let envelope = SealedEnvelope::parse(payload).unwrap();
        let prekey = self.prekeys.iter().find(|key| key.id == envelope.key_id)?;
        let content = open_content(Reader::Inbox, &prekey.secret, &envelope).unwrap();
        content.verify(sender, &self.certified.routing_id).unwrap().kind
    }

    /// What they tell the sender of a message or of a retract with this receipt key.
    pub fn receipt(&self, to: &Inbox, key: &[u8], id: [u8; 16], status: ReceiptStatus) -> Vec<u8> {
        let key = PublicKey::from_slice(key).unwrap();
        let key_id = receipt_key_id(&key);
        let address = Address {
            reader: Reader::Receipt,
            routing_id: &to.routing_id,
            key_id: &key_id,
            key: &key,
        };
        let receipt = Receipt { id: id.to_vec(), status: status as i32 };
        sealed(&address, &self.identity, Kind::Receipt(receipt))
    }

    /// Their message; with the key that its receipt is sealed to.
    pub fn message(
        &self,
        registrar: &Registrar,
        to: &Inbox,
        change: impl FnOnce(&mut Message),
    ) -> (Vec<u8>, SecretKey) {
        let (secret, receipt_key) = generate().unwrap();
        let mut message = Message {
            id: vec![1; 16],
            body: "hello".into(),
            sender_certificate: registrar.certificate(&self.certified),
            receipt_public_key: receipt_key.0.to_vec(),
            ..Message::default()
        };
        change(&mut message);
        (to.sealed(&self.identity, Kind::Message(message)), secret)
    }

    /// Their word that a message is not to be taken.
    pub fn retract(&self, registrar: &Registrar, to: &Inbox, id: [u8; 16]) -> (Vec<u8>, SecretKey) {
        let (secret, receipt_key) = generate().unwrap();
        let retract = Retract {
            id: id.to_vec(),
            sender_certificate: registrar.certificate(&self.certified),
            receipt_public_key: receipt_key.0.to_vec(),
        };
        (to.sealed(&self.identity, Kind::Retract(retract)), secret)
    }

    /// The status in a receipt that was sealed to the key of this secret and signed by `from`.
    pub fn status(&self, payload: &[u8], secret: &SecretKey, from: &[u8; 32]) -> ReceiptStatus {
        let envelope = SealedEnvelope::parse(payload).unwrap();
        let content = open_content(Reader::Receipt, secret, &envelope).unwrap();
        match content.verify(from, &self.certified.routing_id).unwrap().kind {
            Some(Kind::Receipt(receipt)) => receipt.status(),
            _ => panic!("of another kind"),
        }
    }
}

impl Inbox {
    /// A content for this inbox, signed by `signer`.
    pub fn sealed(&self, signer: &IdentityKey, kind: Kind) -> Vec<u8> {
        let address = Address {
            reader: Reader::Inbox,
            routing_id: &self.routing_id,
            key_id: &self.prekey.id,
            key: &self.prekey.public_key,
        };
        sealed(&address, signer, kind)
    }

    /// The word that the number is another phone's.
    pub fn moved(&self, signer: &IdentityKey, identity_key: [u8; 32], serial: u64) -> Vec<u8> {
        let moved = Moved {
            signing_key_id: REGISTRAR_KEY,
            identity_key: identity_key.to_vec(),
            serial,
            at_ms: 0,
        };
        self.sealed(signer, Kind::Moved(moved))
    }
}

fn sealed(address: &Address<'_>, signer: &IdentityKey, kind: Kind) -> Vec<u8> {
    let content = Content { schema_version: SCHEMA_VERSION, kind: Some(kind), signature: vec![] };
    seal_content(address, signer, content).unwrap().payload
}
