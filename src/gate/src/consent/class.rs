// SPDX-License-Identifier: Apache-2.0
//! Lists of data classes, as a call or a record carries them, as a set.

use crate::disclose::{Classes, DataClass};

/// Why a list of classes is not a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClassError {
    /// Not a class that this build knows.
    #[error("unknown data class {0}")]
    Unknown(i32),
    /// The list names it twice, or a stored list is not in ascending order.
    #[error("data class {0} is named twice or out of order")]
    Order(i32),
}

/// The classes of a call's argument: any order, each once, all known.
pub fn distinct(numbers: &[i32]) -> Result<Classes, ClassError> {
    let mut set = Classes::NONE;
    for &number in numbers {
        let class = match DataClass::try_from(number) {
            Ok(DataClass::Unspecified) | Err(_) => return Err(ClassError::Unknown(number)),
            Ok(class) => class,
        };
        if set.contains(class) {
            return Err(ClassError::Order(number));
        }
        set.insert(class);
    }
    Ok(set)
}

/// The classes of a stored record: ascending, each once, all known.
pub(super) fn ascending(numbers: &[i32]) -> Result<Classes, ClassError> {
    match numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(ClassError::Order(pair[1])),
        None => distinct(numbers),
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
    fn unspecified_unknown_and_repeated_classes_are_no_set() {
        assert_eq!(distinct(&[0]), Err(ClassError::Unknown(0)));
        assert_eq!(distinct(&[11]), Err(ClassError::Unknown(11)));
        assert_eq!(distinct(&[-1]), Err(ClassError::Unknown(-1)));
        assert_eq!(distinct(&[3, 1, 3]), Err(ClassError::Order(3)));
        assert_eq!(ascending(&[3, 1]), Err(ClassError::Order(1)));
        assert_eq!(ascending(&[1, 1]), Err(ClassError::Order(1)));
    }
}
