// SPDX-License-Identifier: Apache-2.0
//! Leaves of the ledger: `fuzz/src/leaf.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("leaf", data));
