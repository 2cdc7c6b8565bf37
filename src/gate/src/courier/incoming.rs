// SPDX-License-Identifier: Apache-2.0
//! What comes in: verified, stored, and only then acknowledged and answered (protocol.md, "A message"). What is not
//! to be believed is acknowledged to the broker, dropped and counted in the ledger.

use cloudmessaging_seal::key::random;
use cloudmessaging_seal::{
    open_content, receipt_key_id, verify_sender_certificate, Address, CertifiedIdentity, PublicKey,
    Reader, RoutingId, SealedEnvelope, SecretKey, UnverifiedContent,
};
use cloudmessaging_wire::limits::MESSAGE_LIFE;
use cloudmessaging_wire::proto::envelope::{content::Kind, Message, Receipt, ReceiptStatus};
use cloudmessaging_wire::proto::ledger::{Ending as LedgerEnding, Purpose};
use cloudmessaging_wire::proto::uplink::Received;
use cloudmessaging_wire::topic;
use zeroize::Zeroizing;

use super::dropped::Dropped;
use super::outgoing::Sending;
use super::{Courier, Setback};
use crate::disclose::{Delivery, Payload, RecipientRoutingId};
use crate::gate::Refusal;
use crate::message::{Answer, Ending, Inbound, OwedReceipt, SmsReason, Stored};
use crate::seal;
use crate::sync::lock;

const MESSAGE_LIFE_MS: i64 = MESSAGE_LIFE.as_millis() as i64;
/// How far two phones' wall clocks may be apart before a message that lives as long as it may is dropped.
const CLOCKS_APART_MS: i64 = 2 * 3_600_000;

/// What became of something that arrived.
enum Fate {
    /// Held, or refused for good: the broker may forget it.
    Settled,
    /// Dropped, and counted.
    Dropped(Dropped),
    /// Not stored: the broker keeps it, and sends it again on the next connection.
    Unstored,
    /// The end of this SIM's registration, which is held.
    Moved,
}

impl Courier {
    pub(super) fn received(&mut self, received: Received) {
        let now = self.now();
        let Some(life) = &mut self.life else { return };
        // One that is being closed still counts: what is acknowledged there must have been looked at. One that is
        // not known is over, and nothing of it can be acknowledged.
        let Some((sim, _)) = life.link(received.connection) else { return };
        let fate = match (SealedEnvelope::parse(&received.payload), sim) {
            (Err(_), _) => Fate::Dropped(Dropped::Malformed),
            (Ok(envelope), Some(sim)) => self.arrived(sim, &envelope, &received),
            (Ok(envelope), None) => match self.answered(&envelope) {
                Ok(()) => Fate::Settled,
                Err(why) => Fate::Dropped(why),
            },
        };
        if let Fate::Dropped(why) = fate {
            self.count_dropped(why);
        }
        let stored = !matches!(fate, Fate::Unstored);
        if let Some((_, link)) = self.life.as_mut().and_then(|l| l.link(received.connection)) {
            link.stored(stored, now);
        }
        if !stored {
            return;
        }
        let acknowledged = self.user.gate.permit(Purpose::Connect, sim, |permit| {
            Ok::<_, Setback>(permit.acknowledge(received.connection, received.token)?)
        });
        if let Err(e) = acknowledged {
            log::debug!("not acknowledged, it will come again: {e}");
        }
        if matches!(fate, Fate::Moved) {
            // The gate lets nothing of this SIM pass from here on, not even an acknowledgement.
            self.user.refresh();
        }
    }

