// SPDX-License-Identifier: Apache-2.0
//! The real program against a real broker: Debian's mosquitto, which has to be installed.

mod common;

use std::time::Duration;

use cloudmessaging_wire::limits::PAYLOAD_MAX;
use cloudmessaging_wire::proto::uplink::to_uplink::Frame as To;
use cloudmessaging_wire::proto::uplink::{CloseReason, Disconnect, Stored};
use common::mosquitto::Mosquitto;
use common::pki::Pki;
use common::{inbox, post, publish, Uplink};

const INBOX: &str = "cm/1/inbox/00";

fn stored(connection: u32, token: u64) -> To {
    To::Stored(Stored { connection, token })
}

fn disconnect(uplink: &mut Uplink, connection: u32) {
    uplink.send(To::Disconnect(Disconnect { connection }));
    assert_eq!(uplink.closed(), (CloseReason::Asked, String::new()));
}

#[test]
fn a_message_goes_from_one_phone_to_another() {
    let pki = Pki::new();
    let broker = Mosquitto::start(&pki);
    let mut from = Uplink::start(&pki, broker.port);
    let mut to = Uplink::start(&pki, broker.port);
    to.send(To::Connect(inbox(7, "to", INBOX)));
    let connected = to.connected();
    assert_eq!((connected.connection, connected.session_present), (7, false));
    from.send(To::Connect(post(1, "from")));
    from.connected();

    for (token, size) in [(41, 0), (42, 256), (43, PAYLOAD_MAX)] {
        let payload = vec![7; size];
        from.send(To::Publish(publish(1, token, INBOX, &payload)));
        let published = from.published();
        assert_eq!((published.connection, published.token), (1, token));
        assert_eq!(published.reason_code, 0);
        let received = to.received();
        assert_eq!((received.connection, &received.topic[..]), (7, INBOX));
        assert!(received.payload == payload);
        assert!(matches!(received.expiry_s, Some(590..=600)), "{:?}", received.expiry_s);
        to.send(stored(7, received.token));
    }
    from.send(To::Publish(publish(1, 44, "cm/1/inbox/nobody", b"x")));
    assert_eq!(from.published().reason_code, 0x10, "no matching subscribers");
    disconnect(&mut from, 1);
    disconnect(&mut to, 7);
}

#[test]
fn what_was_not_stored_comes_again_and_what_was_stored_does_not() {
    let pki = Pki::new();
    let broker = Mosquitto::start(&pki);
    let mut from = Uplink::start(&pki, broker.port);
    from.send(To::Connect(post(1, "from")));
    from.connected();
    let mut to = Uplink::start(&pki, broker.port);
    to.send(To::Connect(inbox(1, "to", INBOX)));
    to.connected();
    for (token, payload) in [(1, b"first"), (2, b"secnd")] {
        from.send(To::Publish(publish(1, token, INBOX, payload)));
        from.published();
    }
    let (first, second) = (to.received(), to.received());
    assert_eq!((&first.payload[..], &second.payload[..]), (&b"first"[..], &b"secnd"[..]));
    to.send(stored(1, first.token));
    disconnect(&mut to, 1);

    // Another process, the same session, as after a crash: only what is not stored comes.
    drop(to);
    let mut to = Uplink::start(&pki, broker.port);
    to.send(To::Connect(inbox(5, "to", INBOX)));
    assert!(to.connected().session_present);
    let again = to.received();
    assert_eq!((again.connection, &again.payload[..]), (5, &b"secnd"[..]));
    assert!(to.frame_within(Duration::from_millis(300)).is_none());
    to.send(stored(5, again.token));
    disconnect(&mut to, 5);

    to.send(To::Connect(inbox(6, "to", INBOX)));
    assert!(to.connected().session_present);
    assert!(to.frame_within(Duration::from_millis(300)).is_none());
}

/// mosquitto 2.0.11 keeps to our Receive Maximum until the first PUBACK, and then exceeds it more with
/// each: nothing may be lost over that, and nothing come twice.
#[test]
fn a_backlog_arrives_whole_and_once_whatever_the_broker_makes_of_receive_maximum() {
    let pki = Pki::new();
    let broker = Mosquitto::start(&pki);
    let mut uplink = Uplink::start(&pki, broker.port);
    let mut connect = inbox(1, "to", INBOX);
    connect.receive_maximum = 2;
    uplink.send(To::Connect(connect.clone()));
    uplink.connected();
    disconnect(&mut uplink, 1);
    uplink.send(To::Connect(post(2, "from")));
    uplink.connected();
    for token in 0..40 {
        uplink.send(To::Publish(publish(2, token, INBOX, &[token as u8])));
        uplink.published();
    }

    connect.connection = 3;
    uplink.send(To::Connect(connect));
    assert!(uplink.connected().session_present);
    let first = [uplink.received(), uplink.received()];
    assert!(uplink.frame_within(Duration::from_millis(500)).is_none());
    let mut payloads: Vec<u8> = first.iter().map(|message| message.payload[0]).collect();
    first.iter().for_each(|message| uplink.send(stored(3, message.token)));
    while payloads.len() < 40 {
        let message = uplink.received();
        payloads.push(message.payload[0]);
        uplink.send(stored(3, message.token));
    }
    assert_eq!(payloads, (0..40).collect::<Vec<u8>>());
    assert!(uplink.frame_within(Duration::from_millis(300)).is_none());
}

