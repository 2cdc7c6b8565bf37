// SPDX-License-Identifier: Apache-2.0
//! A broker that does as a test says: bytes over TLS, and nothing that it was not told.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

use super::pki::Pki;
use super::PATIENCE;

/// CONNACK: success, no session, no property.
pub const CONNACK: &[u8] = &[0x20, 3, 0, 0, 0];

pub struct Listener {
    listener: TcpListener,
    pub port: u16,
}

/// A connection to an uplink.
pub struct Broker {
    pub tls: StreamOwned<ServerConnection, TcpStream>,
}

impl Listener {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    pub fn accept_tcp(&self) -> TcpStream {
        assert!(super::readable(&self.listener, PATIENCE), "nobody connects");
        let (socket, _) = self.listener.accept().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// Takes a connection and its CONNECT.
    pub fn accept(&self, pki: &Pki) -> Broker {
        let session = ServerConnection::new(pki.server_config()).unwrap();
        let mut broker = Broker { tls: StreamOwned::new(session, self.accept_tcp()) };
        let (kind, _) = broker.packet();
        assert_eq!(kind, 0x10, "CONNECT");
        broker
    }

    /// Whether anybody tries to connect.
    pub fn is_tried_within(&self, time: Duration) -> bool {
        super::readable(&self.listener, time)
    }
}

impl Broker {
    pub fn send(&mut self, bytes: &[u8]) {
        self.tls.write_all(bytes).unwrap();
        self.tls.flush().unwrap();
    }

    /// The next packet: first byte and body.
    pub fn packet(&mut self) -> (u8, Vec<u8>) {
        let mut byte = [0];
        self.tls.read_exact(&mut byte).unwrap();
        let kind = byte[0];
        let (mut size, mut shift) = (0, 0);
        loop {
            self.tls.read_exact(&mut byte).unwrap();
            size |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; size];
        self.tls.read_exact(&mut body).unwrap();
        (kind, body)
    }

    /// Whether nothing comes for a while.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.tls.sock.set_read_timeout(Some(time)).unwrap();
        let result = self.tls.read(&mut [0]);
        self.tls.sock.set_read_timeout(Some(PATIENCE)).unwrap();
        matches!(result, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

/// A PUBLISH with this first byte (QoS), packet id if not 0, topic `t` and properties.
pub fn publish(first: u8, packet_id: u16, properties: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 1, b't'];
    if packet_id != 0 {
        body.extend(packet_id.to_be_bytes());
    }
    body.push(properties.len() as u8);
    body.extend(properties);
    body.extend(payload);
    packet(first, &body)
}

/// A packet of any kind.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut size = body.len();
    loop {
        let more = if size > 0x7f { 0x80 } else { 0 };
        bytes.push((size & 0x7f) as u8 | more);
        size >>= 7;
        if size == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}
