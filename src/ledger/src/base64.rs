// SPDX-License-Identifier: Apache-2.0
//! Base64 as C2SP writes it (RFC 4648, section 4, with padding), and no other spelling of the same bytes: what is signed
//! or compared as text has one text. Forty lines, so that no crate for it has to be vendored; the crate `base64` is the
//! oracle of the tests.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of these bytes.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for index in 0..4 {
            let six = bits >> (18 - 6 * index) & 63;
            // Of one byte, two characters carry something, of two bytes three.
            let carries = index as usize <= three.len();
            text.push(if carries { ALPHABET[six as usize].into() } else { '=' });
        }
    }
    text
}

/// The bytes of this text; nothing if [`encode`] would not have written it.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let padding = text.bytes().rev().take_while(|&byte| byte == b'=').count();
    if text.len() % 4 != 0 || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for four in text.as_bytes().chunks(4) {
        let mut bits = 0;
        for &byte in four {
            bits = bits << 6 | six(byte)?;
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    bytes.truncate(bytes.len() - padding);
    // A '=' too early, or bits set that padding cuts off.
    (encode(&bytes) == text).then_some(bytes)
}

fn six(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' => 0,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 4648, section 10.
    #[test]
    fn the_vectors_of_the_rfc_are_met() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn another_spelling_is_none() {
        for text in [
            "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "=", "====", "A===", "Z=g=", "Zg==Zg==",
            "Zm9v\n", " Zm9v", "Zm9-", "Zm9_", "Zm9é", "Zm 9v",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
