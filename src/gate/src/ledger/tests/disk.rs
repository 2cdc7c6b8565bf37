// SPDX-License-Identifier: Apache-2.0
//! A real folder behind a disk that writes down what it is asked, and fails or hangs when told.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use nix::errno::Errno;

use super::super::disk::{name, Disk, Folder};
use super::super::{Attempt, Ledger, LedgerError};
use super::{Place, LONG};
use crate::clock::Clock;

/// What was asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Make,
    Append(usize),
    Sync,
    /// So many bytes were written anew.
    Settle(usize),
    /// The segment that begins with this.
    Replace(u64),
}

/// What happens from now on to appends and syncs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Append(Errno),
    /// So many bytes are written before it fails.
    AppendAfter(usize, Errno),
    Sync(Errno),
    Settle(Errno),
    Replace(Errno),
    /// The same, but for the first ones since it was asked for calls last.
    ReplaceAfter(usize, Errno),
    Panic,
}

#[derive(Default)]
struct Script {
    calls: Vec<Call>,
    fault: Option<Fault>,
    hanging: bool,
    /// How many calls are inside, held up.
    held: usize,
}

/// The test's end of it.
#[derive(Clone, Default)]
pub(super) struct Control {
    shared: Arc<(Mutex<Script>, Condvar)>,
}

impl Control {
    pub(super) fn open(&self, place: &Place) -> Result<Ledger, LedgerError> {
        self.open_at(&place.ledger, place.clock.clone())
    }

    pub(super) fn open_at(
        &self,
        path: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Ledger, LedgerError> {
        let folder = Folder::open(path)?;
        Ledger::on(Box::new(Scripted { folder, control: self.clone() }), clock)
    }

    /// What was asked since the last time.
    pub(super) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.0.lock().unwrap().calls)
    }

    fn replaced(&self) -> usize {
        let script = self.shared.0.lock().unwrap();
        script.calls.iter().filter(|call| matches!(call, Call::Replace(_))).count()
    }

    pub(super) fn syncs(&self) -> usize {
        self.calls().iter().filter(|c| **c == Call::Sync).count()
    }

    pub(super) fn fail(&self, fault: Option<Fault>) {
        self.shared.0.lock().unwrap().fault = fault;
    }

    /// Lets every later sync wait, or all of them go on.
    pub(super) fn hang(&self, hanging: bool) {
        self.shared.0.lock().unwrap().hanging = hanging;
        self.shared.1.notify_all();
    }

    /// Returns when a sync is being held up.
    pub(super) fn until_held(&self) {
        let mut script = self.shared.0.lock().unwrap();
        while script.held == 0 {
            let (next, late) = self.shared.1.wait_timeout(script, LONG).unwrap();
            assert!(!late.timed_out(), "nothing was synced");
            script = next;
        }
    }

    fn note(&self, call: Call) -> Option<Fault> {
        let mut script = self.shared.0.lock().unwrap();
        script.calls.push(call);
        script.fault
    }

    fn hold(&self) {
        let mut script = self.shared.0.lock().unwrap();
        script.held += 1;
        self.shared.1.notify_all();
        while script.hanging {
            let (next, late) = self.shared.1.wait_timeout(script, LONG).unwrap();
            script = next;
            if late.timed_out() {
                // Whoever waits for this waited in vain: let the test go on, and fail.
                break;
            }
        }
        script.held -= 1;
    }
}

struct Scripted {
    folder: Folder,
    control: Control,
}

impl Disk for Scripted {
    fn segments(&self) -> Result<Vec<u64>, LedgerError> {
        self.folder.segments()
    }

    fn open(&self, first: u64) -> Result<File, LedgerError> {
        self.folder.open(first)
    }

    fn make(&self, first: u64) -> Result<File, LedgerError> {
        self.control.note(Call::Make);
        self.folder.make(first)
    }

    fn append(&self, segment: &File, bytes: &[u8]) -> io::Result<()> {
        match self.control.note(Call::Append(bytes.len())) {
            Some(Fault::Append(errno)) => Err(errno.into()),
            Some(Fault::AppendAfter(n, errno)) => {
                self.folder.append(segment, &bytes[..n])?;
                Err(errno.into())
            }
            Some(Fault::Panic) => panic!("a disk that panics"),
            _ => self.folder.append(segment, bytes),
        }
    }

    fn sync(&self, segment: &File) -> io::Result<()> {
        let fault = self.control.note(Call::Sync);
        self.control.hold();
        match fault {
            Some(Fault::Sync(errno)) => Err(errno.into()),
            _ => self.folder.sync(segment),
        }
    }

    fn settle(&self, first: u64, offset: u64, bytes: &[u8]) -> Result<(), LedgerError> {
        if let Some(Fault::Settle(errno)) = self.control.note(Call::Settle(bytes.len())) {
            return Err(LedgerError::io(Attempt::Settle, name(first))(errno.into()));
        }
        self.folder.settle(first, offset, bytes)
    }

    fn replace(&self, first: u64, bytes: &[u8]) -> Result<(), LedgerError> {
        let failed = |errno: Errno| Err(LedgerError::io(Attempt::Erase, name(first))(errno.into()));
        match self.control.note(Call::Replace(first)) {
            Some(Fault::Replace(errno)) => failed(errno),
            Some(Fault::ReplaceAfter(n, errno)) if self.control.replaced() > n => failed(errno),
            _ => self.folder.replace(first, bytes),
        }
    }
}
