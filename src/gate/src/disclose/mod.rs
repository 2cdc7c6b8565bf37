// SPDX-License-Identifier: Apache-2.0
//! Disclosure: the only way of a personal datum into a payload (P4).
//!
//! A [`Disclosure`] belongs to one permit, or to one preview. It turns a [`Datum`] into a [`Disclosed`]
//! datum if the owner allowed its class, and remembers the class. A [`Payload`] is made of disclosed data
//! only, and a sealed one carries the brand `'p` of the permit it was made under: used with another
//! permit, it does not compile (`tests/compile-fail`).

mod brand;
mod datum;
mod payload;
mod preview;

pub(crate) use brand::Brand;
pub use cloudmessaging_preview::{Classes, DataClass};
pub use datum::{
    Body, Datum, Delivery, Imei, Imsi, NetworkAddress, PhoneNumber, PublicKeys, Published,
    RecipientNumber, RecipientRoutingId, RoutingId,
};
#[allow(unused_imports)] // By `seal/` alone, which the proofs in tests/ do without.
pub(crate) use payload::Unsealed;
pub use payload::{Payload, RequestHead, Sealed};
pub use preview::preview;

use crate::gate::Refusal;

/// What one permit, or one preview, may reveal and has revealed.
pub struct Disclosure<'p> {
    allowed: Classes,
    revealed: Classes,
    brand: Brand<'p>,
}

impl<'p> Disclosure<'p> {
    pub(crate) fn new(allowed: Classes) -> Self {
        Self { allowed, revealed: Classes::NONE, brand: Brand::new() }
    }

    /// Discloses a datum if its class is allowed, and remembers that it was.
    pub fn disclose<T: Datum>(&mut self, datum: T) -> Result<Disclosed<'p, T>, Refusal> {
        if !self.allowed.contains(T::CLASS) {
            return Err(Refusal::ClassNotAllowed(T::CLASS));
        }
        self.revealed.insert(T::CLASS);
        Ok(Disclosed { datum, brand: self.brand })
    }

    /// The classes disclosed so far.
    pub(crate) fn revealed(&self) -> Classes {
        self.revealed
    }
}

/// A datum that may go into a payload of the permit branded `'p`, and nowhere else.
pub struct Disclosed<'p, T> {
    datum: T,
    #[allow(dead_code)] // The brand is all type.
    brand: Brand<'p>,
}

impl<T> Disclosed<'_, T> {
    fn into_inner(self) -> T {
        self.datum
    }
}
