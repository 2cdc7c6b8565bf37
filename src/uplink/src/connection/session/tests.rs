// SPDX-License-Identifier: Apache-2.0
//! A session against a broker that is a list of bytes.

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

#[test]
fn connect_announces_our_limits() {
    let out = Test::new(inbox()).session.take_out();
    let size = MAXIMUM_PACKET_SIZE.to_be_bytes();
    assert!(contains(&out, &[&[39][..], &size].concat()), "Maximum Packet Size");
    assert!(contains(&out, &[33, 0, 4]), "Receive Maximum");
    assert!(contains(&out, &[17, 0, 0, 0x0e, 0x10]), "Session Expiry Interval");
    let mut connect = inbox();
    connect.receive_maximum = 65535;
    let out = Test::new(connect).session.take_out();
    assert!(contains(&out, &[33, 0, RECEIVE_MAXIMUM as u8]), "no more than we keep");
}

#[test]
fn a_subscription_is_of_qos_1_and_asks_for_nothing_retained() {
    let mut test = Test::new(inbox());
    test.session.take_out();
    test.feed(CONNACK).unwrap();
    let out = test.session.take_out();
    assert_eq!(out[0], 0x82);
    // Subscription options: QoS 1, Retain Handling 2.
    assert_eq!(out.last(), Some(&(1 | 2 << 4)));
}

#[test]
fn a_connect_that_cannot_be_used_ends_before_the_first_byte() {
    let unusable = [
        Connect { receive_maximum: 0, ..post() },
        Connect { receive_maximum: 65536, ..post() },
        Connect { keep_alive_s: 65536, ..post() },
        Connect { client_id: "x".repeat(65536), ..post() },
    ];
    for connect in unusable {
        let ending = Session::new(connect, Instant::now()).err().unwrap();
        assert_eq!(ending.reason, CloseReason::Protocol);
        assert!(!ending.detail.contains("secret"), "{}", ending.detail);
    }
}

/// What the broker kept comes between CONNACK and SUBACK, and the gate hears of it after `Connected`.
#[test]
fn a_resumed_session_is_taken_up_and_its_messages_come_after_connected() {
    let mut test = Test::new(inbox());
    test.feed(RESUMED).unwrap();
    test.feed(&delivery(9, b"kept")).unwrap();
    assert!(test.frames().is_empty());
    test.feed(SUBACK).unwrap();
    let frames = test.frames();
    assert!(matches!(&frames[0], Frame::Connected(c) if c.session_present && c.connection == 1));
    assert!(matches!(&frames[1], Frame::Received(r) if r.payload == b"kept"));
}

/// MQTT-3.2.2-4 and -2.
#[test]
fn a_session_is_not_taken_up_after_a_clean_start() {
    let mut test = Test::new(post());
    let ending = test.feed(RESUMED).unwrap_err();
    assert_eq!(ending.reason, CloseReason::Protocol);
}

/// Then there is a client's session state that would have to be kept.
#[test]
fn a_connection_that_resumes_never_publishes() {
    let mut test = resumed();
    test.publish(5, "t", 0, 60);
    assert_eq!(test.published(), [(5, refused::NOT_HERE)]);
    assert!(test.sent().is_empty());
}

#[test]
fn puback_goes_out_when_stored_and_not_before() {
    let mut test = resumed();
    test.feed(&delivery(9, b"x")).unwrap();
    assert!(test.sent().is_empty());
    let Some(Frame::Received(received)) = test.frames().pop() else { panic!() };
    test.session.stored(received.token + 1, test.now).unwrap();
    assert!(test.session.take_out().is_empty(), "another token");
    test.session.stored(received.token, test.now).unwrap();
    assert_eq!(test.session.take_out(), [0x40, 2, 0, 9]);
    test.session.stored(received.token, test.now).unwrap();
    assert!(test.session.take_out().is_empty(), "once");
}

#[test]
fn qos_0_is_reported_and_not_acknowledged() {
    let mut test = resumed();
    test.feed(&[0x30, 5, 0, 1, b't', 0, b'x']).unwrap();
    let Some(Frame::Received(received)) = test.frames().pop() else { panic!() };
    test.session.stored(received.token, test.now).unwrap();
    assert!(test.sent().is_empty());
}

