// SPDX-License-Identifier: Apache-2.0
//! What comes in: verified, stored, and only then acknowledged and answered (protocol.md, "A message"). What is not
//! to be believed is acknowledged to the broker, dropped and counted in the ledger.

use cloudmessaging_seal::{
    open_content, verify_sender_certificate, CertifiedIdentity, PublicKey, Reader, SealedEnvelope,
    SecretKey, UnverifiedContent,
};
use cloudmessaging_wire::limits::MESSAGE_LIFE;
use cloudmessaging_wire::proto::envelope::{
    content::Kind, Message, Receipt, ReceiptStatus, Retract,
};
use cloudmessaging_wire::proto::ledger::{Ending as LedgerEnding, Purpose};
use cloudmessaging_wire::proto::uplink::Received;
use cloudmessaging_wire::step;
use cloudmessaging_wire::topic;
use zeroize::Zeroizing;

use super::dropped::Dropped;
use super::look_up::Unpinned;
use super::{Courier, Setback};
use crate::message::{Ending, Inbound, SmsReason, Stored};
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
        step!("gate.frame.received");
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
        step!("gate.stored.said");
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
        let receipt = {
            let desk = lock(&self.user.desk);
            if !desk.is_open() {
                // Whose key this is cannot be known: the broker keeps it.
                return Fate::Unstored;
            }
            desk.outbox.by_receipt_key(&envelope.key_id).map(|m| {
                let secret = SecretKey::from_bytes(*m.receipt_secret().as_bytes());
                (*m.id(), secret, m.reader().copied())
            })
        };
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
        let Ok(content) = verified else { return Fate::Dropped(Dropped::Signature) };
        if let Some(Kind::Message(message)) = &content.kind {
            if let Some(why) = self.out_of_time(message, received) {
                return Fate::Dropped(why);
            }
        }
        match self.pin(&sender.number, &sender.identity_key, sender.serial) {
            Ok(()) => {}
            Err(Unpinned::Older) => return Fate::Dropped(Dropped::OlderKey),
            Err(Unpinned::TooMany) => return Fate::Dropped(Dropped::TooMany),
            Err(Unpinned::Unstored) => return Fate::Unstored,
        }
        match content.kind {
            Some(Kind::Message(message)) => self.store(sim, message, &sender),
            Some(Kind::Retract(retract)) => self.retract(sim, &retract, &sender),
            _ => Fate::Dropped(Dropped::Unexpected),
        }
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

    fn store(&mut self, sim: i32, message: Message, sender: &CertifiedIdentity) -> Fate {
        let now = self.now();
        let id: Option<[u8; 16]> = message.id.as_slice().try_into().ok();
        let key = PublicKey::from_slice(&message.receipt_public_key).ok();
        let Some((id, key)) = id.zip(key) else { return Fate::Dropped(Dropped::Malformed) };
        let inbound = Inbound {
            id,
            sim,
            sender: sender.number.clone(),
            body: Zeroizing::new(message.body),
            sent_ms: message.sent_ms,
            received_ms: now,
            checkpoint_hash: message.checkpoint_hash.as_slice().try_into().ok(),
        };
        let answer = self.answer_to(sender, key);
        step!("gate.message.verified");
        let stored = lock(&self.user.desk).inbox.store(inbound, answer);
        step!("gate.message.stored");
        match stored {
            Ok(Stored::New) => {
                self.user.module.hints.inbound(self.user.id);
                let message_hash = self.user.book.hash(&id).unwrap_or_default();
                self.user.book.ended(&message_hash, LedgerEnding::Received, "");
                step!("gate.message.in_the_ledger");
                Fate::Settled
            }
            Ok(Stored::Duplicate) => Fate::Dropped(Dropped::Seen),
            Ok(Stored::Full) => Fate::Dropped(Dropped::Full),
            Ok(Stored::Retracted) => Fate::Dropped(Dropped::Retracted),
            Err(e) => {
                log::error!("a message is not stored: {e}");
                Fate::Unstored
            }
        }
    }

    /// A sender takes a message back. Late is as good as in time: what is refused for ever does no harm.
    fn retract(&mut self, sim: i32, retract: &Retract, sender: &CertifiedIdentity) -> Fate {
        let now = self.now();
        let id: Option<[u8; 16]> = retract.id.as_slice().try_into().ok();
        let key = PublicKey::from_slice(&retract.receipt_public_key).ok();
        let Some((id, key)) = id.zip(key) else { return Fate::Dropped(Dropped::Malformed) };
        let answer = self.answer_to(sender, key);
        step!("gate.retract.verified");
        let retracted = lock(&self.user.desk).inbox.retract(sim, &sender.number, &id, answer, now);
        step!("gate.retract.stored");
        match retracted {
            Ok(_) => Fate::Settled,
            Err(e) => {
                log::error!("that a message was taken back is not stored: {e}");
                Fate::Unstored
            }
        }
    }

    fn receipt(&mut self, id: &[u8; 16], receipt: &Receipt) -> Fate {
        if receipt.id != id {
            return Fate::Dropped(Dropped::Unexpected);
        }
        let ending = match receipt.status() {
            ReceiptStatus::Delivered => Ending::Delivered,
            ReceiptStatus::Full => Ending::UseSms(SmsReason::Full),
            ReceiptStatus::Retracted => Ending::UseSms(SmsReason::Expired),
            ReceiptStatus::Unspecified => return Fate::Dropped(Dropped::Malformed),
        };
        step!("gate.receipt.verified");
        match self.end(id, ending) {
            true => Fate::Settled,
            false => Fate::Unstored,
        }
    }
}
