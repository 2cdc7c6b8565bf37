// SPDX-License-Identifier: Apache-2.0
//! The gate on a Linux host: what init, servicemanager and SELinux do on a phone. Told on the command line are its
//! folders and how it is served: one socket per interface, each with the uids that may connect to it, or the kernel
//! driver with callers told apart as on a phone. `android.rs` is the other side.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use android_system_cloudmessaging::DESCRIPTOR_CALL;
use binder::host::{open_driver, Limits, ServeError, Server};
use binder::Interface;
use clap::{Args, Parser};

use crate::checkpoint::{Checkpoint, Committed, WhileFile};
use crate::registered::{self, Init};
use crate::secrets::{Files, Secrets};
use crate::service::{name, Contexts, Identities, Services, Uids};
use crate::stay::{Keeper, Unkept};

/// The gate of Cloud Messaging: holds the owner's consent, keys and messages, and has no network.
///
/// Serves consent.sock, platform.sock and messaging.sock in the run directory, or the interfaces' names over the kernel's
/// Binder driver, and prints "ready" when they can be asked. Logs to standard error; RUST_LOG says how much.
#[derive(Parser)]
#[command(name = "cloudmessagingd")]
pub struct Options {
    /// Broker, registrar and disclosures (JSON); file names in it are relative to it.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Where consent, ledger and keys are kept; made if absent.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// As long as this file is there, the data directory can still be put back, as after an update of a phone.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    transport: Transport,
    /// The uplink's program [default: cloudmessaging_uplink beside this one].
    #[arg(long, value_name = "PATH")]
    uplink: Option<PathBuf>,
    /// A uid that our settings app runs as; may be repeated [default: our own].
    #[arg(long, value_name = "UID", conflicts_with = "binder")]
    settings_uid: Vec<u32>,
    /// A uid that a Messaging app runs as; may be repeated [default: our own].
    #[arg(long, value_name = "UID", conflicts_with = "binder")]
    messaging_uid: Vec<u32>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Transport {
    /// Where the sockets go; made if absent.
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// The kernel's Binder driver; a service manager answers there, and SELinux tells callers apart.
    #[arg(long, value_name = "DEVICE")]
    binder: Option<PathBuf>,
}

/// A directory that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the directory {path}: {source}")]
pub struct DirectoryError {
    path: PathBuf,
    source: io::Error,
}

/// Begins to log.
pub fn start_log() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
}

/// The last word, of a start that failed.
pub fn tell_why_it_ends(error: &dyn Error) {
    eprintln!("cloudmessagingd: {error}");
}

/// What a consent record and the ledger say was running.
pub fn build() -> String {
    concat!("cloudmessagingd ", env!("CARGO_PKG_VERSION")).to_owned()
}

impl Options {
    /// From the command line.
    pub fn read() -> Self {
        Self::parse()
    }

    /// Has ready what is needed before anything is read: the folder, and the driver.
    pub fn prepare(&self) -> Result<(), Box<dyn Error>> {
        make_directory(&self.data, 0o700)?;
        if let Some(driver) = &self.transport.binder {
            registered::set_threads();
            open_driver(driver)?;
        }
        Ok(())
    }

    /// The uplink's program. Found now, so that its absence is not first noticed by an owner.
    pub fn uplink(&self) -> Result<PathBuf, Box<dyn Error>> {
        let path = match &self.uplink {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("cloudmessaging_uplink"),
        };
        if !path.is_file() {
            return Err(format!("there is no uplink at {}", path.display()).into());
        }
        // Absolute: it is executed from a thread that may have another working directory by then.
        Ok(std::path::absolute(path)?)
    }

    /// How callers are told apart.
    pub fn identities(&self) -> Box<dyn Identities> {
        match self.transport.binder {
            Some(_) => Box::new(Contexts),
            None => Box::new(Uids(or_own(&self.settings_uid))),
        }
    }

    /// Where keys are that stay on this machine.
    pub fn secrets(&self) -> Box<dyn Secrets> {
        Box::new(Files)
    }

    /// Whether the data directory can still be put back.
    pub fn checkpoint(&self) -> Box<dyn Checkpoint> {
        match &self.checkpoint {
            Some(file) => Box::new(WhileFile::new(file.clone())),
            None => Box::new(Committed),
        }
    }

    /// Who keeps this process while somebody is on.
    pub fn keeper(&self) -> Box<dyn Keeper> {
        match self.transport.binder {
            Some(_) => Box::new(Init::default()),
            None => Box::new(Unkept),
        }
    }

    /// Serves, until killed.
    pub fn serve(&self, services: &Services) -> Result<Infallible, Box<dyn Error>> {
        let Some(run) = &self.transport.run else {
            return Ok(registered::serve(services, ready)?);
        };
        let (settings, messaging) = (or_own(&self.settings_uid), or_own(&self.messaging_uid));
        let _sockets = serve_sockets(run, services, &settings, &messaging)?;
        ready();
        loop {
            std::thread::park();
        }
    }
}

fn ready() {
    let mut out = io::stdout();
    let said = writeln!(out, "ready").and_then(|()| out.flush());
    if let Err(e) = said {
        log::warn!("nobody was told that the service is ready: {e}");
    }
}

fn or_own(uids: &[u32]) -> Vec<u32> {
    if uids.is_empty() {
        return vec![nix::unistd::geteuid().as_raw()];
    }
    uids.to_vec()
}

/// Serves the three sockets in the directory `run`, which is made if it is not there. When this returns, they listen;
/// `settings` may connect to the owner's page and to the reports, `messaging` to the third.
fn serve_sockets(
    run: &Path,
    services: &Services,
    settings: &[u32],
    messaging: &[u32],
) -> Result<[Server; 3], Box<dyn Error>> {
    make_directory(run, 0o755)?;
    let limits = Limits::default();
    // The owner's page may bring a file to export to; nobody else brings any.
    let passing = Limits { descriptor_with: Some(DESCRIPTOR_CALL), ..limits.clone() };
    let serve = |limits, file, name, binder, uids| -> Result<Server, ServeError> {
        Server::serve(&run.join(file), name, binder, uids, limits)
    };
    Ok([
        serve(&passing, "consent.sock", name::CONSENT, services.consent.as_binder(), settings)?,
        serve(&limits, "platform.sock", name::PLATFORM, services.platform.as_binder(), settings)?,
        serve(
            &limits,
            "messaging.sock",
            name::MESSAGING,
            services.messaging.as_binder(),
            messaging,
        )?,
    ])
}

/// Makes a directory and those above it, if they are not there.
fn make_directory(path: &Path, mode: u32) -> Result<(), DirectoryError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|source| DirectoryError { path: path.to_owned(), source })
}
