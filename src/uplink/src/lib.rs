// SPDX-License-Identifier: Apache-2.0
//! The uplink: the one process of a consenting user that owns network sockets. It can send and cannot
//! read: what it is handed is ciphertext, and no decryption of messages is linked.
//!
//! It trusts the gate that started it, and nobody else: neither the broker, nor what a resolver answers,
//! nor the bytes of a certificate. It keeps of the promises:
//! - P2, P3: it lives and dies with its gate ([`start`]), opens no connection without a `Connect` frame
//!   ([`event_loop`]), and its sockets drop what they hold when it is killed (`socket.rs`).
//! - P2, P4: once it is ready, the kernel holds it to what it needs ([`sandbox`]).
//! - P4: it holds no key that opens a message. What leaves for the broker was sealed by the gate.
//!
//! From top to bottom, as a message goes: [`start`], [`gate`] (frames), [`event_loop`], `connection`
//! (resolve, TCP, TLS, MQTT).

#![deny(unsafe_code)]

pub mod end;
pub mod event_loop;
pub mod gate;
pub mod sandbox;
pub mod settings;
pub mod start;

mod connection;
#[cfg_attr(target_os = "android", path = "network/android.rs")]
#[cfg_attr(not(target_os = "android"), path = "network/host.rs")]
pub mod network;
mod resolve;
mod socket;
mod tls;
