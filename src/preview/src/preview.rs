// SPDX-License-Identifier: Apache-2.0
//! The plaintext of a registration that nobody has agreed to yet, with zeros of the same length for what is made only
//! then: keys, signatures, random values.

use cloudmessaging_wire::limits::{
    CLIENT_ID, KEY_ID, PREKEY_LIFE, PUBLIC_KEY, SCHEMA_VERSION, SIGNATURE, TLS_PUBLIC_KEY,
};
use cloudmessaging_wire::proto::envelope::{Prekey, SignedPrekeys};
use cloudmessaging_wire::{signed, topic};
use prost::encoding::decode_varint;
use prost::Message;
use zeroize::Zeroizing;

use crate::class::{Classes, DataClass};
use crate::field::fields;
use crate::identity::Identity;
use crate::registration::{registration, wipe, Contents, Published, RequestHead};

const PREKEY_LIFE_MS: i64 = PREKEY_LIFE.as_millis() as i64;

/// Why there is no preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PreviewError {
    /// What no registration can do without is not allowed.
    #[error("without the phone number and the public keys there is no registration")]
    NoRegistration,
}

/// What the registration of a SIM would be under these classes, at a time in ms since the Unix epoch: every byte of the
/// plaintext that is sealed to the registrar.
pub fn preview(
    identity: &Identity,
    allowed: Classes,
    now_ms: i64,
) -> Result<Zeroizing<Vec<u8>>, PreviewError> {
    let may = |class| allowed.contains(class);
    if !may(DataClass::PhoneNumber) || !may(DataClass::PublicKeys) {
        return Err(PreviewError::NoRegistration);
    }
    let optional = |text, class| Some(text).filter(|text: &&str| !text.is_empty() && may(class));
    let contents = Contents {
        number: identity.number(),
        imsi: optional(identity.imsi(), DataClass::Imsi),
        imei: optional(identity.imei(), DataClass::Imei),
        keys: blank_keys(now_ms),
        code: String::new(),
    };
    let mut request = registration(blank_head(now_ms), contents);
    let plaintext = blank_signed(&request);
    wipe(&mut request);
    Ok(plaintext)
}

/// Whether this is, byte for byte, the preview for these identities and classes, whenever it was made.
pub fn is_preview_of(plaintext: &[u8], identity: &Identity, allowed: Classes) -> bool {
    let Some(fields) = fields(plaintext) else { return false };
    // A time of 0 is not written down.
    let made = fields.iter().find(|field| field.name == "made_ms");
    let made = made.map_or(Ok(0), |made| decode_varint(&mut &plaintext[made.offset..]));
    made.is_ok_and(|now| preview(identity, allowed, now as i64).is_ok_and(|own| *own == plaintext))
}

/// A head as long as the real one, with zeros for what is random.
pub fn blank_head(now_ms: i64) -> RequestHead {
    RequestHead {
        reply_topic: topic::reply(&"0".repeat(CLIENT_ID), 0),
        reply_public_key: vec![0; PUBLIC_KEY],
        request_id: vec![0; KEY_ID],
        made_ms: now_ms,
    }
}

/// Keys as long as the real ones that are made at this time, all zero. How long prekeys are depends on their times.
pub fn blank_keys(now_ms: i64) -> Published {
    let prekey = |from: i64| Prekey {
        id: vec![0; KEY_ID],
        public_key: vec![0; PUBLIC_KEY],
        not_before_ms: from,
        not_after_ms: from.saturating_add(PREKEY_LIFE_MS),
    };
    let prekeys = SignedPrekeys {
        schema_version: SCHEMA_VERSION,
        current: Some(prekey(now_ms)),
        next: Some(prekey(now_ms.saturating_add(PREKEY_LIFE_MS))),
    };
    Published {
        identity_key: vec![0; PUBLIC_KEY],
        tls_public_key: vec![0; TLS_PUBLIC_KEY],
        prekeys: vec![0; prekeys.encoded_len()],
        prekeys_signature: vec![0; SIGNATURE],
    }
}

