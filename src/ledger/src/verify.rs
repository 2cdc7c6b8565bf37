// SPDX-License-Identifier: Apache-2.0
//! Holds an export against its own checkpoint, and against an older one that its owner, or anybody, has kept.
//!
//! Who can write the phone's files, but has not its key, cannot make an export that passes. Who has both can, and is
//! found out by any checkpoint that left the phone before: this is why one is worth keeping.

use std::io::BufRead;

use cloudmessaging_wire::proto::ledger::Entry;

use crate::checkpoint::{Checkpoint, LedgerKey};
use crate::export::{leaves, stopped, ExportError, Head};
use crate::leaf::{Flaw, LeafRef};
use crate::tree::{Frontier, Hash};

/// What is wrong with a ledger. The first thing found, and the gravest that it can be told from.
#[derive(Debug, thiserror::Error)]
pub enum Tampered {
    /// It could not be read, or is not signed as it says.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// It is signed by another key than the one that was expected.
    #[error("this is the ledger of the key {found}, not of {expected}")]
    OtherKey {
        /// Whose it says it is.
        found: LedgerKey,
        /// Whose it should be.
        expected: LedgerKey,
    },
    /// A leaf was changed.
    #[error("entry {position} was changed: {flaw}")]
    Changed {
        /// Which.
        position: u64,
        /// What shows it.
        flaw: Flaw,
    },
    /// One or more entries were taken out.
    #[error("{missing} of {size} entries are missing, the first of them at {}", range(*.from, *.to))]
    Removed {
        /// How many.
        missing: u64,
        /// The first that can be missing, and the last that can be that first one: apart only where the content
        /// of entries was erased.
        from: u64,
        /// See `from`.
        to: u64,
        /// How many there should be.
        size: u64,
    },
    /// One or more entries were put in.
    #[error("{extra} entries are too many, the first of them at {}", range(*.from, *.to))]
    Added {
        /// How many.
        extra: u64,
        /// As in `Removed`.
        from: u64,
        /// As in `Removed`.
        to: u64,
    },
    /// They are all there, in another order.
    #[error("entry {found} stands where entry {position} should")]
    Reordered {
        /// Where.
        position: u64,
        /// What stands there.
        found: u64,
    },
    /// The end is missing.
    #[error("the end was cut off: {entries} entries of {size}")]
    Cut {
        /// How many there are.
        entries: u64,
        /// How many there should be.
        size: u64,
    },
    /// Each entry is whole, but they are not those that were signed.
    #[error("the entries are not those that the checkpoint of {size} entries was signed over")]
    Replaced {
        /// How many.
        size: u64,
    },
    /// The older checkpoint has more entries: what came since is gone.
    #[error("the ledger was put back to an earlier state: {size} entries, {older} at the older checkpoint")]
    RolledBack {
        /// How many there are.
        size: u64,
        /// How many there were.
        older: u64,
    },
    /// The ledger does not begin with what the older checkpoint was signed over.
    #[error(
        "history was rewritten: the first {older} entries are not those of the older checkpoint"
    )]
    Rewritten {
        /// How many there were.
        older: u64,
    },
}

fn range(from: u64, to: u64) -> String {
    match from == to {
        true => format!("position {from}"),
        false => format!("positions {from} to {to}"),
    }
}

/// What is known of a ledger that nobody has touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its key and checkpoint.
    pub head: Head,
    /// How many entries had their content erased.
    pub erased: u64,
}

/// Verifies an export. `show` is given each entry, or nothing where content was erased, as it is read: believe none
/// of it before this has returned without an error.
pub fn verify(
    mut from: impl BufRead,
    expected: Option<&LedgerKey>,
    older: Option<&Checkpoint>,
    mut show: impl FnMut(u64, LeafRef<'_>, Option<&Entry>),
) -> Result<Verified, Tampered> {
    let head = Head::read(&mut from)?;
    if let Some(expected) = expected.filter(|expected| **expected != head.key) {
        return Err(Tampered::OtherKey { found: head.key, expected: expected.clone() });
    }
    let size = head.checkpoint.size;
    if let Some(older) = older.filter(|older| older.size > size) {
        return Err(Tampered::RolledBack { size, older: older.size });
    }
    let mut leaves = leaves(from);
    let mut tree = Frontier::default();
    let mut order = Order::default();
    let mut erased = 0;
    let mut of_older = (older.map(|older| older.size) == Some(0)).then(|| tree.root());
    loop {
        let position = tree.size();
        let leaf = match leaves.read() {
            Ok(Some(body)) => LeafRef::check(body),
            Ok(None) => break,
            Err(stop) => Err(stopped(stop)?),
        };
        let read = leaf.and_then(|leaf| Ok((leaf, leaf.entry()?)));
        let (leaf, entry) = match read {
            Ok(read) => read,
            // A cut need not fall between two leaves.
            Err(Flaw::Short) if position < size => {
                return Err(Tampered::Cut { entries: position, size })
            }
            Err(flaw) => return Err(Tampered::Changed { position, flaw }),
        };
        erased += u64::from(entry.is_none());
        order.entry(position, entry.as_ref());
        show(position, leaf, entry.as_ref());
        tree.push(*leaf.hash);
        if older.is_some_and(|older| older.size == tree.size()) {
            of_older = Some(tree.root());
        }
    }
    order.hold(tree.size(), size)?;
    same(&tree.root(), &head.checkpoint.root).ok_or(Tampered::Replaced { size })?;
    if let Some(older) = older {
        of_older
            .and_then(|root| same(&root, &older.root))
            .ok_or(Tampered::Rewritten { older: older.size })?;
    }
    Ok(Verified { head, erased })
}

fn same(a: &Hash, b: &Hash) -> Option<()> {
    (a == b).then_some(())
}

/// Where entries stand, beside where they say they do.
#[derive(Default)]
struct Order {
    /// Behind the last entry that stood where it should.
    right_until: u64,
    /// The first that does not: where it stands and what it says.
    wrong: Option<(u64, u64)>,
}

impl Order {
    fn entry(&mut self, position: u64, entry: Option<&Entry>) {
        match entry {
            Some(entry) if self.wrong.is_none() && entry.position == position => {
                self.right_until = position + 1;
            }
            Some(entry) if self.wrong.is_none() => self.wrong = Some((position, entry.position)),
            _ => {}
        }
    }

    fn hold(&self, entries: u64, size: u64) -> Result<(), Tampered> {
        let from = self.right_until;
        match self.wrong {
            None if entries < size => Err(Tampered::Cut { entries, size }),
            None if entries > size => {
                Err(Tampered::Added { extra: entries - size, from, to: size })
            }
            None => Ok(()),
            Some((to, _)) if entries < size => {
                Err(Tampered::Removed { missing: size - entries, from, to, size })
            }
            Some((to, _)) if entries > size => {
                Err(Tampered::Added { extra: entries - size, from, to })
            }
            Some((position, found)) => Err(Tampered::Reordered { position, found }),
        }
    }
}
