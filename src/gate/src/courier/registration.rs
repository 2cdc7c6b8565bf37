// SPDX-License-Identifier: Apache-2.0
//! Registration and its renewal: with each rotation of the prekeys, and so daily (protocol.md, "Who is who").
//!
//! A registration without a code makes the registrar send one by SMS, which costs money and shows on the owner's
//! phone. So such a one is repeated rarely, and not at all once a code is on its way: from there on it is the owner
//! who submits one, as often as it takes, or has another sent: by asking for it, or by submitting one too late.

use std::time::Duration;

use cloudmessaging_seal::KeyId;
use cloudmessaging_wire::proto::ledger::{NumberMoved, Purpose};
use cloudmessaging_wire::proto::registrar::{refused::Reason, reply};
use cloudmessaging_wire::step;

use zeroize::Zeroizing;

use super::backoff::Backoff;
use super::request::{self, Asked};
use super::sending::{Kind, Proof, Request, Route, Sending};
use super::{Courier, Setback};
use crate::identity::SimKeys;
use crate::ledger::Event;
use crate::message::SmsReason;
use crate::seal;
use crate::sync::lock;
use crate::user::{Changed, Registration};

/// Between two rotations of prekeys, while new ones cannot be kept.
const ROTATE_AGAIN_MS: i64 = 60_000;

/// How far one SIM is.
pub(super) struct Standing {
    state: Registration,
    retry: Backoff,
    /// Between two requests that make the registrar send an SMS.
    asking: Backoff,
    /// The code that proves the number, once the owner gave it.
    code: Zeroizing<String>,
    /// The owner asked for another code, or submitted one too late.
    anew: bool,
    /// The code that was submitted last is not the one that was sent.
    wrong: bool,
}

impl Standing {
    fn new() -> Self {
        Self {
            state: Registration::None,
            retry: Backoff::new(Duration::from_secs(2), Duration::from_secs(3600)),
            asking: Backoff::new(Duration::from_secs(30), Duration::from_secs(6 * 3600)),
            code: Zeroizing::default(),
            anew: false,
            wrong: false,
        }
    }

    /// As it is after a start of the gate.
    fn of(keys: &SimKeys, leased: bool) -> Self {
        let mut standing = Self::new();
        if !leased && keys.code_until_ms != 0 {
            standing.state = Registration::CodeNeeded;
        }
        standing
    }
}

impl Courier {
    /// How far the registration of a SIM is, to be shown.
    pub(super) fn registration(&self, sim: i32, leased: bool) -> Registration {
        match self.registrations.get(&sim).map(|standing| standing.state) {
            None | Some(Registration::None) if leased => Registration::Done,
            None => Registration::None,
            Some(state) => state,
        }
    }

    /// Whether the registrar refused the code that was submitted last for a SIM.
    pub(super) fn code_was_wrong(&self, sim: i32) -> bool {
        self.registrations.get(&sim).is_some_and(|standing| standing.wrong)
    }

    /// Rotates prekeys whose time is over.
    pub(super) fn renew_keys(&mut self, now: i64, next: &mut i64) {
        let Some(keys) = self.user.keys() else { return };
        let in_use = keys.sims.values().filter(|keys| !keys.moved);
        let first = in_use.map(|keys| keys.rotates_at(now)).min().unwrap_or(i64::MAX);
        if now < first {
            *next = (*next).min(first);
            return;
        }
        let rotated = self.user.change_keys(|keys| {
            let mut rotated = false;
            for (sim, keys) in keys.sims.iter_mut().filter(|(_, keys)| !keys.moved) {
                match keys.rotate(now) {
                    Ok(changed) => rotated |= changed,
                    Err(e) => log::error!("prekeys of SIM {sim}: {e}"),
                }
            }
            ((), if rotated { Changed::Yes } else { Changed::No })
        });
        if rotated.is_none() {
            *next = (*next).min(now.saturating_add(ROTATE_AGAIN_MS));
        }
    }

    /// The SIMs whose registration is due, or will be: subscription id and when.
    fn registrations_due(&mut self, now: i64) -> Vec<(i32, i64)> {
        let Some(keys) = self.user.keys() else { return Vec::new() };
        let mut due = Vec::new();
        for (&sim, keys) in keys.sims.iter().filter(|(_, keys)| !keys.moved) {
            let leased = keys.live(now).is_some();
            let standing =
                self.registrations.entry(sim).or_insert_with(|| Standing::of(keys, leased));
            let waiting = match standing.state {
                Registration::Asked => true,
                Registration::CodeNeeded => standing.code.is_empty() && !standing.anew,
                _ => false,
            };
            // Prekeys may have changed since the registrar was told of them.
            if (leased && keys.published == keys.next_prekey()) || waiting {
                continue;
            }
            let mut when = standing.retry.due_from(now);
            if !leased && standing.code.is_empty() {
                when = when.max(standing.asking.due_from(now));
            }
            due.push((sim, when));
        }
        due
    }

