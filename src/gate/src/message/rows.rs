// SPDX-License-Identifier: Apache-2.0
//! What is kept, as proto/messages.proto says it. Whatever is not what this service writes is damaged.

use cloudmessaging_seal::{receipt_key_id, Number, PublicKey, SecretKey};
use cloudmessaging_wire::proto::messages as proto;
use zeroize::{Zeroize as _, Zeroizing};

use super::entry::Progress;
use super::{Ending, Entry, Inbound, MessageId, Outcome, Reader, SmsReason, State, StoreError};

/// Bytes of a fixed length.
pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged)
}

pub(super) fn number(text: String) -> Result<Number, StoreError> {
    Number::from_string(text).ok_or(StoreError::Damaged)
}

fn reason(reason: SmsReason) -> proto::Reason {
    match reason {
        SmsReason::NotRegistered => proto::Reason::NotRegistered,
        SmsReason::Refused => proto::Reason::Refused,
        SmsReason::Off => proto::Reason::Off,
        SmsReason::NoNetwork => proto::Reason::NoNetwork,
        SmsReason::Expired => proto::Reason::Expired,
        SmsReason::PrekeyGone => proto::Reason::PrekeyGone,
        SmsReason::Full => proto::Reason::Full,
    }
}

fn read_reason(kept: proto::Reason) -> Option<SmsReason> {
    Some(match kept {
        proto::Reason::Unspecified => return None,
        proto::Reason::NotRegistered => SmsReason::NotRegistered,
        proto::Reason::Refused => SmsReason::Refused,
        proto::Reason::Off => SmsReason::Off,
        proto::Reason::NoNetwork => SmsReason::NoNetwork,
        proto::Reason::Expired => SmsReason::Expired,
        proto::Reason::PrekeyGone => SmsReason::PrekeyGone,
        proto::Reason::Full => SmsReason::Full,
    })
}

impl Progress {
    pub(super) fn to_row(self) -> proto::Progress {
        let state = match self.state {
            State::Waiting => proto::State::Waiting,
            // Whoever it was handed to is gone when it is read.
            State::HandedOver | State::Returned => proto::State::HandedOver,
            State::Acknowledged => proto::State::Acknowledged,
            State::Withdrawn => proto::State::Withdrawn,
        };
        proto::Progress {
            state: state.into(),
            attempts: self.attempts,
            reader: self.reader.map(|reader| proto::Reader {
                identity_key: reader.identity_key.to_vec(),
                routing_id: reader.routing_id.to_vec(),
                prekey_id: reader.prekey_id.to_vec(),
            }),
            reason: reason(self.reason).into(),
        }
    }

    pub(super) fn from_row(row: &proto::Progress) -> Result<Self, StoreError> {
        let reader = |reader: &proto::Reader| {
            Ok::<_, StoreError>(Reader {
                identity_key: fixed(&reader.identity_key)?,
                routing_id: fixed(&reader.routing_id)?,
                prekey_id: fixed(&reader.prekey_id)?,
            })
        };
        Ok(Self {
            state: match row.state() {
                proto::State::Unspecified => return Err(StoreError::Damaged),
                proto::State::Waiting => State::Waiting,
                proto::State::HandedOver => State::Returned,
                proto::State::Acknowledged => State::Acknowledged,
                proto::State::Withdrawn => State::Withdrawn,
            },
            attempts: row.attempts,
            reader: row.reader.as_ref().map(reader).transpose()?,
            reason: read_reason(row.reason()).ok_or(StoreError::Damaged)?,
        })
    }
}

/// The part of an entry that does not change; wiped when dropped.
pub(super) struct EntryRow(pub proto::Entry);

impl Drop for EntryRow {
    fn drop(&mut self) {
        self.0.recipient.zeroize();
        self.0.receipt_private_key.zeroize();
    }
}

