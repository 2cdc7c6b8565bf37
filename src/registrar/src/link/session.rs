// SPDX-License-Identifier: Apache-2.0
//! One connection: connect, subscribe, serve commands and arrivals until it ends.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_wire::topic;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{role, Connection, Event, Sendable, TimerKind};
use mqtt_protocol_core::mqtt::packet::{v5_0, GenericPacketTrait as _, Packet, Property, Qos};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use mqtt_protocol_core::mqtt::Version;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{timeout, Instant};
use tokio_rustls::TlsConnector;

use super::{packets, Acknowledgement, Arrival, Command, Done, Ears, Endpoint, LinkError};
use super::{Message, FENCE, REQUESTS};

/// How long the broker may take to take what we write, or to answer a PINGREQ.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("MQTT: {0:?}")]
    Mqtt(MqttError),
    #[error("the broker refused with reason {0:#04x}")]
    Refused(u8),
    #[error("the broker does not support {0}")]
    Lacks(&'static str),
    #[error("closed by the broker")]
    Closed,
    #[error("{0} took too long")]
    Slow(&'static str),
    #[error("the host's name is none that a certificate could bear")]
    Name,
    #[error("no randomness")]
    Random,
}

/// MqttError is no std error.
impl From<MqttError> for Ended {
    fn from(e: MqttError) -> Ended {
        Ended::Mqtt(e)
    }
}

/// What an acknowledgement is awaited for.
enum Awaited {
    Publish(Done),
    Subscribe(Done),
    Unsubscribe(Done),
}

/// An open connection.
pub(super) struct Session {
    number: u64,
    mqtt: Connection<role::Client>,
    stream: tokio::io::ReadHalf<tokio_rustls::client::TlsStream<TcpStream>>,
    // Written by a task of its own: a broker that does not read must not keep us from reading, or both
    // would wait for ever. Bounded by what AT_A_TIME requests can ask for.
    out: mpsc::UnboundedSender<Vec<u8>>,
    writer: tokio::task::JoinHandle<io::Result<()>>,
    ears: Arc<Ears>,
    awaited: HashMap<u16, Awaited>,
    // Beyond the broker's receive maximum.
    queued: VecDeque<(Message, Done)>,
    fence_topic: String,
    fences: HashMap<u64, Done>,
    next_fence: u64,
    // A few at most; TimerKind cannot be hashed.
    timers: Vec<(TimerKind, Instant)>,
    connack: Option<v5_0::Connack>,
}

impl Session {
    /// Connects and subscribes to requests and to the fence.
    pub(super) async fn open(
        endpoint: &Endpoint,
        number: u64,
        ears: Arc<Ears>,
    ) -> Result<Session, Ended> {
        let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| Ended::Name)?;
        let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        tcp.set_nodelay(true)?;
        let tls = TlsConnector::from(endpoint.tls.clone()).connect(name, tcp).await?;
        let (stream, mut sink) = tokio::io::split(tls);
        let (out, mut packets) = mpsc::unbounded_channel::<Vec<u8>>();
        let writer = tokio::spawn(async move {
            while let Some(packet) = packets.recv().await {
                let write = async {
                    sink.write_all(&packet).await?;
                    sink.flush().await
                };
                timeout(PATIENCE, write).await.map_err(|_| io::ErrorKind::TimedOut)??;
            }
            sink.shutdown().await
        });
        let mut mqtt = Connection::new(Version::V5_0);
        mqtt.set_pingresp_recv_timeout(PATIENCE.as_millis() as u64);
        // Secret as well as unique: who knew it could end our connection. "registrar" in front tells a
        // broker that such names are not for phones.
        let id = cloudmessaging_seal::key::random::<16>().map_err(|_| Ended::Random)?;
        let client_id = format!("registrar{}", hex::encode(id));
        let mut session = Session {
            number,
            mqtt,
            stream,
            out,
            writer,
            ears,
            awaited: HashMap::new(),
            queued: VecDeque::new(),
            fence_topic: format!("{}{client_id}", topic::KEYS_PREFIX),
            fences: HashMap::new(),
            next_fence: 0,
            timers: Vec::new(),
            connack: None,
        };
        session.send(packets::connect(&client_id)?)?;
        while session.connack.is_none() {
            session.read().await?;
        }
        session.check_connack()?;
        let fence = session.fence_topic.clone();
        session.subscribed_to(&fence, Qos::AtMostOnce, FENCE).await?;
        let requests = format!("$share/{}/{}", endpoint.share, topic::REGISTRAR);
        session.subscribed_to(&requests, Qos::AtLeastOnce, REQUESTS).await?;
        Ok(session)
    }

    fn check_connack(&self) -> Result<(), Ended> {
        let Some(connack) = &self.connack else { return Err(Ended::Closed) };
        if connack.reason_code() as u8 != 0 {
            return Err(Ended::Refused(connack.reason_code() as u8));
        }
        let lacks = |what| Err(Ended::Lacks(what));
        for property in connack.props() {
            match property {
                Property::RetainAvailable(v) if v.val() == 0 => return lacks("retained messages"),
                Property::SharedSubscriptionAvailable(v) if v.val() == 0 => {
                    return lacks("shared subscriptions")
                }
                Property::SubscriptionIdentifierAvailable(v) if v.val() == 0 => {
                    return lacks("subscription identifiers")
                }
                Property::MaximumQos(v) if v.val() == 0 => return lacks("QoS 1"),
                _ => {}
            }
        }
        Ok(())
    }

    async fn subscribed_to(&mut self, filter: &str, qos: Qos, id: u32) -> Result<(), Ended> {
        let (done, mut answer) = tokio::sync::oneshot::channel();
        self.subscribe(filter, qos, id, done)?;
        loop {
            match answer.try_recv() {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(LinkError::Refused(reason))) => return Err(Ended::Refused(reason)),
                Ok(Err(LinkError::Down)) => return Err(Ended::Closed),
                Err(_) => self.read().await?,
            }
        }
    }

    /// Until the connection ends, or (`Ok`) nobody is left to command anything.
    pub(super) async fn serve(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
    ) -> Result<(), Ended> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let timer = self.timers.iter().copied().min_by_key(|(_, at)| *at);
            let fires = async {
                match timer {
                    Some((kind, at)) => {
                        tokio::time::sleep_until(at).await;
                        kind
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                read = self.stream.read(&mut buffer) => match read? {
                    0 => return Err(Ended::Closed),
                    n => self.take_in(&buffer[..n])?,
                },
                command = commands.recv() => match command {
                    Some(command) => self.execute(command)?,
                    None => return self.close().await,
                },
                kind = fires => {
                    self.cancel(kind);
                    let events = self.mqtt.notify_timer_fired(kind);
                    if kind == TimerKind::PingrespRecv {
                        return Err(Ended::Slow("the answer to a PINGREQ"));
                    }
                    self.handle(events)?;
                }
                wrote = &mut self.writer => {
                    return Err(wrote.map_or(Ended::Closed, |w| w.map_or_else(Into::into, |()| Ended::Closed)));
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Ended> {
        self.send(v5_0::Disconnect::builder().build()?)?;
        // The writer ends when there is nothing left to write, and says goodbye to TLS.
        let (out, _) = mpsc::unbounded_channel();
        drop(std::mem::replace(&mut self.out, out));
        let _ = timeout(PATIENCE, &mut self.writer).await;
        Ok(())
    }

    fn execute(&mut self, command: Command) -> Result<(), Ended> {
        match command {
            Command::Publish { message, done } => {
                self.queued.push_back((message, done));
                self.publish_queued()
            }
            Command::Subscribe { filter, id, done } => {
                self.subscribe(&filter, Qos::AtMostOnce, id, done)
            }
            Command::Unsubscribe { filter, done } => {
                let packet_id = self.mqtt.acquire_packet_id()?;
                self.awaited.insert(packet_id, Awaited::Unsubscribe(done));
                self.send(packets::unsubscribe(packet_id, &filter)?)
            }
            Command::Fence { done } => {
                // Those whose reader has given up.
                self.fences.retain(|_, done| !done.is_closed());
                self.next_fence += 1;
                self.fences.insert(self.next_fence, done);
                let payload = self.next_fence.to_be_bytes();
                self.send(packets::publish_once(&self.fence_topic, &payload)?)
            }
            Command::Acknowledge(Acknowledgement { connection, packet_id }) => {
                if connection != self.number {
                    return Ok(());
                }
                self.send(packets::puback(packet_id)?)
            }
        }
    }

    fn subscribe(&mut self, filter: &str, qos: Qos, id: u32, done: Done) -> Result<(), Ended> {
        let packet_id = self.mqtt.acquire_packet_id()?;
        self.awaited.insert(packet_id, Awaited::Subscribe(done));
        self.send(packets::subscribe(packet_id, filter, qos, id)?)
    }

    fn publish_queued(&mut self) -> Result<(), Ended> {
        while self.mqtt.get_receive_maximum_vacancy_for_send() != Some(0) {
            let Some((message, done)) = self.queued.pop_front() else { return Ok(()) };
            let packet_id = self.mqtt.acquire_packet_id()?;
            self.awaited.insert(packet_id, Awaited::Publish(done));
            self.send(packets::publish(packet_id, &message)?)?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), Ended> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer).await? {
            0 => Err(Ended::Closed),
            n => self.take_in(&buffer[..n]),
        }
    }

    fn take_in(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let mut cursor = Cursor::new(bytes);
        while (cursor.position() as usize) < bytes.len() {
            let events = self.mqtt.recv(&mut cursor);
            self.handle(events)?;
        }
        Ok(())
    }

    fn send<P: Sendable<role::Client, u16>>(&mut self, packet: P) -> Result<(), Ended> {
        let events = self.mqtt.checked_send(packet);
        self.handle(events)
    }

    fn handle(&mut self, events: Vec<Event>) -> Result<(), Ended> {
        let mut closed = false;
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => {
                    let sent = self.out.send(packet.to_continuous_buffer());
                    sent.map_err(|_| Ended::Closed)?;
                }
                Event::NotifyPacketReceived(packet) => self.arrived(packet)?,
                Event::RequestTimerReset { kind, duration_ms } => {
                    self.cancel(kind);
                    let at = Instant::now() + Duration::from_millis(duration_ms);
                    self.timers.push((kind, at));
                }
                Event::RequestTimerCancel(kind) => self.cancel(kind),
                Event::NotifyError(e) => return Err(Ended::Mqtt(e)),
                // An error, which says why, may follow.
                Event::RequestClose => closed = true,
                Event::NotifyPacketIdReleased(_) => {}
            }
        }
        if closed {
            return Err(Ended::Closed);
        }
        Ok(())
    }

    fn cancel(&mut self, kind: TimerKind) {
        self.timers.retain(|(other, _)| *other != kind);
    }

    fn arrived(&mut self, packet: Packet) -> Result<(), Ended> {
        match packet {
            Packet::V5_0Connack(connack) => self.connack = Some(connack),
            Packet::V5_0Publish(publish) => return self.published(&publish),
            Packet::V5_0Puback(ack) => {
                if let Some(Awaited::Publish(done)) = self.awaited.remove(&ack.packet_id()) {
                    answer(done, ack.reason_code().map_or(0, |reason| reason as u8));
                }
                return self.publish_queued();
            }
            Packet::V5_0Suback(ack) => {
                if let Some(Awaited::Subscribe(done)) = self.awaited.remove(&ack.packet_id()) {
                    let worst = ack.reason_codes().iter().map(|reason| *reason as u8).max();
                    answer(done, worst.unwrap_or(0x80));
                }
            }
            Packet::V5_0Unsuback(ack) => {
                if let Some(Awaited::Unsubscribe(done)) = self.awaited.remove(&ack.packet_id()) {
                    answer(done, ack.reason_codes().iter().map(|r| *r as u8).max().unwrap_or(0x80));
                }
            }
            Packet::V5_0Disconnect(bye) => {
                return Err(bye.reason_code().map_or(Ended::Closed, |r| Ended::Refused(r as u8)))
            }
            _ => {}
        }
        Ok(())
    }

    fn published(&mut self, publish: &v5_0::Publish) -> Result<(), Ended> {
        let acknowledgement = match publish.qos() {
            Qos::AtMostOnce => None,
            _ => publish
                .packet_id()
                .map(|packet_id| Acknowledgement { connection: self.number, packet_id }),
        };
        let id = publish.props().iter().find_map(|property| match property {
            Property::SubscriptionIdentifier(id) => Some(id.val()),
            _ => None,
        });
        if id == Some(FENCE) {
            let came = publish.payload().as_slice().try_into().map(u64::from_be_bytes);
            if let Some(done) = came.ok().and_then(|fence| self.fences.remove(&fence)) {
                answer(done, 0);
            }
            return Ok(());
        }
        let arrival = Arrival {
            payload: publish.payload().as_slice().to_vec(),
            retain: publish.retain(),
            acknowledgement,
        };
        if id.is_some_and(|id| self.ears.hand_over(id, arrival)) {
            return Ok(());
        }
        log::debug!("a message that nobody waits for was dropped");
        match acknowledgement {
            Some(Acknowledgement { packet_id, .. }) => self.send(packets::puback(packet_id)?),
            None => Ok(()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

fn answer(done: Done, reason: u8) {
    // Whoever asked may have given up.
    let _ = done.send(if reason < 0x80 { Ok(()) } else { Err(LinkError::Refused(reason)) });
}
