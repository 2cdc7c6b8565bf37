// SPDX-License-Identifier: Apache-2.0
//! What the ledger promises, on a real folder and on a disk that does as it is told.

mod damage;
mod disk;
mod erase;
mod export;
mod files;
mod group;
mod kept;
mod paging;
mod tail;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use cloudmessaging_ledger::checkpoint::{LedgerKey, Signer as _};
use cloudmessaging_wire::proto::ledger::{Intent, Outcome};

use super::*;
use crate::clock::fake::ManualClock;

/// Longer than anything here takes, unless it never ends.
const LONG: Duration = Duration::from_secs(20);

/// A ledger's folder, gone with the test.
struct Place {
    _dir: tempfile::TempDir,
    ledger: PathBuf,
    clock: Arc<ManualClock>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = dir.path().join("ledger");
        Self { _dir: dir, ledger, clock: Arc::new(ManualClock::at(1_000, 10)) }
    }

    fn open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.ledger, self.clock.clone())
    }

    /// Opens what was just dropped: the ledger's own thread may hold it a little longer.
    fn reopen(&self) -> Ledger {
        let begin = Instant::now();
        loop {
            match self.open() {
                Err(LedgerError::InUse) if begin.elapsed() < LONG => thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
    }

    fn fails(&self) -> LedgerError {
        self.open().err().expect("it was opened")
    }

    /// The key that signs its checkpoints, and the one that checks them.
    fn key(&self, origin: &str) -> (FileSigner, LedgerKey) {
        let signer = FileSigner::new(self.ledger.parent().unwrap());
        let key = LedgerKey::new(origin, signer.public_key().unwrap()).unwrap();
        (signer, key)
    }

    fn segment(&self, first: u64) -> PathBuf {
        self.ledger.join(disk_name(first))
    }
}

fn disk_name(first: u64) -> String {
    super::disk::name(first)
}

/// An event that tells which it is. Below 127 all take the same room.
fn event(n: u32) -> Event {
    Event::Intent(Intent { ciphertext_size: n + 1, ..Intent::default() })
}

fn number(entry: &Entry) -> Option<u32> {
    match &entry.event {
        Some(Event::Intent(e)) => Some(e.ciphertext_size - 1),
        _ => None,
    }
}

/// The numbers of all intents, oldest first.
fn numbers(ledger: &Ledger) -> Vec<u32> {
    let mut all: Vec<_> =
        ledger.read(None, usize::MAX).unwrap().iter().filter_map(|r| number(&r.entry)).collect();
    all.reverse();
    all
}

/// An event of about so many bytes.
fn large(bytes: usize) -> Event {
    Event::Outcome(Outcome { reason: "x".repeat(bytes), ..Outcome::default() })
}
