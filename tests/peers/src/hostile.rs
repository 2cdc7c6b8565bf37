// SPDX-License-Identifier: Apache-2.0
//! A broker that misbehaves at one point of the exchange, and passes everything else on to a true one.

use crate::certificates::Wrong;
use crate::packet::{self, kind, Packets, Role};
use crate::tls::Sides;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use rustls::{ConnectionCommon, ServerConnection, SideData};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::DerefMut;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where in the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// When the phone has connected by TCP.
    Accept,
    /// When it has begun the TLS handshake.
    Tls,
    /// At its CONNECT.
    Connect,
    /// After CONNACK.
    Connack,
    /// At its SUBSCRIBE.
    Subscribe,
    /// After SUBACK.
    Suback,
    /// At its PUBLISH, which the true broker never sees.
    Publish,
    /// Instead of PUBACK: the true broker has the message.
    Puback,
    /// Instead of a PUBLISH to the phone.
    Inbound,
    /// At the phone's PUBACK, which the true broker never sees.
    InboundAck,
}

/// In what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Ends the connection.
    Close,
    /// Sends what means nothing.
    Garbage,
    /// From then on neither reads nor says anything.
    Silence,
    /// Goes on, but what it was the point for is lost.
    Swallow,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdeed {
    /// At a point, on connections of that role. Before CONNECT, roles are not known and all are meant.
    At(Point, How, Role),
    /// Shows a certificate that is not the broker's.
    Certificate(Wrong),
    /// Speaks TLS 1.2 and nothing newer.
    OldTls,
}

/// The broker.
pub struct Hostile {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    sides: Sides,
    broker: SocketAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    misdeed: Option<Misdeed>,
    /// Rises with each change of it: a connection that began before ends.
    change: u64,
    hits: usize,
    /// CONNECTs that came in while it had no right to one.
    believed: usize,
}

impl Hostile {
    /// In front of the broker at this address, whose certificates are in `pki`.
    pub fn start(pki: &Path, broker: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { sides: Sides::new(pki), broker, state: Mutex::default() });
        let accepting = Arc::clone(&shared);
        // Both end with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || {
                    // Phones, and the true broker, hang up as they like.
                    let _ = shared.serve(stream);
                });
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on does this, or nothing wrong.
    pub fn misbehave(&self, misdeed: Option<Misdeed>) {
        let mut state = self.shared.lock();
        let change = state.change + 1;
        *state = State { misdeed, change, ..State::default() };
    }

    /// How often it did, since it was last told.
    pub fn hits(&self) -> usize {
        self.shared.lock().hits
    }

    /// How often a phone spoke MQTT to it although it is not the broker, since it was last told.
    pub fn believed(&self) -> usize {
        self.shared.lock().believed
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, phone: TcpStream) -> Result<()> {
        phone.set_nodelay(true)?;
        // A phone that went quiet in the middle of a record must not hold a thread for ever.
        phone.set_read_timeout(Some(Duration::from_secs(30)))?;
        let (misdeed, change) = {
            let state = self.lock();
            (state.misdeed, state.change)
        };
        let mut connection = Connection { shared: self, phone, change, at: None };
        let wrong = match misdeed {
            Some(Misdeed::At(Point::Accept, how, _)) => return connection.before_tls(how),
            Some(Misdeed::At(Point::Tls, how, _)) => {
                connection.phone.peek(&mut [0; 1])?;
                return connection.before_tls(how);
            }
            Some(Misdeed::OldTls) => return connection.old_tls(),
            Some(Misdeed::Certificate(wrong)) => Some(wrong),
            Some(Misdeed::At(point, how, role)) => {
                connection.at = Some((point, how, role));
                None
            }
            None => None,
        };
        let mut session = self.sides.broker(wrong)?;
        if wrong.is_some() {
            // The phone's alert, or whatever it says to one that it takes for the broker.
            let shaken = session.complete_io(&mut connection.phone);
            connection.hit();
            shaken?;
            let mut stream = rustls::StreamOwned::new(session, connection.phone);
            if stream.read(&mut [0; 1]).is_ok_and(|read| read > 0) {
                self.lock().believed += 1;
            }
            return Ok(());
        }
        while session.is_handshaking() {
            session.complete_io(&mut connection.phone)?;
        }
        connection.pass(session)
    }
}

/// One connection of a phone.
struct Connection<'a> {
    shared: &'a Shared,
    phone: TcpStream,
    change: u64,
    at: Option<(Point, How, Role)>,
}

/// Whether the exchange goes on.
enum Next {
    Pass,
    Drop,
    End,
}

