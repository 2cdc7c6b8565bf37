// SPDX-License-Identifier: Apache-2.0
//! What goes out: look-ups and messages, and what becomes of them (protocol.md, "A message").

use std::time::Duration;

use cloudmessaging_seal::{verify_bundle, Address, Number, Reader, RoutingId, SealedEnvelope};
use cloudmessaging_wire::proto::envelope::Message;
use cloudmessaging_wire::proto::ledger::{Ending as LedgerEnding, Purpose};
use cloudmessaging_wire::proto::registrar::reply;

use super::backoff::Backoff;
use super::request::{self, Asked};
use super::{Courier, Setback};
use crate::disclose::{Body, Payload, RecipientRoutingId};
use crate::gate::{Publication, Topic};
use crate::message::{Ending, Seen, SmsReason};
use crate::seal;
use crate::sync::lock;
use crate::user::{sms_reason, Changed};

/// How long a request to the registrar is waited for.
const ANSWER_MS: i64 = 10_000;
/// MQTT expiry of a request, s: nobody waits for the answer any longer.
const REQUEST_EXPIRY_S: u32 = 10;
/// MQTT 5 reason codes from here on are failures.
const FAILURE: u32 = 0x80;

/// A request to the registrar whose answer is awaited.
pub(super) struct Request {
    asked: Asked,
    kind: Kind,
    since_ms: i64,
}

/// What was asked.
pub(super) enum Kind {
    Register { sim: i32, renewal: bool },
    LookUp(Number),
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
    /// Of a message; requests and receipts have none.
    message: Option<[u8; 16]>,
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
    pub(super) fn remember(&mut self, route: Route, message: Option<[u8; 16]>) {
        if let Some(life) = &mut self.life {
            life.sent.insert(route.token, Sent { connection: route.connection, message });
        }
    }

