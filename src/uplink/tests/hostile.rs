// SPDX-License-Identifier: Apache-2.0
//! The real program against brokers that misbehave: each ends its own connection and nothing else.

mod common;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use cloudmessaging_wire::proto::uplink::from_uplink::Frame as From;
use cloudmessaging_wire::proto::uplink::to_uplink::Frame as To;
use cloudmessaging_wire::proto::uplink::{CloseReason, Disconnect, Stored};
use common::pki::Pki;
use common::scripted::{packet, publish, Broker, Listener, CONNACK};
use common::{post, Uplink};

/// A client id and a topic that must never be in a detail.
const SECRET: &str = "s3cret";

fn open(listener: &Listener, pki: &Pki, uplink: &mut Uplink, connection: u32) -> Broker {
    uplink.send(To::Connect(post(connection, SECRET)));
    let mut broker = listener.accept(pki);
    broker.send(CONNACK);
    assert_eq!(uplink.connected().connection, connection);
    broker
}

#[test]
fn what_a_broker_must_not_do_ends_its_connection_with_a_reason_and_never_the_uplink() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let mut witness = open(&listener, &pki, &mut uplink, 1000);

    let too_large = packet(0x30, &vec![0; 70_000]);
    let cases: [(&[u8], CloseReason, &str); 5] = [
        (&[0xff; 64], CloseReason::Protocol, "MalformedPacket"),
        (&too_large, CloseReason::Protocol, "PacketTooLarge"),
        (&[0xe0, 1, 0x8b], CloseReason::Broker, "DISCONNECT 0x8b"),
        (
            &publish(0x34, 1, &[], b"x"),
            CloseReason::Protocol,
            "PUBLISH above QoS 1 or without packet id",
        ),
        (&[0x20, 3, 0, 0, 0], CloseReason::Protocol, "a packet that may not come now"),
    ];
    for (connection, (bytes, reason, detail)) in (1..).zip(cases) {
        let mut broker = open(&listener, &pki, &mut uplink, connection);
        // It may hang up before it has read all.
        let _ = broker.tls.write_all(bytes);
        assert_eq!(uplink.closed(), (reason, detail.to_owned()));
    }
    let broker = open(&listener, &pki, &mut uplink, 100);
    drop(broker);
    let (reason, detail) = uplink.closed();
    assert!(matches!(reason, CloseReason::Broker | CloseReason::Tcp), "{detail}");

    witness.send(&publish(0x30, 0, &[], b"still here"));
    assert_eq!(uplink.received().payload, b"still here");
}

#[test]
fn a_broker_that_hangs_up_before_connack_is_told() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    uplink.send(To::Connect(post(1, SECRET)));
    let mut broker = listener.accept(&pki);
    broker.tls.conn.send_close_notify();
    broker.tls.flush().unwrap();
    drop(broker);
    assert_eq!(uplink.closed(), (CloseReason::Broker, "the broker ended the connection".into()));

    uplink.send(To::Connect(post(2, SECRET)));
    drop(listener.accept_tcp());
    let (reason, detail) = uplink.closed();
    assert!(matches!(reason, CloseReason::Tls | CloseReason::Tcp), "{detail}");

    uplink.send(To::Connect(post(3, SECRET)));
    let mut plain = listener.accept_tcp();
    plain.write_all(&[0x20, 3, 0, 0, 0]).unwrap();
    let (reason, detail) = uplink.closed();
    assert_eq!(reason, CloseReason::Tls, "{detail}");
}

/// All three at once: each takes its ten seconds.
#[test]
fn a_silent_broker_is_given_up() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    uplink.send(To::Connect(post(1, SECRET)));
    let _no_tls = listener.accept_tcp();
    uplink.send(To::Connect(post(2, SECRET)));
    let _no_connack = listener.accept(&pki);
    let mut connect = post(3, SECRET);
    connect.subscribe = vec![SECRET.into()];
    uplink.send(To::Connect(connect));
    let mut no_suback = listener.accept(&pki);
    no_suback.send(CONNACK);

    let begun = Instant::now();
    let mut closed = [uplink.closed(), uplink.closed(), uplink.closed()];
    closed.sort_by(|a, b| a.1.cmp(&b.1));
    let expected = ["CONNACK or SUBACK", "CONNACK or SUBACK", "TLS"];
    assert_eq!(closed, expected.map(|detail| (CloseReason::Timeout, detail.to_owned())));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn puback_leaves_when_stored_and_not_before() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let mut broker = open(&listener, &pki, &mut uplink, 1);
    broker.send(&publish(0x32, 77, &[], b"x"));
    let received = uplink.received();
    assert!(broker.is_silent_for(Duration::from_millis(300)));
    uplink.send(To::Stored(Stored { connection: 1, token: received.token }));
    assert_eq!(broker.packet(), (0x40, vec![0, 77]));
}

