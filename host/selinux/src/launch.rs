// SPDX-License-Identifier: Apache-2.0
//! Starting a program as somebody: uid, groups, capabilities and domain, as Android's init and zygote do it.

use crate::kernel;
use nix::unistd::{setgid, setgroups, setuid, Gid, Uid};
use std::fs;
use std::io::{Error, Result};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// How a process comes to its domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// By executing its program, as init starts services: the program's label must be an entrypoint of it.
    AtExec(String),
    /// Before it executes its program, as zygote makes apps: the domain must be allowed to execute it.
    Before(String),
}

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its uid.
    pub uid: u32,
    /// Its gid.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Whether it and what it executes can never have a capability.
    pub no_capabilities: bool,
    /// Its domain; without one, the one that the policy says.
    pub domain: Option<Domain>,
}

impl Identity {
    /// Has `command` start as this. Fails in a process with more than one thread.
    pub fn give_to(self, command: &mut Command) -> Result<()> {
        if fs::read_dir("/proc/self/task")?.count() != 1 {
            return Err(Error::other("only a process with one thread starts somebody"));
        }
        // SAFETY: the process that forks has one thread, and makes none by itself before it spawns: no lock, the
        // allocator's included, is held by another at that moment, and the child may do what the parent might have done.
        unsafe {
            command.pre_exec(move || self.become_it());
        }
        Ok(())
    }

    fn become_it(&self) -> Result<()> {
        if self.no_capabilities {
            drop_bounding_set()?;
        }
        let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
        setgroups(&groups)?;
        setgid(Gid::from_raw(self.gid))?;
        setuid(Uid::from_raw(self.uid))?;
        match &self.domain {
            None => Ok(()),
            Some(Domain::AtExec(domain)) => kernel::enter_at_exec(domain),
            Some(Domain::Before(domain)) => kernel::enter(domain),
        }
        .map_err(Error::other)
    }
}

fn drop_bounding_set() -> Result<()> {
    for capability in 0_u64.. {
        // SAFETY: no pointer is passed.
        let done = unsafe { nix::libc::prctl(nix::libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if done != 0 {
            let error = Error::last_os_error();
            // The first one that the kernel does not know.
            if capability > 0 && error.raw_os_error() == Some(nix::libc::EINVAL) {
                return Ok(());
            }
            return Err(error);
        }
    }
    Ok(())
}
