// SPDX-License-Identifier: Apache-2.0
//! Frames between gate and uplink: `fuzz/src/frame.rs`.

#![no_main]

fuzz::target!("frame");
