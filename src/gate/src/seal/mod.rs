// SPDX-License-Identifier: Apache-2.0
//! Sealing: a payload becomes what its reader alone can open (P4).
//!
//! The cryptography is `cloudmessaging_seal`'s, shared with the registrar. What is added here is the brand:
//! what was disclosed under a permit stays bound to it when it is sealed.

pub use cloudmessaging_seal::{Address, IdentityKey, PublicKey, SealError};

use crate::disclose::{Payload, Sealed, Unsealed};

/// The registrar's HPKE key, as the build configures it.
#[derive(Clone, Debug)]
pub struct RegistrarKey {
    /// Names it in each request.
    pub id: u32,
    /// X25519.
    pub key: PublicKey,
}

/// Signs a request with the SIM's identity key and seals it to the registrar.
pub fn to_registrar<'p>(
    payload: Payload<'p>,
    registrar: &RegistrarKey,
    sender: &IdentityKey,
) -> Result<Sealed<'p>, SealError> {
    payload.seal_with(|unsealed| match unsealed {
        Unsealed::Request(request) => {
            cloudmessaging_seal::seal_request(registrar.id, &registrar.key, sender, request)
                .map(|sealed| (sealed.payload, sealed.plaintext_size))
        }
        Unsealed::Content(_) => Err(SealError::Malformed("request")),
    })
}

/// Signs a content with the SIM's identity key and seals it to its reader.
pub fn to_inbox<'p>(
    payload: Payload<'p>,
    to: &Address<'_>,
    sender: &IdentityKey,
) -> Result<Sealed<'p>, SealError> {
    payload.seal_with(|unsealed| match unsealed {
        Unsealed::Content(content) => cloudmessaging_seal::seal_content(to, sender, content)
            .map(|sealed| (sealed.payload, sealed.plaintext_size)),
        Unsealed::Request(_) => Err(SealError::Malformed("content")),
    })
}
