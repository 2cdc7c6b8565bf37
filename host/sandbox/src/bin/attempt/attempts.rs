// SPDX-License-Identifier: Apache-2.0
//! What is tried. System calls by number where the library would not make just that one.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixListener, UnixStream};
use std::ptr::null;

use cloudmessaging_sandbox::{Error, Places};
use nix::libc::{self, c_int, c_long};
use seccompiler::{apply_filter, BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// What an attempt needs, made before the sandbox is entered.
pub(crate) struct Given {
    path: CString,
    /// A port of 127.0.0.1, perhaps with somebody behind it.
    pub(crate) port: u16,
    /// Listens, and was not made in the sandbox.
    outside: UnixListener,
    /// What the kernel gave.
    pub(crate) held: Option<Places>,
}

impl Given {
    pub(crate) fn new(what: &str) -> io::Result<Self> {
        let name = format!("cloudmessaging-attempt-{}", std::process::id());
        Ok(Self {
            path: CString::new(what)?,
            port: what.parse().unwrap_or(1),
            outside: UnixListener::bind_addr(&UnixAddress::from_abstract_name(name)?)?,
            held: None,
        })
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

/// As a kernel that was built without Landlock.
pub(crate) fn hide_landlock() -> Result<(), Error> {
    let rules = [(libc::SYS_landlock_create_ruleset, vec![])];
    let answer = SeccompAction::Errno(libc::ENOSYS as u32);
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules.into(), SeccompAction::Allow, answer, arch)?;
    let program: BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}

pub(crate) type Attempt = fn(&Given) -> io::Result<()>;

/// A system call with numbers alone.
macro_rules! call {
    ($number:ident $(, $argument:expr)*) => {
        // SAFETY: numbers, null, and pointers to strings or structures that live to the end of the call.
        outcome(unsafe { libc::syscall(libc::$number $(, $argument as c_long)*) })
    };
}

fn outcome(result: c_long) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn open(path: &CStr, flags: c_int) -> io::Result<()> {
    call!(SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0o600)
}

fn socket(family: c_int, kind: c_int, protocol: c_int) -> io::Result<()> {
    call!(SYS_socket, family, kind, protocol)
}

/// A socket of 127.0.0.1 with that address, in the words of the kernel.
fn on_loopback(
    kind: c_int,
    protocol: c_int,
    port: u16,
    act: impl FnOnce(c_int, *const libc::sockaddr_in, usize) -> io::Result<()>,
) -> io::Result<()> {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    // SAFETY: takes numbers.
    let socket = unsafe { libc::socket(libc::AF_INET, kind, protocol) };
    outcome(socket.into())?;
    act(socket, &address, size_of_val(&address))
}

/// Data with the first packet, without connect(2).
fn fast_open(given: &Given) -> io::Result<()> {
    on_loopback(libc::SOCK_STREAM, 0, given.port, |socket, address, size| {
        let data = b"x".as_ptr();
        call!(SYS_sendto, socket, data, 1, libc::MSG_FASTOPEN, address, size)
    })
}

fn multipath(given: &Given) -> io::Result<()> {
    on_loopback(libc::SOCK_STREAM, libc::IPPROTO_MPTCP, given.port, |socket, address, size| {
        call!(SYS_connect, socket, address, size)
    })
}

fn bind(kind: c_int) -> io::Result<()> {
    on_loopback(kind, 0, 0, |socket, address, size| call!(SYS_bind, socket, address, size))
}

fn listen_unbound() -> io::Result<()> {
    on_loopback(libc::SOCK_STREAM, 0, 0, |socket, _, _| call!(SYS_listen, socket, 1))
}

fn option(level: c_int, name: c_int) -> io::Result<()> {
    on_loopback(libc::SOCK_STREAM, 0, 0, |socket, _, _| {
        let one: c_int = 1;
        call!(SYS_setsockopt, socket, level, name, &raw const one, size_of_val(&one))
    })
}

fn map_executable() -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    call!(SYS_mmap, null::<u8>(), 4096, protection, flags, -1, 0)
}

fn make_executable() -> io::Result<()> {
    let size = 4096;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping that nobody else knows.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    call!(SYS_mprotect, page, size, libc::PROT_READ | libc::PROT_EXEC)
}

fn clone(flags: c_int) -> io::Result<()> {
    // SAFETY: without CLONE_VM this is fork, on the child's own copy of the stack; the child ends at once.
    let child = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) };
    if child == 0 {
        // SAFETY: takes a number and runs nothing of this process.
        unsafe { libc::_exit(0) };
    }
    outcome(child)
}

fn parent() -> c_int {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getppid() }
}

fn connect_to_abstract(given: &Given) -> io::Result<()> {
    UnixStream::connect_addr(&given.outside.local_addr()?).map(drop)
}

