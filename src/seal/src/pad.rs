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
