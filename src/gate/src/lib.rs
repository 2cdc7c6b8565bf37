// SPDX-License-Identifier: Apache-2.0
//! The gate of Cloud Messaging: holds consent, keys, plaintext and the ledger, and has no network.
//!
//! Read it as the way of a message: [`gate`] gives a permit, [`disclose`] lets a datum into a payload,
//! [`ledger`] writes it down.

pub mod clock;
pub mod config;
pub mod consent;
pub mod disclose;
pub mod file;
pub mod gate;
pub mod identity;
pub mod ledger;
pub mod message;
pub mod process;
pub mod seal;
pub mod service;
pub mod sync;
