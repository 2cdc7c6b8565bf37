// SPDX-License-Identifier: Apache-2.0
//! What is in the hands of an uplink: where each transmission went, what is to be done when its fate is known, and the
//! requests whose answer is awaited.

use std::time::Duration;

use cloudmessaging_seal::{KeyId, Number, SealedEnvelope};
use cloudmessaging_wire::step;

use super::backoff::Backoff;
use super::dropped::Dropped;
use super::request::Asked;
use super::Courier;
use crate::disclose::RecipientRoutingId;
use crate::gate::{Publication, Topic};
use crate::message::Entry;
use crate::sync::lock;

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
    /// With the id of the later prekey that is to be published.
    Register {
        sim: i32,
        proof: Proof,
        prekey: Option<KeyId>,
    },
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
            checkpoint: None,
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
            checkpoint: None,
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
    /// A message of the outbox.
    Message([u8; 16]),
    /// The word that a message of the outbox is not to be taken any more.
    Retract([u8; 16]),
    /// A receipt that is owed, by its row.
    Receipt(i64),
    /// A registration of this SIM that makes the registrar send an SMS.
    CodeRequest(i32),
    /// What is not sent again for its own sake.
    Other,
}

impl Courier {
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

    /// PUBACK, or the uplink's word that there will be none.
    pub(super) fn published(&mut self, token: u64, reason_code: u32) {
        step!("gate.puback.received");
        let Some(sent) = self.life.as_mut().and_then(|life| life.sent.remove(&token)) else {
            return;
        };
        let id = match sent.what {
            Sending::Message(id) => id,
            // 0x10: nobody was there to read it, and so no SMS was sent.
            Sending::CodeRequest(sim) if reason_code == 0 => return self.code_asked(sim),
            // Also one that the broker refused: who wants to know asks by a retract.
            Sending::Receipt(row) => return self.answered_to(row),
            Sending::Retract(_) | Sending::CodeRequest(_) | Sending::Other => return,
        };
        if reason_code < FAILURE {
            if let Err(e) = lock(&self.user.desk).outbox.acknowledged(&id) {
                log::error!("a message that is out is not marked so: {e}");
            }
            step!("gate.message.acknowledged");
            return;
        }
        // It says so, and may have passed it on all the same: it is out, perhaps, until its recipient says what it did
        // with it (P6), and tried again like any other.
        log::warn!("the broker refused a message: reason code {reason_code:#x}");
        if let Err(e) = lock(&self.user.desk).outbox.returned(&id) {
            log::error!("a message is not sent again: {e}");
        }
        let now = self.now();
        let retry = || Backoff::new(Duration::from_secs(2), Duration::from_secs(300));
        self.refused.entry(id).or_insert_with(retry).failed(now);
    }

    /// Whether the broker has not refused this message a moment ago.
    pub(super) fn is_to_be_tried(&self, id: &[u8; 16], now: i64) -> bool {
        self.refused.get(id).is_none_or(|retry| retry.is_due(now))
    }

    /// Forgets refusals of what has ended; wakes when the next message is tried again.
    pub(super) fn await_refused(&mut self, now: i64, next: &mut i64) {
        let desk = lock(&self.user.desk);
        self.refused.retain(|id, _| desk.outbox.get(id).is_some());
        let waits = |id| desk.outbox.get(id).is_some_and(Entry::is_to_be_sent);
        let waiting = self.refused.iter().filter(|(id, retry)| !retry.is_due(now) && waits(id));
        if let Some(due) = waiting.map(|(_, retry)| retry.due()).min() {
            *next = (*next).min(due);
        }
    }

    /// What an ended connection leaves unacknowledged goes back to be sent again, under a new permit.
    pub(super) fn give_back(&mut self, sent: impl Iterator<Item = Sent>) {
        let mut desk = lock(&self.user.desk);
        for sent in sent {
            match sent.what {
                Sending::Message(id) => {
                    if let Err(e) = desk.outbox.returned(&id) {
                        log::error!("a message is not sent again: {e}");
                    }
                }
                Sending::Retract(id) => desk.outbox.retract_returned(&id),
                Sending::Receipt(row) => {
                    self.answering.remove(&row);
                }
                Sending::CodeRequest(_) | Sending::Other => {}
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
            Kind::Register { sim, proof, prekey } => {
                self.registered_answer(sim, (proof, prekey), answer);
                Ok(())
            }
            Kind::LookUp(number) => self.looked_up(number, answer),
        }
    }

    /// Requests that were not answered in time are asked again.
    pub(super) fn forget_unanswered(&mut self, now: i64) {
        let late = |r: &Request| now.saturating_sub(r.since_ms) >= ANSWER_MS || now < r.since_ms;
        let ids: Vec<_> = self.asked.iter().filter(|(_, r)| late(r)).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(Request { kind: Kind::Register { sim, .. }, .. }) = self.asked.remove(&id) {
                self.registration_unanswered(sim);
            }
        }
    }

    /// Wakes when the next of them is late.
    pub(super) fn await_answers(&self, next: &mut i64) {
        for request in self.asked.values() {
            *next = (*next).min(request.since_ms.saturating_add(ANSWER_MS));
        }
    }
}
