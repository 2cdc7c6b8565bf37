// SPDX-License-Identifier: Apache-2.0
//! The ledger of one Android user: what left the phone, and what was decided about that, for its owner to
//! read. P5: every connection and every transmission is here, durably, before its first byte.
//!
//! - Format: docs/ledger.md and proto/ledger.proto. Length-delimited `Leaf` messages in segments
//!   `<user>/ledger/<position of the first entry, 20 digits>.seg`, appended, a new one after 1 MiB; a segment is
//!   replaced only to erase what its entries say. Of the Merkle tree over the leaves' hashes the frontier is kept.
//! - Durable means: fdatasync has returned without an error. A failed one is never tried again, since the
//!   kernel would call pages clean that it failed to write; the ledger stops until it is opened again, and
//!   nothing can be transmitted meanwhile.
//! - Trusts neither the disk nor what is on it: each entry is held against its hash whenever it is read, and all
//!   of them against the tree before a checkpoint over them is given out. Who can write to our files between two starts
//!   can still rewrite them all, hashes included; a checkpoint that somebody holds elsewhere reveals that.
//! - No content of a message and no identifier in clear ever gets here: who appends sees to that.
//!
//! Read it as an entry goes: `write`, `leaf`, `disk`; then `scan` (opening), `page` and `standing`
//! (reading), `export` (taking away), `erase`; and `kept`, which opens it anew.

mod disk;
mod erase;
mod error;
mod export;
#[cfg(test)]
pub(crate) mod faults;
mod kept;
mod key;
mod leaf;
mod on_time;
mod page;
mod scan;
mod standing;
#[cfg(test)]
mod tests;
mod write;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_ledger::tree::Frontier;
use cloudmessaging_wire::proto::ledger::Entry;

pub use cloudmessaging_config::Retention;
pub use cloudmessaging_ledger::leaf::ENTRY_MAX;
pub use cloudmessaging_ledger::statement::{bytes, event_name, host, revealed, summary};
pub use cloudmessaging_wire::proto::ledger::entry::Event;
pub use error::{Attempt, Flaw, LedgerError};
pub use export::{checkpoint, Authority, ExportError};
pub use kept::Kept;
pub use key::{FileSigner, SigningKey};
pub use page::Record;
pub use standing::Said;

use crate::clock::Clock;
use write::Shared;

/// An open ledger. Cheap to keep: an index of segments, and one open file.
pub struct Ledger {
    shared: Arc<Shared>,
}

impl Ledger {
    /// Opens the ledger in this folder, which is made if it is absent; its parent has to be there.
    ///
    /// Reads all of it. A tail torn by a crash is cut back to the last whole entry and a `TailCut` entry
    /// says so; anything else that is not as it was written is an error that names the entry, and stays
    /// untouched. The caller must then let nothing be transmitted.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        Self::on(Box::new(disk::Folder::open(folder)?), clock)
    }

    fn on(disk: Box<dyn disk::Disk>, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        Ok(Self { shared: Arc::new(Shared::new(disk, clock)?) })
    }

    /// Appends an entry; durable when it returns its position. Callers that come together share one
    /// fdatasync. Blocks as long as the disk does.
    ///
    /// After an error the entry may or may not be on the disk, and the ledger takes no more until it was
    /// opened again (but for [`LedgerError::TooLarge`], [`LedgerError::Backlog`] and
    /// [`LedgerError::NoRandomness`], after which it is as before).
    pub fn append(&self, event: Event) -> Result<u64, LedgerError> {
        self.shared.finish(self.shared.collect(event)?)
    }

    /// The same without waiting for the disk at all: a thread of the ledger's own writes. For `withdraw`,
    /// which no disk may delay. The entry has its place before every later one; it is written even if the
    /// handle and the ledger are dropped, as long as the process lives.
    pub fn append_detached(&self, event: Event) -> Result<Appending, LedgerError> {
        let position = self.shared.collect(event)?;
        self.shared.write_detached();
        Ok(Appending { shared: self.shared.clone(), position })
    }

    /// At most `limit` durable entries, newest first, of those before a position or of all. Memory is that of
    /// what is returned. An entry that is not as it was written is an error that names it.
    pub fn read(&self, before: Option<u64>, limit: usize) -> Result<Vec<Record>, LedgerError> {
        page::read(&self.shared, before, limit)
    }

    /// The same of those alone that are wanted; reads as much of the ledger as it takes to find them.
    pub fn read_those(
        &self,
        before: Option<u64>,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<Record>, LedgerError> {
        page::read_those(&self.shared, before, limit, wanted)
    }

    /// Visits all durable entries that have content, oldest first.
    pub fn each(&self, visit: impl FnMut(&Entry)) -> Result<(), LedgerError> {
        page::each(&self.shared, visit)
    }

    /// The newest durable entry of a kind: what `found on` and `found off` are decided by.
    pub fn newest(&self, wanted: impl Fn(&Entry) -> bool) -> Result<Option<Record>, LedgerError> {
        page::newest(&self.shared, wanted)
    }

    /// The newest durable entry.
    pub fn last(&self) -> Result<Option<Record>, LedgerError> {
        Ok(self.read(None, 1)?.pop())
    }

    /// Writes all that is durable with a signed checkpoint over it, so that it can be checked without us; says how
    /// many entries that is. What is appended meanwhile is not in it, and waits for nothing.
    pub fn export(&self, authority: &Authority<'_>, out: impl Write) -> Result<u64, ExportError> {
        export::export(&self.shared, authority, out)
    }

    /// Erases the content of all entries there are; their hashes stay, so that every checkpoint still verifies. An
    /// entry says so, and which consent is in force: what said that before is erased. Gives the position before which
    /// everything is. After an error the rest is erased when the ledger is opened again, if the entry is durable.
    pub fn erase(
        &self,
        in_force: impl FnOnce() -> Result<Option<[u8; 16]>, LedgerError>,
    ) -> Result<u64, LedgerError> {
        erase::all(&self.shared, in_force)
    }

    /// The same for what is older, or more, than is to be kept. To be asked now and then.
    pub fn retain(
        &self,
        keep: Retention,
        in_force: impl FnOnce() -> Result<Option<[u8; 16]>, LedgerError>,
    ) -> Result<u64, LedgerError> {
        erase::retain(&self.shared, keep, in_force)
    }

    /// Whether a newer version wrote some of it. That is read as far as it is understood, and left as it is.
    pub fn is_newer(&self) -> bool {
        self.shared.is_newer()
    }

    /// The tree over the durable entries.
    pub fn tree(&self) -> Frontier {
        self.shared.durable().0
    }

    /// Why it takes no more entries, if it does not.
    pub fn stopped(&self) -> Option<LedgerError> {
        self.shared.stopped()
    }

    /// Whether one of its entries is still waited for, or its own thread has not ended.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    /// How many segments there are: when one begins, there may be something to erase.
    pub fn segments(&self) -> usize {
        self.shared.durable().1.len()
    }

    /// How many entries are durable: the position of the next, if none is under way.
    pub fn count(&self) -> u64 {
        self.tree().size()
    }
}

/// An entry on its way to the disk.
#[must_use = "the entry is not durable yet"]
pub struct Appending {
    shared: Arc<Shared>,
    position: u64,
}

impl Appending {
    /// The position that it will have.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Waits until the entry is durable, for so long at most; then [`LedgerError::NotYet`]. May be called
    /// again.
    pub fn wait(&self, most: Duration) -> Result<u64, LedgerError> {
        self.shared.wait(self.position, most)
    }
}
