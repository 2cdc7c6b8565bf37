// SPDX-License-Identifier: Apache-2.0
//! Refusals, counted by caller and reason and told once a [`WINDOW`] each, so that they are in the ledger and no flood
//! of them fills it (P5). What was counted when the process ends is lost.

use super::facade::{Facade, UserId};
use crate::sync::lock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// How long refusals are counted before they are told.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// Most callers and reasons that are counted in one window; further ones are refused without being named.
const COUNTED: usize = 64;

/// What a caller is refused with that a method is not for.
pub(super) const DENIED: &str = "DENIED";

/// The counts.
pub(super) struct Refused {
    counts: Mutex<BTreeMap<(UserId, u32, &'static str), u32>>,
    // Weak: the thread that waits for a window's end keeps nothing alive.
    facade: Weak<dyn Facade>,
    window: Duration,
}

impl Refused {
    /// None yet. They are told to `facade`.
    pub(super) fn new(facade: &Arc<dyn Facade>, window: Duration) -> Arc<Self> {
        Arc::new(Self { counts: Mutex::default(), facade: Arc::downgrade(facade), window })
    }

    /// Counts one call of `uid`, which acts for `user`. Takes no time.
    pub(super) fn count(self: &Arc<Self>, user: UserId, uid: u32, reason: &'static str) {
        let mut counts = lock(&self.counts);
        let first = counts.is_empty();
        let of = (user, uid, reason);
        if counts.len() < COUNTED || counts.contains_key(&of) {
            let count = counts.entry(of).or_default();
            *count = count.saturating_add(1);
        }
        if !first {
            return;
        }
        let refused = Arc::clone(self);
        let told = std::thread::Builder::new().name("refusals".into()).spawn(move || {
            std::thread::sleep(refused.window);
            refused.tell();
        });
        if let Err(e) = told {
            log::warn!("refusals are not counted: {e}");
            counts.clear();
        }
    }

    fn tell(&self) {
        let counts = std::mem::take(&mut *lock(&self.counts));
        let Some(facade) = self.facade.upgrade() else { return };
        for ((user, uid, reason), count) in counts {
            facade.calls_refused(user, uid, reason, count, self.window);
        }
    }
}
