// SPDX-License-Identifier: Apache-2.0
//! Segments of the ledger, when the gate starts: `fuzz/src/segment.rs`.

#![no_main]

fuzz::target!("segment");
