// SPDX-License-Identifier: Apache-2.0
//! The preview: the same disclosure and the same payload as the real registration, under a brand that no
//! permit has. It can be looked at; sealed and sent it can not be.

use cloudmessaging_wire::signed;
use prost::encoding::{decode_key, decode_varint, WireType};

use super::{Classes, DataClass, Disclosure, Payload};

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

/// Makes the exact plaintext of a request under `allowed`, signature field included (zero here).
pub fn preview<E>(
    allowed: Classes,
    make: impl for<'p> FnOnce(&mut Disclosure<'p>) -> Result<Payload<'p>, E>,
) -> Result<Vec<u8>, E> {
    let mut disclosure = Disclosure::new(allowed);
    let payload = make(&mut disclosure)?;
    Ok(signed::attach(payload.body().to_vec(), &[0; 64]))
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
    use crate::disclose::{Imei, Imsi, PhoneNumber, PublicKeys, Published, RequestHead};
    use zeroize::Zeroizing;

    fn registration(allowed: &[DataClass]) -> Vec<u8> {
        preview::<crate::gate::Refusal>(allowed.iter().copied().collect(), |d| {
            let number = d.disclose(PhoneNumber(Zeroizing::new(b"+15550100".to_vec())))?;
            let imsi = d.disclose(Imsi(Zeroizing::new("001010000000001".into()))).ok();
            let imei = d.disclose(Imei(Zeroizing::new("490154203237518".into()))).ok();
            let keys = d.disclose(PublicKeys(Published {
                identity_key: vec![0; 32],
                tls_public_key: vec![0; 91],
                prekeys: vec![0; 90],
                prekeys_signature: vec![0; 64],
            }))?;
            let head = RequestHead { made_ms: 5, ..RequestHead::default() };
            Ok(Payload::registration(head, number, imsi, imei, keys, String::new()))
        })
        .unwrap_or_default()
    }

    #[test]
    fn every_byte_of_the_plaintext_belongs_to_a_field() {
        let plaintext = registration(&Classes::ALL);
        let fields = fields(&plaintext).unwrap();
        let value = |name: &str| {
            let field = fields.iter().find(|f| f.name == name).unwrap();
            &plaintext[field.offset..field.offset + field.length]
        };
        assert_eq!(value("registration.number"), b"+15550100");
        assert_eq!(value("registration.imsi"), b"001010000000001");
        assert_eq!(value("registration.imei"), b"490154203237518");
        assert_eq!(value("registration.prekeys").len(), 90);
        assert_eq!(value("registration.tls_public_key").len(), 91);
        assert_eq!(value("signature"), [0; 64]);
    }

    #[test]
    fn a_field_that_is_not_known_is_not_left_out_silently() {
        let mut plaintext = registration(&Classes::ALL);
        plaintext.extend_from_slice(&[14 << 3 | 2, 1, 0]);
        assert!(fields(&plaintext).is_none());
        assert!(fields(&[6 << 3 | 2, 200]).is_none(), "cut short");
    }

    #[test]
    fn what_is_not_allowed_is_not_in_the_plaintext() {
        let allowed = [DataClass::PhoneNumber, DataClass::PublicKeys];
        let plaintext = registration(&allowed);
        let names: Vec<_> = fields(&plaintext).unwrap().iter().map(|f| f.name).collect();
        assert!(!names.contains(&"registration.imsi") && !names.contains(&"registration.imei"));
        assert!(!plaintext.windows(15).any(|w| w == b"490154203237518"));
        assert!(registration(&[DataClass::PublicKeys]).is_empty(), "no number, no registration");
    }
}
