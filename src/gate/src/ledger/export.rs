// SPDX-License-Identifier: Apache-2.0
//! Taking the ledger away: a signed checkpoint, and every leaf that it is over.

use std::io::{self, BufWriter, Write};

use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey, SignError, Signer};
use cloudmessaging_ledger::export::Head;
use cloudmessaging_ledger::tree::Frontier;

use super::leaf::LeafRef;
use super::page::walk;
use super::write::Shared;
use super::LedgerError;

/// What is written at once.
const BUFFER: usize = 64 * 1024;

/// Why there is no whole export. What was written of it until then does not verify.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger could not be read, or is not as it was written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The checkpoint could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It could not be written to where it was wanted.
    #[error("cannot write the export: {0}")]
    Write(io::Error),
    /// Each leaf is whole, but together they are not what was appended.
    #[error("the ledger on the disk is not the one that was written")]
    Replaced,
    /// Content was erased meanwhile, and the entry that says so comes after what was to be exported.
    #[error("the ledger was erased in the middle of its export")]
    Erased,
    /// No checkpoint can have that origin.
    #[error("the configured origin cannot be one")]
    Origin,
}

/// Whose checkpoints they are.
pub struct Authority<'a> {
    /// The build's name for ledgers.
    pub origin: &'a str,
    /// Their key.
    pub signer: &'a dyn Signer,
}

impl Authority<'_> {
    /// The key that checks them.
    pub fn key(&self) -> Result<LedgerKey, ExportError> {
        LedgerKey::new(self.origin, self.signer.public_key()?).ok_or(ExportError::Origin)
    }

    /// The signed checkpoint of a tree.
    pub fn sign(&self, tree: &Frontier) -> Result<String, ExportError> {
        Ok(checkpoint(self.origin, tree).sign(self.signer)?)
    }
}

/// The checkpoint of a tree.
pub fn checkpoint(origin: &str, tree: &Frontier) -> Checkpoint {
    Checkpoint { origin: origin.to_owned(), size: tree.size(), root: tree.root() }
}

/// See [`Ledger::export`](super::Ledger::export).
pub(super) fn export(
    shared: &Shared,
    authority: &Authority<'_>,
    out: impl Write,
) -> Result<u64, ExportError> {
    // Before the tree: what was to be erased by then, the tree says.
    let (_, to_erase) = shared.erased();
    let (tree, segments) = shared.durable();
    let head = Head::encode(&authority.key()?, authority.sign(&tree)?);
    let mut out = BufWriter::with_capacity(BUFFER, out);
    out.write_all(&head).map_err(ExportError::Write)?;
    let (mut written, mut failed) = (Frontier::default(), None);
    for (i, &first) in segments.iter().enumerate() {
        let end = segments.get(i + 1).copied().unwrap_or(tree.size());
        walk(shared, first, end, |_, leaf| {
            written.push(*LeafRef::check(leaf)?.hash);
            if failed.is_none() {
                failed = put(&mut out, leaf).err();
            }
            Ok(())
        })?;
        if let Some(why) = failed {
            return Err(ExportError::Write(why));
        }
    }
    out.flush().map_err(ExportError::Write)?;
    if shared.erased().1 != to_erase {
        return Err(ExportError::Erased);
    }
    match written == tree {
        true => Ok(tree.size()),
        false => Err(ExportError::Replaced),
    }
}

fn put(out: &mut impl Write, leaf: &[u8]) -> io::Result<()> {
    let mut length = Vec::with_capacity(4);
    // A vector takes what it is given.
    let _ = prost::encode_length_delimiter(leaf.len(), &mut length);
    out.write_all(&length)?;
    out.write_all(leaf)
}
