// SPDX-License-Identifier: Apache-2.0
//! Serving on a Linux host: what init, servicemanager and SELinux do on a phone. One socket per interface, each with
//! the uids that may connect to it; what a connected caller may do is [`crate::service::access`]'s table.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use android_system_cloudmessaging::DESCRIPTOR_CALL;
use binder::host::{Limits, ServeError, Server};
use binder::Interface;

use crate::service::{name, Services};

/// Why the services are not served.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A directory could not be made.
    #[error("cannot make the directory {path}: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A socket could not be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Who may connect.
#[derive(Clone, Debug)]
pub struct Uids {
    /// Our settings app: the owner's page and the reports.
    pub settings: Vec<u32>,
    /// Messaging apps; the default SMS app that was reported has to be one of them.
    pub messaging: Vec<u32>,
}

/// The sockets, served until dropped.
pub struct Sockets {
    _servers: [Server; 3],
}

/// Serves `consent.sock`, `platform.sock` and `messaging.sock` in the directory `run`, which is made if it is not
/// there. When this returns, the sockets listen.
pub fn serve(run: &Path, services: &Services, uids: &Uids) -> Result<Sockets, HostError> {
    make_directory(run, 0o755)?;
    let limits = Limits::default();
    // The owner's page may bring a file to export to; nobody else brings any.
    let passing = Limits { descriptor_with: Some(DESCRIPTOR_CALL), ..limits.clone() };
    let serve_within = |limits, file, name, binder, uids| {
        Server::serve(&run.join(file), name, binder, uids, limits).map_err(HostError::from)
    };
    let serve = |file, name, binder, uids| serve_within(&limits, file, name, binder, uids);
    let consent_binder = services.consent.as_binder();
    let Services { platform, messaging, .. } = services;
    Ok(Sockets {
        _servers: [
            serve_within(&passing, "consent.sock", name::CONSENT, consent_binder, &uids.settings)?,
            serve("platform.sock", name::PLATFORM, platform.as_binder(), &uids.settings)?,
            serve("messaging.sock", name::MESSAGING, messaging.as_binder(), &uids.messaging)?,
        ],
    })
}

/// Makes a directory and those above it, if they are not there.
pub fn make_directory(path: &Path, mode: u32) -> Result<(), HostError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|source| HostError::Directory { path: path.to_owned(), source })
}
