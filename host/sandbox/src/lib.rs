// SPDX-License-Identifier: Apache-2.0
//! What the uplink may do on a Linux host: Landlock and seccomp, in the place of its SELinux domain (P2, P4).
//!
//! The uplink parses what strangers send. Should that go wrong, whoever takes it over is to find a process
//! that can go on talking to a broker and can do nothing else: read no file of its user, write none, start no
//! program, run no code that was not there before, reach no other process, and ask the kernel for little.
//!
//! Two layers that know nothing of each other:
//! - [`places`], by Landlock: which files and which TCP ports. The kernel knows paths and ports, a filter of
//!   system calls does not.
//! - [`calls`], by seccomp: which system calls, with which flags. What is not in the table ends the process.
//!
//! **What it cannot do.** It knows ports and no addresses: the broker's port and DNS are open on every host.
//! UDP is open, because DNS needs it. Whether a file is there, and how large it is, any process may ask. And the
//! bound holds on a kernel that is itself sound.
//!
//! **Older kernels.** Without seccomp the uplink does not start. Landlock came in pieces (files with Linux
//! 5.13, ports with 6.7, signals and abstract sockets with 6.12): a host is for development, so a kernel
//! without it, or with a part of it, still gives an uplink, which then says so in its first frame, and the
//! gate's log has it. On a phone nothing of this is compiled in; there SELinux decides.

pub mod calls;
pub mod places;
mod table;

/// What the kernel gave of Landlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// All that was asked for.
    Held,
    /// A part: the kernel is older than Linux 6.12.
    HeldInPart,
    /// Nothing: the kernel is older than Linux 5.13, or was started without it.
    Open,
}

/// Why there is no sandbox. The process is to end then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Landlock is there and refused.
    #[error("Landlock: {0}")]
    Places(#[from] landlock::RulesetError),
    /// seccomp is not there, or refused.
    #[error("seccomp: {0}")]
    Calls(#[from] seccompiler::Error),
}

impl From<seccompiler::BackendError> for Error {
    fn from(error: seccompiler::BackendError) -> Self {
        Self::Calls(error.into())
    }
}

/// Confines this thread, and every thread and process that it will start, for good. `port` is the one that
/// stays open for TCP, beside DNS. To be called while there is one thread.
pub fn enter(port: u16) -> Result<Places, Error> {
    // In this order: afterwards there is no system call for Landlock any more.
    let places = places::restrict(port)?;
    calls::restrict()?;
    Ok(places)
}
