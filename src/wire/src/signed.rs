// SPDX-License-Identifier: Apache-2.0
//! What exactly a signature covers. Each kind has its own context string, so that no signature can be
//! shown as one of another kind.
//!
//! A signed plaintext ([`Content`](crate::proto::envelope::Content), [`Request`](crate::proto::registrar::Request))
//! ends in its signature, field 15, 64 bytes: the last [`SUFFIX`] bytes. The signature covers the bytes
//! before it as they stand, so nobody has to encode anything again to verify.

/// Bytes that the signature field takes at the end of a signed plaintext: tag, length, Ed25519 signature.
pub const SUFFIX: usize = 2 + 64;

const TAG_AND_LENGTH: [u8; 2] = [15 << 3 | 2, 64];

/// The bytes under the registrar's signature of a sender certificate.
pub fn sender_certificate(identity: &[u8]) -> Vec<u8> {
    join(b"cm/1 sender certificate", &[identity])
}

/// The bytes under the registrar's signature of a key bundle.
pub fn bundle(keys: &[u8]) -> Vec<u8> {
    join(b"cm/1 key bundle", &[keys])
}

/// The bytes under an identity key's signature of its prekeys.
pub fn prekeys(prekeys: &[u8]) -> Vec<u8> {
    join(b"cm/1 prekeys", &[prekeys])
}

/// The bytes under an identity key's signature of a content: bound to the reader, to the reader's key and
/// to this one encryption.
pub fn content(reader_routing_id: &[u8], key_id: &[u8], enc: &[u8], body: &[u8]) -> Vec<u8> {
    join(b"cm/1 content", &[reader_routing_id, key_id, enc, body])
}

/// The bytes under an identity key's signature of a request to the registrar: bound to the registrar's
/// key and to this one encryption.
pub fn request(key_id: u32, enc: &[u8], body: &[u8]) -> Vec<u8> {
    join(b"cm/1 request", &[&key_id.to_be_bytes(), enc, body])
}

/// Appends the signature field to an encoded message that has none yet.
pub fn attach(mut body: Vec<u8>, signature: &[u8; 64]) -> Vec<u8> {
    body.extend_from_slice(&TAG_AND_LENGTH);
    body.extend_from_slice(signature);
    body
}

/// Takes a signed plaintext apart into what is signed and the signature.
pub fn detach(plaintext: &[u8]) -> Option<(&[u8], &[u8; 64])> {
    let (body, suffix) = plaintext.split_at_checked(plaintext.len().checked_sub(SUFFIX)?)?;
    let signature = suffix.strip_prefix(&TAG_AND_LENGTH)?;
    Some((body, signature.try_into().ok()?))
}

/// The context, then each part after its length: no two lists of parts join to the same bytes.
fn join(context: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let size = context.len() + 1 + parts.iter().map(|p| 8 + p.len()).sum::<usize>();
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(context);
    out.push(0);
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::envelope::Content;
    use prost::Message as _;

    #[test]
    fn the_suffix_is_the_signature_field() {
        let body = Content { schema_version: 1, ..Content::default() }.encode_to_vec();
        let signed = attach(body.clone(), &[7; 64]);
        assert_eq!(Content::decode(&signed[..]).unwrap().signature, [7; 64]);
        assert_eq!(detach(&signed), Some((&body[..], &[7; 64])));
    }

    #[test]
    fn what_does_not_end_in_a_signature_is_not_signed() {
        assert_eq!(detach(&[]), None);
        assert_eq!(detach(&[0; SUFFIX]), None);
        assert_eq!(detach(&[0; SUFFIX - 1]), None);
    }

    #[test]
    fn parts_cannot_be_moved_between_fields() {
        assert_ne!(content(b"ab", b"c", b"", b""), content(b"a", b"bc", b"", b""));
        assert_ne!(prekeys(b"x"), bundle(b"x"));
    }
}
