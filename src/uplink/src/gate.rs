// SPDX-License-Identifier: Apache-2.0
//! The uplink's end of the socketpair: one frame a packet. Writing never blocks: what the gate does not
//! take waits in a short queue, and while that is full nothing more is read, neither from brokers nor
//! from the gate, so that memory stays bounded.

use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use cloudmessaging_wire::frame;
use cloudmessaging_wire::limits::FRAME_MAX;
use cloudmessaging_wire::proto::uplink::{
    from_uplink, to_uplink, Configure, FromUplink, Ready, ToUplink,
};
use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{recv, send, MsgFlags};

use crate::end::End;

/// Frames that wait for the gate before reading stops.
const QUEUE_FRAMES: usize = 64;

/// Bytes that wait for the gate before reading stops.
const QUEUE_BYTES: usize = 4 * FRAME_MAX;

/// The way to and from the gate.
pub struct Gate {
    socketpair: OwnedFd,
    queue: VecDeque<Vec<u8>>,
    queue_bytes: usize,
    buffer: Vec<u8>,
}

impl Gate {
    /// Takes over this process's end of the socketpair.
    pub fn new(socketpair: OwnedFd) -> Self {
        // One byte more than a frame may have, so that a larger packet shows.
        Self { socketpair, queue: VecDeque::new(), queue_bytes: 0, buffer: vec![0; FRAME_MAX + 1] }
    }

    /// Waits for the first frame, which is `Configure`.
    pub fn configure(&mut self) -> Result<Configure, End> {
        match self.read(MsgFlags::empty())? {
            Some(to_uplink::Frame::Configure(configure)) => Ok(configure),
            _ => Err(End::Frame),
        }
    }

    /// Tells the gate that this process is sealed off and configured.
    pub fn ready(&mut self, partly_confined: bool) -> Result<(), End> {
        self.send(from_uplink::Frame::Ready(Ready { partly_confined }))
    }

    /// The next frame, if one is there and there is room for the answer.
    pub fn next_frame(&mut self) -> Result<Option<to_uplink::Frame>, End> {
        if !self.has_room() {
            return Ok(None);
        }
        match self.read(MsgFlags::MSG_DONTWAIT)? {
            // Configured once; a second time would change what earlier permits were given for.
            Some(to_uplink::Frame::Configure(_)) => Err(End::Frame),
            frame => Ok(frame),
        }
    }

    /// Sends a frame, at once or when the gate reads again.
    pub fn send(&mut self, frame: from_uplink::Frame) -> Result<(), End> {
        // Too large cannot happen: MAXIMUM_PACKET_SIZE is what a frame can carry.
        let bytes = frame::encode(&FromUplink { frame: Some(frame) }).map_err(|_| End::Frame)?;
        self.queue_bytes += bytes.len();
        self.queue.push_back(bytes);
        self.flush()
    }

    /// Sends of the queue what the gate takes.
    pub fn flush(&mut self) -> Result<(), End> {
        while let Some(bytes) = self.queue.front() {
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            match send(self.socketpair.as_raw_fd(), bytes, flags) {
                Ok(_) => {
                    self.queue_bytes -= bytes.len();
                    self.queue.pop_front();
                }
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(End::GateGone),
                Err(errno) => return Err(End::System { step: "send to the gate", errno }),
            }
        }
        Ok(())
    }

    /// Whether more may be read that could end in a frame to the gate.
    pub fn has_room(&self) -> bool {
        self.queue.len() < QUEUE_FRAMES && self.queue_bytes < QUEUE_BYTES
    }

