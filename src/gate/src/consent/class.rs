// SPDX-License-Identifier: Apache-2.0
//! The set of data classes that an owner allowed.

use core::fmt;

/// What can be revealed, by kind (`proto/consent.proto`).
pub use cloudmessaging_wire::proto::consent::DataClass;

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

/// A set of data classes; never holds `Unspecified`.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassSet(u32);

impl ClassSet {
    /// No class.
    pub const EMPTY: Self = Self(0);

    /// The classes of a call's argument: any order, each once, all known.
    pub fn from_distinct(numbers: &[i32]) -> Result<Self, ClassError> {
        let mut set = Self::EMPTY;
        for &number in numbers {
            let class = known(number)?;
            if set.contains(class) {
                return Err(ClassError::Order(number));
            }
            set.insert(class);
        }
        Ok(set)
    }

    /// The classes of a stored record: ascending, each once, all known.
    pub fn from_ascending(numbers: &[i32]) -> Result<Self, ClassError> {
        if let Some(pair) = numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(ClassError::Order(pair[1]));
        }
        Self::from_distinct(numbers)
    }

    /// Adds a class; `Unspecified` is none.
    pub fn insert(&mut self, class: DataClass) {
        if class != DataClass::Unspecified {
            self.0 |= 1 << class as u32;
        }
    }

    /// Takes a class away.
    pub fn remove(&mut self, class: DataClass) {
        self.0 &= !(1 << class as u32);
    }

    /// Whether the class is in the set.
    pub fn contains(self, class: DataClass) -> bool {
        self.0 & (1 << class as u32) != 0
    }

    /// The classes, ascending.
    pub fn iter(self) -> impl Iterator<Item = DataClass> {
        (1..u32::BITS)
            .filter(move |bit| self.0 & (1 << bit) != 0)
            .filter_map(|bit| DataClass::try_from(bit as i32).ok())
    }

    /// Their numbers in `proto/consent.proto`, ascending.
    pub fn numbers(self) -> Vec<i32> {
        self.iter().map(|class| class as i32).collect()
    }
}

impl FromIterator<DataClass> for ClassSet {
    fn from_iter<I: IntoIterator<Item = DataClass>>(classes: I) -> Self {
        let mut set = Self::EMPTY;
        classes.into_iter().for_each(|class| set.insert(class));
        set
    }
}

impl fmt::Debug for ClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|class| class.as_str_name())).finish()
    }
}

fn known(number: i32) -> Result<DataClass, ClassError> {
    match DataClass::try_from(number) {
        Ok(DataClass::Unspecified) | Err(_) => Err(ClassError::Unknown(number)),
        Ok(class) => Ok(class),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_the_format_fits_and_comes_back_ascending() {
        let all: ClassSet = (1..=10).rev().map(|n| DataClass::try_from(n).unwrap()).collect();
        assert_eq!(all.numbers(), (1..=10).collect::<Vec<_>>());
        assert_eq!(ClassSet::from_ascending(&all.numbers()), Ok(all));
        assert!(DataClass::try_from(11).is_err(), "a new class: see that it fits into the set");
    }

    #[test]
    fn unspecified_unknown_and_repeated_classes_are_no_set() {
        assert_eq!(ClassSet::from_distinct(&[0]), Err(ClassError::Unknown(0)));
        assert_eq!(ClassSet::from_distinct(&[11]), Err(ClassError::Unknown(11)));
        assert_eq!(ClassSet::from_distinct(&[-1]), Err(ClassError::Unknown(-1)));
        assert_eq!(ClassSet::from_distinct(&[3, 1, 3]), Err(ClassError::Order(3)));
        assert_eq!(ClassSet::from_ascending(&[3, 1]), Err(ClassError::Order(1)));
        assert_eq!(ClassSet::from_ascending(&[1, 1]), Err(ClassError::Order(1)));
        let mut set = ClassSet::EMPTY;
        set.insert(DataClass::Unspecified);
        assert_eq!(set, ClassSet::EMPTY);
    }

    #[test]
    fn what_is_taken_away_is_gone_and_nothing_else() {
        let mut set = ClassSet::from_distinct(&[1, 9]).unwrap();
        set.remove(DataClass::Imsi);
        assert!(set.contains(DataClass::PhoneNumber) && !set.contains(DataClass::Imsi));
    }
}
