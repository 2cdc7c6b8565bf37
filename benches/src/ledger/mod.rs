// SPDX-License-Identifier: Apache-2.0
//! The ledger: appending to it, what it takes of memory, and checking it elsewhere.
mod append;
mod elsewhere;
mod memory;

pub use memory::measured_here;

use crate::table::Table;
use std::error::Error;
use std::path::PathBuf;

/// All figures of the ledger.
pub fn all(table: &mut Table) -> Result<(), Box<dyn Error>> {
    append::beside_a_bare_write(table)?;
    memory::of_a_million(table)?;
    elsewhere::checked(table)
}

/// An empty folder beside the programs, so on the file system that they were built on: what is in memory has no
/// fdatasync worth measuring, and /tmp often is.
fn scratch() -> Result<tempfile::TempDir, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let folder = program.parent().map_or(PathBuf::from("."), PathBuf::from);
    Ok(tempfile::tempdir_in(folder)?)
}
