// SPDX-License-Identifier: Apache-2.0
//! The gate of Cloud Messaging: holds consent, keys, plaintext and the ledger, and has no network.
//!
//! Read it as the way of a message. [`service`] takes it from the Messaging app; [`user`] holds what belongs to one
//! Android user; [`message`] keeps it; the [`courier`] does all else behind that: it asks the [`gate`] for a permit,
//! lets data into a payload by [`disclose`], has [`seal`] encrypt it, and the [`ledger`] is written before the uplink
//! ([`process`]) is given anything. Whether any of that may happen is [`consent`]'s to say; what an earlier service left ([`legacy`])
//! is told to the owner, and to nobody else.

pub mod checkpoint;
pub mod clock;
pub mod consent;
pub mod courier;
pub mod disclose;
pub mod file;
pub mod gate;
#[cfg(test)]
mod gate_tests;
pub mod identity;
pub mod keystore;
pub mod ledger;
pub mod legacy;
pub mod message;
pub mod process;
pub mod registered;
pub mod schema;
pub mod seal;
pub mod secrets;
pub mod service;
#[cfg_attr(target_os = "android", path = "android.rs")]
#[cfg_attr(not(target_os = "android"), path = "host.rs")]
pub mod side;
pub mod stay;
pub mod sync;
pub mod user;
pub mod work;

pub use cloudmessaging_config as config;
