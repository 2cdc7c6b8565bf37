// SPDX-License-Identifier: Apache-2.0
//! From the payload of a PUBLISH to a request that may be believed: opened, of a known version, made now,
//! every field of its shape, signed by the identity key that it is about.
//!
//! What cannot be opened has no answer, for nothing says where one would go: it is dropped. Everything
//! else is answered, be it with a refusal.
//!
//! A request can be replayed within [`CLOCK_SKEW`], by the broker alone (phones cannot read this topic). It
//! gains nothing that it could not have by keeping a bundle which it was told to erase; but for this: a
//! registration of the last ten minutes can be replayed while its code lives, and a number that has moved
//! since then moves back, to a phone that had proven it minutes ago.

use cloudmessaging_seal::request::{ReplyTo, SealedRequest};
use cloudmessaging_seal::{
    verify_prekeys, verify_sender_certificate, CertificateError, CertifiedIdentity, Number,
    SealError,
};
use cloudmessaging_wire::limits::CLOCK_SKEW;
use cloudmessaging_wire::proto::registrar::{
    refused::Reason, request::Kind, Registration, Renewal,
};
use zeroize::Zeroizing;

use crate::check::Identities;
use crate::keys::Keys;
use crate::phone_ca::TlsKey;

/// Largest payload in bytes: the bucket of 4 KiB and what goes around it. An honest request fits the
/// bucket of 1 KiB.
pub const PAYLOAD_MAX: usize = 4 * 1024 + 256;

/// Why a payload was dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// Larger than any request.
    #[error("{0} bytes are no request")]
    TooLarge(usize),
    /// Sealed to a key that this registrar does not have.
    #[error("HPKE key {0} is not known")]
    UnknownKey(u32),
    /// It does not open, or is malformed before it says where an answer goes.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// A request that was opened, and where the answer to it goes.
pub struct Opened {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// What is asked for, or why it is refused.
    pub asked: Result<Asked, Reason>,
}

/// What is asked for, by whom it says: signatures are verified.
pub enum Asked {
    /// To be registered. Only a code proves that the number is the asker's.
    Register(Register),
    /// To live for another lease.
    Renew {
        /// Who asks, as certified before.
        identity: CertifiedIdentity,
        /// Signed by its identity key.
        prekeys: SignedPrekeys,
        /// Of the phone's inbox connection.
        tls_key: TlsKey,
    },
    /// How to write to a number.
    LookUp {
        /// Who asks.
        asker: CertifiedIdentity,
        /// About whom.
        number: Number,
    },
    /// To be forgotten at once.
    Erase(CertifiedIdentity),
}

/// A registration.
pub struct Register {
    /// Whose.
    pub number: Number,
    /// To be checked, kept nowhere.
    pub identities: Identities,
    /// Ed25519; signed the request.
    pub identity_key: [u8; 32],
    /// Signed by it.
    pub prekeys: SignedPrekeys,
    /// Of the phone's inbox connection.
    pub tls_key: TlsKey,
    /// As its owner typed it; empty: none was sent yet. Not checked.
    pub code: Zeroizing<String>,
}

/// Prekeys as they go into the bundle; verified.
pub struct SignedPrekeys {
    /// `SignedPrekeys`, serialised.
    pub bytes: Vec<u8>,
    /// The identity key's signature over them.
    pub signature: Vec<u8>,
}

/// Opens and checks one payload, at this time in ms since the Unix epoch.
pub fn open(payload: &[u8], keys: &Keys, now_ms: i64) -> Result<Opened, Unanswerable> {
    if payload.len() > PAYLOAD_MAX {
        return Err(Unanswerable::TooLarge(payload.len()));
    }
    let sealed = SealedRequest::parse(payload)?;
    let secret = keys.hpke(sealed.key_id).ok_or(Unanswerable::UnknownKey(sealed.key_id))?;
    let request = sealed.open(secret)?;
    let reply_to = request.reply_to().clone();
    let skew = request.claimed().made_ms.abs_diff(now_ms);
    if u128::from(skew) > CLOCK_SKEW.as_millis() {
        return Ok(Opened { reply_to, asked: Err(Reason::Clock) });
    }
    // Whose signature it should bear: a registration names the key itself, all else shows a certificate.
    let certified = request
        .sender_certificate()
        .map(|bytes| verify_sender_certificate(bytes, &keys.verifying(), now_ms));
    let (identity_key, certified) = match (certified, &request.claimed().kind) {
        (Some(Ok(certified)), _) => (certified.identity_key, Some(certified)),
        (Some(Err(why)), _) => return Ok(Opened { reply_to, asked: Err(distrust(why)) }),
        (None, Some(Kind::Registration(r))) => match r.identity_key.as_slice().try_into() {
            Ok(key) => (key, None),
            Err(_) => return Ok(Opened { reply_to, asked: Err(Reason::Malformed) }),
        },
        (None, _) => return Ok(Opened { reply_to, asked: Err(Reason::Malformed) }),
    };
    let asked = match request.verify(&identity_key) {
        Ok(request) => match (request.kind, certified) {
            (Some(Kind::Registration(r)), None) => register(r, identity_key, now_ms),
            (Some(Kind::Renewal(r)), Some(certified)) => renewal(r, certified, now_ms),
            (Some(Kind::LookUp(l)), Some(asker)) => Number::from_string(l.number)
                .map(|number| Asked::LookUp { asker, number })
                .ok_or(Reason::Malformed),
            (Some(Kind::Erase(_)), Some(certified)) => Ok(Asked::Erase(certified)),
            _ => Err(Reason::Malformed),
        },
        Err(_) => Err(Reason::Malformed),
    };
    Ok(Opened { reply_to, asked })
}

fn register(
    registration: Registration,
    identity_key: [u8; 32],
    now_ms: i64,
) -> Result<Asked, Reason> {
    // All four are taken over, and wiped, before any of them is judged.
    let code = Zeroizing::new(registration.code);
    let number = Number::from_string(registration.number);
    let identities = Identities::parse(registration.imsi, registration.imei);
    let (Some(number), Some(identities)) = (number, identities) else {
        return Err(Reason::Malformed);
    };
    let prekeys =
        prekeys(registration.prekeys, registration.prekeys_signature, &identity_key, now_ms)?;
    let tls_key = tls_key(&registration.tls_public_key)?;
    Ok(Asked::Register(Register { number, identities, identity_key, prekeys, tls_key, code }))
}

fn renewal(renewal: Renewal, identity: CertifiedIdentity, now_ms: i64) -> Result<Asked, Reason> {
    let prekeys =
        prekeys(renewal.prekeys, renewal.prekeys_signature, &identity.identity_key, now_ms)?;
    let tls_key = tls_key(&renewal.tls_public_key)?;
    Ok(Asked::Renew { identity, prekeys, tls_key })
}

fn tls_key(der: &[u8]) -> Result<TlsKey, Reason> {
    TlsKey::parse(der).ok_or(Reason::Malformed)
}

/// Prekeys that nobody could seal to now are not worth a bundle.
fn prekeys(
    bytes: Vec<u8>,
    signature: Vec<u8>,
    identity_key: &[u8; 32],
    now_ms: i64,
) -> Result<SignedPrekeys, Reason> {
    match verify_prekeys(&bytes, &signature, identity_key) {
        Ok(prekeys) if prekeys.at(now_ms).is_some() => Ok(SignedPrekeys { bytes, signature }),
        _ => Err(Reason::Malformed),
    }
}

fn distrust(why: CertificateError) -> Reason {
    match why {
        CertificateError::Expired => Reason::Expired,
        _ => Reason::Malformed,
    }
}
