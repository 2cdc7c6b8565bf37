// SPDX-License-Identifier: Apache-2.0
//! The real program as a process: what it is tied to, what it refuses, how it ends.

mod common;

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use cloudmessaging_wire::limits::FRAME_MAX;
use cloudmessaging_wire::proto::uplink::from_uplink::Frame as From;
use cloudmessaging_wire::proto::uplink::to_uplink::Frame as To;
use cloudmessaging_wire::proto::uplink::{Configure, Disconnect};
use common::pki::Pki;
use common::scripted::Listener;
use common::{pair, post, spawn, Uplink, PATIENCE, PROGRAM};
use nix::fcntl::{fcntl, FcntlArg};
use nix::sys::signal::{kill, Signal};
use nix::sys::socket::{recv, socketpair, AddressFamily, MsgFlags, SockFlag, SockType};
use nix::unistd::Pid;

// `End::exit_code`.
const GATE_GONE: i32 = 0;
const USAGE: i32 = 2;
const ORPHAN: i32 = 3;
const INHERITED: i32 = 5;
const NO_SOCKETPAIR: i32 = 6;
const FRAME: i32 = 7;
const CONFIGURATION: i32 = 8;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    command
}

fn own_pid() -> String {
    std::process::id().to_string()
}

fn exit_code(command: Command, uplink_end: OwnedFd) -> i32 {
    spawn(command, uplink_end, None).wait().unwrap().code().unwrap()
}

#[test]
fn it_ends_with_the_socketpair() {
    let mut uplink = Uplink::start(&Pki::new(), 1);
    uplink.hang_up();
    assert_eq!(uplink.exit_status().code(), Some(GATE_GONE));
    let mut unconfigured = Uplink::spawn();
    unconfigured.hang_up();
    assert_eq!(unconfigured.exit_status().code(), Some(GATE_GONE));
}

#[test]
fn a_frame_that_does_not_parse_ends_it() {
    for bytes in [vec![0xff; 9], vec![0; FRAME_MAX + 1], vec![0x0a, 0x7f, 1]] {
        let mut configured = Uplink::start(&Pki::new(), 1);
        configured.send_bytes(&bytes);
        assert_eq!(configured.exit_status().code(), Some(FRAME));
        let mut unconfigured = Uplink::spawn();
        unconfigured.send_bytes(&bytes);
        assert_eq!(unconfigured.exit_status().code(), Some(FRAME));
    }
}

#[test]
fn a_frame_out_of_order_ends_it() {
    let pki = Pki::new();
    let mut unconfigured = Uplink::spawn();
    unconfigured.send(To::Connect(post(1, "x")));
    assert_eq!(unconfigured.exit_status().code(), Some(FRAME));

    let mut twice = Uplink::start(&pki, 1);
    twice.send(To::Configure(pki.configure(2)));
    assert_eq!(twice.exit_status().code(), Some(FRAME));

    let listener = Listener::new();
    let mut same_connection = Uplink::start(&pki, listener.port);
    same_connection.send(To::Connect(post(1, "x")));
    let _socket = listener.accept_tcp();
    same_connection.send(To::Connect(post(1, "y")));
    assert_eq!(same_connection.exit_status().code(), Some(FRAME));
}

#[test]
fn a_configuration_that_cannot_be_used_ends_it() {
    let good = Pki::new().configure(1);
    let other_key = Pki::new().phone.key.serialize_der();
    for configure in [
        Configure { host: String::new(), ..good.clone() },
        Configure { host: "not a host".into(), ..good.clone() },
        Configure { port: 0, ..good.clone() },
        Configure { port: 65536, ..good.clone() },
        Configure { ca: vec![], ..good.clone() },
        Configure { ca: vec![vec![1, 2, 3]], ..good.clone() },
        Configure { client_certificate: vec![], ..good.clone() },
        Configure { client_key: other_key, ..good.clone() },
    ] {
        let mut uplink = Uplink::spawn();
        uplink.send(To::Configure(configure));
        assert_eq!(uplink.exit_status().code(), Some(CONFIGURATION));
    }
}

#[test]
fn it_connects_to_nobody_unasked() {
    let listener = Listener::new();
    let uplink = Uplink::start(&Pki::new(), listener.port);
    uplink.send(To::Disconnect(Disconnect { connection: 1 }));
    assert!(!listener.is_tried_within(Duration::from_millis(500)));
    uplink.send(To::Connect(post(1, "x")));
    assert!(listener.is_tried_within(PATIENCE));
}

