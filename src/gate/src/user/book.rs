// SPDX-License-Identifier: Apache-2.0
//! The ledger as the gate writes it: turns what a permit says into entries, and what identifies anybody into
//! hashes under a key of this phone (P5, P8).

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_ledger::filter::Filter;
use cloudmessaging_wire::proto::ledger::{self as proto, Entry};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};

use super::Module;
use crate::disclose::Classes;
use crate::gate::{self, CheckpointOpening, ConnectEntry, IntentEntry, Refusal};
use crate::ledger::{
    self, Authority, Event, ExportError, Kept, Ledger, LedgerError, Record, Said, SigningKey,
};
use crate::message::{Closed, SmsReason};
use crate::sync::{lock, Mutex};

/// How long `withdraw` gives the disk for its own entry.
const WITHDRAW_ENTRY: Duration = Duration::from_millis(50);

/// The ledger of one user. While it is stopped, nothing passes.
pub struct Book {
    kept: Arc<Kept>,
    module: Arc<Module>,
    signer: Box<dyn SigningKey>,
    hash_key: Mutex<Option<hmac::Key>>,
}

impl Book {
    /// Opens the ledger in the folder of a user.
    pub fn open(module: &Arc<Module>, user: i32, folder: &Path) -> Self {
        let signer = module.secrets.signer(user, folder);
        let (folder, clock) = (folder.join("ledger"), module.clock.clone());
        let open = move || Ledger::open(&folder, clock.clone());
        let kept = Arc::new(Kept::new(open, module.clock.clone(), module.config.ledger));
        let book = Self { kept, module: module.clone(), signer, hash_key: Mutex::new(None) };
        book.tend();
        book
    }

    /// Has what is due done to the ledger, where it holds up nobody.
    fn tend(&self) {
        if !self.kept.is_to_be_tended() {
            return;
        }
        let kept = self.kept.clone();
        if let Err(e) = self.module.workers.beside(Box::new(move || kept.tend())) {
            log::error!("the ledger is tended later: {e}");
        }
    }

    /// The key under which readers and messages are hashed, while there is one.
    pub fn set_hash_key(&self, key: Option<hmac::Key>) {
        *lock(&self.hash_key) = key;
    }

    /// The hash of a reader or of a message id.
    pub fn hash(&self, what: &[u8]) -> Option<[u8; 32]> {
        let tag = hmac::sign(lock(&self.hash_key).as_ref()?, what);
        tag.as_ref().try_into().ok()
    }

    /// Appends; durable when it returns its position.
    pub fn append(&self, event: Event) -> Result<u64, Refusal> {
        let appended = self.kept.append(event).map_err(|e| {
            log::error!("ledger: {e}");
            Refusal::Ledger
        });
        self.tend();
        appended
    }

    /// Appends without waiting for the disk: for what has happened already.
    pub fn note(&self, event: Event) {
        if let Err(e) = self.kept.note(event, Duration::ZERO) {
            log::error!("not in the ledger yet: {e}");
        }
        self.tend();
    }

    /// Writes down how a message ended.
    pub fn ended(&self, message_hash: &[u8; 32], ending: proto::Ending, reason: &str) {
        self.note(Event::Outcome(proto::Outcome {
            message_hash: message_hash.to_vec(),
            ending: ending as i32,
            reason: reason.to_owned(),
        }));
    }

    /// The same for one that ended by time or by withdrawal.
    pub fn message_ended(&self, closed: &Closed) {
        self.ended(&closed.message_hash, proto::Ending::UseSms, sms_reason(closed.reason));
    }

    /// Appends the entry of a withdrawal: gives the disk a moment, and goes on without it.
    pub fn withdrawn(&self, entry: proto::Withdraw) {
        if let Err(e) = self.kept.note(Event::Withdraw(entry), WITHDRAW_ENTRY) {
            log::warn!("the withdrawal is not in the ledger yet: {e}");
        }
    }

    /// Entries that pass the filter, newest first.
    pub fn read(
        &self,
        before: Option<u64>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Vec<Record>, LedgerError> {
        let ledger = self.kept.to_read()?;
        match filter.is_open() {
            true => ledger.read(before, limit),
            false => ledger.read_those(before, limit, |entry| filter.passes(entry)),
        }
    }

    /// Visits all entries, oldest first.
    pub fn each(&self, visit: impl FnMut(&Entry)) -> Result<(), LedgerError> {
        self.kept.to_read()?.each(visit)
    }

    /// The signed checkpoint of what is durable, and the key that checks it.
    pub fn checkpoint(&self) -> Result<(String, String), ExportError> {
        let (tree, authority) = (self.kept.to_read()?.tree(), self.authority());
        Ok((authority.sign(&tree)?, authority.key()?.to_string()))
    }

    /// What a message tells its recipient of the ledger as it is now, and what opens it.
    pub fn checkpoint_hash(&self) -> Result<([u8; 32], CheckpointOpening), Refusal> {
        let tree = self.kept.ledger().map_err(|_| Refusal::Ledger)?.tree();
        let mut nonce = [0; 16];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Refusal::Ledger)?;
        let checkpoint = ledger::checkpoint(&self.module.config.origin, &tree);
        Ok((checkpoint.salted_hash(&nonce), CheckpointOpening { nonce, size: tree.size() }))
    }

