// SPDX-License-Identifier: Apache-2.0
//! Publishes of one connection: those that wait, because the broker's Receive Maximum or the socket is
//! full, and those that the broker has not acknowledged yet. Both are bounded.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use cloudmessaging_wire::proto::uplink::Publish;

/// Publishes that wait at most.
const WAITING: usize = 64;

/// Bytes of payload that wait at most.
const WAITING_BYTES: usize = 1024 * 1024;

/// Publishes that the broker may owe a PUBACK for, however large its Receive Maximum is.
const IN_FLIGHT: usize = 64;

/// What waits first in line.
pub(crate) enum Next {
    /// Send it, with what is left of its expiry.
    Send(Publish),
    /// Its expiry passed while it waited: this token's publish is never sent.
    Expired(u64),
}

/// Too much waits already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<(Publish, Instant)>,
    waiting_bytes: usize,
    in_flight: HashMap<u16, u64>,
}

impl Outbox {
    /// Takes a publish in, if there is room.
    pub(crate) fn push(&mut self, publish: Publish, now: Instant) -> Result<(), Full> {
        let bytes = self.waiting_bytes + publish.payload.len();
        if self.waiting.len() == WAITING || bytes > WAITING_BYTES {
            return Err(Full);
        }
        self.waiting_bytes = bytes;
        self.waiting.push_back((publish, now));
        Ok(())
    }

    /// What comes next, if the broker takes `vacancy` more (`None`: any number).
    pub(crate) fn next(&mut self, vacancy: Option<u16>, now: Instant) -> Option<Next> {
        if vacancy == Some(0) || self.in_flight.len() >= IN_FLIGHT {
            return None;
        }
        let (mut publish, since) = self.waiting.pop_front()?;
        self.waiting_bytes -= publish.payload.len();
        let waited = now.saturating_duration_since(since).as_secs();
        let left = u64::from(publish.expiry_s).saturating_sub(waited);
        Some(match u32::try_from(left) {
            Ok(left) if left > 0 => {
                publish.expiry_s = left;
                Next::Send(publish)
            }
            _ => Next::Expired(publish.token),
        })
    }

    /// Sent under this packet id.
    pub(crate) fn sent(&mut self, packet_id: u16, token: u64) {
        self.in_flight.insert(packet_id, token);
    }

    /// The token of the publish that the broker acknowledged.
    pub(crate) fn acknowledged(&mut self, packet_id: u16) -> Option<u64> {
        self.in_flight.remove(&packet_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn publish(token: u64, size: usize) -> Publish {
        Publish { token, payload: vec![0; size], expiry_s: 60, ..Publish::default() }
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_in_bytes() {
        let now = Instant::now();
        let mut outbox = Outbox::default();
        for token in 0..WAITING as u64 {
            outbox.push(publish(token, 0), now).unwrap();
        }
        assert_eq!(outbox.push(publish(99, 0), now), Err(Full));

        let mut outbox = Outbox::default();
        outbox.push(publish(1, WAITING_BYTES - 1), now).unwrap();
        assert!(outbox.push(publish(2, 2), now).is_err());
        assert!(outbox.next(None, now).is_some());
        outbox.push(publish(2, 2), now).unwrap();
    }

    #[test]
    fn a_wait_counts_against_the_expiry() {
        let start = Instant::now();
        let mut outbox = Outbox::default();
        for token in [1, 2, 3] {
            outbox.push(publish(token, 0), start).unwrap();
        }
        let left = |next| match next {
            Some(Next::Send(publish)) => publish.expiry_s,
            _ => panic!(),
        };
        assert_eq!(left(outbox.next(None, start)), 60);
        assert_eq!(left(outbox.next(None, start + Duration::from_secs(59))), 1);
        let late = outbox.next(None, start + Duration::from_secs(60));
        assert!(matches!(late, Some(Next::Expired(3))));
    }

    #[test]
    fn no_more_is_in_flight_than_the_broker_or_we_allow() {
        let now = Instant::now();
        let mut outbox = Outbox::default();
        for packet_id in 0..IN_FLIGHT as u16 {
            outbox.sent(packet_id, 7);
        }
        outbox.push(publish(1, 0), now).unwrap();
        assert!(outbox.next(None, now).is_none());
        assert_eq!(outbox.acknowledged(3), Some(7));
        assert!(outbox.next(Some(0), now).is_none());
        assert!(outbox.next(Some(1), now).is_some());
    }
}
