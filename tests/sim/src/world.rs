// SPDX-License-Identifier: Apache-2.0
//! Everything that happens, one thing after the other.

use std::collections::BTreeMap;

use cloudmessaging_wire::proto::uplink::{
    from_uplink, to_uplink, CloseReason, Closed, Connect, Connected, Publish, Published, Ready,
    Received,
};
use cloudmessaging_wire::topic;

use crate::broker::{Broker, Fault, Line, Publication};
use crate::clock::Truth;
use crate::phone::Phone;
use crate::registrar::Registrar;

/// When a world begins, ms since the Unix epoch.
pub const START_MS: i64 = 1_800_000_000_000;
/// How long anything is on its way between a phone and the broker, ms.
const LATENCY_MS: i64 = 20;
/// Couriers that have more to do than this in one ms do not rest any more.
const RESTLESS: u32 = 10_000;

/// What is on its way.
enum Parcel {
    Connect(Connect),
    Publish(Publish),
    Acknowledge {
        connection: u32,
        token: u64,
    },
    HangUp {
        connection: u32,
    },
    /// From the broker's side to the gate.
    Frame(from_uplink::Frame),
    /// Held back by the broker.
    Route(Publication),
}

/// Phones, broker, registrar, and the time.
pub struct World {
    truth: Truth,
    /// At least one.
    pub phones: Vec<Phone>,
    /// The broker.
    pub broker: Broker,
    /// The registrar.
    pub registrar: Registrar,
    /// By when they arrive, then in the order in which they were sent; with the uplink that they concern.
    parcels: BTreeMap<(i64, u64), (u32, Parcel)>,
    sent: u64,
    /// Requests that wait for a registrar.
    asked: Vec<Publication>,
    /// Events since the time has moved.
    restless: u32,
}

impl World {
    /// Phones with these numbers, all off; the broker and the registrar run.
    pub fn new(numbers: &[&str]) -> Self {
        let truth = Truth::at(START_MS);
        let registrar = Registrar::new();
        let phone = |number: &&str| Phone::new(number, truth.clone(), registrar.public());
        Self {
            phones: numbers.iter().map(phone).collect(),
            truth,
            broker: Broker::default(),
            registrar,
            parcels: BTreeMap::new(),
            sent: 0,
            asked: Vec::new(),
            restless: 0,
        }
    }

    /// The same, all on, registered and connected.
    pub fn connected(numbers: &[&str]) -> Self {
        let mut world = Self::new(numbers);
        for phone in &mut world.phones {
            phone.grant().expect("it lives").expect("turned on");
        }
        world.until("all are connected", |world| world.phones.iter_mut().all(Phone::is_connected));
        world
    }

    /// The time that it really is.
    pub fn now(&self) -> i64 {
        self.truth.now()
    }

    /// Lets so many ms pass.
    pub fn pass(&mut self, ms: i64) {
        let end = self.now() + ms;
        while self.advance(end) {}
    }

    /// Lets one thing happen, if it does so until `end`, and the time pass until then. False: it is `end`.
    pub fn advance(&mut self, end: i64) -> bool {
        let now = self.now();
        (0..self.phones.len()).for_each(|n| self.collect(n));
        if self.phones.iter().any(|phone| phone.wakes_ms <= now) {
            self.restless += 1;
            assert!(self.restless < RESTLESS, "a courier does not rest");
            self.work();
            return true;
        }
        self.deliver();
        let next = self.next_event();
        if next > end {
            self.truth.set(end);
            return false;
        }
        if next > now {
            self.restless = 0;
            self.truth.set(next);
        }
        self.arrive();
        true
    }