    /// Writes all of it; how many entries.
    pub fn export(&self, to: &mut dyn Write) -> Result<u64, ExportError> {
        self.kept.to_read()?.export(&self.authority(), to)
    }

    fn authority(&self) -> Authority<'_> {
        Authority { origin: &self.module.config.origin, signer: &*self.signer }
    }

    /// Erases the content of all entries, as the owner asked for.
    pub fn erase(&self) -> Result<u64, LedgerError> {
        let erased = self.kept.erase();
        self.tend();
        erased
    }

    /// Closes it for good and destroys its key: its user was removed. What is noted from now on is lost. An error: nothing
    /// of it may be removed yet.
    pub fn close(&self) -> Result<(), ExportError> {
        self.kept.close()?;
        self.set_hash_key(None);
        Ok(self.signer.destroy()?)
    }

    /// Holds it, as who reads or writes it does.
    #[cfg(test)]
    pub(super) fn hold(&self) -> Arc<Ledger> {
        self.kept.ledger().expect("a ledger")
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.kept.ledger(), Err(LedgerError::Closed))
    }

    /// Begins a new one where there is none any more.
    pub fn begin(&self) {
        self.kept.begin();
        self.tend();
    }

    /// Whether a newer version wrote some of it.
    pub fn is_newer(&self) -> bool {
        self.kept.ledger().is_ok_and(|ledger| ledger.is_newer())
    }

    /// What it says about the consent.
    pub fn standing(&self) -> Result<Said, LedgerError> {
        self.kept.standing()
    }

    /// How many entries there are.
    pub fn count(&self) -> u64 {
        self.kept.ledger().map_or(0, |ledger| ledger.count())
    }
}

/// Classes as the formats hold them: ascending.
pub fn numbers(classes: Classes) -> Vec<i32> {
    classes.iter().map(|class| class as i32).collect()
}

/// Why a message is to be sent as an SMS, as the AIDL names it.
pub fn sms_reason(reason: SmsReason) -> &'static str {
    match reason {
        SmsReason::NotRegistered => "NOT_REGISTERED",
        SmsReason::Refused => "REFUSED",
        SmsReason::Off => "OFF",
        SmsReason::NoNetwork => "NO_NETWORK",
        SmsReason::Expired => "EXPIRED",
        SmsReason::PrekeyGone => "PREKEY_GONE",
        SmsReason::Full => "FULL",
    }
}

impl gate::Ledger for Book {
    fn connect(&self, entry: &ConnectEntry<'_>) -> Result<(), Refusal> {
        let connect = proto::Connect {
            record_id: entry.record_id.to_vec(),
            host: self.module.config.broker.host.clone(),
            port: self.module.config.broker.port.into(),
            network: entry.network.to_owned(),
            role: entry.role as i32,
            revealed: numbers(entry.revealed),
        };
        self.append(Event::Connect(connect)).map(|_| ())
    }

    fn intent(&self, entry: &IntentEntry<'_>) -> Result<(), Refusal> {
        let hash = |what| self.hash(what).ok_or(Refusal::Ledger);
        let intent = proto::Intent {
            record_id: entry.record_id.to_vec(),
            purpose: entry.purpose as i32,
            host: self.module.config.broker.host.clone(),
            revealed: numbers(entry.revealed),
            plaintext_size: u32::try_from(entry.plaintext_size).unwrap_or(u32::MAX),
            ciphertext_size: u32::try_from(entry.ciphertext.len()).unwrap_or(u32::MAX),
            ciphertext_sha256: digest::digest(&digest::SHA256, entry.ciphertext).as_ref().to_vec(),
            reader_hash: hash(entry.reader)?.to_vec(),
            checkpoint_nonce: entry.checkpoint.map_or(Vec::new(), |opening| opening.nonce.to_vec()),
            checkpoint_size: entry.checkpoint.map_or(0, |opening| opening.size),
            message_hash: match entry.message_id {
                Some(id) => hash(id)?.to_vec(),
                None => Vec::new(),
            },
        };
        self.append(Event::Intent(intent)).map(|_| ())
    }
}