#[test]
fn what_is_left_of_the_expiry_is_reported() {
    let mut test = resumed();
    test.feed(&[0x32, 11, 0, 1, b't', 0, 1, 5, 2, 0, 0, 1, 4]).unwrap();
    test.feed(&delivery(2, b"")).unwrap();
    let left = |frame| match frame {
        Frame::Received(received) => received.expiry_s,
        _ => panic!(),
    };
    let left: Vec<_> = test.frames().into_iter().map(left).collect();
    assert_eq!(left, [Some(260), None]);
}

#[test]
fn what_a_broker_must_not_send_ends_the_connection() {
    let cases: [(&str, &[&[u8]]); 12] = [
        ("PUBLISH before CONNACK", &[&[0x30, 4, 0, 1, b't', 0]]),
        ("PINGRESP before CONNACK", &[&[0xd0, 0]]),
        ("a second CONNACK", &[CONNACK, SUBACK, CONNACK]),
        ("AUTH", &[CONNACK, SUBACK, &[0xf0, 0]]),
        ("CONNECT", &[CONNACK, SUBACK, &[0x10, 0]]),
        ("SUBACK nobody asked for", &[CONNACK, SUBACK, SUBACK]),
        ("PUBACK nobody asked for", &[CONNACK, SUBACK, &[0x40, 2, 0, 9]]),
        ("PUBLISH of QoS 2", &[CONNACK, SUBACK, &[0x34, 6, 0, 1, b't', 0, 1, 0]]),
        ("PUBLISH without packet id", &[CONNACK, SUBACK, &[0x32, 6, 0, 1, b't', 0, 0, 0]]),
        ("a topic alias", &[CONNACK, SUBACK, &[0x32, 8, 0, 0, 0, 1, 3, 35, 0, 1]]),
        ("SUBACK for two", &[CONNACK, &[0x90, 5, 0, 1, 0, 1, 1]]),
        ("garbage", &[CONNACK, SUBACK, &[0xff; 9]]),
    ];
    for (case, packets) in cases {
        let mut test = Test::new(inbox());
        let ending = packets.iter().find_map(|packet| test.feed(packet).err());
        let ending = ending.unwrap_or_else(|| panic!("{case}"));
        assert_eq!(ending.reason, CloseReason::Protocol, "{case}");
    }
}

#[test]
fn a_packet_id_in_use_is_not_delivered_twice() {
    let mut test = resumed();
    test.feed(&delivery(9, b"x")).unwrap();
    assert_eq!(test.feed(&delivery(9, b"x")).unwrap_err().reason, CloseReason::Protocol);
    assert_eq!(test.frames().len(), 1);
}

#[test]
fn a_brokers_refusal_is_told_by_its_code() {
    let cases: [(&[&[u8]], &str); 5] = [
        (&[&[0x20, 3, 0, 0x87, 0]], "CONNACK 0x87"),
        (&[CONNACK, &[0x90, 4, 0, 1, 0, 0x87]], "SUBACK 0x87"),
        (&[CONNACK, &[0x90, 4, 0, 1, 0, 0]], "SUBACK 0x00"),
        (&[CONNACK, SUBACK, &[0xe0, 1, 0x8b]], "DISCONNECT 0x8b"),
        (&[&[0x20, 5, 0, 0, 2, 36, 0]], "CONNACK: Maximum QoS 0"),
    ];
    for (packets, detail) in cases {
        let mut test = Test::new(inbox());
        let ending = packets.iter().find_map(|packet| test.feed(packet).err()).unwrap();
        assert_eq!((ending.reason, &ending.detail[..]), (CloseReason::Broker, detail));
    }
}

/// What a broker writes in words is not passed on.
#[test]
fn a_reason_string_is_not_in_the_detail() {
    let mut test = resumed();
    let mut bytes = vec![0xe0, 13, 0x8b, 11, 31, 0, 8];
    bytes.extend_from_slice(b"+1555010");
    assert_eq!(test.feed(&bytes).unwrap_err().detail, "DISCONNECT 0x8b");
}

