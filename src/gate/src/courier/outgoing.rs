// SPDX-License-Identifier: Apache-2.0
//! What goes out: look-ups and messages, and what becomes of them (protocol.md, "A message").

use cloudmessaging_seal::{Address, Reader};
use cloudmessaging_wire::proto::envelope::Message;
use cloudmessaging_wire::proto::ledger::{Ending as LedgerEnding, Purpose};
use cloudmessaging_wire::step;

use zeroize::Zeroizing;

use super::look_up::Found;
use super::request;
use super::sending::Sending;
use super::{Courier, Setback};
use crate::disclose::{Body, Payload, RecipientRoutingId};
use crate::gate::Refusal;
use crate::message::{self, Ending, Entry, SmsReason};
use crate::seal;
use crate::sync::lock;
use crate::user::sms_reason;

/// A copy of what is to be sent, so that no lock is held while it is.
struct Outgoing {
    sim: i32,
    body: Zeroizing<String>,
    fixed: Message,
}

impl Outgoing {
    fn of(message: &Entry, body: Zeroizing<String>) -> Self {
        Self {
            body,
            sim: message.sim(),
            fixed: Message {
                id: message.id().to_vec(),
                not_after_ms: message.not_after_ms(),
                receipt_public_key: message.receipt_public().0.to_vec(),
                sent_ms: message.accepted_ms(),
                ..Message::default()
            },
        }
    }
}

impl Courier {
    /// Whether the post connection is up.
    pub(super) fn post_is_up(&self) -> bool {
        self.life.as_ref().is_some_and(|life| life.post.up().is_some())
    }

    /// Whether somebody waits for the post connection, or for an answer on it.
    pub(super) fn post_wanted(&mut self, now: i64) -> bool {
        let asks = !self.asked.is_empty() || self.registration_wanted(now);
        if asks || self.receipt_wanted(now) || self.retract_wanted(now) {
            return true;
        }
        let desk = lock(&self.user.desk);
        let mut open = desk.outbox.open().filter(|m| self.is_due(m, now));
        open.any(|m| self.look_ups.get(m.recipient()).is_none_or(|b| b.is_due(now)))
    }

    /// Whether the gate lets anything of this SIM pass.
    pub(super) fn may_be_sent(&self, sim: i32) -> bool {
        self.user.gate.admits(Some(sim)).is_ok()
    }

    /// Whether this is to be sent now, as far as it depends on no look-up.
    fn is_due(&self, message: &Entry, now: i64) -> bool {
        let admitted = message.is_to_be_sent() && self.may_be_sent(message.sim());
        admitted && self.is_to_be_tried(message.id(), now)
    }

    /// Sends what is queued; looks its recipients up first.
    pub(super) fn send_due(&mut self, now: i64, next: &mut i64) {
        self.await_look_ups(now, next);
        self.await_refused(now, next);
        if !self.post_is_up() {
            return;
        }
        let queued: Vec<_> = {
            let desk = lock(&self.user.desk);
            let queued = desk.outbox.open().filter(|m| self.is_due(m, now));
            queued.map(|m| (*m.id(), m.sim(), m.recipient().clone())).collect()
        };
        for (id, sim, recipient) in queued {
            let found = self.found.get(&recipient);
            let usable = found.filter(|found| found.keys.prekey_at(now).is_some()).cloned();
            let done = match usable {
                Some(found) => self.send_message(&id, &found, now),
                None => {
                    if found.is_some() {
                        // Known, but every prekey is over: looked up again, and said if that does not help.
                        self.note(&id, SmsReason::PrekeyGone);
                    }
                    self.look_up(sim, &recipient, now, next)
                }
            };
            match done.inspect_err(|e| self.count_refused(e)) {
                Ok(()) => {}
                Err(Setback::Refused(Refusal::ClassNotAllowed(class))) => {
                    log::info!("a message needs a class that is not allowed: {class:?}");
                    self.end_unsent(&id, SmsReason::Refused);
                }
                Err(e) => log::debug!("a message waits: {e}"),
            }
        }
    }

