// SPDX-License-Identifier: Apache-2.0
//! Reading, newest first. Positions are dense and a segment is named by its first, so a page is found
//! without an index of entries, and no more of it is in memory than what is returned.

use std::collections::VecDeque;

use cloudmessaging_wire::proto::ledger::Entry;

use super::disk::name;
use super::error::{Attempt, Flaw, LedgerError};
use super::leaf::{self, LeafRef, Stop};
use super::scan::damaged;
use super::write::Shared;

/// An entry as it was read.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// From 0, without gaps.
    pub position: u64,
    /// Of a newer schema version perhaps: then without an event if that is a kind we do not know. If the
    /// content was erased, schema version 0 and nothing else.
    pub entry: Entry,
    /// The entry as stored; empty if it was erased.
    pub bytes: Vec<u8>,
}

/// See [`Ledger::read`](super::Ledger::read).
pub(super) fn read(
    shared: &Shared,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<Record>, LedgerError> {
    let (tree, segments) = shared.durable();
    let mut end = before.map_or(tree.size(), |before| before.min(tree.size()));
    let begin = end.saturating_sub(limit as u64);
    let mut page = Vec::new();
    for &first in segments.iter().rev() {
        if first >= end {
            continue;
        }
        if begin >= end {
            break;
        }
        let older = page.len();
        walk(shared, first, end, |position, leaf| {
            if position >= begin {
                page.push(record(position, leaf)?);
            }
            Ok(())
        })?;
        page[older..].reverse();
        end = first;
    }
    Ok(page)
}

/// See [`Ledger::read_those`](super::Ledger::read_those).
pub(super) fn read_those(
    shared: &Shared,
    before: Option<u64>,
    limit: usize,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<Vec<Record>, LedgerError> {
    let (tree, segments) = shared.durable();
    let mut end = before.map_or(tree.size(), |before| before.min(tree.size()));
    let mut page = Vec::new();
    for &first in segments.iter().rev() {
        let left = limit - page.len();
        if left == 0 {
            break;
        }
        if first >= end {
            continue;
        }
        let mut newest = VecDeque::new();
        walk(shared, first, end, |position, leaf| {
            let record = record(position, leaf)?;
            if wanted(&record.entry) {
                if newest.len() == left {
                    newest.pop_front();
                }
                newest.push_back(record);
            }
            Ok(())
        })?;
        page.extend(newest.into_iter().rev());
        end = first;
    }
    Ok(page)
}

/// See [`Ledger::each`](super::Ledger::each).
pub(super) fn each(shared: &Shared, mut visit: impl FnMut(&Entry)) -> Result<(), LedgerError> {
    let (tree, segments) = shared.durable();
    for (i, &first) in segments.iter().enumerate() {
        let end = segments.get(i + 1).copied().unwrap_or(tree.size());
        walk(shared, first, end, |_, leaf| {
            LeafRef::check(leaf)?.entry()?.iter().for_each(&mut visit);
            Ok(())
        })?;
    }
    Ok(())
}

/// See [`Ledger::newest`](super::Ledger::newest).
pub(super) fn newest(
    shared: &Shared,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<Option<Record>, LedgerError> {
    let (tree, segments) = shared.durable();
    let mut end = tree.size();
    for &first in segments.iter().rev() {
        let mut newest = None;
        walk(shared, first, end, |position, leaf| {
            let record = record(position, leaf)?;
            if wanted(&record.entry) {
                newest = Some(record);
            }
            Ok(())
        })?;
        if newest.is_some() {
            return Ok(newest);
        }
        end = first;
    }
    Ok(None)
}

/// Visits the leaves, unchecked, from `first`, which begins a segment, to before `end`.
pub(super) fn walk(
    shared: &Shared,
    first: u64,
    end: u64,
    mut visit: impl FnMut(u64, &[u8]) -> Result<(), Flaw>,
) -> Result<(), LedgerError> {
    let file = shared.disk.open(first)?;
    // To the end of the file and not only of what is durable: `end` stops before that.
    let mut leaves = leaf::leaves(&file, u64::MAX);
    for position in first..end {
        let visited = match leaves.read() {
            Ok(Some(body)) => visit(position, body),
            Ok(None) => Err(Flaw::Short),
            Err(Stop::Flaw(flaw)) => Err(flaw),
            Err(Stop::Io(e)) => return Err(LedgerError::io(Attempt::Read, name(first))(e)),
        };
        visited.map_err(|flaw| damaged(name(first), position, flaw))?;
    }
    Ok(())
}

fn record(position: u64, leaf: &[u8]) -> Result<Record, Flaw> {
    let leaf = LeafRef::check(leaf)?;
    let entry = leaf.entry()?.unwrap_or_default();
    let bytes = leaf.content.map(|(_, entry)| entry.to_vec()).unwrap_or_default();
    Ok(Record { position, entry, bytes })
}
