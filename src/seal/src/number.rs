// SPDX-License-Identifier: Apache-2.0
//! Phone numbers: E.164 in its international form, `+` and digits, and no other spelling, so that one
//! number has one routing id.

use std::fmt;

use zeroize::{Zeroize as _, ZeroizeOnDrop};

pub use cloudmessaging_wire::number::is_e164;

/// A phone number, wiped when dropped. It has no `Display`, and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, ZeroizeOnDrop)]
pub struct Number(String);

impl Number {
    /// The number, or nothing if it is not E.164.
    pub fn parse(number: &str) -> Option<Self> {
        is_e164(number).then(|| Self(number.to_owned()))
    }

    /// [`parse`](Self::parse), which keeps or wipes the string itself.
    pub fn from_string(mut number: String) -> Option<Self> {
        if is_e164(&number) {
            return Some(Self(number));
        }
        number.zeroize();
        None
    }

    /// `+` and digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_international_form_is_a_number() {
        for number in ["+15550100", "+4930123456", "+12", "+999999999999999"] {
            assert!(is_e164(number), "{number}");
            assert_eq!(Number::parse(number).unwrap().as_str(), number);
            assert_eq!(Number::from_string(number.to_owned()).unwrap().as_str(), number);
        }
        for other in [
            "",
            "+",
            "+1",
            "15550100",
            "0049301234",
            "+0155501",
            "+9999999999999999",
            "++15550100",
            "+1 555 0100",
            "+1-555-0100",
            "+1555\u{0660}100",
            "+1555010\u{ff11}",
            "+15550100\n",
            " +15550100",
            "\u{ff0b}15550100",
            "+1555010a",
        ] {
            assert!(!is_e164(other), "{other}");
            assert!(Number::parse(other).is_none());
            assert!(Number::from_string(other.to_owned()).is_none());
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", Number::parse("+15550100").unwrap()), "Number(..)");
    }

    #[test]
    fn it_is_wiped() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Number>();
    }
}
