// SPDX-License-Identifier: Apache-2.0
//! What was sealed opens for its reader and nobody else; anything else is refused and never panics.

use super::*;
use crate::key::generate;
use crate::pad::CONTENT_MAX;

const READERS: [Reader; 4] = [Reader::Inbox, Reader::Receipt, Reader::Registrar, Reader::Reply];

#[test]
fn it_opens_for_its_reader_alone() {
    let (secret, key) = generate().unwrap();
    let (stranger, _) = generate().unwrap();
    for reader in READERS {
        let sealing = Sealing::begin(reader, &key).unwrap();
        let enc = *sealing.enc();
        let sealed = sealing.finish(b"content").unwrap();
        for other in READERS {
            let opened = open(other, &secret, &enc, &sealed);
            assert_eq!(opened.is_ok(), other == reader, "{reader:?} read as {other:?}");
        }
        assert_eq!(open(reader, &stranger, &enc, &sealed), Err(SealError::Open));
    }
}

#[test]
fn its_size_tells_the_bucket_and_no_more() {
    let (_, key) = generate().unwrap();
    let size = |content: usize| {
        Sealing::begin(Reader::Inbox, &key).unwrap().finish(&vec![0; content]).unwrap().len()
    };
    assert_eq!(size(0), 256 + TAG);
    assert_eq!(size(255), 256 + TAG);
    assert_eq!(size(256), 1024 + TAG);
    assert_eq!(size(CONTENT_MAX), 65_536 + TAG);
}

#[test]
fn what_no_bucket_holds_is_refused() {
    let (_, key) = generate().unwrap();
    let size = CONTENT_MAX + 1;
    let refused = Sealing::begin(Reader::Inbox, &key).unwrap().finish(&vec![0; size]);
    assert_eq!(refused, Err(SealError::TooLong(size)));
}

#[test]
fn the_largest_envelope_fits_a_publish() {
    let (secret, key) = generate().unwrap();
    let sealing = Sealing::begin(Reader::Inbox, &key).unwrap();
    let sealed = sealing.finish_envelope(&[9; 8], &vec![7; CONTENT_MAX]).unwrap();
    assert!(sealed.payload.len() <= PAYLOAD_MAX);
    assert_eq!(sealed.plaintext_size, CONTENT_MAX);
    let envelope = SealedEnvelope::parse(&sealed.payload).unwrap();
    assert_eq!(envelope.key_id, [9; 8]);
    assert_eq!(*envelope.open(Reader::Inbox, &secret).unwrap(), vec![7; CONTENT_MAX]);
}

#[test]
fn any_length_of_anything_is_refused_without_a_panic() {
    let (secret, key) = generate().unwrap();
    let sealing = Sealing::begin(Reader::Inbox, &key).unwrap();
    let enc = *sealing.enc();
    let sealed = sealing.finish(b"content").unwrap();
    for length in 0..sealed.len() {
        let refused = open(Reader::Inbox, &secret, &enc, &sealed[..length]);
        assert_eq!(refused, Err(SealError::Open), "ciphertext of {length}");
    }
    for length in (0..64).filter(|length| *length != ENC) {
        let refused = open(Reader::Inbox, &secret, &[1; 64][..length], &sealed);
        assert_eq!(refused, Err(SealError::Open), "enc of {length}");
    }
    for size in [0, 15, 16, 17, 271, 272, 273, 1040, 65_552, 65_553, 1 << 20] {
        for fill in [0, 0x80, 0xff] {
            let refused = open(Reader::Inbox, &secret, &enc, &vec![fill; size]);
            assert_eq!(refused, Err(SealError::Open), "{size} of {fill:#x}");
        }
    }
}

#[test]
fn with_any_bit_flipped_it_does_not_open() {
    let (secret, key) = generate().unwrap();
    let sealing = Sealing::begin(Reader::Inbox, &key).unwrap();
    let enc = *sealing.enc();
    let sealed = sealing.finish(b"content").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let refused = open(Reader::Inbox, &secret, &enc, &altered);
        assert_eq!(refused, Err(SealError::Open), "ciphertext bit {bit}");
    }
    for bit in 0..ENC * 8 {
        let mut altered = enc;
        altered[bit / 8] ^= 1 << (bit % 8);
        let refused = open(Reader::Inbox, &secret, &altered, &sealed);
        assert_eq!(refused, Err(SealError::Open), "enc bit {bit}");
    }
}

#[test]
fn what_is_padded_wrongly_inside_is_refused() {
    let (secret, key) = generate().unwrap();
    for wrong in [[0; 256], [1; 256]] {
        let (enc, mut sealer) = AWS_LC.sealer(Reader::Inbox.info(), &key).unwrap();
        let sealed = sealer.seal(&[], &wrong).unwrap();
        assert_eq!(open(Reader::Inbox, &secret, &enc, &sealed), Err(SealError::Padding));
    }
}

#[test]
fn an_envelope_of_another_version_or_other_lengths_is_refused() {
    let honest = || Envelope {
        schema_version: SCHEMA_VERSION,
        key_id: vec![1; 8],
        enc: vec![2; ENC],
        ciphertext: vec![3; 256 + TAG],
    };
    let parse = |alter: fn(&mut Envelope)| {
        let mut envelope = honest();
        alter(&mut envelope);
        SealedEnvelope::parse(&envelope.encode_to_vec()).map(|_| ())
    };
    assert_eq!(parse(|_| ()), Ok(()));
    assert_eq!(parse(|e| e.schema_version = 0), Err(SealError::Malformed("envelope")));
    assert_eq!(parse(|e| e.schema_version = 2), Err(SealError::Future(2)));
    let changes: [fn(&mut Vec<u8>); 3] = [Vec::clear, |v| v.truncate(7), |v| v.push(0)];
    for change in changes {
        let mut envelope = honest();
        change(&mut envelope.key_id);
        let refused = SealedEnvelope::parse(&envelope.encode_to_vec());
        assert_eq!(refused, Err(SealError::Malformed("key id")));
        let mut envelope = honest();
        change(&mut envelope.enc);
        let refused = SealedEnvelope::parse(&envelope.encode_to_vec());
        assert_eq!(refused, Err(SealError::Malformed("encapsulated key")));
        let mut envelope = honest();
        change(&mut envelope.ciphertext);
        let refused = SealedEnvelope::parse(&envelope.encode_to_vec());
        assert_eq!(refused, Err(SealError::Malformed("ciphertext")));
    }
    let large = Envelope { ciphertext: vec![0; PAYLOAD_MAX], ..honest() };
    let refused = SealedEnvelope::parse(&large.encode_to_vec());
    assert_eq!(refused, Err(SealError::Malformed("envelope")));
}

#[test]
fn debug_shows_nothing_of_an_encryption() {
    let (_, key) = generate().unwrap();
    let sealing = Sealing::begin(Reader::Inbox, &key).unwrap();
    assert_eq!(format!("{sealing:?}"), "Sealing(..)");
    let sealed = sealing.finish_envelope(&[9; 8], b"content").unwrap();
    let envelope = SealedEnvelope::parse(&sealed.payload).unwrap();
    let size = sealed.payload.len();
    let shown = format!("{sealed:?} {envelope:?}");
    assert_eq!(shown, format!("Sealed({size} bytes) SealedEnvelope(272 bytes)"));
}
