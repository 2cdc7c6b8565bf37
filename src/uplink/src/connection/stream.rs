// SPDX-License-Identifier: Apache-2.0
//! TLS over one TCP socket, without ever blocking.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::poll::PollFlags;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use super::ending::Ending;
use crate::tls;

pub(crate) struct Stream {
    socket: TcpStream,
    tls: ClientConnection,
}

impl Stream {
    /// Speaks TLS on a connected socket.
    pub(crate) fn new(
        socket: TcpStream,
        config: Arc<ClientConfig>,
        server_name: ServerName<'static>,
    ) -> Result<Self, Ending> {
        let mut tls = ClientConnection::new(config, server_name)
            .map_err(|error| Ending::tls(tls::describe(&error)))?;
        // Bounded by who writes: the next publish is put in when the last one is out.
        tls.set_buffer_limit(None);
        Ok(Self { socket, tls })
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Whether bytes wait for the socket.
    pub(crate) fn is_backed_up(&self) -> bool {
        self.tls.wants_write()
    }

    /// What to wait for.
    pub(crate) fn interest(&self, read: bool) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, read);
        flags.set(PollFlags::POLLOUT, self.is_backed_up());
        flags
    }

    /// Reads from the socket once; whether there was anything, be it the end. The plaintext is then to be
    /// read until there is none.
    pub(crate) fn fill(&mut self) -> Result<bool, Ending> {
        let size = match self.tls.read_tls(&mut self.socket) {
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(broken(&error)),
        };
        if size == 0 && self.is_handshaking() {
            return Err(Ending::tls("the broker ended the connection"));
        }
        if let Err(error) = self.tls.process_new_packets() {
            // The alert that says why; whether it still leaves does not matter.
            let _ = self.flush();
            return Err(Ending::tls(tls::describe(&error)));
        }
        Ok(true)
    }

    /// Plaintext from what was read; 0: none for now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Ending> {
        match self.tls.reader().read(buffer) {
            Ok(0) => Err(Ending::broker("the broker ended the connection")),
            Ok(size) => Ok(size),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(_) => Err(Ending::broker("the broker ended the connection without a word")),
        }
    }

    /// Takes plaintext to send.
    pub(crate) fn put(&mut self, plaintext: &[u8]) -> Result<(), Ending> {
        // Cannot fail: there is no buffer limit.
        self.tls.writer().write_all(plaintext).map_err(|error| broken(&error))
    }

    /// Says that no more will follow.
    pub(crate) fn finish(&mut self) {
        self.tls.send_close_notify();
    }

    /// Sends what the socket takes.
    pub(crate) fn flush(&mut self) -> Result<(), Ending> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(())
    }

    /// Ends our direction, so that the broker reads to the end before the socket is closed.
    pub(crate) fn shut(&self) -> Result<(), Ending> {
        self.socket.shutdown(Shutdown::Write).map_err(|error| broken(&error))
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn broken(error: &std::io::Error) -> Ending {
    Ending::tcp(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}
