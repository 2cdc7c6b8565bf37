// SPDX-License-Identifier: Apache-2.0
//! Ledgers to be tampered with, and what tampering has to be called. Everything follows from numbers: the same calls
//! make the same bytes.

mod entries;
mod month;
mod tamper;

pub use entries::{entry, nonce};
pub use month::month;
pub use tamper::{Expected, Tamper};

use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey, SignError, Signer};
use cloudmessaging_ledger::export::Head;
use cloudmessaging_ledger::leaf::{encode, encode_erased, BLINDING};
use cloudmessaging_ledger::tampered::Tampered;
use cloudmessaging_ledger::tree::{Frontier, Hash};
use cloudmessaging_ledger::verify::{verify, Verified};
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry, HistoryErased};
use prost::Message;
use ring::digest::{digest, SHA256};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::process::Command;

/// Name of the log.
pub const ORIGIN: &str = "ledger.example/phone";

/// Whether the long versions are asked for.
pub fn full() -> bool {
    std::env::var_os("CM_FULL").is_some_and(|value| value == "1")
}

/// The first Python that has Ed25519: that of the path, or Debian's, which apt-get gives it to.
pub fn python() -> &'static str {
    let has = |python: &&str| {
        let import = ["-c", "import cryptography.hazmat.primitives.asymmetric.ed25519"];
        Command::new(python).args(import).output().is_ok_and(|found| found.status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has).expect("python3-cryptography")
}

/// A signing key.
pub struct Key(Ed25519KeyPair);

impl Key {
    /// From 32 bytes of this value.
    pub fn new(seed: u8) -> Self {
        Self::from_seed(&[seed; 32])
    }

    /// From a seed, as RFC 8032 has it.
    pub fn from_seed(seed: &[u8]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes"))
    }

    /// What verifies its ledger.
    pub fn public(&self) -> LedgerKey {
        LedgerKey::new(ORIGIN, self.public_key().expect("in memory")).expect("a name")
    }
}

impl Signer for Key {
    fn public_key(&self) -> Result<[u8; 32], SignError> {
        Ok(self.0.public_key().as_ref().try_into().expect("32 bytes"))
    }

    fn sign(&self, text: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(text).as_ref().try_into().expect("64 bytes"))
    }
}

/// 16 bytes that follow from a label and a number.
pub fn sixteen(label: &str, number: u64) -> [u8; BLINDING] {
    let hash = digest(&SHA256, format!("{label} {number}").as_bytes());
    hash.as_ref()[..BLINDING].try_into().expect("16 bytes")
}

/// A leaf of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// As it stands in an export, length first.
    pub bytes: Vec<u8>,
    /// What the tree is made of.
    pub hash: Hash,
    /// Whether it has content.
    pub live: bool,
}

impl Leaf {
    /// Of this entry.
    pub fn new(blinding: &[u8; BLINDING], entry: &Entry) -> Self {
        Self::of(blinding, entry.encode_to_vec())
    }

    /// Of these bytes, which may be no entry that is known here.
    pub fn of(blinding: &[u8; BLINDING], entry: Vec<u8>) -> Self {
        let (bytes, hash) = encode(blinding, entry);
        Self { bytes, hash, live: true }
    }

    /// The same without content.
    pub fn erased(&self) -> Self {
        Self { bytes: encode_erased(&self.hash), hash: self.hash, live: false }
    }
}

/// A ledger in memory.
#[derive(Clone, Default)]
pub struct Book {
    /// Its leaves, in order.
    pub leaves: Vec<Leaf>,
}

impl Book {
    /// With so many entries.
    pub fn of(count: u64) -> Self {
        let mut book = Self::default();
        book.grow(count);
        book
    }

    /// The small one on which everything is tried: content erased in its middle, and live leaves around.
    pub fn small() -> Self {
        let mut book = Self::of(8);
        book.erase(2..6);
        book.grow(4);
        book
    }

    /// So many entries more.
    pub fn grow(&mut self, count: u64) {
        let mut tree = self.tree(self.leaves.len());
        for position in tree.size()..tree.size() + count {
            let before = Checkpoint { origin: ORIGIN.into(), size: position, root: tree.root() };
            let leaf = self.push(&entry(position, &before));
            tree.push(leaf);
        }
    }

    /// One entry more. Returns the hash of its leaf.
    pub fn push(&mut self, entry: &Entry) -> Hash {
        self.push_bytes(entry.encode_to_vec())
    }

    /// The same, of these bytes.
    pub fn push_bytes(&mut self, entry: Vec<u8>) -> Hash {
        let blinding = sixteen("blinding", self.leaves.len() as u64);
        let leaf = Leaf::of(&blinding, entry);
        let hash = leaf.hash;
        self.leaves.push(leaf);
        hash
    }

    /// The tree over its first leaves.
    pub fn tree(&self, size: usize) -> Frontier {
        let mut tree = Frontier::default();
        self.leaves[..size].iter().for_each(|leaf| tree.push(leaf.hash));
        tree
    }

    /// Says that all entries before the end of this range are erased, and then erases those within it.
    pub fn erase(&mut self, range: std::ops::Range<usize>) {
        let before = range.end as u64;
        let event = HistoryErased { before, asked: true, record_id: sixteen("consent", 0).into() };
        let position = self.leaves.len() as u64;
        let template = entry(0, &Checkpoint { origin: String::new(), size: 0, root: [0; 32] });
        self.push(&Entry { position, event: Some(Event::HistoryErased(event)), ..template });
        for leaf in &mut self.leaves[range] {
            *leaf = leaf.erased();
        }
    }

    /// What the checkpoint over its first entries is.
    pub fn checkpoint_at(&self, size: usize) -> Checkpoint {
        let root = self.tree(size).root();
        Checkpoint { origin: ORIGIN.into(), size: size as u64, root }
    }

    /// The same over all of them.
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_at(self.leaves.len())
    }

    /// The signed checkpoint over its first entries.
    pub fn note_at(&self, key: &Key, size: usize) -> String {
        self.checkpoint_at(size).sign(key).expect("a key in memory")
    }

    /// How its export begins.
    pub fn head(&self, key: &Key) -> Vec<u8> {
        Head::encode(&key.public(), self.note_at(key, self.leaves.len()))
    }

    /// Its leaves as an export has them.
    pub fn body(&self) -> Vec<u8> {
        self.leaves.iter().flat_map(|leaf| leaf.bytes.clone()).collect()
    }

    /// Its export.
    pub fn export(&self, key: &Key) -> Vec<u8> {
        [self.head(key), self.body()].concat()
    }

    /// Where each leaf begins in its body, and where the last one ends.
    pub fn offsets(&self) -> Vec<usize> {
        let mut offsets = vec![0];
        for leaf in &self.leaves {
            offsets.push(offsets[offsets.len() - 1] + leaf.bytes.len());
        }
        offsets
    }
}

/// The verdict in the words that verify.py prints.
pub fn shown(verdict: &Result<Verified, Tampered>) -> String {
    match verdict {
        Ok(verified) => format!("ok {} {}", verified.head.checkpoint.size, verified.erased),
        Err(tampered) => match tampered.at() {
            Some(at) => format!("{} {} {}", tampered.name(), at.start(), at.end()),
            None => tampered.name().to_owned(),
        },
    }
}

/// Verifies without looking at the entries.
pub fn judge(export: &[u8], older: Option<&str>) -> Result<Verified, Tampered> {
    verify(export, None, older, |_, _| {})
}
