// SPDX-License-Identifier: Apache-2.0
//! What is said to a broker, and when.

use super::*;

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

/// Then there is a client's session state that would have to be kept.
#[test]
fn a_connection_that_resumes_never_publishes() {
    let mut test = resumed();
    test.publish(5, "t", 0, 60);
    assert_eq!(test.published(), [(5, refused::NOT_HERE)]);
    assert!(test.sent().is_empty());
}

#[test]
fn an_answer_behind_what_was_not_read_is_not_missed() {
    let mut test = resumed();
    test.now += Duration::from_secs(60);
    test.session.time(test.now, true).unwrap();
    for id in 1..=5 {
        test.feed(&delivery(id, b"")).unwrap();
    }
    test.now += 2 * PINGRESP_TIMEOUT;
    test.session.stored(1, test.now).unwrap();
    test.session.time(test.now, true).unwrap();
    test.feed(&[0xd0, 0]).unwrap();
    test.now += Duration::from_secs(1);
    test.session.time(test.now, true).unwrap();
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
    let ending = (0..100).find_map(|_| {
        test.now = test.session.due(true).unwrap();
        test.session.time(test.now, true).err()
    });
    assert_eq!(ending.unwrap().reason, CloseReason::Timeout);
    assert_eq!(test.now - begun, Duration::from_secs(1) + PINGRESP_TIMEOUT);
}
