// SPDX-License-Identifier: Apache-2.0
//! What anybody may send to the registrar (P8): opened, checked, and never believed without the signature of the identity key that
//! it is about.

use std::sync::OnceLock;

use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::request::{open, Asked};
use cloudmessaging_seal::{is_e164, seal_request, IdentityKey, Reader, Sealing};
use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::registrar::{
    refused::Reason, request::Kind, Erase, LookUp, Registration, Renewal, Request, SealedRequest,
};
use cloudmessaging_wire::{signed, topic};
use prost::Message as _;

use crate::people::{people, People, KEY_ID, NOW};
use crate::{folder, Seed};

/// The first byte: a whole payload, or what its sender signs.
const PAYLOAD: u8 = 0;
const BODY: u8 = 1;

/// The registrar's, the same each time.
fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let People { registrar, key, .. } = people();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let (private, public) = (hex(key.secret.as_bytes()), hex(&key.public.0));
        let pkcs8 = hex(&registrar.to_pkcs8());
        let json = format!(
            r#"{{"version": 1,
                "hpkeKeys": [{{"id": {KEY_ID}, "private": "{private}", "public": "{public}"}}],
                "routingKey": {{"id": 1, "key": "{private}"}},
                "signingKeys": [{{"id": {KEY_ID}, "pkcs8": "{pkcs8}"}}]}}"#
        );
        let folder = folder::new();
        let file = folder.path().join("keys.json");
        folder::put(&file, json.as_bytes());
        Keys::load(&file).expect("as `registrar keygen` writes it")
    })
}

/// SubjectPublicKeyInfo of P-256's base point, which every table of the curve prints (SEC 2, 2.4.2).
const TLS_KEY: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04\
    \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

fn requests() -> [(&'static str, Request); 4] {
    let People { sender, certificate, prekeys, key, .. } = people();
    let number = "+15550100".to_owned();
    let sender_certificate = certificate.clone();
    let registration = Registration {
        number: number.clone(),
        imsi: "001010123456789".into(),
        imei: "490154203237518".into(),
        identity_key: sender.public_key().to_vec(),
        tls_public_key: TLS_KEY.to_vec(),
        prekeys: prekeys.0.clone(),
        prekeys_signature: prekeys.1.to_vec(),
        code: "ABCDEFGH".into(),
    };
    let renewal = Renewal {
        sender_certificate: sender_certificate.clone(),
        tls_public_key: TLS_KEY.to_vec(),
        prekeys: prekeys.0.clone(),
        prekeys_signature: prekeys.1.to_vec(),
    };
    let look_up = LookUp { number, sender_certificate: sender_certificate.clone() };
    let request = |kind| Request {
        schema_version: SCHEMA_VERSION,
        reply_topic: topic::reply(&"0".repeat(32), 1),
        reply_public_key: key.public.0.to_vec(),
        request_id: vec![4; 8],
        made_ms: NOW - 500,
        kind: Some(kind),
        signature: vec![],
    };
    [
        ("registration", request(Kind::Registration(registration))),
        ("renewal", request(Kind::Renewal(renewal))),
        ("look-up", request(Kind::LookUp(look_up))),
        ("erase", request(Kind::Erase(Erase { sender_certificate }))),
    ]
}

pub(crate) fn seeds() -> Vec<Seed> {
    let People { sender, key, .. } = people();
    let with = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let mut seeds: Vec<_> = requests()
        .map(|(name, request)| Seed::new(name, with(BODY, &request.encode_to_vec())))
        .into();
    let [.., (_, erase)] = requests();
    let sealed = seal_request(KEY_ID, &key.public, sender, erase).expect("it can be sealed");
    let payload = Seed::new("payload", with(PAYLOAD, &sealed.payload));
    seeds.push(Seed { random: true, ..payload });
    seeds
}

pub(crate) fn run(data: &[u8]) -> bool {
    let Some((kind, bytes)) = data.split_first() else { return false };
    match kind % 2 {
        BODY => body(bytes),
        _ => {
            let Ok(opened) = open(bytes, keys(), NOW) else { return false };
            // Nobody but the seeds' sender could seal one.
            assert!(matches!(opened.asked, Ok(Asked::Erase(_))));
            true
        }
    }
}

fn body(body: &[u8]) -> bool {
    let People { sender, stranger, certified, .. } = people();
    let said = Request::decode(body).ok();
    let Ok(opened) = open(&sealed(sender, body), keys(), NOW) else { return false };
    let said = said.expect("what opened parses");
    assert!(topic::is_reply(&opened.reply_to.topic) && said.reply_topic == opened.reply_to.topic);
    let forged = open(&sealed(stranger, body), keys(), NOW).expect("it opens as well");
    assert!(forged.asked.is_err(), "signed by a stranger");
    match opened.asked {
        Ok(asked) => {
            assert!(said.made_ms.abs_diff(NOW) <= 600_000);
            match (asked, said.kind) {
                (Asked::Register(register), Some(Kind::Registration(said))) => {
                    assert!(said.number == register.number.as_str() && is_e164(&said.number));
                    assert!(register.identity_key == sender.public_key());
                }
                (Asked::Renew { identity, .. }, Some(Kind::Renewal(_)))
                | (Asked::Erase(identity), Some(Kind::Erase(_))) => {
                    assert!(identity == *certified);
                }
                (Asked::LookUp { asker, number }, Some(Kind::LookUp(said))) => {
                    assert!(asker == *certified && said.number == number.as_str());
                }
                _ => panic!("something else was asked for"),
            }
            true
        }
        Err(why) => {
            assert!(matches!(why, Reason::Malformed | Reason::Clock | Reason::Expired));
            false
        }
    }
}

/// Signed and sealed by somebody, whatever it is.
fn sealed(signing: &IdentityKey, body: &[u8]) -> Vec<u8> {
    let sealing = Sealing::begin(Reader::Registrar, &people().key.public).expect("a key");
    let enc = sealing.enc().to_vec();
    let signature = signing.sign(&signed::request(KEY_ID, &enc, body));
    // What is too long for a bucket is too long for the registrar.
    let ciphertext = sealing.finish(&signed::attach(body.to_vec(), &signature)).unwrap_or_default();
    let sealed = SealedRequest { schema_version: SCHEMA_VERSION, key_id: KEY_ID, enc, ciphertext };
    sealed.encode_to_vec()
}
