// SPDX-License-Identifier: Apache-2.0
//! The interface's enums in words: the name a script compares, and the sentence a person reads.
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    CaptureMethod::CaptureMethod, DataClass::DataClass, Erasure::Erasure, ErrorCode::ErrorCode,
    OffReason::OffReason, Policy::Policy, Refusal::Refusal, Registration::Registration,
    SmsReason::SmsReason,
};
use std::borrow::Cow;

/// An enum of the interface.
pub trait Words {
    /// Its name in the AIDL; a value of a newer service by its number.
    fn name(&self) -> Cow<'static, str>;
    /// What it means, without a full stop.
    fn says(&self) -> &'static str;
}

macro_rules! words {
    ($enum:ident { $($value:ident: $says:literal,)* }) => {
        impl Words for $enum {
            fn name(&self) -> Cow<'static, str> {
                match *self {
                    $($enum::$value => Cow::Borrowed(stringify!($value)),)*
                    other => Cow::Owned(format!("UNKNOWN_{}", other.0)),
                }
            }
            fn says(&self) -> &'static str {
                match *self {
                    $($enum::$value => $says,)*
                    _ => "something this version of cmctl does not know",
                }
            }
        }

        #[cfg(test)]
        impl AllWords for $enum {
            const WORDED: usize = [$($says),*].len();
            fn all() -> Vec<Self> { $enum::enum_values().to_vec() }
        }
    };
}

/// So that a test can see that no value was forgotten.
#[cfg(test)]
trait AllWords: Sized {
    const WORDED: usize;
    fn all() -> Vec<Self>;
}

words! { Refusal {
    NONE: "nothing is refused",
    OFF: "the owner has not turned cloud messaging on",
    OUTDATED_DISCLOSURE: "the owner agreed to an older disclosure, this build reveals more",
    POLICY: "a policy of the build, the organisation or the user forbids it",
    NOT_YET_REPORTED: "users or network were not reported since the service started, or the boot is not complete",
    NOT_UNLOCKED: "the user has not unlocked the phone since it booted",
    SIM_NOT_NAMED: "the owner's consent does not name this SIM",
    SIM_CHANGED: "the SIM or its number is not the one the owner agreed to, or is not there",
    CLASS_NOT_ALLOWED: "a class of data that would have to be revealed is not allowed",
    NO_NETWORK: "there is no network",
    ROAMING: "the network is roaming, which the owner did not allow",
    DATA_SAVER: "Data Saver is on, which the owner did not allow",
    BATTERY_SAVER: "battery saver is on, which the owner did not allow",
    BUSY: "the uplink is being started or takes nothing more just now",
    LEDGER: "it could not be written to the ledger first",
} }

words! { OffReason {
    NONE: "it is on",
    NO_RECORD: "never turned on, or turned off",
    UNREADABLE: "the record of consent cannot be opened, or has a wrong owner, mode or size",
    DAMAGED: "the record of consent is damaged, or is not this phone's",
    FUTURE_VERSION: "the record of consent was written by a newer version",
    OTHER_USER: "the record of consent is another user's",
    UNKNOWN_DISCLOSURE: "this build does not ship the disclosure that was agreed to",
    OUTDATED_DISCLOSURE: "the disclosure has widened since it was agreed to",
    UNKNOWN_USER: "the user was not reported since the service started",
} }

words! { Policy {
    NONE: "nothing forbids it",
    ORGANISATION: "the organisation that manages this phone forbids it",
    SMS_FORBIDDEN: "this user may not use SMS",
    BUILD: "this build forbids it",
} }

words! { Registration {
    NONE: "not registered",
    ASKED: "asked for, no answer yet",
    CODE_NEEDED: "a code was sent by SMS to this SIM's number",
    DONE: "registered",
    REFUSED: "refused by the registrar, tried again later",
    MOVED: "another phone has registered this SIM's number; nothing is sent until it is turned on again",
} }

words! { SmsReason {
    NONE: "delivered",
    NOT_REGISTERED: "the recipient does not use cloud messaging",
    REFUSED: "the gate or the registrar refused it",
    OFF: "cloud messaging was turned off before it was sent",
    NO_NETWORK: "there was no network until the deadline",
    EXPIRED: "no receipt came until the deadline",
    PREKEY_GONE: "the recipient's key it was sealed to is gone",
    FULL: "the recipient's inbox is full",
} }

words! { Erasure {
    NONE: "not asked for, or nothing was registered",
    CONFIRMED: "the registrar confirmed it",
    NOT_CONFIRMED: "no confirmation within 2 s, the registration lapses by itself",
} }

words! { CaptureMethod {
    UNSPECIFIED: "not said",
    SETTINGS_PAGE: "Settings > Cloud Messaging",
    COMMAND_LINE: "the command line",
} }

words! { DataClass {
    UNSPECIFIED: "no personal datum",
    PHONE_NUMBER: "your phone number: to the registrar, and to whom you write",
    RECIPIENT_NUMBER: "the number of whom you write to: to the registrar, to look up",
    MESSAGE_CONTENT: "what you write: to its recipient alone",
    NETWORK_ADDRESS: "your network address, and that you use this: to the broker",
    ROUTING_ID: "the pseudonym under which you are reached: to the broker",
    RECIPIENT_ROUTING_ID: "the pseudonym of whom you write to: to the broker",
    DELIVERY_RECEIPT: "that a message arrived, and when: to its sender",
    PUBLIC_KEYS: "your public keys: to the registrar, and to whom you write",
    IMSI: "your SIM's IMSI: to the registrar; never needed",
    IMEI: "your phone's IMEI: to the registrar; never needed",
} }

