// SPDX-License-Identifier: Apache-2.0
//! How much is kept.

/// How much of the ledger keeps its content. Whole segments lose it, so a little more is kept than is said here: of
/// seven days, and of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// For how long, in days for which the phone is on: who sets the wall clock erases nothing.
    pub days: u32,
    /// How many bytes.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 90, bytes: 16 * 1024 * 1024 }
    }
}
