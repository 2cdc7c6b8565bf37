// SPDX-License-Identifier: Apache-2.0
//! A process that entered the sandbox tries what is not to be had, one thing in each test. The process is
//! `attempt` of this package, a new one each time.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::libc::{EACCES, ENOSYS, EPERM, SIGSYS};

#[derive(Debug, PartialEq, Eq)]
enum End {
    Worked,
    /// With this errno.
    Refused(i32),
    /// By seccomp, with SIGSYS.
    Killed,
}

use End::{Killed, Refused, Worked};

fn attempt(layer: &str, name: &str, what: &str) -> End {
    let mut child = Command::new(env!("CARGO_BIN_EXE_attempt"))
        .args([layer, name, what])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap();
    match (status.code(), status.signal()) {
        (Some(0), _) => Worked,
        (Some(1), _) => {
            let errno = said.rsplit_once("os error ").and_then(|(_, rest)| rest.split_once(')'));
            Refused(errno.unwrap_or_else(|| panic!("{name}: {said}")).0.parse().unwrap())
        }
        (_, Some(SIGSYS)) => Killed,
        _ => panic!("{name}: {status} {said}"),
    }
}

/// What attempts are given.
#[derive(Clone, Copy)]
enum Given {
    Nothing,
    /// A file that is there, and whoever runs this test may do all with it.
    File,
    /// Its folder.
    Folder,
    /// A file that is not there.
    NoFile,
    Program,
    /// A port that somebody listens on.
    Port,
}

use Given::{File, Folder, NoFile, Nothing, Port, Program};

fn with<T>(given: Given, test: impl FnOnce(&str) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "secret").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = |path: PathBuf| path.display().to_string();
    test(&match given {
        Nothing => String::new(),
        File => text(file),
        Folder => text(folder.path().to_path_buf()),
        NoFile => text(folder.path().join("none")),
        Program => "/bin/true".to_owned(),
        Port => listener.local_addr().unwrap().port().to_string(),
    })
}

/// `"attempt" given what: layer => end, ...`: in the sandbox, and in one layer of it alone.
macro_rules! claims {
    ($($claim:ident: $name:literal $given:ident, $($layer:literal => $end:expr),+;)*) => {$(
        #[test]
        fn $claim() {
            $(with($given, |what| {
                assert_eq!(attempt($layer, $name, what), $end, "{} in {}", $name, $layer);
            });)+
        }
    )*};
}

// What an uplink needs.
claims! {
    this_kernel_gives_all_of_landlock: "be-held" Nothing, "both" => Worked;
    a_name_is_resolved_in_a_thread: "resolve-localhost" Nothing, "both" => Worked;
    its_own_port_is_reached: "connect-to-its-port" Port, "both" => Worked;
    dns_is_asked: "ask-over-udp" Nothing, "both" => Worked;
}

// Files. Each works without the sandbox, so that what is refused is refused by it.
claims! {
    no_file_is_read: "read-file" File, "none" => Worked, "both" => Refused(EACCES);
    no_folder_is_listed: "list-folder" Folder,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_file_is_opened_to_write: "open-to-write" File,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_file_is_opened_to_read_and_write: "open-to-read-and-write" File,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_file_is_truncated: "open-to-truncate" File,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_file_is_created: "create-file" NoFile,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_nameless_file_is_created: "create-nameless-file" Folder,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_folder_is_made: "make-folder" NoFile,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_file_is_removed: "remove-file" File,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_file_is_renamed: "rename-file" File, "none" => Worked, "both" => Killed;
    no_file_is_linked: "link-file" File, "both" => Killed;
    no_mode_is_changed: "change-mode" File, "none" => Worked, "both" => Killed;
    no_file_is_made_in_memory: "make-memory-file" Nothing, "none" => Worked, "both" => Killed;
    no_file_is_watched: "watch-files" Nothing, "none" => Worked, "both" => Killed;
}

