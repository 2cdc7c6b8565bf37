// SPDX-License-Identifier: Apache-2.0
//! Opening: reads the ledger once from end to end, and settles how it ends.
//!
//! A power cut can tear what was being written, and nothing else: the last group. That is cut back to the
//! last whole entry, and the cut is itself an entry. Whatever else is wrong is damage: it is named and left
//! as it is, for to cut there would be to destroy what the owner was promised to be able to read.

use std::fs::File;
use std::os::unix::fs::FileExt;

use cloudmessaging_ledger::tree::{Frontier, Hash};
use cloudmessaging_wire::proto::ledger::entry::Event;

use super::disk::{name, Disk};
use super::error::{Attempt, Flaw, LedgerError};
use super::leaf::{self, LeafRef, Stop};
use super::on_time::OnTime;
use super::write::{Tail, GROUP_MAX};
use crate::schema::LEDGER;

/// What is known of a ledger once it is open: enough to append, and to find a page.
pub(super) struct Opened {
    /// First positions of the segments.
    pub(super) segments: Vec<u64>,
    /// The tree over the entries there are, all durable.
    pub(super) tree: Frontier,
    /// Before this no entry has content.
    pub(super) erased: u64,
    /// Before this no entry should have any.
    pub(super) to_erase: u64,
    /// How long the phone was on from the first entry that has content to the last.
    pub(super) on: OnTime,
    /// The same to the first entry of each segment that has content.
    pub(super) begun: Vec<(u64, i64)>,
    /// Whether a newer version wrote some of it.
    pub(super) newer: bool,
    /// Where the next goes.
    pub(super) tail: Tail,
}

/// Where an entry that tells of a cut goes.
pub(super) struct Cut {
    /// How many bytes were cut.
    pub(super) bytes: u64,
    /// Its number in its group.
    pub(super) group: u32,
    /// Its position.
    pub(super) position: u64,
}

/// Scans and settles. `tail_cut` makes the leaf that tells of a cut.
pub(super) fn open(
    disk: &dyn Disk,
    tail_cut: impl FnOnce(Cut) -> Result<(Vec<u8>, Hash), LedgerError>,
) -> Result<Opened, LedgerError> {
    let segments = disk.segments()?;
    let (mut tree, mut content) = (Frontier::default(), Content::default());
    for &first in &segments {
        let last = Some(&first) == segments.last();
        if first != tree.size() {
            return Err(damaged(name(tree.size()), tree.size(), Flaw::Missing));
        }
        let file = disk.open(first)?;
        let end = walk(first, &file, &mut tree, &mut content)?;
        if let Some(flaw) = end.flaw {
            // A whole entry of another place was never torn.
            if !last || flaw == Flaw::Position || !torn(first, &file, &end)? {
                return Err(damaged(name(first), tree.size(), flaw));
            }
        }
        if last {
            let bytes = settle(disk, first, &file, &end, &mut tree, tail_cut)?;
            let tail = Tail::at(first, file, bytes);
            let (erased, to_erase) = content.bounds(&tree);
            let Content { on, begun, newer, .. } = content;
            return Ok(Opened { segments, tree, erased, to_erase, on, begun, newer, tail });
        }
    }
    let (on, begun, tail) = (OnTime::default(), Vec::new(), Tail::none());
    Ok(Opened { segments, tree, erased: 0, to_erase: 0, on, begun, newer: false, tail })
}

/// How a segment ends.
struct End {
    /// Where its last whole leaf ends.
    whole: u64,
    /// Where the last group begins, and how many it has.
    group: u64,
    group_size: u32,
    /// Size of the file, and what is wrong behind the last whole leaf, if anything is there.
    size: u64,
    flaw: Option<Flaw>,
}

/// Reads a segment, and lets the tree grow by what is whole in it.
fn walk(
    first: u64,
    file: &File,
    tree: &mut Frontier,
    content: &mut Content,
) -> Result<End, LedgerError> {
    let failed = |e| LedgerError::io(Attempt::Read, name(first))(e);
    let size = file.metadata().map_err(failed)?.len();
    let mut end = End { whole: 0, group: 0, group_size: 0, size, flaw: None };
    let mut leaves = leaf::leaves(file, size);
    loop {
        let read = match leaves.read() {
            Ok(Some(body)) => LeafRef::check(body)
                .and_then(|leaf| Ok((*leaf.hash, in_its_place(first, &leaf, tree, content)?))),
            Ok(None) => return Ok(end),
            Err(Stop::Io(e)) => return Err(failed(e)),
            Err(Stop::Flaw(flaw)) => Err(flaw),
        };
        match read {
            Ok((hash, 0)) => {
                (end.group, end.group_size) = (end.whole, 1);
                tree.push(hash);
            }
            Ok((hash, _)) => {
                end.group_size += 1;
                tree.push(hash);
            }
            Err(flaw) => {
                end.flaw = Some(flaw);
                return Ok(end);
            }
        }
        end.whole = leaves.offset();
    }
}

/// The number of the leaf that comes next in the tree in its group. What was erased was durable before.
fn in_its_place(
    segment: u64,
    leaf: &LeafRef<'_>,
    tree: &Frontier,
    content: &mut Content,
) -> Result<u32, Flaw> {
    let Some(entry) = leaf.entry()? else { return Ok(0) };
    if entry.position != tree.size() {
        return Err(Flaw::Position);
    }
    content.first.get_or_insert(entry.position);
    content.newer |= entry.schema_version > LEDGER;
    let on_ms = content.on.reach(entry.boot_ms);
    if content.begun.last().is_none_or(|(last, _)| *last != segment) {
        content.begun.push((segment, on_ms));
    }
    if let Some(Event::HistoryErased(erased)) = &entry.event {
        content.to_erase = content.to_erase.max(erased.before.min(tree.size()));
    }
    Ok(entry.group)
}

/// Which entries have content, and which should.
#[derive(Default)]
struct Content {
    first: Option<u64>,
    to_erase: u64,
    on: OnTime,
    begun: Vec<(u64, i64)>,
    newer: bool,
}

impl Content {
    fn bounds(&self, tree: &Frontier) -> (u64, u64) {
        (self.first.unwrap_or(tree.size()), self.to_erase)
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

/// Makes sure that what was read is on the disk, and cuts what is torn. Gives the size of the segment.
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
    tree: &mut Frontier,
    tail_cut: impl FnOnce(Cut) -> Result<(Vec<u8>, Hash), LedgerError>,
) -> Result<u64, LedgerError> {
    let mut group = read(first, file, end.group, end.whole)?;
    let bytes = end.size - end.whole;
    if bytes > 0 {
        let (leaf, hash) = tail_cut(Cut { bytes, group: end.group_size, position: tree.size() })?;
        group.extend(leaf);
        tree.push(hash);
    }
    disk.settle(first, end.group, &group)?;
    Ok(end.group + group.len() as u64)
}

fn read(first: u64, file: &File, from: u64, to: u64) -> Result<Vec<u8>, LedgerError> {
    let mut bytes = vec![0; (to - from) as usize];
    file.read_exact_at(&mut bytes, from).map_err(LedgerError::io(Attempt::Read, name(first)))?;
    Ok(bytes)
}

pub(super) fn damaged(file: String, position: u64, flaw: Flaw) -> LedgerError {
    LedgerError::Damaged { file, position, flaw }
}
