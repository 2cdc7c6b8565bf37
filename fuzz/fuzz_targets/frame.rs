// SPDX-License-Identifier: Apache-2.0
//! Frames between gate and uplink: `fuzz/src/frame.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("frame", data));
