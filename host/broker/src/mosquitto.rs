// SPDX-License-Identifier: Apache-2.0
//! Configuration for Mosquitto 2.0 that enforces the same table: TLS 1.3, mandatory client certificates,
//! their CN as the user name.
//!
//! What is weaker than on the embedded broker, for its file can say no more:
//! - It sees the CN of a certificate and not who issued it. Whoever holds the key of the phones' authority,
//!   which is the registrar, can issue itself one that says `registrar` or `post`: here that authority has
//!   to be trusted as much as the other one. A second listener for registrars, with `cafile` and rules of
//!   its own (`per_listener_settings`), would mend it; what is written here has one.
//! - It grants every SUBSCRIBE and checks READ at each delivery: who asks for what is not his is not told so.
//! - A client that knows another's client id can end that connection, and the session with it; what was
//!   queued is lost, not delivered to the wrong one.
//! - Whoever shares a subscription to `cm/1/registrar` under the registrars' own name for it is given a part
//!   of the requests, which are dropped when READ is checked: he learns nothing, and they are lost. That name
//!   has to be a secret there, and is one unless `registrar run --share` says another. Under any other name he
//!   is given nothing, and nothing is lost.
//! - Whoever sends may have a message kept (retained) in an inbox, for as long as he says. Phones never ask for
//!   what is kept; the broker's memory is what suffers.
//! - A certificate with an unknown CN may connect, though it can do nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::acl::{Access, Role, OWN_ID, OWN_NAME, RULES};
use crate::embedded::MAX_PACKET;
use crate::files::{self, FileError};
use crate::pki;

/// Writes `mosquitto.conf` and `acl` into `out`, for certificates in `pki`, listening on 127.0.0.1.
pub fn write(pki: &Path, port: u16, out: &Path) -> Result<(), FileError> {
    files::directory(out)?;
    let (pki, out) = (files::absolute(pki)?, files::absolute(out)?);
    files::create(&out.join("acl"), 0o600, acl().as_bytes())?;
    let conf = conf(&pki, port, &out, files::owner(&pki.join(pki::BROKER_KEY))? == 0);
    files::create(&out.join("mosquitto.conf"), 0o644, conf.as_bytes())
}

fn conf(pki: &Path, port: u16, out: &Path, owned_by_root: bool) -> String {
    let pki = |name: &str| pki.join(name).display().to_string();
    let mut lines = vec![
        format!("listener {port} 127.0.0.1"),
        format!("cafile {}", pki(pki::CLIENTS)),
        format!("certfile {}", pki(pki::BROKER)),
        format!("keyfile {}", pki(pki::BROKER_KEY)),
        "tls_version tlsv1.3".into(),
        "require_certificate true".into(),
        "use_identity_as_username true".into(),
        "allow_anonymous false".into(),
        format!("acl_file {}", out.join("acl").display()),
        format!("max_packet_size {MAX_PACKET}"),
        "set_tcp_nodelay true".into(),
        "persistent_client_expiration 7d".into(),
        "persistence false".into(),
        "sys_interval 0".into(),
        // Neither topics nor client ids belong into a log.
        "log_dest stderr".into(),
        "log_type error".into(),
        "log_type warning".into(),
        "connection_messages false".into(),
    ];
    if owned_by_root {
        // Started as root it would drop to a user who cannot read root's key.
        lines.push("user root".into());
    }
    lines.join("\n") + "\n"
}

/// The table in the words of an acl_file. A line that names the client's own id or name is a `pattern`,
/// which holds for every user: it gives nobody anything but what is addressed to itself.
fn acl() -> String {
    let mut users = String::new();
    let mut patterns = String::new();
    for role in Role::ALL {
        if let Some(name) = role.common_name() {
            users += &format!("user {name}\n");
        }
        for rule in RULES.iter().filter(|rule| rule.role == role) {
            let access = match rule.access {
                Access::Read => "read",
                Access::Write => "write",
            };
            if rule.pattern.contains(OWN_ID) || rule.pattern.contains(OWN_NAME) {
                patterns += &format!("pattern {access} {}\n", rule.pattern);
            } else {
                users += &format!("topic {access} {}\n", rule.pattern);
            }
        }
        if role.common_name().is_some() {
            users.push('\n');
        }
    }
    users + &patterns
}

/// Why Mosquitto does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its configuration could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It could not be started, or no port was free.
    #[error("cannot start mosquitto: {0}")]
    Start(#[from] io::Error),
    /// It ended, or does not listen.
    #[error("mosquitto does not listen on {0}")]
    Silent(SocketAddr),
}

/// A Mosquitto of one's own, killed when dropped.
pub struct Mosquitto {
    child: Child,
    address: SocketAddr,
}

impl Mosquitto {
    /// Writes its configuration into `out`, starts it on a free port of 127.0.0.1 and waits until it
    /// listens.
    pub fn start(pki: &Path, out: &Path) -> Result<Mosquitto, StartError> {
        // Mosquitto has no port 0: the kernel chooses one for us, and somebody else could take it before
        // Mosquitto does, who then ends and says so.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        write(pki, address.port(), out)?;
        let child = Command::new(program())
            .arg("-c")
            .arg(out.join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut mosquitto = Mosquitto { child, address };
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if mosquitto.child.try_wait()?.is_some() || Instant::now() > until {
                return Err(StartError::Silent(address));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(mosquitto)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian keeps it where a user's PATH does not look.
fn program() -> &'static Path {
    let debian = Path::new("/usr/sbin/mosquitto");
    if debian.exists() {
        debian
    } else {
        Path::new("mosquitto")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_the_table_says() {
        assert_eq!(
            acl(),
            "user registrar\n\
             topic read cm/1/keys/#\n\
             topic write cm/1/keys/#\n\
             topic read cm/1/registrar\n\
             topic write cm/1/reply/#\n\
             topic write cm/1/inbox/+\n\
             \n\
             user post\n\
             topic write cm/1/registrar\n\
             topic write cm/1/inbox/+\n\
             \n\
             pattern read cm/1/reply/%c/+\n\
             pattern read cm/1/inbox/%u\n"
        );
    }
}
