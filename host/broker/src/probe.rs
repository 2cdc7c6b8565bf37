// SPDX-License-Identifier: Apache-2.0
//! A client to try a broker with: blocking, one request at a time, over TLS 1.3, with any certificate. It
//! shares no code with the embedded broker's library, so that a mistake there is not made twice.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_protocol_core::mqtt::connection::{role, Connection, Event, Sendable};
use mqtt_protocol_core::mqtt::packet::{
    v5_0, GenericPacketTrait, MaximumPacketSize, MessageExpiryInterval, Packet, Property, Qos,
    SessionExpiryInterval, SubEntry, SubOpts,
};
use mqtt_protocol_core::mqtt::{common::Cursor, Version};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::embedded::MAX_PACKET;
use crate::pki;

/// How long a broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there was no answer, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// TCP or TLS failed: this is how a certificate is refused.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// rustls would not begin.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A file of the PKI cannot be read.
    #[error("PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The broker answered with this MQTT reason code, 0x80 or above.
    #[error("refused with reason {0:#04x}")]
    Refused(u8),
    /// The broker closed the connection, or said what MQTT does not allow.
    #[error("closed or out of protocol: {0}")]
    Protocol(String),
}

/// A PUBLISH to send.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// After how many seconds the broker drops it; none: never.
    pub expiry: Option<u32>,
}

/// A PUBLISH that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where it was published.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Whether it had been kept for later subscribers.
    pub retain: bool,
    /// What is left of its expiry, in seconds.
    pub expiry: Option<u32>,
}

/// An open connection.
pub struct Probe {
    stream: StreamOwned<ClientConnection, TcpStream>,
    mqtt: Connection<role::Client>,
    arrived: VecDeque<Packet>,
    session_present: bool,
}

/// Options of the CONNECT, beyond the client id.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session {
    /// Whether a session that is there is to be resumed.
    pub resume: bool,
    /// For how many seconds the session outlives its connection.
    pub expiry: u32,
}

impl Probe {
    /// Connects with a clean session that ends with the connection. `certificate` names a file pair in
    /// `dir`, without `.pem`; none shows no certificate.
    pub fn connect(
        dir: &Path,
        address: SocketAddr,
        certificate: Option<&str>,
        client_id: &str,
    ) -> Result<Probe, ProbeError> {
        Probe::connect_with(dir, address, certificate, client_id, Session::default())
    }

    /// Connects with a session.
    pub fn connect_with(
        dir: &Path,
        address: SocketAddr,
        certificate: Option<&str>,
        client_id: &str,
        session: Session,
    ) -> Result<Probe, ProbeError> {
        Probe::open(dir, address, certificate, client_id, session, None)
    }

    /// Connects and leaves a will: what the broker is to publish when the connection breaks.
    pub fn connect_with_will(
        dir: &Path,
        address: SocketAddr,
        certificate: Option<&str>,
        client_id: &str,
        will: &Message,
    ) -> Result<Probe, ProbeError> {
        Probe::open(dir, address, certificate, client_id, Session::default(), Some(will))
    }

    fn open(
        dir: &Path,
        address: SocketAddr,
        certificate: Option<&str>,
        client_id: &str,
        session: Session,
        will: Option<&Message>,
    ) -> Result<Probe, ProbeError> {
        let name = ServerName::from(address.ip());
        let tls = ClientConnection::new(client_config(dir, certificate)?, name)?;
        let tcp = TcpStream::connect(address)?;
        tcp.set_nodelay(true)?;
        let mut mqtt = Connection::new(Version::V5_0);
        mqtt.set_auto_pub_response(true);
        let stream = StreamOwned::new(tls, tcp);
        let mut probe = Probe { stream, mqtt, arrived: VecDeque::new(), session_present: false };
        let connect = v5_0::Connect::builder()
            .client_id(client_id)
            .and_then(|c| match will {
                None => Ok(c),
                Some(w) => {
                    c.will_message(w.topic.as_str(), w.payload.clone(), Qos::AtLeastOnce, w.retain)
                }
            })
            .and_then(|c| {
                c.clean_start(!session.resume)
                    .props(vec![
                        SessionExpiryInterval::new(session.expiry)?.into(),
                        MaximumPacketSize::new(MAX_PACKET as u32)?.into(),
                    ])
                    .build()
            })
            .map_err(protocol)?;
        probe.send(connect)?;
        let connack = probe.answer(|packet| match packet {
            Packet::V5_0Connack(p) => Some((p.session_present(), p.reason_code() as u8)),
            _ => None,
        })?;
        probe.session_present = connack.0;
        accepted(connack.1).map(|()| probe)
    }

    /// Whether the broker resumed a session.
    pub fn session_present(&self) -> bool {
        self.session_present
    }

