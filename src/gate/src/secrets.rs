// SPDX-License-Identifier: Apache-2.0
//! Where the keys are that stay on this phone: the one that authenticates a consent record, and the one that signs a
//! ledger.

use std::path::Path;

use crate::consent::{FileRecordKey, RecordKey};
use crate::ledger::{FileSigner, SigningKey};

/// Gives each user's.
pub trait Secrets: Send + Sync {
    /// What authenticates the consent record of a user, whose folder this is.
    fn record_key(&self, user: i32, folder: &Path) -> Box<dyn RecordKey>;

    /// What signs the ledger of a user, whose folder this is.
    fn signer(&self, user: i32, folder: &Path) -> Box<dyn SigningKey>;
}

/// Files in the user's folder: what a host has instead of a Keystore.
pub struct Files;

impl Secrets for Files {
    fn record_key(&self, _user: i32, folder: &Path) -> Box<dyn RecordKey> {
        Box::new(FileRecordKey::new(folder))
    }

    fn signer(&self, _user: i32, folder: &Path) -> Box<dyn SigningKey> {
        Box::new(FileSigner::new(folder))
    }
}
