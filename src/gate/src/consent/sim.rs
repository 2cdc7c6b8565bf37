// SPDX-License-Identifier: Apache-2.0
//! What identifies a SIM, and the keyed hash of it that a consent record holds instead.
//!
//! Identities are personal: in memory only, zeroized, never printed.

use core::fmt;

use cloudmessaging_preview::{Identity, IdentityError};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::key::MAC;

const CONTEXT: &[u8] = b"cloudmessaging sim identity\0";

/// What is wrong with an identity; never says what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// The subscription id is negative.
    #[error("the subscription id is negative")]
    Subscription,
    /// The number is not E.164.
    #[error("the number is not E.164")]
    Number,
    /// The IMSI is neither empty nor 6 to 15 digits.
    #[error("the IMSI is neither empty nor 6 to 15 digits")]
    Imsi,
    /// The IMEI is neither empty nor 14 to 16 digits.
    #[error("the IMEI is neither empty nor 14 to 16 digits")]
    Imei,
}

impl From<IdentityError> for SimError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Number => Self::Number,
            IdentityError::Imsi => Self::Imsi,
            IdentityError::Imei => Self::Imei,
        }
    }
}

/// One SIM and its identities, well formed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SimIdentity {
    subscription_id: i32,
    identity: Identity,
}

impl SimIdentity {
    /// Takes the identities if they are well formed; IMSI and IMEI may be empty.
    pub fn new(
        subscription_id: i32,
        number: String,
        imsi: String,
        imei: String,
    ) -> Result<Self, SimError> {
        // First of all, as it wipes what is refused.
        let identity = Identity::new(number, imsi, imei);
        if subscription_id < 0 {
            return Err(SimError::Subscription);
        }
        Ok(Self { subscription_id, identity: identity? })
    }

    /// The subscription id on this phone.
    pub fn subscription_id(&self) -> i32 {
        self.subscription_id
    }

    /// The number, E.164.
    pub fn number(&self) -> &str {
        self.identity.number()
    }

    /// The IMSI; empty if it was not read.
    pub fn imsi(&self) -> &str {
        self.identity.imsi()
    }

    /// The IMEI of the slot; empty if it was not read.
    pub fn imei(&self) -> &str {
        self.identity.imei()
    }

    /// What the record key signs for this SIM: the context, then number, IMSI and IMEI, each after its
    /// length in bytes as 4 bytes big-endian, so that no two SIMs give the same bytes. The subscription
    /// id is not in it: the record names it beside the hash.
    pub(super) fn canonical(&self) -> Zeroizing<Vec<u8>> {
        let parts = [self.number(), self.imsi(), self.imei()];
        let size = CONTEXT.len() + parts.iter().map(|part| 4 + part.len()).sum::<usize>();
        let mut out = Zeroizing::new(Vec::with_capacity(size));
        out.extend_from_slice(CONTEXT);
        for part in parts {
            // At most 16 bytes each, by the checks of `new`.
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out
    }
}

impl fmt::Debug for SimIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimIdentity(subscription {})", self.subscription_id)
    }
}

/// HMAC-SHA256 over a SIM's identities under the record key: another SIM or number gives another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentityMac(pub(super) [u8; MAC]);

impl fmt::Debug for IdentityMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityMac")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sim(number: &str, imsi: &str, imei: &str) -> Result<SimIdentity, SimError> {
        SimIdentity::new(1, number.into(), imsi.into(), imei.into())
    }

    #[test]
    fn identities_that_are_not_well_formed_are_refused() {
        for number in
            ["", "+", "15550100", "+05550100", "+1234567890123456", "+1555 0100", "+１２３４５"]
        {
            assert_eq!(sim(number, "", "").unwrap_err(), SimError::Number, "{number}");
        }
        for imsi in ["12345", "1234567890123456", "12345a"] {
            assert_eq!(sim("+15550100", imsi, "").unwrap_err(), SimError::Imsi);
        }
        for imei in ["1234567890123", "12345678901234567", "12345678901234x"] {
            assert_eq!(sim("+15550100", "", imei).unwrap_err(), SimError::Imei);
        }
        let negative = SimIdentity::new(-1, "+15550100".into(), String::new(), String::new());
        assert_eq!(negative.unwrap_err(), SimError::Subscription);
    }

    #[test]
    fn identities_cannot_move_between_fields() {
        let digits = "12345678901234";
        let a = sim("+15550100", digits, "").unwrap().canonical();
        let b = sim("+15550100", "", digits).unwrap().canonical();
        assert_ne!(a, b);
    }

    #[test]
    fn debug_says_no_identity() {
        let text = format!("{:?}", sim("+15550100", "001010123456789", "12345678901234").unwrap());
        assert_eq!(text, "SimIdentity(subscription 1)");
    }
}
