// SPDX-License-Identifier: Apache-2.0
//! What a phone says to the registrar and hears back. A request is signed by the phone's identity key and
//! sealed to the registrar; the answer is sealed to a key made for this request, which only who opened the
//! request knows, and so needs no signature of its own.

use std::fmt;

use cloudmessaging_wire::limits::{PAYLOAD_MAX, SCHEMA_VERSION};
use cloudmessaging_wire::proto::registrar::{self as proto, request::Kind, Reply, Request};
use cloudmessaging_wire::{signed, topic};
use prost::Message as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::content::{attach, encode_signable};
use crate::envelope::{open, sealed, Reader, Sealed, SealedEnvelope, Sealing};
use crate::error::SealError;
use crate::hpke::ENC;
use crate::identity::{verify, IdentityKey};
use crate::key::{KeyId, PublicKey, SecretKey};
use crate::pad::CONTENT_MAX;
use crate::parse;

/// Signs a request and seals it to the registrar's HPKE key of this id; its `signature` is made here,
/// whatever stands in it.
pub fn seal_request(
    key_id: u32,
    key: &PublicKey,
    sender: &IdentityKey,
    mut request: Request,
) -> Result<Sealed, SealError> {
    request.signature.clear();
    let sealing = Sealing::begin(Reader::Registrar, key)?;
    let body = encode_signable(&request);
    wipe(&mut request);
    let signature = sender.sign(&Zeroizing::new(signed::request(key_id, sealing.enc(), &body)));
    let plaintext = attach(body, &signature);
    let enc = sealing.enc().to_vec();
    let ciphertext = sealing.finish(&plaintext)?;
    let sealed = proto::SealedRequest { schema_version: SCHEMA_VERSION, key_id, enc, ciphertext };
    Ok(Sealed { payload: sealed.encode_to_vec(), plaintext_size: plaintext.len() })
}

/// Wipes what identifies the owner, or somebody the owner writes to, from a request that is encoded.
fn wipe(request: &mut Request) {
    match &mut request.kind {
        Some(Kind::Registration(registration)) => {
            registration.number.zeroize();
            registration.imsi.zeroize();
            registration.imei.zeroize();
        }
        Some(Kind::LookUp(look_up)) => look_up.number.zeroize(),
        Some(Kind::Renewal(_) | Kind::Erase(_)) | None => {}
    }
}

/// A request as it arrived: of known version and the right lengths, not opened.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedRequest {
    /// Which of the registrar's HPKE keys it is sealed to.
    pub key_id: u32,
    /// HPKE encapsulated key.
    pub enc: [u8; ENC],
    /// HPKE ciphertext.
    pub ciphertext: Vec<u8>,
}

impl SealedRequest {
    /// Takes the payload of a PUBLISH apart.
    pub fn parse(payload: &[u8]) -> Result<Self, SealError> {
        let request: proto::SealedRequest = parse::message(payload, PAYLOAD_MAX, "sealed request")?;
        parse::version(request.schema_version, "sealed request")?;
        Ok(Self {
            key_id: request.key_id,
            enc: parse::array(&request.enc, "encapsulated key")?,
            ciphertext: sealed(request.ciphertext)?,
        })
    }

    /// Opens it with the key that `key_id` names.
    pub fn open(&self, secret: &SecretKey) -> Result<UnverifiedRequest, SealError> {
        let plaintext = open(Reader::Registrar, secret, &self.enc, &self.ciphertext)?;
        let (body, signature) =
            signed::detach(&plaintext).ok_or(SealError::Malformed("request"))?;
        // The signed bytes alone are decoded, so nothing in `request` is outside the signature.
        let request: Request = parse::message(body, CONTENT_MAX, "request")?;
        parse::version(request.schema_version, "request")?;
        if request.kind.is_none() || !request.signature.is_empty() {
            return Err(SealError::Malformed("request"));
        }
        if !topic::is_reply(&request.reply_topic) {
            return Err(SealError::Malformed("reply topic"));
        }
        let reply_to = ReplyTo {
            topic: request.reply_topic.clone(),
            key: PublicKey(parse::array(&request.reply_public_key, "reply key")?),
            request_id: parse::array(&request.request_id, "request id")?,
        };
        Ok(UnverifiedRequest {
            request,
            reply_to,
            body: Zeroizing::new(body.to_vec()),
            signature: *signature,
            key_id: self.key_id,
            enc: self.enc,
        })
    }
}