    fn send_message(&mut self, id: &[u8; 16], found: &Found, now: i64) -> Result<(), Setback> {
        let Some(keys) = self.user.keys() else { return Ok(()) };
        let outgoing = {
            let desk = lock(&self.user.desk);
            let body = desk.outbox.body(id);
            let body = body.inspect_err(|e| log::error!("a message is not sent: {e}"));
            desk.outbox.get(id).zip(body.ok()).map(|(message, body)| Outgoing::of(message, body))
        };
        let Some(outgoing) = outgoing else { return Ok(()) };
        let Some(keys) = keys.sims.get(&outgoing.sim) else { return Ok(()) };
        let Some(own) = keys.live(now) else { return Ok(()) };
        let Some(prekey) = found.keys.prekey_at(now) else { return Ok(()) };
        let (identity_key, routing_id) = (found.keys.identity_key, found.routing_id);
        let reader = message::Reader { identity_key, routing_id, prekey_id: prekey.id };
        let not_after_ms = outgoing.fixed.not_after_ms;
        let expiry_s = u32::try_from((not_after_ms - now) / 1000).unwrap_or(0);
        if expiry_s == 0 {
            return Ok(());
        }
        let Some(route) = self.post_route() else { return Ok(()) };
        // Counted as perhaps out before it can be: a withdrawal in between leaves it to its deadline, and
        // does not send the app to SMS with a message that arrives all the same (P6).
        match lock(&self.user.desk).outbox.handed_over(id, reader) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(e) => {
                log::error!("a message is not sent, since that cannot be noted: {e}");
                return Ok(());
            }
        }
        step!("gate.message.marked_out");
        let address = Address {
            reader: Reader::Inbox,
            routing_id: &routing_id,
            key_id: &prekey.id,
            key: &prekey.public_key,
        };
        let (gate, book) = (&self.user.gate, &self.user.book);
        let Outgoing { sim, mut fixed, body, .. } = outgoing;
        let sent = gate.permit(Purpose::Message, Some(sim), |mut permit| {
            let body = permit.disclose(Body(body))?;
            let certificate = permit.disclose(request::shown(&own.bytes))?;
            let (checkpoint_hash, opening) = book.checkpoint_hash()?;
            fixed.checkpoint_hash = checkpoint_hash.to_vec();
            let payload = Payload::message(fixed, body, certificate);
            let sealed = seal::to_inbox(payload, &address, &keys.identity)?;
            let inbox = RecipientRoutingId(routing_id);
            let mut to = route.delivery(&inbox, expiry_s, id);
            to.checkpoint = Some(opening);
            Ok::<_, Setback>(permit.transmit(sealed, to, book)?)
        });
        if sent.is_ok() {
            step!("gate.message.handed_over");
            self.remember(route, Sending::Message(*id));
            return Ok(());
        }
        let mut desk = lock(&self.user.desk);
        if let Err(e) = desk.outbox.kept_back(id) {
            // Perhaps out for good then, as the disk says; but nobody has it, and so it is sent again.
            log::error!("a message that was kept back is not marked so: {e}");
            let _ = desk.outbox.returned(id);
        }
        drop(desk);
        sent
    }

    /// Ends a message that has not left.
    pub(super) fn end_unsent(&self, id: &[u8; 16], reason: SmsReason) {
        let out = lock(&self.user.desk).outbox.get(id).is_none_or(Entry::is_perhaps_out);
        if !out {
            self.end(id, Ending::UseSms(reason));
        }
    }

    /// What a message will end with if it is never sent.
    fn note(&self, id: &[u8; 16], reason: SmsReason) {
        if let Err(e) = lock(&self.user.desk).outbox.note(id, reason) {
            log::error!("why a message waits cannot be noted: {e}");
        }
    }

    /// Ends a message, if nothing has ended it before. False: it could not be written down.
    pub(super) fn end(&self, id: &[u8; 16], ending: Ending) -> bool {
        let now = self.now();
        let ended = {
            let mut desk = lock(&self.user.desk);
            let hash = desk.outbox.get(id).map(|message| *message.message_hash());
            desk.outbox.close(id, ending, now).map(|first| hash.filter(|_| first))
        };
        match ended {
            Ok(Some(hash)) => {
                step!("gate.outcome.written");
                let (ending, reason) = match ending {
                    Ending::Delivered => (LedgerEnding::Delivered, ""),
                    Ending::UseSms(reason) => (LedgerEnding::UseSms, sms_reason(reason)),
                };
                self.user.book.ended(&hash, ending, reason);
                step!("gate.outcome.in_the_ledger");
                self.user.module.hints.outcomes(self.user.id);
            }
            Ok(None) => {}
            Err(e) => {
                log::error!("a message cannot be ended: {e}");
                return false;
            }
        }
        true
    }
}
