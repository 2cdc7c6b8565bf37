// SPDX-License-Identifier: Apache-2.0
//! Holds an export against its own checkpoint, and against an older one that its owner, or anybody, has kept.
//!
//! Who can write the phone's files, but has not its key, cannot make an export that passes. Who has both can, and is
//! found out by any checkpoint that left the phone before: this is why one is worth keeping.

use std::io::BufRead;

use crate::checkpoint::{Checkpoint, LedgerKey};
use crate::export::{stopped, Head};
use crate::fields::Said;
use crate::leaf::{Flaw, LeafRef, Leaves};
use crate::tampered::Tampered;
use crate::tree::Frontier;

/// What is known of a ledger that nobody has touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its key and checkpoint.
    pub head: Head,
    /// How many entries had their content erased.
    pub erased: u64,
}

/// Verifies an export. `show` is given each leaf as it is read: believe none of it before this has returned without
/// an error. `older` is a signed checkpoint of the same ledger.
pub fn verify(
    from: impl BufRead,
    expected: Option<&LedgerKey>,
    older: Option<&str>,
    show: impl FnMut(u64, LeafRef<'_>),
) -> Result<Verified, Tampered> {
    Unverified::open(from, expected)?.verify(older, show)
}

/// An export of which only the head was read and checked.
pub struct Unverified<R> {
    head: Head,
    leaves: Leaves<R>,
}

impl<R: BufRead> Unverified<R> {
    /// Reads the head; it has to be of the expected key, if one is given.
    pub fn open(mut from: R, expected: Option<&LedgerKey>) -> Result<Self, Tampered> {
        let head = Head::read(&mut from)?;
        if let Some(expected) = expected.filter(|expected| **expected != head.key) {
            return Err(Tampered::OtherKey { found: head.key, expected: expected.clone() });
        }
        Ok(Self { head, leaves: Leaves::new(from) })
    }

    /// What it says it is: signed, but of leaves that nobody has seen yet.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// A checkpoint that has to be of the same key.
    pub fn older(&self, note: &str) -> Result<Checkpoint, Tampered> {
        Checkpoint::verify(note, &self.head.key).map_err(Tampered::Older)
    }

    /// See [`verify`].
    pub fn verify(
        mut self,
        older: Option<&str>,
        mut show: impl FnMut(u64, LeafRef<'_>),
    ) -> Result<Verified, Tampered> {
        let older = older.map(|note| self.older(note)).transpose()?;
        let size = self.head.checkpoint.size;
        if let Some(older) = older.as_ref().filter(|older| older.size > size) {
            return Err(Tampered::RolledBack { size, older: older.size });
        }
        let (mut tree, mut order, mut erased) = (Frontier::default(), Order::default(), 0);
        let mut of_older = None;
        loop {
            if older.as_ref().is_some_and(|older| older.size == tree.size()) {
                of_older = Some(tree.root());
            }
            let position = tree.size();
            let flaw = match self.leaves.read() {
                Ok(None) => break,
                Ok(Some(body)) => match read(body) {
                    Ok((leaf, said)) => {
                        erased += u64::from(said.is_none());
                        order.entry(position, said);
                        show(position, leaf);
                        tree.push(*leaf.hash);
                        continue;
                    }
                    Err(flaw) => flaw,
                },
                Err(stop) => stopped(stop)?,
            };
            return Err(self.flawed(flaw, position, &order));
        }
        order.hold(tree.size(), size)?;
        if tree.root() != self.head.checkpoint.root {
            return Err(Tampered::Replaced { size });
        }
        if let Some(older) = older.filter(|older| of_older != Some(older.root)) {
            return Err(Tampered::Rewritten { older: older.size });
        }
        order.erased_unsaid().map_or(Ok(()), |position| Err(Tampered::Erased { position }))?;
        Ok(Verified { head: self.head, erased })
    }

    fn flawed(&self, flaw: Flaw, position: u64, order: &Order) -> Tampered {
        let size = self.head.checkpoint.size;
        match flaw {
            // Behind the last entry, it is too much whatever it is.
            _ if position >= size => order.added(position + 1, size),
            // A cut need not fall between two leaves.
            Flaw::Short if self.leaves.is_cut() => order.missing(position, size),
            Flaw::Short => Tampered::Changed { position, flaw: Flaw::Length },
            flaw => Tampered::Changed { position, flaw },
        }
    }
}

fn read(body: &[u8]) -> Result<(LeafRef<'_>, Option<Said>), Flaw> {
    let leaf = LeafRef::check(body)?;
    let said = leaf.content.map(|(_, entry)| Said::read(entry).ok_or(Flaw::Entry)).transpose()?;
    Ok((leaf, said))
}

/// Where entries stand, beside where they say they do; and what was erased, beside what they say of that.
#[derive(Default)]
struct Order {
    /// Behind the last entry that stood where it should.
    right_until: u64,
    /// The first that does not: where it stands and what it says.
    wrong: Option<(u64, u64)>,
    /// Entries say that the content of all before this one was erased.
    said_erased: u64,
    /// Behind the last one whose content was erased.
    erased_until: u64,
}

impl Order {
    fn entry(&mut self, position: u64, said: Option<Said>) {
        let Some(said) = said else {
            self.erased_until = position + 1;
            return;
        };
        // Nobody can say that what comes after was erased.
        self.said_erased = self.said_erased.max(said.erased_before.min(position));
        if self.wrong.is_none() {
            match said.position == position {
                true => self.right_until = position + 1,
                false => self.wrong = Some((position, said.position)),
            }
        }
    }

    fn hold(&self, entries: u64, size: u64) -> Result<(), Tampered> {
        match self.wrong {
            _ if entries < size => Err(self.missing(entries, size)),
            _ if entries > size => Err(self.added(entries, size)),
            Some((position, found)) => Err(Tampered::Reordered { position, found }),
            None => Ok(()),
        }
    }

    fn missing(&self, entries: u64, size: u64) -> Tampered {
        match self.wrong.map(|(position, _)| position) {
            // All that are left stand right.
            None if self.right_until == entries => Tampered::Cut { entries, size },
            wrong => Tampered::Removed {
                missing: size - entries,
                from: self.right_until,
                to: wrong.unwrap_or(entries),
                size,
            },
        }
    }

    fn added(&self, entries: u64, size: u64) -> Tampered {
        let to = self.wrong.map_or(size, |(position, _)| position);
        Tampered::Added { extra: entries - size, from: self.right_until.min(size), to, size }
    }

    fn erased_unsaid(&self) -> Option<u64> {
        (self.erased_until > self.said_erased).then(|| self.erased_until - 1)
    }
}