    /// Whether a registration wants the post connection now.
    pub(super) fn registration_wanted(&mut self, now: i64) -> bool {
        self.registrations_due(now).iter().any(|(_, due)| *due <= now)
    }

    /// Asks the registrar where that is due.
    pub(super) fn register_due(&mut self, now: i64, next: &mut i64) {
        for (sim, due) in self.registrations_due(now) {
            if due > now {
                *next = (*next).min(due);
            } else if self.post_is_up() {
                if let Err(e) = self.register(sim, now) {
                    self.count_refused(&e);
                    log::info!("SIM {sim} is not registered: {e}");
                }
                if let Some(standing) = self.registrations.get_mut(&sim) {
                    // Counts as failed until it is answered.
                    standing.retry.failed(now);
                    *next = (*next).min(standing.retry.due());
                }
            }
        }
    }

    fn register(&mut self, sim: i32, now: i64) -> Result<(), Setback> {
        let Some(identity) = self.user.sim(sim) else { return Ok(()) };
        let code = self.registrations.get(&sim).map(|s| s.code.clone()).unwrap_or_default();
        let registrar = self.user.module.registrar_key();
        let Some((client_id, n)) = self.next_request() else { return Ok(()) };
        let (asked, head) = Asked::new(&client_id, n, now)?;
        let Some(to) = self.post_route() else { return Ok(()) };
        let registrar_id = registrar.id.to_be_bytes();
        let (gate, book) = (&self.user.gate, &self.user.book);
        let Some(keys) = self.user.keys() else { return Ok(()) };
        let Some(keys) = keys.sims.get(&sim) else { return Ok(()) };
        let Some(public) = request::public_keys(keys) else { return Ok(()) };
        let live = keys.live(now);
        let purpose = if live.is_some() { Purpose::Renew } else { Purpose::Register };
        gate.permit(purpose, Some(sim), |mut permit| {
            let disclosure = permit.disclosure();
            let payload = match live {
                Some(certificate) => {
                    request::renewal(disclosure, head, &certificate.bytes, public)?
                }
                None => {
                    let code = code.to_string();
                    request::registration(disclosure, head, &identity, public, code)?
                }
            };
            let sealed = seal::to_registrar(payload, &registrar, &keys.identity)?;
            Ok::<_, Setback>(permit.transmit(sealed, to.request(&registrar_id), book)?)
        })?;
        let proof = match (live.is_some(), code.is_empty()) {
            (true, _) => Proof::Certificate,
            (false, false) => Proof::Code,
            (false, true) => Proof::None,
        };
        let prekey = keys.next_prekey();
        self.awaits(asked, to, Kind::Register { sim, proof, prekey }, now);
        if let Some(standing) = self.registrations.get_mut(&sim) {
            standing.state = Registration::Asked;
        }
        Ok(())
    }

    /// The registrar's answer to a registration or a renewal.
    pub(super) fn registered_answer(
        &mut self,
        sim: i32,
        (proof, prekey): (Proof, Option<KeyId>),
        answer: reply::Kind,
    ) {
        step!("gate.registration.answered");
        let now = self.now();
        let registrar = self.user.module.registrar_keys();
        let mut keep_code = false;
        let mut wrong = false;
        let state = match answer {
            reply::Kind::Registered(registered) => {
                let taken = self.user.change_keys(|keys| {
                    let Some(keys) = keys.sims.get_mut(&sim) else { return (false, Changed::No) };
                    let (sender, tls) =
                        (&registered.sender_certificate, &registered.tls_certificate);
                    let taken = keys.certify(sender, tls, &registrar, now);
                    if taken {
                        (keys.code_until_ms, keys.published) = (0, prekey);
                    }
                    (taken, if taken { Changed::Yes } else { Changed::No })
                });
                step!("gate.registration.kept");
                match taken {
                    Some(true) => Registration::Done,
                    Some(false) => {
                        log::warn!("SIM {sim}: the registrar's certificate is not to be believed");
                        Registration::Refused
                    }
                    None => {
                        // Asked for again; the code is good until its time is over.
                        keep_code = true;
                        Registration::None
                    }
                }
            }
            reply::Kind::CodeSent(sent) => {
                self.user.change_keys(|keys| {
                    if let Some(keys) = keys.sims.get_mut(&sim) {
                        keys.code_until_ms = sent.valid_until_ms.max(1);
                    }
                    ((), Changed::Yes)
                });
                Registration::CodeNeeded
            }
            reply::Kind::Refused(refused) => {
                let reason = refused.reason();
                log::warn!("SIM {sim}: the registrar refused: {reason:?}");
                match (proof, reason) {
                    (Proof::Certificate, Reason::Identity) => {
                        self.number_moved(sim);
                        self.user.refresh();
                        return;
                    }
                    (Proof::Code, Reason::WrongCode | Reason::Expired) => {
                        // Not this one. Whether another is sent is for the owner to say, who has just said so
                        // if it came too late.
                        wrong = true;
                        let late = reason == Reason::Expired || !self.code_is_live(sim, now);
                        let standing = self.registrations.entry(sim).or_insert_with(Standing::new);
                        standing.anew = late;
                        Registration::CodeNeeded
                    }
                    // Not another one now; the one before is good still.
                    (Proof::None, _) if self.code_is_live(sim, now) => Registration::CodeNeeded,
                    (Proof::Certificate, reason) if !super::transient(reason) => {
                        // Registered anew, under the same identity key.
                        self.user.change_keys(|keys| {
                            if let Some(keys) = keys.sims.get_mut(&sim) {
                                keys.certificate = None;
                            }
                            ((), Changed::Yes)
                        });
                        Registration::Refused
                    }
                    (_, reason) => {
                        keep_code = super::transient(reason);
                        Registration::Refused
                    }
                }
            }
            _ => Registration::Refused,
        };
        log::info!("SIM {sim}: registration: {state:?}");
        let standing = self.registrations.entry(sim).or_insert_with(Standing::new);
        standing.state = state;
        standing.wrong = wrong;
        if !keep_code {
            standing.code = Zeroizing::default();
        }
        if proof == Proof::None {
            standing.anew = false;
        }
        if state == Registration::Done {
            standing.retry.succeeded();
            standing.asking.succeeded();
        }
    }

