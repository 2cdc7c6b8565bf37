// SPDX-License-Identifier: Apache-2.0
//! What somebody can do to the file of an export, and what a verifier has to say then.

use crate::Book;

/// One manipulation of the leaves, which leaves the signed head as it is.
#[derive(Clone, Copy, Debug)]
pub enum Tamper {
    /// This byte of the body gets other bits.
    Change {
        /// Where, from the first leaf.
        byte: usize,
        /// What is changed of it; not 0.
        bits: u8,
    },
    /// This entry goes.
    Remove(usize),
    /// A copy of the first stands before the second.
    Double(usize, usize),
    /// They change places.
    Swap(usize, usize),
    /// Only so many bytes of the body are left.
    Cut(usize),
    /// The content of this entry goes.
    Erase(usize),
}

/// What has to come of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Expected {
    /// It passes: nothing is lost that was not said to be.
    Passes,
    /// It has this name, and this position is among those it gives, if it gives some.
    Named(&'static str, u64),
}

impl Tamper {
    /// The body after it.
    pub fn apply(&self, book: &Book) -> Vec<u8> {
        let mut changed = book.clone();
        match *self {
            Self::Change { byte, bits } => {
                let mut body = book.body();
                body[byte] ^= bits;
                return body;
            }
            Self::Cut(bytes) => return book.body()[..bytes].to_vec(),
            Self::Remove(entry) => drop(changed.leaves.remove(entry)),
            Self::Double(entry, before) => {
                changed.leaves.insert(before, book.leaves[entry].clone())
            }
            Self::Swap(a, b) => changed.leaves.swap(a, b),
            Self::Erase(entry) => changed.leaves[entry] = book.leaves[entry].erased(),
        }
        changed.body()
    }

    /// What a verifier has to say. `said_erased`: the ledger says that all before this were erased.
    pub fn expected(&self, book: &Book, said_erased: usize) -> Expected {
        let size = book.leaves.len();
        let live = |entry: usize| book.leaves[entry].live;
        let named = |name, entry: usize| Expected::Named(name, entry as u64);
        // A cut, and the removal of what nothing tells about, cannot be told apart.
        let cut = |left: usize| match left == 0 || live(left - 1) {
            true => named("cut", left),
            false => named("removed", left),
        };
        match *self {
            Self::Change { byte, bits } => {
                let offsets = book.offsets();
                let entry = offsets.partition_point(|offset| *offset <= byte) - 1;
                let leaf = &book.leaves[entry].bytes;
                if byte == offsets[entry] && live(entry) && leaf[0] < 0x80 && leaf[0] ^ bits == 34 {
                    // It looks erased now; it is its content that is no leaf.
                    let last = entry + 1 == book.leaves.len();
                    return named(if last { "added" } else { "changed" }, entry + 1);
                }
                // Length, tag and length stand before the hash of an erased leaf, which only the tree knows.
                match !live(entry) && byte - offsets[entry] >= 3 {
                    true => named("replaced", 0),
                    false => named("changed", entry),
                }
            }
            Self::Remove(entry) if entry + 1 == size => cut(entry),
            Self::Remove(entry) => named("removed", entry),
            Self::Double(entry, before) => {
                // Of two that stand side by side, the second is too much.
                named("added", if before == entry { before + 1 } else { before })
            }
            Self::Swap(a, b) => match (live(a.min(b)), live(a.max(b))) {
                (false, false) => named("replaced", 0),
                (_, true) => named("reordered", a.min(b)),
                (true, false) => named("reordered", a.max(b)),
            },
            Self::Cut(bytes) => {
                let offsets = book.offsets();
                cut(offsets.partition_point(|offset| *offset <= bytes) - 1)
            }
            Self::Erase(entry) if entry < said_erased || !live(entry) => Expected::Passes,
            Self::Erase(entry) => named("erased", entry),
        }
    }
}
