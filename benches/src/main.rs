// SPDX-License-Identifier: Apache-2.0
//! What it costs, as one table: `cargo run --release -p benches`; or of the ledger alone, with `-- ledger`.
//!
//! Measured on the real programs as processes, over unix sockets and loopback; each figure stands beside what
//! the same way costs without us. Phones are configured with `receiptDelayMaxMillis` 0: the random delay of
//! up to 2 s that a receipt has otherwise is privacy, and not what is measured.
mod apps;
mod calls;
mod delivery;
mod footprint;
mod ledger;
mod no_op;
mod publisher;
mod quantiles;
mod table;

use cloudmessaging_testbed::{end_cleanly_when_interrupted, programs, Bed, Profile, Setup};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use table::Table;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let words: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let measured = match words[..] {
        [] => run(),
        ["ledger"] => ledger_alone(),
        // Started by ourselves, to be the service beside which a refused send is measured.
        ["no-op", socket] => return no_op::serve(Path::new(socket)),
        // And to have a process of its own where memory is measured.
        [step, place] => {
            return ended(ledger::measured_here(step, Path::new(place)));
        }
        _ => Err("usage: benches [ledger]".into()),
    };
    ended(measured.map(|table| println!("{}", table.text())))
}

fn ended(how: Result<(), Box<dyn Error>>) -> ExitCode {
    match how {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The figures that need no phone.
fn ledger_alone() -> Result<Table, Box<dyn Error>> {
    let mut table = Table::default();
    debug_note(&mut table);
    ledger::all(&mut table)?;
    Ok(table)
}

fn debug_note(table: &mut Table) {
    if Profile::own() == Profile::Debug {
        table.note("Built for debugging: run it with --release before you quote anything.");
    }
}

fn run() -> Result<Table, Box<dyn Error>> {
    end_cleanly_when_interrupted()?;
    let profile = Profile::own();
    let programs = programs(profile)?;
    let setup = Setup { receipt_delay_max_ms: 0, log: "off", ..Setup::default() };
    let bed = Bed::start(&programs, setup)?;
    let mut table = Table::default();
    debug_note(&mut table);
    table.note("receiptDelayMaxMillis is 0: without the random delay of up to 2 s.");

    eprintln!("Calls ...");
    let anna = bed.phone("anna", "+15550100")?;
    anna.report()?;
    footprint::off(&mut table, &anna)?;
    calls::refused_send(&mut table, &bed, &anna)?;

    eprintln!("Messages ...");
    let ben = bed.phone("ben", "+15550101")?;
    ben.report()?;
    delivery::turn_on(&[&anna, &ben])?;
    footprint::on(&mut table, &anna)?;
    // First: what is deleted later leaves room in the database, and the next messages would seem to take none.
    delivery::bytes(&mut table, &anna, &ben)?;
    let payload = delivery::one_by_one(&mut table, &anna, &ben)?;
    delivery::sustained(&mut table, &anna, &ben)?;
    delivery::bare_publish(&mut table, &bed, payload)?;

    eprintln!("Withdraw ...");
    calls::withdraw(&mut table, &anna)?;

    eprintln!("Ledger ...");
    ledger::all(&mut table)?;

    eprintln!("Sizes ...");
    if profile == Profile::Release {
        footprint::no_steps(&programs)?;
    }
    footprint::sizes(&mut table, &programs)?;
    footprint::crates(&mut table)?;
    Ok(table)
}
