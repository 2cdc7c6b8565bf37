// SPDX-License-Identifier: Apache-2.0
use super::*;

use serde_json::json;

// What is inside is for TLS to judge: here it is the bytes 1 to 6.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAQIDBAUG\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAQIDBAUG\n-----END PRIVATE KEY-----\n";
const DER: [u8; 6] = [1, 2, 3, 4, 5, 6];

struct Build(tempfile::TempDir);

impl Build {
    fn new() -> Self {
        let build = Self(tempfile::tempdir().unwrap());
        build.put("ca.pem", CERTIFICATE);
        build.put("post.pem", &format!("{CERTIFICATE}{CERTIFICATE}"));
        build.put("post.key.pem", KEY);
        build
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn load(&self, config: &Value) -> Result<Config, ConfigError> {
        self.put("config.json", &config.to_string());
        Config::load(&self.0.path().join("config.json"))
    }

    /// The error of a configuration in which one thing was changed.
    fn refused(&self, pointer: &str, value: Value) -> String {
        let mut config = config();
        *config.pointer_mut(pointer).unwrap() = value;
        let error = self.load(&config).unwrap_err().to_string();
        assert!(error.contains("config.json"), "names no file: {error}");
        error
    }
}

fn config() -> Value {
    json!({
        "broker": {
            "host": "localhost",
            "port": 8883,
            "ca": "ca.pem",
            "clientCertificate": "post.pem",
            "clientKey": "post.key.pem",
        },
        "registrar": {
            "hpkeKeyId": 1,
            "hpkeKey": "01".repeat(32),
            "signingKeys": [
                {"id": 1, "key": "02".repeat(32)},
                {"id": 2, "key": "03".repeat(32)},
            ],
        },
        "origin": "cloudmessaging.example/ledger",
        "controller": "Example Org",
        "receiptDelayMaxMillis": 0,
        "ledgerDays": 30,
        "ledgerBytes": 1024 * 1024,
        "forbidden": true,
    })
}

#[test]
fn a_build_is_loaded_with_the_files_it_names() {
    let build = Build::new();
    let config = build.load(&config()).unwrap();
    assert_eq!((config.broker.host.as_str(), config.broker.port), ("localhost", 8883));
    assert_eq!(config.broker.ca, [DER]);
    assert_eq!(config.broker.client_certificate, [DER; 2]);
    assert_eq!(config.broker.client_key[..], DER);
    assert_eq!((config.registrar.hpke_key_id, config.registrar.hpke_key), (1, [1; 32]));
    assert_eq!(config.registrar.signing_keys[1], SigningKey { id: 2, key: [3; 32] });
    assert_eq!(config.receipt_delay_max, Duration::ZERO);
    assert_eq!(config.disclosures, build.0.path().join("disclosures"));
    assert_eq!((config.controller_contact, config.jurisdiction), (None, None));
    assert!(config.forbidden);
}

#[test]
fn optional_fields_have_their_defaults() {
    let build = Build::new();
    let mut optional = config();
    optional.as_object_mut().unwrap().remove("receiptDelayMaxMillis");
    assert_eq!(build.load(&optional).unwrap().receipt_delay_max, Duration::from_secs(2));
    let keep = Retention { days: 30, bytes: 1024 * 1024 };
    assert_eq!(build.load(&optional).unwrap().ledger, keep);
    for field in ["ledgerDays", "ledgerBytes", "forbidden"] {
        optional.as_object_mut().unwrap().remove(field);
    }
    let keep = Retention { days: 90, bytes: 16 * 1024 * 1024 };
    assert_eq!(build.load(&optional).unwrap().ledger, keep);
    assert!(!build.load(&optional).unwrap().forbidden);
    let texts = build.0.path().join("texts");
    optional["disclosures"] = json!(texts.to_str().unwrap());
    optional["jurisdiction"] = json!("EU");
    optional["controllerContact"] = json!("privacy@example.org");
    let config = build.load(&optional).unwrap();
    assert_eq!(config.disclosures, texts);
    assert_eq!(config.jurisdiction.as_deref(), Some("EU"));
}

#[test]
fn a_value_that_cannot_be_is_named_with_its_field() {
    let build = Build::new();
    for (field, value) in [
        ("broker.host", json!("")),
        ("broker.host", json!(7)),
        ("broker.host", json!("a\nb")),
        ("broker.port", json!(0)),
        ("broker.port", json!(65536)),
        ("broker.port", json!(-1)),
        ("broker.port", json!("8883")),
        ("broker.port", json!(88.5)),
        ("broker.ca", json!("absent.pem")),
        ("broker.ca", json!("post.key.pem")),
        ("broker.clientKey", json!("ca.pem")),
        ("registrar.hpkeKeyId", json!(4294967296u64)),
        ("registrar.hpkeKey", json!("01")),
        ("registrar.hpkeKey", json!("0g".repeat(32))),
        ("registrar.signingKeys", json!([])),
        ("origin", json!("x".repeat(257))),
        ("origin", json!("two words")),
        ("origin", json!("one+one")),
        ("controller", json!(null)),
        ("ledgerDays", json!(0)),
        ("ledgerDays", json!(3661)),
        ("ledgerBytes", json!(1024)),
        ("receiptDelayMaxMillis", json!(2001)),
        ("receiptDelayMaxMillis", json!(-1)),
        ("forbidden", json!("no")),
        ("forbidden", json!(0)),
    ] {
        let error = build.refused(&format!("/{}", field.replace('.', "/")), value.clone());
        assert!(error.contains(field), "{field} = {value}: {error}");
    }
    let error = build.refused("/registrar/signingKeys/1/key", json!("02"));
    assert!(error.contains("registrar.signingKeys[1].key"), "{error}");
    let error = build.refused("/registrar/signingKeys/1/id", json!(1));
    assert!(error.contains("registrar.signingKeys[1].id: is used twice"), "{error}");
}

#[test]
fn a_field_too_many_or_too_few_is_named() {
    let build = Build::new();
    for (object, field) in [("", "origin"), ("/broker", "port"), ("/registrar", "hpkeKey")] {
        let mut fewer = config();
        fewer.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(field);
        let error = build.load(&fewer).unwrap_err().to_string();
        assert!(error.contains(&format!("missing field `{field}`")), "{error}");
        let mut more = config();
        more.pointer_mut(object).unwrap()["enabled"] = json!(true);
        let error = build.load(&more).unwrap_err().to_string();
        assert!(error.contains("unknown field `enabled`"), "{error}");
    }
}

#[test]
fn what_is_no_configuration_is_refused() {
    let build = Build::new();
    assert!(Config::load(&build.0.path().join("config.json")).is_err());
    for content in ["", "{", "[]", "null", r#"{"broker":1}"#] {
        build.put("config.json", content);
        let error = Config::load(&build.0.path().join("config.json")).unwrap_err().to_string();
        assert!(error.contains("config.json"), "{error}");
    }
}

#[test]
fn a_pem_file_that_is_cut_or_garbled_is_refused() {
    let build = Build::new();
    build.put("ca.pem", &CERTIFICATE[..CERTIFICATE.len() / 2]);
    assert!(build.load(&config()).unwrap_err().to_string().contains("broker.ca"));
    let build = Build::new();
    build.put("post.key.pem", &KEY.replace("AQID", "!!!!"));
    let error = build.load(&config()).unwrap_err().to_string();
    assert!(error.contains("broker.clientKey") && !error.contains("!!!!"), "{error}");
}

#[test]
fn debug_says_no_key() {
    let config = Build::new().load(&config()).unwrap();
    assert!(!format!("{config:?}").contains("1, 2, 3, 4, 5, 6"));
}
