// SPDX-License-Identifier: Apache-2.0
//! Leaves of the ledger: `fuzz/src/leaf.rs`.

#![no_main]

fuzz::target!("leaf");
