// SPDX-License-Identifier: Apache-2.0
//! Peers that do not speak as they should: each costs its own uid on its own socket, and nobody else.

mod common;

use binder::host::Limits;
use common::*;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// `RpcWireHeader` of a TRANSACT with a body of that size.
fn header(body: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&body.to_le_bytes());
    header
}

#[test]
fn half_a_frame_ends_its_connection_and_silence_between_frames_does_not() {
    let limits = Limits { frame: Duration::from_millis(300), ..Limits::default() };
    let served = serve(&[own()], &limits);
    let (client, idle) = (served.client(), greet(&served));
    client.state().unwrap();
    for begun in [&header(1000)[..7], &header(1000)[..], &[&header(1000)[..], &[1; 500]].concat()] {
        let mut stream = greet(&served);
        until(|| served.connections() == 3);
        stream.write_all(begun).unwrap();
        until(|| served.connections() == 2);
    }
    // One that drips is no better: the time is the frame's and not a byte's.
    let mut drip = greet(&served);
    until(|| served.connections() == 3);
    drip.write_all(&header(1000)).unwrap();
    let mut dripped = 0;
    while served.connections() == 3 {
        assert!(dripped < 1000, "it could send all of it");
        let _ = drip.write_all(&[1]);
        dripped += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    // Silence between frames is not bounded by it.
    std::thread::sleep(2 * limits.frame);
    client.state().unwrap();
    assert_eq!(served.connections(), 2);
    drop(idle);
}

#[test]
fn the_calls_of_one_uid_take_no_more_memory_than_it_is_granted() {
    let limits = Limits { frame_bytes: 64 * 1024, bytes_per_uid: 160 * 1024, ..Limits::default() };
    let served = serve(&[own(), OTHER], &limits);
    let client = served.client();
    let held: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = greet(&served);
            stream.write_all(&header(60 * 1024)).unwrap();
            stream.write_all(&[1; 30 * 1024]).unwrap();
            stream
        })
        .collect();
    until(|| served.connections() == 3);
    // Two are held; the third was closed. What is small still fits.
    client.state().unwrap();
    if own() == 0 {
        let large = as_other(|| served.client().disclosure(&"x".repeat(25_000)).map(|d| d.text));
        assert_eq!(large.unwrap().len(), 25_000);
    } else {
        eprintln!("skipped: only root can act as another uid");
    }
    drop(held);
    until(|| served.connections() == 1);
    for _ in 0..10 {
        client.disclosure(&"x".repeat(25_000)).unwrap();
    }
}

#[test]
fn a_client_that_does_not_read_its_answers_is_closed() {
    let limits = Limits { reply: Duration::from_millis(300), ..Limits::default() };
    let served = serve(&[own()], &limits);
    let client = served.client();
    let deaf = greet(&served);
    until(|| served.connections() == 2);
    // GET_ROOT, again and again: each is answered, until nobody takes the answers.
    let mut call = Vec::from(header(40));
    call.resize(56, 0);
    deaf.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    until(|| {
        let _ = (&deaf).write_all(&call);
        served.connections() == 1
    });
    client.state().unwrap();
}

#[test]
fn a_client_that_dies_in_its_call_leaves_nothing() {
    let served = serve(&[own()], &Limits::default());
    let client = served.client();
    for _ in 0..40 {
        let mut dying = greet(&served);
        let mut call = Vec::from(header(40));
        call.resize(56, 0);
        dying.write_all(&call).unwrap();
        dying.write_all(&call[..30]).unwrap();
        drop(dying);
    }
    until(|| served.connections() == 1);
    client.state().unwrap();
}

#[test]
fn one_socket_full_of_connections_leaves_the_next_free() {
    let (flooded, other) =
        (serve(&[own()], &Limits::default()), serve(&[own()], &Limits::default()));
    let full: Vec<_> =
        (0..Limits::default().connections_per_uid).map(|_| greet(&flooded)).collect();
    until(|| flooded.connections() == full.len());
    assert!(is_closed(&UnixStream::connect(&flooded.path).unwrap()));
    other.client().state().unwrap();
}
