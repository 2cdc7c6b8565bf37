// SPDX-License-Identifier: Apache-2.0
//! Keys, checkpoints and proofs as text: `fuzz/src/proof.rs`.

#![no_main]

fuzz::target!("proof");
