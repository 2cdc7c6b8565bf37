// SPDX-License-Identifier: Apache-2.0
//! The ledger's format, and all that can be checked about it without the phone that wrote it (P5).
//!
//! What the gate writes, `cmctl` and the settings app check with the same code: none of them has to believe the
//! other. docs/ledger.md says the same in words, completely enough to write another verifier from.
//!
//! Trusts nothing that it reads. Allocates no more than what one entry, or a proof, takes.
//!
//! Read it in the order of the layers: `tree`, `proof`, `leaf`, `note` with its `base64`, `checkpoint`, `export`, `verify` with what it
//! finds in `tampered`; then what is made of an export: `prove`, `proof_text`, `compare`. What entries say to a person
//! is in `statement`, `filter`, `span` and `totals`.

pub mod base64;
pub mod checkpoint;
pub mod compare;
pub mod export;
mod fields;
pub mod filter;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod proof_text;
pub mod prove;
mod reasons;
pub mod span;
pub mod statement;
pub mod tampered;
pub mod totals;
pub mod tree;
pub mod verify;
