// SPDX-License-Identifier: Apache-2.0
//! Builds the programs and finds them.
use crate::process::end_with_us;
use crate::{Error, Result};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How to build them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Debug,
    /// As for a device.
    Release,
}

impl Profile {
    /// The profile this program was built with itself: with it, most is built already.
    pub fn own() -> Self {
        if cfg!(debug_assertions) {
            Self::Debug
        } else {
            Self::Release
        }
    }
}

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The gate.
    pub gate: PathBuf,
    /// The uplink, which the gate starts.
    pub uplink: PathBuf,
    /// The command line.
    pub cmctl: PathBuf,
    /// The registrar.
    pub registrar: PathBuf,
    /// The embedded broker, its certificates, Mosquitto's configuration.
    pub broker: PathBuf,
}

const PACKAGES: [&str; 5] = [
    "cloudmessaging_gate",
    "cloudmessaging_uplink",
    "cmctl",
    "cloudmessaging_registrar",
    "cloudmessaging_broker",
];

/// Builds the programs with `cargo build` and finds them by cargo's own word. Its progress goes to standard
/// error, so that whoever waits sees for what.
pub fn programs(profile: Profile) -> Result<Programs> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("build").arg("--bins").arg("--message-format=json-render-diagnostics");
    for package in PACKAGES {
        command.arg("--package").arg(package);
    }
    if profile == Profile::Release {
        command.arg("--release");
    }
    // `cargo run` tells its program which package it is. ring's build script watches these: with them, ring and
    // all that needs it would be built again at each change between `cargo build` and here.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.current_dir(workspace()).stdin(Stdio::null()).stdout(Stdio::piped());
    end_with_us(&mut command);
    let mut child = command
        .spawn()
        .map_err(|error| Error::Build(format!("cargo cannot be started: {error}")))?;
    let mut executables = HashMap::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(|line| line.ok()) {
            if let Some((name, path)) = executable(&line) {
                executables.insert(name, path);
            }
        }
    }
    let status = child.wait().map_err(Error::io("cargo"))?;
    if !status.success() {
        return Err(Error::Build(format!("cargo build: {status}")));
    }
    let mut find = |name: &str| {
        executables
            .remove(name)
            .ok_or_else(|| Error::Build(format!("cargo built no program called {name}")))
    };
    Ok(Programs {
        gate: find("cloudmessagingd")?,
        uplink: find("cloudmessaging_uplink")?,
        cmctl: find("cmctl")?,
        registrar: find("registrar")?,
        broker: find("broker")?,
    })
}

/// Name and path of the program that a line of cargo's messages tells of.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}

/// The root of the sources.
pub(crate) fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // host/testbed has two ancestors.
    here.ancestors().nth(2).unwrap_or(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_cargo_s_own_word() {
        let line =
            r#"{"reason":"compiler-artifact","target":{"name":"cmctl"},"executable":"/t/cmctl"}"#;
        assert_eq!(executable(line), Some(("cmctl".into(), "/t/cmctl".into())));
        let library = r#"{"reason":"compiler-artifact","target":{"name":"x"},"executable":null}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable("no json"), None);
    }

    #[test]
    fn the_workspace_is_where_the_interfaces_are() {
        assert!(workspace().join("aidl").is_dir());
    }
}