#[test]
fn a_leave_says_everything_and_disconnect_last() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let mut broker = open(&listener, &pki, &mut uplink, 1);
    broker.send(&publish(0x32, 77, &[], b"x"));
    let token = uplink.received().token;
    uplink.send(To::Stored(Stored { connection: 1, token }));
    uplink.send(To::Disconnect(Disconnect { connection: 1 }));
    assert_eq!(broker.packet().0, 0x40, "PUBACK");
    assert_eq!(broker.packet().0, 0xe0, "DISCONNECT");
    assert_eq!(broker.tls.read(&mut [0]).unwrap(), 0, "close_notify");
    assert_eq!(broker.tls.sock.read(&mut [0]).unwrap(), 0, "FIN and not a reset");
    // A close before the broker's would throw away what it has not taken yet.
    assert!(uplink.frame_within(Duration::from_millis(300)).is_none());
    drop(broker);
    assert_eq!(uplink.closed().0, CloseReason::Asked);
}

#[test]
fn a_leave_does_not_wait_for_a_broker_that_does_not_answer() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let _broker = open(&listener, &pki, &mut uplink, 1);
    let begun = Instant::now();
    uplink.send(To::Disconnect(Disconnect { connection: 1 }));
    assert_eq!(uplink.closed().0, CloseReason::Asked);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // And one that is only being connected ends at once.
    uplink.send(To::Connect(post(2, SECRET)));
    let _socket = listener.accept_tcp();
    uplink.send(To::Disconnect(Disconnect { connection: 2 }));
    assert_eq!(uplink.closed().0, CloseReason::Asked);
}

/// Without linger 0 the kernel would send on what it holds, and end with FIN.
#[test]
fn a_killed_uplink_resets_its_connections() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let mut broker = open(&listener, &pki, &mut uplink, 1);
    uplink.child.kill().unwrap();
    uplink.child.wait().unwrap();
    let error = broker.tls.sock.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// The broker sends 64 MiB to a gate that reads nothing.
#[test]
fn a_gate_that_does_not_read_slows_the_broker_down_and_costs_no_memory() {
    const MESSAGES: u32 = 16 * 1024;
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let mut broker = open(&listener, &pki, &mut uplink, 1);
    let before = resident_kib(&uplink);
    let flood = std::thread::spawn(move || {
        for number in 0..MESSAGES {
            let mut payload = vec![0; 4096];
            payload[..4].copy_from_slice(&number.to_be_bytes());
            broker.send(&publish(0x30, 0, &[], &payload));
        }
        broker
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(!flood.is_finished(), "the broker is held up");
    let grown = resident_kib(&uplink).saturating_sub(before);
    assert!(grown < 4096, "{grown} KiB");
    for number in 0..MESSAGES {
        let payload = uplink.received().payload;
        assert_eq!(payload[..4], number.to_be_bytes());
    }
    let _broker = flood.join().unwrap();
}

/// While the gate reads nothing, its frames wait too; its end is seen all the same.
#[test]
fn a_gate_that_does_not_read_and_ends_ends_the_uplink() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let mut broker = open(&listener, &pki, &mut uplink, 1);
    let flood = std::thread::spawn(move || {
        let message = publish(0x30, 0, &[], &[0; 4096]);
        while broker.tls.write_all(&message).is_ok() {}
    });
    std::thread::sleep(Duration::from_millis(500));
    uplink.hang_up();
    assert_eq!(uplink.exit_status().code(), Some(0));
    flood.join().unwrap();
}

#[test]
fn a_name_that_does_not_resolve_ends_the_attempt() {
    let mut uplink = Uplink::spawn();
    let mut configure = Pki::new().configure(1);
    configure.host = "nowhere.invalid".into();
    uplink.send(To::Configure(configure));
    assert!(matches!(uplink.frame(), From::Ready(_)));
    uplink.send(To::Connect(post(1, SECRET)));
    let (reason, detail) = uplink.closed();
    assert_eq!(reason, CloseReason::Resolve);
    assert!(!detail.contains("nowhere"), "{detail}");
}

#[test]
fn there_is_an_end_to_the_number_of_connections() {
    let pki = Pki::new();
    let listener = Listener::new();
    let mut uplink = Uplink::start(&pki, listener.port);
    let sockets: Vec<_> = (0..16)
        .map(|connection| {
            uplink.send(To::Connect(post(connection, SECRET)));
            listener.accept_tcp()
        })
        .collect();
    uplink.send(To::Connect(post(16, SECRET)));
    assert_eq!(uplink.closed(), (CloseReason::Protocol, "too many connections".into()));
    drop(sockets);
}

fn resident_kib(uplink: &Uplink) -> u64 {
    let path = format!("/proc/{}/statm", uplink.child.id());
    let pages = fs::read_to_string(path).unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4
}
