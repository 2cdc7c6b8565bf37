// SPDX-License-Identifier: Apache-2.0
//! One entry as it stands on the disk and in an export: a length, then a `Leaf` of proto/ledger.proto.
//!
//! A leaf has one encoding and no other. A lenient reader would take what follows a damaged length or tag for
//! fields that it need not know; so this one reads byte for byte, and copies nothing.

use std::io::{self, BufRead};

use cloudmessaging_wire::proto::ledger::{Entry, Leaf};
use prost::Message;

use crate::tree::{leaf_hash, Hash};

/// Largest serialised entry in bytes: a page of 200 of them fits in one Binder call.
pub const ENTRY_MAX: usize = 4096;

/// Bytes that blind an entry: without them its hash cannot be guessed back to its content.
pub const BLINDING: usize = 16;

const HASH: usize = 32;

/// Largest leaf: three fields with their tags and lengths around the largest entry.
pub const LEAF_MAX: usize = ENTRY_MAX + BLINDING + HASH + 16;

/// What is wrong with a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It ends too early.
    #[error("it is not whole")]
    Short,
    /// It claims a length that no entry has, or not this one.
    #[error("its length cannot be right")]
    Length,
    /// It is no leaf: a field is missing, doubled, unknown, out of order or of a wrong size.
    #[error("it does not parse")]
    Leaf,
    /// The hash is not that of blinding and content.
    #[error("its content is not what its hash says")]
    Hash,
    /// The content does not parse.
    #[error("its content does not parse")]
    Entry,
    /// It says that it is another entry.
    #[error("it says that it is another entry")]
    Position,
    /// The segment that should begin with it is not there.
    #[error("its segment is missing")]
    Missing,
}

/// A leaf, where it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafRef<'a> {
    /// As it stands there; [`LeafRef::check`] holds the content against it.
    pub hash: &'a Hash,
    /// Blinding and entry; `None` if they were erased.
    pub content: Option<(&'a [u8; BLINDING], &'a [u8])>,
}

impl<'a> LeafRef<'a> {
    /// Takes a leaf apart, without its length, and holds its content against its hash.
    pub fn check(body: &'a [u8]) -> Result<Self, Flaw> {
        let leaf = Self::parse(body).ok_or(Flaw::Leaf)?;
        match leaf.content {
            Some((blinding, entry)) if leaf_hash(blinding, entry) != *leaf.hash => Err(Flaw::Hash),
            _ => Ok(leaf),
        }
    }

    fn parse(body: &'a [u8]) -> Option<Self> {
        let (hash, rest) = field(body, 1)?;
        let hash = hash.try_into().ok()?;
        if rest.is_empty() {
            return Some(Self { hash, content: None });
        }
        let (blinding, rest) = field(rest, 2)?;
        let (entry, rest) = field(rest, 3)?;
        if entry.is_empty() || entry.len() > ENTRY_MAX || !rest.is_empty() {
            return None;
        }
        Some(Self { hash, content: Some((blinding.try_into().ok()?, entry)) })
    }

    /// The entry; `None` if its content was erased.
    pub fn entry(&self) -> Result<Option<Entry>, Flaw> {
        let decode = |(_, entry): (_, &[u8])| Entry::decode(entry).map_err(|_| Flaw::Entry);
        self.content.map(decode).transpose()
    }
}

/// The field of bytes with this number that begins here, and what follows it.
fn field(bytes: &[u8], number: u8) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    if *tag != number << 3 | 2 {
        return None;
    }
    let (length, prefix) = length(rest)?;
    let rest = rest.get(prefix..)?;
    (rest.len() >= length).then(|| rest.split_at(length))
}

/// A length of one or two bytes in its shortest form, and how many it took.
pub(crate) fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes {
        [low, ..] if *low < 0x80 => Some((usize::from(*low), 1)),
        [low, high, ..] if (1..0x80).contains(high) => {
            Some((usize::from(low & 0x7f) | usize::from(*high) << 7, 2))
        }
        _ => None,
    }
}

/// A leaf of this content, length first, and its hash.
pub fn encode(blinding: &[u8; BLINDING], entry: Vec<u8>) -> (Vec<u8>, Hash) {
    let hash = leaf_hash(blinding, &entry);
    let leaf = Leaf { hash: hash.to_vec(), blinding: blinding.to_vec(), entry };
    (leaf.encode_length_delimited_to_vec(), hash)
}

/// The same leaf without its content, length first.
pub fn encode_erased(hash: &Hash) -> Vec<u8> {
    Leaf { hash: hash.to_vec(), ..Leaf::default() }.encode_length_delimited_to_vec()
}

