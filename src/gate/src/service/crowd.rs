// SPDX-License-Identifier: Apache-2.0
//! How many calls may be in progress at a time, so that no caller keeps the owner from turning off (P3).
//!
//! Binder serves all interfaces of a process with one pool of threads. A caller that fills it, by calls that wait
//! for a disk or that are many, would keep Settings waiting. So a call over its caller's share, or over that of
//! its interface, is refused at once and holds no thread; and `withdraw` is never refused. [`all`] sums to 18: a
//! pool of 20 has threads left for it. (A host gives each connection a thread of its own; `host/binder` bounds
//! those.)
//!
//! Refusals are counted, and told once a [`WINDOW`] each: a flood cannot fill the ledger either. What was counted
//! when the process ends is lost.

use super::access::Interface;
use super::error::ServiceError;
use super::facade::{Facade, UserId};
use crate::sync::lock;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::ICloudMessaging::MAX_CALLS;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

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

/// How long refusals are counted before they are told.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// Most callers that are counted in one window; further ones are refused without being named.
const COUNTED: usize = 64;

/// The calls in progress.
pub(super) struct Crowd {
    inside: Mutex<Vec<(Interface, u32)>>,
    refused: Mutex<BTreeMap<(UserId, u32), u32>>,
    // Weak: the thread that waits for a window's end keeps nothing alive.
    facade: Weak<dyn Facade>,
    window: Duration,
}

/// The place of one call, given back when dropped.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    of: (Interface, u32),
}

impl Crowd {
    /// Nobody yet. Refusals are told to `facade`.
    pub(super) fn new(facade: &Arc<dyn Facade>, window: Duration) -> Arc<Self> {
        Arc::new(Self {
            inside: Mutex::default(),
            refused: Mutex::default(),
            facade: Arc::downgrade(facade),
            window,
        })
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
        self.count(user, uid);
        Err(ServiceError::TooMany { what: "calls at a time", limit })
    }

    fn count(self: &Arc<Self>, user: UserId, uid: u32) {
        let mut refused = lock(&self.refused);
        let first = refused.is_empty();
        if refused.len() < COUNTED || refused.contains_key(&(user, uid)) {
            let count = refused.entry((user, uid)).or_default();
            *count = count.saturating_add(1);
        }
        if !first {
            return;
        }
        let crowd = Arc::clone(self);
        let told = std::thread::Builder::new().name("refusals".into()).spawn(move || {
            std::thread::sleep(crowd.window);
            crowd.tell();
        });
        if let Err(e) = told {
            log::warn!("refusals are not counted: {e}");
            refused.clear();
        }
    }

    fn tell(&self) {
        let refused = std::mem::take(&mut *lock(&self.refused));
        let Some(facade) = self.facade.upgrade() else { return };
        for ((user, uid), count) in refused {
            facade.calls_refused(user, uid, count, self.window);
        }
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