/// The plaintext of a request, with zeros for its signature.
pub fn blank_signed(request: &impl Message) -> Zeroizing<Vec<u8>> {
    // Room for all of it at once: what grows leaves copies behind.
    let mut body = Vec::with_capacity(request.encoded_len() + signed::SUFFIX);
    request.encode_raw(&mut body);
    Zeroizing::new(signed::attach(body, &[0; SIGNATURE]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    fn sim() -> Identity {
        let (imsi, imei) = ("001010000000001", "490154203237518");
        Identity::new("+15550100".into(), imsi.into(), imei.into()).unwrap()
    }

    fn allowed(imsi: bool, imei: bool) -> Classes {
        let mut classes = Classes::from_iter(Classes::ALL);
        for (allowed, class) in [(imsi, DataClass::Imsi), (imei, DataClass::Imei)] {
            if !allowed {
                classes.remove(class);
            }
        }
        classes
    }

    #[test]
    fn what_is_not_allowed_is_not_in_it() {
        for (imsi, imei) in [(false, false), (true, false), (false, true), (true, true)] {
            let plaintext = preview(&sim(), allowed(imsi, imei), NOW).unwrap();
            let names: Vec<_> = fields(&plaintext).unwrap().iter().map(|f| f.name).collect();
            assert!(names.contains(&"registration.number"));
            assert_eq!(names.contains(&"registration.imsi"), imsi);
            assert_eq!(names.contains(&"registration.imei"), imei);
            assert_eq!(plaintext.windows(15).any(|w| w == b"001010000000001"), imsi);
            assert_eq!(plaintext.windows(15).any(|w| w == b"490154203237518"), imei);
        }
        for class in [DataClass::PhoneNumber, DataClass::PublicKeys] {
            let mut classes = allowed(true, true);
            classes.remove(class);
            let none = preview(&sim(), classes, NOW).map(|_| ());
            assert_eq!(none, Err(PreviewError::NoRegistration));
        }
    }

    #[test]
    fn every_byte_of_it_belongs_to_a_field() {
        let plaintext = preview(&sim(), allowed(true, true), NOW).unwrap();
        let fields = fields(&plaintext).unwrap();
        let value = |name: &str| {
            let field = fields.iter().find(|f| f.name == name).unwrap();
            &plaintext[field.offset..field.offset + field.length]
        };
        assert_eq!(value("registration.number"), b"+15550100");
        assert_eq!(value("registration.imsi"), b"001010000000001");
        assert_eq!(value("registration.imei"), b"490154203237518");
        assert_eq!(value("registration.tls_public_key").len(), 91);
        assert_eq!(value("signature"), [0; 64]);
    }

    #[test]
    fn a_preview_of_anything_else_is_told_from_it() {
        let plaintext = preview(&sim(), allowed(true, false), NOW).unwrap();
        assert!(is_preview_of(&plaintext, &sim(), allowed(true, false)));
        for other in [allowed(false, false), allowed(true, true), Classes::NONE] {
            assert!(!is_preview_of(&plaintext, &sim(), other));
        }
        let other = Identity::new("+15550101".into(), String::new(), String::new()).unwrap();
        assert!(!is_preview_of(&plaintext, &other, allowed(true, false)));
        let made = fields(&plaintext).unwrap();
        let made = made.iter().find(|field| field.name == "made_ms").unwrap();
        for byte in 0..plaintext.len() {
            let mut changed = plaintext.clone();
            changed[byte] ^= 1;
            // When it was made is not known here.
            let time = (made.offset..made.offset + made.length).contains(&byte);
            assert_eq!(is_preview_of(&changed, &sim(), allowed(true, false)), time, "byte {byte}");
        }
        for cut in 0..plaintext.len() {
            assert!(!is_preview_of(&plaintext[..cut], &sim(), allowed(true, false)));
        }
    }
}