    /// Sends what is queued; looks its recipients up first.
    pub(super) fn send_due(&mut self, now: i64, next: &mut i64) {
        self.forget_unanswered(now, next);
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
                None => self.look_up(sim, &recipient, now, next),
            };
            if let Err(e) = done {
                log::debug!("a message waits: {e}");
            }
        }
    }

    fn look_up(
        &mut self,
        sim: i32,
        recipient: &Number,
        now: i64,
        next: &mut i64,
    ) -> Result<(), Setback> {
        let waits = |r: &Request| matches!(&r.kind, Kind::LookUp(number) if number == recipient);
        if self.asked.values().any(waits) {
            return Ok(());
        }
        let retry = self
            .look_ups
            .entry(recipient.clone())
            .or_insert_with(|| Backoff::new(Duration::from_secs(2), Duration::from_secs(300)));
        if !retry.is_due(now) {
            *next = (*next).min(retry.due());
            return Ok(());
        }
        let registrar = self.user.module.registrar_key();
        let Some((client_id, n)) = self.next_request() else { return Ok(()) };
        let (asked, head) = Asked::new(&client_id, n, now)?;
        let Some(route) = self.post_route() else { return Ok(()) };
        let (gate, book) = (&self.user.gate, &self.user.book);
        let sent = self.user.with_keys(|keys| {
            let Some(keys) = keys.sims.get(&sim) else { return (Ok(false), Changed::No) };
            // Not registered yet: it is looked up when that is done.
            let Some(own) = &keys.certificate else { return (Ok(false), Changed::No) };
            let sent = gate.permit(Purpose::LookUp, Some(sim), |mut permit| {
                let payload =
                    request::look_up(permit.disclosure(), head, &own.bytes, recipient.as_str())?;
                let sealed = seal::to_registrar(payload, &registrar, &keys.identity)?;
                permit.transmit(sealed, route.request(&registrar.id.to_be_bytes()), book)?;
                Ok::<_, Setback>(true)
            });
            (sent, Changed::No)
        });
        if sent.transpose()? == Some(true) {
            if let Some(retry) = self.look_ups.get_mut(recipient) {
                retry.failed(now);
            }
            self.remember(route, None);
            let request = Request::new(asked, Kind::LookUp(recipient.clone()), now);
            *next = (*next).min(now + ANSWER_MS);
            self.asked.insert(request.asked.id, request);
        }
        Ok(())
    }

    fn send_message(
        &mut self,
        id: &[u8; 16],
        routing_id: &RoutingId,
        now: i64,
    ) -> Result<(), Setback> {
        let Some(route) = self.post_route() else { return Ok(()) };
        let (gate, book) = (&self.user.gate, &self.user.book);
        let found = &self.found;
        let desk = &self.user.desk;
        let sent = self.user.with_keys(|keys| {
            // One lock after the other, never across the ledger's disk: a copy of what is to be sent.
            let message = lock(desk).outbox.get(id).map(|m| {
                (
                    m.sim(),
                    m.recipient().clone(),
                    m.body().clone(),
                    *m.receipt_public(),
                    m.not_after_ms(),
                    m.accepted_ms(),
                )
            });
            let Some((sim, recipient, body, receipt_key, not_after_ms, sent_ms)) = message else {
                return (Ok(None), Changed::No);
            };
            let Some(keys) = keys.sims.get(&sim) else { return (Ok(None), Changed::No) };
            let Some(own) = &keys.certificate else { return (Ok(None), Changed::No) };
            let Some((_, reader)) = found.get(&recipient) else { return (Ok(None), Changed::No) };
            let Some(prekey) = reader.prekey_at(now) else { return (Ok(None), Changed::No) };
            let expiry_s = u32::try_from((not_after_ms - now) / 1000).unwrap_or(0);
            if expiry_s == 0 {
                return (Ok(None), Changed::No);
            }
            let fixed = Message {
                id: id.to_vec(),
                not_after_ms,
                receipt_public_key: receipt_key.0.to_vec(),
                sent_ms,
                ..Message::default()
            };
            let address = Address {
                reader: Reader::Inbox,
                routing_id,
                key_id: &prekey.id,
                key: &prekey.public_key,
            };
            let sent = gate.permit(Purpose::Message, Some(sim), |mut permit| {
                let body = permit.disclose(Body(body))?;
                let certificate = permit.disclose(request::shown(&own.bytes))?;
                let payload = Payload::message(fixed, body, certificate);
                let sealed = seal::to_inbox(payload, &address, &keys.identity)?;
                let inbox = RecipientRoutingId(*routing_id);
                permit.transmit(sealed, route.delivery(&inbox, expiry_s, id), book)?;
                Ok::<_, Setback>(Some(reader.identity_key))
            });
            (sent, Changed::No)
        });
        match sent.transpose() {
            Ok(Some(Some(reader))) => {
                self.remember(route, Some(*id));
                if let Err(e) = lock(&self.user.desk).outbox.handed_over(id, reader) {
                    log::error!("a message that was handed over is not marked so: {e}");
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(Setback::Refused(crate::gate::Refusal::ClassNotAllowed(class))) => {
                // The owner forbids what it needs: it will not be sent.
                log::info!("a message needs a class that is not allowed: {class:?}");
                self.end(id, Ending::UseSms(SmsReason::Refused));
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// PUBACK, or the uplink's word that there will be none.
    pub(super) fn published(&mut self, token: u64, reason_code: u32) {
        let Some(sent) = self.life.as_mut().and_then(|life| life.sent.remove(&token)) else {
            return;
        };
        let Some(id) = sent.message else { return };
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
        for id in sent.filter_map(|sent| sent.message) {
            if let Err(e) = desk.outbox.returned(&id) {
                log::error!("a message is not sent again: {e}");
            }
        }
    }

    /// An answer of the registrar.
    pub(super) fn answered(&mut self, envelope: &SealedEnvelope) {
        let Some(request) = self.asked.remove(&envelope.key_id) else { return };
        let answer = match request.asked.open(envelope) {
            Ok(answer) => answer,
            Err(e) => {
                log::warn!("an answer of the registrar does not open: {e}");
                self.asked.insert(envelope.key_id, request);
                return;
            }
        };
        match request.kind {
            Kind::Register { sim, renewal } => self.registered_answer(sim, renewal, answer),
            Kind::LookUp(number) => self.looked_up(number, answer),
        }
    }

    fn looked_up(&mut self, number: Number, answer: reply::Kind) {
        let now = self.now();
        match answer {
            reply::Kind::Found(found) => {
                let keys = self.user.module.registrar_keys();
                let routing_id: Option<RoutingId> = found.routing_id.as_slice().try_into().ok();
                let bundle = routing_id.and_then(|id| {
                    let bundle = verify_bundle(&found.bundle, &keys, &id, now);
                    bundle.inspect_err(|e| log::warn!("a bundle is not to be believed: {e}")).ok()
                });
                let Some((routing_id, bundle)) = routing_id.zip(bundle) else { return };
                if !self.pin(&number, &bundle.identity_key, bundle.serial) {
                    return;
                }
                self.look_ups.remove(&number);
                self.found.insert(number, (routing_id, bundle));
            }
            reply::Kind::NotRegistered(_) => {
                self.look_ups.remove(&number);
                self.end_all(&number, SmsReason::NotRegistered);
            }
            reply::Kind::Refused(refused) if super::transient(refused.reason()) => {}
            reply::Kind::Refused(_) => self.end_all(&number, SmsReason::Refused),
            _ => log::warn!("the registrar answers a look-up with something else"),
        }
    }

    /// Remembers whose key this is. Whether it may be used: an older one than was seen may not.
    pub(super) fn pin(&mut self, number: &Number, identity_key: &[u8; 32], serial: u64) -> bool {
        let now = self.now();
        let seen = lock(&self.user.desk).peers.see(number, identity_key, serial, now);
        match seen {
            Ok(Seen::Older) => {
                log::warn!("a bundle or certificate is older than one that was seen");
                false
            }
            Ok(Seen::Changed) => {
                self.found.remove(number);
                self.user.module.hints.key_changed(self.user.id);
                true
            }
            Ok(Seen::First | Seen::Same) => true,
            Err(e) => {
                log::error!("a key is not pinned: {e}");
                false
            }
        }
    }

    fn end_all(&mut self, number: &Number, reason: SmsReason) {
        let ids: Vec<_> = {
            let desk = lock(&self.user.desk);
            let open = desk.outbox.open().filter(|m| m.recipient() == number && m.attempts() == 0);
            open.map(|m| *m.id()).collect()
        };
        for id in ids {
            self.end(&id, Ending::UseSms(reason));
        }
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
