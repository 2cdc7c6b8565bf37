// SPDX-License-Identifier: Apache-2.0
//! Memory, sizes, and how much of other people's code there is.
use crate::calls::failed;
use crate::table::Table;
use cloudmessaging_testbed::{proc, Error, Phone, Programs, Result};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const TARGET: u64 = 4_000_000;

/// Resident memory of a gate that is off, after a moment of rest.
pub fn off(table: &mut Table, phone: &Phone) -> Result<()> {
    std::thread::sleep(Duration::from_secs(1));
    gate(table, "gate while off, resident", phone.gate())
}

/// The same while on, with the uplink.
pub fn on(table: &mut Table, phone: &Phone) -> Result<()> {
    std::thread::sleep(Duration::from_secs(1));
    gate(table, "gate while on, resident", phone.gate())?;
    for uplink in phone.uplinks() {
        let (all, own) = memory(uplink)?;
        table.figure("uplink while on, resident", bytes(all));
        table.figure(OWN, bytes(own));
    }
    Ok(())
}

const OWN: &str = "  of it neither program nor library";

fn gate(table: &mut Table, what: &str, pid: u32) -> Result<()> {
    let (all, own) = memory(pid)?;
    table.target(what, bytes(all), "below 4 MB", all < TARGET);
    table.figure(OWN, bytes(own));
    Ok(())
}

fn memory(pid: u32) -> Result<(u64, u64)> {
    let failed = || Error::io("read the resident memory");
    Ok((proc::rss(pid).map_err(failed())?, proc::anonymous(pid).map_err(failed())?))
}

/// Sizes of the programs.
pub fn sizes(table: &mut Table, programs: &Programs) -> Result<()> {
    let size = |path: &Path| -> Result<u64> {
        Ok(std::fs::metadata(path).map_err(Error::file("look at", path))?.len())
    };
    let (gate, uplink) = (size(&programs.gate)?, size(&programs.uplink)?);
    table.figure("cloudmessagingd, file", bytes(gate));
    table.figure("cloudmessaging_uplink, file", bytes(uplink));
    let both = gate + uplink;
    table.target("  both", bytes(both), "below 4 MB", both < TARGET);
    table.figure("cmctl, file", bytes(size(&programs.cmctl)?));
    table.figure("registrar, file", bytes(size(&programs.registrar)?));
    Ok(())
}

/// What ships cannot be told to crash: none of the programs knows the word that a debug build takes the order by.
pub fn no_steps(programs: &Programs) -> Result<()> {
    for path in [&programs.gate, &programs.uplink, &programs.registrar, &programs.broker] {
        let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
        let word = b"CLOUDMESSAGING_STEPS";
        if bytes.windows(word.len()).any(|window| window == word) {
            return Err(failed("a release build", "it knows the named steps of a debug build"));
        }
    }
    Ok(())
}

/// Crates in the normal dependency trees, on this host.
pub fn crates(table: &mut Table) -> Result<()> {
    for (name, package) in [("gate", "cloudmessaging_gate"), ("uplink", "cloudmessaging_uplink")] {
        let all = tree(package, "normal")?;
        let linked = tree(package, "normal,no-proc-macro")?;
        let what = format!("crates in the {name}'s tree (without macros)");
        table.figure(&what, format!("{all} ({linked})"));
    }
    table.note(
        "Trees as on this host: with rsbinder, which on a phone is the system's libbinder_rs.",
    );
    Ok(())
}

fn tree(package: &str, edges: &str) -> Result<usize> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package", package, "--edges", edges, "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(Error::io("cargo tree"))?;
    if !output.status.success() {
        return Err(failed("cargo tree", &String::from_utf8_lossy(&output.stderr)));
    }
    Ok(distinct(&String::from_utf8_lossy(&output.stdout)).saturating_sub(1))
}

/// How many different crates the lines name; cargo marks those it already listed.
fn distinct(lines: &str) -> usize {
    let name = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    lines.lines().map(name).filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().len()
}

/// `1.23 MB`, in powers of ten.
pub fn bytes(count: u64) -> String {
    format!("{:.2} MB", count as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_counted_once_for_each_version() {
        let tree = "a v1.0.0 (/x)\nb v2.0.0\nc v1.0.0\nb v2.0.0 (*)\nb v1.0.0\n";
        assert_eq!(distinct(tree), 4);
    }
}