    /// Subscribes with QoS 1; the reason code, 0 to 2.
    pub fn subscribe(&mut self, filter: &str) -> Result<(), ProbeError> {
        let id = self.mqtt.acquire_packet_id().map_err(protocol)?;
        let entry = SubEntry::new(filter, SubOpts::new().set_qos(Qos::AtLeastOnce));
        let subscribe = entry
            .and_then(|e| v5_0::Subscribe::builder().packet_id(id).entries(vec![e]).build())
            .map_err(protocol)?;
        self.send(subscribe)?;
        let reasons = self.answer(|packet| match packet {
            Packet::V5_0Suback(p) if p.packet_id() == id => Some(p.reason_codes()),
            _ => None,
        })?;
        reasons.into_iter().try_for_each(|reason| accepted(reason as u8))
    }

    /// Publishes with QoS 1 and waits for the acknowledgement.
    pub fn publish(&mut self, message: &Message) -> Result<(), ProbeError> {
        let id = self.mqtt.acquire_packet_id().map_err(protocol)?;
        let expiry =
            message.expiry.map(MessageExpiryInterval::new).transpose().map_err(protocol)?;
        let publish = v5_0::Publish::builder()
            .topic_name(message.topic.as_str())
            .and_then(|p| {
                p.qos(Qos::AtLeastOnce)
                    .packet_id(id)
                    .retain(message.retain)
                    .payload(message.payload.as_slice())
                    .props(expiry.into_iter().map(Property::from).collect::<Vec<_>>())
                    .build()
            })
            .map_err(protocol)?;
        self.send(publish)?;
        let reason = self.answer(|packet| match packet {
            Packet::V5_0Puback(p) if p.packet_id() == id => {
                Some(p.reason_code().map_or(0, |r| r as u8))
            }
            _ => None,
        })?;
        accepted(reason)
    }

    /// The next message, or none if none came within the time.
    pub fn receive(&mut self, within: Duration) -> Result<Option<Received>, ProbeError> {
        self.wait(Instant::now() + within, |packet| match packet {
            Packet::V5_0Publish(p) => Some(Received {
                topic: p.topic_name().to_owned(),
                payload: p.payload().as_slice().to_vec(),
                retain: p.retain(),
                expiry: p.props().iter().find_map(|property| match property {
                    Property::MessageExpiryInterval(v) => Some(v.val()),
                    _ => None,
                }),
            }),
            _ => None,
        })
    }

    fn answer<T>(&mut self, pick: impl Fn(&Packet) -> Option<T>) -> Result<T, ProbeError> {
        self.wait(Instant::now() + PATIENCE, pick)?
            .ok_or_else(|| ProbeError::Protocol(format!("no answer within {PATIENCE:?}")))
    }

    /// The first packet that `pick` takes; what it does not take stays for later.
    fn wait<T>(
        &mut self,
        until: Instant,
        pick: impl Fn(&Packet) -> Option<T>,
    ) -> Result<Option<T>, ProbeError> {
        loop {
            let found = self.arrived.iter().enumerate().find_map(|(i, p)| Some((i, pick(p)?)));
            if let Some((index, picked)) = found {
                self.arrived.remove(index);
                return Ok(Some(picked));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.sock.set_read_timeout(Some(left))?;
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ProbeError::Protocol("closed by the broker".into())),
                Ok(n) => self.take_in(&buffer[..n])?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn take_in(&mut self, bytes: &[u8]) -> Result<(), ProbeError> {
        let mut cursor = Cursor::new(bytes);
        while (cursor.position() as usize) < bytes.len() {
            let events = self.mqtt.recv(&mut cursor);
            self.handle(events)?;
        }
        Ok(())
    }

    fn send<P>(&mut self, packet: P) -> Result<(), ProbeError>
    where
        P: Sendable<role::Client, u16>,
    {
        let events = self.mqtt.checked_send(packet);
        self.handle(events)
    }

    fn handle(&mut self, events: Vec<Event>) -> Result<(), ProbeError> {
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => {
                    self.stream.write_all(&packet.to_continuous_buffer())?;
                }
                Event::NotifyPacketReceived(packet) => self.arrived.push_back(packet),
                Event::NotifyError(e) => return Err(protocol(e)),
                Event::RequestClose => {
                    return Err(ProbeError::Protocol("closed by the broker".into()))
                }
                Event::NotifyPacketIdReleased(_)
                | Event::RequestTimerReset { .. }
                | Event::RequestTimerCancel(_) => {}
            }
        }
        Ok(())
    }
}

fn client_config(dir: &Path, certificate: Option<&str>) -> Result<Arc<ClientConfig>, ProbeError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(dir.join(pki::CA))?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    Ok(Arc::new(match certificate {
        None => config.with_no_client_auth(),
        Some(name) => config.with_client_auth_cert(
            vec![CertificateDer::from_pem_file(dir.join(format!("{name}.pem")))?],
            PrivateKeyDer::from_pem_file(dir.join(format!("{name}.key.pem")))?,
        )?,
    }))
}

fn accepted(reason: u8) -> Result<(), ProbeError> {
    match reason {
        0x80.. => Err(ProbeError::Refused(reason)),
        _ => Ok(()),
    }
}

fn protocol(e: impl std::fmt::Debug) -> ProbeError {
    ProbeError::Protocol(format!("{e:?}"))
}
