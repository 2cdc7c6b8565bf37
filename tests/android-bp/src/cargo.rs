// SPDX-License-Identifier: Apache-2.0
//! The workspace's packages, as cargo knows them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::root;

/// A package that runs on a device.
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
    /// The crates that it needs on a device, as they are named in code.
    pub crates: BTreeSet<String>,
    /// Those that its tests need besides.
    pub test_crates: BTreeSet<String>,
}

/// The packages that run on a device: those that build with AOSP's Rust, and are no stand-in for something of AOSP.
pub fn device_packages() -> Vec<Package> {
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let output = metadata.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let packages: Vec<_> = packages.iter().filter_map(package).collect();
    assert!(packages.len() >= 7, "where have the packages gone?");
    packages
}

fn package(value: &Value) -> Option<Package> {
    let folder = value["manifest_path"].as_str()?.strip_suffix("/Cargo.toml")?;
    let folder = folder.strip_prefix(root().to_str()?)?.strip_prefix('/')?;
    if value["rust_version"].is_null() || folder.starts_with("host/") {
        return None;
    }
    let crates = |kind: &Value| {
        let dependencies = value["dependencies"].as_array().unwrap().iter();
        let ours = dependencies.filter(|d| d["kind"] == *kind && on_android(&d["target"]));
        ours.map(|d| d["rename"].as_str().or(d["name"].as_str()).unwrap().replace('-', "_"))
            .collect()
    };
    Some(Package {
        name: value["name"].as_str()?.to_owned(),
        version: value["version"].as_str()?.to_owned(),
        edition: value["edition"].as_str()?.to_owned(),
        folder: folder.to_owned(),
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
        "android_os_permissions_aidl" => "android.os.permissions_aidl-rust".to_owned(),
        "android_system_cloudmessaging" => "android.system.cloudmessaging-rust".to_owned(),
        "binder" => "libbinder_rs".to_owned(),
        "log" => "liblog_rust".to_owned(),
        _ => format!("lib{krate}"),
    }
}
