// SPDX-License-Identifier: Apache-2.0
//! Names and what is behind them, until the process behind it dies.

use crate::clients::Clients;
use rsbinder::hub::{IClientCallback, IServiceCallback};
use rsbinder::{DeathRecipient, SIBinder, StatusCode, Strong, WIBinder};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often lazy services are told that nobody holds them.
const INTERVAL: Duration = Duration::from_secs(5);

/// A service.
pub struct Entry {
    /// What is behind the name.
    pub binder: SIBinder,
    /// The process that added it.
    pub pid: i32,
    /// Its priorities, for `listServices`.
    pub priority: i32,
    /// Whether it ends when nobody holds it.
    pub is_lazy: bool,
    /// Who holds it.
    pub clients: Clients,
}

/// Everything that is known.
#[derive(Default)]
pub struct State {
    /// By name.
    pub entries: BTreeMap<String, Entry>,
    /// Whoever waits for a name.
    pub waiting: BTreeMap<String, Vec<Strong<dyn IServiceCallback>>>,
}

/// The same, shared by the thread that answers and the one that counts.
#[derive(Default)]
pub struct Registry {
    state: Mutex<State>,
    // A recipient that is dropped is no recipient any more.
    deaths: Mutex<BTreeMap<String, Arc<Death>>>,
}

struct Death(std::sync::Weak<Registry>);

impl DeathRecipient for Death {
    fn binder_died(&self, who: &WIBinder) {
        let Some(registry) = self.0.upgrade() else { return };
        registry.state().entries.retain(|name, entry| {
            let stays = *who != entry.binder;
            if !stays {
                log::info!("{name} died");
            }
            stays
        });
    }
}

impl Registry {
    /// For one call. Callbacks are oneway: calling them under it waits for nobody.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a service in place of the one that had its name, and tells whoever waits for it.
    pub fn add(self: &Arc<Self>, name: &str, mut entry: Entry) -> Result<(), StatusCode> {
        // One of our own process cannot die without us.
        if entry.binder.as_proxy().is_some() {
            let death = Arc::new(Death(Arc::downgrade(self)));
            entry.binder.link_to_death_arc(&death)?;
            self.deaths
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(name.to_owned(), death);
        }
        let mut state = self.state();
        if let Some(waiting) = state.waiting.get_mut(name) {
            // Whoever does not hear of it is not there any more.
            waiting.retain(|callback| callback.onRegistration(name, &entry.binder).is_ok());
            if !waiting.is_empty() {
                // They are about to ask for it: it must not end for want of clients in between.
                entry.clients.hand_out(name, &entry.binder);
            }
        }
        log::info!("{name} added by {}", entry.pid);
        state.entries.insert(name.to_owned(), entry);
        Ok(())
    }

    /// Counts, every few seconds, who holds a lazy service, and tells it when that changes. Never returns.
    pub fn watch(&self) {
        loop {
            std::thread::sleep(INTERVAL);
            for (name, entry) in &mut self.state().entries {
                let Entry { binder, clients, .. } = entry;
                // One of those that hold it are we.
                clients.count(name, binder, 1, true);
            }
        }
    }
}

impl Entry {
    /// Has `callback` told from now on; at once if anybody holds the service.
    pub fn tell(&mut self, callback: Strong<dyn IClientCallback>) {
        self.clients.tell(&self.binder, callback);
    }
}
