// SPDX-License-Identifier: Apache-2.0
//! Parts of ledgers, and what they say, taken from how the ledgers were made.

use std::collections::BTreeMap;
use std::path::Path;

use cloudmessaging_ledger::leaf::{LeafRef, Leaves};
use cloudmessaging_ledger::statement::{event_name, summary};
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};
use ledger::{Book, Key, Leaf};

use crate::Case;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Writes parts of ledgers into a folder.
pub fn write(folder: &Path) {
    let key = Key::new(1);
    // A day and a half of entries that are a minute apart.
    let (small, long) = (Book::small(), Book::of(2200));
    let parts: [(&str, &Book, i64, usize, i64); 9] = [
        ("the_newest_entries_come_first", &long, -1, 7, 0),
        ("a_page_is_followed_by_the_next", &long, 2193, 7, 0),
        ("a_page_is_as_long_as_the_service_s", &long, -1, 200, 0),
        ("the_last_page_ends_with_the_first_entry", &long, 3, 200, 0),
        ("before_the_first_entry_is_nothing", &long, 0, 200, 0),
        ("days_begin_where_the_owner_is", &long, 0, 0, 330),
        ("and_where_that_is_behind_utc", &long, 0, 0, -1440),
        ("erased_entries_say_that_they_are", &small, -1, 200, 1440),
        ("an_empty_ledger_says_nothing", &Book::default(), i64::MAX, 200, 0),
    ];
    for (name, book, before, limit, offset) in parts {
        let entries: Vec<_> = book.leaves.iter().map(entry).collect();
        let end = usize::try_from(before).unwrap_or(usize::MAX).min(entries.len());
        let page = entries[..end].iter().enumerate().rev().take(limit);
        let page: String = page.map(|(position, entry)| line(position, entry)).collect();
        Case::new(folder, name)
            .with("export", book.export(&key))
            .with("before", before.to_string())
            .with("limit", limit.to_string())
            .with("offset", offset.to_string())
            .with("entries", page)
            .with("totals", totals(&entries, offset * 60_000));
    }
}

fn entry(leaf: &Leaf) -> Entry {
    let mut leaves = Leaves::new(&leaf.bytes[..]);
    let leaf = LeafRef::check(leaves.read().ok().flatten().expect("a leaf")).expect("whole");
    leaf.entry().expect("an entry").unwrap_or_default()
}

/// What left with it: classes, whether it was a connection, bytes, to whom, and which message it is about.
fn left(entry: &Entry) -> (&[i32], bool, u32, &str, &[u8]) {
    match &entry.event {
        Some(Event::Connect(e)) => (&e.revealed, true, 0, &e.host, &[]),
        Some(Event::Intent(e)) => (&e.revealed, false, e.ciphertext_size, &e.host, &e.message_hash),
        Some(Event::Outcome(e)) => (&[], false, 0, "", &e.message_hash),
        _ => (&[], false, 0, "", &[]),
    }
}

fn line(position: usize, entry: &Entry) -> String {
    let (revealed, _, bytes, host, message) = left(entry);
    let (event, says, message) = (event_name(entry), summary(entry), hex::encode(message));
    format!("{position}|{}|{event}|{says}|{revealed:?}|{bytes}|{host}|{message}\n", entry.wall_ms)
}

fn totals(entries: &[Entry], offset_ms: i64) -> String {
    let mut rows = BTreeMap::<(i64, i32), (u64, u64, u64)>::new();
    for entry in entries {
        let (revealed, connection, bytes, host, _) = left(entry);
        if host.is_empty() {
            continue;
        }
        let day = (entry.wall_ms + offset_ms).div_euclid(DAY_MS);
        for class in revealed.iter().chain([&0]) {
            let row = rows.entry((day, *class)).or_default();
            *row = (row.0 + 1, row.1 + u64::from(connection), row.2 + u64::from(bytes));
        }
    }
    let line = |((day, class), (count, connections, bytes)): (&(i64, i32), &(u64, u64, u64))| {
        format!("{day}|{class}|{count}|{connections}|{bytes}\n")
    };
    rows.iter().map(line).collect()
}
