// SPDX-License-Identifier: Apache-2.0
//! A session against a broker that is a list of bytes.

mod inbound;
mod outgoing;

use std::time::{Duration, Instant};

use cloudmessaging_wire::frame;
use cloudmessaging_wire::proto::uplink::from_uplink::Frame;
use cloudmessaging_wire::proto::uplink::{CloseReason, Connect, FromUplink, Publish};

use super::{refused, Ending, Session};
use crate::connection::{MAXIMUM_PACKET_SIZE, PINGRESP_TIMEOUT, RECEIVE_MAXIMUM};

const CONNACK: &[u8] = &[0x20, 3, 0, 0, 0];
const RESUMED: &[u8] = &[0x20, 3, 1, 0, 0];
/// For the first packet id and one filter, QoS 1.
const SUBACK: &[u8] = &[0x90, 4, 0, 1, 0, 1];
const FILTER: &str = "cm/1/inbox/secret";

struct Test {
    session: Session,
    now: Instant,
}

impl Test {
    fn new(connect: Connect) -> Self {
        let now = Instant::now();
        Self { session: Session::new(connect, now).ok().unwrap(), now }
    }

    fn post() -> Self {
        let mut test = Self::new(post());
        test.session.take_out();
        test.feed(CONNACK).unwrap();
        test.frames();
        test
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        self.session.feed(bytes, self.now)
    }

    fn publish(&mut self, token: u64, topic: &str, payload: usize, expiry_s: u32) {
        let payload = vec![0; payload];
        let publish = Publish { connection: 1, token, topic: topic.into(), payload, expiry_s };
        self.session.publish(publish, self.now);
    }

    /// What goes to the broker, as first bytes of packets.
    fn sent(&mut self) -> Vec<u8> {
        let mut kinds = Vec::new();
        loop {
            self.session.send_next(self.now).unwrap();
            let out = self.session.take_out();
            if out.is_empty() {
                return kinds;
            }
            kinds.push(out[0]);
        }
    }

    fn frames(&mut self) -> Vec<Frame> {
        self.session.take_frames().into()
    }

    /// (token, reason code) of each `Published`.
    fn published(&mut self) -> Vec<(u64, u32)> {
        let published = |frame| match frame {
            Frame::Published(p) => (p.token, p.reason_code),
            _ => panic!(),
        };
        self.frames().into_iter().map(published).collect()
    }
}

fn post() -> Connect {
    Connect {
        connection: 1,
        client_id: "secret".into(),
        clean_start: true,
        keep_alive_s: 60,
        receive_maximum: 4,
        ..Connect::default()
    }
}

fn inbox() -> Connect {
    let subscribe = vec![FILTER.into()];
    Connect { clean_start: false, session_expiry_s: 3600, subscribe, ..post() }
}

fn resumed() -> Test {
    let mut test = Test::new(inbox());
    test.feed(RESUMED).unwrap();
    test.feed(SUBACK).unwrap();
    test.session.take_out();
    test.frames();
    test
}

/// PUBLISH of QoS 1 to topic `t`.
fn delivery(packet_id: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x32, 6 + payload.len() as u8, 0, 1, b't', 0, packet_id, 0];
    bytes.extend_from_slice(payload);
    bytes
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
