// SPDX-License-Identifier: Apache-2.0
//! The ledger as the gate writes it: turns what a permit says into entries, and what identifies anybody into
//! hashes under a key of this phone (P5, P8).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_wire::proto::ledger::{self as proto, Entry};
use ring::{digest, hmac};

use crate::clock::Clock;
use crate::disclose::Classes;
use crate::gate::{self, ConnectEntry, IntentEntry, Refusal};
use crate::ledger::{Event, Ledger, LedgerError, Record};
use crate::message::{Closed, SmsReason};
use crate::sync::{lock, Mutex};

/// How long `withdraw` gives the disk for its own entry.
const WITHDRAW_ENTRY: Duration = Duration::from_millis(50);

/// The ledger of one user; closed if it could not be opened, and then nothing passes.
pub struct Book {
    ledger: Option<Ledger>,
    host: String,
    port: u32,
    hash_key: Mutex<Option<hmac::Key>>,
}

impl Book {
    /// Opens the ledger in `folder`, for connections to this broker.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>, host: &str, port: u16) -> Self {
        let ledger = Ledger::open(folder, clock)
            .inspect_err(|e| log::error!("the ledger does not open, nothing will be sent: {e}"))
            .ok();
        let (host, port) = (host.to_owned(), u32::from(port));
        Self { ledger, host, port, hash_key: Mutex::new(None) }
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
        let ledger = self.ledger.as_ref().ok_or(Refusal::Ledger)?;
        ledger.append(event).map_err(|e| {
            log::error!("ledger: {e}");
            Refusal::Ledger
        })
    }

    /// Appends without waiting for the disk: for what has happened already.
    pub fn note(&self, event: Event) {
        if let Some(Err(e)) = self.ledger.as_ref().map(|ledger| ledger.append_detached(event)) {
            log::error!("ledger: {e}");
        }
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
        let Some(ledger) = &self.ledger else { return };
        match ledger.append_detached(Event::Withdraw(entry)) {
            Ok(appending) => {
                if let Err(e) = appending.wait(WITHDRAW_ENTRY) {
                    log::warn!("the withdrawal is not in the ledger yet: {e}");
                }
            }
            Err(e) => log::error!("ledger: {e}"),
        }
    }

    /// Entries, newest first.
    pub fn read(&self, before: Option<u64>, limit: usize) -> Result<Vec<Record>, LedgerError> {
        self.ledger.as_ref().map_or(Ok(Vec::new()), |ledger| ledger.read(before, limit))
    }

    /// The newest entry that says whether there is consent.
    pub fn newest_standing(&self) -> Option<Record> {
        let ledger = self.ledger.as_ref()?;
        let standing = |entry: &Entry| {
            matches!(
                entry.event,
                Some(Event::Grant(_) | Event::Withdraw(_) | Event::FoundOn(_) | Event::FoundOff(_))
            )
        };
        ledger.newest(standing).ok()?
    }

    /// How many entries there are.
    pub fn count(&self) -> u64 {
        self.ledger.as_ref().map_or(0, Ledger::count)
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
            host: self.host.clone(),
            port: self.port,
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
            host: self.host.clone(),
            revealed: numbers(entry.revealed),
            plaintext_size: u32::try_from(entry.plaintext_size).unwrap_or(u32::MAX),
            ciphertext_size: u32::try_from(entry.ciphertext.len()).unwrap_or(u32::MAX),
            ciphertext_sha256: digest::digest(&digest::SHA256, entry.ciphertext).as_ref().to_vec(),
            reader_hash: hash(entry.reader)?.to_vec(),
            checkpoint_nonce: entry.checkpoint_nonce.unwrap_or_default().to_vec(),
            checkpoint_size: 0,
            message_hash: match entry.message_id {
                Some(id) => hash(id)?.to_vec(),
                None => Vec::new(),
            },
        };
        self.append(Event::Intent(intent)).map(|_| ())
    }
}
