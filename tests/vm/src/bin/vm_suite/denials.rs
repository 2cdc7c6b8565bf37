// SPDX-License-Identifier: Apache-2.0
//! Denials: the kernel's, from its log, and those of the programs that ask the policy themselves.

use crate::person::Failed;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

/// What was denied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// The permission.
    pub permission: String,
    /// The type of whoever asked for it.
    pub source: String,
    /// The type of what it was asked on.
    pub target: String,
    /// The class of that.
    pub class: String,
}

/// Denials that were enforced, each with a line that tells of it; an error if some may have been lost.
pub fn all() -> Result<BTreeMap<Denial, String>, Failed> {
    let mut found = BTreeMap::new();
    let logs =
        ["/log/init", "/log/servicemanager"].map(|log| fs::read_to_string(log).unwrap_or_default());
    let kernel = kernel_log();
    if let Some(line) = kernel.lines().find(|line| line.contains("audit_lost=")) {
        return Err(format!("the kernel could not log everything: {line}"));
    }
    for line in kernel.lines().chain(logs.iter().flat_map(|log| log.lines())) {
        for denial in parse(line) {
            found.entry(denial).or_insert_with(|| line.to_owned());
        }
    }
    Ok(found)
}

/// Every record that the kernel still has.
fn kernel_log() -> String {
    let opened =
        fs::File::options().read(true).custom_flags(nix::libc::O_NONBLOCK).open("/dev/kmsg");
    let Ok(mut log) = opened else { return String::new() };
    let (mut text, mut record) = (String::new(), vec![0; 8192]);
    loop {
        match log.read(&mut record) {
            Ok(length) if length > 0 => {
                text.push_str(&String::from_utf8_lossy(&record[..length]));
            }
            // Records that were overwritten meanwhile; the next one is there.
            Err(error) if error.raw_os_error() == Some(nix::libc::EPIPE) => {}
            _ => return text,
        }
    }
}

/// One denial for each permission of a line.
fn parse(line: &str) -> Vec<Denial> {
    let Some((_, rest)) = line.split_once("avc:  denied  { ") else { return Vec::new() };
    let Some((permissions, rest)) = rest.split_once(" } ") else { return Vec::new() };
    if rest.contains("permissive=1") {
        return Vec::new();
    }
    let field = |name: &str| {
        let value = rest.split_whitespace().find_map(|word| word.strip_prefix(name));
        value.unwrap_or_default().to_owned()
    };
    // u:r:TYPE:s0
    let kind = |label: String| label.split(':').nth(2).unwrap_or_default().to_owned();
    let (source, target) = (kind(field("scontext=")), kind(field("tcontext=")));
    let class = field("tclass=");
    let denial = |permission: &str| Denial {
        permission: permission.to_owned(),
        source: source.clone(),
        target: target.clone(),
        class: class.clone(),
    };
    permissions.split_whitespace().map(denial).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_s_is_understood() {
        let line = "5,1,2,-;audit: type=1400 audit(1.2:3): avc:  denied  { call transfer } for  pid=1 \
            comm=\"x\" scontext=u:r:shell:s0 tcontext=u:r:cloudmessagingd:s0 tclass=binder permissive=0";
        let denial = |permission: &str| Denial {
            permission: permission.to_owned(),
            source: "shell".to_owned(),
            target: "cloudmessagingd".to_owned(),
            class: "binder".to_owned(),
        };
        assert_eq!(parse(line), [denial("call"), denial("transfer")]);
        assert!(parse(&line.replace("permissive=0", "permissive=1")).is_empty());
        assert!(parse("audit: type=1403 policy loaded").is_empty());
    }
}
