// SPDX-License-Identifier: Apache-2.0
//! One accepted connection: counted while it lives, and its frames bounded in size, in time and in sum.
//!
//! No descriptor passes, since those that wait in half a frame would use up the process's: but for one, with the one
//! call that takes one, if the server serves such a call.

use super::Limits;
use rsbinder::rpc::transport::{RpcTransport, UnixTransport};
use rsbinder::rpc::{PeerIdentity, RpcError, RpcResult};
use std::collections::HashMap;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What each uid holds of one socket.
#[derive(Clone, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<u32, Held>>>);

#[derive(Default)]
struct Held {
    connections: usize,
    /// Of frames that are being read or answered.
    bytes: usize,
}

/// One of its connections, given back when dropped.
pub(super) struct Seat {
    seats: Seats,
    uid: u32,
}

impl Seats {
    /// A seat for `uid`, unless it has `each` already. Nobody else's seats count: one uid cannot starve another.
    pub(super) fn take(&self, uid: u32, each: usize) -> Option<Seat> {
        let mut held = self.lock();
        let own = held.entry(uid).or_default();
        if own.connections >= each {
            return None;
        }
        own.connections += 1;
        Some(Seat { seats: self.clone(), uid })
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.lock().values().map(|held| held.connections).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Whether the uid may hold that many bytes more; if so they are charged.
    fn charge(&self, bytes: usize, most: usize) -> bool {
        let mut held = self.seats.lock();
        let Some(own) = held.get_mut(&self.uid) else { return false };
        let fits = own.bytes.saturating_add(bytes) <= most;
        if fits {
            own.bytes += bytes;
        }
        fits
    }

    fn discharge(&self, bytes: usize) {
        if let Some(own) = self.seats.lock().get_mut(&self.uid) {
            own.bytes -= bytes;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.seats.lock();
        if let Some(own) = held.get_mut(&self.uid) {
            own.connections -= 1;
            if own.connections == 0 {
                held.remove(&self.uid);
            }
        }
    }
}

/// Where in the stream the next byte is. `RpcWireHeader` (AOSP, RpcWireFormat.h) is 16 bytes, the second
/// little-endian `uint32` of which is the size of the body that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Before the first frame. rsbinder bounds the whole handshake.
    Handshake,
    /// In a header, with what was read of it.
    Header { read: usize, size: [u8; 4] },
    /// In a body, with so much of it to come.
    Body { left: usize },
}

const BOUNDARY: Position = Position::Header { read: 0, size: [0; 4] };
const HEADER_BYTES: usize = 16;

/// `RpcWireHeader`, and of `RpcWireTransaction` (AOSP, RpcWireFormat.h) its address, code and flags: what tells one
/// call from another.
const START_BYTES: usize = HEADER_BYTES + 16;
/// The command in an `RpcWireHeader` that is a call. `RPC_COMMAND_TRANSACT`.
const TRANSACT: u32 = 0;
/// Nobody waits for its end, and so any number can wait for theirs. `FLAG_ONEWAY`.
const ONEWAY: u32 = 1;

struct Reading {
    position: Position,
    /// How the frame begins, and how much of that was read.
    start: [u8; START_BYTES],
    started: usize,
    /// A descriptor came with the frame.
    descriptor: bool,
    /// When the frame that has begun has to be whole.
    until: Option<Instant>,
    /// What rsbinder set last.
    timeout: Option<Duration>,
    /// Bytes charged for the last frame.
    charged: usize,
}

impl Reading {
    fn took(&mut self, mut bytes: &[u8], frame: Duration) {
        while !bytes.is_empty() {
            match self.position {
                Position::Handshake => return,
                Position::Header { mut read, mut size } => {
                    if read == 0 {
                        self.until = Some(Instant::now() + frame);
                        self.started = 0;
                    }
                    self.begins(&bytes[..1]);
                    if let 4..=7 = read {
                        size[read - 4] = bytes[0];
                    }
                    bytes = &bytes[1..];
                    read += 1;
                    self.position = Position::Header { read, size };
                    if read == HEADER_BYTES {
                        self.body(u32::from_le_bytes(size) as usize);
                    }
                }
                Position::Body { left } => {
                    let taken = left.min(bytes.len());
                    self.begins(&bytes[..taken]);
                    bytes = &bytes[taken..];
                    self.body(left - taken);
                }
            }
        }
    }

    fn begins(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(START_BYTES - self.started);
        self.start[self.started..][..taken].copy_from_slice(&bytes[..taken]);
        self.started += taken;
    }

    /// Whether the frame may go on, as far as it is known whether its descriptor belongs to it.
    fn may_go_on(&self, descriptor_with: Option<u32>) -> bool {
        if !self.descriptor {
            return true;
        }
        if self.started < START_BYTES {
            return self.position != BOUNDARY;
        }
        let word = |at: usize| {
            let mut word = [0; 4];
            word.copy_from_slice(&self.start[at..at + 4]);
            u32::from_le_bytes(word)
        };
        let (code, flags) = (word(HEADER_BYTES + 8), word(HEADER_BYTES + 12));
        word(0) == TRANSACT && Some(code) == descriptor_with && flags & ONEWAY == 0
    }

