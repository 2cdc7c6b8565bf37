// SPDX-License-Identifier: Apache-2.0
use super::*;

use crate::consent::{Conditions, Disclosures, FileRecordKey, NewConsent, RecordId, RecordTime};
use crate::consent::{ConsentStore, Parties, SimIdentity};
use crate::disclose::Classes;

fn controller() -> Controller {
    Controller {
        name: "Example Org".into(),
        contact: Some("privacy@example.org".into()),
        jurisdiction: None,
        broker: "broker.example.org".into(),
    }
}

fn parties() -> Parties {
    Parties {
        controller: "Example Org".into(),
        broker: "broker.example.org".into(),
        registrar_key: [1; 32],
        signing_keys: vec![[2; 32]],
    }
}

fn granted(classes: Classes) -> (Record, [u8; 32]) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("en.txt"), "version: 4\nText.").unwrap();
    let disclosures = Disclosures::load(directory.path(), parties()).unwrap();
    let user = directory.path().join("0");
    let store = ConsentStore::new(&user, 0, Box::new(FileRecordKey::new(&user)));
    let identities = ["+15550100", "001010123456789", "49015420323751"].map(String::from);
    let [number, imsi, imei] = identities;
    let new = NewConsent {
        id: RecordId::random().unwrap(),
        user_serial: 0,
        sims: &[SimIdentity::new(1, number, imsi, imei).unwrap()],
        disclosure: disclosures.lookup("en"),
        parties: disclosures.parties(),
        classes,
        granted: RecordTime { wall_ms: 1_700_000_000_000, boot_ms: 5 },
        method: CaptureMethod::SettingsPage,
        conditions: Conditions::default(),
        build_fingerprint: "build",
        ledger_position: 0,
    };
    (store.write(&new).unwrap(), *disclosures.lookup("en").sha256())
}

fn all() -> Classes {
    Classes::ALL.into_iter().collect()
}

#[test]
fn a_receipt_says_who_agreed_to_what_when_and_how_to_withdraw() {
    let (record, hash) = granted(all());
    let receipt: Value = serde_json::from_str(&receipt(&record, &controller())).unwrap();
    assert_eq!(receipt["record_id"], hex::encode(record.id().as_bytes()));
    let notice = &receipt["pii_processing"]["privacy_notice"];
    assert_eq!(notice["sha256"], hex::encode(hash));
    assert_eq!((&notice["version"], &notice["language"]), (&json!(4), &json!("en")));
    let event = &receipt["event"][0];
    assert_eq!(event["event_time"], 1_700_000_000_000u64);
    assert_eq!(event["capture_method"], "Settings > Cloud Messaging");
    assert_eq!(receipt["party_identification"][0]["party_name"], "Example Org");
    for purpose in receipt["pii_processing"]["purposes"].as_array().unwrap() {
        for field in ["purpose", "retention_period", "withdrawal_method", "pii_information"] {
            assert!(!purpose[field].is_null(), "{field} in {purpose}");
        }
        assert!(!purpose["recipient_third_parties"].as_array().unwrap().is_empty());
    }
}

#[test]
fn a_receipt_lists_the_classes_allowed_and_no_other() {
    for class in Classes::ALL {
        let (record, _) = granted([class].into_iter().collect());
        let receipt: Value = serde_json::from_str(&receipt(&record, &controller())).unwrap();
        let purposes = receipt["pii_processing"]["purposes"].as_array().unwrap();
        assert_eq!(purposes.len(), 1);
        let named = &purposes[0]["pii_information"][0]["pii_attribute_id"];
        assert_eq!(named, class.as_str_name());
    }
}

#[test]
fn a_receipt_holds_no_identity_and_fits_into_a_call() {
    let (record, _) = granted(all());
    let text = receipt(&record, &controller());
    for personal in ["+1555", "00101012345", "4901542"] {
        assert!(!text.contains(personal));
    }
    assert!(text.len() < 64 * 1024);
}
