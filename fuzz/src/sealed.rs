// SPDX-License-Identifier: Apache-2.0
//! What comes to a phone over a broker: envelopes, the content in them, the certificates and bundles that are shown (P4).
//!
//! An envelope opens for its one key and its one kind of reader. A content passes only as its sender signed it, to
//! this reader. What a registrar or an owner signed passes in one encoding.

use cloudmessaging_seal::pad::unpad;
use cloudmessaging_seal::{
    issue_bundle, open_content, open_reply, seal_content, sign_prekeys, verify_bundle,
    verify_prekeys, verify_sender_certificate, Address, CertifiedKeys, Reader, SealError,
    SealedEnvelope, Sealing,
};
use cloudmessaging_wire::limits::{BODY_MAX, PAD_BUCKETS, SCHEMA_VERSION};
use cloudmessaging_wire::proto::envelope::{
    content::Kind, CertifiedIdentity, Content, KeyBundle, Message, Moved, Receipt, ReceiptStatus,
    Retract, SenderCertificate,
};
use cloudmessaging_wire::proto::registrar::{reply, NotRegistered, Reply};
use cloudmessaging_wire::signed;
use prost::Message as _;

use crate::people::{people, People, KEY_ID, NOW};
use crate::Seed;

/// The first byte: what follows.
const ENVELOPE: u8 = 0;
const BODY: u8 = 1;
const PLAINTEXT: u8 = 2;
const IDENTITY: u8 = 3;
const PREKEYS: u8 = 4;
const BUNDLE: u8 = 5;
const PADDED: u8 = 6;
const REPLY: u8 = 7;

