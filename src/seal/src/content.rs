// SPDX-License-Identifier: Apache-2.0
//! What phones say to each other: signed by the sender's identity key for this reader, this key and this
//! one encryption, then sealed. What was opened is [`UnverifiedContent`] until its signature was checked.

use std::fmt;

use cloudmessaging_wire::limits::{BODY_MAX, MESSAGE_ID};
use cloudmessaging_wire::proto::envelope::{content::Kind, Content, ReceiptStatus};
use cloudmessaging_wire::signed;
use ring::digest;
use zeroize::{Zeroize as _, Zeroizing};

use crate::envelope::{Reader, Sealed, SealedEnvelope, Sealing};
use crate::error::SealError;
use crate::hpke::ENC;
use crate::identity::{verify, IdentityKey};
use crate::key::{KeyId, PublicKey, SecretKey};
use crate::pad::CONTENT_MAX;
use crate::parse;
use crate::routing::RoutingId;

/// To whom a content is sealed.
#[derive(Clone, Copy)]
pub struct Address<'a> {
    /// [`Reader::Inbox`] for messages and retracts, [`Reader::Receipt`] for receipts.
    pub reader: Reader,
    /// The reader's own: of the inbox that it goes to.
    pub routing_id: &'a RoutingId,
    /// Names `key`: the id of a prekey, or [`receipt_key_id`].
    pub key_id: &'a KeyId,
    /// The prekey or the receipt key.
    pub key: &'a PublicKey,
}

/// What a receipt's envelope names its key: the first 8 bytes of the SHA-256 of the receipt key, which
/// stood inside the seal of the message, so that only its two ends can tell what is being answered.
pub fn receipt_key_id(receipt_key: &PublicKey) -> KeyId {
    let mut id = KeyId::default();
    let hash = digest::digest(&digest::SHA256, &receipt_key.0);
    id.copy_from_slice(&hash.as_ref()[..size_of::<KeyId>()]);
    id
}

/// Signs and seals a content; its `signature` is made here, whatever stands in it.
///
/// [`SealError::Malformed`] if the reader would refuse its shape.
pub fn seal_content(
    to: &Address<'_>,
    sender: &IdentityKey,
    mut content: Content,
) -> Result<Sealed, SealError> {
    content.signature.clear();
    check(&content)?;
    let sealing = Sealing::begin(to.reader, to.key)?;
    let body = encode_signable(&content);
    if let Some(Kind::Message(message)) = &mut content.kind {
        message.body.zeroize();
    }
    let signature = sender.sign(&Zeroizing::new(signed::content(
        to.routing_id,
        to.key_id,
        sealing.enc(),
        &body,
    )));
    sealing.finish_envelope(to.key_id, &attach(body, &signature))
}

/// Opens an envelope with the key that its `key_id` names.
pub fn open_content(
    reader: Reader,
    secret: &SecretKey,
    envelope: &SealedEnvelope,
) -> Result<UnverifiedContent, SealError> {
    let plaintext = envelope.open(reader, secret)?;
    let (body, signature) = signed::detach(&plaintext).ok_or(SealError::Malformed("content"))?;
    // The signed bytes alone are decoded, so nothing in `content` is outside the signature.
    let content: Content = parse::message(body, CONTENT_MAX, "content")?;
    check(&content)?;
    Ok(UnverifiedContent {
        content,
        body: Zeroizing::new(body.to_vec()),
        signature: *signature,
        key_id: envelope.key_id,
        enc: envelope.enc,
    })
}

/// Version and shape: every field of the length it has to be, a known kind, no signature among what is signed.
fn check(content: &Content) -> Result<(), SealError> {
    parse::version(content.schema_version, "content")?;
    if !content.signature.is_empty() {
        return Err(SealError::Malformed("content"));
    }
    let id = match content.kind.as_ref().ok_or(SealError::Malformed("content"))? {
        Kind::Message(message) => {
            if message.body.len() > BODY_MAX {
                return Err(SealError::Malformed("body"));
            }
            // Empty: the sender's ledger has no checkpoints.
            if !matches!(message.checkpoint_hash.len(), 0 | 32) {
                return Err(SealError::Malformed("checkpoint hash"));
            }
            parse::array::<32>(&message.receipt_public_key, "receipt key")?;
            &message.id
        }
        Kind::Retract(retract) => {
            parse::array::<32>(&retract.receipt_public_key, "receipt key")?;
            &retract.id
        }
        Kind::Receipt(receipt) => {
            if matches!(receipt.status(), ReceiptStatus::Unspecified) {
                return Err(SealError::Malformed("receipt status"));
            }
            &receipt.id
        }
        Kind::Moved(moved) => {
            return parse::array::<32>(&moved.identity_key, "identity key").map(|_| ());
        }
    };
    parse::array::<MESSAGE_ID>(id, "message id").map(|_| ())
}

/// An opened content that anybody could have made.
pub struct UnverifiedContent {
    content: Content,
    body: Zeroizing<Vec<u8>>,
    signature: [u8; 64],
    key_id: KeyId,
    enc: [u8; ENC],
}

impl UnverifiedContent {
    /// What it claims: to find whose signature it should bear, and for nothing else.
    pub fn claimed(&self) -> &Content {
        &self.content
    }

    /// The sender certificate that came with it, not verified. A receipt has none, being from whom the
    /// message was for; nor has a notice of the registrar, whose own key signs it.
    pub fn sender_certificate(&self) -> Option<&[u8]> {
        match self.content.kind.as_ref()? {
            Kind::Message(message) => Some(&message.sender_certificate),
            Kind::Retract(retract) => Some(&retract.sender_certificate),
            Kind::Receipt(_) | Kind::Moved(_) => None,
        }
    }

    /// The content, if `identity_key` signed it for `own_routing_id`, this key and this encryption. Its
    /// `signature` is empty.
    pub fn verify(
        self,
        identity_key: &[u8; 32],
        own_routing_id: &RoutingId,
    ) -> Result<Content, SealError> {
        let message = signed::content(own_routing_id, &self.key_id, &self.enc, &self.body);
        verify(identity_key, &Zeroizing::new(message), &self.signature)?;
        Ok(self.content)
    }
}

impl fmt::Debug for UnverifiedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedContent(..)")
    }
}

/// Encodes with room for the signature, so that attaching it leaves no unwiped copy behind.
pub(crate) fn encode_signable(message: &impl prost::Message) -> Zeroizing<Vec<u8>> {
    let mut body = Zeroizing::new(Vec::with_capacity(message.encoded_len() + signed::SUFFIX));
    // A Vec grows, so encoding into one cannot run out of room.
    message.encode(&mut *body).expect("a Vec has room");
    body
}

/// [`signed::attach`], wiped when dropped.
pub(crate) fn attach(mut body: Zeroizing<Vec<u8>>, signature: &[u8; 64]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(signed::attach(std::mem::take(&mut *body), signature))
}

#[cfg(test)]
mod tests;
