// SPDX-License-Identifier: Apache-2.0
//! The notice to a phone whose number another one has registered: in its inbox, sealed to the prekey of the
//! bundle that was replaced, signed by the registrar in the place of an identity key.
//!
//! What the broker does not take at once waits in memory, sealed, and is tried again until the old lease is
//! over or this instance ends. The phone learns it from its next renewal then.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloudmessaging_seal::{
    seal_content, Address, CertifiedIdentity, IdentityKey, Reader, ReaderKeys, RoutingId,
};
use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::envelope::{content::Kind, Content, Moved};

use crate::answer::{Bundles, Unavailable};

/// Most notices that wait; at most 1 KiB each.
const WAITING: usize = 1024;

/// A notice, and how long it is worth something.
pub struct Notice {
    to: RoutingId,
    envelope: Vec<u8>,
    until_ms: i64,
}

/// The notice, or nothing if the replaced bundle has no prekey that is in use now.
pub fn notice(
    before: &ReaderKeys,
    now: &CertifiedIdentity,
    (signing_key_id, signing): (u32, &IdentityKey),
    now_ms: i64,
) -> Option<Notice> {
    let prekey = before.prekey_at(now_ms)?;
    let to = Address {
        reader: Reader::Inbox,
        routing_id: &now.routing_id,
        key_id: &prekey.id,
        key: &prekey.public_key,
    };
    let content = Content {
        schema_version: SCHEMA_VERSION,
        kind: Some(Kind::Moved(Moved {
            signing_key_id,
            identity_key: before.identity_key.to_vec(),
            serial: now.serial,
            at_ms: now_ms,
        })),
        signature: Vec::new(),
    };
    // A prekey that is no point of the curve is its phone's own doing.
    let envelope = seal_content(&to, signing, content).ok()?.payload;
    Some(Notice { to: now.routing_id, envelope, until_ms: before.not_after_ms })
}

impl Notice {
    /// Puts it into the inbox; on return the broker has it.
    pub async fn tell(&self, bundles: &impl Bundles, now_ms: i64) -> Result<(), Unavailable> {
        let time = Duration::from_millis(self.until_ms.abs_diff(now_ms));
        bundles.deliver(&self.to, self.envelope.clone(), time).await
    }
}

/// Notices that the broker has not taken yet.
#[derive(Default)]
pub struct Untold(Mutex<VecDeque<Notice>>);

impl Untold {
    /// Keeps one to be tried again; whether there was room.
    pub fn keep(&self, notice: Notice) -> bool {
        let mut waiting = self.lock();
        let room = waiting.len() < WAITING;
        if room {
            waiting.push_back(notice);
        }
        room
    }

    /// Tries each once, the oldest first, until the broker fails one: that waits behind the others then.
    /// Those of a lease that is over are dropped. Whether none is left.
    pub async fn tell(&self, bundles: &impl Bundles, now_ms: i64) -> bool {
        let mut waiting = std::mem::take(&mut *self.lock());
        while let Some(notice) = waiting.pop_front() {
            if notice.until_ms > now_ms && notice.tell(bundles, now_ms).await.is_err() {
                waiting.push_back(notice);
                break;
            }
        }
        let mut newer = self.lock();
        waiting.append(&mut newer);
        waiting.truncate(WAITING);
        *newer = waiting;
        newer.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails what is for this routing id.
    struct Failing(RoutingId, Mutex<Vec<u8>>);

    impl Bundles for Failing {
        async fn read(&self, _: &RoutingId) -> Result<Option<Vec<u8>>, Unavailable> {
            Err(Unavailable)
        }

        async fn keep(&self, _: &RoutingId, _: Vec<u8>, _: Duration) -> Result<(), Unavailable> {
            Err(Unavailable)
        }

        async fn erase(&self, _: &RoutingId) -> Result<(), Unavailable> {
            Err(Unavailable)
        }

        async fn deliver(
            &self,
            to: &RoutingId,
            _: Vec<u8>,
            _: Duration,
        ) -> Result<(), Unavailable> {
            self.1.lock().unwrap().push(to[0]);
            (*to != self.0).then_some(()).ok_or(Unavailable)
        }
    }

    fn notice(to: u8) -> Notice {
        Notice { to: [to; 32], envelope: vec![to], until_ms: 100 }
    }

    #[tokio::test]
    async fn one_that_always_fails_holds_up_none_behind_it_for_long() {
        let (untold, broker) = (Untold::default(), Failing([1; 32], Mutex::default()));
        assert!((1..=3).all(|to| untold.keep(notice(to))));
        assert!(!untold.tell(&broker, 0).await);
        assert!(!untold.tell(&broker, 0).await);
        assert_eq!(*broker.1.lock().unwrap(), [1, 2, 3, 1]);
        assert!(untold.tell(&broker, 100).await, "its lease is over");
        assert_eq!(broker.1.lock().unwrap().len(), 4);
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let untold = Untold::default();
        let kept = (0..2 * WAITING).filter(|_| untold.keep(notice(1))).count();
        assert_eq!(kept, WAITING);
    }
}
