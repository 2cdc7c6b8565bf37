// SPDX-License-Identifier: Apache-2.0
//! The workspace's packages, as cargo knows them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::root;

/// A package of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its edition.
    pub edition: String,
    /// Its folder, relative to the project's.
    pub folder: String,
    /// Whether it is for a phone: it builds with AOSP's Rust, and is no stand-in for something of AOSP.
    pub is_for_phones: bool,
    /// The crates that it needs on a device, as they are named in code.
    pub crates: BTreeSet<String>,
    /// Those that its tests need besides.
    pub test_crates: BTreeSet<String>,
}

/// All of them.
pub fn packages() -> Vec<Package> {
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let output = metadata.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let packages: Vec<_> = packages.iter().map(|value| package(value).unwrap()).collect();
    assert!(packages.iter().filter(|p| p.is_for_phones).count() >= 9, "where have they gone?");
    packages
}

fn package(value: &Value) -> Option<Package> {
    let folder = value["manifest_path"].as_str()?.strip_suffix("/Cargo.toml")?;
    let folder = folder.strip_prefix(root().to_str()?)?.strip_prefix('/')?;
    let crates = |kind: &Value| {
        let dependencies = value["dependencies"].as_array().unwrap().iter();
        // libFuzzer is the only optional one, and Soong gives it to each of its targets.
        let wanted = dependencies.filter(|d| d["kind"] == *kind && d["optional"] == false);
        let ours = wanted.filter(|d| on_android(&d["target"]));
        ours.map(|d| d["rename"].as_str().or(d["name"].as_str()).unwrap().replace('-', "_"))
            .collect()
    };
    Some(Package {
        name: value["name"].as_str()?.to_owned(),
        version: value["version"].as_str()?.to_owned(),
        edition: value["edition"].as_str()?.to_owned(),
        folder: folder.to_owned(),
        is_for_phones: !value["rust_version"].is_null() && !folder.starts_with("host/"),
        crates: crates(&Value::Null),
        test_crates: crates(&Value::from("dev")),
    })
}

fn on_android(target: &Value) -> bool {
    match target.as_str() {
        None => true,
        Some("cfg(target_os = \"android\")") => true,
        Some("cfg(not(target_os = \"android\"))") => false,
        Some(other) => panic!("is {other} true on a phone?"),
    }
}

/// The Soong module of a crate: `lib` and its name, but for these.
pub fn soong_module(krate: &str) -> String {
    match krate {
        "android_hardware_security_keymint" => {
            "android.hardware.security.keymint-V*-rust".to_owned()
        }
        "android_system_keystore2" => "android.system.keystore2-V*-rust".to_owned(),
        "android_os_permissions_aidl" => "android.os.permissions_aidl-rust".to_owned(),
        "android_system_cloudmessaging" => "android.system.cloudmessaging-rust".to_owned(),
        "binder" => "libbinder_rs".to_owned(),
        "fuzz" | "ledger" => format!("lib{krate}_cloudmessaging"),
        "log" => "liblog_rust".to_owned(),
        _ => format!("lib{krate}"),
    }
}
