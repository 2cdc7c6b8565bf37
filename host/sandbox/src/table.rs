// SPDX-License-Identifier: Apache-2.0
//! The system calls of an uplink that is ready, each group with why. Taken from what it was seen to call with
//! glibc 2.36, and from the sources of glibc for what other versions call in the same place.

use nix::libc::{self, c_int, c_long};

/// Calls that are there for one reason.
pub(crate) struct Group {
    /// The reason.
    #[allow(dead_code, reason = "for who reads the table")]
    pub(crate) why: &'static str,
    pub(crate) calls: &'static [Call],
}

/// One system call.
pub(crate) struct Call {
    pub(crate) number: c_long,
    /// Any of these has to hold; none: always.
    pub(crate) when: &'static [&'static [Argument]],
}

/// What an argument has to be, counted from 0. All of a list have to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// This value.
    Is(u8, u32),
    /// Of these bits, these set.
    Bits(u8, u32, u32),
}

use Argument::{Bits, Is};

const fn call(number: c_long) -> Call {
    Call { number, when: &[] }
}

const fn only(number: c_long, when: &'static [&'static [Argument]]) -> Call {
    Call { number, when }
}

const fn bits(flags: c_int) -> u32 {
    flags as u32
}

/// Opening for reading has none of these.
const WRITING: u32 = bits(libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE);

/// A thread of this process, in the namespaces that it is in.
const THREAD: u32 = bits(libc::CLONE_VM | libc::CLONE_THREAD);
const NAMESPACES: u32 = bits(
    libc::CLONE_NEWNS
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWCGROUP,
);

/// A socket's type without what can be or-ed to it.
const TYPE: u32 = !bits(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);

const fn family(family: c_int) -> Argument {
    Is(0, bits(family))
}

const fn kind(kind: c_int) -> Argument {
    Bits(1, TYPE, bits(kind))
}

/// The family's own for that type: TCP and UDP. Not MPTCP, SMC or SCTP, for which Landlock knows no port, and not
/// ICMP.
const OWN_PROTOCOL: Argument = Is(2, 0);

/// TCP can carry data with its first packet, and Landlock is not asked about that connection.
const fn no_fast_open(index: u8) -> Argument {
    Bits(index, bits(libc::MSG_FASTOPEN), 0)
}

const fn option(level: c_int, name: c_int) -> [Argument; 2] {
    [Is(1, bits(level)), Is(2, bits(name))]
}

