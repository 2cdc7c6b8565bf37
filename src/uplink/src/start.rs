// SPDX-License-Identifier: Apache-2.0
//! What the uplink does to itself before it reads a byte: tied to its gate's life, no way to gain
//! privileges, nothing to dump, nothing inherited (P2, P3).
//!
//! The gate's word is not enough: it could set PDEATHSIG before exec, but the kernel clears that on an
//! SELinux domain transition. All of the crate's `unsafe` but the Android network's is in this file.

#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::libc::{self, c_int, c_ulong};
use nix::sys::signal::Signal;
use nix::sys::socket::{getsockopt, sockopt, SockType};
use nix::unistd::getppid;

use crate::end::End;

/// The descriptor of the uplink's end of the socketpair.
pub const GATE_FD: i32 = 3;

/// Asks the kernel to kill this process when the gate's thread that forked it ends.
pub fn die_with_the_gate() -> Result<(), End> {
    prctl("PR_SET_PDEATHSIG", libc::PR_SET_PDEATHSIG, Signal::SIGKILL as c_ulong)
}

/// Compares the parent with the gate's process id, the only argument. Comes after
/// [`die_with_the_gate`]: a gate that died before that call is no longer the parent.
pub fn expect_the_gate_as_parent() -> Result<(), End> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(gate), None) = (arguments.next(), arguments.next()) else { return Err(End::Usage) };
    let gate: i32 = gate.to_str().and_then(|pid| pid.parse().ok()).ok_or(End::Usage)?;
    if getppid().as_raw() == gate {
        Ok(())
    } else {
        Err(End::Orphan)
    }
}

/// No exec of this process or its children can gain privileges.
pub fn gain_no_privileges() -> Result<(), End> {
    prctl("PR_SET_NO_NEW_PRIVS", libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// No core dump, and no other process of the same uid reads this one's memory. Exec resets it, so it
/// cannot be set by the gate.
pub fn leave_no_dump() -> Result<(), End> {
    prctl("PR_SET_DUMPABLE", libc::PR_SET_DUMPABLE, 0)
}

/// Refuses to run if any descriptor but 0, 1, 2 and the socketpair is open: an inherited one could be a
/// socket that outlives this process, or a file of the gate. Answers with the socketpair, once.
pub fn hold_nothing_but_the_socketpair() -> Result<OwnedFd, End> {
    static TAKEN: AtomicBool = AtomicBool::new(false);

    let unsealed = |errno| End::Unsealed { step: "/proc/self/fd", errno };
    let unread = |e: io::Error| unsealed(Errno::from_raw(e.raw_os_error().unwrap_or(libc::EIO)));
    // The names alone: an entry would keep the listing open.
    let names = fs::read_dir("/proc/self/fd").and_then(|listing| {
        listing.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()
    });
    let mut socketpair = false;
    for name in names.map_err(unread)? {
        let fd = name.to_str().and_then(|name| name.parse::<i32>().ok());
        let fd = fd.ok_or(unsealed(Errno::EINVAL))?;
        match fd {
            // The listing's own, closed with it. It may have been at GATE_FD.
            _ if fcntl(fd, libc::F_GETFD, 0) == Err(Errno::EBADF) => {}
            0..=2 => {}
            GATE_FD => socketpair = true,
            _ => return Err(End::Inherited(fd)),
        }
    }
    if !socketpair || TAKEN.swap(true, Ordering::Relaxed) {
        return Err(End::NoSocketpair);
    }
    // SAFETY: GATE_FD was open after the listing had been closed; this process has made no descriptor since that
    // could own it, and TAKEN lets nobody come here twice.
    let socketpair = unsafe { OwnedFd::from_raw_fd(GATE_FD) };
    if getsockopt(&socketpair, sockopt::SockType) != Ok(SockType::SeqPacket) {
        return Err(End::NoSocketpair);
    }
    fcntl(GATE_FD, libc::F_SETFD, libc::FD_CLOEXEC)
        .map_err(|errno| End::Unsealed { step: "F_SETFD", errno })?;
    Ok(socketpair)
}

/// `nix` takes a number in one of the versions that AOSP has, and a descriptor that somebody owns in the other.
fn fcntl(fd: c_int, command: c_int, argument: c_int) -> Result<c_int, Errno> {
    // SAFETY: each command that is used above takes a number or nothing, no pointer.
    Errno::result(unsafe { libc::fcntl(fd, command, argument) })
}

/// `nix` has these three for Linux, not for Android.
fn prctl(step: &'static str, option: c_int, argument: c_ulong) -> Result<(), End> {
    let zero: c_ulong = 0;
    // SAFETY: each option that is used above takes numbers alone, no pointer; the kernel wants the unused
    // ones to be 0.
    let result = unsafe { libc::prctl(option, argument, zero, zero, zero) };
    Errno::result(result).map(drop).map_err(|errno| End::Unsealed { step, errno })
}
