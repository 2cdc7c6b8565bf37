// SPDX-License-Identifier: Apache-2.0
//! Ctrl-C leaves nothing behind: no process, no directory.
use crate::{proc, Error, Result};
use nix::sys::signal::{kill, SigSet, Signal};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Directories of the beds that are up.
static DIRECTORIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

pub(crate) fn owned(directory: &Path) {
    DIRECTORIES.lock().unwrap_or_else(PoisonError::into_inner).push(directory.to_owned());
}

pub(crate) fn given_back(directory: &Path) {
    DIRECTORIES.lock().unwrap_or_else(PoisonError::into_inner).retain(|owned| owned != directory);
}

/// From now on SIGINT and SIGTERM end the processes that were started, remove the beds' directories, and end
/// this process with code 130. To be called first in `main`: threads that exist already would still die of
/// the signal.
pub fn end_cleanly_when_interrupted() -> Result<()> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    signals
        .thread_block()
        .map_err(|errno| Error::Io { what: "block signals", source: errno.into() })?;
    std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(move || {
            if signals.wait().is_err() {
                return;
            }
            for child in proc::children(std::process::id()) {
                // It may have ended by itself.
                let child = Pid::from_raw(child as i32);
                let _ = kill(child, Signal::SIGKILL);
                let _ = waitpid(child, None);
            }
            for directory in DIRECTORIES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                let _ = std::fs::remove_dir_all(directory);
            }
            std::process::exit(130);
        })
        .map_err(Error::io("start a thread"))?;
    Ok(())
}
