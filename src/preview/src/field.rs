// SPDX-License-Identifier: Apache-2.0
//! Takes the plaintext of a registration apart, so that an owner can see what each byte of it is.

use std::fmt::Write as _;

use prost::encoding::{decode_key, decode_varint, WireType};
use zeroize::Zeroizing;

use crate::class::DataClass;

/// One field of a plaintext, and where it stands in it.
pub struct Field {
    /// Name in `proto/registrar.proto`.
    pub name: &'static str,
    /// `Unspecified` for what is no personal datum.
    pub class: DataClass,
    /// A key, a signature, a random value or a time: made when the owner turns on.
    pub made_on_grant: bool,
    /// Offset and length of the value in the plaintext, in bytes.
    pub offset: usize,
    /// Length of the value in bytes.
    pub length: usize,
    /// Whether the value is UTF-8 text, as against bytes or a number.
    pub text: bool,
}

impl Field {
    /// Its value for a person: text, or bytes in hexadecimal; empty if it is made on grant, and not there yet.
    pub fn shown(&self, plaintext: &[u8]) -> Zeroizing<String> {
        let value = plaintext.get(self.offset..self.offset.saturating_add(self.length));
        let value = value.filter(|_| !self.made_on_grant).unwrap_or_default();
        if self.text {
            return Zeroizing::new(String::from_utf8_lossy(value).into_owned());
        }
        let mut digits = Zeroizing::new(String::with_capacity(2 * value.len()));
        for byte in value {
            // A string takes whatever is written to it.
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }
}

type Row = (u32, &'static str, DataClass, bool, bool);

/// Fields of `Request`: number, name, class, made on grant, text.
const REQUEST: [Row; 6] = [
    (1, "schema_version", DataClass::Unspecified, false, false),
    (2, "reply_topic", DataClass::Unspecified, true, true),
    (3, "reply_public_key", DataClass::Unspecified, true, false),
    (4, "request_id", DataClass::Unspecified, true, false),
    (5, "made_ms", DataClass::Unspecified, true, false),
    (15, "signature", DataClass::Unspecified, true, false),
];

const REGISTRATION_FIELD: u32 = 6;

/// Fields of `Registration`.
const REGISTRATION: [Row; 8] = [
    (1, "registration.number", DataClass::PhoneNumber, false, true),
    (2, "registration.imsi", DataClass::Imsi, false, true),
    (3, "registration.imei", DataClass::Imei, false, true),
    (4, "registration.identity_key", DataClass::PublicKeys, true, false),
    (5, "registration.tls_public_key", DataClass::PublicKeys, true, false),
    (6, "registration.prekeys", DataClass::PublicKeys, true, false),
    (7, "registration.prekeys_signature", DataClass::PublicKeys, true, false),
    (8, "registration.code", DataClass::Unspecified, true, true),
];

/// Takes the plaintext of a registration apart. `None` if any byte of it belongs to no field known here:
/// a preview that leaves something out would be a lie.
pub fn fields(plaintext: &[u8]) -> Option<Vec<Field>> {
    let mut out = Vec::new();
    walk(plaintext, 0, plaintext.len(), &REQUEST, &mut out)?;
    Some(out)
}

fn walk(
    plaintext: &[u8],
    start: usize,
    end: usize,
    rows: &[Row],
    out: &mut Vec<Field>,
) -> Option<()> {
    let mut at = start;
    while at < end {
        let mut rest = plaintext.get(at..end)?;
        let (number, wire_type) = decode_key(&mut rest).ok()?;
        let (offset, length) = match wire_type {
            WireType::Varint => {
                let offset = end - rest.len();
                decode_varint(&mut rest).ok()?;
                (offset, end - rest.len() - offset)
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
                (end - rest.len(), length)
            }
            _ => return None,
        };
        at = offset.checked_add(length).filter(|at| *at <= end)?;
        if number == REGISTRATION_FIELD && start == 0 {
            walk(plaintext, offset, at, &REGISTRATION, out)?;
            continue;
        }
        let (_, name, class, made_on_grant, text) = *rows.iter().find(|row| row.0 == number)?;
        out.push(Field { name, class, made_on_grant, offset, length, text });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::{registration, Contents, Published, RequestHead};
    use prost::Message as _;

    fn plaintext() -> Vec<u8> {
        let head = RequestHead { made_ms: 5, ..RequestHead::default() };
        let keys = Published { identity_key: vec![7; 32], ..Published::default() };
        let (imsi, imei) = (Some("001010000000001"), None);
        let contents = Contents { number: "+15550100", imsi, imei, keys, code: String::new() };
        registration(head, contents).encode_to_vec()
    }

    #[test]
    fn each_field_is_where_its_value_stands() {
        let plaintext = plaintext();
        let shown: Vec<_> = fields(&plaintext)
            .unwrap()
            .iter()
            .map(|field| (field.name, field.length, field.shown(&plaintext).to_string()))
            .collect();
        let expected = [
            ("schema_version", 1, "01"),
            ("made_ms", 1, ""),
            ("registration.number", 9, "+15550100"),
            ("registration.imsi", 15, "001010000000001"),
            ("registration.identity_key", 32, ""),
        ];
        assert_eq!(shown, expected.map(|(name, length, value)| (name, length, value.to_owned())));
    }

    #[test]
    fn a_field_that_is_not_known_is_not_left_out_silently() {
        let mut plaintext = plaintext();
        plaintext.extend_from_slice(&[14 << 3 | 2, 1, 0]);
        assert!(fields(&plaintext).is_none());
        assert!(fields(&[6 << 3 | 2, 200]).is_none(), "cut short");
        assert!(fields(&[7 << 3 | 2, 0]).is_none(), "another request");
    }

    #[test]
    fn a_field_of_another_plaintext_shows_nothing_and_stops_nobody() {
        let plaintext = plaintext();
        for mut field in fields(&plaintext).unwrap() {
            (field.offset, field.length) = (usize::MAX, usize::MAX);
            assert_eq!(*field.shown(&plaintext), "");
        }
    }
}
