// SPDX-License-Identifier: Apache-2.0
//! What the kernel's SELinux says, and is told: selinuxfs, /proc/self/attr and the labels of files.

use crate::{call, Error};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::path::Path;

const SELINUXFS: &str = "/sys/fs/selinux";

/// A flag of a verdict: whatever it says, the domain that asks is permissive.
const PERMISSIVE: u32 = 1;

/// Whether `source` has `permission` on what is labelled `target`, by the policy that is loaded. Asked anew each
/// time: a verdict is never kept.
pub fn allows(source: &str, target: &str, class: &str, permission: &str) -> Result<bool, Error> {
    let class_folder = format!("{SELINUXFS}/class/{class}");
    let index = number(&format!("{class_folder}/index"))
        .ok_or_else(|| Error::Unknown(format!("class {class}")))?;
    let bit = number(&format!("{class_folder}/perms/{permission}"))
        .filter(|bit| (1..=32).contains(bit))
        .ok_or_else(|| Error::Unknown(format!("permission {class} {permission}")))?;
    let answer = ask("access", &format!("{source} {target} {index}"))?;
    // allowed, decided, auditallow, auditdeny, seqno, flags: hexadecimal, but for the fifth.
    let words: Vec<&str> = answer.split_whitespace().collect();
    let hex = |index: usize| words.get(index).and_then(|word| u32::from_str_radix(word, 16).ok());
    let (Some(allowed), Some(flags)) = (hex(0), hex(5)) else {
        return Err(Error::Unknown(format!("meaning of {answer:?}")));
    };
    Ok(allowed & (1 << (bit - 1)) != 0 || flags & PERMISSIVE != 0)
}

/// The label of what `source` makes out of `target`: for class `process`, the domain that `source` enters when it
/// executes a file labelled `target`.
pub fn made_of(source: &str, target: &str, class: &str) -> Result<String, Error> {
    let index = number(&format!("{SELINUXFS}/class/{class}/index"))
        .ok_or_else(|| Error::Unknown(format!("class {class}")))?;
    let answer = ask("create", &format!("{source} {target} {index}"))?;
    Ok(answer.trim_end_matches('\0').to_owned())
}

/// Whether denials are enforced.
pub fn is_enforcing() -> bool {
    number(&format!("{SELINUXFS}/enforce")) == Some(1)
}

/// From now on denials are enforced.
pub fn enforce() -> Result<(), Error> {
    let file = format!("{SELINUXFS}/enforce");
    put(&file, "1").map_err(Error::kernel(format!("write {file}")))
}

/// Our own domain.
pub fn current() -> Result<String, Error> {
    attribute("/proc/thread-self/attr/current")
}

/// The domain of a process.
pub fn of_process(pid: u32) -> Result<String, Error> {
    attribute(&format!("/proc/{pid}/attr/current"))
}

/// Enters a domain. Only a process with one thread can.
pub fn enter(domain: &str) -> Result<(), Error> {
    put("/proc/thread-self/attr/current", domain).map_err(Error::kernel(format!("enter {domain}")))
}

/// The domain that this thread's next exec enters.
pub fn enter_at_exec(domain: &str) -> Result<(), Error> {
    put("/proc/thread-self/attr/exec", domain)
        .map_err(Error::kernel(format!("ask for {domain} at exec")))
}

/// The label of a file.
pub fn set_label(path: &Path, label: &str) -> Result<(), Error> {
    call::set_label(path, label).map_err(Error::kernel(format!("label {} {label}", path.display())))
}

/// The label that the process at the other end of a Unix socket had when it connected.
pub fn of_peer(socket: BorrowedFd<'_>) -> Result<String, Error> {
    call::peer_label(socket).map_err(Error::kernel("ask for the label of a peer"))
}

/// Into a file that is there. One that may be made would be asked for with more than is needed.
fn put(file: &str, text: &str) -> std::io::Result<()> {
    File::options().write(true).open(file)?.write_all(text.as_bytes())
}

fn number(file: &str) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn attribute(file: &str) -> Result<String, Error> {
    let label = fs::read_to_string(file).map_err(Error::kernel(format!("read {file}")))?;
    Ok(label.trim_end_matches(['\0', '\n']).to_owned())
}

/// selinuxfs answers a question in the file that it was written to.
fn ask(file: &str, question: &str) -> Result<String, Error> {
    let path = format!("{SELINUXFS}/{file}");
    let asked = || -> std::io::Result<String> {
        let mut file = File::options().read(true).write(true).open(&path)?;
        file.write_all(question.as_bytes())?;
        let mut answer = String::new();
        file.read_to_string(&mut answer)?;
        Ok(answer)
    };
    asked().map_err(Error::kernel(format!("ask {path} {question:?}")))
}
