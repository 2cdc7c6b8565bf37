// SPDX-License-Identifier: Apache-2.0
//! Taking messages back: one that may be out and has no receipt when its time is over (P6). The recipient answers that
//! it holds it, or refuses it from there on; unanswered, it ends at its deadline all the same.
//!
//! A message that was sealed to keys which nobody has any more is not taken back: its recipient has another identity
//! since, and so nobody can ever open it. That is said at once.

use cloudmessaging_seal::{Address, Number, Reader};
use cloudmessaging_wire::limits::MESSAGE_LIFE;
use cloudmessaging_wire::proto::envelope::Retract;
use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::step;

use super::look_up::Found;
use super::request;
use super::sending::Sending;
use super::{Courier, Setback};
use crate::disclose::{Payload, RecipientRoutingId};
use crate::message::{Ending, SmsReason};
use crate::seal;
use crate::sync::lock;

/// A bundle that was looked up longer ago than this says too little about the keys that its owner has now.
const FRESH_MS: i64 = 180_000;

/// A message to be taken back.
struct Due {
    id: [u8; 16],
    sim: i32,
    recipient: Number,
    /// Identity key of whom it was sealed to last.
    reader: [u8; 32],
    receipt_key: Vec<u8>,
}

impl Courier {
    /// Whether something waits to be taken back.
    pub(super) fn retract_wanted(&self, now: i64) -> bool {
        let desk = lock(&self.user.desk);
        let due = desk.outbox.retract_due(now);
        due.iter().filter_map(|id| desk.outbox.get(id)).any(|m| self.may_be_sent(m.sim()))
    }

    /// Takes back what is due.
    pub(super) fn retract_due(&mut self, now: i64, next: &mut i64) {
        let due: Vec<Due> = {
            let desk = lock(&self.user.desk);
            let later = desk.outbox.open().filter(|m| m.is_perhaps_out());
            let later = later.map(|m| m.not_after_ms()).filter(|at| *at > now).min();
            *next = later.map_or(*next, |later| later.min(*next));
            let due = desk.outbox.retract_due(now);
            due.iter()
                .filter_map(|id| {
                    let message = desk.outbox.get(id)?;
                    Some(Due {
                        id: *id,
                        sim: message.sim(),
                        recipient: message.recipient().clone(),
                        reader: message.reader()?.identity_key,
                        receipt_key: message.receipt_public().0.to_vec(),
                    })
                })
                .collect()
        };
        if !self.post_is_up() {
            return;
        }
        for due in due.into_iter().filter(|due| self.may_be_sent(due.sim)).collect::<Vec<_>>() {
            let fresh = self.found.get(&due.recipient).filter(|f| f.is_fresh(now, FRESH_MS));
            let done = match fresh.cloned() {
                None => self.look_up(due.sim, &due.recipient, now, next),
                Some(found) if found.keys.identity_key != due.reader => {
                    self.end(&due.id, Ending::UseSms(SmsReason::PrekeyGone));
                    Ok(())
                }
                Some(found) => self.send_retract(&due, &found, now),
            };
            if let Err(e) = done {
                self.count_refused(&e);
                log::debug!("a message is not taken back yet: {e}");
            }
        }
    }

    fn send_retract(&mut self, due: &Due, found: &Found, now: i64) -> Result<(), Setback> {
        let Some(keys) = self.user.keys() else { return Ok(()) };
        let Some(keys) = keys.sims.get(&due.sim) else { return Ok(()) };
        let Some(own) = keys.live(now) else { return Ok(()) };
        // None: its owner has not renewed for days, and could not open it.
        let Some(prekey) = found.keys.prekey_at(now) else { return Ok(()) };
        let Some(route) = self.post_route() else { return Ok(()) };
        let address = Address {
            reader: Reader::Inbox,
            routing_id: &found.routing_id,
            key_id: &prekey.id,
            key: &prekey.public_key,
        };
        let fixed = Retract {
            id: due.id.to_vec(),
            receipt_public_key: due.receipt_key.clone(),
            ..Retract::default()
        };
        let (gate, book) = (&self.user.gate, &self.user.book);
        gate.permit(Purpose::Retract, Some(due.sim), |mut permit| {
            let certificate = permit.disclose(request::shown(&own.bytes))?;
            let sealed =
                seal::to_inbox(Payload::retract(fixed, certificate), &address, &keys.identity)?;
            let inbox = RecipientRoutingId(found.routing_id);
            let expiry_s = MESSAGE_LIFE.as_secs() as u32;
            let to = route.delivery(&inbox, expiry_s, &due.id);
            Ok::<_, Setback>(permit.transmit(sealed, to, book)?)
        })?;
        step!("gate.retract.handed_over");
        lock(&self.user.desk).outbox.retract_sent(&due.id);
        self.remember(route, Sending::Retract(due.id));
        Ok(())
    }
}