impl Connection<'_> {
    fn hit(&self) {
        let mut state = self.shared.lock();
        if state.change == self.change {
            state.hits += 1;
        }
    }

    fn is_over(&self) -> bool {
        self.shared.lock().change != self.change
    }

    /// Until it is told something else.
    fn stay_silent(&self) {
        while !self.is_over() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn before_tls(mut self, how: How) -> Result<()> {
        self.hit();
        if how == How::Garbage {
            self.phone.write_all(&garbage())?;
        }
        if how != How::Close {
            self.stay_silent();
        }
        Ok(())
    }

    /// A ServerHello without the extension `supported_versions` is one of TLS 1.2. [RFC 8446, section 4.1.3]
    fn old_tls(mut self) -> Result<()> {
        self.phone.peek(&mut [0; 1])?;
        let mut hello = vec![0x03, 0x03];
        hello.extend([7; 32]);
        hello.push(0);
        // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, no compression, no extension.
        hello.extend([0xc0, 0x2b, 0, 0, 0]);
        let size = hello.len() as u8;
        let record = [&[0x16, 3, 3, 0, size + 4, 2, 0, 0, size][..], &hello].concat();
        self.hit();
        self.phone.write_all(&record)?;
        // Its alert, in the clear, and nothing that it would say to a broker.
        let mut answer = Vec::new();
        let _ = self.phone.read_to_end(&mut answer);
        if answer.windows(4).any(|four| four == b"MQTT") {
            self.shared.lock().believed += 1;
        }
        Ok(())
    }

    fn pass(mut self, mut session: ServerConnection) -> Result<()> {
        let mut upward = self.shared.sides.phone(&session)?;
        let mut broker = TcpStream::connect(self.shared.broker)?;
        broker.set_nodelay(true)?;
        broker.set_read_timeout(Some(Duration::from_secs(30)))?;
        while upward.is_handshaking() {
            upward.complete_io(&mut broker)?;
        }
        let (mut from_phone, mut from_broker) = (Packets::default(), Packets::default());
        let mut role = None;
        loop {
            // Also what arrived together with the end of a handshake.
            from_phone.push(&received(&mut session)?);
            for packet in from_phone.by_ref() {
                if kind(&packet) == packet::CONNECT {
                    role = Some(packet::role(&packet));
                }
                match self.look(&packet, role, Side::Phone, &mut session)? {
                    Next::Pass => send(&mut upward, &mut broker, &packet)?,
                    Next::Drop => {}
                    Next::End => return Ok(()),
                }
            }
            from_broker.push(&received(&mut upward)?);
            for packet in from_broker.by_ref() {
                // CONNACK and SUBACK pass before their point is reached.
                let early = matches!(kind(&packet), packet::CONNACK | packet::SUBACK);
                if early {
                    send(&mut session, &mut self.phone, &packet)?;
                }
                match self.look(&packet, role, Side::Broker, &mut session)? {
                    Next::Pass if !early => send(&mut session, &mut self.phone, &packet)?,
                    Next::Pass | Next::Drop => {}
                    Next::End => return Ok(()),
                }
            }
            if self.is_over() {
                return Ok(());
            }
            let mut ready = [
                PollFd::new(self.phone.as_fd(), PollFlags::POLLIN),
                PollFd::new(broker.as_fd(), PollFlags::POLLIN),
            ];
            poll(&mut ready, PollTimeout::from(100u8))?;
            let [phone, above] = ready.map(|fd| fd.any().unwrap_or(true));
            if phone && session.read_tls(&mut self.phone)? == 0 {
                return Ok(());
            }
            if above && upward.read_tls(&mut broker)? == 0 {
                return Ok(());
            }
        }
    }

    /// Does what is to be done at this packet.
    fn look(
        &mut self,
        packet: &[u8],
        role: Option<Role>,
        from: Side,
        session: &mut ServerConnection,
    ) -> Result<Next> {
        let Some((point, how, on)) = self.at else { return Ok(Next::Pass) };
        if role != Some(on) || Some(point) != point_of(kind(packet), from) {
            return Ok(Next::Pass);
        }
        self.hit();
        if how == How::Garbage {
            // The phone may hang up before it has all of it.
            send(session, &mut self.phone, &garbage())?;
        }
        match how {
            How::Swallow => return Ok(Next::Drop),
            How::Close => {}
            How::Garbage | How::Silence => self.stay_silent(),
        }
        Ok(Next::End)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Phone,
    Broker,
}

fn point_of(kind: u8, from: Side) -> Option<Point> {
    Some(match (kind, from) {
        (packet::CONNECT, Side::Phone) => Point::Connect,
        (packet::CONNACK, Side::Broker) => Point::Connack,
        (packet::SUBSCRIBE, Side::Phone) => Point::Subscribe,
        (packet::SUBACK, Side::Broker) => Point::Suback,
        (packet::PUBLISH, Side::Phone) => Point::Publish,
        (packet::PUBACK, Side::Broker) => Point::Puback,
        (packet::PUBLISH, Side::Broker) => Point::Inbound,
        (packet::PUBACK, Side::Phone) => Point::InboundAck,
        _ => return None,
    })
}

/// Neither TLS nor MQTT, and enough of it to be noticed.
fn garbage() -> Vec<u8> {
    (0..64 * 1024u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect()
}

/// What has arrived and was decrypted.
fn received<C, D>(connection: &mut C) -> Result<Vec<u8>>
where
    C: DerefMut<Target = ConnectionCommon<D>>,
    D: SideData,
{
    let waiting = connection.process_new_packets()?.plaintext_bytes_to_read();
    let mut bytes = vec![0; waiting];
    connection.reader().read_exact(&mut bytes)?;
    Ok(bytes)
}

fn send<C, D>(connection: &mut C, socket: &mut TcpStream, bytes: &[u8]) -> Result<()>
where
    C: DerefMut<Target = ConnectionCommon<D>>,
    D: SideData,
{
    // rustls buffers a part at a time.
    for part in bytes.chunks(16 * 1024) {
        connection.writer().write_all(part)?;
        while connection.wants_write() {
            connection.write_tls(socket)?;
        }
    }
    Ok(())
}