// Code and processes.
claims! {
    no_program_is_executed: "execute" Program,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_program_is_executed_by_descriptor: "execute-at" Program,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_executable_memory_is_mapped: "map-executable-memory" Nothing,
        "none" => Worked, "both" => Refused(ENOSYS);
    no_memory_is_made_executable: "make-memory-executable" Nothing,
        "none" => Worked, "both" => Refused(ENOSYS);
    no_process_is_forked: "fork" Nothing, "none" => Worked, "both" => Killed;
    clone3_is_not_there: "clone3" Nothing, "both" => Refused(ENOSYS);
    no_process_is_signalled: "signal-its-parent" Nothing,
        "none" => Worked, "both" => Killed, "places" => Refused(EPERM);
    no_thread_is_signalled: "signal-a-thread" Nothing,
        "none" => Worked, "both" => Killed, "places" => Refused(EPERM);
    no_process_is_held: "hold-another-process" Nothing, "none" => Worked, "both" => Killed;
    no_process_is_traced: "trace-another-process" Nothing,
        "both" => Killed, "places" => Refused(EPERM);
    no_process_is_read: "read-anothers-memory" Nothing, "both" => Killed;
    no_process_is_compared_with: "compare-with-another-process" Nothing, "both" => Killed;
    it_does_not_outlive_the_gate: "outlive-the-gate" Nothing, "none" => Worked, "both" => Killed;
    it_is_not_dumped_after_all: "be-dumped" Nothing, "none" => Worked, "both" => Killed;
    it_stays_in_its_session: "leave-its-session" Nothing, "both" => Killed;
    it_keeps_its_uid: "change-its-uid" Nothing, "none" => Worked, "both" => Killed;
    it_keeps_its_groups: "change-its-groups" Nothing, "both" => Killed;
    it_keeps_its_limits: "change-its-limits" Nothing, "none" => Worked, "both" => Killed;
}

// Networks.
claims! {
    no_other_port_is_reached: "connect-elsewhere" Port,
        "none" => Worked, "both" => Refused(EACCES);
    no_other_port_is_reached_with_the_first_packet: "connect-elsewhere-with-data" Port,
        "none" => Worked, "both" => Killed;
    no_other_port_is_reached_by_several_paths: "connect-elsewhere-by-several-paths" Port,
        "both" => Killed;
    no_port_is_bound: "bind-tcp" Nothing,
        "none" => Worked, "both" => Killed, "places" => Refused(EACCES);
    no_udp_port_is_bound: "bind-udp" Nothing, "none" => Worked, "both" => Killed;
    nobody_is_listened_to: "listen" Nothing, "none" => Worked, "both" => Killed;
    there_are_no_local_sockets: "make-local-socket" Nothing,
        "none" => Worked, "both" => Refused(ENOSYS);
    no_local_socket_is_reached: "connect-to-local-socket" Nothing,
        "none" => Worked, "both" => Refused(ENOSYS), "places" => Refused(EPERM);
    no_socketpair_is_made: "make-socketpair" Nothing, "none" => Worked, "both" => Killed;
    no_descriptor_is_passed_on: "pass-a-descriptor" Nothing, "both" => Killed;
    no_descriptor_is_received: "be-passed-a-descriptor" Nothing, "both" => Killed;
    there_is_no_netlink: "make-netlink-socket" Nothing,
        "none" => Worked, "both" => Refused(ENOSYS);
    no_packet_socket_is_made: "make-packet-socket" Nothing, "both" => Killed;
    no_raw_socket_is_made: "make-raw-socket" Nothing, "both" => Killed;
    no_ping_socket_is_made: "make-ping-socket" Nothing, "both" => Killed;
    no_sctp_socket_is_made: "make-sctp-socket" Nothing, "both" => Killed;
    no_vm_socket_is_made: "make-vm-socket" Nothing, "both" => Killed;
    no_crypto_socket_is_made: "make-crypto-socket" Nothing, "both" => Killed;
    no_interface_is_chosen: "use-another-interface" Nothing, "both" => Killed;
    no_connection_is_repaired: "repair-a-connection" Nothing, "both" => Killed;
}

