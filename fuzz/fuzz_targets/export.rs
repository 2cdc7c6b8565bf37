// SPDX-License-Identifier: Apache-2.0
//! Exports of the ledger: `fuzz/src/export.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("export", data));