impl Entry {
    pub(super) fn to_row(&self) -> EntryRow {
        EntryRow(proto::Entry {
            id: self.id.to_vec(),
            subscription_id: self.sim,
            recipient: self.recipient.as_str().to_owned(),
            accepted_ms: self.accepted_ms,
            not_after_ms: self.not_after_ms,
            sms_deadline_ms: self.sms_deadline_ms,
            request: self.request.to_vec(),
            receipt_private_key: self.receipt_secret.as_bytes().to_vec(),
            receipt_public_key: self.receipt_public.0.to_vec(),
            message_hash: self.message_hash.to_vec(),
            record_id: self.record_id.to_vec(),
        })
    }

    pub(super) fn from_row(
        row: &mut EntryRow,
        progress: &proto::Progress,
        body_bytes: i64,
    ) -> Result<Box<Self>, StoreError> {
        let recipient = number(std::mem::take(&mut row.0.recipient))?;
        let row = &row.0;
        let receipt_public = PublicKey(fixed(&row.receipt_public_key)?);
        Ok(Box::new(Self {
            id: fixed(&row.id)?,
            sim: row.subscription_id,
            recipient,
            body_bytes: usize::try_from(body_bytes).map_err(|_| StoreError::Damaged)?,
            message_hash: fixed(&row.message_hash)?,
            record_id: fixed(&row.record_id)?,
            request: fixed(&row.request)?,
            accepted_ms: row.accepted_ms,
            not_after_ms: row.not_after_ms,
            sms_deadline_ms: row.sms_deadline_ms,
            receipt_secret: SecretKey::from_slice(&row.receipt_private_key)
                .map_err(|_| StoreError::Damaged)?,
            receipt_public,
            receipt_key_id: receipt_key_id(&receipt_public),
            progress: Progress::from_row(progress)?,
            before: None,
            stopped: false,
            retracted: false,
        }))
    }
}

/// An outcome, and the hash of what was asked for.
pub(super) fn outcome_row(
    id: &MessageId,
    request: &[u8; 32],
    ending: Ending,
    at_ms: i64,
) -> proto::Outcome {
    let kept = match ending {
        Ending::Delivered => proto::Reason::Unspecified,
        Ending::UseSms(why) => reason(why),
    };
    proto::Outcome { id: id.to_vec(), request: request.to_vec(), reason: kept.into(), at_ms }
}

pub(super) fn read_outcome(cursor: i64, row: &proto::Outcome) -> Result<Outcome, StoreError> {
    let ending = read_reason(row.reason()).map_or(Ending::Delivered, Ending::UseSms);
    Ok(Outcome { cursor, id: fixed(&row.id)?, ending, at_ms: row.at_ms })
}

/// A message received, as it is kept; wiped when dropped.
pub(super) struct InboundRow(pub proto::Inbound);

impl Drop for InboundRow {
    fn drop(&mut self) {
        self.0.sender.zeroize();
        self.0.body.zeroize();
    }
}

impl Inbound {
    pub(super) fn to_row(&self) -> InboundRow {
        InboundRow(proto::Inbound {
            id: self.id.to_vec(),
            subscription_id: self.sim,
            sender: self.sender.as_str().to_owned(),
            body: self.body.as_str().to_owned(),
            sent_ms: self.sent_ms,
            received_ms: self.received_ms,
            checkpoint_hash: self.checkpoint_hash.map_or(Vec::new(), Vec::from),
        })
    }

    pub(super) fn from_row(mut row: InboundRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: fixed(&row.0.id)?,
            sim: row.0.subscription_id,
            sender: number(std::mem::take(&mut row.0.sender))?,
            body: Zeroizing::new(std::mem::take(&mut row.0.body)),
            sent_ms: row.0.sent_ms,
            received_ms: row.0.received_ms,
            checkpoint_hash: match &row.0.checkpoint_hash[..] {
                [] => None,
                hash => Some(fixed(hash)?),
            },
        })
    }
}
