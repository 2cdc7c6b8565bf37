// SPDX-License-Identifier: Apache-2.0
//! Keys in the phone's Keystore: the ones that authenticate consent records, which never leave the phone's secure
//! hardware (`record`), and the ones that sign ledgers (`signer`). A copied /data holds neither.
//!
//! They lie in an SELinux namespace of ours: only our domain may use, make and delete them. Keystore is trusted to
//! delete what it says it deleted, and not trusted to answer: whoever waits for it waits for [`PATIENCE`] at most, so
//! that a Keystore that hangs holds up no withdrawal for long (P3), and a key that cannot be used reads as off (P1).

mod client;
mod parameters;
mod record;
mod signer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use android_system_keystore2::aidl::android::system::keystore2::IKeystoreService::IKeystoreService;
use binder::Strong;

use crate::consent::RecordKey;
use crate::ledger::SigningKey;
use crate::secrets::Secrets;
use client::Client;
use record::KeystoreRecordKey;
use signer::KeystoreSigner;

pub use client::KeystoreError;

/// Where Keystore is registered.
const SERVICE: &str = "android.system.keystore2.IKeystoreService/default";

/// The longest that is waited for one answer. Secure hardware takes milliseconds to use a key and up to a second or
/// two to make one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives whoever answers for Keystore now, if anybody does.
type Reach = Arc<dyn Fn() -> Option<Strong<dyn IKeystoreService>> + Send + Sync>;

/// The phone's Keystore.
pub struct Keystore {
    client: Client,
}

impl Keystore {
    /// The one that is registered, looked up anew for each call: it may have been restarted.
    pub fn of_the_phone() -> Self {
        Self::reached_by(Arc::new(|| binder::check_interface(SERVICE).ok()), PATIENCE)
    }

    fn reached_by(reach: Reach, patience: Duration) -> Self {
        Self { client: Client::new(reach, patience) }
    }
}

impl Secrets for Keystore {
    fn record_key(&self, user: i32, _folder: &Path) -> Box<dyn RecordKey> {
        Box::new(KeystoreRecordKey::new(self.client.clone(), user))
    }

    fn signer(&self, user: i32, folder: &Path) -> Box<dyn SigningKey> {
        Box::new(KeystoreSigner::new(self.client.clone(), user, folder))
    }
}

#[cfg(test)]
pub(crate) mod tests;
