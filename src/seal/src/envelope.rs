// SPDX-License-Identifier: Apache-2.0
//! What stands between a plaintext and the broker: padded, sealed with HPKE to one key, for one kind of
//! reader.
//!
//! The encapsulated key is known before the plaintext is complete, because the signature inside covers it:
//! so a reader cannot seal what it was sent again to somebody else and have it pass as sent to them.

use std::fmt;

use cloudmessaging_wire::limits::{PAD_BUCKETS, PAYLOAD_MAX, SCHEMA_VERSION};
use cloudmessaging_wire::proto::envelope::Envelope;
use prost::Message as _;
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::hpke::{Hpke as _, Sealer, AWS_LC, ENC, TAG};
use crate::key::{KeyId, PublicKey, SecretKey};
use crate::pad::{pad, unpad};
use crate::parse;

/// Who is to read. It is HPKE's `info`, so that what was sealed for one kind opens for no other, even where
/// one key served both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /// A phone's inbox, by one of its prekeys: messages and retracts.
    Inbox,
    /// The sender of a message, by the receipt key made for it.
    Receipt,
    /// The registrar.
    Registrar,
    /// A phone, by the reply key made for its request to the registrar.
    Reply,
}

impl Reader {
    fn info(self) -> &'static [u8] {
        match self {
            Reader::Inbox => b"cm/1 message",
            Reader::Receipt => b"cm/1 receipt",
            Reader::Registrar => b"cm/1 registrar",
            Reader::Reply => b"cm/1 reply",
        }
    }
}

/// An encryption that has begun: its encapsulated key exists, its plaintext does not yet. Seals once.
pub struct Sealing {
    enc: [u8; ENC],
    sealer: Box<dyn Sealer>,
}

impl Sealing {
    /// Begins an encryption to `key`.
    ///
    /// [`SealError::PublicKey`] if nothing can be sealed to it.
    pub fn begin(reader: Reader, key: &PublicKey) -> Result<Self, SealError> {
        let (enc, sealer) = AWS_LC.sealer(reader.info(), key)?;
        Ok(Self { enc, sealer })
    }

    /// The encapsulated key (`enc` of RFC 9180, 4), 32 bytes.
    pub fn enc(&self) -> &[u8; ENC] {
        &self.enc
    }

    /// Pads and encrypts, with empty additional data; the result is a bucket and 16 bytes long.
    ///
    /// [`SealError::TooLong`] above [`pad::CONTENT_MAX`](crate::pad::CONTENT_MAX).
    pub fn finish(mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        self.sealer.seal(&[], &pad(plaintext)?)
    }

    /// [`finish`](Self::finish), as the payload of a PUBLISH to an inbox or a reply topic.
    pub fn finish_envelope(self, key_id: &KeyId, plaintext: &[u8]) -> Result<Sealed, SealError> {
        let enc = self.enc.to_vec();
        let envelope = Envelope {
            schema_version: SCHEMA_VERSION,
            key_id: key_id.to_vec(),
            enc,
            ciphertext: self.finish(plaintext)?,
        };
        Ok(Sealed { payload: envelope.encode_to_vec(), plaintext_size: plaintext.len() })
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealing(..)")
    }
}

/// A finished payload, and what the ledger says of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The payload of a PUBLISH: an `Envelope` or a `SealedRequest`, serialised.
    pub payload: Vec<u8>,
    /// Bytes of the plaintext, signature included, before padding.
    pub plaintext_size: usize,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.payload.len())
    }
}

/// Decrypts and takes the padding off. Says nothing about who sealed it.
///
/// `enc` and `ciphertext` may be anything: a wrong length is [`SealError::Open`].
pub fn open(
    reader: Reader,
    secret: &SecretKey,
    enc: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let enc = enc.try_into().map_err(|_| SealError::Open)?;
    // Before the key agreement, so that garbage costs little.
    if !is_sealed_size(ciphertext) {
        return Err(SealError::Open);
    }
    unpad(AWS_LC.opener(reader.info(), secret, enc)?.open(&[], ciphertext)?)
}

/// An envelope as it arrived: of known version and the right lengths, not opened.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedEnvelope {
    /// Which of the reader's keys it is sealed to.
    pub key_id: KeyId,
    /// HPKE encapsulated key.
    pub enc: [u8; ENC],
    /// HPKE ciphertext.
    pub ciphertext: Vec<u8>,
}

impl SealedEnvelope {
    /// Takes the payload of a PUBLISH apart.
    pub fn parse(payload: &[u8]) -> Result<Self, SealError> {
        let envelope: Envelope = parse::message(payload, PAYLOAD_MAX, "envelope")?;
        parse::version(envelope.schema_version, "envelope")?;
        Ok(Self {
            key_id: parse::array(&envelope.key_id, "key id")?,
            enc: parse::array(&envelope.enc, "encapsulated key")?,
            ciphertext: sealed(envelope.ciphertext)?,
        })
    }

    /// Decrypts with the key that `key_id` names.
    pub fn open(
        &self,
        reader: Reader,
        secret: &SecretKey,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open(reader, secret, &self.enc, &self.ciphertext)
    }
}

impl fmt::Debug for SealedEnvelope {
    // Key id and encapsulated key tell one message from another, so they stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedEnvelope({} bytes)", self.ciphertext.len())
    }
}

/// A ciphertext of a size that [`Sealing::finish`] makes.
pub(crate) fn sealed(ciphertext: Vec<u8>) -> Result<Vec<u8>, SealError> {
    is_sealed_size(&ciphertext).then_some(ciphertext).ok_or(SealError::Malformed("ciphertext"))
}

fn is_sealed_size(ciphertext: &[u8]) -> bool {
    ciphertext.len().checked_sub(TAG).is_some_and(|size| PAD_BUCKETS.contains(&size))
}

#[cfg(test)]
mod tests;
