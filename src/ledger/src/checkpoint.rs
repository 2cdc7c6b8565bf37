// SPDX-License-Identifier: Apache-2.0
//! A checkpoint: what the ledger's phone signs about its size and root. The text is C2SP's tlog-checkpoint, signed as
//! its signed-note with Ed25519: a checkpoint can be kept on paper, and checked by tools that are not ours.

use crate::base64;
use crate::note::{self, is_name};
use crate::tree::{hash, Hash};

pub use crate::note::{
    LedgerKey, NoteError as CheckpointError, SignError, Signer, NOTE_MAX as CHECKPOINT_MAX,
};

/// Size and root of a ledger, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log: that of the build's configuration.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64::encode(self.root))
    }

    /// What of it goes into a message: SHA-256 of a nonce and the text. Says nothing without the nonce.
    pub fn salted_hash(&self, nonce: &[u8]) -> Hash {
        hash(&[nonce, self.text().as_bytes()])
    }

    /// Signs it.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, SignError> {
        let key = LedgerKey::new(&self.origin, signer.public_key()?)
            .ok_or_else(|| SignError("the name of the log is none".into()))?;
        note::sign(&self.text(), &key, signer)
    }

    /// Reads one that this key has signed. Further signatures and further lines of text are let be, as C2SP has it.
    pub fn verify(note: &str, key: &LedgerKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note::open(note, key)?).map_err(CheckpointError::Malformed)?;
        if checkpoint.origin != key.origin() {
            return Err(CheckpointError::Malformed("its first line is not the name of its key"));
        }
        Ok(checkpoint)
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (origin, size, root) = (line(), line(), line());
        if !is_name(origin) {
            return Err("its first line is no origin");
        }
        let size = decimal(size).ok_or("its second line is no size")?;
        let root = base64_hash(root).ok_or("its third line is no root")?;
        if lines.any(str::is_empty) {
            return Err("a line is empty");
        }
        Ok(Self { origin: origin.into(), size, root })
    }
}

/// A checkpoint that was kept: what a text editor or a mail did to the ends of its lines is mended.
pub fn mended(note: &str) -> String {
    format!("{}\n", note.replace("\r\n", "\n").trim_end())
}

/// A number as C2SP writes it: decimal, without leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash as C2SP writes it.
pub(crate) fn base64_hash(text: &str) -> Option<Hash> {
    Hash::try_from(base64::decode(text)?).ok()
}