    /// Lets time pass until something is so; it has ten minutes.
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        for _ in 0..6000 {
            if so(self) {
                return;
            }
            self.pass(100);
        }
        panic!("never: {what}");
    }

    fn next_event(&self) -> i64 {
        let parcel = self.parcels.keys().next().map_or(i64::MAX, |key| key.0);
        self.phones.iter().map(|phone| phone.wakes_ms).fold(parcel, i64::min)
    }

    /// Gates that have something to do do it, and what they hand over is sent.
    fn work(&mut self) {
        let now = self.now();
        for n in 0..self.phones.len() {
            let phone = &mut self.phones[n];
            phone.type_code();
            if phone.wakes_ms <= now {
                if !phone.is_up() {
                    phone.start();
                }
                let sleep = phone.work();
                if phone.is_up() {
                    // Asked again in the same ms only after something else has happened.
                    phone.wakes_ms = now.saturating_add(sleep.max(1));
                }
            }
            self.collect(n);
        }
    }

    /// Takes what the uplinks of a phone were given.
    fn collect(&mut self, n: usize) {
        for orphan in self.phones[n].stage.take_orphans() {
            // It ends by itself once it reads that its gate has; until then it may be quick, or not.
            while let Some(frame) = orphan.next_frame() {
                match frame {
                    _ if !self.phones[n].uplinks_are_quick => break,
                    to_uplink::Frame::Publish(publish) => self.publish(orphan.pid, publish),
                    to_uplink::Frame::Stored(stored) => {
                        self.broker.acknowledged((orphan.pid, stored.connection), stored.token);
                    }
                    _ => {}
                }
            }
            self.hang_up(orphan.pid);
        }
        for uplink in self.phones[n].stage.uplinks() {
            if !uplink.is_alive() {
                self.hang_up(uplink.pid);
                self.phones[n].stage.forget(uplink.pid);
                continue;
            }
            if uplink.begins() {
                self.frame(uplink.pid, from_uplink::Frame::Ready(Ready::default()));
            }
            while let Some(frame) = uplink.next_frame() {
                let parcel = match frame {
                    to_uplink::Frame::Configure(_) => continue,
                    to_uplink::Frame::Connect(connect) => Parcel::Connect(connect),
                    to_uplink::Frame::Publish(publish) => Parcel::Publish(publish),
                    to_uplink::Frame::Stored(stored) => {
                        let (connection, token) = (stored.connection, stored.token);
                        Parcel::Acknowledge { connection, token }
                    }
                    to_uplink::Frame::Disconnect(end) => {
                        Parcel::HangUp { connection: end.connection }
                    }
                };
                self.send(uplink.pid, LATENCY_MS, parcel);
            }
        }
    }

    /// An uplink is dead.
    fn hang_up(&mut self, pid: u32) {
        self.broker.lines_of(pid).into_iter().for_each(|line| self.broker.disconnect(line));
    }

    fn send(&mut self, pid: u32, ms: i64, parcel: Parcel) {
        self.sent += 1;
        self.parcels.insert((self.now() + ms, self.sent), (pid, parcel));
    }

    fn frame(&mut self, pid: u32, frame: from_uplink::Frame) {
        self.send(pid, LATENCY_MS, Parcel::Frame(frame));
    }

    /// What the broker can deliver goes on its way.
    fn deliver(&mut self) {
        let now = self.now();
        for ((pid, connection), token, publication) in self.broker.deliverable(now) {
            let left = publication.expires_ms.map(|at| (at - now) / 1000);
            let arrived_boot_ms = self.phone_of(pid).map_or(0, |n| self.phones[n].boot_ms());
            let received = Received {
                connection,
                token,
                topic: publication.topic,
                payload: publication.payload,
                expiry_s: left.map(|seconds| seconds as u32),
                arrived_boot_ms: arrived_boot_ms + LATENCY_MS,
            };
            self.frame(pid, from_uplink::Frame::Received(received));
        }
    }

    fn phone_of(&self, pid: u32) -> Option<usize> {
        let runs =
            |phone: &Phone| phone.stage.uplinks().iter().any(|u| u.pid == pid && u.is_alive());
        self.phones.iter().position(runs)
    }

    /// The next parcel, if it is due.
    fn arrive(&mut self) {
        let Some(first) = self.parcels.first_entry().filter(|p| p.key().0 <= self.truth.now())
        else {
            return;
        };
        let (pid, parcel) = first.remove();
        if let Parcel::Route(publication) = parcel {
            return self.route(publication);
        }
        // What a dead uplink has not sent is gone with it, as is what was sent to it.
        let Some(n) = self.phone_of(pid) else { return };
        match parcel {
            Parcel::Connect(connect) => self.connect(pid, &connect),
            Parcel::Publish(publish) => self.publish(pid, publish),
            Parcel::Acknowledge { connection, token } => {
                self.broker.acknowledged((pid, connection), token);
            }
            Parcel::HangUp { connection } => self.end((pid, connection), CloseReason::Asked),
            Parcel::Frame(frame) => {
                self.phones[n].stage.say(pid, frame);
                self.phones[n].wakes_ms = 0;
            }
            Parcel::Route(_) => {}
        }
    }

    fn connect(&mut self, pid: u32, connect: &Connect) {
        let connection = connect.connection;
        let (session_present, taken_over) = self.broker.connect((pid, connection), connect);
        if let Some(line) = taken_over {
            self.closed(line, CloseReason::Broker);
        }
        let connected = Connected { connection, session_present };
        self.frame(pid, from_uplink::Frame::Connected(connected));
    }

    fn publish(&mut self, pid: u32, publish: Publish) {
        let Publish { connection, token, topic, payload, expiry_s } = publish;
        let line = (pid, connection);
        if !self.broker.lines_of(pid).contains(&line) {
            return;
        }
        let expires_ms = Some(self.now() + i64::from(expiry_s) * 1000);
        let publication = Publication { topic, payload, expires_ms };
        let mut reason_code = 0;
        match self.broker.next_fault() {
            None => self.route(publication),
            Some(Fault::Lose) => {}
            Some(Fault::Repeat) => {
                self.route(publication.clone());
                self.route(publication);
            }
            Some(Fault::Late(ms)) => self.send(pid, ms, Parcel::Route(publication)),
            Some(Fault::LateAndFresh(ms)) => {
                let expires_ms = publication.expires_ms.map(|at| at + ms);
                let publication = Publication { expires_ms, ..publication };
                self.send(pid, ms, Parcel::Route(publication));
            }
            Some(Fault::Refuse(code)) => reason_code = code,
            Some(Fault::NoAck) => {
                self.route(publication);
                return self.end(line, CloseReason::Tcp);
            }
            Some(Fault::NotTaken) => return self.end(line, CloseReason::Tcp),
        }
        let published = Published { connection, token, reason_code };
        self.frame(pid, from_uplink::Frame::Published(published));
    }

    /// The broker ends a connection.
    fn end(&mut self, line: Line, why: CloseReason) {
        if self.broker.lines_of(line.0).contains(&line) {
            self.broker.disconnect(line);
            self.closed(line, why);
        }
    }

    fn closed(&mut self, (pid, connection): Line, why: CloseReason) {
        let closed = Closed { connection, reason: why.into(), detail: String::new() };
        self.frame(pid, from_uplink::Frame::Closed(closed));
    }

    /// To whoever reads the topic.
    fn route(&mut self, publication: Publication) {
        if publication.topic == topic::REGISTRAR {
            self.asked.push(publication);
            self.answer();
        } else {
            self.broker.route(publication);
        }
    }

    fn answer(&mut self) {
        if !self.registrar.up {
            return;
        }
        let now = self.now();
        for asked in std::mem::take(&mut self.asked) {
            if asked.expires_ms.is_some_and(|at| at <= now) {
                continue;
            }
            if let Some((topic, payload)) = self.registrar.answer(&asked.payload, now) {
                self.broker.route(Publication { topic, payload, expires_ms: Some(now + 60_000) });
            }
        }
        for (topic, payload, until) in self.registrar.take_notices() {
            self.broker.route(Publication { topic, payload, expires_ms: Some(until) });
        }
        for (number, text) in self.registrar.take_texts() {
            for phone in self.phones.iter_mut().filter(|p| p.number.as_str() == number) {
                phone.code = text.split(' ').next().map(str::to_owned);
            }
        }
    }

    /// Puts something into an inbox that no phone of this world has sent, and that the broker forgets after so many
    /// ms.
    pub fn inject(&mut self, topic: String, payload: Vec<u8>, life_ms: i64) {
        let expires_ms = Some(self.now() + life_ms);
        self.broker.route(Publication { topic, payload, expires_ms });
    }

    /// The uplinks of a phone die by themselves.
    pub fn kill_uplink(&mut self, n: usize) {
        for uplink in self.phones[n].stage.uplinks().iter().filter(|uplink| uplink.is_alive()) {
            uplink.die();
            self.hang_up(uplink.pid);
            self.phones[n].stage.ended(uplink.pid);
        }
        self.phones[n].wakes_ms = 0;
    }

    /// The broker loses every session and connection.
    pub fn crash_broker(&mut self) {
        for line in self.broker.crash() {
            self.closed(line, CloseReason::Tcp);
        }
    }

    /// The registrar stops, or runs again and answers what has waited.
    pub fn set_registrar(&mut self, up: bool) {
        self.registrar.up = up;
        self.answer();
    }

    /// Whether an uplink of a phone runs.
    pub fn uplink_runs(&self, n: usize) -> bool {
        self.phones[n].stage.uplinks().iter().any(|uplink| uplink.is_alive())
    }
}
