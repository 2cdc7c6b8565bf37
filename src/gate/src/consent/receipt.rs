// SPDX-License-Identifier: Apache-2.0
//! What an owner can take away: the consent in force as JSON, with the fields of ISO/IEC TS 27560:2023
//! (header, PII processing, parties, event).
//!
//! Holds no number, IMSI or IMEI and no hash of one: the principal is the user of this phone, named by
//! the record id alone.

use serde_json::{json, Value};

use super::record::{CaptureMethod, Record};
use crate::disclose::DataClass;

/// Who answers for the processing, from the build's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The name of the organisation that runs the registrar.
    pub name: String,
    /// How to reach it; may be absent.
    pub contact: Option<String>,
    /// Whose law applies; absent if the build does not say.
    pub jurisdiction: Option<String>,
    /// Host name of the broker, which receives what is sent.
    pub broker: String,
}

/// What one class is, who receives it, why, and how long that reader keeps it.
struct Terms {
    datum: &'static str,
    recipients: &'static [&'static str],
    purpose: &'static str,
    retention: &'static str,
    optional: bool,
}

const REGISTRAR: &str = "registrar";
const BROKER: &str = "broker";
const CORRESPONDENT: &str = "the people the owner writes to";

fn terms(class: DataClass) -> Option<Terms> {
    let lease = "until the registration lapses, at most 7 days after its last renewal";
    let message = "until delivered or expired, at most 24 hours";
    let none = "kept nowhere: read, answered, forgotten";
    let theirs = "as long as they keep it";
    let connection =
        "while connected; what the broker's operator logs beyond that is not in our hands";
    let (datum, recipients, purpose, retention, optional): (_, &'static [_], _, _, _) = match class
    {
        DataClass::Unspecified => return None,
        DataClass::PhoneNumber => (
            "the owner's phone number",
            &[REGISTRAR, CORRESPONDENT],
            "to be reachable under the number, and to show who writes",
            theirs,
            false,
        ),
        DataClass::RecipientNumber => (
            "the number of somebody the owner writes to",
            &[REGISTRAR],
            "to find out whether and how that person can be reached",
            none,
            false,
        ),
        DataClass::MessageContent => {
            ("what the owner writes", &[CORRESPONDENT], "to deliver messages", theirs, false)
        }
        DataClass::NetworkAddress => (
            "the phone's network address, and that it uses this service",
            &[BROKER],
            "to connect",
            connection,
            false,
        ),
        DataClass::RoutingId => (
            "the pseudonym under which the owner is reached",
            &[BROKER],
            "to receive messages",
            lease,
            false,
        ),
        DataClass::RecipientRoutingId => (
            "the pseudonym of whom the owner writes to",
            &[BROKER],
            "to send messages",
            message,
            false,
        ),
        DataClass::DeliveryReceipt => (
            "that a message arrived, and when",
            &[CORRESPONDENT],
            "to tell its sender, who would otherwise send an SMS",
            theirs,
            false,
        ),
        DataClass::PublicKeys => (
            "the owner's public keys",
            &[REGISTRAR, CORRESPONDENT],
            "to encrypt to the owner and to check who writes",
            lease,
            false,
        ),
        DataClass::Imsi => {
            ("the IMSI", &[REGISTRAR], "to check that the number is the owner's", none, true)
        }
        DataClass::Imei => {
            ("the IMEI", &[REGISTRAR], "to check that the number is the owner's", none, true)
        }
    };
    Some(Terms { datum, recipients, purpose, retention, optional })
}

/// The receipt of a consent in force, as JSON text of at most 64 KiB.
pub fn receipt(record: &Record, controller: &Controller) -> String {
    let notice = hex::encode(record.disclosure_sha256());
    let purposes: Vec<Value> = record
        .classes()
        .iter()
        .filter_map(|class| terms(class).map(|terms| (class, terms)))
        .map(|(class, terms)| {
            json!({
                "purpose": terms.purpose,
                "lawful_basis": "consent",
                "pii_information": [{
                    "pii_type": terms.datum,
                    "pii_attribute_id": class.as_str_name(),
                    "pii_optional": terms.optional,
                }],
                "pii_controllers": ["controller"],
                "collection_method": "read on the phone when it is needed",
                "processing_method": "encrypted to its reader before it leaves the phone",
                "recipient_third_parties": terms.recipients,
                "storage_locations": ["this phone", "in transit at the broker"],
                "retention_period": terms.retention,
                "jurisdiction": controller.jurisdiction,
                "withdrawal_method": "Settings > Cloud Messaging, turn off: at once, at any time",
            })
        })
        .collect();
    let conditions = record.conditions();
    json!({
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": hex::encode(record.id().as_bytes()),
        "pii_principal_id": format!("user {} of this phone", record.user()),
        "pii_processing": {
            "privacy_notice": {
                "version": record.disclosure_version(),
                "sha256": notice,
                "language": record.locale(),
            },
            "purposes": purposes,
            "conditions": {
                "sims": record.sims().len(),
                "while_roaming": conditions.while_roaming,
                "with_data_saver": conditions.with_data_saver,
                "with_battery_saver": conditions.with_battery_saver,
            },
        },
        "party_identification": [
            {
                "party_id": "controller",
                "party_role": "PII controller",
                "party_name": controller.name,
                "party_contact": controller.contact,
            },
            {
                "party_id": REGISTRAR,
                "party_role": "PII processor",
                "party_name": controller.name,
            },
            {
                "party_id": BROKER,
                "party_role": "PII processor",
                "party_name": controller.broker,
            },
        ],
        "event": [{
            "event_type": "explicit consent",
            "event_state": "consent given",
            "event_time": record.granted().wall_ms,
            "event_time_unit": "ms since 1970-01-01T00:00:00Z",
            "validity_duration": "until withdrawn",
            "entity_id": "the owner of the phone",
            "capture_method": match record.method() {
                CaptureMethod::SettingsPage => "Settings > Cloud Messaging",
                CaptureMethod::CommandLine => "command line",
                // No record has it.
                CaptureMethod::Unspecified => "",
            },
        }],
        "build_fingerprint": record.build_fingerprint(),
        "ledger_position": record.ledger_position(),
    })
    .to_string()
}

#[cfg(test)]
mod tests;
