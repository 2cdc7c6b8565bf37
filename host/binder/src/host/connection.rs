// SPDX-License-Identifier: Apache-2.0
//! One accepted connection: counted while it lives, and its frames bounded.

use rsbinder::rpc::transport::{RpcTransport, UnixTransport};
use rsbinder::rpc::{PeerIdentity, RpcError, RpcResult};
use std::collections::HashMap;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many connections each uid has open.
#[derive(Clone, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<u32, usize>>>);

/// One of them, given back when dropped.
pub(super) struct Seat {
    seats: Seats,
    uid: u32,
}

impl Seats {
    /// A seat for `uid`, unless there are `all` taken or `each` taken by it: one uid cannot starve the others.
    pub(super) fn take(&self, uid: u32, all: usize, each: usize) -> Option<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= all {
            return None;
        }
        let own = taken.entry(uid).or_default();
        if *own >= each {
            return None;
        }
        *own += 1;
        Some(Seat { seats: self.clone(), uid })
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.uid) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.uid);
            }
        }
    }
}

/// A Unix transport that knows when it ends and refuses large frames.
pub(super) struct SeatedTransport {
    inner: UnixTransport,
    frame_max: usize,
    _seat: Seat,
}

impl SeatedTransport {
    pub(super) fn new(inner: UnixTransport, frame_max: usize, seat: Seat) -> Self {
        Self { inner, frame_max, _seat: seat }
    }

    /// rsbinder asks for a frame's body in one piece, in a buffer of zero pages that cost nothing until they
    /// are written: refusing here keeps a claimed length from ever becoming memory.
    fn bounded(&self, asked: usize) -> RpcResult<()> {
        if asked > self.frame_max {
            return Err(RpcError::FrameTooLarge { declared: asked, max: self.frame_max });
        }
        Ok(())
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

    fn supports_fd_passing(&self) -> bool {
        self.inner.supports_fd_passing()
    }

    fn send_raw(&self, buf: &[u8]) -> RpcResult<()> {
        self.inner.send_raw(buf)
    }

    fn recv_raw(&self, buf: &mut [u8]) -> RpcResult<usize> {
        self.bounded(buf.len())?;
        self.inner.recv_raw(buf)
    }

    fn send_raw_with_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> RpcResult<()> {
        self.inner.send_raw_with_fds(buf, fds)
    }

    fn recv_raw_with_fds(&self, buf: &mut [u8]) -> RpcResult<(usize, Vec<OwnedFd>)> {
        self.bounded(buf.len())?;
        self.inner.recv_raw_with_fds(buf)
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
