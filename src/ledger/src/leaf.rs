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
    /// It claims a length that no entry has.
    #[error("its length is impossible")]
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
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
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
}

impl<R: BufRead> Leaves<R> {
    /// From here on.
    pub fn new(from: R) -> Self {
        Self { from, body: Vec::new(), offset: 0 }
    }

    /// Where the next leaf begins, in bytes from the beginning.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next leaf, without its length, unchecked; `None` at the end.
    pub fn read(&mut self) -> Result<Option<&[u8]>, Stop> {
        if self.from.fill_buf().map_err(Stop::Io)?.is_empty() {
            return Ok(None);
        }
        let mut prefix = [0; 2];
        self.from.read_exact(&mut prefix[..1]).map_err(short)?;
        if prefix[0] >= 0x80 {
            self.from.read_exact(&mut prefix[1..]).map_err(short)?;
        }
        let (length, read) = length(&prefix).ok_or(Stop::Flaw(Flaw::Length))?;
        if length > LEAF_MAX {
            return Err(Stop::Flaw(Flaw::Length));
        }
        self.body.resize(length, 0);
        self.from.read_exact(&mut self.body).map_err(short)?;
        self.offset += (read + length) as u64;
        Ok(Some(&self.body))
    }
}

fn short(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Stop::Flaw(Flaw::Short),
        _ => Stop::Io(error),
    }
}
