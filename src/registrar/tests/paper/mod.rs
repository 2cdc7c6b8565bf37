// SPDX-License-Identifier: Apache-2.0
//! A phone on paper: it makes requests, honest and other, and reads answers; no broker is near.

pub mod office;

use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_seal::{
    issue_sender_certificate, sign_prekeys, verify_sender_certificate, CertifiedIdentity,
    IdentityKey, Number, Prekey, PrekeyPair, PublicKey, Reader, Sealing,
};
use cloudmessaging_wire::proto::registrar::{self as proto, request};
use cloudmessaging_wire::{limits::SCHEMA_VERSION, signed};
use prost::Message as _;
use rcgen::PublicKeyData as _;

/// When everything on paper happens, in ms since the Unix epoch.
pub const NOW: i64 = 1_800_000_000_000;
pub const SECOND: i64 = 1000;
pub const DAY: i64 = 24 * 3600 * SECOND;

/// A SIM.
pub struct Phone {
    pub number: String,
    pub identity: IdentityKey,
    pub certificate: Vec<u8>,
    /// SubjectPublicKeyInfo.
    pub tls_key: Vec<u8>,
    /// Prekeys that are in use from [`NOW`] on.
    pub prekeys: [PrekeyPair; 2],
}

impl Phone {
    pub fn new(number: &str) -> Phone {
        Phone {
            number: number.into(),
            identity: IdentityKey::generate().unwrap(),
            certificate: Vec::new(),
            tls_key: tls_key(&rcgen::PKCS_ECDSA_P256_SHA256),
            prekeys: [NOW, NOW + DAY].map(|at| PrekeyPair::generate(at).unwrap()),
        }
    }

    /// One that holds a certificate of this registrar, until then.
    pub fn certified(number: &str, keys: &Keys, not_after_ms: i64) -> Phone {
        let mut phone = Phone::new(number);
        phone.certificate = certificate(&phone, keys, not_after_ms);
        phone
    }

    pub fn prekeys_from(&self, start: i64) -> (Vec<u8>, Vec<u8>) {
        let prekey = |at| -> Prekey { PrekeyPair::generate(at).unwrap().prekey() };
        let (bytes, signature) = sign_prekeys(&self.identity, &prekey(start), &prekey(start + DAY));
        (bytes, signature.to_vec())
    }

    fn own_prekeys(&self) -> (Vec<u8>, Vec<u8>) {
        let [current, next] = &self.prekeys;
        let (bytes, signature) = sign_prekeys(&self.identity, &current.prekey(), &next.prekey());
        (bytes, signature.to_vec())
    }

    pub fn registration(&self) -> proto::Registration {
        let (prekeys, prekeys_signature) = self.own_prekeys();
        proto::Registration {
            number: self.number.clone(),
            identity_key: self.identity.public_key().to_vec(),
            tls_public_key: self.tls_key.clone(),
            prekeys,
            prekeys_signature,
            ..Default::default()
        }
    }

    pub fn renewal(&self) -> proto::Renewal {
        let (prekeys, prekeys_signature) = self.prekeys_from(NOW);
        proto::Renewal {
            sender_certificate: self.certificate.clone(),
            tls_public_key: self.tls_key.clone(),
            prekeys,
            prekeys_signature,
        }
    }

    pub fn look_up(&self, number: &str) -> proto::LookUp {
        proto::LookUp { number: number.into(), sender_certificate: self.certificate.clone() }
    }

    pub fn erase(&self) -> proto::Erase {
        proto::Erase { sender_certificate: self.certificate.clone() }
    }
}

/// A fresh public key of a kind, as SubjectPublicKeyInfo.
pub fn tls_key(kind: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
    rcgen::KeyPair::generate_for(kind).unwrap().subject_public_key_info()
}

pub fn certificate(phone: &Phone, keys: &Keys, not_after_ms: i64) -> Vec<u8> {
    let number = Number::parse(&phone.number).unwrap();
    let (key_id, signing) = keys.signing();
    let identity = CertifiedIdentity {
        routing_id: keys.routing().routing_id(&number),
        number,
        identity_key: phone.identity.public_key(),
        serial: 7,
        not_after_ms,
    };
    issue_sender_certificate(signing, key_id, &identity)
}

pub fn certified_by(keys: &Keys, certificate: &[u8]) -> CertifiedIdentity {
    verify_sender_certificate(certificate, &keys.verifying(), NOW).unwrap()
}

/// An honest request around a kind.
pub fn request(kind: request::Kind) -> proto::Request {
    proto::Request {
        schema_version: SCHEMA_VERSION,
        reply_topic: "cm/1/reply/5f21/0".into(),
        reply_public_key: cloudmessaging_seal::generate().unwrap().1 .0.to_vec(),
        request_id: vec![9; 8],
        made_ms: NOW,
        kind: Some(kind),
        signature: Vec::new(),
    }
}

/// The HPKE key that phones know.
pub fn hpke(keys: &Keys) -> (u32, PublicKey) {
    let json: serde_json::Value = serde_json::from_str(&keys.public_json()).unwrap();
    let mut key = [0; 32];
    hex::decode_to_slice(json["hpkeKey"].as_str().unwrap(), &mut key).unwrap();
    (json["hpkeKeyId"].as_u64().unwrap() as u32, PublicKey(key))
}

/// Signs and seals; `distort` has the last word on the plaintext.
pub fn seal_distorted(
    keys: &Keys,
    signer: &IdentityKey,
    request: &proto::Request,
    distort: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> proto::SealedRequest {
    let (key_id, key) = hpke(keys);
    let sealing = Sealing::begin(Reader::Registrar, &key).unwrap();
    let enc = *sealing.enc();
    let body = request.encode_to_vec();
    let signature = signer.sign(&signed::request(key_id, &enc, &body));
    let plaintext = distort(signed::attach(body, &signature));
    proto::SealedRequest {
        schema_version: SCHEMA_VERSION,
        key_id,
        enc: enc.to_vec(),
        ciphertext: sealing.finish(&plaintext).unwrap(),
    }
}

pub fn seal(keys: &Keys, signer: &IdentityKey, request: &proto::Request) -> Vec<u8> {
    seal_distorted(keys, signer, request, |plaintext| plaintext).encode_to_vec()
}