#[test]
fn a_packet_above_our_maximum_ends_the_connection_at_its_header() {
    let mut test = resumed();
    let ending = test.feed(&[0x32, 0xff, 0xff, 0xff, 0x7f]).unwrap_err();
    assert_eq!(ending, Ending::protocol("PacketTooLarge"));
    assert_eq!(test.session.take_out()[0], 0xe0, "DISCONNECT says why");
}

/// So nobody can send to an inbox what would end its owner's connection again and again.
#[test]
fn whatever_fits_our_maximum_fits_a_frame() {
    let mut test = Test::new(Connect { connection: u32::MAX, ..inbox() });
    test.feed(CONNACK).unwrap();
    test.feed(SUBACK).unwrap();
    test.frames();
    test.session.last_token = u64::MAX - 1;
    let body = MAXIMUM_PACKET_SIZE as usize - 4;
    let mut bytes = vec![0x32, body as u8 | 0x80, (body >> 7) as u8 | 0x80, (body >> 14) as u8];
    bytes.extend([0, 1, b't', 0, 1, 5, 2, 0xff, 0xff, 0xff, 0xff]);
    bytes.resize(MAXIMUM_PACKET_SIZE as usize, 7);
    test.feed(&bytes).unwrap();
    let received = test.frames().pop();
    assert!(frame::encode(&FromUplink { frame: received }).is_ok());
}

#[test]
fn before_suback_no_more_is_kept_than_our_receive_maximum() {
    let mut test = Test::new(inbox());
    test.feed(RESUMED).unwrap();
    for _ in 0..1000 {
        test.feed(&[0x30, 4, 0, 1, b't', 0]).unwrap();
    }
    test.feed(SUBACK).unwrap();
    assert_eq!(test.frames().len(), 1 + 4);

    let mut test = Test::new(inbox());
    test.feed(RESUMED).unwrap();
    let ending = (1..9).find_map(|id| test.feed(&delivery(id, b"")).err()).unwrap();
    assert_eq!(ending.reason, CloseReason::Protocol);
}

/// mosquitto 2.0.11 does that.
#[test]
fn a_broker_that_exceeds_our_receive_maximum_is_not_read_until_some_is_stored() {
    let mut test = resumed();
    for id in 1..=4 {
        test.feed(&delivery(id, b"")).unwrap();
        assert!(!test.session.is_overfull());
    }
    test.feed(&delivery(5, b"")).unwrap();
    assert!(test.session.is_overfull());
    test.session.stored(1, test.now).unwrap();
    assert!(!test.session.is_overfull());
}

#[test]
fn the_brokers_receive_maximum_is_kept() {
    let mut test = Test::new(post());
    test.session.take_out();
    test.feed(&[0x20, 6, 0, 0, 3, 33, 0, 2]).unwrap();
    test.frames();
    for token in [11, 12, 13] {
        test.publish(token, "t", 0, 60);
    }
    assert_eq!(test.sent(), [0x32, 0x32]);
    test.feed(&[0x40, 2, 0, 1]).unwrap();
    assert_eq!(test.published(), [(11, 0)]);
    assert_eq!(test.sent(), [0x32]);
    test.feed(&[0x40, 3, 0, 2, 0x10]).unwrap();
    test.feed(&[0x40, 3, 0, 1, 0x97]).unwrap();
    assert_eq!(test.published(), [(12, 0x10), (13, 0x97)]);
}

#[test]
fn a_publish_that_cannot_go_is_answered_and_harms_no_other() {
    let mut test = Test::new(post());
    test.session.take_out();
    // Maximum Packet Size 100.
    test.feed(&[0x20, 8, 0, 0, 5, 39, 0, 0, 0, 100]).unwrap();
    test.frames();
    test.publish(1, "t", 100, 60);
    test.publish(2, "t/#", 0, 60);
    test.publish(3, "", 0, 60);
    test.publish(4, "t", 0, 0);
    test.publish(5, "t", 0, 60);
    assert_eq!(test.sent(), [0x32]);
    let expected =
        [(1, refused::TOO_LARGE), (2, refused::TOPIC), (3, refused::TOPIC), (4, refused::EXPIRED)];
    assert_eq!(test.published(), expected);
    // And its packet id is the first again.
    test.feed(&[0x40, 2, 0, 1]).unwrap();
    assert_eq!(test.published(), [(5, 0)]);
}