#[test]
fn it_does_not_run_with_an_inherited_descriptor() {
    let file = fs::File::open("/dev/null").unwrap();
    // Beyond 3, whose place the socketpair takes.
    let extra = fcntl(file.as_raw_fd(), FcntlArg::F_DUPFD_CLOEXEC(10)).unwrap();
    let mut uplink = Uplink::spawn_with(Some(extra));
    assert_eq!(uplink.exit_status().code(), Some(INHERITED));
}

#[test]
fn it_runs_for_its_parent_alone() {
    let parent = own_pid();
    for arguments in [&[][..], &["gate"], &[&parent, "more"]] {
        assert_eq!(exit_code(program(arguments), pair().1), USAGE);
    }
    assert_eq!(exit_code(program(&["1"]), pair().1), ORPHAN);
}

#[test]
fn it_does_not_run_without_a_socketpair_that_keeps_frames_apart() {
    let flags = SockFlag::SOCK_CLOEXEC;
    let stream = socketpair(AddressFamily::Unix, SockType::Stream, None, flags).unwrap();
    assert_eq!(exit_code(program(&[&own_pid()]), stream.1), NO_SOCKETPAIR);
    let file = fs::File::open("/dev/null").unwrap();
    assert_eq!(exit_code(program(&[&own_pid()]), file.into()), NO_SOCKETPAIR);
}

/// The gate's end of the socketpair is held by this test and stays open: it is the parent's death that
/// kills.
#[test]
fn it_dies_with_its_gate() {
    let (gate, uplink_end) = pair();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "\"$0\" $$ & exec 3<&-; wait", PROGRAM]);
    let mut shell = spawn(shell, uplink_end, None);
    let configure = To::Configure(Pki::new().configure(1));
    let bytes = cloudmessaging_wire::frame::encode(&cloudmessaging_wire::proto::uplink::ToUplink {
        frame: Some(configure),
    })
    .unwrap();
    nix::sys::socket::send(gate.as_raw_fd(), &bytes, MsgFlags::empty()).unwrap();
    let mut buffer = [0; 64];
    assert!(common::readable(&gate, PATIENCE), "Ready");
    assert_ne!(recv(gate.as_raw_fd(), &mut buffer, MsgFlags::empty()), Ok(0));

    assert!(!common::readable(&gate, Duration::from_millis(200)), "it lives on");
    kill(Pid::from_raw(shell.id() as i32), Signal::SIGKILL).unwrap();
    shell.wait().unwrap();
    assert!(common::readable(&gate, PATIENCE), "its end of the socketpair is closed");
    assert_eq!(recv(gate.as_raw_fd(), &mut buffer, MsgFlags::empty()), Ok(0));
}

/// What it is confined to is tried in `host/sandbox`; here, that it is, and when.
#[test]
fn it_is_confined_before_it_is_ready() {
    let mut uplink = Uplink::spawn();
    uplink.send(To::Configure(Pki::new().configure(1)));
    let From::Ready(ready) = uplink.frame() else { panic!("not ready") };
    assert!(!ready.partly_confined, "this kernel has all of Landlock");
    let status = fs::read_to_string(format!("/proc/{}/status", uplink.child.id())).unwrap();
    // 2 is SECCOMP_MODE_FILTER; ours are two.
    assert!(status.contains("Seccomp:\t2\nSeccomp_filters:\t2\n"), "{status}");
    assert!(status.contains("Threads:\t1\n"), "{status}");
}

/// /proc belongs to root where a process may not be dumped; only another user's shows it.
#[test]
fn it_gains_no_privileges_and_leaves_no_dump() {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = directory.path().join("uplink");
    fs::copy(PROGRAM, &copy).unwrap();
    let (gate, uplink_end) = pair();
    let mut command = Command::new(&copy);
    command.arg(own_pid());
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65534);
    }
    let mut child = spawn(command, uplink_end, None);
    let bytes = cloudmessaging_wire::frame::encode(&cloudmessaging_wire::proto::uplink::ToUplink {
        frame: Some(To::Configure(Pki::new().configure(1))),
    })
    .unwrap();
    nix::sys::socket::send(gate.as_raw_fd(), &bytes, MsgFlags::empty()).unwrap();
    assert!(common::readable(&gate, PATIENCE), "Ready");
    assert_ne!(recv(gate.as_raw_fd(), &mut [0; 64], MsgFlags::empty()), Ok(0), "it runs");

    let proc = format!("/proc/{}", child.id());
    let status = fs::read_to_string(format!("{proc}/status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(!status.contains("Uid:\t0\t"), "{status}");
    assert_eq!(fs::metadata(format!("{proc}/mem")).unwrap().uid(), 0);
    drop(gate);
    assert_eq!(child.wait().unwrap().code(), Some(GATE_GONE));
}
