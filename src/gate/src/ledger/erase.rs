// SPDX-License-Identifier: Apache-2.0
//! Erasing what entries say, and keeping their hashes, so that the tree and every checkpoint that was taken of it
//! stay as they are: for the owner who asks for it, and for what is older or more than is kept.
//!
//! The entry that says so comes first, then the erasing: after a crash, or with a full disk, it is finished when the
//! ledger is opened again. A segment is replaced whole. On flash, and below a file system that copies, the old blocks
//! may live on for a while: that is the storage's encryption to answer for.

use cloudmessaging_ledger::leaf::{encode_erased, LeafRef};
use cloudmessaging_ledger::tree::Hash;
use cloudmessaging_wire::proto::ledger::{entry::Event, HistoryErased};

use super::page::walk;
use super::write::Shared;
use super::{Attempt, LedgerError, Retention};
use crate::sync::lock;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A segment takes entries for no longer than this, so that their content is not kept much longer than it has to be.
const SEGMENT_LIFE_MS: i64 = 7 * DAY_MS;

/// See [`Ledger::erase`](super::Ledger::erase).
pub(super) fn all(
    shared: &Shared,
    in_force: impl FnOnce() -> Result<Option<[u8; 16]>, LedgerError>,
) -> Result<u64, LedgerError> {
    let _one = lock(&shared.erasing);
    let before = shared.begin_segment()?;
    erase(shared, before, true, in_force)
}

/// See [`Ledger::retain`](super::Ledger::retain).
pub(super) fn retain(
    shared: &Shared,
    keep: Retention,
    in_force: impl FnOnce() -> Result<Option<[u8; 16]>, LedgerError>,
) -> Result<u64, LedgerError> {
    let _one = lock(&shared.erasing);
    let before = outlived(shared, keep)?;
    erase(shared, before, false, in_force)
}

fn erase(
    shared: &Shared,
    before: u64,
    asked: bool,
    in_force: impl FnOnce() -> Result<Option<[u8; 16]>, LedgerError>,
) -> Result<u64, LedgerError> {
    let (_, to_erase) = shared.erased();
    if before > to_erase {
        let record_id = in_force()?.map(Vec::from).unwrap_or_default();
        let event = Event::HistoryErased(HistoryErased { before, asked, record_id });
        shared.finish(shared.collect(event)?)?;
        shared.set_to_erase(before);
    }
    finish(shared)?;
    Ok(shared.erased().0)
}

/// Erases what should be and is not yet.
pub(super) fn finish(shared: &Shared) -> Result<(), LedgerError> {
    let (tree, segments) = shared.durable();
    let (erased, to_erase) = shared.erased();
    for (i, &first) in segments.iter().enumerate() {
        let end = segments.get(i + 1).copied().unwrap_or(tree.size());
        if end <= erased || end > to_erase {
            continue;
        }
        let each = encode_erased(&Hash::default()).len();
        let mut hashes = Vec::with_capacity(each * (end - first) as usize);
        walk(shared, first, end, |_, leaf| {
            hashes.extend(encode_erased(LeafRef::check(leaf)?.hash));
            Ok(())
        })?;
        shared.disk.replace(first, &hashes)?;
        shared.set_erased(end);
    }
    Ok(())
}

/// The position before which the content is not to be kept: where a segment begins.
fn outlived(shared: &Shared, keep: Retention) -> Result<u64, LedgerError> {
    let ((_, segments), (erased, _)) = (shared.durable(), shared.erased());
    let Some(&last) = segments.last() else { return Ok(0) };
    if shared.age_ms(last).is_some_and(|age| age > SEGMENT_LIFE_MS) {
        shared.begin_segment()?;
    }
    let (oldest, mut bytes, mut begin) = (i64::from(keep.days) * DAY_MS, size(shared, last)?, last);
    for &first in segments.iter().rev().skip(1).take_while(|first| **first >= erased) {
        bytes += size(shared, first)?;
        // What a segment ends with is as old as what the next begins with.
        if bytes > keep.bytes || shared.age_ms(begin).is_some_and(|age| age > oldest) {
            return Ok(begin);
        }
        begin = first;
    }
    Ok(0)
}

fn size(shared: &Shared, first: u64) -> Result<u64, LedgerError> {
    let read = |file: std::fs::File| file.metadata();
    let failed = LedgerError::io(Attempt::Read, super::disk::name(first));
    read(shared.disk.open(first)?).map(|found| found.len()).map_err(failed)
}
