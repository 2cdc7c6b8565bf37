// SPDX-License-Identifier: Apache-2.0
//! What happens between fork and exec. All of the module's `unsafe` is in this file.

use std::ffi::{c_int, c_uint, c_ulong};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::libc;
use nix::unistd::{close, sysconf, SysconfVar};

/// The descriptor at which a child finds the socketpair to the gate.
pub const GATE_FD: RawFd = 3;

/// `CLOSE_RANGE_CLOEXEC` of linux/close_range.h; the crate `libc` does not have it for Android.
const CLOSE_RANGE_CLOEXEC: c_uint = 1 << 2;

/// How all descriptors from 4 on are closed on exec.
#[derive(Clone, Copy, Debug)]
pub(super) enum Closing {
    /// One call; one descriptor after the other where the kernel lacks it (before Linux 5.11).
    Range,
    /// One descriptor after the other.
    #[cfg(test)]
    Each,
}

/// Makes sure that no descriptor of this process is ever given the number that children have their
/// socketpair at: the standard library's pipe, on which a child reports that exec failed, must not be
/// there when the child replaces it.
pub(super) fn reserve_gate_fd() -> io::Result<()> {
    let null = File::open("/dev/null")?;
    if null.as_raw_fd() == GATE_FD {
        // Stays open for good.
        std::mem::forget(null);
        return Ok(());
    }
    // SAFETY: takes two numbers, of which the first is open, and answers with a descriptor that nobody owns yet.
    let fd = unsafe { libc::fcntl(null.as_raw_fd(), libc::F_DUPFD_CLOEXEC, GATE_FD) };
    checked(fd)?;
    if fd != GATE_FD {
        // Taken already.
        close(fd)?;
    }
    Ok(())
}

/// A command that executes `program` with `end` at [`GATE_FD`], this process's id as its only argument,
/// and nothing else inherited: no environment, no descriptor, no signal mask, no way to gain privileges.
pub(super) fn command(program: &Path, mut end: OwnedFd, closing: Closing) -> io::Result<Command> {
    // A clone gets the lowest number free from 3 on: after two rounds this is beyond GATE_FD, and can
    // neither be what the child's standard streams replace nor already be where it has to go.
    while end.as_raw_fd() <= GATE_FD {
        end = end.try_clone()?;
    }
    // No descriptor can have been opened beyond the limit, unless the limit was lowered since.
    // (RLIMIT_NOFILE by its POSIX name: AOSP builds nix without `resource`. None: there is no limit.)
    let limit = sysconf(SysconfVar::OPEN_MAX)?;
    let limit = limit.and_then(|limit| c_int::try_from(limit).ok()).unwrap_or(c_int::MAX);

    let mut command = Command::new(program);
    command.arg(std::process::id().to_string()).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Nothing, in a build that ships.
    cloudmessaging_wire::step::pass_on(&mut command);
    // SAFETY: runs in the child between fork and exec, where other threads' locks may be held for ever. It
    // makes system calls with numbers that were computed before the fork: it allocates nothing, takes no
    // lock, and an io::Error made of an errno allocates nothing either. `end` is open: the closure owns it.
    unsafe {
        command.pre_exec(move || {
            close_all_on_exec(closing, limit)?;
            place(&end)?;
            gain_no_privileges()
        });
    }
    Ok(command)
}

/// Puts the child's end at [`GATE_FD`], which it keeps through exec.
fn place(end: &OwnedFd) -> io::Result<()> {
    // SAFETY: both are plain numbers. What the child had at GATE_FD is a copy of the gate's placeholder.
    let result = unsafe { libc::dup2(end.as_raw_fd(), GATE_FD) };
    checked(result)
}

fn gain_no_privileges() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Nobody may read this process's memory: no core dump, no ptrace by another process of its uid. A child is born
/// with it and loses it at exec.
pub fn leave_no_dump() -> io::Result<()> {
    #[cfg(target_os = "android")]
    leave_no_tombstone()?;
    prctl(libc::PR_SET_DUMPABLE, 0)
}

/// Android's C library handles these signals by making the process dumpable again, for a picture of it that goes into
/// bug reports. Without a handler it just ends.
#[cfg(target_os = "android")]
fn leave_no_tombstone() -> io::Result<()> {
    let crashes = [
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGSEGV,
        libc::SIGSTKFLT,
        libc::SIGSYS,
        libc::SIGTRAP,
    ];
    for signal in crashes {
        // SAFETY: SIG_DFL is no function of ours, so nothing of this process runs in the signal's place.
        let before = unsafe { libc::signal(signal, libc::SIG_DFL) };
        if before == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// `nix` has these two for Linux, not for Android.
fn prctl(option: c_int, argument: c_ulong) -> io::Result<()> {
    let zero: c_ulong = 0;
    // SAFETY: both options take numbers, no pointer; the kernel wants the unused ones to be 0.
    let result = unsafe { libc::prctl(option, argument, zero, zero, zero) };
    checked(result)
}

/// Marks every descriptor from [`GATE_FD`] on to be closed on exec, those above `limit` only if the kernel
/// does it. The pipe on which a failed exec is reported is among them, so they are not closed right here.
fn close_all_on_exec(closing: Closing, limit: c_int) -> io::Result<()> {
    match closing {
        Closing::Range => {
            let (first, last) = (GATE_FD as c_uint, c_uint::MAX);
            // SAFETY: close_range takes three numbers, and with this flag closes nothing now. By number,
            // because not every C library has a function for it.
            let result =
                unsafe { libc::syscall(libc::SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) };
            if result == 0 {
                return Ok(());
            }
        }
        #[cfg(test)]
        Closing::Each => {}
    }
    for fd in GATE_FD..limit {
        // SAFETY: numbers again; that a descriptor is not open is an answer, EBADF.
        let result = unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        if let Err(error) = checked(result) {
            if error.raw_os_error() != Some(libc::EBADF) {
                return Err(error);
            }
        }
    }
    Ok(())
}

fn checked(result: c_int) -> io::Result<()> {
    Errno::result(result).map(drop).map_err(io::Error::from)
}
