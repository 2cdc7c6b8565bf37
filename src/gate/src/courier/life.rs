// SPDX-License-Identifier: Apache-2.0
//! One life of an uplink and its connections. What is here ends with the process; what has to outlive it is elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::sending::Sent;
use crate::work::Started;

/// One life of an uplink, and what hangs on it.
pub(super) struct Life {
    pub uplink: Arc<Started>,
    /// Sandboxed and configured.
    pub ready: bool,
    pub post: Link,
    pub inboxes: BTreeMap<i32, Link>,
    pub next_connection: u32,
    next_token: u64,
    /// What was handed over and not acknowledged by the broker.
    pub sent: HashMap<u64, Sent>,
    /// Counts the requests of the post connection.
    pub requests: u32,
}

/// One connection, or the wish for one.
pub(super) struct Link {
    pub state: State,
    pub client_id: String,
    pub retry: Backoff,
    /// Wall clock, ms.
    pub used_ms: i64,
    /// Of an inbox connection: when the certificate that it was made with ends, wall clock, ms.
    pub until_ms: i64,
    /// Between two connections that are ended so that the broker sends again what could not be stored.
    pub again: Backoff,
    /// Something could not be stored: it comes again with the next connection.
    pub unstored: bool,
}

/// Where a connection is; with its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Down,
    Connecting(u32),
    Up(u32),
    Closing(u32),
}

impl Link {
    pub fn new() -> Self {
        let retry = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
        Self {
            state: State::Down,
            client_id: String::new(),
            retry,
            used_ms: 0,
            until_ms: 0,
            again: Backoff::new(Duration::from_secs(5), Duration::from_secs(600)),
            unstored: false,
        }
    }

    /// Whether something that arrived could be stored, or refused for good.
    pub fn stored(&mut self, stored: bool, now: i64) {
        if stored {
            self.again.succeeded();
        } else if !self.unstored {
            self.unstored = true;
            self.again.failed(now);
        }
    }

    /// The connection, if it is up.
    pub fn up(&self) -> Option<u32> {
        match self.state {
            State::Up(id) => Some(id),
            _ => None,
        }
    }

    fn id(&self) -> Option<u32> {
        match self.state {
            State::Down => None,
            State::Connecting(id) | State::Up(id) | State::Closing(id) => Some(id),
        }
    }
}

impl Life {
    /// One that has just begun.
    pub fn of(uplink: Arc<Started>) -> Self {
        Self {
            uplink,
            ready: false,
            post: Link::new(),
            inboxes: BTreeMap::new(),
            next_connection: 0,
            next_token: 0,
            sent: HashMap::new(),
            requests: 0,
        }
    }

    /// Names one transmission; never used twice in a life.
    pub fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    /// The connection of this number, and the SIM whose inbox it reads; `None` if it is over.
    pub fn link(&mut self, connection: u32) -> Option<(Option<i32>, &mut Link)> {
        if self.post.id() == Some(connection) {
            return Some((None, &mut self.post));
        }
        let inbox = self.inboxes.iter_mut().find(|(_, link)| link.id() == Some(connection))?;
        Some((Some(*inbox.0), inbox.1))
    }
}
