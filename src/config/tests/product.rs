// SPDX-License-Identifier: Apache-2.0
//! What is in `product/`, as a build takes it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloudmessaging_config::legacy::Legacy;
use cloudmessaging_config::{Disclosures, Parties};
use serde_json::{json, Value};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAQIDBAUG\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAQIDBAUG\n-----END PRIVATE KEY-----\n";

fn parties() -> Parties {
    Parties {
        controller: "Acme".into(),
        broker: "broker.acme.example".into(),
        registrar_key: [1; 32],
        signing_keys: vec![[2; 32]],
    }
}

fn product() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../product")
}

fn shipped(folder: &str) -> Vec<PathBuf> {
    fs::read_dir(product().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn check(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<(), String> {
    let mut check = Command::new(env!("CARGO_BIN_EXE_cloudmessaging_config_check"));
    let output = check.args(arguments).output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// What Android.bp has the program do, for these files of a configuration.
fn build(files: &[PathBuf]) -> Result<(), String> {
    let out = tempfile::tempdir().unwrap();
    let default = product().join("legacy.json");
    let mut arguments =
        vec!["--install".into(), out.path().to_owned(), "--default".into(), default];
    arguments.extend(files.iter().cloned().chain(shipped("disclosures")));
    check(arguments)
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, content).unwrap();
    file
}

#[test]
fn what_the_product_ships_loads_in_every_language() {
    let disclosures = Disclosures::load(&product().join("disclosures"), parties()).unwrap();
    for (locale, word) in [
        ("en-US", "registrar"),
        ("es-MX", "registrador"),
        ("hi-IN", "रजिस्ट्रार"),
        ("id-ID", "registrar"),
        ("zh-Hans-CN", "注册服务器"),
    ] {
        let text = disclosures.lookup(locale).text();
        assert!(text.contains(word), "{locale}");
        // What every language has to name: the lease, the life of a message and of a key, the two
        // optional classes.
        for part in ["7", "24", "48", "30", "IMSI", "IMEI", "SMS", "IP"] {
            let named = text.contains(part) || (part == "SMS" && text.contains("短信"));
            assert!(named, "{locale}: {part}");
        }
    }
}

/// Whoever does not tailor gets no image, rather than phones that connect to nobody, or to somebody else.
#[test]
fn no_build_passes_with_the_configuration_that_product_ships() {
    let error = build(&shipped("config")).unwrap_err();
    assert!(error.contains("config.json: broker.host: "), "{error}");
    let error = check([product().join("config/config.json")]).unwrap_err();
    assert!(error.contains("config.json: broker.host: "), "{error}");
}

#[test]
fn a_build_names_each_field_that_is_missing_until_none_is() {
    let folder = tempfile::tempdir().unwrap();
    let template = fs::read(product().join("config/config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&template).unwrap();
    let mut files = vec![folder.path().join("config.json")];
    let wrong = |config: &Value, files: &[PathBuf]| {
        write(folder.path(), "config.json", &config.to_string());
        build(files).err()
    };
    let names = |field: &str, config: &Value, files: &[PathBuf]| {
        let error = wrong(config, files).unwrap();
        assert!(error.contains(&format!("config.json: {field}: ")), "{field}: {error}");
    };
    names("broker.host", &config, &files);
    config["broker"]["host"] = json!("broker.acme.example");
    for (field, name, content) in [
        ("broker.ca", "ca.pem", CERTIFICATE),
        ("broker.clientCertificate", "post.pem", CERTIFICATE),
        ("broker.clientKey", "post.key.pem", KEY),
    ] {
        names(field, &config, &files);
        files.push(write(folder.path(), name, content));
    }
    for (field, value) in [
        ("registrar.signingKeys", json!([{"id": 1, "key": "02".repeat(32)}])),
        ("registrar.hpkeKey", json!("01".repeat(32))),
        ("origin", json!("acme.example/cloudmessaging")),
        ("controller", json!("Acme")),
        ("controllerContact", json!("privacy@acme.example")),
        ("jurisdiction", json!("EU")),
    ] {
        names(field, &config, &files);
        *config.pointer_mut(&format!("/{}", field.replace('.', "/"))).unwrap() = value;
    }
    assert_eq!(wrong(&config, &files), None);
}

/// A configuration that passes, in this folder.
fn configuration(folder: &Path) -> Vec<PathBuf> {
    let template = fs::read(product().join("config/config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&template).unwrap();
    for (field, value) in [
        ("/broker/host", json!("broker.acme.example")),
        ("/registrar/signingKeys", json!([{"id": 1, "key": "02".repeat(32)}])),
        ("/registrar/hpkeKey", json!("01".repeat(32))),
        ("/origin", json!("acme.example/cloudmessaging")),
        ("/controller", json!("Acme")),
        ("/controllerContact", json!("privacy@acme.example")),
        ("/jurisdiction", json!("EU")),
    ] {
        *config.pointer_mut(field).unwrap() = value;
    }
    vec![
        write(folder, "config.json", &config.to_string()),
        write(folder, "ca.pem", CERTIFICATE),
        write(folder, "post.pem", CERTIFICATE),
        write(folder, "post.key.pem", KEY),
    ]
}

#[test]
fn a_build_without_a_list_of_what_was_there_looks_for_nothing() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut arguments = vec!["--install".into(), out.path().to_owned()];
    arguments.extend(["--default".into(), product().join("legacy.json")]);
    arguments.extend(configuration(folder.path()).into_iter().chain(shipped("disclosures")));
    check(arguments).unwrap();
    let legacy = Legacy::load_beside(&out.path().join("config.json")).unwrap();
    assert_eq!(legacy, Legacy::default());
    assert!(out.path().join("legacy.json").exists(), "Android.bp installs it");
}

#[test]
fn a_build_with_a_list_that_is_wrong_stops_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = configuration(folder.path());
    assert_eq!(build(&files), Ok(()));
    let item = json!({"setting": "secure/acme", "values": {"1": ["on"]}});
    files.push(write(folder.path(), "legacy.json", &json!({"items": [item]}).to_string()));
    assert_eq!(build(&files), Ok(()));
    let item = json!({"setting": "secure/acme", "values": {"1": ["consent"]}});
    write(folder.path(), "legacy.json", &json!({"items": [item]}).to_string());
    let error = build(&files).unwrap_err();
    assert!(error.contains("legacy.json: items[0].values.1: "), "{error}");
}

#[test]
fn a_build_takes_no_file_that_a_phone_would_not_get() {
    let folder = tempfile::tempdir().unwrap();
    let files = [write(folder.path(), "root.pem", CERTIFICATE)];
    let error = build(&files).unwrap_err();
    assert!(error.contains("root.pem: no phone gets a file of this name"), "{error}");
    let again = [shipped("config"), shipped("config")].concat();
    let error = build(&again).unwrap_err();
    assert!(error.contains("another file is named so"), "{error}");
}
