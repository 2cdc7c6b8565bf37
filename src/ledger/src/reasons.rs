// SPDX-License-Identifier: Apache-2.0
//! The reasons that entries give, in words. A reason that this version does not know is shown as it stands.

/// Why a message was left to SMS: the names of SmsReason.aidl.
pub(crate) fn sms(reason: &str) -> &str {
    match reason {
        "NOT_REGISTERED" => "the recipient does not use cloud messaging",
        "REFUSED" => "the gate or the registrar refused it",
        "OFF" => "cloud messaging was turned off before it was sent",
        "NO_NETWORK" => "there was no network until the deadline",
        "EXPIRED" => "no receipt came until the deadline",
        "PREKEY_GONE" => "the recipient's key it was sealed to is gone",
        "FULL" => "the recipient's inbox is full",
        other => other,
    }
}

/// Why a call was refused, or something of the service's own: the names of Refusal.aidl, of ErrorCode.aidl, and DENIED.
pub(crate) fn refusal(reason: &str) -> &str {
    match reason {
        "OFF" => "cloud messaging is not turned on",
        "OUTDATED_DISCLOSURE" => "the disclosure that was agreed to is out of date",
        "POLICY" | "FORBIDDEN" => "a policy forbids it",
        "NOT_YET_REPORTED" => "users or network were not reported yet",
        "NOT_UNLOCKED" => "the phone was not unlocked yet",
        "SIM_NOT_NAMED" => "the consent does not name that SIM",
        "SIM_CHANGED" => "the SIM is not the one that was agreed to",
        "CLASS_NOT_ALLOWED" => "it would have revealed what is not allowed",
        "NO_NETWORK" => "there was no network",
        "ROAMING" => "not while roaming",
        "DATA_SAVER" => "not while Data Saver is on",
        "BATTERY_SAVER" => "not while battery saver is on",
        "BUSY" => "nothing more could be taken just then",
        "LEDGER" => "it could not be written down first",
        "UNKNOWN_DISCLOSURE" => "it named a disclosure that this build does not have",
        "SIM_IN_USE" => "another user of the phone has that SIM",
        "NOT_READY" => "it was not ready yet",
        "TOO_MANY" => "too many calls at once",
        "DENIED" => "not for this app to call",
        other => other,
    }
}

/// Why consent was found off: the names of OffReason.aidl.
pub(crate) fn off(reason: &str) -> &str {
    match reason {
        "NO_RECORD" => "there is no record of consent any more",
        "UNREADABLE" => "the record of consent cannot be opened",
        "DAMAGED" => "the record of consent is damaged, or another phone's",
        "FUTURE_VERSION" => "the record of consent is of a newer version",
        "OTHER_USER" => "the record of consent is another user's",
        "UNKNOWN_DISCLOSURE" => "this build does not have the disclosure that was agreed to",
        "OUTDATED_DISCLOSURE" => "this build reveals more than was agreed to",
        "UNKNOWN_USER" => "the user is not on this phone any more",
        other => other,
    }
}

/// What forbids it.
pub(crate) fn policy(reason: &str) -> &str {
    match reason {
        "DISALLOW_SMS" => "this user may not use SMS",
        "ORGANISATION" => "an organisation's policy",
        "BUILD" => "this build's configuration",
        other => other,
    }
}

/// Why something that arrived was dropped.
pub(crate) fn dropped(reason: &str) -> &str {
    match reason {
        "MALFORMED" => "not in the right form",
        "UNKNOWN_KEY" => "sealed to a key that is not here",
        "NOT_OPENED" => "altered, or sealed for something else",
        "CERTIFICATE" => "the sender's certificate is forged, expired or missing",
        "SIGNATURE" => "not signed by whom it names, for this phone",
        "EXPIRED" => "past its time",
        "TOO_LONG" => "to live longer than any message does",
        "OLDER_KEY" => "by a key that its owner has replaced",
        "TOO_MANY" => "from somebody new, and too many are known",
        "SEEN" => "a copy of one that came before",
        "FULL" => "there was no room",
        "RETRACTED" => "its sender had taken it back",
        "BUNDLE" => "keys that the registrar or their owner did not sign, or that have expired",
        "UNEXPECTED" => "of a kind that has no place here",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that an enum of the interface has, but for NONE.
    fn names(aidl: &str) -> Vec<&str> {
        let named = aidl.lines().filter_map(|line| line.trim().split_once(" = "));
        let names: Vec<_> = named.map(|(name, _)| name).filter(|name| *name != "NONE").collect();
        assert!(names.len() > 3);
        names
    }

    macro_rules! aidl {
        ($name:literal) => {
            include_str!(concat!("../../../aidl/android/system/cloudmessaging/", $name, ".aidl"))
        };
    }

    #[test]
    fn every_reason_of_the_interface_has_its_words() {
        for (names, words) in [
            (names(aidl!("SmsReason")), sms as fn(&str) -> &str),
            (names(aidl!("Refusal")), refusal),
            (names(aidl!("OffReason")), off),
        ] {
            for name in names {
                assert_ne!(words(name), name);
            }
        }
        assert_eq!([sms, refusal, off, policy, dropped].map(|words| words("NEWER")), ["NEWER"; 5]);
    }

    /// The names in quotes that stand behind this in the gate's source.
    fn quoted<'a>(source: &'a str, before: &str) -> Vec<&'a str> {
        let quoted = source.lines().filter_map(|line| line.split_once(before)?.1.split_once('"'));
        let names: Vec<_> = quoted.map(|(name, _)| name).collect();
        assert!(names.len() > 1);
        names
    }

    #[test]
    fn every_reason_of_the_gate_has_its_words() {
        for (source, before, words) in [
            (
                include_str!("../../gate/src/courier/dropped.rs"),
                "=> \"",
                dropped as fn(&str) -> &str,
            ),
            (include_str!("../../gate/src/service/error.rs"), "=> Some(\"", refusal),
            (include_str!("../../gate/src/user/view.rs"), "=> \"", policy),
        ] {
            for name in quoted(source, before) {
                assert_ne!(words(name), name);
            }
        }
        assert_ne!(refusal("DENIED"), "DENIED");
    }
}
