// SPDX-License-Identifier: Apache-2.0
//! As much of MQTT 5 as it takes to tell packets apart. [MQTT 5.0, OASIS, sections 2.1 and 3.1]

/// Packet types, as the first four bits of a packet have them.
pub const CONNECT: u8 = 1;
/// The broker's answer to CONNECT.
pub const CONNACK: u8 = 2;
/// A message.
pub const PUBLISH: u8 = 3;
/// Its acknowledgement.
pub const PUBACK: u8 = 4;
/// A subscription.
pub const SUBSCRIBE: u8 = 8;
/// The broker's answer to it.
pub const SUBACK: u8 = 9;

/// What a phone has a connection for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It sends, and reads answers.
    Post,
    /// It reads the messages to one SIM.
    Inbox,
}

/// Takes whole packets off a stream of bytes.
#[derive(Default)]
pub struct Packets(Vec<u8>);

impl Packets {
    /// More of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl Iterator for Packets {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let (mut size, mut at) = (0, 1);
        loop {
            let byte = *self.0.get(at)?;
            size |= usize::from(byte & 0x7f) << (7 * (at - 1));
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let whole = at + size;
        if self.0.len() < whole {
            return None;
        }
        let rest = self.0.split_off(whole);
        Some(std::mem::replace(&mut self.0, rest))
    }
}

/// The type of a packet.
pub fn kind(packet: &[u8]) -> u8 {
    packet.first().map_or(0, |first| first >> 4)
}

/// What the connection that a CONNECT opens is for: an inbox keeps its session, so it names a Session Expiry
/// Interval (property 0x11) that is not 0.
pub fn role(connect: &[u8]) -> Role {
    // After the fixed header: the name MQTT (6 bytes), version, flags, keep alive (2).
    let Some(start) = connect.iter().skip(1).position(|byte| byte & 0x80 == 0) else {
        return Role::Post;
    };
    let properties = start + 2 + 10;
    let Some(length) = connect.get(properties) else { return Role::Post };
    let mut rest =
        connect.get(properties + 1..properties + 1 + usize::from(*length)).unwrap_or(&[]);
    while let [id, value @ ..] = rest {
        let size = match id {
            0x11 if value.starts_with(&[0; 4]) => 4,
            0x11 => return Role::Inbox,
            0x27 => 4,
            0x21 | 0x22 => 2,
            0x17 | 0x19 => 1,
            _ => return Role::Post,
        };
        rest = value.get(size..).unwrap_or(&[]);
    }
    Role::Post
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_cut_where_they_end() {
        let mut packets = Packets::default();
        let large = [&[0x30, 0x80, 0x01][..], &[7; 128]].concat();
        packets.push(&[0x20, 2, 0]);
        assert_eq!(packets.next(), None);
        packets.push(&[0]);
        packets.push(&large[..50]);
        assert_eq!(packets.next(), Some(vec![0x20, 2, 0, 0]));
        assert_eq!(packets.next(), None);
        packets.push(&large[50..]);
        assert_eq!(packets.next(), Some(large));
        assert_eq!(packets.next(), None);
    }

    #[test]
    fn an_inbox_is_told_by_its_session() {
        let connect = |properties: &[u8]| {
            let mut body = [&[0, 4], b"MQTT" as &[u8], &[5, 0, 0, 60]].concat();
            body.push(properties.len() as u8);
            body.extend(properties);
            body.extend([0, 1, b'c']);
            [&[0x10, body.len() as u8], &body[..]].concat()
        };
        assert_eq!(role(&connect(&[])), Role::Post);
        assert_eq!(role(&connect(&[0x21, 0, 10, 0x11, 0, 0, 0, 0])), Role::Post);
        assert_eq!(role(&connect(&[0x21, 0, 10, 0x11, 0, 9, 0x3a, 0x80])), Role::Inbox);
    }
}
