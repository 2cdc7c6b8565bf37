// SPDX-License-Identifier: Apache-2.0
//! Whether /data can still be put back to what it was before this boot. After an update a phone may do so until the boot
//! is judged good (User Data Checkpoint): records and ledgers written since are undone then, and what left the phone, or
//! was deleted in secure hardware, is not.
//!
//! Until it is committed no uplink runs and nothing is accepted for sending, nobody can turn on, no key is deleted, and
//! what was turned off is off, not yet durable. Where it cannot be told, it is not committed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells whether what is written stays written.
pub trait Checkpoint: Send + Sync {
    /// Whether nothing puts /data back any more. Once it is so, it stays so until the next boot.
    fn is_committed(&self) -> bool;
}

/// A disk that nobody puts back.
pub struct Committed;

impl Checkpoint for Committed {
    fn is_committed(&self) -> bool {
        true
    }
}

/// Not committed while this file is there: what plays a checkpoint on a host.
pub struct WhileFile {
    file: PathBuf,
    gone: AtomicBool,
}

impl WhileFile {
    /// See the type.
    pub fn new(file: PathBuf) -> Self {
        Self { file, gone: AtomicBool::new(false) }
    }
}

impl Checkpoint for WhileFile {
    fn is_committed(&self) -> bool {
        if self.gone.load(Ordering::SeqCst) {
            return true;
        }
        // What cannot be looked at may be there.
        let gone = self.file.try_exists().is_ok_and(|there| !there);
        self.gone.fetch_or(gone, Ordering::SeqCst);
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_committed_once_and_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("checkpoint");
        std::fs::write(&file, "").unwrap();
        let checkpoint = WhileFile::new(file.clone());
        assert!(!checkpoint.is_committed());
        std::fs::remove_file(&file).unwrap();
        assert!(checkpoint.is_committed());
        std::fs::write(&file, "").unwrap();
        assert!(checkpoint.is_committed());
        let unreadable = WhileFile::new(file.join("below a file"));
        assert!(!unreadable.is_committed(), "what cannot be told");
    }
}
