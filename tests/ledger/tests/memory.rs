// SPDX-License-Identifier: Apache-2.0
//! However long an export is or says it is: a verifier needs no more memory than one entry takes. One test alone, since
//! the allocator watches every thread of the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{BufReader, Read};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use cloudmessaging_ledger::leaf::{ENTRY_MAX, LEAF_MAX};
use cloudmessaging_ledger::verify::verify;
use ledger::{Book, Key};

/// Remembers the largest piece of memory that was asked for since it was last set to 0.
struct Watching;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: it came from there.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// The same byte over and over, without having it in memory.
fn endless(byte: u8, count: u64) -> BufReader<impl Read> {
    BufReader::with_capacity(512, std::io::repeat(byte).take(count))
}

#[test]
fn no_length_and_no_garbage_takes_more_memory_than_one_entry() {
    let head = Book::small().head(&Key::new(1));
    for byte in [0x00, 0x0a, 0x7f, 0x80, 0xff] {
        for head in [&[][..], &head] {
            LARGEST.store(0, Relaxed);
            let found = verify(head.chain(endless(byte, 64 << 20)), None, None, |_, _| {});
            let largest = LARGEST.load(Relaxed);
            assert!(found.is_err() && largest <= 2 * LEAF_MAX, "{byte:x}: {largest}");
        }
    }
    // The longest lengths that a length can say, and one more than a leaf may have.
    let most = LEAF_MAX as u64;
    for length in [most, most + 1, 0x3fff, 0x4000, u64::from(u32::MAX), u64::MAX] {
        let mut prefix = Vec::new();
        prost::encoding::encode_varint(length, &mut prefix);
        for head in [&[][..], &head] {
            LARGEST.store(0, Relaxed);
            let from = head.chain(&prefix[..]).chain(endless(0x0a, 64 << 20));
            let found = verify(from, None, None, |_, _| {});
            let largest = LARGEST.load(Relaxed);
            assert!(found.is_err() && largest <= 2 * LEAF_MAX, "{length}: {largest}");
        }
    }
    // A whole ledger: as much as one entry, and not as much as all.
    let book = Book::of(2_000);
    let export = book.export(&Key::new(1));
    LARGEST.store(0, Relaxed);
    assert!(verify(&export[..], None, None, |_, _| {}).is_ok());
    let largest = LARGEST.load(Relaxed);
    assert!(largest <= 2 * ENTRY_MAX, "{largest}");
}
