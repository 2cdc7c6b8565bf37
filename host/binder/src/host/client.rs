// SPDX-License-Identifier: Apache-2.0
//! The client's end of a socket.

use super::WIRE_VERSION;
use crate::{FromIBinder, Strong};
use rsbinder::rpc::{FileDescriptorTransportMode, RpcClientConfig, RpcSession};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the server may take to answer. Above its slowest method: an erasing withdraw takes over 2 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there, or whoever does refuses this uid.
    #[error("cannot connect to {path}: {status}")]
    Refused {
        /// The socket.
        path: PathBuf,
        /// What the transport said.
        status: rsbinder::StatusCode,
    },
    /// It listens, but serves nothing under that name.
    #[error("{path} does not serve {name}: {status}")]
    NotServed {
        /// The socket.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// What the transport said.
        status: rsbinder::StatusCode,
    },
}

/// A connection to one interface, ended when dropped: binders that it handed out die with it.
pub struct Connection<T: FromIBinder + ?Sized> {
    interface: Strong<T>,
    session: RpcSession,
}

/// Connects to the interface `T` that is served as `name` on the socket `path`.
///
/// `callbacks`: open a second connection, on which the server calls objects that it was given. Without it
/// such calls fail. A connection that nothing passes over is closed by the server after its idle time.
pub fn connect<T: FromIBinder + ?Sized>(
    path: &Path,
    name: &str,
    callbacks: bool,
) -> Result<Connection<T>, ConnectError> {
    connect_in(FileDescriptorTransportMode::None, path, name, callbacks)
}

/// The same, to a server that takes a descriptor with one of its calls; any other refuses.
pub fn connect_passing<T: FromIBinder + ?Sized>(
    path: &Path,
    name: &str,
    callbacks: bool,
) -> Result<Connection<T>, ConnectError> {
    connect_in(FileDescriptorTransportMode::Unix, path, name, callbacks)
}

fn connect_in<T: FromIBinder + ?Sized>(
    mode: FileDescriptorTransportMode,
    path: &Path,
    name: &str,
    callbacks: bool,
) -> Result<Connection<T>, ConnectError> {
    let config = RpcClientConfig::unix(path, WIRE_VERSION)
        .fd_mode(mode)
        .incoming_connections(u32::from(callbacks))
        .timeout(ANSWER_WITHIN);
    let session = RpcSession::setup_client_android13plus_with_config(config)
        .map_err(|status| ConnectError::Refused { path: path.to_owned(), status })?;
    match session.get_interface(name) {
        Ok(interface) => Ok(Connection { interface, session }),
        Err(status) => {
            session.close_session();
            Err(match status {
                // A refused peer's connection is closed unread, which shows at its first call.
                rsbinder::StatusCode::DeadObject => {
                    ConnectError::Refused { path: path.to_owned(), status }
                }
                _ => {
                    ConnectError::NotServed { path: path.to_owned(), name: name.to_owned(), status }
                }
            })
        }
    }
}

impl<T: FromIBinder + ?Sized> Connection<T> {
    /// The interface, to be kept elsewhere. Its calls fail once this connection is dropped.
    pub fn interface(&self) -> &Strong<T> {
        &self.interface
    }

    /// Whether the connection has ended, by either side.
    pub fn is_ended(&self) -> bool {
        self.session.is_ended()
    }
}

impl<T: FromIBinder + ?Sized> Deref for Connection<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.interface
    }
}

impl<T: FromIBinder + ?Sized> Drop for Connection<T> {
    fn drop(&mut self) {
        // The threads that serve callbacks hold the session: without this they would outlive us.
        self.session.close_session();
    }
}
