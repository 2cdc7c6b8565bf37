// SPDX-License-Identifier: Apache-2.0
//! How the content of a row is wrapped: ChaCha20-Poly1305 under a key derived from the user's storage key, bound to
//! the format, the column, the row, the user and the user's serial number. Numbers and ids, where a row has to be found
//! by one, are HMAC-SHA256 under another derived key, so that nobody without it can try numbers.

use std::fmt;

use prost::Message;
use ring::aead::{self, LessSafeKey, CHACHA20_POLY1305, NONCE_LEN};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::StoreError;
use crate::identity::StorageKey;

/// Version of the wrapping, which is not that of the tables: what one version of these sealed opens in the next.
const WRAPPING: u32 = 1;

const CONTENT: &[u8] = b"messages";
const INDEX: &[u8] = b"messages index";
const AAD: &[u8] = b"cloudmessaging messages\0";

/// What is sealed: no content of one opens as that of another.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Check = 1,
    Entry = 2,
    Body = 3,
    Progress = 4,
    Outcome = 5,
    Inbound = 6,
    Receipt = 7,
    SmsMatch = 8,
    Peer = 9,
}

/// What a tag stands for.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Message = 1,
    Pair = 2,
    Sms = 3,
    Consent = 4,
    Number = 5,
}

/// A keyed hash.
pub(super) type Tag = [u8; 32];

/// The keys of one user's messages.
pub(super) struct Sealer {
    content: LessSafeKey,
    index: hmac::Key,
    user: i32,
    serial: i64,
}

impl Sealer {
    pub(super) fn new(storage: &StorageKey, user: i32, serial: i64) -> Option<Self> {
        let (content, index) = (storage.derive(CONTENT)?, storage.derive_hmac(INDEX)?);
        Some(Self { content, index, user, serial })
    }

    pub(super) fn serial(&self) -> i64 {
        self.serial
    }

    /// Nonce, ciphertext and authentication tag.
    pub(super) fn seal(
        &self,
        column: Column,
        row: i64,
        content: &impl Message,
    ) -> Result<Vec<u8>, StoreError> {
        // Its full size at once: a buffer that grew would leave copies behind.
        let size = NONCE_LEN + content.encoded_len() + CHACHA20_POLY1305.tag_len();
        let mut text = Zeroizing::new(Vec::with_capacity(size));
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| StoreError::Key)?;
        text.extend_from_slice(&nonce);
        content.encode(&mut *text).map_err(|_| StoreError::Key)?;
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let aad = aead::Aad::from(self.aad(column, row));
        let tag = self
            .content
            .seal_in_place_separate_tag(nonce, aad, &mut text[NONCE_LEN..])
            .map_err(|_| StoreError::Key)?;
        text.extend_from_slice(tag.as_ref());
        Ok(std::mem::take(&mut *text))
    }

    /// What was sealed for this column and row.
    pub(super) fn open<M: Message + Default>(
        &self,
        column: Column,
        row: i64,
        sealed: Vec<u8>,
    ) -> Result<M, StoreError> {
        let mut sealed = Zeroizing::new(sealed);
        let Some((nonce, text)) = sealed.split_first_chunk_mut::<NONCE_LEN>() else {
            return Err(StoreError::Damaged);
        };
        let nonce = aead::Nonce::assume_unique_for_key(*nonce);
        let aad = aead::Aad::from(self.aad(column, row));
        let text = self.content.open_in_place(nonce, aad, text).map_err(|_| StoreError::Damaged)?;
        M::decode(&*text).map_err(|_| StoreError::Damaged)
    }

    /// Stands for these parts, each of a fixed length but the last.
    pub(super) fn tag(&self, named: Named, parts: &[&[u8]]) -> Tag {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(&[named as u8]);
        parts.iter().for_each(|part| context.update(part));
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    fn aad(&self, column: Column, row: i64) -> Vec<u8> {
        let (version, row) = (WRAPPING.to_be_bytes(), row.to_be_bytes());
        let (user, serial) = (self.user.to_be_bytes(), self.serial.to_be_bytes());
        [AAD, &version, &[column as u8], &row, &user, &serial].concat()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

#[cfg(test)]
mod tests {
    use cloudmessaging_wire::proto::messages::Body;

    use super::*;

    fn sealer(key: u8, user: i32, serial: i64) -> Sealer {
        Sealer::new(&StorageKey::from_bytes(&[key; 32]).unwrap(), user, serial).unwrap()
    }

    #[test]
    fn content_opens_in_its_place_alone() {
        let body = Body { text: "hello".into() };
        let sealed = sealer(1, 10, 7).seal(Column::Body, 3, &body).unwrap();
        let open = |sealer: Sealer, column, row| sealer.open::<Body>(column, row, sealed.clone());
        assert!(open(sealer(1, 10, 7), Column::Body, 3) == Ok(body));
        let elsewhere = [
            open(sealer(2, 10, 7), Column::Body, 3),
            open(sealer(1, 11, 7), Column::Body, 3),
            open(sealer(1, 10, 8), Column::Body, 3),
            open(sealer(1, 10, 7), Column::Inbound, 3),
            open(sealer(1, 10, 7), Column::Body, 4),
        ];
        assert!(elsewhere.iter().all(|opened| opened.as_ref().err() == Some(&StoreError::Damaged)));
    }

    #[test]
    fn what_was_altered_or_cut_does_not_open() {
        let sealer = sealer(1, 10, 7);
        let sealed = sealer.seal(Column::Body, 3, &Body { text: "hello".into() }).unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(sealer.open::<Body>(Column::Body, 3, altered).is_err(), "byte {at}");
            assert!(sealer.open::<Body>(Column::Body, 3, sealed[..at].to_vec()).is_err());
        }
    }

    #[test]
    fn two_users_and_two_kinds_have_different_tags() {
        let tag = |sealer: Sealer, named| sealer.tag(named, &[b"+15550100"]);
        let one = tag(sealer(1, 10, 7), Named::Number);
        assert_eq!(one, tag(sealer(1, 10, 7), Named::Number));
        assert_ne!(one, tag(sealer(2, 10, 7), Named::Number));
        assert_ne!(one, tag(sealer(1, 10, 7), Named::Sms));
    }
}
