// SPDX-License-Identifier: Apache-2.0
//! The gate's side of a real uplink process, and certificates.

// Each test file uses its part.
#![allow(dead_code)]

pub mod mosquitto;
pub mod pki;
pub mod scripted;

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use cloudmessaging_wire::frame;
use cloudmessaging_wire::limits::FRAME_MAX;
use cloudmessaging_wire::proto::uplink::from_uplink::Frame as From;
use cloudmessaging_wire::proto::uplink::to_uplink::Frame as To;
use cloudmessaging_wire::proto::uplink::{
    CloseReason, Closed, Connect, Connected, FromUplink, Publish, Published, Received, ToUplink,
};
use nix::libc;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{recv, send, socketpair, AddressFamily, MsgFlags, SockFlag, SockType};

/// Longer than anything here takes, unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cloudmessaging_uplink");

/// An uplink process, seen from the gate.
pub struct Uplink {
    pub child: Child,
    gate: Option<OwnedFd>,
}

/// A socketpair as the gate makes it: (the gate's end, the uplink's end).
pub fn pair() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).unwrap()
}

/// Runs `command` with `uplink_end` as descriptor 3 and nothing else inherited but `extra`.
pub fn spawn(mut command: Command, uplink_end: OwnedFd, extra: Option<RawFd>) -> Child {
    command.env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let fd = uplink_end.as_raw_fd();
    // SAFETY: between fork and exec only system calls are made, on numbers made before.
    unsafe {
        command.pre_exec(move || {
            let close = libc::CLOSE_RANGE_CLOEXEC as libc::c_int;
            if libc::close_range(4, libc::c_uint::MAX, close) != 0
                || libc::dup2(fd, 3) != 3
                // dup2 on itself would keep CLOEXEC.
                || libc::fcntl(3, libc::F_SETFD, 0) != 0
                || extra.is_some_and(|fd| libc::fcntl(fd, libc::F_SETFD, 0) != 0)
            {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    command.spawn().unwrap()
}

impl Uplink {
    /// Started, not configured.
    pub fn spawn() -> Self {
        Self::spawn_with(None)
    }

    pub fn spawn_with(extra: Option<RawFd>) -> Self {
        let (gate, uplink_end) = pair();
        let mut command = Command::new(PROGRAM);
        command.arg(std::process::id().to_string());
        let child = spawn(command, uplink_end, extra);
        Self { child, gate: Some(gate) }
    }

    /// Started, configured and ready.
    pub fn start(pki: &pki::Pki, port: u16) -> Self {
        let mut uplink = Self::spawn();
        uplink.send(To::Configure(pki.configure(port)));
        assert!(matches!(uplink.frame(), From::Ready(_)));
        uplink
    }

    pub fn send(&self, frame: To) {
        let bytes = frame::encode(&ToUplink { frame: Some(frame) }).unwrap();
        self.send_bytes(&bytes);
    }

    pub fn send_bytes(&self, bytes: &[u8]) {
        let fd = self.gate.as_ref().unwrap().as_raw_fd();
        send(fd, bytes, MsgFlags::MSG_NOSIGNAL).unwrap();
    }

    /// The next frame, if one comes in time; panics if the uplink ends.
    pub fn frame_within(&mut self, time: Duration) -> Option<From> {
        let gate = self.gate.as_ref().unwrap();
        if !readable(gate, time) {
            return None;
        }
        let mut bytes = vec![0; FRAME_MAX];
        let size = recv(gate.as_raw_fd(), &mut bytes, MsgFlags::empty()).unwrap();
        assert_ne!(size, 0, "the uplink ended: {:?}", self.child.wait());
        let frame: FromUplink = frame::decode(&bytes[..size], |_| true).unwrap();
        Some(frame.frame.unwrap())
    }

    pub fn frame(&mut self) -> From {
        self.frame_within(PATIENCE).expect("a frame")
    }

    pub fn connected(&mut self) -> Connected {
        match self.frame() {
            From::Connected(connected) => connected,
            From::Closed(closed) => panic!("{:?}: {}", closed.reason(), closed.detail),
            other => panic!("{}", name(&other)),
        }
    }

    pub fn closed(&mut self) -> (CloseReason, String) {
        match self.frame() {
            From::Closed(Closed { reason, detail, .. }) => (reason.try_into().unwrap(), detail),
            other => panic!("{}", name(&other)),
        }
    }

    pub fn received(&mut self) -> Received {
        match self.frame() {
            From::Received(received) => received,
            From::Closed(closed) => panic!("{:?}: {}", closed.reason(), closed.detail),
            other => panic!("{}", name(&other)),
        }
    }

    pub fn published(&mut self) -> Published {
        match self.frame() {
            From::Published(published) => published,
            From::Closed(closed) => panic!("{:?}: {}", closed.reason(), closed.detail),
            other => panic!("{}", name(&other)),
        }
    }

    /// Closes the gate's end.
    pub fn hang_up(&mut self) {
        self.gate = None;
    }

    /// The exit status of a process that is to end by itself.
    pub fn exit_status(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the uplink does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Uplink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until there is something to read, or the end.
pub fn readable(fd: &impl AsFd, time: Duration) -> bool {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::try_from(time).unwrap()).unwrap() == 1
}

pub fn name(frame: &From) -> &'static str {
    match frame {
        From::Ready(_) => "Ready",
        From::Connected(_) => "Connected",
        From::Closed(_) => "Closed",
        From::Published(_) => "Published",
        From::Received(_) => "Received",
    }
}

/// A post connection.
pub fn post(connection: u32, client_id: &str) -> Connect {
    Connect {
        connection,
        client_id: client_id.into(),
        clean_start: true,
        keep_alive_s: 60,
        receive_maximum: 8,
        ..Connect::default()
    }
}

/// An inbox connection: it resumes its session.
pub fn inbox(connection: u32, client_id: &str, topic: &str) -> Connect {
    Connect {
        clean_start: false,
        session_expiry_s: 3600,
        subscribe: vec![topic.into()],
        ..post(connection, client_id)
    }
}

pub fn publish(connection: u32, token: u64, topic: &str, payload: &[u8]) -> Publish {
    let payload = payload.to_vec();
    Publish { connection, token, topic: topic.into(), payload, expiry_s: 600 }
}
