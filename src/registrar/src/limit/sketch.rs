// SPDX-License-Identifier: Apache-2.0
//! Counters of a fixed size for any number of numbers (a count-min sketch): they hold no number and cannot
//! be asked about one after a restart. Numbers share counters by chance ([`ROWS`] of them each, the least
//! counts): a crowd can only make a limit stricter.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::time::{Duration, Instant};

const ROWS: usize = 4;

/// Counters that begin at zero with each window.
pub(super) struct Sketch {
    window: Duration,
    begun: Instant,
    cells: usize,
    // Keyed anew at each start: nobody can choose numbers that share counters with somebody's.
    hashers: [RandomState; ROWS],
    // The window in the upper half of each, the count in the lower. Zeroes, which cost no memory until they are
    // counted in.
    rows: Vec<u64>,
}

impl Sketch {
    /// With all counters at zero; 8 bytes for each of the cells in each of four rows.
    pub(super) fn new(window: Duration, cells: usize, now: Instant) -> Sketch {
        let hashers = std::array::from_fn(|_| RandomState::new());
        Sketch { window, begun: now, cells, hashers, rows: vec![0; ROWS * cells] }
    }

    /// Counts one of these, and says how many there were in this window, this one included; sometimes more,
    /// never fewer.
    pub(super) fn count(&mut self, what: impl Hash + Copy, now: Instant) -> u32 {
        // Windows count from 1: a cell of zeroes is of no window.
        let passed = now.saturating_duration_since(self.begun).as_secs() / self.window.as_secs();
        let window = u32::try_from(passed + 1).unwrap_or(u32::MAX);
        let mut least = u32::MAX;
        for (row, hasher) in self.hashers.iter().enumerate() {
            let hash = hasher.hash_one(what) as usize;
            let cell = &mut self.rows[row * self.cells + hash % self.cells];
            let counted = if (*cell >> 32) as u32 == window { *cell as u32 } else { 0 };
            let count = counted.saturating_add(1);
            *cell = u64::from(window) << 32 | u64::from(count);
            least = least.min(count);
        }
        least
    }
}
