// SPDX-License-Identifier: Apache-2.0
//! The entries of a page, and of each message in it how it ended. That is written later, and so most often not in the
//! same page: it is looked for up to the end of the ledger, with a memory of this page alone.

use std::collections::HashMap;
use std::ops::Range;

use cloudmessaging_ledger::statement::message_hash;
use cloudmessaging_wire::proto::ledger::{entry::Event, Purpose};

use crate::entry::Row;

/// A page that is being read.
pub struct Page {
    wanted: Range<u64>,
    rows: Vec<Row>,
    /// Which rows are of a message.
    messages: HashMap<Vec<u8>, Vec<usize>>,
}

impl Page {
    /// Of the entries at these positions.
    pub fn new(wanted: Range<u64>) -> Self {
        Self { wanted, rows: Vec::new(), messages: HashMap::new() }
    }

    /// The next entry of the ledger.
    pub fn see(&mut self, position: u64, row: Row) {
        if let Some(ended) = &row.ended {
            let of_message = self.messages.get(message_hash(row.entry()));
            for at in of_message.into_iter().flatten() {
                if let Some(intent) = self.rows.get_mut(*at) {
                    // A message has one outcome. Of two, the first was the one that its app was told.
                    intent.ended.get_or_insert(ended.clone());
                }
            }
        }
        if !self.wanted.contains(&position) {
            return;
        }
        // A receipt and a retraction name the message, too, and do not end as it does.
        if matches!(&row.entry().event, Some(Event::Intent(e)) if e.purpose() == Purpose::Message) {
            let rows = self.messages.entry(message_hash(row.entry()).to_vec()).or_default();
            rows.push(self.rows.len());
        }
        self.rows.push(row);
    }

    /// All of them, newest first.
    pub fn rows(mut self) -> Vec<Row> {
        self.rows.reverse();
        self.rows
    }
}