impl fmt::Debug for SealedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedRequest(key {}, {} bytes)", self.key_id, self.ciphertext.len())
    }
}

/// Where the answer to a request goes.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// Of the form [`topic::is_reply`] accepts.
    pub topic: String,
    /// Made for this request.
    pub key: PublicKey,
    /// Repeated in the answer.
    pub request_id: KeyId,
}

impl fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyTo(..)")
    }
}

/// An opened request that anybody could have made.
pub struct UnverifiedRequest {
    request: Request,
    reply_to: ReplyTo,
    body: Zeroizing<Vec<u8>>,
    signature: [u8; 64],
    key_id: u32,
    enc: [u8; ENC],
}

impl UnverifiedRequest {
    /// What it claims: to find whose signature it should bear, and for nothing else.
    pub fn claimed(&self) -> &Request {
        &self.request
    }

    /// Where an answer goes, be it a refusal; whoever made the request named it.
    pub fn reply_to(&self) -> &ReplyTo {
        &self.reply_to
    }

    /// The sender certificate that came with it, not verified; a registration has none yet.
    pub fn sender_certificate(&self) -> Option<&[u8]> {
        match self.request.kind.as_ref()? {
            Kind::Registration(_) => None,
            Kind::Renewal(renewal) => Some(&renewal.sender_certificate),
            Kind::LookUp(look_up) => Some(&look_up.sender_certificate),
            Kind::Erase(erase) => Some(&erase.sender_certificate),
        }
    }

    /// The request, if `identity_key` signed it for this registrar's key and this encryption. Its
    /// `signature` is empty.
    pub fn verify(self, identity_key: &[u8; 32]) -> Result<Request, SealError> {
        let message = signed::request(self.key_id, &self.enc, &self.body);
        verify(identity_key, &Zeroizing::new(message), &self.signature)?;
        Ok(self.request)
    }
}

impl fmt::Debug for UnverifiedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedRequest(..)")
    }
}

/// Seals an answer, as the payload of a PUBLISH to the reply topic. Version and request id are set here.
pub fn seal_reply(to: &ReplyTo, kind: proto::reply::Kind) -> Result<Sealed, SealError> {
    let reply = Reply {
        schema_version: SCHEMA_VERSION,
        request_id: to.request_id.to_vec(),
        kind: Some(kind),
    };
    let plaintext = Zeroizing::new(reply.encode_to_vec());
    Sealing::begin(Reader::Reply, &to.key)?.finish_envelope(&to.request_id, &plaintext)
}

/// Opens the answer to the request that `secret` was made for.
///
/// [`SealError::Malformed`] names the request id if it answers another request.
pub fn open_reply(
    request_id: &KeyId,
    secret: &SecretKey,
    envelope: &SealedEnvelope,
) -> Result<proto::reply::Kind, SealError> {
    if envelope.key_id != *request_id {
        return Err(SealError::Malformed("request id"));
    }
    let plaintext = envelope.open(Reader::Reply, secret)?;
    let reply: Reply = parse::message(&plaintext, CONTENT_MAX, "reply")?;
    parse::version(reply.schema_version, "reply")?;
    if reply.request_id != request_id {
        return Err(SealError::Malformed("request id"));
    }
    reply.kind.ok_or(SealError::Malformed("reply"))
}

#[cfg(test)]
mod tests;
