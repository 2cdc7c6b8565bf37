// SPDX-License-Identifier: Apache-2.0
//! MQTT 5 of one connection, without I/O: bytes and frames in, bytes and frames out. Everything that a
//! broker may send is an input; what it must not send ends the connection.
//!
//! Session present (MQTT-3.2.2-4): a client that is told "session present" and has no session state must
//! hang up. A client's state is its unacknowledged QoS 1 and 2 publishes and the QoS 2 ones it received in
//! part. A connection that resumes a session never publishes here ([`Session::publish`] refuses) and
//! subscribes at QoS 1, so that its state is the empty set, known to be empty: with the same client id it
//! is whole. mqtt-protocol-core needs nothing more: it sends again what `restore_packets` gave it, which
//! is nothing, and takes the broker's deliveries as they come. It does not check the opposite case, a
//! session where a clean start was asked for; we do.

mod inbound;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use cloudmessaging_wire::proto::uplink::from_uplink::Frame;
use cloudmessaging_wire::proto::uplink::{Connect, Publish, Published};
use cloudmessaging_wire::step;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::GenericPacketTrait;
use mqtt_protocol_core::mqtt::result_code::{DisconnectReasonCode, MqttError};
use mqtt_protocol_core::mqtt::{self, role, Version};

use super::ending::Ending;
use super::outbox::{Next, Outbox};
use super::packet;
use super::{MAXIMUM_PACKET_SIZE, PINGRESP_TIMEOUT, RECEIVE_MAXIMUM};

/// Reason codes of `Published` for what the broker never got.
mod refused {
    /// Its expiry passed.
    pub(super) const EXPIRED: u32 = 0x80;
    /// This connection resumes a session, and such a one never publishes.
    pub(super) const NOT_HERE: u32 = 0x83;
    /// The topic is none to publish to.
    pub(super) const TOPIC: u32 = 0x90;
    /// Larger than the broker's Maximum Packet Size.
    pub(super) const TOO_LARGE: u32 = 0x95;
    /// Too many wait already.
    pub(super) const FULL: u32 = 0x97;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before CONNACK.
    Connecting,
    /// Before SUBACK.
    Subscribing { session_present: bool },
    /// The gate was told `Connected`.
    Open,
    /// DISCONNECT is on its way.
    Left,
}

pub(crate) struct Session {
    connection: u32,
    mqtt: mqtt::Connection<role::Client>,
    state: State,
    receive_maximum: u16,
    clean_start: bool,
    publishes: bool,
    subscribe: Vec<String>,
    /// Bytes for the broker.
    out: Vec<u8>,
    /// Frames for the gate; kept back until `Connected` can stand before them.
    frames: VecDeque<Frame>,
    outbox: Outbox,
    /// Packet ids of received publishes that the gate has not stored yet, by token.
    unstored: HashMap<u64, u16>,
    last_token: u64,
    ping_due: Option<Instant>,
    pong_due: Option<Instant>,
}

impl Session {
    /// A session whose first bytes are CONNECT.
    pub(crate) fn new(connect: Connect, now: Instant) -> Result<Self, Ending> {
        let receive_maximum = match u16::try_from(connect.receive_maximum) {
            Ok(maximum) if maximum > 0 => maximum.min(RECEIVE_MAXIMUM),
            _ => return Err(Ending::protocol("Connect: receive_maximum is not 1 to 65535")),
        };
        let keep_alive = u16::try_from(connect.keep_alive_s)
            .map_err(|_| Ending::protocol("Connect: keep_alive_s is not 0 to 65535"))?;
        let unusable = |_| Ending::protocol("Connect: the client id cannot be used");
        let announced =
            packet::connect(&connect, keep_alive, Some(receive_maximum)).map_err(unusable)?;
        let enforced = packet::connect(&connect, keep_alive, None).map_err(unusable)?;
        let options = ConnectionOptions::new().maximum_packet_size_recv(MAXIMUM_PACKET_SIZE);
        let mut mqtt = mqtt::Connection::with_options(Version::V5_0, options);
        mqtt.set_pingresp_recv_timeout(PINGRESP_TIMEOUT.as_millis() as u64);
        let mut session = Self {
            connection: connect.connection,
            mqtt,
            state: State::Connecting,
            receive_maximum,
            clean_start: connect.clean_start,
            publishes: connect.clean_start && connect.session_expiry_s == 0,
            subscribe: connect.subscribe,
            out: Vec::new(),
            frames: VecDeque::new(),
            outbox: Outbox::default(),
            unstored: HashMap::new(),
            last_token: 0,
            ping_due: None,
            pong_due: None,
        };
        // The library would hang up on a broker that exceeds our Receive Maximum, which mosquitto 2.0.11
        // does after each PUBACK; it would connect again to be sent the same, for ever. So the library
        // is not told of it, and we read no more instead: see `is_overfull`.
        let events = session.mqtt.checked_send(enforced);
        session.absorb(events, now)?;
        session.out = announced.to_continuous_buffer();
        Ok(session)
    }

