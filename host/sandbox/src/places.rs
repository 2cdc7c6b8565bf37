// SPDX-License-Identifier: Apache-2.0
//! Files and ports, by Landlock. What is not named here is refused with EACCES, whatever the uid.

use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    Access, AccessFs, AccessNet, NetPort, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, ABI,
};

use crate::{Error, Places};

/// The newest Landlock of which we know every right: Linux 6.12. Newer ones have rights that nobody has
/// tried with this uplink.
const NEWEST: ABI = ABI::V6;

/// All that may be read: what getaddrinfo(3) of glibc reads. One that is missing is none that it needs.
/// Nothing may be written, listed or executed; a name service module that is not part of libc cannot be
/// loaded, and glibc goes on to the next that nsswitch.conf names.
const FILES: [(&str, &str); 5] = [
    ("/etc/nsswitch.conf", "in which order names are looked up"),
    ("/etc/hosts", "names that are known here, localhost first"),
    ("/etc/host.conf", "whether a name in it may have several addresses"),
    ("/etc/resolv.conf", "whom to ask for the others"),
    ("/etc/gai.conf", "which address of several to try first"),
];

/// Asked over TCP when an answer is too long for UDP.
const DNS: u16 = 53;

/// Confines this thread and what it starts to reading these files and to TCP connections to `port` and for DNS.
/// No signal and no connection to an abstract socket leaves it.
pub fn restrict(port: u16) -> Result<Places, Error> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rule(NetPort::new(port, AccessNet::ConnectTcp))?
        .add_rule(NetPort::new(DNS, AccessNet::ConnectTcp))?;
    for (file, _) in FILES {
        if let Ok(place) = PathFd::new(readable(Path::new(file))) {
            rules = rules.add_rule(PathBeneath::new(place, AccessFs::ReadFile))?;
        }
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Places::Held,
        RulesetStatus::PartiallyEnforced => Places::HeldInPart,
        RulesetStatus::NotEnforced => Places::Open,
    })
}

/// A rule is about a file and not about its name. Where `/etc/resolv.conf` is a link into /run, whoever writes
/// it puts another file in its place at each change of network: there the rule is about the folder. A file of
/// /etc itself that is replaced stays unreadable until the next uplink.
fn readable(file: &Path) -> PathBuf {
    match fs::canonicalize(file) {
        Ok(target) if target.starts_with("/run") && target != Path::new("/run") => {
            target.parent().map_or_else(|| target.clone(), Path::to_path_buf)
        }
        Ok(target) => target,
        Err(_) => file.to_path_buf(),
    }
}
