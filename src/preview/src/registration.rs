// SPDX-License-Identifier: Apache-2.0
//! How a registration is laid out: the one place where it is. What the gate sends and what a preview shows are both
//! made here.

use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::registrar::{request, Registration, Request};
use zeroize::Zeroize;

/// What every request to the registrar begins with; random or a time, nothing of the owner's.
#[derive(Clone, Default)]
pub struct RequestHead {
    /// Where the answer goes.
    pub reply_topic: String,
    /// X25519 key that the answer is sealed to.
    pub reply_public_key: Vec<u8>,
    /// Repeated in the answer, 8 bytes.
    pub request_id: Vec<u8>,
    /// ms since the Unix epoch.
    pub made_ms: i64,
}

impl RequestHead {
    /// The request that begins with it, not yet signed.
    pub fn request(self, kind: request::Kind) -> Request {
        Request {
            schema_version: SCHEMA_VERSION,
            reply_topic: self.reply_topic,
            reply_public_key: self.reply_public_key,
            request_id: self.request_id,
            made_ms: self.made_ms,
            kind: Some(kind),
            signature: Vec::new(),
        }
    }
}

/// What a registration publishes of a SIM's keys.
#[derive(Clone, Default)]
pub struct Published {
    /// Ed25519, 32 bytes.
    pub identity_key: Vec<u8>,
    /// SubjectPublicKeyInfo, DER, of the key of the inbox connection.
    pub tls_public_key: Vec<u8>,
    /// `SignedPrekeys`, serialised.
    pub prekeys: Vec<u8>,
    /// The identity key's, over these.
    pub prekeys_signature: Vec<u8>,
}

/// All that a registration reveals: whoever makes one has decided that it may.
pub struct Contents<'a> {
    /// E.164.
    pub number: &'a str,
    /// If it was allowed and is known.
    pub imsi: Option<&'a str>,
    /// The same.
    pub imei: Option<&'a str>,
    /// Of the SIM.
    pub keys: Published,
    /// That came by SMS; empty in the first request.
    pub code: String,
}

/// The first registration of a SIM, not yet signed.
pub fn registration(head: RequestHead, contents: Contents<'_>) -> Request {
    let Contents { number, imsi, imei, keys, code } = contents;
    head.request(request::Kind::Registration(Registration {
        number: number.to_owned(),
        imsi: imsi.unwrap_or_default().to_owned(),
        imei: imei.unwrap_or_default().to_owned(),
        identity_key: keys.identity_key,
        tls_public_key: keys.tls_public_key,
        prekeys: keys.prekeys,
        prekeys_signature: keys.prekeys_signature,
        code,
    }))
}

/// Wipes what a registration holds of the owner's. Of keys there are only public ones in it.
pub fn wipe(request: &mut Request) {
    if let Some(request::Kind::Registration(registration)) = &mut request.kind {
        let Registration { number, imsi, imei, code, .. } = registration;
        [number, imsi, imei, code].into_iter().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    #[test]
    fn what_is_wiped_holds_nothing_of_the_owner_any_more() {
        let head = || RequestHead { made_ms: 5, ..RequestHead::default() };
        let keys = || Published { identity_key: vec![7; 32], ..Published::default() };
        let of = |number, imsi, imei, code: &str| {
            let code = code.to_owned();
            registration(head(), Contents { number, imsi, imei, keys: keys(), code })
        };
        let mut request =
            of("+15550100", Some("001010000000001"), Some("490154203237518"), "123456");
        wipe(&mut request);
        assert!(request.encode_to_vec() == of("", None, None, "").encode_to_vec());
    }
}