// The kernel. Most of these need root, so without the sandbox they may be refused, too: killed is what counts.
claims! {
    nothing_is_mounted: "mount" Folder, "both" => Killed, "places" => Refused(EPERM);
    nothing_is_unmounted: "unmount" Folder, "both" => Killed;
    its_root_stays: "change-its-root" Folder, "both" => Killed;
    no_user_namespace_is_made: "make-user-namespace" Nothing, "both" => Killed;
    no_network_namespace_is_made: "make-network-namespace" Nothing, "both" => Killed;
    no_thread_is_made_in_a_namespace: "fork-into-a-namespace" Nothing, "both" => Killed;
    no_namespace_is_entered: "enter-a-namespace" Nothing, "both" => Killed;
    there_is_no_io_uring: "use-io-uring" Nothing, "both" => Killed;
    there_is_no_old_asynchronous_io: "use-old-asynchronous-io" Nothing, "both" => Killed;
    no_bpf_is_loaded: "load-bpf" Nothing, "both" => Killed;
    no_keyring_is_read: "read-a-keyring" Nothing, "both" => Killed;
    no_key_is_added: "add-a-key" Nothing, "both" => Killed;
    no_events_are_counted: "count-events" Nothing, "both" => Killed;
    no_page_faults_are_handled: "handle-page-faults" Nothing, "both" => Killed;
    no_module_is_loaded: "load-a-module" Nothing, "both" => Killed;
    no_other_kernel_is_booted: "boot-another-kernel" Nothing, "both" => Killed;
    the_clock_is_not_set: "set-the-clock" Nothing, "both" => Killed;
    its_personality_stays: "change-its-personality" Nothing, "none" => Worked, "both" => Killed;
    its_filter_is_not_changed: "filter-again" Nothing, "both" => Killed;
}

#[cfg(target_arch = "x86_64")]
claims! {
    no_call_is_made_by_its_x32_number: "call-by-x32-number" Nothing, "both" => Killed;
}

/// As root, whom no mode of a file stops.
#[test]
fn the_files_of_root_and_of_passwords_are_not_read() {
    for path in ["/etc/shadow", "/etc/passwd", "/proc/self/mem", "/proc/1/environ"] {
        assert_eq!(attempt("both", "read-file", path), Refused(EACCES), "{path}");
    }
    assert_eq!(attempt("places", "list-folder", "/root"), Refused(EACCES));
    assert_eq!(attempt("places", "list-folder", "/etc"), Refused(EACCES));
    assert_eq!(attempt("both", "read-file", "/etc/hosts"), Worked);
}

/// Files and ports are open then, and the caller is told; nothing is written and nothing executed all the same.
#[test]
fn without_landlock_it_is_entered_and_says_so_and_the_filter_holds() {
    assert_eq!(attempt("old", "be-held", ""), Refused(ENOSYS));
    with(File, |file| {
        assert_eq!(attempt("old", "read-file", file), Worked);
        assert_eq!(attempt("old", "open-to-write", file), Killed);
        assert_eq!(attempt("old", "execute", file), Killed);
    });
    with(Port, |port| assert_eq!(attempt("old", "connect-elsewhere", port), Worked));
    assert_eq!(attempt("old", "resolve-localhost", ""), Worked);
}

/// Its list and this file's do not drift apart.
#[test]
fn every_attempt_that_there_is_is_tried_here() {
    let listed = Command::new(env!("CARGO_BIN_EXE_attempt")).arg("list").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let tried = include_str!("confinement.rs");
    assert!(listed.lines().count() > 60);
    for name in listed.lines() {
        assert!(tried.contains(&format!("\"{name}\"")), "{name}");
    }
}