    /// Something in the inbox of a SIM: a message to one of its prekeys, or a receipt for one of its messages.
    fn arrived(&mut self, sim: i32, envelope: &SealedEnvelope, received: &Received) -> Fate {
        let receipt = lock(&self.user.desk).outbox.by_receipt_key(&envelope.key_id).map(|m| {
            (*m.id(), SecretKey::from_bytes(*m.receipt_secret().as_bytes()), m.reader().copied())
        });
        // Locked or withdrawn in the meantime: the broker keeps it.
        let Some(keys) = self.user.keys() else { return Fate::Unstored };
        let Some(keys) = keys.sims.get(&sim) else { return Fate::Unstored };
        let Some(own) = &keys.certificate else { return Fate::Unstored };
        let own = &own.identity;
        let opened = match &receipt {
            Some((_, secret, _)) => open_content(Reader::Receipt, secret, envelope),
            None => match keys.prekey(&envelope.key_id) {
                Some(prekey) => open_content(Reader::Inbox, &prekey.secret, envelope),
                None => return Fate::Dropped(Dropped::UnknownKey),
            },
        };
        let Ok(content) = opened else { return Fate::Dropped(Dropped::NotOpened) };
        if received.topic != topic::inbox(&own.routing_id) {
            return Fate::Dropped(Dropped::Unexpected);
        }
        if let Some((id, _, reader)) = receipt {
            let Some(reader) = reader else { return Fate::Dropped(Dropped::Unexpected) };
            let verified = content.verify(&reader.identity_key, &own.routing_id);
            return match verified.map(|content| content.kind) {
                Ok(Some(Kind::Receipt(receipt))) => self.receipt(&id, &receipt),
                Ok(_) => Fate::Dropped(Dropped::Unexpected),
                Err(_) => Fate::Dropped(Dropped::Signature),
            };
        }
        if let Some(Kind::Moved(moved)) = &content.claimed().kind {
            let signing_key_id = moved.signing_key_id;
            return self.moved(sim, own, signing_key_id, content);
        }
        let now = self.now();
        let registrar = self.user.module.registrar_keys();
        let certificate = content.sender_certificate().unwrap_or_default();
        let Ok(sender) = verify_sender_certificate(certificate, &registrar, now) else {
            return Fate::Dropped(Dropped::Certificate);
        };
        let verified = content.verify(&sender.identity_key, &own.routing_id);
        let message = match verified.map(|content| content.kind) {
            Ok(Some(Kind::Message(message))) => message,
            Ok(_) => return Fate::Dropped(Dropped::Unexpected),
            Err(_) => return Fate::Dropped(Dropped::Signature),
        };
        if let Some(why) = self.out_of_time(&message, received) {
            return Fate::Dropped(why);
        }
        if !self.pin(&sender.number, &sender.identity_key, sender.serial) {
            return Fate::Dropped(Dropped::OlderKey);
        }
        self.store(sim, message, sender.number.clone(), sender.routing_id)
    }

    /// Why a message is not accepted any more, or not yet: the sender's word by this phone's wall clock, and, as
    /// that may be wrong, what the broker left of its expiry, by the boot clock, which nobody sets.
    fn out_of_time(&self, message: &Message, received: &Received) -> Option<Dropped> {
        let clock = &self.user.module.clock;
        let (wall, boot) = (clock.wall_ms(), clock.boot_ms());
        if wall >= message.not_after_ms {
            return Some(Dropped::Expired);
        }
        let outlived = |left_s: u32| {
            let until = received.arrived_boot_ms.saturating_add(i64::from(left_s) * 1000);
            until <= boot
        };
        if received.expiry_s.is_some_and(outlived) {
            return Some(Dropped::Expired);
        }
        let most = MESSAGE_LIFE_MS + CLOCKS_APART_MS;
        (message.not_after_ms.saturating_sub(wall) > most).then_some(Dropped::TooLong)
    }

    /// The registrar's word that another phone has registered this number. Believed if it is the registrar's, to
    /// this phone, about the identity key that it has, and later than what it was registered with.
    fn moved(
        &mut self,
        sim: i32,
        own: &CertifiedIdentity,
        signing_key_id: u32,
        content: UnverifiedContent,
    ) -> Fate {
        let registrar = self.user.module.registrar_keys();
        let Some(key) = registrar.get(signing_key_id) else {
            return Fate::Dropped(Dropped::Signature);
        };
        let verified = content.verify(key, &own.routing_id);
        let moved = match verified.map(|content| content.kind) {
            Ok(Some(Kind::Moved(moved))) => moved,
            Ok(_) => return Fate::Dropped(Dropped::Unexpected),
            Err(_) => return Fate::Dropped(Dropped::Signature),
        };
        if moved.identity_key != own.identity_key || moved.serial <= own.serial {
            return Fate::Dropped(Dropped::OlderKey);
        }
        match self.number_moved(sim) {
            true => Fate::Moved,
            false => Fate::Unstored,
        }
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
        self.remember(route, Sending::Other);
        Ok(true)
    }
}
