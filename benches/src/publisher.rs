// SPDX-License-Identifier: Apache-2.0
//! The least there is of an MQTT 5 client: CONNECT, and QoS 1 PUBLISH until PUBACK, over TLS 1.3.
use crate::calls::failed;
use cloudmessaging_testbed::{Error, Result};
use rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

/// A connection to the broker.
pub struct Publisher {
    stream: StreamOwned<ClientConnection, TcpStream>,
    packet: u16,
}

impl Publisher {
    /// Connects with the build-wide client certificate of phones.
    pub fn connect(port: u16, pki: &Path) -> Result<Self> {
        let tls = |error: rustls::Error| failed("TLS", &error.to_string());
        let config = ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls)?
        .with_root_certificates(roots(&pki.join("ca.pem"))?)
        .with_client_auth_cert(
            certificates(&pki.join("post.pem"))?,
            PrivateKeyDer::from_pem_file(pki.join("post.key.pem")).map_err(pem)?,
        )
        .map_err(tls)?;
        let name =
            ServerName::try_from("localhost").map_err(|error| failed("TLS", &error.to_string()))?;
        let session = ClientConnection::new(Arc::new(config), name).map_err(tls)?;
        let socket = TcpStream::connect(("127.0.0.1", port)).map_err(Error::io("connect"))?;
        socket.set_nodelay(true).map_err(Error::io("connect"))?;
        let mut publisher = Self { stream: StreamOwned::new(session, socket), packet: 0 };
        // Protocol MQTT 5, clean start, keep alive 60 s, no properties (MQTT 5, 3.1).
        let mut connect = b"\x00\x04MQTT\x05\x02\x00\x3c\x00".to_vec();
        // Like a phone's: 16 bytes in hexadecimal.
        string(&mut connect, &"5a".repeat(16));
        publisher.write(0x10, &connect)?;
        match publisher.read()? {
            (0x20, body) if body.get(1) == Some(&0) => Ok(publisher),
            (kind, body) => Err(failed("CONNACK", &format!("{kind:#x} {body:02x?}"))),
        }
    }

    /// Publishes with QoS 1 and waits for the acknowledgement.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<()> {
        self.send(topic, payload)?;
        self.acknowledged(self.packet)
    }

    /// Publishes so many, of which at most `window` are not acknowledged at a time, until all are.
    pub fn publish_many(
        &mut self,
        topic: &str,
        payload: &[u8],
        count: u64,
        window: usize,
    ) -> Result<()> {
        let mut open = VecDeque::new();
        for _ in 0..count {
            if open.len() == window {
                self.acknowledged_first(&mut open)?;
            }
            self.send(topic, payload)?;
            open.push_back(self.packet);
        }
        while !open.is_empty() {
            self.acknowledged_first(&mut open)?;
        }
        Ok(())
    }

    /// Brokers acknowledge in the order of arrival (MQTT 5, 4.6).
    fn acknowledged_first(&mut self, open: &mut VecDeque<u16>) -> Result<()> {
        open.pop_front().map_or(Ok(()), |packet| self.acknowledged(packet))
    }

    fn send(&mut self, topic: &str, payload: &[u8]) -> Result<()> {
        self.packet = self.packet % u16::MAX + 1;
        let mut publish = Vec::with_capacity(payload.len() + topic.len() + 16);
        string(&mut publish, topic);
        publish.extend(self.packet.to_be_bytes());
        // One property: message expiry, 60 s (MQTT 5, 3.3.2.3.3).
        publish.extend([5, 2, 0, 0, 0, 60]);
        publish.extend(payload);
        self.write(0x32, &publish)
    }

    fn acknowledged(&mut self, packet: u16) -> Result<()> {
        match self.read()? {
            // A reason code below 0x80 is success; without one it is 0 (MQTT 5, 3.4.2.1).
            (0x40, body)
                if body.get(..2) == Some(&packet.to_be_bytes()[..])
                    && body.get(2).is_none_or(|code| *code < 0x80) =>
            {
                Ok(())
            }
            (kind, body) => Err(failed("PUBACK", &format!("{kind:#x} {body:02x?}"))),
        }
    }

    fn write(&mut self, kind: u8, body: &[u8]) -> Result<()> {
        let mut packet = vec![kind];
        let mut length = body.len();
        loop {
            let low = (length % 128) as u8;
            length /= 128;
            packet.push(if length > 0 { low | 0x80 } else { low });
            if length == 0 {
                break;
            }
        }
        packet.extend(body);
        self.stream
            .write_all(&packet)
            .and_then(|()| self.stream.flush())
            .map_err(Error::io("write to the broker"))
    }

    fn read(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut byte = [0];
        let mut next = || -> std::io::Result<u8> {
            self.stream.read_exact(&mut byte)?;
            Ok(byte[0])
        };
        let broken = "read from the broker";
        let kind = next().map_err(Error::io(broken))?;
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let part = next().map_err(Error::io(broken))?;
            length |= usize::from(part & 0x7f) << shift;
            shift += 7;
            if part & 0x80 == 0 || shift > 21 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).map_err(Error::io(broken))?;
        Ok((kind, body))
    }
}

fn string(packet: &mut Vec<u8>, text: &str) {
    packet.extend((text.len() as u16).to_be_bytes());
    packet.extend(text.as_bytes());
}

fn pem(error: rustls::pki_types::pem::Error) -> Error {
    failed("the certificates", &error.to_string())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(file).map_err(pem)?.map(|each| each.map_err(pem)).collect()
}

fn roots(file: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| failed("TLS", &error.to_string()))?;
    }
    Ok(roots)
}
