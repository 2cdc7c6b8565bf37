// SPDX-License-Identifier: Apache-2.0
//! Takes proofs out of an export, in one pass: that an entry is in the ledger, or that the ledger has grown from an
//! older checkpoint. The whole export is verified on the way; nothing is given out of one that does not pass.

use std::io::BufRead;

use crate::checkpoint::LedgerKey;
use crate::proof::Outline;
use crate::proof_text::{EntryProof, GrowthProof, ProofTextError};
use crate::tampered::Tampered;
use crate::verify::Unverified;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The export does not pass.
    #[error(transparent)]
    Tampered(#[from] Tampered),
    /// There is no such entry.
    #[error("there is no entry {position}: the ledger has {size}")]
    NoEntry {
        /// What was asked for.
        position: u64,
        /// How many there are.
        size: u64,
    },
    /// There is nothing left to prove.
    #[error("the content of entry {0} was erased")]
    Erased(u64),
    /// The proof that came out proves nothing. It cannot come to this while `proof` is right.
    #[error("the proof does not hold: {0}")]
    Wrong(#[from] ProofTextError),
}

/// The proof that the entry at this position is in the ledger, with the entry.
pub fn prove(
    from: impl BufRead,
    expected: Option<&LedgerKey>,
    position: u64,
) -> Result<EntryProof, ProveError> {
    let export = Unverified::open(from, expected)?;
    let size = export.head().checkpoint.size;
    let mut outline =
        Outline::inclusion(position, size).map_err(|_| ProveError::NoEntry { position, size })?;
    let mut content = None;
    let verified = export.verify(None, |at, leaf| {
        outline.leaf(at, *leaf.hash);
        if at == position {
            content = leaf.content.map(|(blinding, entry)| (*blinding, entry.to_vec()));
        }
    })?;
    let (blinding, entry) = content.ok_or(ProveError::Erased(position))?;
    let hashes = outline.finish().unwrap_or_default();
    let head = verified.head;
    let proof = EntryProof { position, blinding, entry, hashes, note: head.note };
    proof.verify(&head.key)?;
    Ok(proof)
}

/// The proof that the ledger of this export begins with all that the ledger was at an older checkpoint, which is a
/// signed one of the same key.
pub fn prove_growth(
    from: impl BufRead,
    expected: Option<&LedgerKey>,
    older: &str,
) -> Result<GrowthProof, ProveError> {
    let export = Unverified::open(from, expected)?;
    let (size, from) = (export.head().checkpoint.size, export.older(older)?);
    let mut outline = Outline::consistency(from.size, size)
        .map_err(|_| Tampered::RolledBack { size, older: from.size })?;
    let verified = export.verify(Some(older), |at, leaf| outline.leaf(at, *leaf.hash))?;
    let hashes = outline.finish().unwrap_or_default();
    let head = verified.head;
    let proof = GrowthProof { older: from.size, hashes, note: head.note };
    proof.verify(&head.key, &from)?;
    Ok(proof)
}
