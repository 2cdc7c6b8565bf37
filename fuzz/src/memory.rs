// SPDX-License-Identifier: Apache-2.0
//! How much memory an input makes anybody ask for at once. A length that is believed before anything of that length is
//! there shows in no crash: the kernel gives address space, and takes it back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// More than the largest of what is read here needs in one piece: a frame, a padded content, a segment's last group.
const LARGEST: usize = 1024 * 1024;

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has none any more.
        let _ = ASKED.try_with(|asked| asked.set(asked.get().max(layout.size())));
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: it came from there.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Runs it, and fails if it asked for more in one piece than anything may.
pub(crate) fn bounded<T>(run: impl FnOnce() -> T) -> T {
    ASKED.set(0);
    let value = run();
    let asked = ASKED.get();
    assert!(asked <= LARGEST, "{asked} bytes of memory in one piece");
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "bytes of memory in one piece")]
    fn a_length_that_is_believed_is_noticed() {
        bounded(|| drop(vec![0_u8; LARGEST + 1]));
    }
}
