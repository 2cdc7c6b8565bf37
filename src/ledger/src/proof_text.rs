// SPDX-License-Identifier: Apache-2.0
//! Proofs as text, to be kept and given away: C2SP's tlog-proof for an entry, and for growth what C2SP's tlog-witness
//! takes as the body of add-checkpoint, so that witnesses that are not ours can watch a ledger.
//!
//! Trusts nothing that it reads: a proof says something only when it was verified with a key that one trusts already.

use crate::base64;
use crate::checkpoint::{
    base64_hash, decimal, Checkpoint, CheckpointError, LedgerKey, CHECKPOINT_MAX,
};
use crate::fields::Said;
use crate::leaf::{BLINDING, ENTRY_MAX};
use crate::proof::{verify_consistency, verify_inclusion, ProofError};
use crate::tree::{leaf_hash, Hash};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Most hashes in a proof: one for each level that a tree of 2^64 leaves can have.
const HASHES_MAX: usize = 64;

/// Longest text of a proof in bytes: the entry, the hashes in base64, the checkpoint and what stands around them.
pub const PROOF_MAX: usize = ENTRY_MAX * 4 / 3 + HASHES_MAX * 45 + CHECKPOINT_MAX + 256;

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofTextError {
    /// It is none.
    #[error("this is no proof: {0}")]
    Malformed(&'static str),
    /// Its checkpoint is not right.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Its hashes do not lead from what it is about to the checkpoint.
    #[error("the proof does not hold: {0}")]
    Proof(#[from] ProofError),
    /// The entry says that it is another.
    #[error("the entry says that it stands at {0}")]
    Position(u64),
    /// The entry does not parse.
    #[error("the entry does not parse")]
    Entry,
    /// It begins with another checkpoint than the one it is held against.
    #[error("the proof is about {proof} older entries, the older checkpoint about {checkpoint}")]
    Older {
        /// What the proof says.
        proof: u64,
        /// What the checkpoint says.
        checkpoint: u64,
    },
}

/// That an entry is in the ledger of a checkpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryProof {
    /// Where.
    pub position: u64,
    /// What blinds it.
    pub blinding: [u8; BLINDING],
    /// The entry, serialised.
    pub entry: Vec<u8>,
    /// From the leaf's sibling up to the child of the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub note: String,
}

impl EntryProof {
    /// As a tlog-proof. Its extra data is the blinding and the entry: what the leaf's hash is made from.
    pub fn write(&self) -> String {
        let extra = base64::encode([&self.blinding[..], &self.entry].concat());
        let first = format!("{FIRST_LINE}\nextra {extra}\nindex {}\n", self.position);
        first + &body(&self.hashes, &self.note)
    }

    /// Reads it. What it says is not checked yet.
    pub fn parse(text: &str) -> Result<Self, ProofTextError> {
        let malformed = ProofTextError::Malformed;
        let (mut lines, note) = divide(text)?;
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("its first line is another"));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let extra = extra.and_then(base64::decode);
        let extra = extra.ok_or(malformed("it brings no entry"))?;
        let (blinding, entry) = match extra.split_first_chunk() {
            Some((blinding, entry)) if (1..=ENTRY_MAX).contains(&entry.len()) => (blinding, entry),
            _ => return Err(malformed("what it brings is no entry")),
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let position = index.ok_or(malformed("it has no index"))?;
        let (blinding, entry) = (*blinding, entry.to_vec());
        Ok(Self { position, blinding, entry, hashes: hashes(lines)?, note: note.into() })
    }

    /// Verifies it: this entry stands at this position of the ledger that has this checkpoint.
    pub fn verify(&self, key: &LedgerKey) -> Result<Checkpoint, ProofTextError> {
        let checkpoint = Checkpoint::verify(&self.note, key)?;
        let leaf = leaf_hash(&self.blinding, &self.entry);
        let (size, root) = (checkpoint.size, &checkpoint.root);
        verify_inclusion(&leaf, self.position, size, &self.hashes, root)?;
        match Said::read(&self.entry) {
            None => Err(ProofTextError::Entry),
            Some(said) if said.position != self.position => {
                Err(ProofTextError::Position(said.position))
            }
            Some(_) => Ok(checkpoint),
        }
    }
}

/// That a ledger begins with all that it was at an older checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthProof {
    /// How many entries there were.
    pub older: u64,
    /// The consistency proof.
    pub hashes: Vec<Hash>,
    /// The signed newer checkpoint.
    pub note: String,
}

impl GrowthProof {
    /// As the body of add-checkpoint.
    pub fn write(&self) -> String {
        format!("old {}\n", self.older) + &body(&self.hashes, &self.note)
    }

    /// Reads it. What it says is not checked yet.
    pub fn parse(text: &str) -> Result<Self, ProofTextError> {
        let (mut lines, note) = divide(text)?;
        let older = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let older = older.ok_or(ProofTextError::Malformed("its first line is another"))?;
        Ok(Self { older, hashes: hashes(lines)?, note: note.into() })
    }

    /// Verifies it against the older checkpoint, which somebody has kept and believes.
    pub fn verify(
        &self,
        key: &LedgerKey,
        older: &Checkpoint,
    ) -> Result<Checkpoint, ProofTextError> {
        let newer = Checkpoint::verify(&self.note, key)?;
        if self.older != older.size {
            return Err(ProofTextError::Older { proof: self.older, checkpoint: older.size });
        }
        verify_consistency((older.size, &older.root), (newer.size, &newer.root), &self.hashes)?;
        Ok(newer)
    }
}

fn body(hashes: &[Hash], note: &str) -> String {
    let mut text: String = hashes.iter().map(|hash| base64::encode(hash) + "\n").collect();
    text.push('\n');
    text + note
}

/// The lines before the first empty one, and the note behind it.
fn divide(text: &str) -> Result<(std::str::Split<'_, char>, &str), ProofTextError> {
    if text.len() > PROOF_MAX {
        return Err(ProofTextError::Malformed("it is too long"));
    }
    let parts = text.split_once("\n\n");
    let (lines, note) = parts.ok_or(ProofTextError::Malformed("it has no checkpoint"))?;
    Ok((lines.split('\n'), note))
}

fn hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, ProofTextError> {
    let hashes: Option<Vec<Hash>> = lines.take(HASHES_MAX + 1).map(base64_hash).collect();
    match hashes {
        Some(hashes) if hashes.len() <= HASHES_MAX => Ok(hashes),
        _ => Err(ProofTextError::Malformed("a line is no hash, or there are too many")),
    }
}
