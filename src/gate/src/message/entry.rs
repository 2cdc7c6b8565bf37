// SPDX-License-Identifier: Apache-2.0
//! One message under way.

use std::fmt;

use cloudmessaging_seal::{generate, receipt_key_id, KeyId, Number, PublicKey, SecretKey};
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

/// A message that was accepted and has no outcome yet. Wiped when dropped.
pub struct Entry {
    message: NewMessage,
    request: [u8; 32],
    accepted_ms: i64,
    not_after_ms: i64,
    sms_deadline_ms: i64,
    receipt_secret: SecretKey,
    receipt_public: PublicKey,
    receipt_key_id: KeyId,
    attempts: u32,
    reader: Option<[u8; 32]>,
    state: State,
    /// Reader and state before the last attempt.
    before: (Option<[u8; 32]>, State),
    reason: SmsReason,
}

impl Entry {
    /// Makes the receipt key, and the deadlines out of the app's; boxed, so that what is secret stays in
    /// one place until it is wiped.
    pub(super) fn new(
        message: NewMessage,
        request: [u8; 32],
        now_ms: i64,
    ) -> Result<Box<Self>, StoreError> {
        let (receipt_secret, receipt_public) = generate()?;
        let (margin, life) = (EXPIRY_MARGIN.as_millis() as i64, MESSAGE_LIFE.as_millis() as i64);
        let not_after_ms =
            message.sms_deadline_ms.saturating_sub(margin).min(now_ms.saturating_add(life));
        Ok(Box::new(Self {
            message,
            request,
            accepted_ms: now_ms,
            not_after_ms,
            sms_deadline_ms: not_after_ms.saturating_add(margin),
            receipt_secret,
            receipt_public,
            receipt_key_id: receipt_key_id(&receipt_public),
            attempts: 0,
            reader: None,
            state: State::Waiting,
            before: (None, State::Waiting),
            reason: SmsReason::NoNetwork,
        }))
    }

    /// The app's id.
    pub fn id(&self) -> &MessageId {
        &self.message.id
    }

    /// Subscription id of the SIM that it goes out from.
    pub fn sim(&self) -> i32 {
        self.message.sim
    }

    /// To whom.
    pub fn recipient(&self) -> &Number {
        &self.message.recipient
    }

    /// What is written.
    pub fn body(&self) -> &Zeroizing<String> {
        &self.message.body
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
        &self.message.message_hash
    }

    /// How often it was handed over.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Identity key of whom it was last sealed to, who alone can sign its receipt.
    pub fn reader(&self) -> Option<&[u8; 32]> {
        self.reader.as_ref()
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether somebody may have it.
    pub fn is_perhaps_out(&self) -> bool {
        self.attempts > 0
    }

    /// Whether it waits to be handed over, for the first time or again.
    pub fn is_to_be_sent(&self) -> bool {
        matches!(self.state, State::Waiting | State::Returned)
    }

    pub(super) fn request(&self) -> &[u8; 32] {
        &self.request
    }

    /// The reason if it ends at its deadline.
    pub(super) fn reason(&self) -> SmsReason {
        if self.is_perhaps_out() {
            SmsReason::Expired
        } else {
            self.reason
        }
    }

    pub(super) fn note(&mut self, reason: SmsReason) {
        self.reason = reason;
    }

    pub(super) fn hand_over(&mut self, reader: [u8; 32]) -> bool {
        let may = self.is_to_be_sent();
        if may {
            self.before = (self.reader, self.state);
            self.state = State::HandedOver;
            self.attempts = self.attempts.saturating_add(1);
            self.reader = Some(reader);
        }
        may
    }

    /// Undoes the last attempt, if nothing came after it.
    pub(super) fn keep_back(&mut self) -> bool {
        let may = self.state == State::HandedOver;
        if may {
            (self.reader, self.state) = self.before;
            self.attempts -= 1;
        }
        may
    }

    /// Moves on from `HandedOver`, and from nothing else.
    pub(super) fn settle(&mut self, state: State) -> bool {
        let may = self.state == State::HandedOver;
        if may {
            self.state = state;
        }
        may
    }

    pub(super) fn withdraw(&mut self) {
        self.state = State::Withdrawn;
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({:?}, attempts {})", self.state, self.attempts)
    }
}
