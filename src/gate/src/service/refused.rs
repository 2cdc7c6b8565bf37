// SPDX-License-Identifier: Apache-2.0
//! Refusals, by caller and reason: the first is told at once, and how many followed it within a [`WINDOW`] at its end,
//! so that they are in the ledger and no flood of them fills it (P5). How many followed is lost if the process ends
//! before: it may at any time, and soon after a call if nobody is on.

use super::facade::{Facade, UserId};
use crate::sync::lock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// How long refusals are counted before they are told.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// Most callers and reasons that are counted in one window; further callers are counted together, as [`OTHERS`].
const COUNTED: usize = 64;

/// No uid: the kernel's word for none.
pub(super) const OTHERS: u32 = u32::MAX;

/// What a caller is refused with that a method is not for.
pub(super) const DENIED: &str = "DENIED";

type Counts = BTreeMap<(UserId, u32, &'static str), u32>;

/// The counts of those that are not told yet.
pub(super) struct Refused {
    counts: Mutex<Counts>,
    // Weak: the thread that waits for a window's end keeps nothing alive.
    facade: Weak<dyn Facade>,
    window: Duration,
}

impl Refused {
    /// None yet. They are told to `facade`.
    pub(super) fn new(facade: &Arc<dyn Facade>, window: Duration) -> Arc<Self> {
        Arc::new(Self { counts: Mutex::default(), facade: Arc::downgrade(facade), window })
    }

    /// Counts one call of `uid`, which acts for `user`. Waits for nothing.
    pub(super) fn count(self: &Arc<Self>, user: UserId, uid: u32, reason: &'static str) {
        let mut counts = lock(&self.counts);
        let begins = counts.is_empty();
        let named = counts.len() < COUNTED || counts.contains_key(&(user, uid, reason));
        let of = (user, if named { uid } else { OTHERS }, reason);
        if let Some(count) = counts.get_mut(&of) {
            *count = count.saturating_add(1);
            return;
        }
        if counts.len() == 2 * COUNTED {
            return;
        }
        counts.insert(of, 0);
        if begins {
            self.begin(&mut counts);
        }
        drop(counts);
        if let Some(facade) = self.facade.upgrade() {
            facade.calls_refused(user, of.1, reason, 1, Duration::ZERO);
        }
    }

    /// Begins a window.
    fn begin(self: &Arc<Self>, counts: &mut Counts) {
        let refused = Arc::clone(self);
        let told = std::thread::Builder::new().name("refusals".into()).spawn(move || {
            std::thread::sleep(refused.window);
            refused.tell();
        });
        if let Err(e) = told {
            // Then each is the first.
            log::warn!("refusals are not counted: {e}");
            counts.clear();
        }
    }

    fn tell(&self) {
        let counts = std::mem::take(&mut *lock(&self.counts));
        let Some(facade) = self.facade.upgrade() else { return };
        for ((user, uid, reason), count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            facade.calls_refused(user, uid, reason, count, self.window);
        }
    }
}