/// Why there is no next leaf.
#[derive(Debug)]
pub enum Stop {
    /// What is there is none.
    Flaw(Flaw),
    /// It could not be read.
    Io(io::Error),
}

/// Leaves one behind the other, in order, without holding more of them than one.
pub struct Leaves<R> {
    from: R,
    body: Vec<u8>,
    offset: u64,
    cut: bool,
}

impl<R: BufRead> Leaves<R> {
    /// From here on.
    pub fn new(from: R) -> Self {
        Self { from, body: Vec::new(), offset: 0, cut: false }
    }

    /// Where the next leaf begins, in bytes from the beginning.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the leaf that was [`Flaw::Short`] begins as one of its length has to: then nothing but its end is
    /// missing. Otherwise its length was changed.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The next leaf, without its length, unchecked; `None` at the end.
    pub fn read(&mut self) -> Result<Option<&[u8]>, Stop> {
        let mut prefix = [0; 2];
        if read(&mut self.from, &mut prefix[..1])? == 0 {
            return Ok(None);
        }
        self.cut = true;
        if prefix[0] >= 0x80 && read(&mut self.from, &mut prefix[1..])? == 0 {
            return Err(Stop::Flaw(Flaw::Short));
        }
        let (length, taken) = length(&prefix).ok_or(Stop::Flaw(Flaw::Length))?;
        if length > LEAF_MAX {
            return Err(Stop::Flaw(Flaw::Length));
        }
        self.body.resize(length, 0);
        let there = read(&mut self.from, &mut self.body)?;
        if there < length {
            self.cut = begins(length, &self.body[..there]);
            return Err(Stop::Flaw(Flaw::Short));
        }
        self.offset += (taken + length) as u64;
        Ok(Some(&self.body))
    }
}

/// Reads until the buffer is full or the end is reached. Returns how much there was.
pub(crate) fn read(from: &mut impl BufRead, buffer: &mut [u8]) -> Result<usize, Stop> {
    let mut there = 0;
    while there < buffer.len() {
        match from.read(&mut buffer[there..]) {
            Ok(0) => break,
            Ok(more) => there += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Stop::Io(e)),
        }
    }
    Ok(there)
}

/// Whether a leaf of this length can begin so: tags and lengths of its fields follow from its own length.
fn begins(length: usize, there: &[u8]) -> bool {
    const ERASED: usize = 2 + HASH;
    const BEFORE_ENTRY: usize = ERASED + 2 + BLINDING + 1;
    let at = |place: usize, byte: usize| there.get(place).is_none_or(|b| usize::from(*b) == byte);
    if !(at(0, 0x0a) && at(1, HASH)) {
        return false;
    }
    let Some(rest) = length.checked_sub(BEFORE_ENTRY) else { return length == ERASED };
    let entry_follows = match rest {
        2..=0x80 => at(BEFORE_ENTRY, rest - 1),
        0x82.. => {
            let entry = rest - 2;
            at(BEFORE_ENTRY, entry & 0x7f | 0x80) && at(BEFORE_ENTRY + 1, entry >> 7)
        }
        _ => false,
    };
    entry_follows && at(ERASED, 0x12) && at(ERASED + 1, BLINDING) && at(BEFORE_ENTRY - 1, 0x1a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaf_is_told_from_one_whose_length_was_changed() {
        for size in [1, 44, 126, 127, 128, 129, 200, ENTRY_MAX] {
            let (whole, hash) = encode(&[7; BLINDING], vec![3; size]);
            for leaf in [whole, encode_erased(&hash)] {
                let mut leaves = Leaves::new(&leaf[..]);
                assert!(leaves.read().unwrap().is_some() && leaves.read().unwrap().is_none());
                for length in 1..leaf.len() {
                    let mut leaves = Leaves::new(&leaf[..length]);
                    assert!(matches!(leaves.read(), Err(Stop::Flaw(Flaw::Short))), "{length}");
                    assert!(leaves.is_cut(), "{length} of {size}");
                }
            }
        }
        let (mut leaf, _) = encode(&[7; BLINDING], vec![3; 200]);
        for longer in 1..0x7f - leaf[0] % 0x80 {
            leaf[0] += longer;
            let mut leaves = Leaves::new(&leaf[..]);
            assert!(matches!(leaves.read(), Err(Stop::Flaw(Flaw::Short))));
            assert!(!leaves.is_cut(), "{longer}");
            leaf[0] -= longer;
        }
    }
}
