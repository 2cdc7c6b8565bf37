// SPDX-License-Identifier: Apache-2.0
//! Exports of the ledger: `fuzz/src/export.rs`.

#![no_main]

fuzz::target!("export");
