// SPDX-License-Identifier: Apache-2.0
//! What comes in: verified, stored, and only then acknowledged and answered (protocol.md, "A message"). What is not
//! to be believed is acknowledged to the broker, dropped and counted in the ledger.

use std::collections::BTreeMap;

use cloudmessaging_seal::key::random;
use cloudmessaging_seal::{
    open_content, receipt_key_id, verify_sender_certificate, Address, PublicKey, Reader, RoutingId,
    SealedEnvelope, SecretKey,
};
use cloudmessaging_wire::limits::MESSAGE_LIFE;
use cloudmessaging_wire::proto::envelope::{content, Message, Receipt, ReceiptStatus};
use cloudmessaging_wire::proto::ledger::{Ending as LedgerEnding, Purpose, Refused};
use cloudmessaging_wire::proto::uplink::Received;
use cloudmessaging_wire::topic;
use zeroize::Zeroizing;

use super::{Courier, Setback};
use crate::disclose::{Delivery, Payload, RecipientRoutingId};
use crate::gate::Refusal;
use crate::ledger::Event;
use crate::message::{Answer, Ending, Inbound, OwedReceipt, SmsReason, Stored};
use crate::seal;
use crate::sync::lock;

/// How often what was refused is written to the ledger.
const REFUSED_WINDOW_MS: i64 = 60_000;
const MESSAGE_LIFE_MS: i64 = MESSAGE_LIFE.as_millis() as i64;

/// Why something that arrived is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dropped {
    Malformed,
    UnknownKey,
    NotOpened,
    Certificate,
    Signature,
    Expired,
    OlderKey,
    Unexpected,
}

impl Dropped {
    fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "MALFORMED",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::NotOpened => "NOT_OPENED",
            Self::Certificate => "CERTIFICATE",
            Self::Signature => "SIGNATURE",
            Self::Expired => "EXPIRED",
            Self::OlderKey => "OLDER_KEY",
            Self::Unexpected => "UNEXPECTED",
        }
    }
}

/// What became of something that arrived.
enum Fate {
    /// Held, or refused for good: the broker may forget it.
    Settled,
    /// Dropped, and counted.
    Dropped(Dropped),
    /// Not stored: the broker keeps it, and sends it again.
    Unstored,
}

/// What was dropped since the ledger was told.
#[derive(Default)]
pub(super) struct RefusedCounts {
    counts: BTreeMap<Dropped, u32>,
    since_ms: i64,
}

impl Courier {
    pub(super) fn received(&mut self, received: Received) {
        let Some(life) = &self.life else { return };
        let sim = life.inboxes.iter().find(|(_, link)| link.up() == Some(received.connection));
        let sim = sim.map(|(sim, _)| *sim);
        let fate = match (SealedEnvelope::parse(&received.payload), sim) {
            (Err(_), _) => Fate::Dropped(Dropped::Malformed),
            (Ok(envelope), Some(sim)) => self.arrived(sim, &envelope, &received.topic),
            (Ok(envelope), None) => {
                self.answered(&envelope);
                Fate::Settled
            }
        };
        if let Fate::Dropped(why) = fate {
            log::info!("something that arrived is dropped: {why:?}");
            let counts = &mut self.refused;
            if counts.counts.is_empty() {
                counts.since_ms = self.user.module.clock.wall_ms();
            }
            *counts.counts.entry(why).or_default() += 1;
        }
        if matches!(fate, Fate::Unstored) {
            return;
        }
        let acknowledged = self.user.gate.permit(Purpose::Connect, sim, |permit| {
            Ok::<_, Setback>(permit.acknowledge(received.connection, received.token)?)
        });
        if let Err(e) = acknowledged {
            log::debug!("not acknowledged, it will come again: {e}");
        }
    }

