// SPDX-License-Identifier: Apache-2.0
//! What a ledger of a million entries takes of memory: open in the gate's store, with and without retention, and while
//! an export of it is verified and an entry of it proven. Each in a process of its own, beside a ledger of a thousand.
use super::scratch;
use crate::footprint;
use crate::quantiles::shown;
use crate::table::Table;
use ::ledger::{entry, Key, ORIGIN};
use cloudmessaging_gate::clock::SystemClock;
use cloudmessaging_gate::ledger::{Authority, Ledger, LedgerError, Retention};
use cloudmessaging_ledger::checkpoint::Checkpoint;
use cloudmessaging_ledger::prove::prove;
use cloudmessaging_ledger::verify::verify;
use cloudmessaging_testbed::proc;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Few, and many.
const SIZES: [u64; 2] = [1_000, 1_000_000];

/// What is measured in a process of its own, in words and for the command line. In this order: the third erases.
const STEPS: [(&str, &str); 4] = [
    ("verify", "verify"),
    ("prove", "prove"),
    ("open the store, which keeps all", "open"),
    ("open it, and keep 16 MiB", "retain"),
];

/// The figures of few entries beside those of many.
pub fn of_a_million(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut figures = Vec::new();
    for entries in SIZES {
        let place = scratch()?;
        make(place.path(), entries)?;
        let own = std::env::current_exe()?;
        let mut of_size = Vec::new();
        for (_, step) in STEPS {
            let ended = Command::new(&own).arg(step).arg(place.path()).output()?;
            if !ended.status.success() {
                return Err(String::from_utf8_lossy(&ended.stderr).into());
            }
            of_size.push(String::from_utf8(ended.stdout)?.trim().to_owned());
        }
        figures.push(of_size);
    }
    for (number, (what, _)) in STEPS.into_iter().enumerate() {
        table.figure(&format!("{what}: 1000 entries"), figures[0][number].clone());
        table.figure(&format!("{what}: a million"), figures[1][number].clone());
    }
    table.note("Memory: of the process's own, and at most resident with program and libraries.");
    Ok(())
}

/// One step, in this process: prints what it took.
pub fn measured_here(step: &str, place: &Path) -> Result<(), Box<dyn Error>> {
    let (folder, export) = (place.join("ledger"), place.join("export"));
    let read = || Ok::<_, io::Error>(BufReader::new(File::open(&export)?));
    let begun = Instant::now();
    let (took, more) = match step {
        "verify" => {
            verify(read()?, None, None, |_, _| {})?;
            (begun.elapsed(), String::new())
        }
        "prove" => {
            prove(read()?, None, 654)?;
            (begun.elapsed(), String::new())
        }
        "open" | "retain" => {
            let ledger = Ledger::open(&folder, Arc::new(SystemClock))?;
            if step == "retain" {
                let keep = Retention { days: u32::MAX, ..Retention::default() };
                ledger.retain(keep, || Ok(None))?;
            }
            let took = begun.elapsed();
            ledger.read(None, 200)?;
            let more = format!(", {} on the disk", footprint::bytes(size(&folder)?));
            // Measured while it is open.
            return show(took, &more).map(|()| drop(ledger));
        }
        _ => return Err("no such step".into()),
    };
    show(took, &more)
}

fn show(took: Duration, more: &str) -> Result<(), Box<dyn Error>> {
    let (own, most) = (proc::anonymous(std::process::id())?, proc::peak(std::process::id())?);
    let (own, most) = (footprint::bytes(own), footprint::bytes(most));
    println!("{own}, {most}; {}{more}", shown(took));
    Ok(())
}

/// A ledger of the store's own, and an export of it.
fn make(place: &Path, entries: u64) -> Result<(), Box<dyn Error>> {
    let ledger = Ledger::open(&place.join("ledger"), Arc::new(SystemClock))?;
    let no_root = Checkpoint { origin: ORIGIN.into(), size: 0, root: [0; 32] };
    let mut last = None;
    for position in 0..entries {
        let before = Checkpoint { size: position, ..no_root.clone() };
        let Some(event) = entry(position, &before).event else { continue };
        loop {
            match ledger.append_detached(event.clone()) {
                Ok(appending) => last = Some(appending),
                // As much as there may be waits for the disk.
                Err(LedgerError::Backlog) => {
                    last.as_ref().map(|last| last.wait(Duration::from_secs(60))).transpose()?;
                    continue;
                }
                Err(why) => return Err(why.into()),
            }
            break;
        }
    }
    last.map(|last| last.wait(Duration::from_secs(60))).transpose()?;
    let authority = Authority { origin: ORIGIN, signer: &Key::new(1) };
    ledger.export(&authority, File::create(place.join("export"))?)?;
    Ok(())
}

fn size(folder: &Path) -> io::Result<u64> {
    fs::read_dir(folder)?.map(|file| Ok(file?.metadata()?.len())).sum()
}
