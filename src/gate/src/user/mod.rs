// SPDX-License-Identifier: Apache-2.0
//! Android users: what the gate keeps of each, and what their owners and the platform say.
//!
//! A [`User`] ties one consent, one gate, one ledger, one set of keys and one desk of messages together. How a
//! consent comes and goes is in `grant` and `withdraw`; what the platform reports in `report`; `users` is
//! what the services see. Everything that is sent, the courier sends.
//!
//! Locks, in the order in which they may be held together: `consent` or `courier`, `desk`, `vault`, then `view`.
//! `consent`, `vault` and `desk` are held across the I/O of their own files; `view` never across any. Nobody who
//! holds `consent` or `vault` waits for `desk`, and a withdrawal does not either: a disk that hangs with messages
//! holds it up no longer than it chooses to wait.

mod book;
mod desk;
mod errand;
mod grant;
mod legacy;
mod module;
mod owner;
mod preview;
mod reading;
mod removal;
mod report;
mod standing;
mod taking;
#[cfg(test)]
mod tests;
mod users;
mod view;
mod withdraw;

pub use book::{sms_reason, Book};
pub use module::Module;
pub use users::Users;

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::sync::Arc;

use cloudmessaging_wire::step;

use crate::consent::{Agreed, ConsentStore, OffReason, Record, RecordId, SimIdentity};
use crate::courier::{Courier, Event};
use crate::gate::{Gate, Network, Terms};
use crate::identity::{KeyStore, Keys, StorageKey};
use crate::message::Messages;
use crate::sync::{lock, Mutex};
use crate::work::Started;
use owner::OwnerFile;

/// One Android user.
pub struct User {
    /// uid / 100000.
    pub id: i32,
    /// What all users share.
    pub module: Arc<Module>,
    /// Everything that leaves passes here.
    pub gate: Gate<Started>,
    /// The ledger.
    pub book: Book,
    owner: OwnerFile,
    /// Messages.
    pub desk: Mutex<Messages>,
    consent: Mutex<Consent>,
    vault: Mutex<Vault>,
    view: Mutex<View>,
    courier: Mutex<Option<mpsc::Sender<Event>>>,
    /// Whether a closed gate means that there is no consent: the record was read, or removed.
    standing_read: AtomicBool,
}

/// The record on the disk, and the decisions about it in their order.
struct Consent {
    /// Lent, so that nobody holds the lock of this while the record key, which may be slow hardware, is asked.
    store: Arc<ConsentStore>,
    /// As it was read or written last.
    record: Option<Record>,
    /// The SIMs that were found to be those it names.
    named: Vec<SimIdentity>,
    /// Rises with each withdrawal: a grant that began before one does not come after it.
    withdrawals: u64,
    /// What is to be found out about a record that stands there; `None` once it is known, or decided anew.
    question: Option<standing::Question>,
    /// How many there were.
    questions: u64,
    /// Whether the record key could not say of a SIM in the phone if it takes part.
    sims_untold: bool,
    /// Whether a thread looks again at what could not be told.
    looking: bool,
}

/// The keys, in memory and wrapped.
struct Vault {
    store: KeyStore,
    /// Lent, so that messages are opened with it under no lock of this.
    storage: Option<Arc<StorageKey>>,
    /// In use; of the consent in force or none.
    keys: Option<Arc<Keys>>,
}

/// What can be told at any moment, without waiting for a disk.
struct View {
    report: Option<report::Known>,
    /// Of the user who was reported last under this id: another one is another person.
    serial: Option<i64>,
    network: Option<Network>,
    sims: Vec<SimIdentity>,
    record: Option<Record>,
    off: OffReason,
    /// While that is an outdated disclosure: what was agreed to.
    agreed: Option<Agreed>,
    durable: bool,
    withdrawals: u64,
    /// While off: when the last registration lapses, ms since the Unix epoch; 0 if none is known.
    lease_until_ms: i64,
    /// By subscription id, while on.
    links: Vec<SimLink>,
}

