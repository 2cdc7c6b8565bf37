// SPDX-License-Identifier: Apache-2.0
//! The module's words in those of the AIDL.

use super::facade;
use crate::consent;
use crate::disclose::{Classes, DataClass};
use crate::gate::{Closed, Policy, Refusal};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;

/// A refusal.
pub fn refusal(refusal: Refusal) -> aidl::Refusal::Refusal {
    use aidl::Refusal::Refusal as Word;
    match refusal {
        Refusal::Closed(Closed::Off) => Word::OFF,
        Refusal::Closed(Closed::OutdatedDisclosure) => Word::OUTDATED_DISCLOSURE,
        Refusal::Policy(_) => Word::POLICY,
        Refusal::ClassNotAllowed(_) => Word::CLASS_NOT_ALLOWED,
        Refusal::SimNotNamed => Word::SIM_NOT_NAMED,
        Refusal::SimChanged => Word::SIM_CHANGED,
        Refusal::NoNetwork => Word::NO_NETWORK,
        Refusal::Roaming => Word::ROAMING,
        Refusal::DataSaver => Word::DATA_SAVER,
        Refusal::BatterySaver => Word::BATTERY_SAVER,
        Refusal::NotUnlocked => Word::NOT_UNLOCKED,
        Refusal::NotYetReported => Word::NOT_YET_REPORTED,
        Refusal::Busy => Word::BUSY,
        Refusal::Ledger => Word::LEDGER,
    }
}

/// A refusal as the ledger names it: as the AIDL does.
pub fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Closed(Closed::Off) => "OFF",
        Refusal::Closed(Closed::OutdatedDisclosure) => "OUTDATED_DISCLOSURE",
        Refusal::Policy(_) => "POLICY",
        Refusal::ClassNotAllowed(_) => "CLASS_NOT_ALLOWED",
        Refusal::SimNotNamed => "SIM_NOT_NAMED",
        Refusal::SimChanged => "SIM_CHANGED",
        Refusal::NoNetwork => "NO_NETWORK",
        Refusal::Roaming => "ROAMING",
        Refusal::DataSaver => "DATA_SAVER",
        Refusal::BatterySaver => "BATTERY_SAVER",
        Refusal::NotUnlocked => "NOT_UNLOCKED",
        Refusal::NotYetReported => "NOT_YET_REPORTED",
        Refusal::Busy => "BUSY",
        Refusal::Ledger => "LEDGER",
    }
}

/// What forbids.
pub fn policy(policy: Policy) -> aidl::Policy::Policy {
    use aidl::Policy::Policy as Word;
    match policy {
        Policy::Organisation => Word::ORGANISATION,
        Policy::SmsForbidden => Word::SMS_FORBIDDEN,
        Policy::Build => Word::BUILD,
    }
}

/// Why a consent reads as off.
pub fn off_reason(reason: consent::OffReason) -> aidl::OffReason::OffReason {
    use aidl::OffReason::OffReason as Word;
    use consent::OffReason;
    match reason {
        OffReason::NoRecord => Word::NO_RECORD,
        OffReason::Unreadable => Word::UNREADABLE,
        OffReason::Damaged => Word::DAMAGED,
        OffReason::FutureVersion => Word::FUTURE_VERSION,
        OffReason::OtherUser => Word::OTHER_USER,
        OffReason::UnknownDisclosure => Word::UNKNOWN_DISCLOSURE,
        OffReason::OutdatedDisclosure => Word::OUTDATED_DISCLOSURE,
        OffReason::UnknownUser => Word::UNKNOWN_USER,
    }
}

/// A class: the numbers of the AIDL are those of `proto/consent.proto`.
pub fn class(class: DataClass) -> aidl::DataClass::DataClass {
    aidl::DataClass::DataClass(class as i32)
}

/// A set of classes, ascending.
pub fn classes(classes: Classes) -> Vec<aidl::DataClass::DataClass> {
    classes.iter().map(class).collect()
}

pub(super) fn inbound(message: &facade::InboundMessage) -> aidl::InboundMessage::InboundMessage {
    aidl::InboundMessage::InboundMessage {
        cursor: message.cursor,
        id: message.id.to_vec(),
        subscriptionId: message.subscription,
        sender: message.sender.as_str().to_owned(),
        body: message.body.as_str().to_owned(),
        sentAtMillis: message.sent_at_millis,
        receivedAtMillis: message.received_at_millis,
        checkpointHash: message.checkpoint_hash.map_or(Vec::new(), Vec::from),
    }
}

pub(super) fn key_change(change: &facade::KeyChange) -> aidl::KeyChange::KeyChange {
    aidl::KeyChange::KeyChange { peer: change.peer.as_str().to_owned(), atMillis: change.at_millis }
}

pub(super) fn preview(preview: &facade::Preview) -> aidl::RegistrationPreview::RegistrationPreview {
    let field = |field: &facade::PreviewField| aidl::PreviewField::PreviewField {
        name: field.name.clone(),
        dataClass: class(field.class),
        value: field.value.as_str().to_owned(),
        madeOnGrant: field.made_on_grant,
        // A plaintext is at most the largest padding bucket, 64 KiB.
        offset: field.offset as i32,
        length: field.length as i32,
    };
    aidl::RegistrationPreview::RegistrationPreview {
        subscriptionId: preview.subscription,
        fields: preview.fields.iter().map(field).collect(),
        plaintext: preview.plaintext.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aidl::DataClass::DataClass as Word;

    #[test]
    fn a_class_has_the_same_number_and_name_in_the_aidl_and_in_the_record() {
        let words: Vec<_> = Word::enum_values().iter().map(|word| word.0).collect();
        let known: Vec<_> = (0..64).filter(|n| DataClass::try_from(*n).is_ok()).collect();
        assert_eq!(words, known);
        assert_eq!(class(DataClass::PhoneNumber), Word::PHONE_NUMBER);
        assert_eq!(class(DataClass::DeliveryReceipt), Word::DELIVERY_RECEIPT);
        assert_eq!(class(DataClass::Imei), Word::IMEI);
    }
}
