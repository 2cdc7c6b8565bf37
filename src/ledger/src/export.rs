// SPDX-License-Identifier: Apache-2.0
//! A ledger taken away from its phone: an `Export` of proto/ledger.proto, which holds the signed checkpoint and the
//! key, and behind it every leaf. Both have their length before them.

use std::io::BufRead;

use cloudmessaging_wire::proto::ledger::Export;
use prost::Message;

use crate::checkpoint::{Checkpoint, CheckpointError, LedgerKey, CHECKPOINT_MAX};
use crate::leaf::{Leaves, Stop};

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
        let mut length = 0;
        for shift in [0, 7] {
            let mut byte = [0];
            from.read_exact(&mut byte).map_err(foreign)?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            if byte[0] < 0x80 {
                break;
            }
            if shift == 7 {
                return Err(ExportError::Foreign);
            }
        }
        if length > HEAD_MAX {
            return Err(ExportError::Foreign);
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).map_err(foreign)?;
        let head = Export::decode(&body[..]).map_err(|_| ExportError::Foreign)?;
        match head.schema_version {
            EXPORT_VERSION => {}
            0 => return Err(ExportError::Foreign),
            newer => return Err(ExportError::Version(newer)),
        }
        if head.encode_to_vec() != body {
            return Err(ExportError::Foreign);
        }
        let key = LedgerKey::parse(&head.key)?;
        let checkpoint = Checkpoint::verify(&head.checkpoint, &key)?;
        Ok(Self { key, checkpoint, note: head.checkpoint })
    }
}

fn foreign(error: std::io::Error) -> ExportError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => ExportError::Foreign,
        _ => ExportError::Io(error),
    }
}

/// What stopped a reader of leaves, as an error of the export or a flaw of the leaf.
pub(crate) fn stopped(stop: Stop) -> Result<crate::leaf::Flaw, ExportError> {
    match stop {
        Stop::Flaw(flaw) => Ok(flaw),
        Stop::Io(error) => Err(ExportError::Io(error)),
    }
}

/// The leaves of an export, behind its head.
pub fn leaves<R: BufRead>(from: R) -> Leaves<R> {
    Leaves::new(from)
}