    /// Something in the inbox of a SIM: a message to one of its prekeys, or a receipt for one of its messages.
    fn arrived(&mut self, sim: i32, envelope: &SealedEnvelope, on: &str) -> Fate {
        let receipt = lock(&self.user.desk).outbox.by_receipt_key(&envelope.key_id).map(|m| {
            (*m.id(), SecretKey::from_bytes(*m.receipt_secret().as_bytes()), m.reader().copied())
        });
        // Locked or withdrawn in the meantime: the broker keeps it.
        let Some(keys) = self.user.keys() else { return Fate::Unstored };
        let Some(keys) = keys.sims.get(&sim) else { return Fate::Unstored };
        let Some(own) = &keys.certificate else { return Fate::Unstored };
        let own = own.identity.routing_id;
        let opened = match &receipt {
            Some((_, secret, _)) => open_content(Reader::Receipt, secret, envelope),
            None => match keys.prekey(&envelope.key_id) {
                Some(prekey) => open_content(Reader::Inbox, &prekey.secret, envelope),
                None => return Fate::Dropped(Dropped::UnknownKey),
            },
        };
        let Ok(content) = opened else { return Fate::Dropped(Dropped::NotOpened) };
        if on != topic::inbox(&own) {
            return Fate::Dropped(Dropped::Unexpected);
        }
        if let Some((id, _, reader)) = receipt {
            let Some(reader) = reader else { return Fate::Dropped(Dropped::Unexpected) };
            return match content.verify(&reader.identity_key, &own).map(|content| content.kind) {
                Ok(Some(content::Kind::Receipt(receipt))) => self.receipt(&id, &receipt),
                Ok(_) => Fate::Dropped(Dropped::Unexpected),
                Err(_) => Fate::Dropped(Dropped::Signature),
            };
        }
        let now = self.now();
        let registrar = self.user.module.registrar_keys();
        let certificate = content.sender_certificate().unwrap_or_default();
        let Ok(sender) = verify_sender_certificate(certificate, &registrar, now) else {
            return Fate::Dropped(Dropped::Certificate);
        };
        let message = match content.verify(&sender.identity_key, &own).map(|content| content.kind) {
            Ok(Some(content::Kind::Message(message))) => message,
            Ok(_) => return Fate::Dropped(Dropped::Unexpected),
            Err(_) => return Fate::Dropped(Dropped::Signature),
        };
        if now >= message.not_after_ms {
            return Fate::Dropped(Dropped::Expired);
        }
        if !self.pin(&sender.number, &sender.identity_key, sender.serial) {
            return Fate::Dropped(Dropped::OlderKey);
        }
        self.store(sim, message, sender.number.clone(), sender.routing_id)
    }

    fn store(
        &mut self,
        sim: i32,
        message: Message,
        sender: cloudmessaging_seal::Number,
        reader: RoutingId,
    ) -> Fate {
        let now = self.now();
        let id: Option<[u8; 16]> = message.id.as_slice().try_into().ok();
        let key = PublicKey::from_slice(&message.receipt_public_key).ok();
        let Some((id, key)) = id.zip(key) else { return Fate::Dropped(Dropped::Malformed) };
        let inbound = Inbound {
            id,
            sim,
            sender,
            body: Zeroizing::new(message.body),
            sent_ms: message.sent_ms,
            received_ms: now,
        };
        let answer = Answer {
            reader,
            receipt_key: key,
            due_ms: now.saturating_add(self.receipt_delay()),
            until_ms: now.saturating_add(MESSAGE_LIFE_MS),
            record_id: self.consent.unwrap_or_default(),
        };
        let stored = lock(&self.user.desk).inbox.store(inbound, answer);
        match stored {
            Ok(Stored::New) => {
                self.user.module.hints.inbound(self.user.id);
                let message_hash = self.user.book.hash(&id).unwrap_or_default();
                self.user.book.ended(&message_hash, LedgerEnding::Received, "");
            }
            Ok(Stored::Duplicate | Stored::Full | Stored::Retracted) => {}
            Err(e) => {
                log::error!("a message is not stored: {e}");
                return Fate::Unstored;
            }
        }
        Fate::Settled
    }