    /// Whether a code was sent for a SIM and is good still.
    fn code_is_live(&self, sim: i32, now: i64) -> bool {
        let keys = self.user.keys();
        keys.and_then(|keys| keys.sims.get(&sim).map(|keys| keys.code_until_ms))
            .is_some_and(|until| until > now)
    }

    /// The registrar has, or may have, sent an SMS.
    pub(super) fn code_asked(&mut self, sim: i32) {
        let now = self.now();
        if let Some(standing) = self.registrations.get_mut(&sim) {
            standing.asking.failed(now);
        }
    }

    /// Another phone has registered the number of a SIM: nothing is sent for it any more, under this consent. Whether
    /// that is durable; the gate learns it with the next [`refresh`](crate::user::User::refresh).
    pub(super) fn number_moved(&mut self, sim: i32) -> bool {
        log::warn!("SIM {sim}: its number was registered by another phone");
        // Before the keys say so: a crash in between has it written twice, and never not at all.
        let _ = self.user.book.append(Event::NumberMoved(NumberMoved { subscription_id: sim }));
        step!("gate.moved.written_down");
        let moved = self.user.change_keys(|keys| {
            keys.sims.entry(sim).and_modify(SimKeys::move_away);
            ((), Changed::Yes)
        });
        step!("gate.moved.kept");
        self.registrations.remove(&sim);
        moved.is_some()
    }

    /// Messages of SIMs whose number is another phone's, and which have not left.
    pub(super) fn end_moved(&self) {
        let Some(keys) = self.user.keys() else { return };
        let moved = |sim: i32| keys.sims.get(&sim).is_some_and(|keys| keys.moved);
        let ids: Vec<_> = {
            let desk = lock(&self.user.desk);
            let open = desk.outbox.open().filter(|m| moved(m.sim()) && !m.is_perhaps_out());
            open.map(|message| *message.id()).collect()
        };
        for id in ids {
            self.end_unsent(&id, SmsReason::Refused);
        }
    }

    /// The owner's code.
    pub(super) fn take_code(&mut self, sim: i32, code: Zeroizing<String>) {
        if let Some(standing) = self.registrations.get_mut(&sim) {
            if standing.state == Registration::CodeNeeded {
                standing.code = code;
                standing.wrong = false;
                standing.retry.succeeded();
                step!("gate.code.taken");
            }
        }
    }

    /// The owner wants another code.
    pub(super) fn ask_anew(&mut self, sim: i32) {
        if let Some(standing) = self.registrations.get_mut(&sim) {
            if standing.state == Registration::CodeNeeded {
                standing.anew = true;
                standing.retry.succeeded();
            }
        }
    }

    /// Requests that will not be answered any more: their SIMs ask again.
    pub(super) fn forget_asked(&mut self) {
        for standing in self.registrations.values_mut() {
            if standing.state == Registration::Asked {
                standing.state = Registration::None;
            }
        }
    }

    /// One request was not answered in time.
    pub(super) fn registration_unanswered(&mut self, sim: i32) {
        if let Some(standing) = self.registrations.get_mut(&sim) {
            standing.state = Registration::None;
        }
    }

    /// Keeps a request whose answer is awaited.
    fn awaits(&mut self, asked: Asked, to: Route, kind: Kind, now: i64) {
        let asks = match kind {
            Kind::Register { sim, proof: Proof::None, .. } => Some(sim),
            _ => None,
        };
        self.remember(to, asks.map_or(Sending::Other, Sending::CodeRequest));
        self.asked.insert(asked.id, Request::new(asked, kind, now));
    }
}
