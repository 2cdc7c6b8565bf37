// SPDX-License-Identifier: Apache-2.0
//! Parts of ledgers, and what they say, taken from how the ledgers were made.

use std::collections::BTreeMap;
use std::path::Path;

use cloudmessaging_ledger::leaf::{LeafRef, Leaves};
use cloudmessaging_ledger::statement::event_name;
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry, Purpose};
use ledger::{month, Book, Key, Leaf};

use crate::Case;

const HOUR_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Writes parts of ledgers into a folder.
pub fn write(folder: &Path) {
    let key = Key::new(1);
    // A day and a half of entries that are a minute apart, from 13:20 on; and some weeks, from 12 October on.
    let (small, long, month) = (Book::small(), Book::of(2200), month());
    let (small_from, month_from) = (1_790_000_000_000 / DAY_MS, 20_778 - 40);
    let days = |from: i64, offset_ms: i64, count: i64| -> Vec<i64> {
        (from..=from + count).map(|day| day * DAY_MS - offset_ms).collect()
    };
    // Of Berlin, where 25 October has 25 hours.
    let berlin: Vec<_> = days(month_from + 10, HOUR_MS, 30)
        .into_iter()
        .map(|at| if at < (20_778 - 27) * DAY_MS - 2 * HOUR_MS { at - HOUR_MS } else { at })
        .collect();
    let newest = i64::try_from(month.leaves.len()).expect("few");
    let parts: [(&str, &Book, i64, usize, Vec<i64>); 14] = [
        ("the_newest_entries_come_first", &long, -1, 7, vec![]),
        ("a_page_is_followed_by_the_next", &long, 2193, 7, vec![0]),
        ("a_page_is_as_long_as_the_service_s", &long, -1, 200, days(small_from, 0, 2)),
        ("the_last_page_ends_with_the_first_entry", &long, 3, 200, vec![]),
        ("before_the_first_entry_is_nothing", &long, 0, 200, vec![]),
        ("days_begin_where_the_owner_is", &long, 0, 0, days(small_from, 330 * 60_000, 3)),
        ("what_is_of_no_day_is_in_none", &long, 0, 0, days(small_from + 1, 0, 1)),
        (
            "a_date_that_was_left_out_has_nothing",
            &long,
            0,
            0,
            days(small_from, 0, 2).repeat_first(),
        ),
        ("erased_entries_say_that_they_are", &small, -1, 200, days(small_from, 0, 1)),
        ("an_empty_ledger_says_nothing", &Book::default(), i64::MAX, 200, days(0, 0, 366)),
        ("every_kind_of_entry_is_told", &month, -1, 200, days(month_from, 0, 41)),
        ("and_the_first_of_them", &month, newest - 100, 200, days(month_from, 0, 41)),
        ("a_message_ends_on_a_later_page", &month, newest - 1, 1, vec![]),
        ("a_day_on_which_the_clocks_are_changed_is_longer", &month, 0, 0, berlin),
    ];
    for (name, book, before, limit, midnights) in parts {
        let entries: Vec<_> = book.leaves.iter().map(entry).collect();
        let end = usize::try_from(before).unwrap_or(usize::MAX).min(entries.len());
        let page = entries[..end].iter().enumerate().rev().take(limit);
        let page: String = page.map(|(position, read)| line(position, read, &entries)).collect();
        let lines: String = midnights.iter().map(|midnight| format!("{midnight}\n")).collect();
        Case::new(folder, name)
            .with("export", book.export(&key))
            .with("before", before.to_string())
            .with("limit", limit.to_string())
            .with("midnights", lines)
            .with("entries", page)
            .with("totals", totals(&entries, &midnights))
            .with("refused", refused(&entries, &midnights))
            .with("on", format!("{:?}", on(&entries, &midnights)));
    }
}

trait RepeatFirst {
    fn repeat_first(self) -> Self;
}

impl RepeatFirst for Vec<i64> {
    fn repeat_first(self) -> Self {
        [&self[..1], &self[..]].concat()
    }
}

/// An entry; nothing where it was erased. One that cannot be told has no fields.
fn entry(leaf: &Leaf) -> Option<Entry> {
    let mut leaves = Leaves::new(&leaf.bytes[..]);
    let leaf = LeafRef::check(leaves.read().ok().flatten().expect("a leaf")).expect("whole");
    leaf.content.map(|_| leaf.entry().unwrap_or_default().unwrap_or_default())
}

fn said(entry: &Option<Entry>) -> Option<&Event> {
    entry.as_ref()?.event.as_ref()
}

/// What left with it: classes, whether it was a connection, bytes, to whom.
fn left(event: Option<&Event>) -> Option<(&[i32], bool, u32, &str)> {
    match event? {
        Event::Connect(e) => Some((&e.revealed, true, 0, &e.host)),
        Event::Intent(e) => Some((&e.revealed, false, e.ciphertext_size, &e.host)),
        _ => None,
    }
}

