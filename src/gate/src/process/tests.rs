// SPDX-License-Identifier: Apache-2.0
//! With real children: `sleep`, which takes its one argument, a process id, for seconds; and shell scripts.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use cloudmessaging_wire::proto::uplink::{Published, Ready};
use nix::fcntl::{fcntl, FcntlArg, FdFlag};
use nix::libc;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use prost::Message as _;
use tempfile::TempDir;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn sleeper(forker: &Forker) -> Process {
    Process::start(forker, Path::new("/bin/sleep"), b"configure").unwrap()
}

/// A program, and the directory that it is gone with.
fn script(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("child");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    (directory, path)
}

/// A process and the script that it runs.
struct Scripted {
    process: Process,
    _directory: TempDir,
}

impl Deref for Scripted {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

fn run(text: &str, configure: &[u8]) -> Scripted {
    run_by(&Forker::start().unwrap(), text, configure)
}

fn run_by(forker: &Forker, text: &str, configure: &[u8]) -> Scripted {
    let (_directory, path) = script(text);
    let process = loop {
        match Process::start(forker, &path, configure) {
            // Another test forked while the script was still open for writing.
            Err(error) if error.raw_os_error() == Some(libc::ETXTBSY) => thread::yield_now(),
            process => break process.unwrap(),
        }
    };
    Scripted { process, _directory }
}

/// What is read, in a word.
fn read(process: &Process) -> Result<&'static str, End> {
    process.read(&mut Vec::new()).map(|frame| match frame {
        from_uplink::Frame::Ready(_) => "ready",
        from_uplink::Frame::Published(p) if p.token == 7 => "published 7",
        _ => "another",
    })
}

fn encoded(frame: from_uplink::Frame) -> Vec<u8> {
    FromUplink { frame: Some(frame) }.encode_to_vec()
}

fn proc_file(process: &Process, name: &str) -> PathBuf {
    Path::new("/proc").join(process.pid().to_string()).join(name)
}