    /// Whether `Connected` was reached.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the broker sent more than our Receive Maximum: nothing is read until the gate has stored
    /// some of it. One that keeps to it never gets here.
    pub(crate) fn is_overfull(&self) -> bool {
        self.is_open() && self.unstored.len() > self.receive_maximum.into()
    }

    /// Takes what the broker sent.
    pub(crate) fn feed(&mut self, bytes: &[u8], now: Instant) -> Result<(), Ending> {
        let mut cursor = Cursor::new(bytes);
        while cursor.position() < bytes.len() as u64 {
            let events = self.mqtt.recv(&mut cursor);
            self.absorb(events, now)?;
        }
        Ok(())
    }

    /// Takes the bytes that are to be sent to the broker.
    pub(crate) fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Takes the frames that are to be sent to the gate.
    pub(crate) fn take_frames(&mut self) -> VecDeque<Frame> {
        match self.state {
            State::Connecting | State::Subscribing { .. } => VecDeque::new(),
            State::Open | State::Left => std::mem::take(&mut self.frames),
        }
    }

    /// Takes a publish of the gate. It is answered by `Published` or by the end of the connection.
    pub(crate) fn publish(&mut self, publish: Publish, now: Instant) {
        let token = publish.token;
        step!("uplink.publish.taken");
        if !self.publishes {
            self.published(token, refused::NOT_HERE);
        } else if self.outbox.push(publish, now).is_err() {
            self.published(token, refused::FULL);
        }
    }

    /// Lets the publish that is first in line go, if the broker takes one.
    pub(crate) fn send_next(&mut self, now: Instant) -> Result<(), Ending> {
        if self.state != State::Open {
            return Ok(());
        }
        while self.out.is_empty() {
            let vacancy = self.mqtt.get_receive_maximum_vacancy_for_send();
            match self.outbox.next(vacancy, now) {
                None => break,
                Some(Next::Expired(token)) => self.published(token, refused::EXPIRED),
                Some(Next::Send(publish)) => self.send_publish(publish, now)?,
            }
        }
        Ok(())
    }

    /// The gate holds what it was given under this token: now the broker may forget it. A token of QoS 0,
    /// or one that is not known, has nothing to acknowledge.
    pub(crate) fn stored(&mut self, token: u64, now: Instant) -> Result<(), Ending> {
        if self.state != State::Open {
            return Ok(());
        }
        let overfull = self.is_overfull();
        let Some(packet_id) = self.unstored.remove(&token) else { return Ok(()) };
        step!("uplink.stored.taken");
        if overfull {
            self.reading_again(now);
        }
        let puback = packet::puback(packet_id).map_err(failed)?;
        let events = self.mqtt.checked_send(puback);
        self.absorb(events, now)
    }

    /// Takes leave of the broker. Nothing that comes after is looked at. Before CONNACK there is nobody to
    /// take leave of: `false`.
    pub(crate) fn leave(&mut self) -> bool {
        if matches!(self.state, State::Connecting | State::Left) {
            return false;
        }
        self.state = State::Left;
        self.say_disconnect(DisconnectReasonCode::NormalDisconnection);
        true
    }

    /// When [`Session::time`] is to be called. While nothing is read (`!reading`), an answer to a ping may
    /// lie unread, and no broker is blamed for that.
    pub(crate) fn due(&self, reading: bool) -> Option<Instant> {
        let ping = self.ping_due.filter(|_| self.is_open());
        let pong = self.pong_due.filter(|_| reading);
        [ping, pong].into_iter().flatten().min()
    }