/// How far a SIM is, as the courier sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimLink {
    /// Subscription id.
    pub subscription: i32,
    /// How far its registration is.
    pub registration: Registration,
    /// When the registration lapses, ms since the Unix epoch; 0 if there is none.
    pub lease_until_ms: i64,
    /// Whether messages can arrive now.
    pub connected: bool,
    /// The code that was submitted last is not the one that was sent.
    pub code_was_wrong: bool,
    /// Until when the code that was sent is good, ms since the Unix epoch.
    pub code_until_ms: i64,
}

/// How far a registration is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Not begun, or lapsed.
    #[default]
    None,
    /// An answer is awaited.
    Asked,
    /// A code was sent to the number.
    CodeNeeded,
    /// The SIM can be reached.
    Done,
    /// The registrar refused.
    Refused,
    /// Another phone has registered the number.
    Moved,
}

impl User {
    fn new(module: Arc<Module>, id: i32) -> Self {
        let folder = module.data.join(id.to_string());
        make_private(&folder);
        let book = Book::open(&module, id, &folder);
        let key = module.secrets.record_key(id, &folder);
        Self {
            id,
            gate: Gate::new(),
            owner: OwnerFile::new(&folder),
            book,
            desk: Mutex::new(Messages::closed()),
            consent: Mutex::new(Consent {
                store: Arc::new(ConsentStore::new(&folder, id, key)),
                record: None,
                named: Vec::new(),
                withdrawals: 0,
                question: None,
                questions: 0,
                sims_untold: false,
                looking: false,
            }),
            vault: Mutex::new(Vault {
                store: KeyStore::new(&folder, id),
                storage: None,
                keys: None,
            }),
            view: Mutex::new(View {
                report: None,
                serial: None,
                network: None,
                sims: Vec::new(),
                record: None,
                off: OffReason::UnknownUser,
                agreed: None,
                durable: true,
                withdrawals: 0,
                lease_until_ms: 0,
                links: Vec::new(),
            }),
            courier: Mutex::new(None),
            standing_read: AtomicBool::new(false),
            module,
        }
    }

    /// Lets the courier look again; starts it if none is running and there is consent, or a message under way.
    pub fn wake(self: &Arc<Self>) {
        let mut courier = lock(&self.courier);
        if courier.as_ref().is_some_and(|events| events.send(Event::Wake).is_ok()) {
            return;
        }
        *courier = match self.gate.terms().is_ok() || self.is_awaited() {
            true => self.start_courier(),
            false => None,
        };
    }

    fn start_courier(self: &Arc<Self>) -> Option<mpsc::Sender<Event>> {
        let (courier, events) = Courier::new(self.clone());
        let started = self.module.workers.run_courier(courier);
        started.inspect_err(|e| log::error!("no courier: {e}")).ok()?;
        Some(events)
    }

    /// The courier asks whether it may end: not while there is consent or a message under way. Whoever gives
    /// consent or the storage key after that starts another.
    pub fn courier_may_end(&self) -> bool {
        let mut courier = lock(&self.courier);
        if self.gate.terms().is_ok() || self.is_awaited() {
            return false;
        }
        *courier = None;
        true
    }

    /// Hands an event to the courier, if one is running.
    pub fn tell_courier(&self, event: Event) -> bool {
        lock(&self.courier).as_ref().is_some_and(|events| events.send(event).is_ok())
    }

    /// The identities of a SIM, as they were last reported.
    pub fn sim(&self, subscription: i32) -> Option<SimIdentity> {
        let view = lock(&self.view);
        view.sims.iter().find(|sim| sim.subscription_id() == subscription).cloned()
    }

    /// The hash that names a message in the ledger; `None` while the user is locked.
    pub fn message_hash(&self, id: &[u8]) -> Option<[u8; 32]> {
        if let Some(hash) = self.book.hash(id) {
            return Some(hash);
        }
        // The first message after a start: the keys are read, and with them the key of the hash.
        self.keys()?;
        self.book.hash(id)
    }

    /// Whether the consent of this user names the SIM.
    pub(super) fn names(&self, sim: &SimIdentity) -> bool {
        let consent = lock(&self.consent);
        consent.record.as_ref().is_some_and(|record| record.sim(sim.subscription_id()).is_some())
    }

