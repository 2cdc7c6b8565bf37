// SPDX-License-Identifier: Apache-2.0
//! Who holds a service, by the kernel's count of strong references to it.
//!
//! That nobody holds it any more is told late and at intervals, that somebody does at once; and whoever was just
//! handed it counts as holding it until the next interval, because the kernel cannot know of it yet.

use rsbinder::hub::IClientCallback;
use rsbinder::{ProcessState, SIBinder, Strong};

/// The count of one service.
#[derive(Default)]
pub struct Clients {
    callbacks: Vec<Strong<dyn IClientCallback>>,
    /// What was told last.
    held: bool,
    /// Somebody was handed it since the last interval.
    handed_out: bool,
}

impl Clients {
    /// Whether somebody holds it, as far as it was told.
    pub fn hold(&self) -> bool {
        self.held || self.handed_out
    }

    /// Has `callback` told from now on.
    pub fn tell(&mut self, binder: &SIBinder, callback: Strong<dyn IClientCallback>) {
        if self.held {
            let _ = callback.onClients(binder, true);
        }
        self.callbacks.push(callback);
    }

    /// Somebody is handed the service in this call.
    pub fn hand_out(&mut self, name: &str, binder: &SIBinder) {
        self.handed_out = true;
        // We hold it, and so may this call.
        self.count(name, binder, 2, false);
        self.handed_out = true;
    }

    /// Counts, and tells what changed. `ours` of the references are no client's. True if it is held.
    pub fn count(&mut self, name: &str, binder: &SIBinder, ours: usize, at_interval: bool) -> bool {
        if self.callbacks.is_empty() {
            return true;
        }
        let Some(count) = references(binder) else { return true };
        let counted = count > ours;
        let handed_out = std::mem::take(&mut self.handed_out);
        if (counted || handed_out) && !self.held {
            self.say(name, binder, true);
        }
        // What was handed out within the interval may be held by now, or not yet: the next one tells.
        if at_interval && !counted && !handed_out && self.held {
            self.say(name, binder, false);
        }
        self.held
    }

    fn say(&mut self, name: &str, binder: &SIBinder, held: bool) {
        self.held = held;
        log::debug!("{name}: {}", if held { "somebody holds it" } else { "nobody holds it" });
        for callback in &self.callbacks {
            let _ = callback.onClients(binder, held);
        }
    }
}

fn references(binder: &SIBinder) -> Option<usize> {
    ProcessState::as_self().strong_ref_count_for_node(binder.as_proxy()?).ok()
}
