// SPDX-License-Identifier: Apache-2.0
//! What a broker says.

use super::super::inbound::boot_ms;
use super::*;

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

#[test]
fn puback_goes_out_when_stored_and_not_before() {
    let mut test = resumed();
    let before = boot_ms();
    test.feed(&delivery(9, b"x")).unwrap();
    assert!(test.sent().is_empty());
    let Some(Frame::Received(received)) = test.frames().pop() else { panic!() };
    assert!((before..=boot_ms()).contains(&received.arrived_boot_ms));
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
