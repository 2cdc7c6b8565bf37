// SPDX-License-Identifier: Apache-2.0
//! The notice to a phone whose number another one has registered: in its inbox, sealed to the prekey of the
//! bundle that was replaced, signed by the registrar in the place of an identity key.

use cloudmessaging_seal::{
    seal_content, Address, CertifiedIdentity, IdentityKey, Reader, ReaderKeys,
};
use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::envelope::{content::Kind, Content, Moved};

/// The payload of a PUBLISH to the inbox, or nothing if the replaced bundle has no prekey that is in use now.
pub fn notice(
    before: &ReaderKeys,
    now: &CertifiedIdentity,
    (signing_key_id, signing): (u32, &IdentityKey),
    now_ms: i64,
) -> Option<Vec<u8>> {
    let prekey = before.prekey_at(now_ms)?;
    let to = Address {
        reader: Reader::Inbox,
        routing_id: &now.routing_id,
        key_id: &prekey.id,
        key: &prekey.public_key,
    };
    let content = Content {
        schema_version: SCHEMA_VERSION,
        kind: Some(Kind::Moved(Moved {
            signing_key_id,
            identity_key: before.identity_key.to_vec(),
            serial: now.serial,
            at_ms: now_ms,
        })),
        signature: Vec::new(),
    };
    // A prekey that is no point of the curve is its phone's own doing.
    seal_content(&to, signing, content).ok().map(|sealed| sealed.payload)
}
