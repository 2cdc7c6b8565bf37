// SPDX-License-Identifier: Apache-2.0
//! From when to when a ledger was written, by the clocks of its own entries.

use cloudmessaging_wire::proto::ledger::Entry;
use prost::Message;

use crate::leaf::LeafRef;

/// The clocks of the first and the last entry that can be read.
#[derive(Default)]
pub struct Span {
    first: Option<i64>,
    last: Vec<u8>,
}

impl Span {
    /// One more leaf. Only two of them are decoded.
    pub fn see(&mut self, leaf: &LeafRef<'_>) {
        let Some((_, entry)) = leaf.content else { return };
        if self.first.is_none() {
            self.first = leaf.entry().ok().flatten().map(|entry| entry.wall_ms);
        }
        self.last.clear();
        self.last.extend_from_slice(entry);
    }

    /// Both, in ms since the Unix epoch; nothing where no entry has content.
    pub fn ends(&self) -> Option<(i64, i64)> {
        let last = Entry::decode(&self.last[..]).ok()?;
        Some((self.first?, last.wall_ms))
    }
}
