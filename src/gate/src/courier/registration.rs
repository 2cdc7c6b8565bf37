// SPDX-License-Identifier: Apache-2.0
//! Registration and its renewal: with each rotation of the prekeys, and so daily (protocol.md, "Who is who").

use std::time::Duration;

use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::proto::registrar::reply;

use zeroize::Zeroizing;

use super::backoff::Backoff;
use super::outgoing::{Kind, Request};
use super::request::{self, Asked};
use super::{Courier, Setback};
use crate::identity::SimKeys;
use crate::seal;
use crate::user::{Changed, Registration};

/// How far one SIM is.
pub(super) struct Standing {
    state: Registration,
    retry: Backoff,
    /// Prekeys have changed since the registrar saw them.
    stale: bool,
    /// The code that proves the number, once the owner gave it.
    code: Zeroizing<String>,
}

impl Standing {
    fn new() -> Self {
        let retry = Backoff::new(Duration::from_secs(2), Duration::from_secs(3600));
        Self { state: Registration::None, retry, stale: false, code: Zeroizing::default() }
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

    /// Rotates prekeys whose time is over.
    pub(super) fn renew_keys(&mut self, now: i64, next: &mut i64) {
        let Some(keys) = self.user.keys() else { return };
        let first = keys.sims.values().map(SimKeys::rotates_at).min().unwrap_or(i64::MAX);
        if now < first {
            *next = (*next).min(first);
            return;
        }
        let rotated = self.user.change_keys(|keys| {
            let mut rotated = Vec::new();
            for (sim, keys) in &mut keys.sims {
                match keys.rotate(now) {
                    Ok(true) => rotated.push(*sim),
                    Ok(false) => {}
                    Err(e) => log::error!("prekeys of SIM {sim}: {e}"),
                }
            }
            let changed = if rotated.is_empty() { Changed::No } else { Changed::Yes };
            (rotated, changed)
        });
        for sim in rotated.unwrap_or_default() {
            self.registrations.entry(sim).or_insert_with(Standing::new).stale = true;
        }
    }

    /// The SIMs whose registration is due, or will be: subscription id and when.
    fn registrations_due(&mut self, now: i64) -> Vec<(i32, i64)> {
        let Some(keys) = self.user.keys() else { return Vec::new() };
        let mut due = Vec::new();
        for (&sim, keys) in &keys.sims {
            let leased = keys.certificate.as_ref().is_some_and(|c| c.identity.not_after_ms > now);
            let standing = self.registrations.entry(sim).or_insert_with(Standing::new);
            let waiting = match standing.state {
                Registration::Asked => true,
                Registration::CodeNeeded => standing.code.is_empty(),
                _ => false,
            };
            if (!leased || standing.stale) && !waiting {
                due.push((
                    sim,
                    if standing.retry.is_due(now) { now } else { standing.retry.due() },
                ));
            }
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
        let live = keys.certificate.as_ref().filter(|c| c.identity.not_after_ms > now);
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
        let renewal = live.is_some();
        self.awaits(asked, to, Kind::Register { sim, renewal }, now);
        if let Some(standing) = self.registrations.get_mut(&sim) {
            standing.state = Registration::Asked;
        }
        Ok(())
    }

    /// The registrar's answer to a registration or a renewal.
    pub(super) fn registered_answer(&mut self, sim: i32, renewal: bool, answer: reply::Kind) {
        let now = self.now();
        let registrar = self.user.module.registrar_keys();
        let state = match answer {
            reply::Kind::Registered(registered) => {
                let taken = self.user.change_keys(|keys| {
                    let Some(keys) = keys.sims.get_mut(&sim) else { return (false, Changed::No) };
                    let taken = keys.certify(&registered.sender_certificate, &registrar, now);
                    (taken, if taken { Changed::Yes } else { Changed::No })
                });
                if taken == Some(true) {
                    Registration::Done
                } else {
                    log::warn!("SIM {sim}: the registrar's certificate is not to be believed");
                    Registration::Refused
                }
            }
            reply::Kind::CodeSent(_) => Registration::CodeNeeded,
            reply::Kind::Refused(refused) => {
                log::warn!("SIM {sim}: the registrar refused: {:?}", refused.reason());
                if renewal && !super::transient(refused.reason()) {
                    // Registered anew, under the same identity key.
                    self.user.change_keys(|keys| {
                        if let Some(keys) = keys.sims.get_mut(&sim) {
                            keys.certificate = None;
                        }
                        ((), Changed::Yes)
                    });
                }
                Registration::Refused
            }
            _ => Registration::Refused,
        };
        log::info!("SIM {sim}: registration: {state:?}");
        let standing = self.registrations.entry(sim).or_insert_with(Standing::new);
        standing.state = state;
        standing.code.clear();
        if state == Registration::Done {
            standing.stale = false;
            standing.retry.succeeded();
        }
    }

    /// The owner's code.
    pub(super) fn take_code(&mut self, sim: i32, code: Zeroizing<String>) {
        if let Some(standing) = self.registrations.get_mut(&sim) {
            if standing.state == Registration::CodeNeeded {
                standing.code = code;
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
    fn awaits(&mut self, asked: Asked, to: super::outgoing::Route, kind: Kind, now: i64) {
        self.remember(to, None);
        self.asked.insert(asked.id, Request::new(asked, kind, now));
    }
}
