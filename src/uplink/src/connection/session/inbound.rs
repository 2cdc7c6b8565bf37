// SPDX-License-Identifier: Apache-2.0
//! What the broker says, packet by packet. Whatever may not come in the state at hand ends the connection.

use std::time::Instant;

use cloudmessaging_wire::proto::uplink::from_uplink::Frame;
use cloudmessaging_wire::proto::uplink::{Connected, Received};
use cloudmessaging_wire::step;
use mqtt_protocol_core::mqtt::packet::{v5_0, Packet, Property, Qos};
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, SubackReasonCode};
use nix::time::{clock_gettime, ClockId};

use super::{failed, packet, Ending, Session, State};

impl Session {
    pub(super) fn received(&mut self, packet: Packet, now: Instant) -> Result<(), Ending> {
        match (self.state, packet) {
            (State::Connecting, Packet::V5_0Connack(connack)) => self.connack(&connack, now),
            (State::Subscribing { session_present }, Packet::V5_0Suback(suback)) => {
                self.suback(&suback, session_present)
            }
            (State::Subscribing { .. } | State::Open, Packet::V5_0Publish(publish)) => {
                self.delivered(&publish)
            }
            (State::Open, Packet::V5_0Puback(puback)) => {
                if let Some(token) = self.outbox.acknowledged(puback.packet_id()) {
                    step!("uplink.puback.read");
                    self.published(token, puback.reason_code().map_or(0, |code| code as u32));
                }
                Ok(())
            }
            (State::Subscribing { .. } | State::Open, Packet::V5_0Pingresp(_)) => Ok(()),
            (State::Connecting, Packet::V5_0Disconnect(_)) => {
                Err(self.hang_up("DISCONNECT before CONNACK"))
            }
            (_, Packet::V5_0Disconnect(disconnect)) => {
                let code = disconnect.reason_code().map_or(0, |code| code as u8);
                Err(Ending::broker(format!("DISCONNECT 0x{code:02x}")))
            }
            // Among them a second CONNACK, which would reset what the library counts.
            _ => Err(self.hang_up("a packet that may not come now")),
        }
    }

    fn connack(&mut self, connack: &v5_0::Connack, now: Instant) -> Result<(), Ending> {
        let code = connack.reason_code();
        if code != ConnectReasonCode::Success {
            return Err(Ending::broker(format!("CONNACK 0x{:02x}", code as u8)));
        }
        let session_present = connack.session_present();
        if session_present && self.clean_start {
            return Err(self.hang_up("a session where a clean start was asked for"));
        }
        if connack.props().iter().any(|p| matches!(p, Property::MaximumQos(q) if q.val() == 0)) {
            return Err(Ending::broker("CONNACK: Maximum QoS 0"));
        }
        self.state = State::Subscribing { session_present };
        if self.subscribe.is_empty() {
            self.open(session_present);
            return Ok(());
        }
        let packet_id = self.mqtt.acquire_packet_id().map_err(failed)?;
        let packet = packet::subscribe(packet_id, &self.subscribe)
            .map_err(|_| Ending::protocol("Connect: a topic filter cannot be used"))?;
        let events = self.mqtt.checked_send(packet);
        self.absorb(events, now)
    }

    fn suback(&mut self, suback: &v5_0::Suback, session_present: bool) -> Result<(), Ending> {
        let codes = suback.reason_codes();
        if codes.len() != self.subscribe.len() {
            return Err(self.hang_up("SUBACK for another number of filters"));
        }
        // QoS 0 would lose messages while this phone is away.
        match codes.iter().find(|code| **code != SubackReasonCode::GrantedQos1) {
            Some(code) => Err(Ending::broker(format!("SUBACK 0x{:02x}", *code as u8))),
            None => {
                self.open(session_present);
                Ok(())
            }
        }
    }

    fn open(&mut self, session_present: bool) {
        step!("uplink.connected");
        self.state = State::Open;
        let connection = self.connection;
        self.frames.push_front(Frame::Connected(Connected { connection, session_present }));
    }

    fn delivered(&mut self, publish: &v5_0::Publish) -> Result<(), Ending> {
        let packet_id = match (publish.qos(), publish.packet_id()) {
            (Qos::AtMostOnce, _) => None,
            (Qos::AtLeastOnce, Some(id)) if id != 0 => Some(id),
            _ => return Err(self.hang_up("PUBLISH above QoS 1 or without packet id")),
        };
        if packet_id.is_some_and(|id| self.unstored.values().any(|known| *known == id)) {
            return Err(self.hang_up("PUBLISH with a packet id in use"));
        }
        // Before SUBACK what comes is kept here, and reading on is the only way to SUBACK.
        if !self.is_open() && self.frames.len() >= self.receive_maximum.into() {
            return match packet_id {
                None => Ok(()),
                Some(_) => Err(self.hang_up("more than Receive Maximum before SUBACK")),
            };
        }
        step!("uplink.publish.read");
        self.last_token += 1;
        if let Some(packet_id) = packet_id {
            self.unstored.insert(self.last_token, packet_id);
        }
        let expiry_s = publish.props().iter().find_map(|property| match property {
            Property::MessageExpiryInterval(expiry) => Some(expiry.val()),
            _ => None,
        });
        self.frames.push_back(Frame::Received(Received {
            connection: self.connection,
            token: self.last_token,
            topic: publish.topic_name().to_owned(),
            payload: publish.payload().as_slice().to_vec(),
            expiry_s,
            arrived_boot_ms: boot_ms(),
        }));
        Ok(())
    }
}

/// Milliseconds since the phone booted, sleep included: what the gate compares with its own.
pub(super) fn boot_ms() -> i64 {
    // The clock exists since Linux 2.6.39 and the address is valid: there is no failure left.
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("the kernel has this clock");
    time.tv_sec() * 1000 + time.tv_nsec() / 1_000_000
}
