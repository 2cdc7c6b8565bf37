// SPDX-License-Identifier: Apache-2.0
//! Look-ups: whether somebody can be written to, and with which keys (protocol.md, "Look-up"). One number at a time,
//! and no answer is trusted further than what the registrar signed and what was pinned before.

use std::time::Duration;

use cloudmessaging_seal::{verify_bundle, Number, ReaderKeys, RoutingId};
use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::proto::registrar::reply;
use cloudmessaging_wire::step;

use super::backoff::Backoff;
use super::dropped::Dropped;
use super::request::{self, Asked};
use super::sending::{Kind, Request, Sending, ANSWER_MS};
use super::{Courier, Setback};
use crate::message::{Seen, SmsReason, StoreError};
use crate::seal;
use crate::sync::lock;

/// Why a key is not pinned, and so not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpinned {
    /// A later one was seen.
    Older,
    /// As many numbers are known as may be.
    TooMany,
    /// It could not be kept.
    Unstored,
}

/// What the registrar answered about a number.
#[derive(Clone)]
pub(super) struct Found {
    /// Where messages to it go.
    pub routing_id: RoutingId,
    /// What they are sealed to.
    pub keys: ReaderKeys,
    /// When, ms since the Unix epoch.
    at_ms: i64,
}

impl Found {
    /// Whether it was looked up within the last `age_ms`.
    pub fn is_fresh(&self, now_ms: i64, age_ms: i64) -> bool {
        (0..age_ms).contains(&now_ms.saturating_sub(self.at_ms))
    }
}

impl Courier {
    /// Asks the registrar about a number, unless it is being asked or was a moment ago.
    pub(super) fn look_up(
        &mut self,
        sim: i32,
        recipient: &Number,
        now: i64,
        next: &mut i64,
    ) -> Result<(), Setback> {
        let waits = |r: &Request| matches!(&r.kind, Kind::LookUp(n) if n == recipient);
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
        let registrar_id = registrar.id.to_be_bytes();
        let (gate, book) = (&self.user.gate, &self.user.book);
        let Some(keys) = self.user.keys() else { return Ok(()) };
        let Some(keys) = keys.sims.get(&sim) else { return Ok(()) };
        // Not registered yet: it is looked up when that is done.
        let Some(own) = keys.live(now) else { return Ok(()) };
        gate.permit(Purpose::LookUp, Some(sim), |mut permit| {
            let payload =
                request::look_up(permit.disclosure(), head, &own.bytes, recipient.as_str())?;
            let sealed = seal::to_registrar(payload, &registrar, &keys.identity)?;
            Ok::<_, Setback>(permit.transmit(sealed, route.request(&registrar_id), book)?)
        })?;
        if let Some(retry) = self.look_ups.get_mut(recipient) {
            retry.failed(now);
        }
        step!("gate.look_up.handed_over");
        self.remember(route, Sending::Other);
        let request = Request::new(asked, Kind::LookUp(recipient.clone()), now);
        *next = (*next).min(now + ANSWER_MS);
        self.asked.insert(request.asked.id, request);
        Ok(())
    }

    /// The registrar's answer to a look-up; or why it is not used.
    pub(super) fn looked_up(&mut self, number: Number, answer: reply::Kind) -> Result<(), Dropped> {
        step!("gate.look_up.answered");
        let now = self.now();
        match answer {
            reply::Kind::Found(found) => {
                let keys = self.user.module.registrar_keys();
                let routing_id: Option<RoutingId> = found.routing_id.as_slice().try_into().ok();
                let bundle = routing_id.and_then(|id| {
                    let bundle = verify_bundle(&found.bundle, &keys, &id, now);
                    bundle.inspect_err(|e| log::warn!("a bundle is not to be believed: {e}")).ok()
                });
                let (routing_id, bundle) = routing_id.zip(bundle).ok_or(Dropped::Bundle)?;
                match self.pin(&number, &bundle.identity_key, bundle.serial) {
                    Ok(()) => {}
                    Err(Unpinned::Older) => return Err(Dropped::OlderKey),
                    Err(Unpinned::TooMany) => return Err(Dropped::TooMany),
                    // Nothing is wrong with it: it is asked for again.
                    Err(Unpinned::Unstored) => return Ok(()),
                }
                if bundle.prekey_at(now).is_some() {
                    self.look_ups.remove(&number);
                }
                // Else its owner has not renewed for days: looked up again, and less and less often.
                self.found.insert(number, Found { routing_id, keys: bundle, at_ms: now });
            }
            reply::Kind::NotRegistered(_) => {
                // What may be out stays until its deadline, and waits as after any answer that does not help.
                if !self.end_all(&number, SmsReason::NotRegistered) {
                    self.look_ups.remove(&number);
                }
            }
            reply::Kind::Refused(refused) if super::transient(refused.reason()) => {}
            reply::Kind::Refused(_) => {
                self.end_all(&number, SmsReason::Refused);
            }
            _ => log::warn!("the registrar answers a look-up with something else"),
        }
        Ok(())
    }

    /// Remembers whose key this is; or says why it may not be used.
    pub(super) fn pin(
        &mut self,
        number: &Number,
        identity_key: &[u8; 32],
        serial: u64,
    ) -> Result<(), Unpinned> {
        let now = self.now();
        let seen = lock(&self.user.desk).peers.see(number, identity_key, serial, now);
        match seen {
            Ok(Seen::Older) => {
                log::warn!("a bundle or certificate is older than one that was seen");
                Err(Unpinned::Older)
            }
            Ok(Seen::Changed) => {
                self.found.remove(number);
                self.user.module.hints.key_changed(self.user.id);
                Ok(())
            }
            Ok(Seen::First | Seen::Same) => Ok(()),
            Err(e) => {
                log::error!("a key is not pinned: {e}");
                Err(match e {
                    StoreError::Full(_) => Unpinned::TooMany,
                    _ => Unpinned::Unstored,
                })
            }
        }
    }

    /// Wakes the courier when a look-up that has to be tried again is due: by then the post connection may have
    /// been closed for being idle.
    pub(super) fn await_look_ups(&self, now: i64, next: &mut i64) {
        let desk = lock(&self.user.desk);
        let waiting = desk.outbox.open().filter(|message| message.is_to_be_sent());
        let tries = waiting.filter_map(|message| self.look_ups.get(message.recipient()));
        if let Some(due) = tries.filter(|retry| !retry.is_due(now)).map(Backoff::due).min() {
            *next = (*next).min(due);
        }
    }

    /// Ends every message to a number that has not left. Whether others are under way.
    fn end_all(&self, number: &Number, reason: SmsReason) -> bool {
        let (out, unsent): (Vec<_>, Vec<_>) = {
            let desk = lock(&self.user.desk);
            let open = desk.outbox.open().filter(|message| message.recipient() == number);
            open.map(|message| (message.is_perhaps_out(), *message.id())).partition(|m| m.0)
        };
        for (_, id) in unsent {
            self.end_unsent(&id, reason);
        }
        !out.is_empty()
    }
}