fn status(process: &Process, field: &str) -> Option<String> {
    let text = fs::read_to_string(proc_file(process, "status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix(field)).map(|value| value.trim().to_owned())
}

fn descriptors(process: &Process) -> Option<BTreeMap<i32, String>> {
    let listing = fs::read_dir(proc_file(process, "fd")).ok()?;
    let fd = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        Some((entry.file_name().to_str()?.parse().ok()?, target.to_str()?.to_owned()))
    };
    Some(listing.flatten().filter_map(fd).collect())
}

fn exists(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Runs `f`, which must not block.
fn promptly<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = channel();
    thread::spawn(move || done.send(f()));
    result.recv_timeout(PATIENCE).expect("blocks")
}

fn leak_on_exec(fd: i32) {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
}

fn inherits_nothing_but_the_socketpair(closing: Closing) {
    let (low, high) = (File::open("/dev/zero").unwrap(), File::open("/dev/zero").unwrap());
    leak_on_exec(low.as_raw_fd());
    let high = fcntl(high.as_raw_fd(), FcntlArg::F_DUPFD(700)).unwrap();
    let forker = Forker::start().unwrap();
    let other = sleeper(&forker);
    leak_on_exec(other.socketpair.as_raw_fd());

    let program = Path::new("/bin/sleep");
    let process = Process::start_closing(&forker, program, b"configure", closing).unwrap();
    // The loader opens and closes libraries at first; what was inherited would stay.
    let null = "/dev/null".to_owned();
    let expected = |fds: &BTreeMap<i32, String>| {
        fds.len() == 4
            && (0..3).all(|fd| fds.get(&fd) == Some(&null))
            && fds.get(&GATE_FD).is_some_and(|target| target.starts_with("socket:"))
    };
    let start = Instant::now();
    loop {
        let fds = descriptors(&process).unwrap();
        if expected(&fds) {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{fds:?}");
        thread::sleep(Duration::from_millis(2));
    }
    close(high);
}

fn close(fd: i32) {
    nix::unistd::close(fd).unwrap();
}

#[test]
fn a_child_inherits_nothing_but_the_socketpair() {
    inherits_nothing_but_the_socketpair(Closing::Range);
}

#[test]
fn a_child_inherits_nothing_but_the_socketpair_on_an_old_kernel() {
    inherits_nothing_but_the_socketpair(Closing::Each);
}

#[test]
fn a_child_has_no_environment_no_privileges_to_gain_and_no_blocked_signals() {
    let process = sleeper(&Forker::start().unwrap());
    assert_eq!(fs::read(proc_file(&process, "environ")).unwrap(), b"");
    assert_eq!(fs::read_link(proc_file(&process, "cwd")).unwrap(), Path::new("/"));
    assert_eq!(status(&process, "NoNewPrivs:").unwrap(), "1");
    assert_eq!(status(&process, "SigBlk:").unwrap(), "0000000000000000");
    let arguments = fs::read(proc_file(&process, "cmdline")).unwrap();
    assert_eq!(arguments, format!("/bin/sleep\0{}\0", std::process::id()).into_bytes());
}

/// In a process of its own, as it takes a descriptor from under the test's feet.
#[test]
#[ignore = "run by the test below"]
fn a_child_end_at_3_inside() {
    let forker = Forker::start().unwrap();
    close(GATE_FD);
    let (kind, flags) = (SockType::SeqPacket, SockFlag::SOCK_CLOEXEC);
    let (theirs, ours) = socketpair(AddressFamily::Unix, kind, None, flags).unwrap();
    assert_eq!(theirs.as_raw_fd(), GATE_FD);
    let program = Path::new("/bin/sleep");
    let mut child = forker.spawn(exec::command(program, theirs, Closing::Range).unwrap()).unwrap();
    let target = fs::read_link(format!("/proc/{}/fd/{GATE_FD}", child.id())).unwrap();
    assert!(target.to_str().unwrap().starts_with("socket:"), "{target:?}");
    child.kill().and_then(|()| child.wait()).unwrap();
    assert_eq!(recv(ours.as_raw_fd(), &mut [0; 8], MsgFlags::empty()), Ok(0));
}

#[test]
fn a_child_finds_its_end_at_3_also_if_it_was_there_before() {
    let name = "process::tests::a_child_end_at_3_inside";
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    let output = test.args(["--ignored", "--exact", name]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_program_that_cannot_be_executed_is_an_error_and_no_process() {
    let forker = Forker::start().unwrap();
    for path in ["/nonexistent", "/dev/null", "/"] {
        assert!(Process::start(&forker, Path::new(path), b"configure").is_err(), "{path}");
    }
    assert!(sleeper(&forker).pid() > 0, "the forking thread goes on");
}

#[test]
fn the_configuration_is_the_first_packet_and_frames_come_back() {
    let published = Published { connection: 1, token: 7, reason_code: 16 };
    let configure = encoded(from_uplink::Frame::Published(published));
    let process = run("exec dd bs=70000 count=2 <&3 >&3", &configure);
    assert_eq!(read(&process), Ok("published 7"));
    process.hand_over(&encoded(from_uplink::Frame::Ready(Ready::default()))).unwrap();
    assert_eq!(read(&process), Ok("ready"));
}

#[test]
fn what_is_not_a_frame_is_told_apart_from_an_end() {
    let garbled = ["printf '\\377\\377\\377' >&3", "printf '\\372\\001\\000' >&3"];
    for text in [garbled[0], garbled[1], "dd if=/dev/zero bs=70000 count=1 >&3"] {
        let process = run(&format!("{text}\nexec sleep 100"), b"configure");
        assert_eq!(read(&process), Err(End::Malformed), "{text}");
    }
}

#[test]
fn a_crash_is_noticed_after_the_last_words() {
    let process = run("printf '\\012\\000' >&3\nkill -9 $$", b"never read");
    assert_eq!(read(&process), Ok("ready"));
    assert_eq!(read(&process), Err(End::Gone));
    assert_eq!(read(&process), Err(End::Gone));
    process.kill();
    assert!(!exists(process.pid()));
}

#[test]
fn a_killed_process_is_reaped_when_kill_returns() {
    let forker = Forker::start().unwrap();
    for _ in 0..20 {
        let process = sleeper(&forker);
        assert!(exists(process.pid()));
        process.kill();
        assert!(!exists(process.pid()), "not even a zombie");
        process.kill();
        assert_eq!(process.hand_over(b"late"), Err(HandOver::Gone));
    }
}

#[test]
fn a_process_that_stopped_or_ended_by_itself_is_reaped_too() {
    let forker = Forker::start().unwrap();
    for signal in [Signal::SIGSTOP, Signal::SIGSEGV] {
        let process = sleeper(&forker);
        kill(Pid::from_raw(process.pid() as i32), signal).unwrap();
        let process = Arc::new(process);
        let killed = process.clone();
        promptly(move || killed.kill());
        assert!(!exists(process.pid()));
    }
}

#[test]
fn whoever_kills_returns_when_it_is_reaped() {
    let process = Arc::new(sleeper(&Forker::start().unwrap()));
    let barrier = Arc::new(Barrier::new(8));
    let killers = (0..8).map(|_| {
        let (process, barrier) = (process.clone(), barrier.clone());
        thread::spawn(move || {
            barrier.wait();
            process.kill();
            assert!(!exists(process.pid()));
        })
    });
    for killer in killers.collect::<Vec<_>>() {
        killer.join().unwrap();
    }
}

#[test]
fn a_dropped_process_is_gone() {
    let process = sleeper(&Forker::start().unwrap());
    let pid = process.pid();
    drop(process);
    assert!(!exists(pid));
}

#[test]
fn kill_wakes_the_reader() {
    let process = Arc::new(sleeper(&Forker::start().unwrap()));
    let reader = {
        let process = process.clone();
        thread::spawn(move || read(&process))
    };
    process.kill();
    assert_eq!(promptly(move || reader.join().unwrap()), Err(End::Gone));
}

#[test]
fn kill_does_not_wait_for_who_hands_over() {
    let process = Arc::new(run("while dd bs=70000 count=100 <&3; do :; done", b"configure"));
    let (handing, handed) = channel();
    let sender = {
        let process = process.clone();
        thread::spawn(move || loop {
            match process.hand_over(&[7; 60_000]) {
                Ok(()) => drop(handing.send(())),
                Err(HandOver::Full) => thread::yield_now(),
                Err(HandOver::Gone) => return,
            }
        })
    };
    for _ in 0..10 {
        handed.recv_timeout(PATIENCE).unwrap();
    }
    let killed = process.clone();
    promptly(move || killed.kill());
    assert!(!exists(process.pid()));
    promptly(move || sender.join().unwrap());
}

#[test]
fn a_full_socketpair_refuses_and_does_not_block() {
    let process = sleeper(&Forker::start().unwrap());
    let process = Arc::new(process);
    let filled = process.clone();
    let packets = promptly(move || {
        let mut packets = 0;
        while filled.hand_over(&[0; FRAME_MAX]) == Ok(()) {
            packets += 1;
        }
        packets
    });
    assert!((1..100).contains(&packets), "{packets}: the largest frame fits, and not many");
    assert_eq!(process.hand_over(&[0; FRAME_MAX]), Err(HandOver::Full));
    process.kill();
    assert_eq!(process.hand_over(&[0; FRAME_MAX]), Err(HandOver::Gone));
}

#[test]
fn a_child_that_dies_with_its_forking_thread_outlives_who_started_it() {
    let (_directory, path) = script("printf '\\012\\000' >&3\nexec sleep 100");
    // `setpriv` asks for PDEATHSIG in the child, as the uplink does for itself.
    let text = format!("exec setpriv --pdeathsig KILL {}", path.display());
    let starter = thread::spawn(move || {
        let forker = Forker::start().unwrap();
        let process = run_by(&forker, &text, b"configure");
        assert_eq!(read(&process), Ok("ready"), "so it has asked for PDEATHSIG");
        process
    });
    // Now the thread that started it has ended, and every Forker but the process's own is dropped.
    let process = starter.join().unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(status(&process, "State:").unwrap().chars().next(), Some('S'));
}
