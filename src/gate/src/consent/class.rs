// SPDX-License-Identifier: Apache-2.0
//! Lists of data classes, as a record carries them, as a set.

use crate::disclose::Classes;

pub use cloudmessaging_preview::ClassError;

/// The classes of a stored record: ascending, each once, all known.
pub(super) fn ascending(numbers: &[i32]) -> Result<Classes, ClassError> {
    match numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(ClassError::Order(pair[1])),
        None => Classes::distinct(numbers),
    }
}

/// Their numbers in `proto/consent.proto`, ascending.
pub fn numbers(classes: Classes) -> Vec<i32> {
    classes.iter().map(|class| class as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_comes_back_ascending() {
        let all: Classes = Classes::ALL.into_iter().rev().collect();
        assert_eq!(ascending(&numbers(all)), Ok(all));
    }

    #[test]
    fn a_stored_list_that_is_not_ascending_is_no_set() {
        assert_eq!(ascending(&[11]), Err(ClassError::Unknown(11)));
        assert_eq!(ascending(&[3, 1]), Err(ClassError::Order(1)));
        assert_eq!(ascending(&[1, 1]), Err(ClassError::Order(1)));
    }
}
