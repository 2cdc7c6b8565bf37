// SPDX-License-Identifier: Apache-2.0
//! Where the consent of one Android user is kept: the file `consent` and its record key.
//!
//! Order is the promise. A grant takes the old record away, then makes a new key, then writes the new
//! record: whatever a power cut leaves of it reads as the old, as off, or as the new consent. A removal
//! takes the record first, then the key, and tries both whatever happens to the other.

use std::path::Path;

use cloudmessaging_wire::proto::consent::StoredConsent;
use prost::Message as _;

use super::key::{KeyError, RecordKey};
use super::record::{
    CaptureMethod, Conditions, ConsentedSim, Record, RecordId, RecordTime, MAX_FINGERPRINT,
    MAX_SIMS,
};
use super::sim::{IdentityMac, SimIdentity};
use super::standing::{OffReason, Standing, Void};
use crate::disclose::Classes;
use crate::file::{DurableFile, FileError, Unreadable};
use cloudmessaging_config::disclosure::{Disclosure, Disclosures};
use cloudmessaging_config::Parties;

const CONTEXT: &[u8] = b"cloudmessaging consent record\0";

/// The name of a record.
const FILE: &str = "consent";

/// The largest record file, in bytes: eight SIMs and the longest strings take a quarter of it.
const MAX_FILE: usize = 4096;

/// A consent that an owner has just given.
#[derive(Debug)]
pub struct NewConsent<'a> {
    /// Names it; already in the ledger.
    pub id: RecordId,
    /// The user's serial number.
    pub user_serial: i64,
    /// The SIMs that take part: 1 to 8, each subscription once.
    pub sims: &'a [SimIdentity],
    /// The text that was shown.
    pub disclosure: &'a Disclosure,
    /// Who gets what it says.
    pub parties: &'a Parties,
    /// The classes allowed.
    pub classes: Classes,
    /// When.
    pub granted: RecordTime,
    /// How the owner expressed it; not `Unspecified`.
    pub method: CaptureMethod,
    /// The owner's conditions.
    pub conditions: Conditions,
    /// For information only; cut to 256 bytes.
    pub build_fingerprint: &'a str,
    /// Where the entry of the grant stands in the ledger; for information only.
    pub ledger_position: u64,
}

/// Why a consent was not written.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// There are not 1 to 8 SIMs. Nothing was done.
    #[error("{0} SIMs, 1 to {MAX_SIMS} can take part")]
    SimCount(usize),
    /// Two SIMs have the same subscription id. Nothing was done.
    #[error("subscription {0} is named twice")]
    SimTwice(i32),
    /// How the owner expressed it was not said. Nothing was done.
    #[error("no capture method")]
    Method,
    /// A user, serial number or time is negative. Nothing was done.
    #[error("a user, serial number or time is negative")]
    Negative,
    /// The record key failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The record file failed.
    #[error("record: {0}")]
    File(#[from] FileError),
}

/// Why a removal is not durable. What failed is to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The record is, or may after a power cut be, still there.
    #[error("record: {0}")]
    Record(#[source] FileError),
    /// The record is gone for good; its key is not.
    #[error(transparent)]
    Key(KeyError),
}

/// What a record says of a SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimMatch {
    /// It takes part.
    Named,
    /// The record does not name the subscription.
    NotNamed,
    /// The record names the subscription with other identities.
    Changed,
}

/// Why there is no record that was read.
enum Unread {
    Void(Void),
    Untold,
}

impl<V: Into<Void>> From<V> for Unread {
    fn from(void: V) -> Self {
        Self::Void(void.into())
    }
}

/// The consent of one Android user. There is to be one value for each user, kept while the gate runs.
pub struct ConsentStore {
    user: i32,
    file: DurableFile,
    key: Box<dyn RecordKey>,
}

impl ConsentStore {
    /// The consent of `user`, in the user's `directory`.
    pub fn new(directory: &Path, user: i32, key: Box<dyn RecordKey>) -> Self {
        Self { user, file: DurableFile::new(directory, FILE, MAX_FILE), key }
    }

    /// Whether a record is in the user's `directory`, whatever it may be worth; what cannot be told counts as one.
    pub fn is_recorded(directory: &Path) -> bool {
        let looked = std::fs::symlink_metadata(directory.join(FILE));
        !looked.is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
    }

    /// Whether the user with this serial number has turned cloud messaging on. Changes nothing.
    pub fn read(&self, user_serial: i64, disclosures: &Disclosures) -> Standing {
        match self.read_record(user_serial, disclosures) {
            Ok(record) => Standing::On(record),
            Err(Unread::Void(void)) => void.into(),
            Err(Unread::Untold) => Standing::Untold,
        }
    }

