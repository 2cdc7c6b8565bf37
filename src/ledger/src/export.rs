// SPDX-License-Identifier: Apache-2.0
//! A ledger taken away from its phone: an `Export` of proto/ledger.proto, which holds the signed checkpoint and the
//! key, and behind it every leaf. Both have their length before them. The head has one encoding and no other, like a
//! leaf.

use std::io::BufRead;

use cloudmessaging_wire::proto::ledger::Export;
use prost::Message;

use crate::checkpoint::{Checkpoint, CheckpointError, LedgerKey, CHECKPOINT_MAX};
use crate::leaf::{length, read, Flaw, Stop};

/// What this module writes.
pub const EXPORT_VERSION: u32 = 1;

/// Largest head of an export in bytes.
const HEAD_MAX: usize = 2 * CHECKPOINT_MAX;

/// Why a file is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It could not be read.
    #[error("cannot read the export: {0}")]
    Io(#[from] std::io::Error),
    /// It begins with something else.
    #[error("this is no export of a ledger")]
    Foreign,
    /// It was written by a newer version.
    #[error("this export has version {0}; this program reads version {EXPORT_VERSION}")]
    Version(u32),
    /// Key or checkpoint are not right.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// The beginning of an export, checked: the key has signed the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose ledger it says it is. That it is the owner's only the owner can know.
    pub key: LedgerKey,
    /// What the leaves that follow have to come to.
    pub checkpoint: Checkpoint,
    /// The same as it was signed.
    pub note: String,
}

impl Head {
    /// As it begins an export.
    pub fn encode(key: &LedgerKey, note: String) -> Vec<u8> {
        let head =
            Export { schema_version: EXPORT_VERSION, checkpoint: note, key: key.to_string() };
        head.encode_length_delimited_to_vec()
    }

    /// Reads it; what follows in `from` are the leaves.
    pub fn read(from: &mut impl BufRead) -> Result<Self, ExportError> {
        let mut prefix = [0; 2];
        fill(from, &mut prefix[..1])?;
        if prefix[0] >= 0x80 {
            fill(from, &mut prefix[1..])?;
        }
        let (length, _) = length(&prefix).ok_or(ExportError::Foreign)?;
        if length > HEAD_MAX {
            return Err(ExportError::Foreign);
        }
        let mut body = vec![0; length];
        fill(from, &mut body)?;
        // The version stands first: of a newer one, nothing else is known.
        let version = match body[..] {
            [0x08, version @ 1..=0x7f, ..] => u32::from(version),
            _ => return Err(ExportError::Foreign),
        };
        if version != EXPORT_VERSION {
            return Err(ExportError::Version(version));
        }
        let head = Export::decode(&body[..]).map_err(|_| ExportError::Foreign)?;
        if head.encode_to_vec() != body || head.checkpoint.is_empty() || head.key.is_empty() {
            return Err(ExportError::Foreign);
        }
        let key = LedgerKey::parse(&head.key)?;
        let checkpoint = Checkpoint::verify(&head.checkpoint, &key)?;
        Ok(Self { key, checkpoint, note: head.checkpoint })
    }
}

fn fill(from: &mut impl BufRead, buffer: &mut [u8]) -> Result<(), ExportError> {
    match read(from, buffer) {
        Ok(there) if there == buffer.len() => Ok(()),
        Ok(_) | Err(Stop::Flaw(_)) => Err(ExportError::Foreign),
        Err(Stop::Io(error)) => Err(ExportError::Io(error)),
    }
}

/// What stopped a reader of leaves, as an error of the export or a flaw of the leaf.
pub(crate) fn stopped(stop: Stop) -> Result<Flaw, ExportError> {
    match stop {
        Stop::Flaw(flaw) => Ok(flaw),
        Stop::Io(error) => Err(ExportError::Io(error)),
    }
}
