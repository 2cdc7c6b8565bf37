// SPDX-License-Identifier: Apache-2.0
//! Entries in words: those of the package that everybody reads the ledger with.

pub use cloudmessaging_ledger::statement::{bytes, event_name, host, revealed, summary};