    /// Takes note of how far the SIMs are; tells whoever listens if that is new.
    pub fn set_links(&self, links: Vec<SimLink>) {
        let mut view = lock(&self.view);
        if view.links != links && view.record.is_some() {
            view.links = links;
            drop(view);
            self.module.hints.state_changed(self.id);
        }
    }

    /// The keys of the consent in force, which are read or made if there are none in memory; `None` if the user is
    /// locked or there is no consent. They are lent, so that whoever uses them holds no lock: a withdrawal waits
    /// for nobody who is stuck with them.
    pub fn keys(&self) -> Option<Arc<Keys>> {
        self.keys_in(&mut lock(&self.vault))
    }

    /// Changes the keys of the consent in force. What `change` says has changed is kept before this returns; `None`
    /// if it could not be, and then nothing has changed.
    pub fn change_keys<R>(&self, change: impl FnOnce(&mut Keys) -> (R, Changed)) -> Option<R> {
        let mut vault = lock(&self.vault);
        let current = self.keys_in(&mut vault)?;
        let module = &self.module;
        let mut keys = Keys::from_stored(&current.to_stored(), &module.registrar_keys())?;
        let (result, changed) = change(&mut keys);
        if changed == Changed::Yes {
            let storage = vault.storage.as_ref()?;
            let kept = vault.store.write(storage, keys.record(), &keys.to_stored());
            kept.inspect_err(|e| log::error!("keys are not kept: {e}")).ok()?;
            step!("gate.keys.changed");
            vault.keys = Some(Arc::new(keys));
        }
        Some(result)
    }

    /// The SIMs whose number another phone has registered under the consent in force. Makes no keys.
    fn moved(&self) -> Vec<i32> {
        let mut vault = lock(&self.vault);
        let keys = self.gate.terms().ok().and_then(|terms| self.kept_keys(&mut vault, &terms));
        let sims = keys.iter().flat_map(|keys| &keys.sims);
        sims.filter(|(_, keys)| keys.moved).map(|(sim, _)| *sim).collect()
    }

    fn keys_in(&self, vault: &mut Vault) -> Option<Arc<Keys>> {
        // Asked under the lock under which `withdraw` destroys keys: none are made behind it.
        let terms = self.gate.terms().ok()?;
        if let Some(kept) = self.kept_keys(vault, &terms) {
            return Some(kept);
        }
        if vault.store.is_newer() {
            log::error!("keys of a newer version are left as they are");
            return None;
        }
        let record = RecordId::from_bytes(&terms.record_id)?;
        let storage = vault.storage.as_ref()?;
        let made = Keys::make(record, &terms.sims, self.module.clock.wall_ms())
            .inspect_err(|e| log::error!("keys: {e}"))
            .ok()?;
        let kept = vault.store.write(storage, record, &made.to_stored());
        kept.inspect_err(|e| log::error!("keys are not kept: {e}")).ok()?;
        step!("gate.keys.made");
        Some(self.take_into_use(vault, made))
    }

    /// The keys of these terms, in memory or as they were kept.
    fn kept_keys(&self, vault: &mut Vault, terms: &Terms) -> Option<Arc<Keys>> {
        if let Some(keys) = &vault.keys {
            if *keys.record().as_bytes() == terms.record_id {
                return Some(keys.clone());
            }
        }
        let record = RecordId::from_bytes(&terms.record_id)?;
        let kept = vault.store.read(vault.storage.as_ref()?, record).ok()?;
        let keys = Keys::from_stored(&kept, &self.module.registrar_keys())?;
        Some(self.take_into_use(vault, keys))
    }

    fn take_into_use(&self, vault: &mut Vault, keys: Keys) -> Arc<Keys> {
        self.book.set_hash_key(Some(keys.hash_key()));
        vault.keys.insert(Arc::new(keys)).clone()
    }
}

/// Whether keys have to be kept anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// They have.
    Yes,
    /// They have not.
    No,
}

/// Makes a folder that only this service can enter.
fn make_private(folder: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    if let Err(e) = made {
        log::error!("the folder of a user cannot be made: {}", e.kind());
    }
}
