// SPDX-License-Identifier: Apache-2.0
//! One descriptor passes, with the one call that takes one. Every other is closed unread, and its connection with it.

mod common;

use android_system_cloudmessaging::DESCRIPTOR_CALL;
use binder::host::{connect, connect_passing, Limits};
use binder::ParcelFileDescriptor;
use common::*;
use nix::sys::socket::{sendmsg, ControlMessage, MsgFlags};
use std::io::{IoSlice, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A server whose frames may take for ever: what is closed was refused.
fn passing() -> Served {
    let limits = Limits {
        descriptor_with: Some(DESCRIPTOR_CALL),
        frame: Duration::from_secs(600),
        ..Limits::default()
    };
    serve(&[own()], &limits)
}

/// `RpcWireHeader` and `RpcWireTransaction` of a call.
fn call(command: u32, code: u32, flags: u32) -> Vec<u8> {
    let words = [command, 40, 0, 0, 0, 0, code, flags, 0, 0, 0, 0, 0, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Sends these bytes with so many descriptors; a socket's other end that tells when all of them are closed.
fn sent_with(stream: &UnixStream, bytes: &[u8], count: usize) -> UnixStream {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let descriptors = vec![theirs.as_raw_fd(); count];
    let rights = [ControlMessage::ScmRights(&descriptors)];
    let part = [IoSlice::new(bytes)];
    // It may be refused by now.
    let _ = sendmsg::<()>(stream.as_raw_fd(), &part, &rights, MsgFlags::empty(), None);
    ours
}

fn closed(mut ours: UnixStream, why: &str) {
    assert_eq!(ours.read(&mut [0]).expect(why), 0, "{why}");
}

#[test]
fn descriptors_are_not_taken_where_no_call_takes_one() {
    let limits = Limits { frame: Duration::from_secs(600), ..Limits::default() };
    let served = serve(&[own()], &limits);
    // Half a frame, and with it descriptors; agreed on as one should, and not.
    for mode in [0, 1] {
        let stream = greet_with(&served, mode);
        let ours = sent_with(&stream, &call(0, DESCRIPTOR_CALL, 0)[..8], 16);
        closed(ours, &format!("mode {mode}"));
    }
    let client = connect_passing::<dyn Consent>(&served.path, NAME, false);
    assert!(client.is_err(), "it agrees to none");
}

#[test]
fn one_descriptor_passes_with_the_call_that_takes_one() {
    let served = passing();
    for callbacks in [false, true] {
        let client = connect_passing::<dyn Consent>(&served.path, NAME, callbacks).unwrap();
        for _ in 0..3 {
            let (mut read, write) = ParcelFileDescriptor::pipe().unwrap();
            assert_eq!(client.exportLedger(&write).unwrap(), 0, "it would survive an exec");
            drop(write);
            let mut all = Vec::new();
            read.read_to_end(&mut all).unwrap();
            assert_eq!(all, b"exported", "and the server has closed it");
            client.state().unwrap();
        }
    }
}

#[test]
fn who_agreed_to_no_descriptors_passes_none_and_is_served_all_else() {
    let served = passing();
    let client = connect::<dyn Consent>(&served.path, NAME, false).unwrap();
    let (_read, write) = ParcelFileDescriptor::pipe().unwrap();
    assert!(client.exportLedger(&write).is_err());
    client.state().unwrap();
    // Nor behind its back.
    let stream = greet_with(&served, 0);
    closed(sent_with(&stream, &call(0, DESCRIPTOR_CALL, 0)[..8], 1), "not agreed on");
}

#[test]
fn a_descriptor_with_anything_else_ends_its_connection_and_is_closed() {
    let served = passing();
    let client = served.client();
    let right = call(0, DESCRIPTOR_CALL, 0);
    let wrong = |why: &str, bytes: &[u8], count: usize| {
        let stream = greet_with(&served, 1);
        until(|| served.connections() == 2);
        closed(sent_with(&stream, bytes, count), why);
        until(|| served.connections() == 1);
    };
    wrong("two", &right[..8], 2);
    wrong("sixteen", &right[..8], 16);
    wrong("with another call", &call(0, DESCRIPTOR_CALL + 1, 0)[..36], 1);
    wrong("with a call that nobody waits for", &call(0, DESCRIPTOR_CALL, 1)[..36], 1);
    wrong("with an answer", &call(1, DESCRIPTOR_CALL, 0)[..36], 1);
    let short = [[2u32, 8, 0, 0], [0; 4]].concat();
    let short: Vec<u8> = short.iter().flat_map(|word| word.to_le_bytes()).collect();
    wrong("with a frame too short for any call", &short[..24], 1);

    // In the middle of a frame.
    let mut stream = greet_with(&served, 1);
    until(|| served.connections() == 2);
    stream.write_all(&right[..20]).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    closed(sent_with(&stream, &right[20..40], 1), "in the middle of a frame");
    until(|| served.connections() == 1);
    client.state().unwrap();
}

#[test]
fn a_descriptor_in_half_a_frame_goes_with_its_connection() {
    let limits = Limits {
        descriptor_with: Some(DESCRIPTOR_CALL),
        frame: Duration::from_millis(300),
        ..Limits::default()
    };
    let served = serve(&[own()], &limits);
    let stream = greet_with(&served, 1);
    let ours = sent_with(&stream, &call(0, DESCRIPTOR_CALL, 0)[..36], 1);
    closed(ours, "when the frame's time is over");
    until(|| served.connections() == 0);
    let stream = greet_with(&served, 1);
    let ours = sent_with(&stream, &call(0, DESCRIPTOR_CALL, 0)[..36], 1);
    drop(stream);
    closed(ours, "when its sender dies");
    // A whole call that no object answers.
    let stream = greet_with(&served, 1);
    closed(sent_with(&stream, &call(0, DESCRIPTOR_CALL, 0), 1), "when the call is over");
}
