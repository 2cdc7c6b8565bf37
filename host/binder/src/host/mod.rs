// SPDX-License-Identifier: Apache-2.0
//! What a phone does not have. One interface on one Unix socket: what stands in for servicemanager and SELinux on a
//! host. And opening the kernel driver, which libbinder does by itself.
//!
//! A socket takes part in no decision but one: which uids may connect at all, by the kernel's word
//! (`SO_PEERCRED`), before a byte of theirs is read. What a caller may then do is the service's own table.

mod client;
mod connection;
mod server;

pub use crate::state::DriverError;
pub use client::{connect, connect_passing, ConnectError, Connection};
pub use server::{Limits, ServeError, Server};

use std::path::Path;

/// Opens the kernel driver, once in a process and before it is used.
/// [`ProcessState::set_thread_pool_max_thread_count`](crate::ProcessState) comes before it.
pub fn open_driver(path: &Path) -> Result<(), DriverError> {
    crate::state::open(path)
}

/// The wire version of Android 16.
const WIRE_VERSION: u32 = 2;