    fn receipt(&mut self, id: &[u8; 16], receipt: &Receipt) -> Fate {
        if receipt.id != id {
            return Fate::Dropped(Dropped::Unexpected);
        }
        match receipt.status() {
            ReceiptStatus::Delivered => self.end(id, Ending::Delivered),
            ReceiptStatus::Full => self.end(id, Ending::UseSms(SmsReason::Full)),
            ReceiptStatus::Retracted => self.end(id, Ending::UseSms(SmsReason::Expired)),
            ReceiptStatus::Unspecified => return Fate::Dropped(Dropped::Malformed),
        }
        Fate::Settled
    }

    /// A random part of what the build allows, so that the time of a receipt says less about its message.
    fn receipt_delay(&self) -> i64 {
        let most = self.user.module.config.receipt_delay_max.as_millis() as i64;
        let random = random::<8>().map(u64::from_be_bytes).unwrap_or(0);
        (random % (most.unsigned_abs() + 1)) as i64
    }

    /// Whether a receipt waits for the post connection.
    pub(super) fn receipt_wanted(&self, now: i64) -> bool {
        lock(&self.user.desk).inbox.next_receipt().is_some_and(|due| due <= now)
    }

    /// Sends receipts that are due.
    pub(super) fn answer_due(&mut self, now: i64, next: &mut i64) {
        let due = lock(&self.user.desk).inbox.receipts_due(now);
        let due = due.inspect_err(|e| log::error!("receipts cannot be read: {e}"));
        for receipt in due.unwrap_or_default() {
            match self.send_receipt(&receipt) {
                // The owner does not want senders to know: it is not sent later either.
                Ok(true) | Err(Setback::Refused(Refusal::ClassNotAllowed(_))) => {
                    if let Err(e) = lock(&self.user.desk).inbox.receipt_sent(receipt.row) {
                        log::error!("a receipt will be sent twice: {e}");
                    }
                }
                Ok(false) => {}
                Err(e) => log::debug!("a receipt waits: {e}"),
            }
        }
        let due = lock(&self.user.desk).inbox.next_receipt();
        // One that waits for a connection is not a reason to wake.
        if let Some(due) = due.filter(|due| *due > now) {
            *next = (*next).min(due);
        }
    }

    fn send_receipt(&mut self, receipt: &OwedReceipt) -> Result<bool, Setback> {
        let Some(route) = self.post_route() else { return Ok(false) };
        let key_id = receipt_key_id(&receipt.answer.receipt_key);
        let address = Address {
            reader: Reader::Receipt,
            routing_id: &receipt.answer.reader,
            key_id: &key_id,
            key: &receipt.answer.receipt_key,
        };
        let (gate, book) = (&self.user.gate, &self.user.book);
        let Some(keys) = self.user.keys() else { return Ok(false) };
        let Some(keys) = keys.sims.get(&receipt.sim) else { return Ok(false) };
        gate.permit(Purpose::Receipt, Some(receipt.sim), |mut permit| {
            let delivery = Delivery((receipt.id.to_vec(), receipt.status as i32));
            let payload = Payload::receipt(permit.disclose(delivery)?);
            let sealed = seal::to_inbox(payload, &address, &keys.identity)?;
            let inbox = RecipientRoutingId(receipt.answer.reader);
            let expiry_s = MESSAGE_LIFE.as_secs() as u32;
            let to = route.delivery(&inbox, expiry_s, &receipt.id);
            Ok::<_, Setback>(permit.transmit(sealed, to, book)?)
        })?;
        self.remember(route, None);
        Ok(true)
    }

    /// Writes what was dropped to the ledger, once a minute: a flood cannot fill the disk.
    pub(super) fn flush_refused(&mut self, now: i64, next: &mut i64) {
        let counts = &mut self.refused;
        if counts.counts.is_empty() {
            return;
        }
        let due = counts.since_ms.saturating_add(REFUSED_WINDOW_MS);
        if now < due && counts.since_ms <= now {
            *next = (*next).min(due);
            return;
        }
        for (why, count) in std::mem::take(&mut counts.counts) {
            let reason = why.as_str().to_owned();
            self.user.book.note(Event::Refused(Refused { reason, count }));
        }
    }
}
