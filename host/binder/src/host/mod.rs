// SPDX-License-Identifier: Apache-2.0
//! One interface on one Unix socket: what stands in for servicemanager and SELinux on a host.
//!
//! A socket takes part in no decision but one: which uids may connect at all, by the kernel's word
//! (`SO_PEERCRED`), before a byte of theirs is read. What a caller may then do is the service's own table.

mod client;
mod connection;
mod server;

pub use client::{connect, connect_passing, ConnectError, Connection};
pub use server::{Limits, ServeError, Server};

/// The wire version of Android 16.
const WIRE_VERSION: u32 = 2;