    fn body(&mut self, left: usize) {
        self.position = Position::Body { left };
        if left == 0 {
            self.position = BOUNDARY;
            self.until = None;
        }
    }
}

/// A Unix transport that knows when it ends, and bounds what its peer may make us hold: the size of a frame, the
/// time that one may take once it has begun, and the bytes of all frames of one uid.
pub(super) struct SeatedTransport {
    inner: UnixTransport,
    limits: Limits,
    seat: Seat,
    reading: Mutex<Reading>,
}

impl SeatedTransport {
    pub(super) fn new(inner: UnixTransport, limits: &Limits, seat: Seat) -> Self {
        let reading = Reading {
            position: Position::Handshake,
            start: [0; START_BYTES],
            started: 0,
            descriptor: false,
            until: None,
            timeout: None,
            charged: 0,
        };
        Self { inner, limits: limits.clone(), seat, reading: Mutex::new(reading) }
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// rsbinder asks for a frame's body in one piece, in a buffer of zero pages that cost nothing until they
    /// are written: refusing here keeps a claimed length from ever becoming memory. What was charged for a
    /// frame is given back when the next one is read, which is after the call it made was answered.
    fn bounded(&self, asked: usize) -> RpcResult<()> {
        let refusal = RpcError::FrameTooLarge { declared: asked, max: self.limits.frame_bytes };
        if asked > self.limits.frame_bytes {
            return Err(refusal);
        }
        let mut reading = self.reading();
        match reading.position {
            BOUNDARY => self.seat.discharge(std::mem::take(&mut reading.charged)),
            Position::Body { .. } if reading.charged == 0 => {
                if !self.seat.charge(asked, self.limits.bytes_per_uid) {
                    log::warn!("uid {} was refused: too many bytes under way", self.seat.uid);
                    return Err(refusal);
                }
                reading.charged = asked;
            }
            _ => {}
        }
        Ok(())
    }
}

impl SeatedTransport {
    /// Reads once, within what is left of the frame's time.
    fn receive<T>(&self, asked: usize, read: impl FnOnce() -> RpcResult<T>) -> RpcResult<T> {
        self.bounded(asked)?;
        let (until, timeout) = {
            let reading = self.reading();
            (reading.until, reading.timeout)
        };
        let Some(until) = until else { return read() };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(RpcError::DeadlineMidFrame);
        }
        self.inner.set_read_timeout(Some(left.min(timeout.unwrap_or(left))))?;
        let got = read();
        self.inner.set_read_timeout(timeout)?;
        got
    }
}

impl Drop for SeatedTransport {
    fn drop(&mut self) {
        let charged = self.reading().charged;
        self.seat.discharge(charged);
    }
}

impl RpcTransport for SeatedTransport {
    fn send_frame(&self, buf: &[u8]) -> RpcResult<()> {
        self.inner.send_frame(buf)
    }

    fn recv_frame(&self) -> RpcResult<Vec<u8>> {
        // A session reads raw bytes only (`RpcTransport`'s documentation): nothing needs this unbounded way.
        Err(RpcError::Protocol("length-prefixed frames are not served"))
    }

    fn peer_identity(&self) -> PeerIdentity {
        self.inner.peer_identity()
    }

    fn describe(&self) -> &str {
        self.inner.describe()
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> RpcResult<()> {
        let mut reading = self.reading();
        // The first other deadline than the handshake's is set when the handshake is over.
        if reading.position == Position::Handshake && timeout != Some(self.limits.handshake) {
            reading.position = BOUNDARY;
        }
        reading.timeout = timeout;
        self.inner.set_read_timeout(timeout)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> RpcResult<()> {
        self.inner.set_write_timeout(timeout)
    }

    fn peer_closed(&self) -> Option<bool> {
        self.inner.peer_closed()
    }

    fn shutdown_handle(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.inner.shutdown_handle()
    }

    fn shutdown(&self) -> RpcResult<()> {
        self.inner.shutdown()
    }

    fn send_raw(&self, buf: &[u8]) -> RpcResult<()> {
        self.inner.send_raw(buf)
    }

    fn recv_raw(&self, buf: &mut [u8]) -> RpcResult<usize> {
        self.receive(buf.len(), || {
            let read = self.inner.recv_raw(buf)?;
            self.reading().took(&buf[..read], self.limits.frame);
            Ok(read)
        })
    }

    fn supports_fd_passing(&self) -> bool {
        self.limits.descriptor_with.is_some()
    }

    fn recv_raw_with_fds(&self, buf: &mut [u8]) -> RpcResult<(usize, Vec<OwnedFd>)> {
        self.receive(buf.len(), || {
            // Whatever is not returned is closed.
            let (read, descriptors) = self.inner.recv_raw_with_fds(buf)?;
            let mut reading = self.reading();
            let begins = reading.position == BOUNDARY;
            if begins {
                reading.descriptor = !descriptors.is_empty();
            }
            let out_of_place = !descriptors.is_empty() && (!begins || descriptors.len() > 1);
            reading.took(&buf[..read], self.limits.frame);
            if out_of_place || !reading.may_go_on(self.limits.descriptor_with) {
                log::warn!("uid {} was refused: a descriptor that nobody asked for", self.seat.uid);
                return Err(RpcError::Protocol("a descriptor that no call takes"));
            }
            Ok((read, descriptors))
        })
    }

    fn send_raw_with_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> RpcResult<()> {
        self.inner.send_raw_with_fds(buf, fds)
    }

    fn send_raw_draining(
        &self,
        buf: &[u8],
        fds: &[BorrowedFd<'_>],
        drain: &mut dyn FnMut() -> RpcResult<()>,
    ) -> RpcResult<()> {
        self.inner.send_raw_draining(buf, fds, drain)
    }
}
