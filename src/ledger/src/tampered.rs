// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a ledger, by name. docs/ledger.md says how each is recognised; another verifier that is
//! written from there comes to the same name and the same place.

use std::ops::RangeInclusive;

use crate::checkpoint::{CheckpointError, LedgerKey};
use crate::export::ExportError;
use crate::leaf::Flaw;

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
    /// What was given as the older checkpoint is none of this ledger.
    #[error("the older checkpoint is none of this ledger: {0}")]
    Older(CheckpointError),
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
    #[error("{extra} more than {size} entries, the first of them at {}", range(*.from, *.to))]
    Added {
        /// How many, or more.
        extra: u64,
        /// As in `Removed`.
        from: u64,
        /// As in `Removed`.
        to: u64,
        /// How many there should be.
        size: u64,
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
    /// Content is missing, and the ledger does not say that it was erased.
    #[error("the content of entry {position} was erased, and no entry says so")]
    Erased {
        /// Which; of several, the last.
        position: u64,
    },
}

fn range(from: u64, to: u64) -> String {
    match from == to {
        true => format!("position {from}"),
        false => format!("positions {from} to {to}"),
    }
}

impl Tampered {
    /// Its name, for programs: one word that does not change.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Export(ExportError::Io(_)) => "unreadable",
            Self::Export(ExportError::Foreign) => "foreign",
            Self::Export(ExportError::Version(_)) => "version",
            Self::Export(ExportError::Checkpoint(CheckpointError::Key(_))) => "key",
            Self::Export(ExportError::Checkpoint(CheckpointError::Malformed(_))) => "checkpoint",
            Self::Export(ExportError::Checkpoint(CheckpointError::Unsigned(_))) => "unsigned",
            Self::OtherKey { .. } => "other-key",
            Self::Older(_) => "older-checkpoint",
            Self::Changed { .. } => "changed",
            Self::Removed { .. } => "removed",
            Self::Added { .. } => "added",
            Self::Reordered { .. } => "reordered",
            Self::Cut { .. } => "cut",
            Self::Replaced { .. } => "replaced",
            Self::RolledBack { .. } => "rolled-back",
            Self::Rewritten { .. } => "rewritten",
            Self::Erased { .. } => "erased",
        }
    }

    /// Where: the positions among which the first entry is that is concerned. Nothing where all are.
    pub fn at(&self) -> Option<RangeInclusive<u64>> {
        match *self {
            Self::Changed { position, .. }
            | Self::Reordered { position, .. }
            | Self::Erased { position } => Some(position..=position),
            Self::Removed { from, to, .. } | Self::Added { from, to, .. } => Some(from..=to),
            Self::Cut { entries, .. } => Some(entries..=entries),
            _ => None,
        }
    }
}
