// SPDX-License-Identifier: Apache-2.0
//! What comes to the registrar: `fuzz/src/request.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("request", data));
