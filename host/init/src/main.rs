// SPDX-License-Identifier: Apache-2.0
//! What Android's init is on a phone, for a virtual machine: labels the files, turns enforcing on, enters its
//! domain, makes the directories and starts the services that the .rc files name, lazy ones when servicemanager asks.
//! It reads the same `cloudmessagingd.rc` as a phone.
//!
//! The machine's first program has mounted what is needed, and loaded the policy, before this is executed. Logs, its
//! own and the services', go to `/log`.

mod accounts;
mod property;
mod rc;
mod service;
mod start;
mod tree;

use cloudmessaging_selinux::{kernel, PropertyContexts};
use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{kill, SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::Pid;
use property::{Request, Visitor};
use service::{Service, State};
use start::Starter;
use std::convert::Infallible;
use std::error::Error;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let Err(error) = run();
    // The kernel panics when its first process ends, and the machine with it: that is seen.
    eprintln!("init: {error}");
    ExitCode::FAILURE
}

fn run() -> Result<Infallible, Box<dyn Error>> {
    let starter = Starter::read()?;
    tree::label(&starter.files)?;
    kernel::enforce()?;
    kernel::enter("u:r:init:s0")?;
    let mut properties = PropertyContexts::default();
    for (file, text) in tree::configuration("property_contexts")? {
        properties.read(&file, &text)?;
    }
    // Before anything is started: a child that ends at once must not be missed.
    let mut ended = SigSet::empty();
    ended.add(Signal::SIGCHLD);
    ended.thread_block()?;
    let children = SignalFd::with_flags(&ended, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    let listener = tree::listen(property::SOCKET, &starter.files)?;
    let mut init = Init { starter, services: Vec::new() };
    init.boot()?;
    loop {
        wait(&children, &listener)?;
        while children.read_signal()?.is_some() {}
        init.reap();
        if has_visitor(&listener)? {
            if let Some(visitor) = property::admit(&listener, &properties) {
                init.serve(visitor);
            }
        }
        init.start_what_is_due();
    }
}

/// Until something happened, or a quarter of a second: a service may be due.
fn wait(children: &SignalFd, listener: &UnixListener) -> nix::Result<()> {
    let mut watched = [
        PollFd::new(children.as_fd(), PollFlags::POLLIN),
        PollFd::new(listener.as_fd(), PollFlags::POLLIN),
    ];
    match poll(&mut watched, PollTimeout::from(250_u8)) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error),
    }
}

fn has_visitor(listener: &UnixListener) -> nix::Result<bool> {
    let mut watched = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    Ok(poll(&mut watched, PollTimeout::ZERO)? > 0)
}

struct Init {
    starter: Starter,
    services: Vec<Service>,
}

impl Init {
    /// Everything that the files say is done at boot; all services as the files have them.
    fn boot(&mut self) -> Result<(), Box<dyn Error>> {
        let rc = tree::rc()?;
        // What runs through a reboot of the userspace is not started twice.
        let running: Vec<Service> = self.services.drain(..).filter(Service::runs).collect();
        self.services = rc.services.into_iter().map(Service::new).collect();
        for old in running {
            if let Some(new) = self.services.iter_mut().find(|new| new.rc == old.rc) {
                new.state = old.state;
            }
        }
        for trigger in rc::TRIGGERS {
            for (_, command) in rc.commands.iter().filter(|command| command.0 == trigger) {
                match command {
                    rc::Command::Start(name) => self.start_by_name(name),
                    mkdir => self.starter.mkdir(mkdir)?,
                }
            }
        }
        for index in 0..self.services.len() {
            if !self.services[index].rc.disabled {
                self.start(index);
            }
        }
        Ok(())
    }

    fn start_by_name(&mut self, name: &str) {
        match self.services.iter().position(|service| service.rc.name == name) {
            Some(index) => self.start(index),
            None => eprintln!("init: there is no service {name}"),
        }
    }

    /// Starts it unless it runs.
    fn start(&mut self, index: usize) {
        let service = &mut self.services[index];
        if service.runs() {
            return;
        }
        match self.starter.start(&service.rc) {
            Ok(pid) => {
                service.started(pid, Instant::now());
                eprintln!("init: {} started, {pid}", service.rc.name);
            }
            Err(error) => {
                service.state = State::Stopped;
                eprintln!("init: {} was not started: {error}", service.rc.name);
            }
        }
    }

    fn start_what_is_due(&mut self) {
        let now = Instant::now();
        for index in 0..self.services.len() {
            if self.services[index].is_due(now) {
                self.start(index);
            }
        }
    }

    /// Every process that ended; also those whose parent ended before them.
    fn reap(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let pid = match status {
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _) => pid,
                WaitStatus::StillAlive => return,
                _ => continue,
            };
            let is_it = |service: &&mut Service| service.pid() == Some(pid.as_raw() as u32);
            if let Some(service) = self.services.iter_mut().find(is_it) {
                service.ended(Instant::now());
                eprintln!("init: {} ended: {status:?}", service.rc.name);
            }
        }
    }

    fn serve(&mut self, visitor: Visitor) {
        match &visitor.request {
            Request::StartInterface(name) => {
                let has = |service: &Service| service.rc.interfaces.iter().any(|one| one == name);
                match self.services.iter().position(has) {
                    Some(index) => self.start(index),
                    None => eprintln!("init: no service has the interface {name}"),
                }
            }
            Request::Oneshot(name, oneshot) => {
                match self.services.iter_mut().find(|service| service.rc.name == *name) {
                    Some(service) => service.set_oneshot(*oneshot),
                    None => eprintln!("init: there is no service {name}"),
                }
            }
            Request::Start(name) => self.start_by_name(&name.clone()),
            Request::RebootUserspace => self.reboot(visitor.pid()),
        }
        visitor.done();
    }

    /// Ends every service but the one that asks, itself or by a process of its own, and starts as at boot.
    fn reboot(&mut self, asking: Option<u32>) {
        let asking: Vec<u32> = std::iter::successors(asking, |pid| parent(*pid)).collect();
        for service in &mut self.services {
            let Some(pid) = service.pid().filter(|pid| !asking.contains(pid)) else { continue };
            let pid = Pid::from_raw(pid as i32);
            if kill(pid, Signal::SIGKILL).is_ok() {
                let _ = waitpid(pid, None);
            }
            service.state = State::Stopped;
        }
        if let Err(error) = self.boot() {
            eprintln!("init: {error}");
        }
    }
}

/// The process that started it.
fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}
