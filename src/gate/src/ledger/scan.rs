// SPDX-License-Identifier: Apache-2.0
//! Opening: reads the ledger once from end to end, and settles how it ends.
//!
//! A power cut can tear what was being written, and nothing else: the last group. That is cut back to the
//! last whole entry, and the cut is itself an entry. Whatever else is wrong is damage: it is named and left
//! as it is, for to cut there would be to destroy what the owner was promised to be able to read.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::disk::{name, Disk};
use super::error::{Attempt, Flaw, LedgerError};
use super::leaf::{self, Leaves, Stop};
use super::write::{Tail, GROUP_MAX};

/// What is known of a ledger once it is open: enough to append, and to find a page.
pub(super) struct Opened {
    /// First positions of the segments.
    pub(super) segments: Vec<u64>,
    /// How many entries there are, all durable.
    pub(super) entries: u64,
    /// Where the next goes.
    pub(super) tail: Tail,
}

/// Scans and settles. `tail_cut` makes the entry that says that so many bytes were cut, as number so and so
/// of its group.
pub(super) fn open(
    disk: &dyn Disk,
    tail_cut: impl FnOnce(u64, u32) -> Result<Vec<u8>, LedgerError>,
) -> Result<Opened, LedgerError> {
    let segments = disk.segments()?;
    let mut entries = 0;
    for &first in &segments {
        let last = Some(&first) == segments.last();
        if first != entries {
            return Err(damaged(name(entries), entries, Flaw::Missing));
        }
        let file = disk.open(first)?;
        let end = walk(first, &file)?;
        entries = end.next;
        if let Some(flaw) = end.flaw {
            if !last || !torn(first, &file, &end)? {
                return Err(damaged(name(first), end.next, flaw));
            }
        }
        if last {
            let (bytes, cut) = settle(disk, first, &file, &end, tail_cut)?;
            let tail = Tail::at(first, file, bytes);
            return Ok(Opened { segments, entries: entries + cut, tail });
        }
    }
    Ok(Opened { segments, entries, tail: Tail::none() })
}

/// How a segment ends.
struct End {
    /// Position behind its last whole leaf, and where that ends.
    next: u64,
    whole: u64,
    /// Where the last group begins, and how many it has.
    group: u64,
    group_size: u32,
    /// Size of the file, and what is wrong behind the last whole leaf, if anything is there.
    size: u64,
    flaw: Option<Flaw>,
}

fn walk(first: u64, file: &File) -> Result<End, LedgerError> {
    let failed = |e| LedgerError::io(Attempt::Read, name(first))(e);
    let size = file.metadata().map_err(failed)?.len();
    let mut end = End { next: first, whole: 0, group: 0, group_size: 0, size, flaw: None };
    let mut leaves = Leaves::new(file, size);
    loop {
        let entry = match leaves.next() {
            Ok(Some(body)) => leaf::check(body).and_then(|leaf| leaf::entry(&leaf)),
            Ok(None) => return Ok(end),
            Err(Stop::Io(e)) => return Err(failed(e)),
            Err(Stop::Flaw(flaw)) => Err(flaw),
        };
        match entry {
            Ok(entry) if entry.group == 0 => (end.group, end.group_size) = (end.whole, 1),
            Ok(_) => end.group_size += 1,
            Err(flaw) => {
                end.flaw = Some(flaw);
                return Ok(end);
            }
        }
        end.next += 1;
        end.whole = leaves.offset();
    }
}

/// Whether what is broken can be what a power cut left of the last group.
fn torn(first: u64, file: &File, end: &End) -> Result<bool, LedgerError> {
    let rest = end.size - end.whole;
    if rest > GROUP_MAX as u64 {
        return Ok(false);
    }
    Ok(!leaf::begins_a_group_within(&read(first, file, end.whole, end.size)?))
}

/// Makes sure that what was read is on the disk, and cuts what is torn. Gives the size of the segment and
/// how many entries were added.
///
/// The last group is written once more, as it is: had its fsync failed before a restart of ours, its pages
/// would read well from memory, count as clean, and never reach the disk. And it is written together with
/// the entry that tells of the cut, over the torn bytes: until that entry is whole the end stays torn, so
/// that no second power cut, and no full disk, can lose the one without the other.
fn settle(
    disk: &dyn Disk,
    first: u64,
    file: &File,
    end: &End,
    tail_cut: impl FnOnce(u64, u32) -> Result<Vec<u8>, LedgerError>,
) -> Result<(u64, u64), LedgerError> {
    let mut group = read(first, file, end.group, end.whole)?;
    let cut = end.size - end.whole;
    if cut > 0 {
        group.extend(tail_cut(cut, end.group_size)?);
    }
    disk.settle(first, end.group, &group)?;
    Ok((end.group + group.len() as u64, u64::from(cut > 0)))
}

fn read(first: u64, file: &File, from: u64, to: u64) -> Result<Vec<u8>, LedgerError> {
    let mut bytes = vec![0; (to - from) as usize];
    file.read_exact_at(&mut bytes, from).map_err(LedgerError::io(Attempt::Read, name(first)))?;
    Ok(bytes)
}

pub(super) fn damaged(file: String, position: u64, flaw: Flaw) -> LedgerError {
    LedgerError::Damaged { file, position, flaw }
}
