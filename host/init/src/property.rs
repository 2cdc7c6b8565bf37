// SPDX-License-Identifier: Apache-2.0
//! Properties, as far as setting one asks init to do something. The socket speaks what libc does on a phone, of which
//! one message is understood: the 32-bit numbers [`SET`] and a length, a name of that length, a length, a value; the
//! answer is one such number, 0 for done.
//!
//! Who may is the policy's to say, as there: permission `set` of class `property_service`, on the label of
//! `NAME$VALUE`, for the domain that connected.

use cloudmessaging_selinux::{kernel, PropertyContexts};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// Where init listens, as on a phone.
pub const SOCKET: &str = "/dev/socket/property_service";

/// `PROP_MSG_SETPROP2`.
const SET: u32 = 0x0002_0001;

/// Longest name or value.
const LENGTH_MAX: usize = 256;

/// What the answer may be, beside 0: `PROP_ERROR_READ_DATA`, `PROP_ERROR_PERMISSION_DENIED`,
/// `PROP_ERROR_HANDLE_CONTROL_MESSAGE`.
mod refusal {
    pub const UNREADABLE: u32 = 0x8;
    pub const DENIED: u32 = 0x18;
    pub const UNKNOWN: u32 = 0x20;
}

/// How long a connection may keep init from everything else.
const WITHIN: Duration = Duration::from_secs(2);

/// What a property asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `ctl.interface_start=aidl/NAME`: start the service that has this interface.
    StartInterface(String),
    /// `ctl.oneshot_on=SERVICE`, `ctl.oneshot_off=SERVICE`.
    Oneshot(String, bool),
    /// `ctl.start=SERVICE`.
    Start(String),
    /// `sys.powerctl=reboot,userspace`: everything but the kernel starts anew.
    RebootUserspace,
}

impl Request {
    fn parse(name: &str, value: &str) -> Option<Self> {
        let owned = value.to_owned();
        Some(match (name, value) {
            ("ctl.interface_start", _) => {
                Self::StartInterface(value.strip_prefix("aidl/")?.to_owned())
            }
            ("ctl.oneshot_on", _) => Self::Oneshot(owned, true),
            ("ctl.oneshot_off", _) => Self::Oneshot(owned, false),
            ("ctl.start", _) => Self::Start(owned),
            ("sys.powerctl", "reboot,userspace") => Self::RebootUserspace,
            _ => return None,
        })
    }
}

/// A request that was let in, and whoever waits to hear that it is done.
#[derive(Debug)]
pub struct Visitor {
    /// What it asks for.
    pub request: Request,
    stream: UnixStream,
}

impl Visitor {
    /// Process id of whoever asked.
    pub fn pid(&self) -> Option<u32> {
        use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
        let credentials = getsockopt(&self.stream, PeerCredentials).ok()?;
        u32::try_from(credentials.pid()).ok()
    }

    /// Tells it so.
    pub fn done(self) {
        answer(&self.stream, 0);
    }
}

/// Takes one connection. `None` if it asked for nothing that it may, or that there is; it was told, and so is the log.
pub fn admit(listener: &UnixListener, contexts: &PropertyContexts) -> Option<Visitor> {
    let (stream, _) = listener.accept().ok()?;
    match read(&stream, contexts) {
        Ok(request) => Some(Visitor { request, stream }),
        Err(refusal) => {
            answer(&stream, refusal);
            None
        }
    }
}

fn answer(mut stream: &UnixStream, code: u32) {
    // Whoever does not wait for the answer does not need it.
    let _ = stream.write_all(&code.to_ne_bytes());
}

fn read(mut stream: &UnixStream, contexts: &PropertyContexts) -> Result<Request, u32> {
    let unreadable = |_| refusal::UNREADABLE;
    stream.set_read_timeout(Some(WITHIN)).map_err(unreadable)?;
    if number(stream).map_err(unreadable)? != SET {
        return Err(refusal::UNREADABLE);
    }
    let mut text = || -> io::Result<String> {
        let length = number(stream)? as usize;
        if length > LENGTH_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut text = vec![0; length];
        stream.read_exact(&mut text)?;
        String::from_utf8(text).map_err(|_| io::ErrorKind::InvalidData.into())
    };
    let (name, value) = (text().map_err(unreadable)?, text().map_err(unreadable)?);
    let source = kernel::of_peer(stream.as_fd()).map_err(|_| refusal::DENIED)?;
    // A property that asks for something is labelled with what it asks it for.
    let full = format!("{name}${value}");
    let target = contexts.label(if name.starts_with("ctl.") { &full } else { &name });
    let target = target.ok_or(refusal::DENIED)?;
    let verdict = kernel::allows(&source, target, "property_service", "set");
    if !matches!(verdict, Ok(true)) {
        eprintln!(
            "init: avc:  denied  {{ set }} for property={full} scontext={source} tcontext={target} \
             tclass=property_service permissive=0{}",
            verdict.err().map(|error| format!(" ({error})")).unwrap_or_default()
        );
        return Err(refusal::DENIED);
    }
    Request::parse(&name, &value).ok_or_else(|| {
        eprintln!("init: {full} asks for nothing that is known here");
        refusal::UNKNOWN
    })
}

fn number(mut stream: &UnixStream) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_asks_for_one_thing() {
        let start = Request::StartInterface("a.b.IX".into());
        assert_eq!(Request::parse("ctl.interface_start", "aidl/a.b.IX"), Some(start));
        assert_eq!(Request::parse("ctl.interface_start", "a.b.IX"), None);
        assert_eq!(
            Request::parse("ctl.oneshot_off", "x"),
            Some(Request::Oneshot("x".into(), false))
        );
        assert_eq!(Request::parse("sys.powerctl", "shutdown"), None);
        assert_eq!(Request::parse("ctl.stop", "x"), None);
    }
}
