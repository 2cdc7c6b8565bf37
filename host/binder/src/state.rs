// SPDX-License-Identifier: Apache-2.0
//! This process's end of the kernel driver, under libbinder_rs's names.
//!
//! libbinder opens `/dev/binder` at the first need and aborts if it cannot. Here [`crate::host::open_driver`] opens
//! it, and says why not; until it did, whatever needs the driver answers `NoInit`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// As many as libbinder's pool grows to when nothing else is said.
static MAX_THREADS: AtomicU32 = AtomicU32::new(15);

/// Why the driver is not open.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the Binder driver {path}: {why}")]
pub struct DriverError {
    path: PathBuf,
    why: String,
}

/// Opens the driver. Once in a process, before anything is registered or looked up; the most threads have been
/// set by then.
pub(crate) fn open(path: &Path) -> Result<(), DriverError> {
    let failed = |why: String| DriverError { path: path.to_owned(), why };
    let name = path.to_str().ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
    rsbinder::ProcessState::init(name, MAX_THREADS.load(Ordering::SeqCst))
        .map_err(|error| failed(error.to_string().trim().to_owned()))?;
    Ok(())
}

/// Whether [`open`] has opened it.
pub(crate) fn opened() -> Result<(), rsbinder::StatusCode> {
    // rsbinder panics when it is asked before.
    match rsbinder::ProcessState::is_initialized() {
        true => Ok(()),
        false => Err(rsbinder::StatusCode::NoInit),
    }
}

/// The threads that serve calls over the kernel driver.
pub struct ProcessState;

impl ProcessState {
    /// The most threads that the driver may ask for, besides those that join. Before the driver is opened.
    pub fn set_thread_pool_max_thread_count(num_threads: u32) {
        MAX_THREADS.store(num_threads, Ordering::SeqCst);
    }

    /// Starts the first of them.
    pub fn start_thread_pool() {
        match opened() {
            Ok(()) => rsbinder::ProcessState::start_thread_pool(),
            Err(status) => log::error!("nothing is served over the Binder driver: {status}"),
        }
    }

    /// Serves on this thread too; returns when the driver is lost.
    pub fn join_thread_pool() {
        let joined = opened().and_then(|()| rsbinder::ProcessState::join_thread_pool());
        if let Err(status) = joined {
            log::error!("a thread serves no more over the Binder driver: {status}");
        }
    }
}
