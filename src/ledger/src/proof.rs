// SPDX-License-Identifier: Apache-2.0
//! Proofs that an entry is in a tree, and that a tree is the beginning of another: RFC 6962, sections 2.1.1 and
//! 2.1.2; checked as RFC 9162, sections 2.1.3.2 and 2.1.4.2, has it.
//!
//! A proof is a list of roots of subtrees. [`Outline`] says of which, and reads them off the leaves in one pass, so
//! that no tree has to be kept.

use std::ops::Range;

use crate::tree::{node_hash, Frontier, Hash};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such entry, or no such beginning.
    #[error("it is about something outside the tree")]
    Outside,
    /// It has more or fewer hashes than the tree has levels.
    #[error("it has a wrong number of hashes")]
    Length,
    /// It leads to another root.
    #[error("it leads to another root")]
    Root,
}

/// The subtrees whose roots a proof is made of.
#[derive(Clone, Debug)]
pub struct Outline {
    subtrees: Vec<(Range<u64>, Frontier)>,
    /// That of the last leaf: mostly that of the next one too.
    last: usize,
}

impl Outline {
    /// Of a proof that the leaf at `index` is in the tree of `size` leaves.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::Outside);
        }
        let (mut tree, mut siblings) = (0..size, Vec::new());
        while tree.end - tree.start > 1 {
            let middle = middle(&tree);
            if index < middle {
                siblings.push(middle..tree.end);
                tree.end = middle;
            } else {
                siblings.push(tree.start..middle);
                tree.start = middle;
            }
        }
        Ok(Self::of(siblings))
    }

    /// Of a proof that the tree of `old` leaves is the beginning of that of `new`.
    pub fn consistency(old: u64, new: u64) -> Result<Self, ProofError> {
        if old > new {
            return Err(ProofError::Outside);
        }
        let (mut tree, mut subtrees) = (0..new, Vec::new());
        // Nothing has to be shown of an empty tree, nor of the whole one.
        while old > 0 && tree.end != old {
            let middle = middle(&tree);
            if old <= middle {
                subtrees.push(middle..tree.end);
                tree.end = middle;
            } else {
                subtrees.push(tree.start..middle);
                tree.start = middle;
            }
        }
        // The old tree itself is known to whoever checks; a part of it is not.
        if tree.start > 0 {
            subtrees.push(tree);
        }
        Ok(Self::of(subtrees))
    }

    fn of(from_the_root: Vec<Range<u64>>) -> Self {
        let empty = |range| (range, Frontier::default());
        Self { subtrees: from_the_root.into_iter().rev().map(empty).collect(), last: 0 }
    }

    /// The leaf at this index. Each has to be shown, in order.
    pub fn leaf(&mut self, index: u64, hash: Hash) {
        let holds = |(range, _): &(Range<u64>, Frontier)| range.contains(&index);
        if !self.subtrees.get(self.last).is_some_and(holds) {
            let Some(found) = self.subtrees.iter().position(holds) else { return };
            self.last = found;
        }
        self.subtrees[self.last].1.push(hash);
    }

    /// The proof; `None` if leaves are missing.
    pub fn finish(self) -> Option<Vec<Hash>> {
        let root = |(range, subtree): (Range<u64>, Frontier)| {
            (subtree.size() == range.end - range.start).then(|| subtree.root())
        };
        self.subtrees.into_iter().map(root).collect()
    }
}

/// Where a tree of two or more leaves is divided: the largest power of two below its size goes to the left.
fn middle(tree: &Range<u64>) -> u64 {
    tree.start + (1 << (tree.end - tree.start - 1).ilog2())
}

/// Whether this leaf is at `index` of the tree with that size and root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Whether the tree (size, root) `old` is the beginning of the tree `new`.
pub fn verify_consistency(
    old: (u64, &Hash),
    new: (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old.0 > new.0 {
        return Err(ProofError::Outside);
    }
    if old.0 == 0 || old.0 == new.0 {
        let same = if old.0 == 0 { *old.1 == crate::tree::empty_root() } else { old.1 == new.1 };
        return match (proof.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let (mut at, mut last) = (old.0 - 1, new.0 - 1);
    let shift = at.trailing_ones();
    (at, last) = (at >> shift, last >> shift);
    // A whole old tree is left out of the proof: its root is where both begin.
    let (begin, rest) = match at {
        0 => (old.1, proof),
        _ => proof.split_first().ok_or(ProofError::Length)?,
    };
    let (mut of_old, mut of_new) = (*begin, *begin);
    for hash in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            of_old = node_hash(hash, &of_old);
            of_new = node_hash(hash, &of_new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            of_new = node_hash(&of_new, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (last, of_old == *old.1 && of_new == *new.1) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}
