// SPDX-License-Identifier: Apache-2.0
//! The server's end of a socket.

use super::connection::{SeatedTransport, Seats};
use super::WIRE_VERSION;
use crate::SpIBinder;
use nix::sys::socket::{getsockopt, shutdown, sockopt::PeerCredentials, Shutdown};
use nix::unistd::geteuid;
use rsbinder::rpc::transport::UnixTransport;
use rsbinder::rpc::{FileDescriptorTransportMode, RpcServer};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// What a server grants each uid. A connection costs a thread or two, so their count is small; since only the
/// uids named to [`Server::serve`] get one, so is their sum.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most connections of one uid at one time; a client with callbacks has two.
    pub connections_per_uid: usize,
    /// Largest call in bytes. The kernel driver's own limit is 1 MiB.
    pub frame_bytes: usize,
    /// Most bytes that the calls of one uid may take together.
    pub bytes_per_uid: usize,
    /// How long a new connection may take to say what it wants.
    pub handshake: Duration,
    /// How long a call may take to arrive once it has begun.
    pub frame: Duration,
    /// How long a connection may be silent while no call is open.
    pub idle: Duration,
    /// How long a client may take to answer a callback, or to read on in an answer.
    pub reply: Duration,
    /// The transaction code of the one call that may bring a descriptor, and one only. None: no call may.
    pub descriptor_with: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_uid: 32,
            frame_bytes: 1024 * 1024,
            bytes_per_uid: 8 * 1024 * 1024,
            handshake: Duration::from_secs(2),
            frame: Duration::from_secs(10),
            idle: Duration::from_secs(600),
            reply: Duration::from_secs(5),
            descriptor_with: None,
        }
    }
}

/// Why an interface is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket cannot be made there.
    #[error("cannot listen on {path}: {source}")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody listens there already.
    #[error("{path} is served by another process")]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is no socket is there; it is left alone.
    #[error("{path} exists and is no socket")]
    NotASocket {
        /// What stands in the way.
        path: PathBuf,
    },
    /// The transport refused.
    #[error("cannot serve on {path}: {status}")]
    Transport {
        /// The socket.
        path: PathBuf,
        /// What it said.
        status: rsbinder::StatusCode,
    },
}