#[test]
fn what_the_queue_does_not_hold_is_refused() {
    let mut test = Test::post();
    for token in 0..65 {
        test.publish(token, "t", 0, 60);
    }
    assert_eq!(test.published(), [(64, refused::FULL)]);
    assert_eq!(test.sent().len(), 64);
}

#[test]
fn a_ping_goes_out_when_nothing_else_did_and_wants_an_answer() {
    let mut test = Test::post();
    assert_eq!(test.session.due(true), Some(test.now + Duration::from_secs(60)));
    test.now += Duration::from_secs(60);
    test.session.time(test.now, true).unwrap();
    assert_eq!(test.session.take_out(), [0xc0, 0]);
    test.feed(&[0xd0, 0]).unwrap();
    test.now += Duration::from_secs(60);
    test.session.time(test.now, true).unwrap();
    assert_eq!(test.session.take_out(), [0xc0, 0]);

    test.now += PINGRESP_TIMEOUT;
    // While nothing is read, the answer may be there.
    test.session.time(test.now, false).unwrap();
    let ending = test.session.time(test.now, true).unwrap_err();
    assert_eq!(ending.reason, CloseReason::Timeout);
}

#[test]
fn pings_that_follow_fast_do_not_put_off_the_time_out() {
    let mut test = Test::new(Connect { keep_alive_s: 1, ..post() });
    test.feed(CONNACK).unwrap();
    let begun = test.now;
    while test.session.time(test.now, true).is_ok() {
        test.now = test.session.due(true).unwrap();
    }
    assert_eq!(test.now - begun, Duration::from_secs(1) + PINGRESP_TIMEOUT);
}

/// A parser that panics would end every connection of the process. Valid packets with bytes changed,
/// inserted and left out reach further than noise alone.
#[test]
fn no_bytes_from_a_broker_end_the_process() {
    let seeds: [&[u8]; 8] = [
        &[0x20, 14, 1, 0, 11, 33, 0, 9, 39, 0, 0, 0, 100, 34, 0, 9],
        SUBACK,
        &[0x32, 15, 0, 1, b't', 0, 1, 8, 2, 0, 0, 1, 4, 35, 0, 1, b'x'],
        &[0x32, 20, 0, 1, b't', 0, 2, 13, 38, 0, 1, b'a', 0, 1, b'b', 8, 0, 1, b'r', 1, 1, b'x'],
        &[0x40, 4, 0, 1, 0x10, 0],
        &[0xe0, 8, 0x8b, 6, 31, 0, 3, b'w', b'h', b'y'],
        &[0x50, 2, 0, 1],
        &[0xf0, 2, 0, 0],
    ];
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below
    };
    for _ in 0..30_000 {
        let mut test = Test::new(if random(2) == 0 { inbox() } else { post() });
        if random(8) != 0 {
            test.feed(CONNACK).unwrap();
            test.publish(1, "t", 0, 60);
            test.session.send_next(test.now).unwrap();
        }
        for _ in 0..6 {
            let mut bytes = seeds[random(seeds.len())].to_vec();
            for _ in 0..random(4) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes[at] ^= 1 << random(8),
                    2 => bytes.insert(at, random(256) as u8),
                    _ if bytes.len() > 2 => drop(bytes.remove(at)),
                    _ => {}
                }
            }
            // Half the time with the right length, so that the inside is parsed.
            if random(2) == 0 && bytes.len() > 1 {
                bytes[1] = (bytes.len() - 2) as u8;
            }
            if test.feed(&bytes).is_err() {
                break;
            }
            test.session.stored(1, test.now).unwrap();
            test.frames();
        }
    }
}
