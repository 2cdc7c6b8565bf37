// SPDX-License-Identifier: Apache-2.0
//! What goes out: look-ups and messages, and what becomes of them (protocol.md, "A message").

use cloudmessaging_seal::{Address, Number, Reader, RoutingId, SealedEnvelope};
use cloudmessaging_wire::proto::envelope::Message;
use cloudmessaging_wire::proto::ledger::{Ending as LedgerEnding, Purpose};

use zeroize::Zeroizing;

use super::dropped::Dropped;
use super::request::{self, Asked};
use super::{Courier, Setback};
use crate::disclose::{Body, Payload, RecipientRoutingId};
use crate::gate::{Publication, Refusal, Topic};
use crate::message::{self, Ending, Entry, SmsReason};
use crate::seal;
use crate::sync::lock;
use crate::user::sms_reason;

/// How long a request to the registrar is waited for.
pub(super) const ANSWER_MS: i64 = 10_000;
/// MQTT expiry of a request, s: nobody waits for the answer any longer.
const REQUEST_EXPIRY_S: u32 = 10;
/// MQTT 5 reason codes from here on are failures.
const FAILURE: u32 = 0x80;

/// A request to the registrar whose answer is awaited.
pub(super) struct Request {
    pub asked: Asked,
    pub kind: Kind,
    since_ms: i64,
}

/// What was asked.
pub(super) enum Kind {
    Register { sim: i32, proof: Proof },
    LookUp(Number),
}

/// What a request to register shows for the number being the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing: a code is sent by SMS.
    None,
    /// The code.
    Code,
    /// The certificate that is renewed.
    Certificate,
}

impl Request {
    pub fn new(asked: Asked, kind: Kind, since_ms: i64) -> Self {
        Self { asked, kind, since_ms }
    }
}

/// The connection and token of one transmission.
#[derive(Clone, Copy)]
pub(super) struct Route {
    connection: u32,
    token: u64,
}

impl Route {
    /// To the registrar.
    pub fn request<'a>(self, key_id: &'a [u8]) -> Publication<'a> {
        Publication {
            connection: self.connection,
            token: self.token,
            topic: Topic::Registrar(key_id),
            expiry_s: REQUEST_EXPIRY_S,
            message_id: None,
            checkpoint_nonce: None,
        }
    }

    /// To somebody's inbox.
    pub fn delivery<'a>(
        self,
        reader: &'a RecipientRoutingId,
        expiry_s: u32,
        message_id: &'a [u8],
    ) -> Publication<'a> {
        Publication {
            connection: self.connection,
            token: self.token,
            topic: Topic::Inbox(reader),
            expiry_s,
            message_id: Some(message_id),
            checkpoint_nonce: None,
        }
    }
}

/// What was handed over and is not acknowledged by the broker yet.
pub(super) struct Sent {
    pub connection: u32,
    what: Sending,
}

/// What is to be done about a transmission once its fate is known.
#[derive(Clone, Copy)]
pub(super) enum Sending {
    Message([u8; 16]),
    /// A registration of this SIM that makes the registrar send an SMS.
    CodeRequest(i32),
    /// What is not sent again for its own sake.
    Other,
}

/// A copy of what is to be sent, so that no lock is held while it is.
struct Outgoing {
    sim: i32,
    recipient: Number,
    body: Zeroizing<String>,
    fixed: Message,
}