/// What may be called. Everything else ends the process.
pub(crate) const ALLOWED: &[Group] = &[
    Group {
        why: "memory: malloc, thread stacks. Executable memory is in the other table",
        calls: &[
            call(libc::SYS_brk),
            call(libc::SYS_mmap),
            call(libc::SYS_mprotect),
            call(libc::SYS_mremap),
            call(libc::SYS_munmap),
            call(libc::SYS_madvise),
        ],
    },
    Group {
        why: "the event loop: gate, resolver and connections, which are open or are made below",
        calls: &[
            #[cfg(target_arch = "x86_64")]
            call(libc::SYS_poll),
            call(libc::SYS_ppoll),
            call(libc::SYS_read),
            call(libc::SYS_readv),
            call(libc::SYS_write),
            call(libc::SYS_writev),
            call(libc::SYS_close),
            call(libc::SYS_pipe2),
            only(
                libc::SYS_fcntl,
                &[
                    &[Is(1, bits(libc::F_DUPFD_CLOEXEC))],
                    &[Is(1, bits(libc::F_GETFD))],
                    &[Is(1, bits(libc::F_GETFL))],
                ],
            ),
            only(
                libc::SYS_ioctl,
                &[&[Is(1, libc::FIONREAD as u32)], &[Is(1, libc::FIONBIO as u32)]],
            ),
        ],
    },
    Group {
        why: "TCP to the broker, UDP and TCP to DNS. recvmsg and sendmsg are not here: they carry \
              descriptors. sendmmsg could, too, but the resolver asks for both kinds of address with it; \
              of the sockets that are left only the gate's takes any, and the gate reads without them",
        calls: &[
            only(
                libc::SYS_socket,
                &[
                    &[family(libc::AF_INET), kind(libc::SOCK_STREAM), OWN_PROTOCOL],
                    &[family(libc::AF_INET), kind(libc::SOCK_DGRAM), OWN_PROTOCOL],
                    &[family(libc::AF_INET6), kind(libc::SOCK_STREAM), OWN_PROTOCOL],
                    &[family(libc::AF_INET6), kind(libc::SOCK_DGRAM), OWN_PROTOCOL],
                    // In the other table.
                    &[family(libc::AF_UNIX)],
                    &[family(libc::AF_NETLINK)],
                ],
            ),
            call(libc::SYS_connect),
            call(libc::SYS_recvfrom),
            only(libc::SYS_sendto, &[&[no_fast_open(3)]]),
            only(libc::SYS_sendmmsg, &[&[no_fast_open(3)]]),
            call(libc::SYS_shutdown),
            // From which address a packet would go: getaddrinfo sorts by that.
            call(libc::SYS_getsockname),
            only(libc::SYS_getsockopt, &[&option(libc::SOL_SOCKET, libc::SO_ERROR)]),
            only(
                libc::SYS_setsockopt,
                &[
                    &option(libc::SOL_SOCKET, libc::SO_LINGER),
                    &option(libc::SOL_SOCKET, libc::SO_SNDBUF),
                    &option(libc::IPPROTO_TCP, libc::TCP_NODELAY),
                    &option(libc::IPPROTO_IP, libc::IP_RECVERR),
                    &option(libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
                ],
            ),
        ],
    },
    Group {
        why: "reading the files of getaddrinfo",
        calls: &[
            only(libc::SYS_openat, &[&[Bits(2, WRITING, bits(libc::O_RDONLY))]]),
            call(libc::SYS_fstat),
            call(libc::SYS_newfstatat),
            call(libc::SYS_statx),
            call(libc::SYS_lseek),
            #[cfg(target_arch = "x86_64")]
            call(libc::SYS_access),
            call(libc::SYS_faccessat),
            call(libc::SYS_faccessat2),
            // The host's name, whose domain is searched; how much memory there is to sort in.
            call(libc::SYS_uname),
            call(libc::SYS_sysinfo),
        ],
    },
    Group {
        why: "the resolver's thread: a thread, never a process",
        calls: &[
            only(libc::SYS_clone, &[&[Bits(0, THREAD | NAMESPACES, THREAD)]]),
            call(libc::SYS_clone3),
            call(libc::SYS_set_robust_list),
            call(libc::SYS_rseq),
            call(libc::SYS_futex),
            call(libc::SYS_gettid),
            call(libc::SYS_getpid),
            call(libc::SYS_sched_getaffinity),
            call(libc::SYS_sched_yield),
            // Its name, and nothing else: not the signal that ends it with the gate, nor whether it is dumped.
            only(libc::SYS_prctl, &[&[Is(0, bits(libc::PR_SET_NAME))]]),
        ],
    },
    Group {
        why: "signals to itself: stack overflow, and a poll that was stopped and goes on",
        calls: &[
            call(libc::SYS_rt_sigaction),
            call(libc::SYS_rt_sigprocmask),
            call(libc::SYS_rt_sigreturn),
            call(libc::SYS_sigaltstack),
            call(libc::SYS_restart_syscall),
        ],
    },
    Group {
        why: "time, where the kernel has no faster way, and randomness for TLS",
        calls: &[
            call(libc::SYS_clock_gettime),
            call(libc::SYS_gettimeofday),
            call(libc::SYS_getrandom),
        ],
    },
    Group { why: "the end", calls: &[call(libc::SYS_exit), call(libc::SYS_exit_group)] },
];

/// What is answered with ENOSYS, because glibc then has another way and is not to die of asking.
pub(crate) const NOT_THERE: &[Group] = &[
    Group {
        why: "its flags lie in memory, where no filter looks: glibc takes clone",
        calls: &[call(libc::SYS_clone3)],
    },
    Group {
        why: "code that was not there at the start: name service modules beyond files and DNS",
        calls: &[
            only(
                libc::SYS_mmap,
                &[&[Bits(2, bits(libc::PROT_EXEC), bits(libc::PROT_EXEC))]],
            ),
            only(
                libc::SYS_mprotect,
                &[&[Bits(2, bits(libc::PROT_EXEC), bits(libc::PROT_EXEC))]],
            ),
        ],
    },
    Group {
        why: "daemons of this host that answer for names (nscd), and the kernel's list of addresses, without \
              which getaddrinfo sorts a little worse",
        calls: &[only(
            libc::SYS_socket,
            &[&[family(libc::AF_UNIX)], &[family(libc::AF_NETLINK)]],
        )],
    },
];