/// Serves one interface on one socket until dropped.
pub struct Server {
    rpc: Arc<RpcServer>,
    listener: Arc<UnixListener>,
    path: PathBuf,
    /// Device and inode of the socket that is ours, so that a successor's is not removed.
    file: (u64, u64),
    seats: Seats,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `binder` as `name` on the socket `path`, to peers that run as one of `uids`.
    ///
    /// A socket that a crashed server left behind is replaced; any other file is not. The socket's mode
    /// is 0600 if only our own uid may connect, 0666 otherwise.
    pub fn serve(
        path: &Path,
        name: &str,
        binder: SpIBinder,
        uids: &[u32],
        limits: &Limits,
    ) -> Result<Self, ServeError> {
        remove_stale(path)?;
        let rpc = rpc_server(path, limits)?;
        rpc.add_service(name, binder)
            .map_err(|status| ServeError::Transport { path: path.to_owned(), status })?;
        let listen_error = |source| ServeError::Listen { path: path.to_owned(), source };
        let listener = Arc::new(UnixListener::bind(path).map_err(listen_error)?);
        let own = uids.iter().all(|uid| *uid == geteuid().as_raw());
        let mode = std::fs::Permissions::from_mode(if own { 0o600 } else { 0o666 });
        std::fs::set_permissions(path, mode).map_err(listen_error)?;
        let meta = std::fs::symlink_metadata(path).map_err(listen_error)?;

        let seats = Seats::default();
        let stopping = Arc::new(AtomicBool::new(false));
        let accepting = {
            let gate =
                Admission { uids: uids.to_vec(), limits: limits.clone(), seats: seats.clone() };
            let (rpc, listener) = (Arc::clone(&rpc), Arc::clone(&listener));
            let stopping = Arc::clone(&stopping);
            std::thread::Builder::new()
                .name("binder-accept".into())
                .spawn(move || gate.accept(&rpc, &listener, &stopping))
                .map_err(listen_error)?
        };
        Ok(Self {
            rpc,
            listener,
            path: path.to_owned(),
            file: (meta.dev(), meta.ino()),
            seats,
            stopping,
            accepting: Some(accepting),
        })
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.seats.taken()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accept, which does not poll.
        let _ = shutdown(self.listener.as_raw_fd(), Shutdown::Both);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        self.rpc.terminate();
        let ours = std::fs::symlink_metadata(&self.path)
            .is_ok_and(|meta| (meta.dev(), meta.ino()) == self.file);
        if ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// rsbinder's server, which insists on a listener of its own: one whose name is gone before anyone can use it.
///
/// Its accept loop is not run, ours is: it could neither count per uid nor bound a frame, and wakes 200 times
/// a second.
fn rpc_server(path: &Path, limits: &Limits) -> Result<Arc<RpcServer>, ServeError> {
    let mut unused = path.as_os_str().to_owned();
    unused.push(".unused");
    let unused = PathBuf::from(unused);
    let rpc = RpcServer::setup_unix_server(&unused)
        .map_err(|status| ServeError::Transport { path: unused.clone(), status })?;
    std::fs::remove_file(&unused)
        .map_err(|source| ServeError::Listen { path: unused.clone(), source })?;
    rpc.set_android13plus(WIRE_VERSION);
    let mode = match limits.descriptor_with {
        Some(_) => FileDescriptorTransportMode::Unix,
        None => FileDescriptorTransportMode::None,
    };
    rpc.set_supported_fd_modes(&[mode]);
    // Threads that one client's session may be served by, and with it twice as many callback connections.
    rpc.set_max_threads(4);
    rpc.set_handshake_timeout(Some(limits.handshake));
    rpc.set_idle_timeout(Some(limits.idle));
    rpc.set_reply_timeout(Some(limits.reply));
    Ok(rpc)
}

/// Clears the way of a socket that nobody listens on.
fn remove_stale(path: &Path) -> Result<(), ServeError> {
    let listen_error = |source| ServeError::Listen { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Ok(meta) if !meta.file_type().is_socket() => {
            return Err(ServeError::NotASocket { path: path.to_owned() })
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(listen_error(error)),
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(ServeError::Taken { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(listen_error)
        }
        Err(error) => Err(listen_error(error)),
    }
}

/// Who gets in.
struct Admission {
    uids: Vec<u32>,
    limits: Limits,
    seats: Seats,
}

impl Admission {
    fn accept(&self, rpc: &Arc<RpcServer>, listener: &UnixListener, stopping: &AtomicBool) {
        while !stopping.load(Ordering::SeqCst) {
            match listener.accept() {
                Ok((stream, _)) => self.admit(rpc, stream),
                Err(_) if stopping.load(Ordering::SeqCst) => return,
                Err(error) => {
                    // Out of descriptors or memory: it passes as connections end.
                    log::warn!("accept failed: {error}");
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    /// A peer that is refused here is closed without a byte read or written.
    fn admit(&self, rpc: &Arc<RpcServer>, stream: UnixStream) {
        let uid = match getsockopt(&stream, PeerCredentials) {
            Ok(peer) => peer.uid(),
            Err(error) => return log::warn!("a peer without credentials was refused: {error}"),
        };
        if !self.uids.contains(&uid) {
            return log::warn!("uid {uid} was refused");
        }
        let limits = &self.limits;
        let Some(seat) = self.seats.take(uid, limits.connections_per_uid) else {
            return log::warn!("uid {uid} was refused: too many connections");
        };
        match UnixTransport::from_stream(stream) {
            Ok(unix) => {
                let seated = SeatedTransport::new(unix, limits, seat);
                rpc.serve_connection(Box::new(seated));
            }
            Err(error) => log::warn!("a connection of uid {uid} was dropped: {error}"),
        }
    }
}