    /// Keep-alive: asks for an answer when it is time, and hangs up if none comes.
    pub(crate) fn time(&mut self, now: Instant, reading: bool) -> Result<(), Ending> {
        if reading && self.pong_due.is_some_and(|due| due <= now) {
            self.say_disconnect(DisconnectReasonCode::KeepAliveTimeout);
            return Err(Ending::timeout("PINGRESP"));
        }
        if self.is_open() && self.ping_due.is_some_and(|due| due <= now) {
            self.ping_due = None;
            let events = self.mqtt.notify_timer_fired(TimerKind::PingreqSend);
            self.absorb(events, now)?;
        }
        Ok(())
    }

    /// Reading goes on: an answer that came meanwhile is read before the time for it is up.
    pub(crate) fn reading_again(&mut self, now: Instant) {
        if let Some(due) = &mut self.pong_due {
            *due = (*due).max(now + Duration::from_secs(1));
        }
    }

    fn absorb(&mut self, events: Vec<Event>, now: Instant) -> Result<(), Ending> {
        let mut fault = None;
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => {
                    self.out.extend_from_slice(&packet.to_continuous_buffer());
                }
                Event::NotifyPacketReceived(packet) => self.received(packet, now)?,
                Event::RequestTimerReset { kind, duration_ms } => {
                    self.set_timer(kind, now + Duration::from_millis(duration_ms));
                }
                Event::RequestTimerCancel(TimerKind::PingreqSend) => self.ping_due = None,
                Event::RequestTimerCancel(_) => self.pong_due = None,
                Event::NotifyError(error) => fault = Some(error),
                // Comes with the error that is its cause.
                Event::RequestClose | Event::NotifyPacketIdReleased(_) => {}
            }
        }
        match fault {
            None => Ok(()),
            Some(error) => Err(failed(error)),
        }
    }

    fn set_timer(&mut self, kind: TimerKind, due: Instant) {
        match kind {
            TimerKind::PingreqSend => self.ping_due = Some(due),
            // The first ping without an answer counts: with a short keep-alive the next one comes before
            // its time is up, and would put it off for ever.
            TimerKind::PingrespRecv => self.pong_due = self.pong_due.or(Some(due)),
            // A server's.
            TimerKind::PingreqRecv => {}
        }
    }

    fn send_publish(&mut self, publish: Publish, now: Instant) -> Result<(), Ending> {
        let token = publish.token;
        let packet_id = self.mqtt.acquire_packet_id().map_err(failed)?;
        let refused = match packet::publish(packet_id, publish) {
            Err(_) => refused::TOPIC,
            Ok(packet) => match &self.mqtt.checked_send(packet)[..] {
                // Nothing was kept of it, and its packet id is still ours.
                [Event::NotifyError(MqttError::PacketTooLarge)] => refused::TOO_LARGE,
                events => {
                    self.outbox.sent(packet_id, token);
                    return self.absorb(events.to_vec(), now);
                }
            },
        };
        // Only tells that the id is free.
        drop(self.mqtt.release_packet_id(packet_id));
        self.published(token, refused);
        Ok(())
    }

    fn published(&mut self, token: u64, reason_code: u32) {
        let connection = self.connection;
        self.frames.push_back(Frame::Published(Published { connection, token, reason_code }));
    }

    /// Tells the broker that it broke the protocol, and how the connection ends.
    fn hang_up(&mut self, detail: &'static str) -> Ending {
        self.say_disconnect(DisconnectReasonCode::ProtocolError);
        Ending::protocol(detail)
    }

    /// The last bytes; before CONNACK there are none to say.
    fn say_disconnect(&mut self, reason: DisconnectReasonCode) {
        let Ok(packet) = packet::disconnect(reason) else { return };
        for event in self.mqtt.checked_send(packet) {
            if let Event::RequestSendPacket { packet, .. } = event {
                self.out.extend_from_slice(&packet.to_continuous_buffer());
            }
        }
    }
}

/// The library refuses what we do, which it has no reason to.
fn failed(error: MqttError) -> Ending {
    Ending::protocol(error.to_string())
}
