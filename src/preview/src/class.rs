// SPDX-License-Identifier: Apache-2.0
//! Data classes and sets of them.

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

/// A set of data classes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Classes(u32);

impl Classes {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Every class there is, in ascending order.
    pub const ALL: [DataClass; 10] = [
        DataClass::PhoneNumber,
        DataClass::RecipientNumber,
        DataClass::MessageContent,
        DataClass::NetworkAddress,
        DataClass::RoutingId,
        DataClass::RecipientRoutingId,
        DataClass::DeliveryReceipt,
        DataClass::PublicKeys,
        DataClass::Imsi,
        DataClass::Imei,
    ];

    /// The classes of these numbers of `proto/consent.proto`: in any order, each once, all known.
    pub fn distinct(numbers: &[i32]) -> Result<Self, ClassError> {
        let mut set = Self::NONE;
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

    /// Whether the class is in the set. `Unspecified` is in none.
    pub fn contains(self, class: DataClass) -> bool {
        self.0 & Self::bit(class) != 0
    }

    /// Adds a class; `Unspecified` cannot be added.
    pub fn insert(&mut self, class: DataClass) {
        self.0 |= Self::bit(class);
    }

    /// Removes a class.
    pub fn remove(&mut self, class: DataClass) {
        self.0 &= !Self::bit(class);
    }

    /// The classes in ascending order.
    pub fn iter(self) -> impl Iterator<Item = DataClass> {
        Self::ALL.into_iter().filter(move |class| self.contains(*class))
    }

    fn bit(class: DataClass) -> u32 {
        match class {
            DataClass::Unspecified => 0,
            class => 1 << class as u32,
        }
    }
}

impl FromIterator<DataClass> for Classes {
    fn from_iter<I: IntoIterator<Item = DataClass>>(classes: I) -> Self {
        let mut set = Self::NONE;
        classes.into_iter().for_each(|class| set.insert(class));
        set
    }
}

impl std::fmt::Debug for Classes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for class in Classes::ALL {
            let set = Classes::from_iter([class]);
            assert_eq!(set.iter().collect::<Vec<_>>(), [class]);
        }
        assert_eq!(Classes::from_iter(Classes::ALL).iter().count(), Classes::ALL.len());
    }

    #[test]
    fn an_unspecified_class_is_never_allowed() {
        let mut set = Classes::from_iter(Classes::ALL);
        set.insert(DataClass::Unspecified);
        assert!(!set.contains(DataClass::Unspecified));
    }

    #[test]
    fn unspecified_unknown_and_repeated_classes_are_no_set() {
        assert_eq!(Classes::distinct(&[0]), Err(ClassError::Unknown(0)));
        assert_eq!(Classes::distinct(&[11]), Err(ClassError::Unknown(11)));
        assert_eq!(Classes::distinct(&[-1]), Err(ClassError::Unknown(-1)));
        assert_eq!(Classes::distinct(&[3, 1, 3]), Err(ClassError::Order(3)));
        let two = Classes::from_iter([DataClass::PhoneNumber, DataClass::MessageContent]);
        assert_eq!(Classes::distinct(&[3, 1]), Ok(two));
    }

    #[test]
    fn every_class_of_the_format_is_known() {
        let known = (0..64).filter(|n| DataClass::try_from(*n).is_ok()).count();
        assert_eq!(known, Classes::ALL.len() + 1, "Unspecified and ALL");
    }
}
