// SPDX-License-Identifier: Apache-2.0
//! What identifies a SIM and its owner. Personal: wiped when dropped, never printed.

use std::fmt;

use cloudmessaging_wire::number::is_e164;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What is wrong with an identity; never says what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
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

/// The identities of one SIM, well formed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Identity {
    number: String,
    imsi: String,
    imei: String,
}

impl Identity {
    /// Takes them if they are well formed; IMSI and IMEI may be empty.
    pub fn new(number: String, imsi: String, imei: String) -> Result<Self, IdentityError> {
        // First the value that clears itself, then the checks: what is refused is wiped too.
        let identity = Self { number, imsi, imei };
        if !is_e164(&identity.number) {
            return Err(IdentityError::Number);
        }
        if !identity.imsi.is_empty() && !digits(&identity.imsi, 6, 15) {
            return Err(IdentityError::Imsi);
        }
        if !identity.imei.is_empty() && !digits(&identity.imei, 14, 16) {
            return Err(IdentityError::Imei);
        }
        Ok(identity)
    }

    /// The number, E.164.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The IMSI; empty if it was not read.
    pub fn imsi(&self) -> &str {
        &self.imsi
    }

    /// The IMEI of the slot; empty if it was not read.
    pub fn imei(&self) -> &str {
        &self.imei
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

fn digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(number: &str, imsi: &str, imei: &str) -> Result<Identity, IdentityError> {
        Identity::new(number.into(), imsi.into(), imei.into())
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for number in ["", "+", "15550100", "+05550100", "+1234567890123456", "+1555 0100", "+１２"]
        {
            assert_eq!(identity(number, "", "").unwrap_err(), IdentityError::Number, "{number}");
        }
        for imsi in ["12345", "1234567890123456", "12345a"] {
            assert_eq!(identity("+15550100", imsi, "").unwrap_err(), IdentityError::Imsi);
        }
        for imei in ["1234567890123", "12345678901234567", "12345678901234x"] {
            assert_eq!(identity("+15550100", "", imei).unwrap_err(), IdentityError::Imei);
        }
    }

    #[test]
    fn it_is_wiped_and_prints_nothing() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Identity>();
        let identity = identity("+15550100", "001010123456789", "12345678901234").unwrap();
        assert_eq!(format!("{identity:?}"), "Identity(..)");
    }
}
