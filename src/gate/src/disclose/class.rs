// SPDX-License-Identifier: Apache-2.0
//! Data classes and sets of them.

pub use cloudmessaging_wire::proto::consent::DataClass;

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
    fn every_class_of_the_format_is_known() {
        let known = (0..64).filter(|n| DataClass::try_from(*n).is_ok()).count();
        assert_eq!(known, Classes::ALL.len() + 1, "Unspecified and ALL");
    }
}
