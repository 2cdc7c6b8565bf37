// SPDX-License-Identifier: Apache-2.0
//! One message under way. What is written in it is not here: it stays on the disk until it is sent.

use std::fmt;

use cloudmessaging_seal::{
    generate, receipt_key_id, KeyId, Number, PublicKey, RoutingId, SecretKey,
};
use cloudmessaging_wire::limits::{EXPIRY_MARGIN, MESSAGE_LIFE};
use ring::digest::{Context, SHA256};
use zeroize::Zeroizing;

use super::{MessageId, SmsReason, StoreError};

/// What the app asks for.
pub struct NewMessage {
    /// The app's: the same id and content is the same message.
    pub id: MessageId,
    /// Subscription id of the SIM that it goes out from.
    pub sim: i32,
    /// To whom.
    pub recipient: Number,
    /// What is written.
    pub body: Zeroizing<String>,
    /// When the app wants to send an SMS instead.
    pub sms_deadline_ms: i64,
    /// Names the message in the ledger: the gate's own, no part of what is asked for.
    pub message_hash: [u8; 32],
    /// The consent that it is accepted under; the gate's own too.
    pub record_id: [u8; 16],
}

impl NewMessage {
    /// SHA-256 over all that the app asks for, each part of a fixed length or after its length.
    pub(super) fn request(&self) -> [u8; 32] {
        let mut hash = Context::new(&SHA256);
        hash.update(&self.id);
        hash.update(&self.sim.to_be_bytes());
        hash.update(&self.sms_deadline_ms.to_be_bytes());
        for text in [self.recipient.as_str(), self.body.as_str()] {
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        let mut request = [0; 32];
        request.copy_from_slice(hash.finish().as_ref());
        request
    }
}

impl fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewMessage(..)")
    }
}

/// Whom a message was sealed to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Who alone can sign its receipt.
    pub identity_key: [u8; 32],
    /// Whose inbox it went to.
    pub routing_id: RoutingId,
    /// The prekey that opens it.
    pub prekey_id: KeyId,
}

impl fmt::Debug for Reader {
    // It tells one phone from another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader(..)")
    }
}

/// Where a message that has no outcome yet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Never handed over.
    Waiting,
    /// Handed over to an uplink.
    HandedOver,
    /// Handed over, not acknowledged by the broker: perhaps out, to be sent again.
    Returned,
    /// The broker has it.
    Acknowledged,
    /// Perhaps out, and its consent was withdrawn: never sent again.
    Withdrawn,
}

/// How far a message is: what of an entry changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    pub state: State,
    pub attempts: u32,
    pub reader: Option<Reader>,
    pub reason: SmsReason,
}

/// A message that was accepted and has no outcome yet. Wiped when dropped.
pub struct Entry {
    pub(super) id: MessageId,
    pub(super) sim: i32,
    pub(super) recipient: Number,
    pub(super) body_bytes: usize,
    pub(super) message_hash: [u8; 32],
    pub(super) record_id: [u8; 16],
    pub(super) request: [u8; 32],
    pub(super) accepted_ms: i64,
    pub(super) not_after_ms: i64,
    pub(super) sms_deadline_ms: i64,
    pub(super) receipt_secret: SecretKey,
    pub(super) receipt_public: PublicKey,
    pub(super) receipt_key_id: KeyId,
    pub(super) progress: Progress,
    /// Before the last attempt of this life.
    pub(super) before: Option<Progress>,
    /// Its consent is not in force: not to be sent, whether or not the disk says so yet.
    pub(super) stopped: bool,
    /// A retract was handed over in this life.
    pub(super) retracted: bool,
}

impl Entry {
    /// Makes the receipt key, and the deadlines out of the app's; boxed, so that what is secret stays in
    /// one place until it is wiped.
    pub(super) fn new(
        message: &NewMessage,
        request: [u8; 32],
        now_ms: i64,
    ) -> Result<Box<Self>, StoreError> {
        let (receipt_secret, receipt_public) = generate()?;
        let (margin, life) = (EXPIRY_MARGIN.as_millis() as i64, MESSAGE_LIFE.as_millis() as i64);
        let not_after_ms =
            message.sms_deadline_ms.saturating_sub(margin).min(now_ms.saturating_add(life));
        Ok(Box::new(Self {
            id: message.id,
            sim: message.sim,
            recipient: message.recipient.clone(),
            body_bytes: message.body.len(),
            message_hash: message.message_hash,
            record_id: message.record_id,
            request,
            accepted_ms: now_ms,
            not_after_ms,
            sms_deadline_ms: not_after_ms.saturating_add(margin),
            receipt_secret,
            receipt_public,
            receipt_key_id: receipt_key_id(&receipt_public),
            progress: Progress {
                state: State::Waiting,
                attempts: 0,
                reader: None,
                reason: SmsReason::NoNetwork,
            },
            before: None,
            stopped: false,
            retracted: false,
        }))
    }