words! { ErrorCode {
    NONE: "no error",
    INVALID_ARGUMENT: "an argument is malformed or out of range",
    TOO_LARGE: "an argument is too large",
    UNKNOWN_DISCLOSURE: "this build ships no such disclosure, read the current one",
    STORAGE: "storage failed",
    LEDGER: "the ledger could not be written, so nothing was done",
    OFF: "only possible while cloud messaging is on",
    NO_CODE_EXPECTED: "no registration of this SIM waits for a code",
    SIM_IN_USE: "the SIM takes part under another user of this phone",
    NOT_FOUND: "there is nothing of that name",
    TOO_MANY: "a maximum is reached, try again later",
    FORBIDDEN: "a policy forbids turning on",
    NOT_READY: "users were not reported yet, or the user is locked",
    ID_REUSED: "the id was used for a different message",
    INTERNAL: "the service failed unexpectedly, nothing was sent",
    UNWRITABLE: "it could not be written to where it was wanted",
} }

/// Classes a person can name, in the order of the interface.
pub const NAMED_CLASSES: [DataClass; 10] = [
    DataClass::PHONE_NUMBER,
    DataClass::RECIPIENT_NUMBER,
    DataClass::MESSAGE_CONTENT,
    DataClass::NETWORK_ADDRESS,
    DataClass::ROUTING_ID,
    DataClass::RECIPIENT_ROUTING_ID,
    DataClass::DELIVERY_RECEIPT,
    DataClass::PUBLIC_KEYS,
    DataClass::IMSI,
    DataClass::IMEI,
];

/// A class as it is written on the command line: `message-content`.
pub fn class_word(class: DataClass) -> String {
    class.name().to_lowercase().replace('_', "-")
}

/// The class of that name, in any case, with `-` or `_`.
pub fn parse_class(word: &str) -> Result<DataClass, String> {
    let wanted = word.to_lowercase().replace('_', "-");
    NAMED_CLASSES.into_iter().find(|class| class_word(*class) == wanted).ok_or_else(|| {
        let known: Vec<_> = NAMED_CLASSES.into_iter().map(class_word).collect();
        format!("the classes are {}", known.join(", "))
    })
}

/// What is allowed: everything that is needed, nothing optional, changed by the two lists. Forbidding wins.
pub fn allowed(allow: &[DataClass], forbid: &[DataClass]) -> Vec<DataClass> {
    let optional = [DataClass::IMSI, DataClass::IMEI];
    NAMED_CLASSES
        .into_iter()
        .filter(|class| !optional.contains(class) || allow.contains(class))
        .filter(|class| !forbid.contains(class))
        .collect()
}

/// Classes as a list for people.
#[cfg(not(target_os = "android"))]
pub fn class_list(classes: &[DataClass]) -> String {
    classes.iter().map(|class| class_word(*class)).collect::<Vec<_>>().join(", ")
}

/// Classes as a list for programs.
pub fn class_names(classes: &[DataClass]) -> Vec<Cow<'static, str>> {
    classes.iter().map(Words::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete<T: Words + AllWords>() {
        let all = T::all();
        assert_eq!(all.len(), T::WORDED);
        for value in all {
            // A name that had to be made up is owned.
            assert!(matches!(value.name(), Cow::Borrowed(_)), "{}", value.name());
        }
    }

    #[test]
    fn every_value_of_the_interface_has_words() {
        complete::<Refusal>();
        complete::<OffReason>();
        complete::<Policy>();
        complete::<Registration>();
        complete::<SmsReason>();
        complete::<Erasure>();
        complete::<CaptureMethod>();
        complete::<DataClass>();
        complete::<ErrorCode>();
    }

    #[test]
    fn a_value_of_a_newer_service_is_shown_by_its_number() {
        assert_eq!(Refusal(99).name(), "UNKNOWN_99");
        assert!(!Refusal(99).says().is_empty());
    }

    #[test]
    fn classes_are_read_in_any_spelling() {
        assert_eq!(parse_class("message-content"), Ok(DataClass::MESSAGE_CONTENT));
        assert_eq!(parse_class("MESSAGE_CONTENT"), Ok(DataClass::MESSAGE_CONTENT));
        assert!(parse_class("unspecified").is_err());
        assert!(parse_class("").is_err());
    }

    #[test]
    fn imsi_and_imei_are_allowed_only_if_named_and_forbidding_wins() {
        assert_eq!(allowed(&[], &[]).len(), 8);
        assert!(allowed(&[DataClass::IMSI], &[]).contains(&DataClass::IMSI));
        assert!(!allowed(&[DataClass::IMSI], &[DataClass::IMSI]).contains(&DataClass::IMSI));
        assert!(!allowed(&[], &[DataClass::MESSAGE_CONTENT]).contains(&DataClass::MESSAGE_CONTENT));
    }
}
