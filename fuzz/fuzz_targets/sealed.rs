// SPDX-License-Identifier: Apache-2.0
//! What comes to a phone over a broker: `fuzz/src/sealed.rs`.

#![no_main]

fuzz::target!("sealed");
