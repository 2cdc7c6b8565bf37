// SPDX-License-Identifier: Apache-2.0
//! What the kernel says of a process: its children, its sockets, its memory.
use std::collections::HashMap;
use std::fs;
use std::io;

/// What a socket can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Socket {
    /// Another process of this machine.
    Unix,
    /// A network; with the name of the table in /proc/net that lists it.
    Network(&'static str),
    /// In none of the tables that were read.
    Unknown(u64),
}

/// Processes that this one started and that were not reaped yet. Zombies count: a process that was killed and
/// not waited for is not gone.
pub fn children(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|candidate| parent(*candidate) == Some(pid)).collect()
}

/// The process that started this one.
pub fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; what follows the last one is numbers.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Whether there is such a process, zombies included.
pub fn exists(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}")).is_ok()
}

/// Whether it runs. A zombie does not: it sends nothing any more.
pub fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
    !matches!(state, Some("Z" | "X") | None)
}

/// Resident memory in bytes: what `ps` calls RSS, pages of program and library files included.
pub fn rss(pid: u32) -> io::Result<u64> {
    memory(pid, "VmRSS:")
}

/// The part of it that is in no file, and so is this process's alone.
pub fn anonymous(pid: u32) -> io::Result<u64> {
    memory(pid, "RssAnon:")
}

/// The most that was resident since it started.
pub fn peak(pid: u32) -> io::Result<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, name: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.map(|kb: u64| kb * 1024).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// All sockets the process has open. Fails without permission to look (a process that is not dumpable shows
/// them to root alone).
pub fn sockets(pid: u32) -> io::Result<Vec<Socket>> {
    let mut inodes = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // A descriptor may be closed while we look.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let target = target.to_string_lossy();
        if let Some(inode) = target.strip_prefix("socket:[").and_then(|t| t.strip_suffix(']')) {
            inodes.extend(inode.parse::<u64>());
        }
    }
    let tables = tables();
    let kind = |inode: u64| tables.get(&inode).cloned().unwrap_or(Socket::Unknown(inode));
    Ok(inodes.into_iter().map(kind).collect())
}

/// The sockets that are not Unix sockets.
pub fn network_sockets(pid: u32) -> io::Result<Vec<Socket>> {
    Ok(sockets(pid)?.into_iter().filter(|socket| *socket != Socket::Unix).collect())
}

// Tables of /proc/net and the column that holds the inode.
const NETWORK_TABLES: [(&str, usize); 9] = [
    ("tcp", 9),
    ("tcp6", 9),
    ("udp", 9),
    ("udp6", 9),
    ("raw", 9),
    ("raw6", 9),
    ("icmp", 9),
    ("netlink", 9),
    ("packet", 8),
];

fn tables() -> HashMap<u64, Socket> {
    let mut kinds = HashMap::new();
    let mut read = |name: &str, column: usize, kind: Socket| {
        let table = fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
        for line in table.lines().skip(1) {
            if let Some(inode) = line.split_whitespace().nth(column).and_then(|i| i.parse().ok()) {
                kinds.insert(inode, kind.clone());
            }
        }
    };
    read("unix", 6, Socket::Unix);
    for (name, column) in NETWORK_TABLES {
        read(name, column, Socket::Network(name));
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn each_kind_of_socket_is_told_from_the_others() {
        let own = std::process::id();
        let before = sockets(own).unwrap();
        let _unix = UnixDatagram::pair().unwrap();
        let _tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let _udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let after = sockets(own).unwrap();
        let more = |kind: &Socket| {
            after.iter().filter(|s| *s == kind).count()
                > before.iter().filter(|s| *s == kind).count()
        };
        assert!(more(&Socket::Unix), "{after:?}");
        assert!(more(&Socket::Network("tcp")), "{after:?}");
        // Not every kernel lists an unconnected UDP socket; then it must not pass for a Unix one.
        let network = network_sockets(own).unwrap();
        assert!(network.len() >= 2, "{network:?}");
    }

    #[test]
    fn a_child_is_found_until_it_is_reaped() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = std::process::id();
        assert!(children(own).contains(&child.id()));
        assert!(runs(child.id()));
        child.kill().unwrap();
        assert!(children(own).contains(&child.id()));
        child.wait().unwrap();
        assert!(!children(own).contains(&child.id()) && !runs(child.id()));
    }

    #[test]
    fn memory_is_counted_in_bytes() {
        let own = std::process::id();
        let (all, anonymous) = (rss(own).unwrap(), anonymous(own).unwrap());
        assert!(all > 500_000 && anonymous > 0 && anonymous < all, "{anonymous} of {all}");
    }
}
