// SPDX-License-Identifier: Apache-2.0
//! A broker as far as phones can tell one: topics, QoS 1, sessions that persist, messages that expire. It can be made to
//! lose, repeat, hold back and refuse what it is given.

use std::collections::{BTreeMap, VecDeque};

use cloudmessaging_wire::proto::uplink::Connect;

/// What goes wrong with one publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Acknowledged, and lost.
    Lose,
    /// Delivered twice.
    Repeat,
    /// Held back for so many ms, whatever overtakes it. Its expiry runs on.
    Late(i64),
    /// Held back, and delivered with the expiry that it came with.
    LateAndFresh(i64),
    /// Refused with this MQTT reason code.
    Refuse(u32),
    /// The connection ends when the broker has it and before that is acknowledged.
    NoAck,
    /// The connection ends before the broker has it.
    NotTaken,
}

/// One thing that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Where to.
    pub topic: String,
    /// Sealed.
    pub payload: Vec<u8>,
    /// When the broker forgets it, true ms since the Unix epoch; `None`: never.
    pub expires_ms: Option<i64>,
}

/// Names a connection: uplink and the gate's number for it.
pub(crate) type Line = (u32, u32);

/// What waits for one client id.
struct Session {
    filters: Vec<String>,
    persistent: bool,
    receive_maximum: usize,
    queue: VecDeque<Publication>,
    /// Delivered and not acknowledged, by token.
    in_flight: BTreeMap<u64, Publication>,
    line: Option<Line>,
}

/// The one broker of a world.
#[derive(Default)]
pub struct Broker {
    sessions: BTreeMap<String, Session>,
    faults: VecDeque<Fault>,
    next_token: u64,
    /// All that it ever routed, oldest first.
    pub routed: Vec<Publication>,
}

impl Broker {
    /// What goes wrong with the next publishes, in this order.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.push_back(fault);
    }

    /// Nothing goes wrong from here on.
    pub fn heal(&mut self) {
        self.faults.clear();
    }

    pub(crate) fn next_fault(&mut self) -> Option<Fault> {
        self.faults.pop_front()
    }

    /// A client connects. Whether there was a session; and a connection that it takes over, which ends.
    pub(crate) fn connect(&mut self, line: Line, connect: &Connect) -> (bool, Option<Line>) {
        let mut before = self.sessions.remove(&connect.client_id);
        let taken_over = before.as_mut().and_then(|session| session.line.take());
        let kept = before.filter(|_| !connect.clean_start);
        let present = kept.is_some();
        let mut session = kept.unwrap_or_else(|| Session {
            filters: Vec::new(),
            persistent: false,
            receive_maximum: 0,
            queue: VecDeque::new(),
            in_flight: BTreeMap::new(),
            line: None,
        });
        session.return_in_flight();
        session.filters.clone_from(&connect.subscribe);
        session.persistent = connect.session_expiry_s > 0;
        session.receive_maximum = connect.receive_maximum as usize;
        session.line = Some(line);
        self.sessions.insert(connect.client_id.clone(), session);
        (present, taken_over)
    }

    /// A connection is over.
    pub(crate) fn disconnect(&mut self, line: Line) {
        for session in self.sessions.values_mut().filter(|session| session.line == Some(line)) {
            session.line = None;
            session.return_in_flight();
        }
        self.sessions.retain(|_, session| session.line.is_some() || session.persistent);
    }

    /// The connections of an uplink.
    pub(crate) fn lines_of(&self, pid: u32) -> Vec<Line> {
        let lines = self.sessions.values().filter_map(|session| session.line);
        lines.filter(|line| line.0 == pid).collect()
    }

    /// All connections.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.sessions.values().filter_map(|session| session.line).collect()
    }

    /// It crashed, and knows nobody any more. Gives the connections that ended.
    pub(crate) fn crash(&mut self) -> Vec<Line> {
        let lines = self.lines();
        self.sessions.clear();
        lines
    }

    /// Puts a publication into every session that asked for its topic.
    pub(crate) fn route(&mut self, publication: Publication) {
        let to = self.sessions.values_mut().filter(|s| s.wants(&publication.topic));
        to.for_each(|session| session.queue.push_back(publication.clone()));
        self.routed.push(publication);
    }

    /// What can be delivered now: connection, token, and what. It waits for its acknowledgement from here on.
    pub(crate) fn deliverable(&mut self, now_ms: i64) -> Vec<(Line, u64, Publication)> {
        let mut deliverable = Vec::new();
        for session in self.sessions.values_mut() {
            session.queue.retain(|p| p.expires_ms.is_none_or(|at| now_ms < at));
            let Some(line) = session.line else { continue };
            while session.in_flight.len() < session.receive_maximum {
                let Some(next) = session.queue.pop_front() else { break };
                self.next_token += 1;
                session.in_flight.insert(self.next_token, next.clone());
                deliverable.push((line, self.next_token, next));
            }
        }
        deliverable
    }

    /// PUBACK of a client.
    pub(crate) fn acknowledged(&mut self, line: Line, token: u64) {
        let of = self.sessions.values_mut().filter(|session| session.line == Some(line));
        of.for_each(|session| drop(session.in_flight.remove(&token)));
    }

    /// How many publications wait to be acknowledged by somebody, connected or not.
    pub fn waiting(&self) -> usize {
        self.sessions.values().map(|s| s.queue.len() + s.in_flight.len()).sum()
    }
}

impl Session {
    fn return_in_flight(&mut self) {
        let unacknowledged = std::mem::take(&mut self.in_flight);
        for publication in unacknowledged.into_values().rev() {
            self.queue.push_front(publication);
        }
    }

    fn wants(&self, topic: &str) -> bool {
        self.filters.iter().any(|filter| match filter.strip_suffix('+') {
            Some(parent) => topic.strip_prefix(parent).is_some_and(|rest| !rest.contains('/')),
            None => filter == topic,
        })
    }
}
