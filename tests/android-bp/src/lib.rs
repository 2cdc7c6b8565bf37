// SPDX-License-Identifier: Apache-2.0
//! What an AOSP tree would find in this one: `Android.bp` ([`bp`]), what a device inherits ([`product`]), the crates
//! ([`cargo`]) and the files that they consist of ([`rust`]). The tests hold them against each other, because nothing
//! here is built by Soong before it is in somebody's ROM.

pub mod bp;
pub mod cargo;
pub mod product;
pub mod rust;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A file of the project, as text.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The files that are kept under version control and match, and new ones; relative to the project's folder.
pub fn files(patterns: &[&str]) -> Vec<String> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard", "--"]).args(patterns);
    let output = list.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "git ls-files failed");
    let listed = String::from_utf8(output.stdout).unwrap();
    let there = listed.lines().filter(|file| root().join(file).exists());
    there.map(str::to_owned).collect()
}
