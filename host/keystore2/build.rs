// SPDX-License-Identifier: Apache-2.0
//! Generates what we use of Keystore and KeyMint from `aidl/`.

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("run by cargo only")?;
    let root = Path::new(&manifest).join("aidl");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut sources: Vec<PathBuf> = Vec::new();
    for package in ["android/hardware/security/keymint", "android/system/keystore2"] {
        for entry in std::fs::read_dir(root.join(package))? {
            sources.push(entry?.path());
        }
    }
    sources.sort();
    let builder = rsbinder_aidl::Builder::new().include_dir(&root).output("aidl.rs");
    sources.iter().fold(builder, |builder, source| builder.source(source)).generate()?;
    Ok(())
}
