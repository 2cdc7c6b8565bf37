// SPDX-License-Identifier: Apache-2.0
//! Connections: one post connection, and one inbox connection for each registered SIM (protocol.md, "Broker"). Every
//! attempt has a permit and a ledger entry; the uplink makes one for each `Connect` frame and none of its own.

use std::sync::Arc;

use cloudmessaging_wire::limits::LEASE;
use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::proto::uplink::{from_uplink::Frame, Closed, Connect, Connected};

use super::life::{Life, Link, State};
use super::{Courier, Setback};
use crate::disclose::RoutingId;
use crate::identity::client_id;
use crate::process::End;
use crate::user::{Changed, Registration, SimLink};
use crate::work::Started;

/// A post connection that nobody uses is closed after this.
const POST_IDLE_MS: i64 = 30_000;
/// An inbox connection whose certificate ends is made anew this long before that, once there is a newer one.
const RECONNECT_BEFORE_MS: i64 = 3_600_000;
/// Between two attempts to end a connection, while the uplink takes no more.
const HANG_UP_AGAIN_MS: i64 = 1000;
/// PINGREQ interval of an inbox connection: shorter than what carriers keep a silent TCP connection for.
const INBOX_KEEP_ALIVE_S: u32 = 240;
const POST_KEEP_ALIVE_S: u32 = 60;
/// Messages that may be on their way from the broker and not yet stored.
const RECEIVE_MAXIMUM: u32 = 16;

impl Courier {
    /// Whether an uplink runs and is ready.
    pub(super) fn ensure_uplink(&mut self, now: i64, next: &mut i64) -> bool {
        let current = self.life.as_ref().map(|life| life.uplink.clone());
        if current.is_some_and(|uplink| !self.user.gate.is_current(&uplink)) {
            self.drop_life();
        }
        if self.life.is_none() {
            if !self.starting.is_due(now) {
                *next = (*next).min(self.starting.due());
                return false;
            }
            if self.user.gate.connects().is_err() {
                // Whoever lifts that wakes us.
                return false;
            }
            let module = &self.user.module;
            match self.user.gate.start(|network| module.start_uplink(network)) {
                Ok(uplink) => {
                    let read = module.workers.read_uplink(uplink.clone(), self.sender.clone());
                    if let Err(e) = read {
                        log::error!("the uplink cannot be read: {e}");
                    }
                    self.life = Some(Life::of(uplink));
                }
                Err(refusal) => {
                    log::debug!("no uplink: {refusal:?}");
                    self.starting.failed(now);
                    *next = (*next).min(self.starting.due());
                }
            }
        }
        self.life.as_ref().is_some_and(|life| life.ready)
    }

    pub(super) fn ended(&mut self, uplink: &Arc<Started>, end: End) {
        let ours = self.life.as_ref().is_some_and(|life| Arc::ptr_eq(&life.uplink, uplink));
        if self.user.gate.ended(uplink) {
            log::warn!("uplink {} ended: {end}", uplink.pid());
            self.starting.failed(self.now());
        }
        if ours {
            self.drop_life();
        }
    }

    /// What was in the hands of an uplink that is gone goes back to be sent again.
    pub(super) fn drop_life(&mut self) {
        if let Some(life) = self.life.take() {
            self.give_back(life.sent.into_values());
            self.asked.clear();
            self.forget_asked();
        }
    }

    pub(super) fn frame(&mut self, uplink: &Arc<Started>, frame: Frame) {
        let Some(life) = &mut self.life else { return };
        if !Arc::ptr_eq(&life.uplink, uplink) {
            return;
        }
        match frame {
            Frame::Ready(ready) => {
                if ready.partly_confined {
                    log::warn!("this kernel does not confine the uplink's files and ports in full");
                }
                life.ready = true;
            }
            Frame::Connected(connected) => self.connected(&connected),
            Frame::Closed(closed) => self.closed(&closed),
            Frame::Published(published) => self.published(published.token, published.reason_code),
            Frame::Received(received) => self.received(received),
        }
    }

    fn connected(&mut self, connected: &Connected) {
        let now = self.now();
        let Some(life) = &mut self.life else { return };
        let Some((sim, link)) = life.link(connected.connection) else { return };
        link.state = State::Up(connected.connection);
        link.retry.succeeded();
        link.used_ms = now;
        self.starting.succeeded();
        log::info!("{} connected", name(sim));
        if let Some(sim) = sim {
            let known = self
                .user
                .keys()
                .is_some_and(|keys| keys.sims.get(&sim).is_none_or(|keys| keys.inbox_session));
            if !known {
                self.user.change_keys(|keys| {
                    keys.sims.entry(sim).and_modify(|keys| keys.inbox_session = true);
                    ((), Changed::Yes)
                });
            }
        }
    }

    fn closed(&mut self, closed: &Closed) {
        let now = self.now();
        let Some(life) = &mut self.life else { return };
        let Some((sim, link)) = life.link(closed.connection) else { return };
        let asked_for = matches!(link.state, State::Closing(_));
        link.state = State::Down;
        if !asked_for {
            link.retry.failed(now);
            log::info!("{} closed: {:?}: {}", name(sim), closed.reason(), closed.detail);
        }
        let lost: Vec<_> = life
            .sent
            .iter()
            .filter(|(_, s)| s.connection == closed.connection)
            .map(|s| *s.0)
            .collect();
        let lost: Vec<_> = lost.iter().filter_map(|token| life.sent.remove(token)).collect();
        self.give_back(lost.into_iter());
        if sim.is_none() {
            self.asked.clear();
            self.forget_asked();
        }
    }