    /// The app's id.
    pub fn id(&self) -> &MessageId {
        &self.id
    }

    /// Subscription id of the SIM that it goes out from.
    pub fn sim(&self) -> i32 {
        self.sim
    }

    /// To whom.
    pub fn recipient(&self) -> &Number {
        &self.recipient
    }

    /// When it was accepted.
    pub fn accepted_ms(&self) -> i64 {
        self.accepted_ms
    }

    /// When the recipient stops accepting it: never sent from then on.
    pub fn not_after_ms(&self) -> i64 {
        self.not_after_ms
    }

    /// When it ends at the latest: the app's deadline, or a message's longest life and the margin.
    pub fn sms_deadline_ms(&self) -> i64 {
        self.sms_deadline_ms
    }

    /// Opens its receipt.
    pub fn receipt_secret(&self) -> &SecretKey {
        &self.receipt_secret
    }

    /// Goes along inside the seal.
    pub fn receipt_public(&self) -> &PublicKey {
        &self.receipt_public
    }

    /// Names the receipt key in the receipt's envelope.
    pub fn receipt_key_id(&self) -> &KeyId {
        &self.receipt_key_id
    }

    /// Names the message in the ledger.
    pub fn message_hash(&self) -> &[u8; 32] {
        &self.message_hash
    }

    /// The consent that it was accepted under.
    pub fn record_id(&self) -> &[u8; 16] {
        &self.record_id
    }

    /// How often it was handed over.
    pub fn attempts(&self) -> u32 {
        self.progress.attempts
    }

    /// Whom it was last sealed to.
    pub fn reader(&self) -> Option<&Reader> {
        self.progress.reader.as_ref()
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.progress.state
    }

    /// Whether somebody may have it.
    pub fn is_perhaps_out(&self) -> bool {
        self.progress.attempts > 0
    }

    /// Whether it waits to be handed over, for the first time or again.
    pub fn is_to_be_sent(&self) -> bool {
        !self.stopped && matches!(self.progress.state, State::Waiting | State::Returned)
    }

    /// Whether its sender is to take it back: it may be out, and its time is over.
    pub(super) fn is_to_be_retracted(&self, now_ms: i64) -> bool {
        let live = !self.stopped && !self.retracted && self.progress.state != State::Withdrawn;
        live && self.is_perhaps_out() && self.not_after_ms <= now_ms
    }

    /// The reason if it ends at its deadline.
    pub(super) fn reason(&self) -> SmsReason {
        if self.is_perhaps_out() {
            SmsReason::Expired
        } else {
            self.progress.reason
        }
    }

    pub(super) fn noted(&self, reason: SmsReason) -> Progress {
        Progress { reason, ..self.progress }
    }

    pub(super) fn handed_over(&self, reader: Reader) -> Option<Progress> {
        self.is_to_be_sent().then(|| Progress {
            state: State::HandedOver,
            attempts: self.progress.attempts.saturating_add(1),
            reader: Some(reader),
            ..self.progress
        })
    }

    /// As before the last attempt, if nothing came after it.
    pub(super) fn kept_back(&self) -> Option<Progress> {
        let before = self.before.filter(|_| self.progress.state == State::HandedOver)?;
        Some(Progress { reason: self.progress.reason, ..before })
    }

    /// On from `HandedOver`, and from nothing else.
    pub(super) fn settled(&self, state: State) -> Option<Progress> {
        let may = self.progress.state == State::HandedOver;
        may.then_some(Progress { state, ..self.progress })
    }

    pub(super) fn withdrawn(&self) -> Progress {
        Progress { state: State::Withdrawn, ..self.progress }
    }

    /// Moves on, once that is as durable as it has to be.
    pub(super) fn move_to(&mut self, progress: Progress) {
        if progress.attempts > self.progress.attempts {
            self.before = Some(self.progress);
        } else if progress.state != self.progress.state {
            self.before = None;
        }
        self.progress = progress;
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({:?}, attempts {})", self.progress.state, self.progress.attempts)
    }
}
