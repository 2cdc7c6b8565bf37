// SPDX-License-Identifier: Apache-2.0
//! What a registration would hold, for an owner who has not decided yet. Needs no consent and keeps nothing; made by
//! the very code that makes the real one.
//!
//! The settings page makes its own, with `cloudmessaging_preview` alone, and the two have to be the same.

use cloudmessaging_preview::fields;
use cloudmessaging_preview::preview::{blank_head, blank_keys};
use zeroize::Zeroizing;

use super::Module;
use crate::consent::SimIdentity;
use crate::courier::request;
use crate::disclose::{preview, Classes, DataClass, PublicKeys};
use crate::gate::Refusal;
use crate::service::error::ServiceError;
use crate::service::facade::{Personal, Preview, PreviewField};

impl Module {
    /// The registrations of these SIMs under these classes.
    pub(super) fn preview(
        &self,
        sims: &[SimIdentity],
        allowed: Classes,
    ) -> Result<Vec<Preview>, ServiceError> {
        let now_ms = self.clock.wall_ms();
        sims.iter().map(|sim| preview_one(sim, allowed, now_ms)).collect()
    }
}

fn preview_one(sim: &SimIdentity, allowed: Classes, now_ms: i64) -> Result<Preview, ServiceError> {
    let plaintext = plaintext(sim, allowed, now_ms).map_err(|refusal| match refusal {
        Refusal::ClassNotAllowed(DataClass::PhoneNumber | DataClass::PublicKeys) => {
            ServiceError::InvalidArgument {
                argument: "allowedClasses",
                fault: "without the phone number and the public keys there is no registration",
            }
        }
        _ => ServiceError::Internal,
    })?;
    let shown = fields(&plaintext).ok_or(ServiceError::Internal)?;
    let shown = shown.into_iter().map(|field| PreviewField {
        name: field.name.to_owned(),
        class: field.class,
        value: Personal::new(field.shown(&plaintext).to_string()),
        made_on_grant: field.made_on_grant,
        offset: field.offset,
        length: field.length,
    });
    let fields = shown.collect();
    Ok(Preview { subscription: sim.subscription_id(), fields, plaintext })
}

/// The registration, with zeros as long as what is made on grant.
pub(super) fn plaintext(
    sim: &SimIdentity,
    allowed: Classes,
    now_ms: i64,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let keys = PublicKeys(blank_keys(now_ms));
    preview(allowed, |disclosure| {
        request::registration(disclosure, blank_head(now_ms), sim, keys, String::new())
    })
}
