// SPDX-License-Identifier: Apache-2.0
//! How many calls may be in progress at a time, so that no caller keeps the owner from turning off (P3).
//!
//! Binder serves all interfaces of a process with one pool of threads. A caller that fills it, by calls that wait
//! for a disk or that are many, would keep Settings waiting. So a call over its caller's share, or over that of
//! its interface, is refused at once and holds no thread; and `withdraw` is never refused. [`all`] sums to 18: a
//! pool of 20 has threads left for it. (A host gives each connection a thread of its own; `host/binder` bounds
//! those.)
//!
//! Refusals are counted ([`super::refused`]).

use super::access::Interface;
use super::error::ServiceError;
use super::facade::UserId;
use super::refused::Refused;
use crate::sync::lock;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::ICloudMessaging::MAX_CALLS;
use std::sync::{Arc, Mutex};

/// Most calls in progress of one caller on one interface. The same in all three AIDL files.
const EACH: usize = MAX_CALLS as usize;

/// Most calls in progress of all callers together.
fn all(interface: Interface) -> usize {
    match interface {
        Interface::Messaging => 8,
        Interface::Consent => 6,
        Interface::Platform => 4,
    }
}

/// The calls in progress.
pub(super) struct Crowd {
    inside: Mutex<Vec<(Interface, u32)>>,
    refused: Arc<Refused>,
}

/// The place of one call, given back when dropped.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    of: (Interface, u32),
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(refused: Arc<Refused>) -> Arc<Self> {
        Arc::new(Self { inside: Mutex::default(), refused })
    }

    /// A place for one more call of `uid`, which acts for `user`.
    pub(super) fn enter(
        self: &Arc<Self>,
        interface: Interface,
        uid: u32,
        user: UserId,
    ) -> Result<Place, ServiceError> {
        let of = (interface, uid);
        let limit = {
            let mut inside = lock(&self.inside);
            let own = inside.iter().filter(|place| **place == of).count();
            let together = inside.iter().filter(|place| place.0 == interface).count();
            if own < EACH && together < all(interface) {
                inside.push(of);
                return Ok(Place { crowd: Arc::clone(self), of });
            }
            if own < EACH {
                all(interface)
            } else {
                EACH
            }
        };
        self.refused.count(user, uid, "TOO_MANY");
        Err(ServiceError::TooMany { what: "calls at a time", limit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = lock(&self.crowd.inside);
        if let Some(at) = inside.iter().position(|place| *place == self.of) {
            inside.swap_remove(at);
        }
    }
}
