// SPDX-License-Identifier: Apache-2.0
//! One attempt to connect and what becomes of it: resolve, TCP, TLS, MQTT, in this order, each in its
//! time; then messages; then one [`Ending`]. It trusts nothing that comes from the network.

mod ending;
mod outbox;
mod packet;
mod session;
mod stream;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloudmessaging_wire::limits::FRAME_MAX;
use cloudmessaging_wire::proto::uplink::{from_uplink, Connect, Publish};
use cloudmessaging_wire::step;
use nix::errno::Errno;
use nix::poll::PollFlags;
use rustls::pki_types::ServerName;
use rustls::ClientConfig;

pub(crate) use ending::Ending;
use session::Session;
use stream::Stream;

use crate::resolve::Answer;
use crate::settings::Settings;
use crate::socket;

/// How long the resolver, each address's TCP connection, TLS, and CONNACK with SUBACK may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer to a ping may take.
const PINGRESP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the broker may take to read our DISCONNECT to its end.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest packet we let a broker send, bytes: whatever fits it fits a frame to the gate too, whose
/// own fields take a few bytes more than MQTT's. So nobody can send to an inbox what would end its owner's
/// connection: a broker drops what is larger (MQTT-3.1.2-25).
const MAXIMUM_PACKET_SIZE: u32 = FRAME_MAX as u32 - 64;

/// The most that we let a broker send unacknowledged, whatever the gate asks for: what comes before SUBACK
/// is kept in memory.
const RECEIVE_MAXIMUM: u16 = 64;

/// How often a connection may read before others have their turn, up to 4 KiB each.
const READS: usize = 16;

enum Link {
    Resolving,
    Dialing { socket: TcpStream, rest: VecDeque<SocketAddr> },
    Open(Box<Stream>),
}

/// A connection from its `Connect` to its `Closed`.
pub(crate) struct Connection {
    session: Session,
    link: Link,
    /// When the step at hand has taken too long.
    deadline: Option<Instant>,
    /// DISCONNECT is said or being said; what still comes is not looked at.
    leaving: bool,
    shut: bool,
    tls: Arc<ClientConfig>,
    server_name: ServerName<'static>,
    send_buffer: usize,
}

impl Connection {
    /// Waits for [`Connection::resolved`].
    pub(crate) fn new(
        mut connect: Connect,
        settings: &Settings,
        now: Instant,
    ) -> Result<Self, Ending> {
        let chain = std::mem::take(&mut connect.client_certificate);
        let key = std::mem::take(&mut connect.client_key);
        let tls = if chain.is_empty() {
            settings.build_wide.clone()
        } else {
            settings.trust.with_client_certificate(chain, key).map_err(Ending::tls)?
        };
        Ok(Self {
            session: Session::new(connect, now)?,
            link: Link::Resolving,
            deadline: Some(now + STEP_TIMEOUT),
            leaving: false,
            shut: false,
            tls,
            server_name: settings.server_name.clone(),
            send_buffer: settings.send_buffer,
        })
    }

    pub(crate) fn is_resolving(&self) -> bool {
        matches!(self.link, Link::Resolving)
    }

    /// The resolver's answer.
    pub(crate) fn resolved(&mut self, answer: &Answer, now: Instant) -> Result<(), Ending> {
        match answer {
            Err(complaint) => Err(Ending::resolve(complaint.clone())),
            Ok(addresses) if addresses.is_empty() => Err(Ending::resolve("no address")),
            Ok(addresses) => self.dial(addresses.iter().copied().collect(), Errno::EIO, now),
        }
    }

    /// What to wait for; `reading`: the gate has room for what may come of it.
    pub(crate) fn interest(&self, reading: bool) -> Option<(BorrowedFd<'_>, PollFlags)> {
        match &self.link {
            Link::Resolving => None,
            Link::Dialing { socket, .. } => Some((socket.as_fd(), PollFlags::POLLOUT)),
            Link::Open(stream) => Some((stream.as_fd(), stream.interest(reading || self.leaving))),
        }
    }

    /// The socket is ready for something.
    pub(crate) fn ready(&mut self, reading: bool, now: Instant) -> Result<(), Ending> {
        if matches!(self.link, Link::Dialing { .. }) {
            return self.dialed(now);
        }
        if self.reads(reading) {
            self.read(now)?;
        }
        self.write(now)
    }

    /// When [`Connection::time`] is to be called.
    pub(crate) fn due(&self, reading: bool) -> Option<Instant> {
        let session = if self.leaving { None } else { self.session.due(self.reads(reading)) };
        [self.deadline, session].into_iter().flatten().min()
    }

