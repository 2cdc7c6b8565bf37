// SPDX-License-Identifier: Apache-2.0
//! However many entries a ledger has: open, read and taken away, it takes the same memory. One test alone, since the
//! allocator counts for every thread of the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_gate::clock::SystemClock;
use cloudmessaging_gate::ledger::{Authority, Event, FileSigner, Ledger, LedgerError, Retention};
use cloudmessaging_wire::proto::ledger::Outcome;

/// Counts what is in use, and the most that was.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(used, Relaxed);
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: it came from there.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Eight bytes for the position of a segment, and little more for its age.
const A_SEGMENT: usize = 64;

fn open(folder: &Path) -> Ledger {
    loop {
        match Ledger::open(folder, Arc::new(SystemClock)) {
            // The thread of the one before has not ended.
            Err(LedgerError::InUse) => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

fn grow(ledger: &Ledger, entries: u32) {
    let event = Event::Outcome(Outcome { reason: "x".repeat(200), ..Outcome::default() });
    let mut last = None;
    for _ in 0..entries {
        loop {
            match ledger.append_detached(event.clone()) {
                Ok(appending) => break last = Some(appending),
                Err(LedgerError::Backlog) => wait(&last),
                Err(why) => panic!("{why}"),
            }
        }
    }
    wait(&last);
}

fn wait(last: &Option<cloudmessaging_gate::ledger::Appending>) {
    last.as_ref().unwrap().wait(Duration::from_secs(60)).unwrap();
}

/// The threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Bytes in use while it is open; and the most that were while it was opened, a page read, all taken away and erased.
/// `threads` there are while no ledger is open: one that was closed is in use until its own has ended.
fn measured(folder: &Path, threads: usize) -> (usize, usize, usize) {
    let signer = FileSigner::new(folder.parent().unwrap());
    let authority = Authority { origin: "o", signer: &signer };
    authority.key().unwrap();
    drop(open(folder));
    while self::threads() > threads {
        std::thread::yield_now();
    }
    let before = USED.load(Relaxed);
    MOST.store(before, Relaxed);
    let ledger = open(folder);
    let used = USED.load(Relaxed) - before;
    assert_eq!(ledger.read(None, 200).unwrap().len(), 200);
    ledger.export(&authority, std::io::sink()).unwrap();
    let keep = Retention { days: 90, bytes: 1024 * 1024 };
    ledger.retain(keep, || Ok(None)).unwrap();
    (used, MOST.load(Relaxed) - before, ledger.segments())
}

#[test]
fn a_ledger_takes_the_same_memory_whatever_its_length() {
    let threads = threads();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ledger");
    grow(&open(&folder), 6_000);
    let (used, most, segments) = measured(&folder, threads);
    grow(&open(&folder), 30_000);
    let (used_of_more, most_of_more, more) = measured(&folder, threads);
    assert!(more > segments + 5, "{segments} and {more} segments");
    let index = (more - segments) * A_SEGMENT;
    // The frontier has a hash for each bit of the number of entries.
    let frontier = 16 * 32;
    assert!(used_of_more <= used + index + frontier, "{used} and {used_of_more} bytes");
    // One segment at a time is replaced, and one entry is read.
    assert!(most_of_more <= most + 2 * index + 64 * 1024, "{most} and {most_of_more} bytes");
}
