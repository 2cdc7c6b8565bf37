// SPDX-License-Identifier: Apache-2.0
//! Consent records: `fuzz/src/consent.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("consent", data));
