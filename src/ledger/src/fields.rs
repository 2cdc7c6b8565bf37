// SPDX-License-Identifier: Apache-2.0
//! Of an entry, the little that verifying needs: where it says that it stands, and whether it says that what came
//! before was erased. Read off its bytes, because decoding a million entries whole takes longer than hashing them.
//!
//! Stricter than protobuf has to be: no groups, and no field of a wrong type.

/// Fields of `Entry` and `HistoryErased` in proto/ledger.proto.
const POSITION: u64 = 5;
const HISTORY_ERASED: u64 = 25;
const BEFORE: u64 = 1;

/// What an entry says of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its position.
    pub position: u64,
    /// All entries before this one were erased.
    pub erased_before: u64,
}

impl Said {
    /// Reads it; nothing if these bytes are no protobuf message with such fields.
    pub fn read(entry: &[u8]) -> Option<Self> {
        let mut said = Self::default();
        for field in Fields(entry) {
            match field? {
                (POSITION, Value::Varint(position)) => said.position = position,
                (HISTORY_ERASED, Value::Bytes(event)) => {
                    for field in Fields(event) {
                        match field? {
                            (BEFORE, Value::Varint(before)) => said.erased_before = before,
                            (BEFORE, _) => return None,
                            _ => {}
                        }
                    }
                }
                (POSITION | HISTORY_ERASED, _) => return None,
                _ => {}
            }
        }
        Some(said)
    }
}

enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of a message; `None` where they end otherwise than with the message.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let field = self.field();
            if field.is_none() {
                self.0 = &[];
            }
            field
        })
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = u32::try_from(self.varint()?).ok()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.bytes(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.bytes(length)?)
            }
            5 => self.bytes(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        (tag >> 3 != 0).then_some((u64::from(tag >> 3), value))
    }

    fn bytes(&mut self, count: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            // Of the tenth byte, one bit is left.
            if bits << shift >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if *byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmessaging_wire::proto::ledger::{
        entry::Event, Boot, Connect, Entry, HistoryErased, Intent,
    };
    use prost::Message;

    #[test]
    fn it_says_what_the_decoded_entry_says() {
        let connect = Connect { host: "b".repeat(300), port: 8883, ..Connect::default() };
        let events = [
            None,
            Some(Event::Boot(Boot::default())),
            Some(Event::Connect(connect)),
            Some(Event::Intent(Intent { record_id: vec![5; 16], ..Intent::default() })),
        ];
        for position in [0, 1, 127, 128, u64::from(u32::MAX), u64::MAX] {
            for event in events.clone() {
                let entry =
                    Entry { schema_version: 1, wall_ms: -1, position, event, group: 9, boot_ms: 3 };
                let said = Said { position, erased_before: 0 };
                assert_eq!(Said::read(&entry.encode_to_vec()), Some(said));
            }
            let event = HistoryErased { before: position, asked: true, record_id: vec![1; 16] };
            let event = Some(Event::HistoryErased(event));
            let entry = Entry { position, event, ..Entry::default() };
            let said = Said { position, erased_before: position };
            assert_eq!(Said::read(&entry.encode_to_vec()), Some(said));
        }
    }

    #[test]
    fn what_is_no_message_says_nothing() {
        let wrong: [&[u8]; 10] = [
            &[0x28],                                                             // no value
            &[0x2a, 0],    // position as bytes
            &[0x00, 1],    // field 0
            &[0x0b, 0x0c], // a group
            &[0x0e],       // no wire type
            &[0x0a, 2, 1], // longer than there is
            &[0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], // 65 bits
            &[0x28, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], // no end
            &[0xca, 0x01, 1, 0x0a], // an event with half a field
            &[0xca, 0x01, 2, 0x0a, 0], // `before` as bytes
        ];
        for bytes in wrong {
            assert_eq!(Said::read(bytes), None, "{bytes:x?}");
        }
    }
}
