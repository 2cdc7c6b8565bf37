// SPDX-License-Identifier: Apache-2.0
//! Requests to the registrar: how each is put together, and how its answer is opened.

use cloudmessaging_seal::key::random;
use cloudmessaging_seal::{generate, open_reply, KeyId, SealError, SealedEnvelope, SecretKey};
use cloudmessaging_wire::proto::registrar::reply;
use cloudmessaging_wire::topic;
use zeroize::Zeroizing;

use crate::consent::SimIdentity;
use crate::disclose::{
    Disclosure, Imei, Imsi, Payload, PhoneNumber, PublicKeys, Published, RecipientNumber,
    RequestHead,
};
use crate::gate::Refusal;
use crate::identity::SimKeys;

/// What opens the answer to one request.
pub struct Asked {
    /// Names the request.
    pub id: KeyId,
    secret: SecretKey,
}

impl Asked {
    /// A new request whose answer comes to the post connection of this client id.
    pub fn new(client_id: &str, n: u32, now_ms: i64) -> Result<(Self, RequestHead), SealError> {
        let (secret, public) = generate()?;
        let id: KeyId = random()?;
        let head = RequestHead {
            reply_topic: topic::reply(client_id, n),
            reply_public_key: public.0.to_vec(),
            request_id: id.to_vec(),
            made_ms: now_ms,
        };
        Ok((Self { id, secret }, head))
    }

    /// Opens the answer.
    pub fn open(&self, envelope: &SealedEnvelope) -> Result<reply::Kind, SealError> {
        open_reply(&self.id, &self.secret, envelope)
    }
}

/// What a registration publishes of a SIM's keys.
pub fn public_keys(keys: &SimKeys) -> Option<PublicKeys> {
    let (prekeys, signature) = keys.signed_prekeys()?;
    Some(PublicKeys(Published {
        identity_key: keys.identity.public_key().to_vec(),
        tls_public_key: keys.tls.public_key_info(),
        prekeys,
        prekeys_signature: signature.to_vec(),
    }))
}

/// The registration of a SIM. The identities that are optional are in it if they are allowed and known. The real
/// one and its preview are both made here.
pub fn registration<'p>(
    disclosure: &mut Disclosure<'p>,
    head: RequestHead,
    sim: &SimIdentity,
    keys: PublicKeys,
    code: String,
) -> Result<Payload<'p>, Refusal> {
    let number = PhoneNumber(Zeroizing::new(sim.number().as_bytes().to_vec()));
    let number = disclosure.disclose(number)?;
    let keys = disclosure.disclose(keys)?;
    let known =
        |identity: &str| (!identity.is_empty()).then(|| Zeroizing::new(identity.to_owned()));
    let imsi = known(sim.imsi()).and_then(|imsi| disclosure.disclose(Imsi(imsi)).ok());
    let imei = known(sim.imei()).and_then(|imei| disclosure.disclose(Imei(imei)).ok());
    Ok(Payload::registration(head, number, imsi, imei, keys, code))
}

/// The renewal of a SIM's registration.
pub fn renewal<'p>(
    disclosure: &mut Disclosure<'p>,
    head: RequestHead,
    certificate: &[u8],
    keys: PublicKeys,
) -> Result<Payload<'p>, Refusal> {
    let certificate = disclosure.disclose(shown(certificate))?;
    let keys = disclosure.disclose(keys)?;
    Ok(Payload::renewal(head, certificate, keys))
}

/// The look-up of one number.
pub fn look_up<'p>(
    disclosure: &mut Disclosure<'p>,
    head: RequestHead,
    certificate: &[u8],
    recipient: &str,
) -> Result<Payload<'p>, Refusal> {
    let recipient = RecipientNumber(Zeroizing::new(recipient.to_owned()));
    let recipient = disclosure.disclose(recipient)?;
    let certificate = disclosure.disclose(shown(certificate))?;
    Ok(Payload::look_up(head, recipient, certificate))
}

/// The request to erase a SIM's registration.
pub fn erase<'p>(
    disclosure: &mut Disclosure<'p>,
    head: RequestHead,
    certificate: &[u8],
) -> Result<Payload<'p>, Refusal> {
    let certificate = disclosure.disclose(shown(certificate))?;
    Ok(Payload::erase(head, certificate))
}

/// A sender certificate names the owner's number: it is disclosed as such.
pub fn shown(certificate: &[u8]) -> PhoneNumber {
    PhoneNumber(Zeroizing::new(certificate.to_vec()))
}
