// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger ...`: what left this phone, and whether the account of it is still the one that was written (P5).
//!
//! `show`, `totals`, `export`, `checkpoint` and `erase` ask the gate. `verify`, `prove`, `check` and `compare` read
//! files and ask nobody: whoever has an export can check it anywhere, with the same code as the gate and the settings
//! app (`cloudmessaging_ledger`), or by docs/ledger.md with code of their own.
//!
//! Trusts no file. What one says reaches the terminal only through `output::printable`.
mod arguments;
mod checkpoint;
mod compare;
#[cfg(not(target_os = "android"))]
mod erase;
mod export;
mod file;
mod growth;
mod proof;
mod prove;
mod show;
#[cfg(test)]
mod tests;
mod totals;
mod verdict;
mod verify;

pub use arguments::{LedgerVerb, OfflineVerb};

use crate::answer::{Answer, Failure};
use crate::connect::Gate;

/// Asks the gate.
pub fn online(gate: &Gate, verb: &LedgerVerb) -> Result<Answer, Failure> {
    match verb {
        LedgerVerb::Show(asked) => show::show(gate, asked),
        LedgerVerb::Totals(asked) => totals::totals(gate, asked),
        LedgerVerb::Export(asked) => export::export(gate, asked),
        LedgerVerb::Checkpoint { out } => checkpoint::checkpoint(gate, out.as_deref()),
        #[cfg(not(target_os = "android"))]
        LedgerVerb::Erase { yes } => erase::erase(gate, *yes),
        LedgerVerb::Offline(verb) => offline(verb),
    }
}

/// Asks nobody.
pub fn offline(verb: &OfflineVerb) -> Result<Answer, Failure> {
    match verb {
        OfflineVerb::Verify(asked) => verify::verify(asked),
        OfflineVerb::Prove(asked) => prove::prove(asked),
        OfflineVerb::Check { proof, key, older: None } => proof::check(proof, key),
        OfflineVerb::Check { proof, key, older: Some(older) } => growth::check(proof, key, older),
        OfflineVerb::Compare { export, hash } => compare::compare(export, hash),
    }
}
