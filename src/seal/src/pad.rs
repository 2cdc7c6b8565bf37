// SPDX-License-Identifier: Apache-2.0
//! Padding to a few sizes, so that a ciphertext does not tell how long a message is.
//!
//! Content, one byte 0x80, then zeros up to a bucket (ISO/IEC 7816-4): the content may end in anything. The
//! padding is inside the encryption, so only who sealed it can have padded it wrongly.

use cloudmessaging_wire::limits::PAD_BUCKETS;
use zeroize::Zeroizing;

use crate::error::SealError;

const MARK: u8 = 0x80;

/// Longest content in bytes: the largest bucket less the mark.
pub const CONTENT_MAX: usize = PAD_BUCKETS[PAD_BUCKETS.len() - 1] - 1;

/// Pads to the smallest bucket that the content fits with its mark.
pub fn pad(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let bucket = PAD_BUCKETS
        .into_iter()
        .find(|bucket| content.len() < *bucket)
        .ok_or(SealError::TooLong(content.len()))?;
    let mut padded = Zeroizing::new(Vec::with_capacity(bucket));
    padded.extend_from_slice(content);
    padded.push(MARK);
    padded.resize(bucket, 0);
    Ok(padded)
}

/// Takes the padding off; refuses what is not of a bucket's size or has no mark.
pub fn unpad(mut padded: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if !PAD_BUCKETS.contains(&padded.len()) {
        return Err(SealError::Padding);
    }
    let mark = padded.iter().rposition(|byte| *byte != 0).ok_or(SealError::Padding)?;
    if padded[mark] != MARK {
        return Err(SealError::Padding);
    }
    padded.truncate(mark);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_goes_into_the_smallest_bucket_that_holds_it_and_its_mark() {
        for (content, bucket) in [
            (0, 256),
            (1, 256),
            (254, 256),
            (255, 256),
            (256, 1024),
            (1023, 1024),
            (1024, 4096),
            (4095, 4096),
            (4096, 16_384),
            (16_383, 16_384),
            (16_384, 65_536),
            (CONTENT_MAX, 65_536),
        ] {
            for fill in [0, MARK, 0xff] {
                let content = vec![fill; content];
                let padded = pad(&content).unwrap();
                assert_eq!(padded.len(), bucket);
                assert_eq!(*unpad(padded).unwrap(), content);
            }
        }
    }

    #[test]
    fn what_no_bucket_holds_is_refused() {
        let size = CONTENT_MAX + 1;
        assert_eq!(pad(&vec![0; size]), Err(SealError::TooLong(size)));
    }

    #[test]
    fn what_is_not_of_a_buckets_size_is_refused() {
        for size in [0, 1, 255, 257, 1023, 1025, 65_535, 65_537] {
            let mut padded = vec![0; size];
            padded.iter_mut().take(1).for_each(|byte| *byte = MARK);
            assert_eq!(unpad(Zeroizing::new(padded)), Err(SealError::Padding), "{size}");
        }
    }

    #[test]
    fn what_has_no_mark_is_refused() {
        let without = Zeroizing::new(vec![0; 256]);
        assert_eq!(unpad(without), Err(SealError::Padding));
        for last in [1, 0x40, 0x81, 0xff] {
            let mut padded = pad(b"content").unwrap();
            padded[255] = last;
            assert_eq!(unpad(padded), Err(SealError::Padding), "{last:#x}");
        }
    }
}
