// SPDX-License-Identifier: Apache-2.0
//! Generates the interfaces from `aidl/`, as Soong's `aidl_interface` does on a phone.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("run by cargo only")?;
    let root = Path::new(&manifest).join("../../aidl");
    let package = root.join("android/system/cloudmessaging");
    println!("cargo::rerun-if-changed={}", package.display());
    let mut sources: Vec<_> = std::fs::read_dir(&package)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    sources.sort();
    let mut builder = rsbinder_aidl::Builder::new().include_dir(&root).output("aidl.rs");
    for source in &sources {
        builder = builder.source(source);
    }
    builder.generate()?;
    Ok(())
}