    /// Connects what is wanted and due.
    pub(super) fn connect_due(&mut self, now: i64, next: &mut i64) {
        self.connect_inboxes(now, next);
        let wanted = self.post_wanted(now);
        let Some(life) = &mut self.life else { return };
        match life.post.state {
            State::Down if wanted => {
                if !life.post.retry.is_due(now) {
                    *next = (*next).min(life.post.retry.due());
                    return;
                }
                let Ok(client_id) = client_id() else { return };
                life.post.client_id.clone_from(&client_id);
                life.requests = 0;
                let connect = Connect {
                    client_id,
                    clean_start: true,
                    keep_alive_s: POST_KEEP_ALIVE_S,
                    ..Connect::default()
                };
                self.connect(None, connect, None, now, next);
            }
            State::Up(connection) if !wanted => {
                let idle_at = life.post.used_ms.saturating_add(POST_IDLE_MS);
                if now < idle_at && life.post.used_ms <= now {
                    *next = (*next).min(idle_at);
                    return;
                }
                self.hang_up(None, connection, now, next);
            }
            _ => {}
        }
    }

    /// One inbox connection for each SIM that is registered, made with the certificate that it has now.
    fn connect_inboxes(&mut self, now: i64, next: &mut i64) {
        let Some(keys) = self.user.keys() else { return };
        for (sim, keys) in &keys.sims {
            let Some((certificate, life)) = keys.live(now).zip(self.life.as_mut()) else {
                continue;
            };
            let link = life.inboxes.entry(*sim).or_insert_with(Link::new);
            let until_ms = certificate.identity.not_after_ms;
            let (connection, due) = match link.state {
                State::Down => (None, link.retry.due_from(now)),
                State::Up(connection) if link.unstored => {
                    (Some(connection), link.again.due_from(now))
                }
                State::Up(connection) if link.until_ms < until_ms => {
                    (Some(connection), link.until_ms.saturating_sub(RECONNECT_BEFORE_MS))
                }
                _ => continue,
            };
            if now < due {
                *next = (*next).min(due);
                continue;
            }
            if let Some(connection) = connection {
                // Closed, it is made anew by the next step.
                self.hang_up(Some(*sim), connection, now, next);
                continue;
            }
            link.until_ms = until_ms;
            link.unstored = false;
            let connect = Connect {
                client_id: keys.inbox_client_id.to_string(),
                clean_start: false,
                session_expiry_s: LEASE.as_secs() as u32,
                keep_alive_s: INBOX_KEEP_ALIVE_S,
                client_certificate: vec![certificate.tls.clone()],
                client_key: keys.tls.pkcs8().to_vec(),
                ..Connect::default()
            };
            let routing_id = RoutingId(certificate.identity.routing_id);
            self.connect(Some(*sim), connect, Some(routing_id), now, next);
        }
    }

    /// Ends a connection.
    fn hang_up(&mut self, sim: Option<i32>, connection: u32, now: i64, next: &mut i64) {
        let asked = self.user.gate.permit(Purpose::Connect, sim, |permit| {
            Ok::<_, Setback>(permit.disconnect(connection)?)
        });
        if let Err(e) = asked {
            log::debug!("{} stays connected: {e}", name(sim));
            *next = (*next).min(now.saturating_add(HANG_UP_AGAIN_MS));
        } else if let Some((_, link)) = self.life.as_mut().and_then(|life| life.link(connection)) {
            link.state = State::Closing(connection);
        }
    }

    fn connect(
        &mut self,
        sim: Option<i32>,
        connect: Connect,
        routing_id: Option<RoutingId>,
        now: i64,
        next: &mut i64,
    ) {
        let Some(life) = &mut self.life else { return };
        life.next_connection += 1;
        let connection = life.next_connection;
        let connect = Connect { connection, receive_maximum: RECEIVE_MAXIMUM, ..connect };
        let result = self.user.gate.permit(Purpose::Connect, sim, |permit| {
            Ok::<_, Setback>(permit.connect(connect, routing_id, &self.user.book)?)
        });
        let link = match sim {
            Some(sim) => life.inboxes.entry(sim).or_insert_with(Link::new),
            None => &mut life.post,
        };
        match result {
            Ok(()) => link.state = State::Connecting(connection),
            Err(e) => {
                log::debug!("{} not connected: {e}", name(sim));
                link.retry.failed(now);
                *next = (*next).min(link.retry.due());
                self.count_refused(&e);
            }
        }
    }

    /// Lets the owner see how far each SIM is.
    pub(super) fn publish_links(&self) {
        let now = self.now();
        let Some(keys) = self.user.keys() else { return self.user.set_links(Vec::new()) };
        let links = keys.sims.iter().map(|(sim, keys)| {
            let lease = keys.live(now).map(|c| c.identity.not_after_ms);
            let inbox = self.life.as_ref().and_then(|life| life.inboxes.get(sim));
            SimLink {
                subscription: *sim,
                registration: match keys.moved {
                    true => Registration::Moved,
                    false => self.registration(*sim, lease.is_some()),
                },
                lease_until_ms: lease.unwrap_or(0),
                connected: inbox.is_some_and(|link| link.up().is_some()),
                code_was_wrong: self.code_was_wrong(*sim),
                code_until_ms: keys.code_until_ms,
            }
        });
        self.user.set_links(links.collect());
    }
}

fn name(sim: Option<i32>) -> String {
    sim.map_or("post".into(), |sim| format!("inbox of SIM {sim}"))
}
