// SPDX-License-Identifier: Apache-2.0
//! One entry as it stands on the disk: a length, then a `Leaf` of proto/ledger.proto.
//!
//! The hash is RFC 6962's leaf hash (section 2.1) over blinding and entry, so that the tree can be built
//! over what is stored here, and outlives the erasure of content: a leaf without blinding and entry is whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;

use cloudmessaging_wire::proto::ledger::{Entry, Leaf};
use prost::Message;
use ring::digest;

use super::error::Flaw;

/// Largest serialised entry in bytes: a page of 200 of them fits in one Binder call.
pub const ENTRY_MAX: usize = 4096;

/// Bytes that blind an entry: without them its hash cannot be guessed back to its content.
pub(super) const BLINDING: usize = 16;

const HASH: usize = 32;

/// Largest leaf: three fields with their tags and lengths around the largest entry.
const LEAF_MAX: usize = ENTRY_MAX + BLINDING + HASH + 16;

/// What is read at once.
const BUFFER: usize = 64 * 1024;

/// A leaf, length first.
pub(super) fn encode(blinding: &[u8; BLINDING], entry: Vec<u8>) -> Vec<u8> {
    let hash = hash(blinding, &entry).as_ref().to_vec();
    Leaf { hash, blinding: blinding.to_vec(), entry }.encode_length_delimited_to_vec()
}

/// Takes a leaf apart and holds its content against its hash. Only the one encoding of a leaf is one: a
/// lenient reader takes what follows a damaged length or tag for fields that it need not know.
pub(super) fn check(body: &[u8]) -> Result<Leaf, Flaw> {
    let leaf = Leaf::decode(body).map_err(|_| Flaw::Leaf)?;
    let erased = leaf.blinding.is_empty() && leaf.entry.is_empty();
    let sizes = leaf.hash.len() == HASH && (erased || leaf.blinding.len() == BLINDING);
    if !sizes || leaf.encode_to_vec() != body {
        return Err(Flaw::Leaf);
    }
    if !erased && hash(&leaf.blinding, &leaf.entry).as_ref() != leaf.hash {
        return Err(Flaw::Hash);
    }
    Ok(leaf)
}

/// The content of a leaf; of an erased one, nothing.
pub(super) fn entry(leaf: &Leaf) -> Result<Entry, Flaw> {
    Entry::decode(&leaf.entry[..]).map_err(|_| Flaw::Entry)
}

fn hash(blinding: &[u8], entry: &[u8]) -> digest::Digest {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&[0]);
    hash.update(blinding);
    hash.update(entry);
    hash.finish()
}

/// The leaves at the beginning of a file, in order, without holding more of them than one.
pub(super) struct Leaves<'a> {
    from: BufReader<io::Take<At<'a>>>,
    body: Vec<u8>,
    offset: u64,
}

/// Why there is no next leaf.
pub(super) enum Stop {
    Flaw(Flaw),
    Io(io::Error),
}

impl<'a> Leaves<'a> {
    /// Of the first `bytes` of a file.
    pub(super) fn new(file: &'a File, bytes: u64) -> Self {
        let from = BufReader::with_capacity(BUFFER, At { file, offset: 0 }.take(bytes));
        Self { from, body: Vec::new(), offset: 0 }
    }

    /// Where the next leaf begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next leaf, unchecked; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Stop> {
        if self.from.fill_buf().map_err(Stop::Io)?.is_empty() {
            return Ok(None);
        }
        let (length, prefix) = self.length()?;
        self.body.resize(length, 0);
        self.from.read_exact(&mut self.body).map_err(short)?;
        self.offset += (prefix + length) as u64;
        Ok(Some(&self.body))
    }

    /// The varint before a leaf, and how many bytes it took: two are enough for [`LEAF_MAX`].
    fn length(&mut self) -> Result<(usize, usize), Stop> {
        let mut byte = [0];
        self.from.read_exact(&mut byte).map_err(short)?;
        let low = usize::from(byte[0]);
        let (length, prefix) = if low < 0x80 {
            (low, 1)
        } else {
            self.from.read_exact(&mut byte).map_err(short)?;
            (low & 0x7f | usize::from(byte[0]) << 7, 2)
        };
        if length > LEAF_MAX {
            return Err(Stop::Flaw(Flaw::Length));
        }
        Ok((length, prefix))
    }
}

fn short(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Stop::Flaw(Flaw::Short),
        _ => Stop::Io(error),
    }
}

/// A file read from a place of our own: its cursor belongs to nobody.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

/// Whether a whole leaf of group 0 stands anywhere after the first byte. It was written when all before it
/// was durable: then what is broken before it was not torn by a crash.
pub(super) fn begins_a_group_within(bytes: &[u8]) -> bool {
    (1..bytes.len()).any(|start| {
        let rest = &bytes[start..];
        let Ok(length) = prost::decode_length_delimiter(rest) else { return false };
        let prefix = prost::length_delimiter_len(length);
        if length > LEAF_MAX {
            return false;
        }
        let Some(body) = rest.get(prefix..prefix + length) else { return false };
        match check(body) {
            Ok(leaf) if !leaf.entry.is_empty() => matches!(entry(&leaf), Ok(e) if e.group == 0),
            _ => false,
        }
    })
}
