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
    fs::canonicalize(file).map_or_else(|_| file.to_path_buf(), folder_of_its_own)
}

/// A folder below /run belongs to one program. /run itself is everybody's: a file there stands for itself.
fn folder_of_its_own(target: PathBuf) -> PathBuf {
    match target.parent() {
        Some(folder) if folder.starts_with("/run") && folder != Path::new("/run") => folder.into(),
        _ => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_into_run_opens_the_folder_of_one_program_and_never_all_of_run() {
        let opens = |target: &str| folder_of_its_own(target.into()).display().to_string();
        assert_eq!(opens("/run/systemd/resolve/stub-resolv.conf"), "/run/systemd/resolve");
        for itself in ["/run/resolv.conf", "/etc/resolv.conf", "/runner/a/resolv.conf", "/run"] {
            assert_eq!(opens(itself), itself);
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named_as_it_is() {
        assert_eq!(readable(Path::new("/nonexistent/conf")), Path::new("/nonexistent/conf"));
    }
}
