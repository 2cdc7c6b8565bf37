// SPDX-License-Identifier: Apache-2.0
//! The ledger once more, as plainly as docs/ledger.md says it: what the real readers are held against. Slow, and with
//! all of it in memory.

use std::ops::Range;

use cloudmessaging_ledger::leaf::{BLINDING, ENTRY_MAX, LEAF_MAX};
use cloudmessaging_ledger::tree::{empty_root, leaf_hash, node_hash, Hash};
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry, Leaf};
use prost::Message;

/// A leaf that is one.
pub(crate) struct Plain {
    pub(crate) hash: Hash,
    pub(crate) content: Option<([u8; BLINDING], Vec<u8>)>,
}

impl Plain {
    /// By its one encoding. Whether the hash is right is not looked at.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let leaf = Leaf::decode(body).ok()?;
        let content = match (leaf.blinding.len(), leaf.entry.len()) {
            (0, 0) => None,
            (BLINDING, 1..=ENTRY_MAX) => {
                Some((leaf.blinding[..].try_into().ok()?, leaf.entry.clone()))
            }
            _ => return None,
        };
        let hash = leaf.hash[..].try_into().ok()?;
        (leaf.encode_to_vec() == body).then_some(Self { hash, content })
    }

    /// Whether the hash is that of the content.
    pub(crate) fn is_right(&self) -> bool {
        let right =
            |(blinding, entry): &([u8; BLINDING], Vec<u8>)| leaf_hash(blinding, entry) == self.hash;
        self.content.as_ref().is_none_or(right)
    }

    /// The entry, if it has content that parses.
    pub(crate) fn decoded(&self) -> Option<Entry> {
        self.content.as_ref().and_then(|(_, entry)| Entry::decode(&entry[..]).ok())
    }

    /// The same, if it was erased or is encoded as prost encodes it; `Err` if it is not.
    pub(crate) fn entry(&self) -> Result<Option<Entry>, ()> {
        let Some((_, bytes)) = &self.content else { return Ok(None) };
        let ours = self.decoded().filter(|entry| entry.encode_to_vec() == *bytes);
        ours.map(Some).ok_or(())
    }
}

/// Where the bodies of leaves lie that stand one behind the other, up to the first length that is none.
pub(crate) fn bodies(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    loop {
        let mut rest = &bytes[at..];
        let Ok(length) = prost::decode_length_delimiter(&mut rest) else { return found };
        let begin = bytes.len() - rest.len();
        let shortest = prost::length_delimiter_len(length) == begin - at;
        if length > LEAF_MAX || !shortest || rest.len() < length {
            return found;
        }
        at = begin + length;
        found.push(begin..at);
    }
}

/// The same leaves with right hashes: no fuzzer finds those.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for body in bodies(&bytes) {
        mend(&mut bytes[body]);
    }
    bytes
}

/// Writes the right hash into a body, if it is one of a leaf with content.
pub(crate) fn mend(body: &mut [u8]) {
    if let Some(Plain { content: Some((blinding, entry)), .. }) = Plain::read(body) {
        body[2..34].copy_from_slice(&leaf_hash(&blinding, &entry));
    }
}

/// The root, as RFC 6962, section 2.1, defines it.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

/// Whether these entries stand where they say, and what is missing was erased by one of them.
pub(crate) fn is_in_order(entries: &[Option<Entry>]) -> bool {
    let (mut said, mut erased) = (0, 0);
    for (position, entry) in (0..).zip(entries) {
        match entry {
            None => erased = position + 1,
            Some(entry) if entry.position != position => return false,
            Some(Entry { event: Some(Event::HistoryErased(event)), .. }) => {
                said = said.max(event.before.min(position));
            }
            Some(_) => {}
        }
    }
    erased <= said
}