/// Ending, reason and time of the first outcome of that message.
fn ended<'a>(message: &[u8], entries: &'a [Option<Entry>]) -> (i32, &'a str, i64) {
    let mut outcomes = entries.iter().flatten().filter_map(|entry| match &entry.event {
        Some(Event::Outcome(e)) if e.message_hash == message => {
            Some((e.ending, &e.reason[..], entry.wall_ms))
        }
        _ => None,
    });
    outcomes.next().unwrap_or_default()
}

fn line(position: usize, read: &Option<Entry>, entries: &[Option<Entry>]) -> String {
    let event = match read {
        None => "erased",
        Some(entry) if entry.event.is_none() => "unknown",
        Some(entry) => event_name(entry),
    };
    let wall = read.as_ref().map_or(0, |entry| entry.wall_ms);
    let (classes, _, bytes, host) = left(said(read)).unwrap_or_default();
    let (mut kind, mut classes) = (0, classes.to_vec());
    let (mut reason, mut count, mut so, mut end) = ("", 0, false, (0, 0));
    let mut message: &[u8] = &[];
    match said(read) {
        Some(Event::Grant(e)) => classes.clone_from(&e.allowed_classes),
        Some(Event::Withdraw(e)) => so = e.durable,
        Some(Event::FoundOn(e) | Event::FoundOff(e)) => reason = &e.reason,
        Some(Event::ClassChange(e)) => (kind, so) = (e.data_class, e.allowed),
        Some(Event::PolicyChange(e)) => reason = &e.reason,
        Some(Event::Connect(e)) => kind = e.role,
        Some(Event::Intent(e)) => {
            (kind, message) = (e.purpose, &e.message_hash);
            if e.purpose() == Purpose::Message {
                let (ending, why, at) = ended(message, entries);
                (reason, end) = (why, (ending, at));
            }
        }
        Some(Event::Outcome(e)) => {
            (message, reason, end) = (&e.message_hash, &e.reason, (e.ending, wall));
        }
        Some(Event::Erasure(e)) => kind = e.stage,
        Some(Event::Refusals(e)) => (reason, count) = (&e.reason, e.count.into()),
        Some(Event::Refused(e)) => (reason, count) = (&e.reason, e.count.into()),
        Some(Event::TailCut(e)) => count = e.bytes,
        Some(Event::HistoryErased(e)) => (count, so) = (e.before, e.asked),
        Some(Event::Boot(_) | Event::NumberMoved(_)) | None => {}
    }
    let (message, (ending, ended)) = (hex::encode(message), end);
    format!(
        "{position}|{wall}|{event}|{kind}|{classes:?}|{bytes}|{host}|{message}|{reason}|{count}|{so}|{ending}|{ended}\n"
    )
}

/// The day in which that is, if it is in one. Of two that begin at once, the first has no time in it.
fn day(wall_ms: i64, midnights: &[i64]) -> Option<usize> {
    midnights.windows(2).position(|day| (day[0]..day[1]).contains(&wall_ms))
}

fn totals(entries: &[Option<Entry>], midnights: &[i64]) -> String {
    let mut rows = BTreeMap::<(usize, i32), (u64, u64, u64)>::new();
    for entry in entries.iter().flatten() {
        let Some((revealed, connection, bytes, _)) = left(entry.event.as_ref()) else { continue };
        let Some(day) = day(entry.wall_ms, midnights) else { continue };
        for class in revealed.iter().chain([&0]) {
            let row = rows.entry((day, *class)).or_default();
            *row = (row.0 + 1, row.1 + u64::from(connection), row.2 + u64::from(bytes));
        }
    }
    let line = |((day, class), (count, connections, bytes)): (&(usize, i32), &(u64, u64, u64))| {
        format!("{day}|{class}|{count}|{connections}|{bytes}\n")
    };
    rows.iter().map(line).collect()
}

fn refused(entries: &[Option<Entry>], midnights: &[i64]) -> String {
    let mut rows = BTreeMap::<&str, (u32, i64)>::new();
    for entry in entries.iter().flatten() {
        if let (Some(Event::Refusals(e)), Some(_)) = (&entry.event, day(entry.wall_ms, midnights)) {
            let row = rows.entry(&e.reason).or_default();
            *row = (row.0 + e.count, entry.wall_ms);
        }
    }
    rows.iter().map(|(reason, (count, last))| format!("{reason}|{count}|{last}\n")).collect()
}

/// Hour by hour.
fn on(entries: &[Option<Entry>], midnights: &[i64]) -> Vec<bool> {
    let states = entries.iter().flatten().filter_map(|entry| match &entry.event {
        Some(Event::Grant(_) | Event::FoundOn(_)) => Some((entry.wall_ms, true)),
        Some(Event::Withdraw(_) | Event::FoundOff(_)) => Some((entry.wall_ms, false)),
        Some(Event::HistoryErased(e)) if !e.record_id.is_empty() => Some((entry.wall_ms, true)),
        _ => None,
    });
    let states: Vec<_> = states.collect();
    let at =
        |instant: i64| states.iter().rfind(|(since, _)| *since <= instant).is_some_and(|s| s.1);
    let within = |day: &[i64]| {
        let granted = states.iter().any(|(since, on)| *on && (day[0]..day[1]).contains(since));
        granted || (day[1] > day[0] && at(day[0]))
    };
    midnights.windows(2).map(within).collect()
}
