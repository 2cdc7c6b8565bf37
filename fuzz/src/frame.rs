// SPDX-License-Identifier: Apache-2.0
//! Frames between gate and uplink, read by the one from the other (P2, P4): the wall's two doors.
//!
//! What is read is what was sent, and says the same when sent on. The uplink is configured once, first, and takes
//! nothing else before that.

use std::os::fd::{AsRawFd as _, OwnedFd};

use cloudmessaging_gate::process::parse;
use cloudmessaging_uplink::end::End;
use cloudmessaging_uplink::gate::Gate;
use cloudmessaging_wire::frame;
use cloudmessaging_wire::limits::FRAME_MAX;
use cloudmessaging_wire::proto::uplink::{
    from_uplink, to_uplink, CloseReason, Closed, Configure, Connect, Connected, Disconnect,
    FromUplink, Publish, Published, Ready, Received, Stored, ToUplink,
};
use nix::sys::socket::{send, socketpair, AddressFamily, MsgFlags, SockFlag, SockType};
use prost::Message;

use crate::Seed;

/// The first byte: who reads it.
const GATE: u8 = 0;
const UPLINK: u8 = 1;

fn wall() -> (OwnedFd, Gate) {
    let (kind, flags) = (SockType::SeqPacket, SockFlag::SOCK_CLOEXEC);
    let (gate, uplink) = socketpair(AddressFamily::Unix, kind, None, flags).expect("a socketpair");
    (gate, Gate::new(uplink))
}

pub(crate) fn seeds() -> Vec<Seed> {
    let (host, topic) = ("broker.example".to_owned(), "cm/1/registrar".to_owned());
    let configure = Configure {
        host,
        port: 8883,
        ca: vec![vec![0x30; 40]],
        client_certificate: vec![vec![0x30; 40]],
        client_key: vec![0x30; 40],
        network: 7,
        send_buffer: 16_384,
    };
    let connect = Connect {
        connection: 1,
        client_id: "phone".into(),
        clean_start: true,
        session_expiry_s: 604_800,
        keep_alive_s: 240,
        subscribe: vec!["cm/1/inbox/00".into()],
        receive_maximum: 16,
        ..Connect::default()
    };
    let payload = vec![5; 300];
    let publish =
        Publish { connection: 1, token: 2, topic, payload: payload.clone(), expiry_s: 60 };
    let to_uplink = [
        ("configure", to_uplink::Frame::Configure(configure)),
        ("connect", to_uplink::Frame::Connect(connect)),
        ("publish", to_uplink::Frame::Publish(publish)),
        ("stored", to_uplink::Frame::Stored(Stored { connection: 1, token: 2 })),
        ("disconnect", to_uplink::Frame::Disconnect(Disconnect { connection: 1 })),
    ];
    let closed =
        Closed { connection: 1, reason: CloseReason::Broker.into(), detail: "CONNACK 0x87".into() };
    let received = Received {
        connection: 1,
        token: 9,
        topic: "cm/1/inbox/00".into(),
        payload,
        expiry_s: Some(0),
        arrived_boot_ms: 123_456,
    };
    let published = Published { connection: 1, token: 2, reason_code: 0x10 };
    let connected = Connected { connection: 1, session_present: true };
    let to_gate = [
        ("ready", from_uplink::Frame::Ready(Ready { partly_confined: true })),
        ("connected", from_uplink::Frame::Connected(connected)),
        ("closed", from_uplink::Frame::Closed(closed)),
        ("published", from_uplink::Frame::Published(published)),
        ("received", from_uplink::Frame::Received(received)),
    ];
    let seed = |name, reader: u8, bytes: Vec<u8>| Seed::new(name, [vec![reader], bytes].concat());
    let to_uplink = to_uplink
        .into_iter()
        .map(|(name, frame)| seed(name, UPLINK, ToUplink { frame: Some(frame) }.encode_to_vec()));
    let to_gate = to_gate
        .into_iter()
        .map(|(name, frame)| seed(name, GATE, FromUplink { frame: Some(frame) }.encode_to_vec()));
    to_uplink.chain(to_gate).collect()
}

pub(crate) fn run(data: &[u8]) -> bool {
    let Some((reader, packet)) = data.split_first() else { return false };
    match reader % 2 {
        GATE => {
            let found = parse(packet).ok();
            let plain = plainly(packet, |frame: &FromUplink| frame.frame.is_some());
            let is_one = found.is_some();
            assert!(found == plain.and_then(|frame| frame.frame));
            is_one
        }
        _ => uplink(packet),
    }
}

/// Whatever the first packet of a life is, and whatever a later one.
fn uplink(packet: &[u8]) -> bool {
    let plain = plainly(packet, |frame: &ToUplink| frame.frame.is_some());
    let plain = plain.and_then(|frame| frame.frame);
    let (theirs, mut ours) = wall();
    for first in [true, false] {
        send(theirs.as_raw_fd(), packet, MsgFlags::MSG_DONTWAIT).expect("room for one packet");
        let read = match first {
            true => ours.configure().map(|configure| Some(to_uplink::Frame::Configure(configure))),
            false => ours.next_frame(),
        };
        let may_come =
            |frame: &to_uplink::Frame| matches!(frame, to_uplink::Frame::Configure(_)) == first;
        match read {
            Ok(frame) => assert!(frame == plain && plain.as_ref().is_some_and(may_come)),
            // No packet of a frame is empty: this is how an end looks.
            Err(End::GateGone) => assert!(packet.is_empty()),
            Err(End::Frame) => assert!(!plain.as_ref().is_some_and(may_come)),
            Err(other) => panic!("{other}"),
        }
    }
    plain.is_some()
}

/// What a packet says, and that it says the same when sent on.
fn plainly<M: Message + Default + PartialEq>(packet: &[u8], known: fn(&M) -> bool) -> Option<M> {
    let decoded = M::decode(packet).ok().filter(known)?;
    if packet.len() > FRAME_MAX {
        return None;
    }
    // Larger than it came, and perhaps too large: a number that does not fit its field is cut, and may be negative then.
    if let Ok(again) = frame::encode(&decoded) {
        assert!(frame::decode(&again, known).is_ok_and(|frame| frame == decoded));
    }
    Some(decoded)
}