fn resolve(name: &str, given: &Given) -> io::Result<()> {
    let name = name.to_owned();
    let port = given.port;
    let query = move || (name.as_str(), port).to_socket_addrs().map(|found| found.count());
    let thread = std::thread::Builder::new().name("resolver".into()).spawn(query)?;
    match thread.join() {
        Ok(Ok(1..)) => Ok(()),
        Ok(Err(error)) => Err(error),
        _ => Err(io::Error::other("no address")),
    }
}

/// Every attempt by its name. What is refused by its arguments is refused with arguments that would do if it
/// were not.
pub(crate) const ATTEMPTS: &[(&str, Attempt)] = &[
    // What an uplink needs.
    ("be-held", |given| match given.held {
        Some(Places::Held) => Ok(()),
        Some(Places::HeldInPart) => Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP)),
        _ => Err(io::Error::from_raw_os_error(libc::ENOSYS)),
    }),
    ("resolve-localhost", |given| resolve("localhost", given)),
    ("connect-to-its-port", |given| TcpStream::connect(given.address()).map(drop)),
    ("ask-over-udp", |_| {
        on_loopback(libc::SOCK_DGRAM, 0, 53, |socket, address, size| {
            call!(SYS_connect, socket, address, size)
        })
    }),
    // Files.
    ("read-file", |given| open(&given.path, libc::O_RDONLY)),
    ("list-folder", |given| open(&given.path, libc::O_RDONLY | libc::O_DIRECTORY)),
    ("open-to-write", |given| open(&given.path, libc::O_WRONLY)),
    ("open-to-read-and-write", |given| open(&given.path, libc::O_RDWR)),
    ("open-to-truncate", |given| open(&given.path, libc::O_RDONLY | libc::O_TRUNC)),
    ("create-file", |given| open(&given.path, libc::O_RDONLY | libc::O_CREAT)),
    ("create-nameless-file", |given| open(&given.path, libc::O_WRONLY | libc::O_TMPFILE)),
    ("make-folder", |given| call!(SYS_mkdirat, libc::AT_FDCWD, given.path.as_ptr(), 0o700)),
    ("remove-file", |given| call!(SYS_unlinkat, libc::AT_FDCWD, given.path.as_ptr(), 0)),
    ("rename-file", |given| {
        let (at, path) = (libc::AT_FDCWD, given.path.as_ptr());
        call!(SYS_renameat2, at, path, at, path, 0)
    }),
    ("link-file", |given| {
        let (at, path) = (libc::AT_FDCWD, given.path.as_ptr());
        call!(SYS_linkat, at, path, at, c"link".as_ptr(), 0)
    }),
    ("change-mode", |given| call!(SYS_fchmodat, libc::AT_FDCWD, given.path.as_ptr(), 0o777)),
    ("make-memory-file", |_| call!(SYS_memfd_create, c"x".as_ptr(), 0)),
    ("watch-files", |_| call!(SYS_inotify_init1, 0)),
    // Code and processes.
    ("execute", |given| {
        let arguments = [given.path.as_ptr(), null()];
        call!(SYS_execve, given.path.as_ptr(), arguments.as_ptr(), null::<u8>())
    }),
    ("execute-at", |given| {
        let arguments = [given.path.as_ptr(), null()];
        let (at, path) = (libc::AT_FDCWD, given.path.as_ptr());
        call!(SYS_execveat, at, path, arguments.as_ptr(), null::<u8>(), 0)
    }),
    ("map-executable-memory", |_| map_executable()),
    ("make-memory-executable", |_| make_executable()),
    ("fork", |_| clone(0)),
    ("clone3", |_| call!(SYS_clone3, null::<u8>(), 0)),
    ("signal-its-parent", |_| call!(SYS_kill, parent(), 0)),
    ("signal-a-thread", |_| call!(SYS_tgkill, parent(), parent(), 0)),
    ("hold-another-process", |_| call!(SYS_pidfd_open, parent(), 0)),
    ("trace-another-process", |_| call!(SYS_ptrace, libc::PTRACE_SEIZE, parent(), 0, 0)),
    ("read-anothers-memory", |_| {
        call!(SYS_process_vm_readv, parent(), null::<u8>(), 0, null::<u8>(), 0, 0)
    }),
    ("compare-with-another-process", |_| call!(SYS_kcmp, parent(), parent(), 0, 0, 0)),
    ("outlive-the-gate", |_| call!(SYS_prctl, libc::PR_SET_PDEATHSIG, 0, 0, 0, 0)),
    ("be-dumped", |_| call!(SYS_prctl, libc::PR_SET_DUMPABLE, 1, 0, 0, 0)),
    ("leave-its-session", |_| call!(SYS_setsid)),
    ("change-its-uid", |_| call!(SYS_setresuid, -1, -1, -1)),
    ("change-its-groups", |_| call!(SYS_setgroups, 0, null::<u8>())),
    ("change-its-limits", |_| {
        let limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        call!(SYS_prlimit64, 0, libc::RLIMIT_CORE, &raw const limit, null::<u8>())
    }),
    // Networks.
    ("connect-elsewhere", |given| TcpStream::connect(given.address()).map(drop)),
    ("connect-elsewhere-with-data", fast_open),
    ("connect-elsewhere-by-several-paths", multipath),
    ("bind-tcp", |_| bind(libc::SOCK_STREAM)),
    ("bind-udp", |_| UdpSocket::bind("127.0.0.1:0").map(drop)),
    ("listen", |_| listen_unbound()),
    ("make-local-socket", |_| socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)),
    ("connect-to-local-socket", connect_to_abstract),
    ("make-socketpair", |_| {
        let mut pair = [0 as c_int; 2];
        call!(SYS_socketpair, libc::AF_UNIX, libc::SOCK_STREAM, 0, pair.as_mut_ptr())
    }),
    ("pass-a-descriptor", |_| {
        // An empty message: what counts is the call.
        on_loopback(libc::SOCK_DGRAM, 0, 53, |socket, _, _| call!(SYS_sendmsg, socket, 0, 0))
    }),
    ("be-passed-a-descriptor", |_| {
        on_loopback(libc::SOCK_DGRAM, 0, 53, |socket, _, _| call!(SYS_recvmsg, socket, 0, 0))
    }),
    ("make-netlink-socket", |_| socket(libc::AF_NETLINK, libc::SOCK_RAW, 0)),
    ("make-packet-socket", |_| socket(libc::AF_PACKET, libc::SOCK_RAW, 0)),
    ("make-raw-socket", |_| socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP)),
    ("make-ping-socket", |_| socket(libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP)),
    ("make-sctp-socket", |_| socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_SCTP)),
    ("make-vm-socket", |_| socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0)),
    ("make-crypto-socket", |_| socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0)),
    ("use-another-interface", |_| option(libc::SOL_SOCKET, libc::SO_BINDTODEVICE)),
    ("repair-a-connection", |_| option(libc::IPPROTO_TCP, libc::TCP_REPAIR)),
    // The kernel.
    ("mount", |given| {
        let path = given.path.as_ptr();
        call!(SYS_mount, path, path, null::<u8>(), libc::MS_BIND, 0)
    }),
    ("unmount", |given| call!(SYS_umount2, given.path.as_ptr(), 0)),
    ("change-its-root", |given| call!(SYS_chroot, given.path.as_ptr())),
    ("make-user-namespace", |_| call!(SYS_unshare, libc::CLONE_NEWUSER)),
    ("make-network-namespace", |_| call!(SYS_unshare, libc::CLONE_NEWNET)),
    ("fork-into-a-namespace", |_| clone(libc::CLONE_NEWUSER)),
    ("enter-a-namespace", |_| call!(SYS_setns, 0, 0)),
    ("use-io-uring", |_| call!(SYS_io_uring_setup, 1, null::<u8>())),
    ("use-old-asynchronous-io", |_| call!(SYS_io_setup, 1, null::<u8>())),
    ("load-bpf", |_| call!(SYS_bpf, 0, null::<u8>(), 0)),
    ("read-a-keyring", |_| call!(SYS_keyctl, 0, libc::KEY_SPEC_USER_KEYRING, 0, 0, 0)),
    ("add-a-key", |_| call!(SYS_add_key, c"user".as_ptr(), c"x".as_ptr(), c"x".as_ptr(), 1, -2)),
    ("count-events", |_| call!(SYS_perf_event_open, null::<u8>(), 0, -1, -1, 0)),
    ("handle-page-faults", |_| call!(SYS_userfaultfd, 0)),
    ("load-a-module", |_| call!(SYS_finit_module, 0, c"".as_ptr(), 0)),
    ("boot-another-kernel", |_| call!(SYS_kexec_load, 0, 0, null::<u8>(), 0)),
    ("set-the-clock", |_| call!(SYS_clock_settime, 0, null::<u8>())),
    ("change-its-personality", |_| call!(SYS_personality, 0xffff_ffff_u32)),
    ("filter-again", |_| call!(SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, null::<u8>())),
    #[cfg(target_arch = "x86_64")]
    ("call-by-x32-number", |_| {
        // SAFETY: getpid takes nothing.
        outcome(unsafe { libc::syscall(0x4000_0000 | libc::SYS_getpid) })
    }),
];
