// SPDX-License-Identifier: Apache-2.0
//! What comes to the registrar: `fuzz/src/request.rs`.

#![no_main]

fuzz::target!("request");
