// SPDX-License-Identifier: Apache-2.0
//! A request is believed if its sender signed it for this registrar's key and this encryption; an answer
//! reaches only who asked.

use cloudmessaging_wire::proto::registrar::{
    reply, Erase, LookUp, NotRegistered, Registration, Renewal,
};

use super::*;
use crate::key::generate;

const KEY_ID: u32 = 3;
const REQUEST_ID: KeyId = [7; 8];

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

    fn seal(&self, request: Request) -> Vec<u8> {
        seal_request(KEY_ID, &self.key, &self.sender, request).unwrap().payload
    }

    fn open(&self, payload: &[u8]) -> Result<UnverifiedRequest, SealError> {
        SealedRequest::parse(payload)?.open(&self.secret)
    }

    fn read(&self, payload: &[u8]) -> Result<Request, SealError> {
        self.open(payload)?.verify(&self.sender.public_key())
    }

    fn seal_plaintext(&self, plaintext: &[u8]) -> Vec<u8> {
        let sealing = Sealing::begin(Reader::Registrar, &self.key).unwrap();
        let request = proto::SealedRequest {
            schema_version: SCHEMA_VERSION,
            key_id: KEY_ID,
            enc: sealing.enc().to_vec(),
            ciphertext: sealing.finish(plaintext).unwrap(),
        };
        request.encode_to_vec()
    }
}

fn request(kind: Kind) -> Request {
    Request {
        schema_version: SCHEMA_VERSION,
        reply_topic: topic::reply("a9f0", 1),
        reply_public_key: vec![5; 32],
        request_id: REQUEST_ID.to_vec(),
        made_ms: 6,
        kind: Some(kind),
        signature: Vec::new(),
    }
}

fn look_up() -> Kind {
    Kind::LookUp(LookUp { number: "+15550101".to_owned(), sender_certificate: vec![2; 100] })
}

#[test]
fn what_was_asked_is_what_is_read() {
    let pair = Pair::new();
    let registration = Registration { number: "+15550100".to_owned(), ..Registration::default() };
    let sender_certificate = vec![2; 100];
    let renewal = Renewal { sender_certificate: sender_certificate.clone(), ..Renewal::default() };
    for kind in [
        Kind::Registration(registration),
        Kind::Renewal(renewal),
        look_up(),
        Kind::Erase(Erase { sender_certificate: sender_certificate.clone() }),
    ] {
        let payload = pair.seal(request(kind.clone()));
        assert_eq!(SealedRequest::parse(&payload).unwrap().key_id, KEY_ID);
        let opened = pair.open(&payload).unwrap();
        let shown = match kind {
            Kind::Registration(_) => None,
            _ => Some(&sender_certificate[..]),
        };
        assert_eq!(opened.sender_certificate(), shown);
        assert_eq!(opened.reply_to().topic, "cm/1/reply/a9f0/1");
        assert!(opened.claimed().kind.as_ref() == Some(&kind));
        assert!(pair.read(&payload).unwrap() == request(kind));
    }
}

#[test]
fn a_signature_by_somebody_else_is_refused() {
    let pair = Pair::new();
    let opened = pair.open(&pair.seal(request(look_up()))).unwrap();
    let stranger = IdentityKey::generate().unwrap().public_key();
    assert!(opened.verify(&stranger) == Err(SealError::Signature));
}

#[test]
fn what_was_sealed_again_or_to_another_key_of_the_registrar_is_refused() {
    let pair = Pair::new();
    let payload = pair.seal(request(look_up()));
    let sealed = SealedRequest::parse(&payload).unwrap();
    let plaintext = open(Reader::Registrar, &pair.secret, &sealed.enc, &sealed.ciphertext).unwrap();
    assert!(pair.read(&pair.seal_plaintext(&plaintext)) == Err(SealError::Signature));
    let other_key = SealedRequest { key_id: KEY_ID + 1, ..sealed };
    let opened = other_key.open(&pair.secret).unwrap();
    assert!(opened.verify(&pair.sender.public_key()) == Err(SealError::Signature));
}