#[test]
fn a_retained_message_is_not_delivered_on_subscription() {
    let pki = Pki::new();
    let broker = Mosquitto::start(&pki);
    // What is in $SYS is retained.
    let mut uplink = Uplink::start(&pki, broker.port);
    uplink.send(To::Connect(inbox(1, "to", "$SYS/broker/version")));
    uplink.connected();
    assert!(uplink.frame_within(Duration::from_millis(500)).is_none());
}

#[test]
fn another_authoritys_broker_is_refused() {
    let broker = Mosquitto::start(&Pki::new());
    let mut uplink = Uplink::start(&Pki::new(), broker.port);
    uplink.send(To::Connect(post(1, "x")));
    let (reason, detail) = uplink.closed();
    assert_eq!(reason, CloseReason::Tls);
    assert_eq!(detail, "the broker's certificate is of an authority that is not trusted");
    assert!(uplink.is_running());
}

#[test]
fn another_hosts_broker_is_refused() {
    let pki = Pki::new();
    let broker = Mosquitto::start(&pki);
    let mut uplink = Uplink::spawn();
    // The certificate is for the name "localhost" only.
    let mut configure = pki.configure(broker.port);
    configure.host = "127.0.0.1".into();
    uplink.send(To::Configure(configure));
    uplink.frame();
    uplink.send(To::Connect(post(1, "x")));
    let expected = (CloseReason::Tls, "the broker's certificate is of another host".to_owned());
    assert_eq!(uplink.closed(), expected);
}

#[test]
fn a_broker_without_tls_1_3_is_refused() {
    let pki = Pki::new();
    let broker = Mosquitto::start_with(&pki, "TLSv1.2");
    let mut uplink = Uplink::start(&pki, broker.port);
    uplink.send(To::Connect(post(1, "x")));
    assert_eq!(uplink.closed().0, CloseReason::Tls);
}

#[test]
fn a_phone_of_another_authority_is_refused_by_the_broker() {
    let (pki, other) = (Pki::new(), Pki::new());
    let broker = Mosquitto::start(&pki);
    let mut uplink = Uplink::start(&pki, broker.port);
    let mut connect = post(1, "x");
    connect.client_certificate = vec![other.phone.certificate.der().to_vec()];
    connect.client_key = other.phone.key.serialize_der();
    uplink.send(To::Connect(connect));
    let (reason, detail) = uplink.closed();
    assert_eq!(reason, CloseReason::Tls, "{detail}");
    // And with the build-wide one it connects.
    uplink.send(To::Connect(post(2, "x")));
    uplink.connected();
}

#[test]
fn a_broker_that_dies_ends_the_connection_and_not_the_uplink() {
    let pki = Pki::new();
    let mut broker = Mosquitto::start(&pki);
    let mut uplink = Uplink::start(&pki, broker.port);
    uplink.send(To::Connect(post(1, "x")));
    uplink.connected();
    broker.kill();
    let (reason, detail) = uplink.closed();
    assert!(matches!(reason, CloseReason::Broker | CloseReason::Tcp), "{detail}");
    uplink.send(To::Connect(post(2, "x")));
    let (reason, detail) = uplink.closed();
    assert_eq!(reason, CloseReason::Tcp);
    assert!(detail.contains("ECONNREFUSED"), "{detail}");
    assert!(uplink.is_running());
}

#[test]
fn a_client_id_that_is_taken_over_ends_the_first_connection() {
    let pki = Pki::new();
    let broker = Mosquitto::start(&pki);
    let mut uplink = Uplink::start(&pki, broker.port);
    uplink.send(To::Connect(post(1, "same")));
    uplink.connected();
    let mut other = Uplink::start(&pki, broker.port);
    other.send(To::Connect(post(1, "same")));
    other.connected();
    assert_eq!(uplink.closed().0, CloseReason::Broker);
}

#[test]
fn a_connection_without_traffic_is_kept_alive() {
    let pki = Pki::new();
    let broker = Mosquitto::start(&pki);
    let mut uplink = Uplink::start(&pki, broker.port);
    let mut connect = post(1, "x");
    connect.keep_alive_s = 1;
    uplink.send(To::Connect(connect));
    uplink.connected();
    // The broker hangs up after one and a half times the keep-alive.
    assert!(uplink.frame_within(Duration::from_secs(4)).is_none());
    assert!(broker.log().contains("PINGREQ"));
}
