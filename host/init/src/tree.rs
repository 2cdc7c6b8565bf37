// SPDX-License-Identifier: Apache-2.0
//! The files: where configuration lies, and which label each file gets.

use crate::rc::Rc;
use cloudmessaging_selinux::{kernel, FileContexts};
use std::error::Error;
use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The partitions, in the order in which their files are read.
const PARTITIONS: [&str; 2] = ["/system", "/system_ext"];

/// What the kernel labels by itself, by the policy.
const NOT_OURS: [&str; 2] = ["/proc", "/sys"];

/// Name and text of each partition's file of that kind; a partition may have none.
pub fn configuration(name: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for partition in PARTITIONS {
        let file = format!("{partition}/etc/selinux/{name}");
        match fs::read_to_string(&file) {
            Ok(text) => found.push((file, text)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{file}: {error}").into()),
        }
    }
    if found.is_empty() {
        return Err(format!("no partition has {name}").into());
    }
    Ok(found)
}

/// The label of every file.
pub fn file_contexts() -> Result<FileContexts> {
    let mut contexts = FileContexts::default();
    for (file, text) in configuration("file_contexts")? {
        contexts.read(&file, &text)?;
    }
    Ok(contexts)
}

/// All .rc files.
pub fn rc() -> Result<Rc> {
    let mut rc = Rc::default();
    for partition in PARTITIONS {
        let folder = format!("{partition}/etc/init");
        let mut files = fs::read_dir(&folder)
            .map_err(|error| format!("{folder}: {error}"))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "rc"));
        files.sort();
        for file in files {
            let name = file.display().to_string();
            let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
            rc.read(&name, &text)?;
        }
    }
    Ok(rc)
}

/// Labels every file there is. On a phone the build does it, and init for what is made at boot.
pub fn label(contexts: &FileContexts) -> Result<()> {
    label_below(Path::new("/"), contexts)
}

fn label_below(path: &Path, contexts: &FileContexts) -> Result<()> {
    label_one(path, contexts)?;
    if !fs::symlink_metadata(path)?.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if !NOT_OURS.iter().any(|other| path == Path::new(other)) {
            label_below(&path, contexts)?;
        }
    }
    Ok(())
}

/// Labels one file. That there is none for it is an error: nothing is without a label by oversight.
pub fn label_one(path: &Path, contexts: &FileContexts) -> Result<()> {
    let kind = kind(fs::symlink_metadata(path)?.file_type());
    let name = path.to_str().ok_or("a file's name is no text")?;
    let label = contexts.label(name, kind).ok_or_else(|| format!("no label for {name}"))?;
    Ok(kernel::set_label(path, label)?)
}

/// The letter that `ls` and file_contexts have for it.
fn kind(kind: FileType) -> char {
    match kind {
        _ if kind.is_dir() => 'd',
        _ if kind.is_symlink() => 'l',
        _ if kind.is_char_device() => 'c',
        _ if kind.is_block_device() => 'b',
        _ if kind.is_socket() => 's',
        _ if kind.is_fifo() => 'p',
        _ => '-',
    }
}

/// Listens on a socket that anybody may connect to whom the policy lets.
pub fn listen(path: &str, contexts: &FileContexts) -> Result<UnixListener> {
    let listener = UnixListener::bind(path).map_err(|error| format!("{path}: {error}"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
    label_one(Path::new(path), contexts)?;
    Ok(listener)
}
