// SPDX-License-Identifier: Apache-2.0
//! Consent records: `fuzz/src/consent.rs`.

#![no_main]

fuzz::target!("consent");
