// SPDX-License-Identifier: Apache-2.0
//! Uplink processes: started with nothing but a socketpair, killed and reaped when the gate says so (P2, P3).
//!
//! A [`Process`] is the one thing that can carry a byte of an owner's off this phone, so it is made to be
//! ended: [`Process::kill`](Uplink::kill) returns only when the kernel no longer knows the process. What it
//! says is not trusted: a packet that is not a frame is an [`End`].
//!
//! It trusts the kernel's `fork`, `exec` and `wait`, and the program at the path it is given. That the
//! child ends with the gate is the child's own doing (PDEATHSIG is cleared by an SELinux transition at
//! exec); what is done for it here is the gate's process id in `argv[1]` and a forking thread that stays.

mod exec;
mod forker;

#[cfg(test)]
mod tests;

pub use exec::{leave_no_dump, GATE_FD};
pub use forker::Forker;

use exec::Closing;

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::Child;

use cloudmessaging_wire::frame;
use cloudmessaging_wire::limits::FRAME_MAX;
use cloudmessaging_wire::proto::uplink::{from_uplink, FromUplink};
use nix::errno::Errno;
use nix::sys::socket::{
    recv, send, shutdown, socketpair, AddressFamily, MsgFlags, Shutdown, SockFlag, SockType,
};

use crate::gate::{HandOver, Uplink};
use crate::sync::{lock, Mutex};

/// One uplink process and the gate's end of its socketpair.
pub struct Process {
    pid: u32,
    socketpair: OwnedFd,
    /// Held through kill and wait: whoever comes second returns when the process is reaped, too.
    child: Mutex<Child>,
    /// The child is told to die with the thread that forked it, so that thread outlives the child.
    _forker: Forker,
}

/// Why nothing more is read of a process. The caller kills it in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// It ended, or was killed.
    #[error("the uplink is gone")]
    Gone,
    /// It said something that is not a frame: too large, garbled, or of no known kind.
    #[error("the uplink sent what is not a frame")]
    Malformed,
}

impl Process {
    /// Starts `program` with the gate's process id as its only argument and `configure`, an encoded
    /// [`Configure`](cloudmessaging_wire::proto::uplink::Configure), as the first packet that it reads.
    ///
    /// Fails if the socketpair or the fork fails, or `program` cannot be executed; then there is no process.
    pub fn start(forker: &Forker, program: &Path, configure: &[u8]) -> io::Result<Self> {
        Self::start_closing(forker, program, configure, Closing::Range)
    }

    fn start_closing(
        forker: &Forker,
        program: &Path,
        configure: &[u8],
        closing: Closing,
    ) -> io::Result<Self> {
        let (kind, flags) = (SockType::SeqPacket, SockFlag::SOCK_CLOEXEC);
        let (ours, theirs) = socketpair(AddressFamily::Unix, kind, None, flags)?;
        // Waits in the socketpair until the process reads.
        send(ours.as_raw_fd(), configure, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL)?;
        let child = forker.spawn(exec::command(program, theirs, closing)?)?;
        let pid = child.id();
        Ok(Self { pid, socketpair: ours, child: Mutex::new(child), _forker: forker.clone() })
    }

    /// Its process id; another process may have it once this one is reaped.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the next frame. `buffer` is made as large as it has to be, and is best used again.
    ///
    /// What the process said before it ended is read first, then [`End::Gone`]; a `kill` wakes the reader.
    pub fn read(&self, buffer: &mut Vec<u8>) -> Result<from_uplink::Frame, End> {
        // One byte more than a frame may have, so that a larger packet shows.
        buffer.resize(FRAME_MAX + 1, 0);
        let size = loop {
            match recv(self.socketpair.as_raw_fd(), buffer, MsgFlags::empty()) {
                Ok(0) => return Err(End::Gone),
                Ok(size) => break size,
                // Said once, when the other end closes without having read all: its last words come next.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                Err(_) => return Err(End::Gone),
            }
        };
        parse(&buffer[..size])
    }
}

/// The frame that a packet of an uplink's holds.
pub fn parse(packet: &[u8]) -> Result<from_uplink::Frame, End> {
    let known = |frame: &FromUplink| frame.frame.is_some();
    let frame = frame::decode(packet, known).map_err(|_| End::Malformed)?;
    frame.frame.ok_or(End::Malformed)
}

impl Uplink for Process {
    fn hand_over(&self, frame: &[u8]) -> Result<(), HandOver> {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        match send(self.socketpair.as_raw_fd(), frame, flags) {
            Ok(_) => Ok(()),
            // No room in the socketpair, or no memory for the packet: the process is not to blame.
            Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM) => Err(HandOver::Full),
            Err(_) => Err(HandOver::Gone),
        }
    }

    fn kill(&self) {
        let mut child = lock(&self.child);
        // Neither fails: the process is ours, and until `wait` has reaped it its id is nobody else's.
        // `Child` remembers that it was reaped, so a second kill signals nobody.
        if let Err(error) = child.kill().and_then(|()| child.wait()) {
            log::error!("uplink {}: kill: {error}", self.pid);
        }
        // Its own end closed with it; this wakes a reader even so, should the end have been passed on.
        let _ = shutdown(self.socketpair.as_raw_fd(), Shutdown::Both);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({})", self.pid)
    }
}