    /// Time has passed.
    pub(crate) fn time(&mut self, reading: bool, now: Instant) -> Result<(), Ending> {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(match &mut self.link {
                _ if self.leaving => Ending::asked(),
                Link::Resolving => Ending::timeout("resolver"),
                Link::Dialing { rest, .. } if !rest.is_empty() => {
                    let rest = std::mem::take(rest);
                    return self.dial(rest, Errno::ETIMEDOUT, now);
                }
                Link::Dialing { .. } => Ending::timeout("TCP"),
                Link::Open(stream) if stream.is_handshaking() => Ending::timeout("TLS"),
                Link::Open(_) => Ending::timeout("CONNACK or SUBACK"),
            });
        }
        if !self.leaving {
            self.session.time(now, self.reads(reading))?;
        }
        self.write(now)
    }

    /// The gate has room again.
    pub(crate) fn reading_again(&mut self, now: Instant) {
        self.session.reading_again(now);
    }

    pub(crate) fn publish(&mut self, publish: Publish, now: Instant) -> Result<(), Ending> {
        if self.leaving {
            return Ok(());
        }
        self.session.publish(publish, now);
        self.write(now)
    }

    pub(crate) fn stored(&mut self, token: u64, now: Instant) -> Result<(), Ending> {
        self.session.stored(token, now)?;
        self.write(now)
    }

    /// The gate asked for the end. Before CONNACK it comes at once.
    pub(crate) fn leave(&mut self, now: Instant) -> Result<(), Ending> {
        if self.leaving {
            return Ok(());
        }
        let Link::Open(stream) = &mut self.link else { return Err(Ending::asked()) };
        if !self.session.leave() {
            return Err(Ending::asked());
        }
        stream.put(&self.session.take_out())?;
        stream.finish();
        self.leaving = true;
        self.deadline = Some(now + LEAVE_TIMEOUT);
        self.write(now)
    }

    /// Frames for the gate.
    pub(crate) fn take_frames(&mut self) -> VecDeque<from_uplink::Frame> {
        self.session.take_frames()
    }

    /// After an [`Ending`]: says the last words, if the socket takes them at once.
    pub(crate) fn say_last_words(&mut self) {
        if let Link::Open(stream) = &mut self.link {
            if !stream.is_handshaking() && !self.leaving {
                let _ = stream.put(&self.session.take_out());
                stream.finish();
                let _ = stream.flush();
            }
        }
    }

    /// Whether to read on; `room`: as the gate's way is not full.
    fn reads(&self, room: bool) -> bool {
        self.leaving || room && !self.session.is_overfull()
    }

    fn dial(
        &mut self,
        mut addresses: VecDeque<SocketAddr>,
        mut last: Errno,
        now: Instant,
    ) -> Result<(), Ending> {
        while let Some(address) = addresses.pop_front() {
            match socket::dial(address, self.send_buffer) {
                Ok(socket) => {
                    self.link = Link::Dialing { socket, rest: addresses };
                    self.deadline = Some(now + STEP_TIMEOUT);
                    return Ok(());
                }
                Err(errno) => last = errno,
            }
        }
        Err(Ending::tcp(last))
    }

    fn dialed(&mut self, now: Instant) -> Result<(), Ending> {
        let Link::Dialing { socket, rest } = std::mem::replace(&mut self.link, Link::Resolving)
        else {
            return Ok(());
        };
        if let Err(errno) = socket::outcome(&socket) {
            return self.dial(rest, errno, now);
        }
        let stream = Stream::new(socket, self.tls.clone(), self.server_name.clone())?;
        self.link = Link::Open(Box::new(stream));
        self.deadline = Some(now + STEP_TIMEOUT);
        self.write(now)
    }

    fn read(&mut self, now: Instant) -> Result<(), Ending> {
        let Link::Open(stream) = &mut self.link else { return Ok(()) };
        let mut plaintext = [0; 4096];
        for _ in 0..READS {
            if self.session.is_overfull() && !self.leaving {
                break;
            }
            let handshaking = stream.is_handshaking();
            // After our DISCONNECT, the broker's end is the end that was asked for, however it comes.
            let ask = |ending| if self.leaving { Ending::asked() } else { ending };
            if !stream.fill().map_err(ask)? {
                break;
            }
            if handshaking && !stream.is_handshaking() {
                self.deadline = Some(now + STEP_TIMEOUT);
            }
            loop {
                match stream.read(&mut plaintext).map_err(ask)? {
                    0 => break,
                    _ if self.leaving => {}
                    size => self.session.feed(&plaintext[..size], now)?,
                }
            }
            if self.session.is_open() && !self.leaving {
                self.deadline = None;
            }
        }
        Ok(())
    }

    fn write(&mut self, now: Instant) -> Result<(), Ending> {
        if self.leaving {
            return self.write_leave().map_err(|_| Ending::asked());
        }
        self.write_session(now)
    }

    /// Sends what there is, one publish at a time, so that what waits can still expire, or be gone with
    /// this process.
    fn write_session(&mut self, now: Instant) -> Result<(), Ending> {
        let Link::Open(stream) = &mut self.link else { return Ok(()) };
        loop {
            stream.flush()?;
            if stream.is_handshaking() || stream.is_backed_up() {
                return Ok(());
            }
            self.session.send_next(now)?;
            let out = self.session.take_out();
            if out.is_empty() {
                return Ok(());
            }
            stream.put(&out)?;
            stream.flush()?;
            step!("uplink.packets.written");
        }
    }

    fn write_leave(&mut self) -> Result<(), Ending> {
        let Link::Open(stream) = &mut self.link else { return Ok(()) };
        stream.flush()?;
        if !stream.is_backed_up() && !self.shut {
            self.shut = true;
            stream.shut()?;
        }
        Ok(())
    }
}