#[test]
fn with_any_bit_flipped_or_cut_at_any_length_it_is_refused() {
    let pair = Pair::new();
    let payload = pair.seal(request(Kind::Erase(Erase::default())));
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
fn a_request_that_cannot_be_answered_is_refused() {
    let pair = Pair::new();
    let refusal = |alter: fn(&mut Request)| {
        let mut request = request(look_up());
        alter(&mut request);
        pair.open(&pair.seal(request)).unwrap_err()
    };
    assert_eq!(refusal(|r| r.schema_version = 0), SealError::Malformed("request"));
    assert_eq!(refusal(|r| r.schema_version = 2), SealError::Future(2));
    assert_eq!(refusal(|r| r.kind = None), SealError::Malformed("request"));
    for topic in ["", "cm/1/keys/00", "cm/1/inbox/00", "cm/1/reply/+/1", "cm/1/registrar"] {
        let request = Request { reply_topic: topic.to_owned(), ..request(look_up()) };
        let refused = pair.open(&pair.seal(request)).unwrap_err();
        assert_eq!(refused, SealError::Malformed("reply topic"), "{topic}");
    }
    assert_eq!(refusal(|r| r.reply_public_key.clear()), SealError::Malformed("reply key"));
    assert_eq!(refusal(|r| r.reply_public_key.push(0)), SealError::Malformed("reply key"));
    assert_eq!(refusal(|r| r.request_id.truncate(7)), SealError::Malformed("request id"));
}

#[test]
fn a_plaintext_that_is_no_signed_request_is_refused() {
    let pair = Pair::new();
    let refusal = |plaintext: &[u8]| pair.open(&pair.seal_plaintext(plaintext)).unwrap_err();
    let body = request(look_up()).encode_to_vec();
    let no_request = SealError::Malformed("request");
    assert_eq!(refusal(&[]), no_request);
    assert_eq!(refusal(&body), no_request, "unsigned");
    assert_eq!(refusal(&signed::attach(vec![0xff; 30], &[0; 64])), no_request);
    let twice = signed::attach(signed::attach(body, &[1; 64]), &[2; 64]);
    assert_eq!(refusal(&twice), no_request, "two signatures");
}

#[test]
fn a_sealed_request_of_another_version_or_other_lengths_is_refused() {
    let honest = proto::SealedRequest {
        schema_version: SCHEMA_VERSION,
        key_id: KEY_ID,
        enc: vec![2; ENC],
        ciphertext: vec![3; 256 + 16],
    };
    let parse = |alter: fn(&mut proto::SealedRequest)| {
        let mut request = honest.clone();
        alter(&mut request);
        SealedRequest::parse(&request.encode_to_vec()).map(|_| ())
    };
    assert_eq!(parse(|_| ()), Ok(()));
    assert_eq!(parse(|r| r.schema_version = 0), Err(SealError::Malformed("sealed request")));
    assert_eq!(parse(|r| r.schema_version = 2), Err(SealError::Future(2)));
    assert_eq!(parse(|r| r.enc.truncate(31)), Err(SealError::Malformed("encapsulated key")));
    assert_eq!(parse(|r| r.ciphertext.push(0)), Err(SealError::Malformed("ciphertext")));
    let large = vec![0; PAYLOAD_MAX + 1];
    assert_eq!(SealedRequest::parse(&large), Err(SealError::Malformed("sealed request")));
}

#[test]
fn an_answer_reaches_who_asked_and_nobody_else() {
    let (secret, key) = generate().unwrap();
    let to = ReplyTo { topic: topic::reply("a9f0", 1), key, request_id: REQUEST_ID };
    let kind = reply::Kind::NotRegistered(NotRegistered {});
    let sealed = seal_reply(&to, kind.clone()).unwrap();
    let envelope = SealedEnvelope::parse(&sealed.payload).unwrap();
    assert!(open_reply(&REQUEST_ID, &secret, &envelope) == Ok(kind));

    let (stranger, _) = generate().unwrap();
    assert!(open_reply(&REQUEST_ID, &stranger, &envelope) == Err(SealError::Open));
    let another = SealError::Malformed("request id");
    assert!(open_reply(&[8; 8], &secret, &envelope) == Err(another));
    let readdressed = SealedEnvelope { key_id: [8; 8], ..envelope };
    assert!(open_reply(&[8; 8], &secret, &readdressed) == Err(another));
    assert!(open_reply(&REQUEST_ID, &secret, &readdressed) == Err(another));
}

#[test]
fn an_answer_of_another_shape_is_refused() {
    let (secret, key) = generate().unwrap();
    let refusal = |schema_version, kind| {
        let reply = Reply { schema_version, request_id: REQUEST_ID.to_vec(), kind };
        let sealing = Sealing::begin(Reader::Reply, &key).unwrap();
        let sealed = sealing.finish_envelope(&REQUEST_ID, &reply.encode_to_vec()).unwrap();
        let envelope = SealedEnvelope::parse(&sealed.payload).unwrap();
        open_reply(&REQUEST_ID, &secret, &envelope).err()
    };
    let kind = || Some(reply::Kind::NotRegistered(NotRegistered {}));
    assert_eq!(refusal(1, kind()), None);
    assert_eq!(refusal(0, kind()), Some(SealError::Malformed("reply")));
    assert_eq!(refusal(2, kind()), Some(SealError::Future(2)));
    assert_eq!(refusal(1, None), Some(SealError::Malformed("reply")));
}

#[test]
fn debug_shows_nothing_that_was_asked() {
    let pair = Pair::new();
    let payload = pair.seal(request(look_up()));
    let sealed = SealedRequest::parse(&payload).unwrap();
    assert_eq!(format!("{sealed:?}"), "SealedRequest(key 3, 272 bytes)");
    let opened = pair.open(&payload).unwrap();
    assert_eq!(format!("{opened:?} {:?}", opened.reply_to()), "UnverifiedRequest(..) ReplyTo(..)");
}
