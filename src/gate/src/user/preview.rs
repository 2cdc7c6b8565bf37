// SPDX-License-Identifier: Apache-2.0
//! What a registration would hold, for an owner who has not decided yet. Needs no consent and keeps nothing; made by
//! the very code that makes the real one.

use zeroize::Zeroizing;

use super::Module;
use crate::consent::SimIdentity;
use crate::courier::request;
use crate::disclose::{fields, preview, Classes, DataClass, PublicKeys, Published, RequestHead};
use crate::identity::{client_id, Keys};
use crate::service::error::ServiceError;
use crate::service::facade::{Personal, Preview, PreviewField};

impl Module {
    /// The registrations of these SIMs under these classes.
    pub(super) fn preview(
        &self,
        sims: &[SimIdentity],
        allowed: Classes,
    ) -> Result<Vec<Preview>, ServiceError> {
        sims.iter().map(|sim| self.preview_one(sim, allowed)).collect()
    }

    fn preview_one(&self, sim: &SimIdentity, allowed: Classes) -> Result<Preview, ServiceError> {
        if [DataClass::PhoneNumber, DataClass::PublicKeys].iter().any(|c| !allowed.contains(*c)) {
            return Err(ServiceError::InvalidArgument {
                argument: "allowedClasses",
                fault: "without the phone number and the public keys there is no registration",
            });
        }
        let head = self.blank_head().ok_or(ServiceError::Internal)?;
        let keys = self.blank_keys().ok_or(ServiceError::Internal)?;
        let plaintext = preview(allowed, |disclosure| {
            request::registration(disclosure, head, sim, keys, String::new())
        });
        let plaintext = Zeroizing::new(plaintext.map_err(|_| ServiceError::Internal)?);
        let taken_apart = fields(&plaintext).ok_or(ServiceError::Internal)?;
        let shown = taken_apart.into_iter().map(|field| {
            let value = &plaintext[field.offset..field.offset + field.length];
            let value = match (field.made_on_grant, field.text) {
                (true, _) => String::new(),
                (false, true) => String::from_utf8_lossy(value).into_owned(),
                (false, false) => hex::encode(value),
            };
            PreviewField {
                name: field.name.to_owned(),
                class: field.class,
                value: Personal::new(value),
                made_on_grant: field.made_on_grant,
                offset: field.offset,
                length: field.length,
            }
        });
        let fields = shown.collect();
        Ok(Preview { subscription: sim.subscription_id(), fields, plaintext })
    }

    /// A head as long as the real one, with zeros for what is random.
    fn blank_head(&self) -> Option<RequestHead> {
        let client_id = "0".repeat(client_id().ok()?.len());
        Some(RequestHead {
            reply_topic: cloudmessaging_wire::topic::reply(&client_id, 0),
            reply_public_key: vec![0; 32],
            request_id: vec![0; 8],
            made_ms: self.clock.wall_ms(),
        })
    }

    /// Keys as long as the real ones, all zero: made as real ones are, then wiped.
    fn blank_keys(&self) -> Option<PublicKeys> {
        let record = crate::consent::RecordId::from_bytes(&[0; 16])?;
        let keys = Keys::make(record, &[0], self.clock.wall_ms()).ok()?;
        let PublicKeys(real) = request::public_keys(&keys.sims[&0])?;
        let blank = |bytes: Vec<u8>| vec![0; bytes.len()];
        Some(PublicKeys(Published {
            identity_key: blank(real.identity_key),
            tls_public_key: blank(real.tls_public_key),
            prekeys: blank(real.prekeys),
            prekeys_signature: blank(real.prekeys_signature),
        }))
    }
}