    fn read_record(&self, serial: i64, disclosures: &Disclosures) -> Result<Record, Unread> {
        let bytes = self.file.read().map_err(|reason| match reason {
            Unreadable::Absent => OffReason::NoRecord.into(),
            reason => {
                log::warn!("consent of user {}: {reason}", self.user);
                match reason.may_pass() {
                    true => Unread::Untold,
                    false => OffReason::Unreadable.into(),
                }
            }
        })?;
        let stored = StoredConsent::decode(&bytes[..]).map_err(|_| OffReason::Damaged)?;
        // Nothing follows, nothing is repeated, nothing unknown is in it.
        if stored.encode_to_vec() != **bytes {
            return Err(OffReason::Damaged.into());
        }
        let verified = self.key.verify(&authenticated(&stored.record), &stored.mac);
        let authentic = verified.map_err(|e| {
            log::error!("consent of user {} cannot be told, and is off: {e}", self.user);
            Unread::Untold
        })?;
        if !authentic {
            return Err(OffReason::Damaged.into());
        }
        Ok(Record::decode(&stored.record, self.user, serial, disclosures)?)
    }

    /// Turns on, durably, in the place of whatever is there, under a new record key. An error before
    /// anything was done leaves things as they were; after any other the consent is off, as far as the
    /// disk still does what it is told.
    pub fn write(&self, new: &NewConsent<'_>) -> Result<Record, GrantError> {
        self.check(new)?;
        self.write_under_new_key(new).inspect_err(|_| {
            // What failed is told by the error; that this fails too changes nothing in it.
            let _ = self.remove();
        })
    }

    fn write_under_new_key(&self, new: &NewConsent<'_>) -> Result<Record, GrantError> {
        self.file.remove()?;
        self.key.make()?;
        let mut sims = Vec::with_capacity(new.sims.len());
        for sim in new.sims {
            let identity = IdentityMac(self.key.mac(&sim.canonical())?);
            sims.push(ConsentedSim { subscription_id: sim.subscription_id(), identity });
        }
        sims.sort_unstable_by_key(|sim| sim.subscription_id);
        let record = Record {
            id: new.id,
            user: self.user,
            user_serial: new.user_serial,
            sims,
            disclosure_version: new.disclosure.version(),
            disclosure_sha256: *new.disclosure.sha256(),
            classes: new.classes,
            granted: new.granted,
            locale: new.disclosure.locale().to_owned(),
            method: new.method,
            conditions: new.conditions,
            build_fingerprint: cut(new.build_fingerprint, MAX_FINGERPRINT).to_owned(),
            ledger_position: new.ledger_position,
            parties: new.parties.clone(),
        };
        debug_assert!(record.is_valid(), "what check() lets pass is what a read accepts");
        self.write_record(&record)?;
        Ok(record)
    }

    /// Changes what a consent in force allows, under the same record key. After an error the consent is
    /// as before; only a class that was taken away may stay away, if it could not be told whether that
    /// reached the disk: what is written back is never more than what stands there.
    pub fn set_classes(&self, record: &Record, classes: Classes) -> Result<Record, GrantError> {
        let changed = Record { classes, ..record.clone() };
        let widens = classes.iter().any(|class| !record.classes.contains(class));
        self.write_record(&changed).inspect_err(|e| {
            if widens && matches!(e, GrantError::File(e) if e.visible()) {
                // The error tells that the disk fails; that it fails once more changes nothing in it.
                let _ = self.write_record(record);
            }
        })?;
        Ok(changed)
    }

    /// Takes the record away and leaves its key, which would not come back with a record that is put back.
    pub fn remove_record(&self) -> Result<(), RemoveError> {
        self.file.remove().map_err(RemoveError::Record)
    }

    /// Turns off, durably: takes away whatever is there, the record and then its key.
    pub fn remove(&self) -> Result<(), RemoveError> {
        let record = self.remove_record();
        let key = self.key.destroy().map_err(RemoveError::Key);
        record.and(key)
    }

    /// Whether `sim` is one that the consent names; an error if that cannot be told now.
    pub fn matches(&self, record: &Record, sim: &SimIdentity) -> Result<SimMatch, KeyError> {
        let Some(named) = record.sim(sim.subscription_id()) else { return Ok(SimMatch::NotNamed) };
        Ok(match self.key.verify(&sim.canonical(), &named.identity.0)? {
            true => SimMatch::Named,
            false => SimMatch::Changed,
        })
    }

    /// What [`ConsentStore::write`] would refuse before doing anything.
    pub fn check(&self, new: &NewConsent<'_>) -> Result<(), GrantError> {
        if !(1..=MAX_SIMS).contains(&new.sims.len()) {
            return Err(GrantError::SimCount(new.sims.len()));
        }
        let mut ids: Vec<i32> = new.sims.iter().map(SimIdentity::subscription_id).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(GrantError::SimTwice(pair[0]));
        }
        if new.method == CaptureMethod::Unspecified {
            return Err(GrantError::Method);
        }
        let RecordTime { wall_ms, boot_ms } = new.granted;
        if self.user < 0 || new.user_serial < 0 || wall_ms < 0 || boot_ms < 0 {
            return Err(GrantError::Negative);
        }
        Ok(())
    }

    fn write_record(&self, record: &Record) -> Result<(), GrantError> {
        let record = record.encode();
        let mac = self.key.mac(&authenticated(&record))?.to_vec();
        Ok(self.file.write(&StoredConsent { record, mac }.encode_to_vec())?)
    }
}

/// The bytes under the code: a context, so that no code of a SIM passes for one of a record.
fn authenticated(record: &[u8]) -> Vec<u8> {
    [CONTEXT, record].concat()
}

/// The beginning of `text`, at most `max` bytes, cut between characters.
fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
