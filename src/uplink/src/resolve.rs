// SPDX-License-Identifier: Apache-2.0
//! The broker's addresses. The system's resolver blocks, so each query has a thread of its own, one at a
//! time: all connections go to the same host, and those that ask meanwhile share the answer.
//!
//! No query is made but for a `Connect` frame. One that has begun cannot be taken back (P3 names it).

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::thread;

use nix::fcntl::OFlag;
use nix::unistd::{pipe2, write};

use crate::end::End;

/// Addresses that are tried at most.
const ADDRESSES: usize = 8;

/// What a query ends in: addresses in the order in which to try them, or the resolver's complaint, which
/// names no host.
pub(crate) type Answer = Result<Vec<SocketAddr>, String>;

/// Asks the system's resolver for one host.
pub(crate) struct Resolver {
    host: String,
    port: u16,
    asking: bool,
    answers: Receiver<Answer>,
    answer: Sender<Answer>,
    /// Readable when an answer is there.
    bell: File,
    ring: OwnedFd,
}

impl Resolver {
    pub(crate) fn new(host: String, port: u16) -> Result<Self, End> {
        let (bell, ring) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
            .map_err(|errno| End::System { step: "pipe2", errno })?;
        let (answer, answers) = channel();
        Ok(Self { host, port, asking: false, answers, answer, bell: bell.into(), ring })
    }

    /// Begins a query, unless one is on its way.
    pub(crate) fn ask(&mut self) {
        if self.asking {
            return;
        }
        self.asking = true;
        if let Err(complaint) = self.spawn() {
            // The receiver is our own, so it is there.
            let _ = self.answer.send(Err(complaint));
            let _ = write(&self.ring, &[0]);
        }
    }

    /// The answer, once, when the bell rang.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let mut rung = [0; 8];
        loop {
            match self.bell.read(&mut rung) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        let answer = self.answers.try_recv().ok()?;
        self.asking = false;
        Some(answer)
    }

    fn spawn(&self) -> Result<(), String> {
        let ring = self.ring.try_clone().map_err(|error| error.kind().to_string())?;
        let (host, port, answer) = (self.host.clone(), self.port, self.answer.clone());
        let query = move || {
            let found = (host.as_str(), port).to_socket_addrs();
            let found = found.map(|all| all.take(ADDRESSES).collect());
            let _ = answer.send(found.map_err(|error| error.to_string()));
            // A full pipe has rung already.
            let _ = write(&ring, &[0]);
        };
        thread::Builder::new()
            .name("resolver".into())
            .spawn(query)
            .map(drop)
            .map_err(|error| error.kind().to_string())
    }
}

impl AsFd for Resolver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::poll::{poll, PollFd, PollFlags, PollTimeout};

    fn wait(resolver: &mut Resolver) -> Answer {
        let mut fds = [PollFd::new(resolver.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut fds, PollTimeout::from(10_000u16)), Ok(1));
        resolver.answer().unwrap()
    }

    #[test]
    fn an_address_is_its_own_answer_and_there_is_one_for_each_query() {
        let mut resolver = Resolver::new("127.0.0.1".into(), 8883).unwrap();
        for _ in 0..2 {
            resolver.ask();
            resolver.ask();
            assert_eq!(wait(&mut resolver), Ok(vec!["127.0.0.1:8883".parse().unwrap()]));
            assert_eq!(resolver.answer(), None);
        }
    }

    #[test]
    fn a_complaint_does_not_name_the_host() {
        // RFC 6761: never exists.
        let mut resolver = Resolver::new("nowhere.invalid".into(), 1).unwrap();
        resolver.ask();
        let complaint = wait(&mut resolver).unwrap_err();
        assert!(!complaint.contains("nowhere"), "{complaint}");
    }
}