fn contents() -> [(&'static str, Content); 4] {
    let People { certificate, key, sender, .. } = people();
    let receipt_public_key = key.public.0.to_vec();
    let message = Message {
        id: vec![1; 16],
        not_after_ms: NOW + 60_000,
        body: "Shall we meet at eight?".into(),
        sender_certificate: certificate.clone(),
        receipt_public_key: receipt_public_key.clone(),
        checkpoint_hash: vec![8; 32],
        sent_ms: NOW - 1000,
    };
    let sender_certificate = certificate.clone();
    let retract = Retract { id: vec![1; 16], sender_certificate, receipt_public_key };
    let receipt = Receipt { id: vec![1; 16], status: ReceiptStatus::Delivered.into() };
    let identity_key = sender.public_key().to_vec();
    let moved = Moved { signing_key_id: KEY_ID, identity_key, serial: 9, at_ms: NOW };
    let content =
        |kind| Content { schema_version: SCHEMA_VERSION, kind: Some(kind), signature: vec![] };
    [
        ("message", content(Kind::Message(message))),
        ("retract", content(Kind::Retract(retract))),
        ("receipt", content(Kind::Receipt(receipt))),
        ("moved", content(Kind::Moved(moved))),
    ]
}

pub(crate) fn seeds() -> Vec<Seed> {
    let People {
        key, key_id, routing_id, sender, certificate, prekeys, certified, registrar, ..
    } = people();
    let with = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let mut seeds: Vec<_> = contents()
        .map(|(name, content)| Seed::new(name, with(BODY, &content.encode_to_vec())))
        .into();
    let address = Address { reader: Reader::Inbox, routing_id, key_id, key: &key.public };
    let [(_, message), ..] = contents();
    let sealed = seal_content(&address, sender, message).expect("it can be sealed");
    let envelope = Seed::new("envelope", with(ENVELOPE, &sealed.payload));
    let envelope = Seed { random: true, ..envelope };
    let certificate = SenderCertificate::decode(&certificate[..]).expect("it was issued");
    let keys = CertifiedKeys::from(certified);
    let bundle = issue_bundle(registrar, KEY_ID, &keys, &prekeys.0, &prekeys.1);
    let bundle = KeyBundle::decode(&bundle[..]).expect("it was issued");
    let kind = Some(reply::Kind::NotRegistered(NotRegistered {}));
    let reply = Reply { schema_version: SCHEMA_VERSION, request_id: key_id.to_vec(), kind };
    seeds.extend([
        envelope,
        Seed::wrong("plaintext", with(PLAINTEXT, &[9; 80])),
        Seed::new("identity", with(IDENTITY, &certificate.identity)),
        Seed::new("prekeys", with(PREKEYS, &prekeys.0)),
        Seed::new("bundle", with(BUNDLE, &bundle.keys)),
        Seed::new("padded", with(PADDED, b"\0content\x80")),
        Seed::new("reply", with(REPLY, &reply.encode_to_vec())),
    ]);
    seeds
}

pub(crate) fn run(data: &[u8]) -> bool {
    let Some((kind, bytes)) = data.split_first() else { return false };
    match kind % 8 {
        ENVELOPE => envelope(bytes),
        BODY => body(bytes),
        PLAINTEXT => plaintext(bytes),
        IDENTITY => identity(bytes),
        PREKEYS => prekeys(bytes),
        BUNDLE => bundle(bytes),
        PADDED => padded(bytes),
        _ => reply(bytes),
    }
}

/// As it comes from a broker. Only what was kept of [`seeds`] opens.
fn envelope(payload: &[u8]) -> bool {
    let People { key, other, sender, stranger, routing_id, .. } = people();
    let Ok(envelope) = SealedEnvelope::parse(payload) else { return false };
    assert!(PAD_BUCKETS.iter().any(|bucket| bucket + 16 == envelope.ciphertext.len()));
    assert!(open_content(Reader::Receipt, &key.secret, &envelope).is_err());
    assert!(open_content(Reader::Inbox, &other.secret, &envelope).is_err());
    let Ok(opened) = open_content(Reader::Inbox, &key.secret, &envelope) else { return false };
    assert!(!opened.claimed().encode_to_vec().is_empty());
    let verified = opened.verify(&sender.public_key(), routing_id);
    let again = |verifier: &[u8; 32], reader| {
        let opened = open_content(Reader::Inbox, &key.secret, &envelope);
        opened.and_then(|content| content.verify(verifier, reader))
    };
    assert!(again(&stranger.public_key(), routing_id).is_err());
    assert!(again(&sender.public_key(), &[0; 32]).is_err());
    let Ok(content) = verified else { return false };
    assert!(contents().iter().any(|(_, own)| *own == content), "nobody signed this");
    true
}

/// Seals bytes to the reader. With a key id that another stands for, who is written to would not find the key.
fn seal(reader: Reader, plaintext: &[u8]) -> Option<SealedEnvelope> {
    let People { key, key_id, .. } = people();
    let sealing = Sealing::begin(reader, &key.public).expect("a key");
    let sealed = sealing.finish_envelope(key_id, plaintext).ok()?;
    Some(SealedEnvelope::parse(&sealed.payload).expect("our own"))
}

/// What a sender signs, whatever that is: it passes if it is of the right shape, and for nobody else.
fn body(body: &[u8]) -> bool {
    let People { key, key_id, routing_id, sender, stranger, .. } = people();
    let sealing = Sealing::begin(Reader::Inbox, &key.public).expect("a key");
    let signature = sender.sign(&signed::content(routing_id, key_id, sealing.enc(), body));
    let plaintext = signed::attach(body.to_vec(), &signature);
    let Ok(sealed) = sealing.finish_envelope(key_id, &plaintext) else { return false };
    let mut envelope = SealedEnvelope::parse(&sealed.payload).expect("our own");
    let open = |envelope: &_| open_content(Reader::Inbox, &key.secret, envelope);
    let content = Content::decode(body).ok().filter(is_shaped);
    assert_eq!(open(&envelope).is_ok(), content.is_some());
    let Some(content) = content else { return false };
    let verify = |envelope: &_, by: &[u8; 32], to| open(envelope).and_then(|c| c.verify(by, to));
    assert!(verify(&envelope, &sender.public_key(), routing_id) == Ok(content));
    let forged = Some(SealError::Signature);
    assert_eq!(verify(&envelope, &stranger.public_key(), routing_id).err(), forged);
    assert_eq!(verify(&envelope, &sender.public_key(), &[0; 32]).err(), forged);
    envelope.key_id = [0; 8];
    assert_eq!(verify(&envelope, &sender.public_key(), routing_id).err(), forged);
    true
}

/// The rules of proto/envelope.proto once more.
fn is_shaped(content: &Content) -> bool {
    let shaped = match &content.kind {
        None => false,
        Some(Kind::Message(message)) => {
            message.id.len() == 16
                && message.body.len() <= BODY_MAX
                && message.receipt_public_key.len() == 32
                && matches!(message.checkpoint_hash.len(), 0 | 32)
        }
        Some(Kind::Receipt(receipt)) => receipt.id.len() == 16 && (1..=3).contains(&receipt.status),
        Some(Kind::Retract(retract)) => {
            retract.id.len() == 16 && retract.receipt_public_key.len() == 32
        }
        Some(Kind::Moved(moved)) => moved.identity_key.len() == 32,
    };
    shaped && content.schema_version == SCHEMA_VERSION && content.signature.is_empty()
}

/// What somebody sealed without signing it.
fn plaintext(bytes: &[u8]) -> bool {
    let People { key, sender, routing_id, .. } = people();
    let Some(envelope) = seal(Reader::Inbox, bytes) else { return false };
    assert!(*envelope.open(Reader::Inbox, &key.secret).expect("sealed to it") == bytes);
    if let Ok(content) = open_content(Reader::Inbox, &key.secret, &envelope) {
        assert!(content.verify(&sender.public_key(), routing_id).is_err());
    }
    false
}

/// What the registrar certified of a sender.
fn identity(identity: &[u8]) -> bool {
    let People { registrar, stranger, registrar_keys, .. } = people();
    let issue = |signing: &cloudmessaging_seal::IdentityKey| {
        let signature = signing.sign(&signed::sender_certificate(identity)).to_vec();
        let identity = identity.to_vec();
        SenderCertificate { identity, signature, signing_key_id: KEY_ID }.encode_to_vec()
    };
    assert!(verify_sender_certificate(&issue(stranger), registrar_keys, NOW).is_err());
    let Ok(certified) = verify_sender_certificate(&issue(registrar), registrar_keys, NOW) else {
        return false;
    };
    let said = CertifiedIdentity::decode(identity).expect("it passed");
    assert!(said.number == certified.number.as_str() && said.serial == certified.serial);
    assert!(said.identity_key == certified.identity_key);
    assert!(certified.not_after_ms > NOW && certified.serial > 0);
    assert!(cloudmessaging_seal::is_e164(&said.number));
    true
}

/// What an owner signed of the own prekeys.
fn prekeys(bytes: &[u8]) -> bool {
    let People { sender, stranger, .. } = people();
    let signature = sender.sign(&signed::prekeys(bytes));
    assert!(verify_prekeys(bytes, &signature, &stranger.public_key()).is_err());
    let Ok(prekeys) = verify_prekeys(bytes, &signature, &sender.public_key()) else { return false };
    assert!(sign_prekeys(sender, &prekeys.current, &prekeys.next).0 == bytes);
    for now in [i64::MIN, 0, NOW, i64::MAX] {
        assert!(prekeys.at(now).is_none_or(|key| now < key.not_after_ms));
    }
    true
}

/// What the registrar says of a routing id.
fn bundle(keys: &[u8]) -> bool {
    let People { registrar, registrar_keys, certified, prekeys, .. } = people();
    let bundle = KeyBundle {
        keys: keys.to_vec(),
        registrar_signature: registrar.sign(&signed::bundle(keys)).to_vec(),
        signing_key_id: KEY_ID,
        prekeys: prekeys.0.clone(),
        identity_signature: prekeys.1.to_vec(),
    };
    let bundle = bundle.encode_to_vec();
    let verify = |routing_id| verify_bundle(&bundle, registrar_keys, routing_id, NOW);
    let Ok(reader) = verify(&certified.routing_id) else { return false };
    // Else the prekeys would not be this identity's.
    assert!(reader.identity_key == certified.identity_key && reader.not_after_ms > NOW);
    assert!(reader.prekey_at(NOW).is_some());
    assert!(verify(&[0; 32]).is_err());
    true
}

/// What was sealed without being padded as we pad.
fn padded(bytes: &[u8]) -> bool {
    let Some(bucket) = PAD_BUCKETS.iter().find(|bucket| **bucket >= bytes.len()) else {
        return false;
    };
    let mut padded = bytes.to_vec();
    padded.resize(*bucket, 0);
    let end = padded.iter().rposition(|byte| *byte != 0).filter(|end| padded[*end] == 0x80);
    let mut longer = padded.clone();
    longer.push(0);
    assert!(unpad(longer.into()).is_err());
    let content = unpad(padded.clone().into()).ok();
    assert!(content.as_deref().map(Vec::as_slice) == end.map(|end| &padded[..end]));
    content.is_some()
}

/// The registrar's answer to a phone.
fn reply(bytes: &[u8]) -> bool {
    let People { key, key_id, .. } = people();
    let Some(envelope) = seal(Reader::Reply, bytes) else { return false };
    let said = Reply::decode(bytes)
        .ok()
        .filter(|reply| reply.schema_version == SCHEMA_VERSION && reply.request_id == key_id);
    assert!(open_reply(&[0; 8], &key.secret, &envelope).is_err());
    let kind = open_reply(key_id, &key.secret, &envelope).ok();
    assert!(kind == said.and_then(|reply| reply.kind));
    kind.is_some()
}