    /// What to wait for. An end of the gate is reported in any case.
    pub fn interest(&self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, self.has_room());
        flags.set(PollFlags::POLLOUT, !self.queue.is_empty());
        flags
    }

    fn read(&mut self, flags: MsgFlags) -> Result<Option<to_uplink::Frame>, End> {
        let fd = self.socketpair.as_raw_fd();
        let size = loop {
            // MSG_TRUNC: answer with the packet's real size.
            match recv(fd, &mut self.buffer, flags | MsgFlags::MSG_TRUNC) {
                Ok(0) | Err(Errno::ECONNRESET) => return Err(End::GateGone),
                Ok(size) => break size,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(End::System { step: "receive from the gate", errno }),
            }
        };
        let bytes = self.buffer.get(..size).ok_or(End::Frame)?;
        let known = |frame: &ToUplink| frame.frame.is_some();
        let frame: ToUplink = frame::decode(bytes, known).map_err(|_| End::Frame)?;
        Ok(frame.frame)
    }
}

impl AsFd for Gate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socketpair.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmessaging_wire::proto::uplink::{Disconnect, Published};
    use nix::sys::socket::{socketpair, AddressFamily, SockFlag, SockType};

    fn pair() -> (Gate, OwnedFd) {
        let flags = SockFlag::SOCK_CLOEXEC;
        let (ours, theirs) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags).unwrap();
        (Gate::new(ours), theirs)
    }

    fn put(gate_end: &OwnedFd, frame: to_uplink::Frame) {
        let bytes = frame::encode(&ToUplink { frame: Some(frame) }).unwrap();
        send(gate_end.as_raw_fd(), &bytes, MsgFlags::empty()).unwrap();
    }

    #[test]
    fn a_second_configure_ends_the_uplink() {
        let (mut gate, theirs) = pair();
        put(&theirs, to_uplink::Frame::Configure(Configure::default()));
        assert!(gate.configure().is_ok());
        put(&theirs, to_uplink::Frame::Configure(Configure::default()));
        assert!(matches!(gate.next_frame(), Err(End::Frame)));
    }

    #[test]
    fn another_first_frame_than_configure_ends_the_uplink() {
        let (mut gate, theirs) = pair();
        put(&theirs, to_uplink::Frame::Disconnect(Disconnect { connection: 1 }));
        assert!(matches!(gate.configure(), Err(End::Frame)));
    }

    #[test]
    fn a_frame_that_is_too_large_or_garbled_ends_the_uplink() {
        for bytes in [vec![0; FRAME_MAX + 1], vec![0; FRAME_MAX + 900], vec![0xff; 9]] {
            let (mut gate, theirs) = pair();
            send(theirs.as_raw_fd(), &bytes, MsgFlags::empty()).unwrap();
            assert!(matches!(gate.next_frame(), Err(End::Frame)));
        }
    }

    #[test]
    fn the_gates_end_is_seen() {
        let (mut gate, theirs) = pair();
        drop(theirs);
        assert!(matches!(gate.next_frame(), Err(End::GateGone)));
        let (mut gate, theirs) = pair();
        drop(theirs);
        assert!(matches!(gate.ready(false), Err(End::GateGone)));
    }

    #[test]
    fn a_gate_that_does_not_read_stops_the_reading_and_loses_nothing() {
        let (mut gate, theirs) = pair();
        let mut sent = 0;
        while gate.has_room() {
            gate.send(from_uplink::Frame::Published(Published {
                token: sent,
                ..Published::default()
            }))
            .unwrap();
            sent += 1;
        }
        put(&theirs, to_uplink::Frame::Disconnect(Disconnect { connection: 1 }));
        assert!(gate.next_frame().unwrap().is_none());
        assert_eq!(gate.interest(), PollFlags::POLLOUT);

        let mut bytes = vec![0; FRAME_MAX];
        for expected in 0..sent {
            let size = recv(theirs.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT).unwrap();
            let frame: FromUplink = frame::decode(&bytes[..size], |_| true).unwrap();
            let Some(from_uplink::Frame::Published(p)) = frame.frame else { panic!() };
            assert_eq!(p.token, expected);
            gate.flush().unwrap();
        }
        assert!(matches!(gate.next_frame(), Ok(Some(to_uplink::Frame::Disconnect(_)))));
        assert_eq!(gate.interest(), PollFlags::POLLIN);
    }
}
