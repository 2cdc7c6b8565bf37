// SPDX-License-Identifier: Apache-2.0
//! A descriptor that a caller hands over to be written to: a file or a pipe, and nothing else.
//!
//! Above all no socket: whoever could hand one over would give this process the network that it must not have (P2).
//! And nobody's slowness is waited for without end: a call that waits holds a thread of all callers.

use super::error::ServiceError;
use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::time::Duration;

/// How long a pipe may be full.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a pipe takes without blocking when it is writable at all: one page.
const PIECE: usize = 4096;

/// See the module.
pub(super) struct Outlet<'a> {
    to: BorrowedFd<'a>,
    patience: Duration,
}

impl<'a> Outlet<'a> {
    /// Looks at what it is.
    pub(super) fn new(argument: &'static str, to: BorrowedFd<'a>) -> Result<Self, ServiceError> {
        let invalid = |fault| ServiceError::InvalidArgument { argument, fault };
        let file = to.try_clone_to_owned().map(File::from).and_then(|file| file.metadata());
        let kind = file.map_err(|_| invalid("not open"))?.file_type();
        if !kind.is_file() && !kind.is_fifo() {
            return Err(invalid("neither a file nor a pipe"));
        }
        // Writes nothing; asks the kernel whether it would let us. O_PATH is not open for writing either.
        match nix::unistd::write(to, &[]) {
            Ok(_) => Ok(Self { to, patience: PATIENCE }),
            Err(_) => Err(invalid("not open for writing")),
        }
    }
}

impl io::Write for Outlet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut writable = [PollFd::new(self.to, PollFlags::POLLOUT)];
        let patience = PollTimeout::try_from(self.patience).unwrap_or(PollTimeout::MAX);
        match poll(&mut writable, patience) {
            Ok(0) => return Err(Errno::ETIMEDOUT.into()),
            Ok(_) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(nix::unistd::write(self.to.as_fd(), &bytes[..bytes.len().min(PIECE)])?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{socket, AddressFamily, SockFlag, SockType};
    use std::fs::{File, OpenOptions};
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    fn pipe() -> (File, File) {
        let (read, write) = nix::unistd::pipe().unwrap();
        (read.into(), write.into())
    }

    fn taken(to: &impl AsFd) -> Result<(), ServiceError> {
        Outlet::new("to", to.as_fd()).map(drop)
    }

    fn refused(to: &impl AsFd, why: &str) {
        let refused = taken(to).expect_err("it was taken");
        assert_eq!(refused.to_string(), format!("to: {why}"));
    }

    #[test]
    fn only_a_file_or_a_pipe_that_is_open_for_writing_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export");
        assert_eq!(taken(&File::create(&path).unwrap()), Ok(()));
        assert_eq!(taken(&pipe().1), Ok(()));
        refused(&File::open(&path).unwrap(), "not open for writing");
        refused(&pipe().0, "not open for writing");
        refused(&File::open(folder.path()).unwrap(), "neither a file nor a pipe");
        let null = OpenOptions::new().write(true).open("/dev/null").unwrap();
        refused(&null, "neither a file nor a pipe");
    }

    #[test]
    fn no_socket_is_taken_and_so_no_way_to_a_network() {
        let (unix, _other) = UnixStream::pair().unwrap();
        refused(&unix, "neither a file nor a pipe");
        // One of another family; those of a network the gate does not even name.
        let kernel =
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::empty(), None).unwrap();
        refused(&kernel, "neither a file nor a pipe");
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_given_up() {
        let (_reader, writer) = pipe();
        let mut outlet = Outlet::new("to", writer.as_fd()).unwrap();
        outlet.patience = Duration::from_millis(50);
        let why = outlet.write_all(&[1; 1 << 20]).unwrap_err();
        assert_eq!(why.raw_os_error(), Some(Errno::ETIMEDOUT as i32));
    }

    #[test]
    fn a_pipe_whose_reader_went_is_an_error_and_one_that_is_read_gets_all() {
        let (reader, writer) = pipe();
        drop(reader);
        let mut outlet = Outlet::new("to", writer.as_fd()).unwrap();
        assert_eq!(outlet.write(&[1]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let (mut reader, writer) = pipe();
        let read = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all.len()
        });
        Outlet::new("to", writer.as_fd()).unwrap().write_all(&[1; 300_000]).unwrap();
        drop(writer);
        assert_eq!(read.join().unwrap(), 300_000);
    }
}