impl Outgoing {
    fn of(message: &Entry, body: Zeroizing<String>) -> Self {
        Self {
            body,
            sim: message.sim(),
            recipient: message.recipient().clone(),
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
        if !self.asked.is_empty() || self.registration_wanted(now) || self.receipt_wanted(now) {
            return true;
        }
        let desk = lock(&self.user.desk);
        let mut open = desk.outbox.open().filter(|m| m.is_to_be_sent());
        open.any(|m| self.look_ups.get(m.recipient()).is_none_or(|b| b.is_due(now)))
    }

    /// A route over the post connection.
    pub(super) fn post_route(&mut self) -> Option<Route> {
        let now = self.now();
        let life = self.life.as_mut()?;
        let connection = life.post.up()?;
        life.post.used_ms = now;
        Some(Route { connection, token: life.token() })
    }

    /// Client id of the post connection, and the number of the next request on it.
    pub(super) fn next_request(&mut self) -> Option<(String, u32)> {
        let life = self.life.as_mut()?;
        life.post.up()?;
        life.requests += 1;
        Some((life.post.client_id.clone(), life.requests))
    }

    /// Keeps what was handed over until the broker acknowledges it.
    pub(super) fn remember(&mut self, route: Route, what: Sending) {
        if let Some(life) = &mut self.life {
            life.sent.insert(route.token, Sent { connection: route.connection, what });
        }
    }

    /// Sends what is queued; looks its recipients up first.
    pub(super) fn send_due(&mut self, now: i64, next: &mut i64) {
        self.forget_unanswered(now, next);
        self.await_look_ups(now, next);
        if !self.post_is_up() {
            return;
        }
        let queued: Vec<_> = {
            let desk = lock(&self.user.desk);
            let queued = desk.outbox.open().filter(|m| m.is_to_be_sent());
            queued.map(|m| (*m.id(), m.sim(), m.recipient().clone())).collect()
        };
        for (id, sim, recipient) in queued {
            let found = self.found.get(&recipient);
            let usable = found.filter(|(_, keys)| keys.prekey_at(now).is_some()).cloned();
            let done = match usable {
                Some((routing_id, _)) => self.send_message(&id, &routing_id, now),
                None => {
                    if found.is_some() {
                        // Known, but every prekey is over: looked up again, and said if that does not help.
                        self.note(&id, SmsReason::PrekeyGone);
                    }
                    self.look_up(sim, &recipient, now, next)
                }
            };
            match done {
                Ok(()) => {}
                Err(Setback::Refused(Refusal::ClassNotAllowed(class))) => {
                    log::info!("a message needs a class that is not allowed: {class:?}");
                    self.end_unsent(&id, SmsReason::Refused);
                }
                Err(e) => log::debug!("a message waits: {e}"),
            }
        }
    }

    fn send_message(
        &mut self,
        id: &[u8; 16],
        routing_id: &RoutingId,
        now: i64,
    ) -> Result<(), Setback> {
        let Some(keys) = self.user.keys() else { return Ok(()) };
        let outgoing = {
            let desk = lock(&self.user.desk);
            let body = desk.outbox.body(id);
            let body = body.inspect_err(|e| log::error!("a message is not sent: {e}"));
            desk.outbox.get(id).zip(body.ok()).map(|(message, body)| Outgoing::of(message, body))
        };
        let Some(outgoing) = outgoing else { return Ok(()) };
        let Some(keys) = keys.sims.get(&outgoing.sim) else { return Ok(()) };
        let Some(own) = &keys.certificate else { return Ok(()) };
        let Some((_, reader)) = self.found.get(&outgoing.recipient) else { return Ok(()) };
        let Some(prekey) = reader.prekey_at(now).copied() else { return Ok(()) };
        let identity_key = reader.identity_key;
        let reader =
            message::Reader { identity_key, routing_id: *routing_id, prekey_id: prekey.id };
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
        let address = Address {
            reader: Reader::Inbox,
            routing_id,
            key_id: &prekey.id,
            key: &prekey.public_key,
        };
        let (gate, book) = (&self.user.gate, &self.user.book);
        let Outgoing { sim, fixed, body, .. } = outgoing;
        let sent = gate.permit(Purpose::Message, Some(sim), |mut permit| {
            let body = permit.disclose(Body(body))?;
            let certificate = permit.disclose(request::shown(&own.bytes))?;
            let payload = Payload::message(fixed, body, certificate);
            let sealed = seal::to_inbox(payload, &address, &keys.identity)?;
            let inbox = RecipientRoutingId(*routing_id);
            Ok::<_, Setback>(permit.transmit(sealed, route.delivery(&inbox, expiry_s, id), book)?)
        });
        if sent.is_ok() {
            self.remember(route, Sending::Message(*id));
            return Ok(());
        }
        if let Err(e) = lock(&self.user.desk).outbox.kept_back(id) {
            log::error!("a message that was kept back is not marked so: {e}");
        }
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

    /// PUBACK, or the uplink's word that there will be none.
    pub(super) fn published(&mut self, token: u64, reason_code: u32) {
        let Some(sent) = self.life.as_mut().and_then(|life| life.sent.remove(&token)) else {
            return;
        };
        let id = match sent.what {
            Sending::Message(id) => id,
            // 0x10: nobody was there to read it, and so no SMS was sent.
            Sending::CodeRequest(sim) if reason_code == 0 => return self.code_asked(sim),
            Sending::CodeRequest(_) | Sending::Other => return,
        };
        if reason_code < FAILURE {
            if let Err(e) = lock(&self.user.desk).outbox.acknowledged(&id) {
                log::error!("a message that is out is not marked so: {e}");
            }
            return;
        }
        log::warn!("the broker refused a message: reason code {reason_code:#x}");
        // Refused at the first attempt, it is nowhere. After an earlier one whose fate is unknown, it may be.
        let first = lock(&self.user.desk).outbox.get(&id).is_some_and(|m| m.attempts() == 1);
        if first {
            self.end(&id, Ending::UseSms(SmsReason::Refused));
        }
    }

    /// What an ended connection leaves unacknowledged goes back to be sent again, under a new permit.
    pub(super) fn give_back(&self, sent: impl Iterator<Item = Sent>) {
        let mut desk = lock(&self.user.desk);
        let messages = sent.filter_map(|sent| match sent.what {
            Sending::Message(id) => Some(id),
            Sending::CodeRequest(_) | Sending::Other => None,
        });
        for id in messages {
            if let Err(e) = desk.outbox.returned(&id) {
                log::error!("a message is not sent again: {e}");
            }
        }
    }

    /// An answer of the registrar; or why it is dropped.
    pub(super) fn answered(&mut self, envelope: &SealedEnvelope) -> Result<(), Dropped> {
        let request = self.asked.remove(&envelope.key_id).ok_or(Dropped::UnknownKey)?;
        let answer = match request.asked.open(envelope) {
            Ok(answer) => answer,
            Err(e) => {
                log::warn!("an answer of the registrar does not open: {e}");
                self.asked.insert(envelope.key_id, request);
                return Err(Dropped::NotOpened);
            }
        };
        match request.kind {
            Kind::Register { sim, proof } => self.registered_answer(sim, proof, answer),
            Kind::LookUp(number) => self.looked_up(number, answer),
        }
        Ok(())
    }

    /// Ends a message, if nothing has ended it before.
    pub(super) fn end(&self, id: &[u8; 16], ending: Ending) {
        let now = self.now();
        let ended = {
            let mut desk = lock(&self.user.desk);
            let hash = desk.outbox.get(id).map(|message| *message.message_hash());
            desk.outbox.close(id, ending, now).map(|first| hash.filter(|_| first))
        };
        match ended {
            Ok(Some(hash)) => {
                let (ending, reason) = match ending {
                    Ending::Delivered => (LedgerEnding::Delivered, ""),
                    Ending::UseSms(reason) => (LedgerEnding::UseSms, sms_reason(reason)),
                };
                self.user.book.ended(&hash, ending, reason);
                self.user.module.hints.outcomes(self.user.id);
            }
            Ok(None) => {}
            Err(e) => log::error!("a message cannot be ended: {e}"),
        }
    }

    /// Requests that were not answered in time are asked again.
    fn forget_unanswered(&mut self, now: i64, next: &mut i64) {
        let late = |r: &Request| now.saturating_sub(r.since_ms) >= ANSWER_MS || now < r.since_ms;
        let ids: Vec<_> = self.asked.iter().filter(|(_, r)| late(r)).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(Request { kind: Kind::Register { sim, .. }, .. }) = self.asked.remove(&id) {
                self.registration_unanswered(sim);
            }
        }
        for request in self.asked.values() {
            *next = (*next).min(request.since_ms.saturating_add(ANSWER_MS));
        }
    }
}
