// SPDX-License-Identifier: Apache-2.0
//! Calls to Keystore. Each is made on a thread of its own, so that whoever wants the answer can stop waiting for it;
//! while one hangs, no other is begun.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use android_hardware_security_keymint::aidl::android::hardware::security::keymint::{
    KeyParameter::KeyParameter, SecurityLevel::SecurityLevel,
};
use android_system_keystore2::aidl::android::system::keystore2::{
    Domain::Domain, IKeystoreOperation::IKeystoreOperation as _,
    IKeystoreSecurityLevel::IKeystoreSecurityLevel, IKeystoreService::IKeystoreService,
    KeyDescriptor::KeyDescriptor, KeyMetadata::KeyMetadata, ResponseCode::ResponseCode,
};
use binder::{ExceptionCode, Status, Strong};

use super::{parameters, Reach};
use crate::sync::{lock, Mutex};

/// `cloudmessaging_key` of sepolicy/private/keystore2_key_contexts.
const NAMESPACE: i64 = 17_500;

/// Why Keystore did not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    /// It is not registered, or could not be called.
    #[error("Keystore does not answer")]
    Unreachable,
    /// It was called and has not answered in time; or an earlier call still has not come back.
    #[error("Keystore hangs")]
    Hangs,
    /// It refused. Positive: a `ResponseCode` of Keystore; negative: an `ErrorCode` of KeyMint.
    #[error("Keystore refused: {0}")]
    Refused(i32),
    /// It answered with something else than it is to.
    #[error("Keystore gave no {0}")]
    Missing(&'static str),
    /// No thread could be started to call it.
    #[error("Keystore cannot be called: {0}")]
    Thread(io::ErrorKind),
}

impl KeystoreError {
    /// There is no key of that name.
    pub(super) const NOT_FOUND: Self = Self::Refused(ResponseCode::KEY_NOT_FOUND.0);
}

impl From<Status> for KeystoreError {
    fn from(status: Status) -> Self {
        match status.exception_code() == ExceptionCode::SERVICE_SPECIFIC {
            true => Self::Refused(status.service_specific_error()),
            false => Self::Unreachable,
        }
    }
}

/// What one use of a key gave.
pub(super) struct Outcome {
    /// Signature, code, ciphertext or plaintext.
    pub output: Option<Vec<u8>>,
    /// What Keystore chose at the beginning.
    pub parameters: Vec<KeyParameter>,
}

/// Calls Keystore; cheap to clone.
#[derive(Clone)]
pub(super) struct Client {
    reach: Reach,
    patience: Duration,
    /// Calls that nobody waits for any more and that have not come back.
    hanging: Arc<AtomicUsize>,
}

#[derive(PartialEq)]
enum Call {
    Running,
    Abandoned,
    Done,
}

impl Client {
    pub(super) fn new(reach: Reach, patience: Duration) -> Self {
        Self { reach, patience, hanging: Arc::default() }
    }

    /// Makes a key in the place of any other of that name. With rollback resistance it stays deleted, once it is, even
    /// if all of Keystore's files are put back; hardware that has no room for that makes it without.
    pub(super) fn make(
        &self,
        alias: &str,
        key: fn() -> Vec<KeyParameter>,
    ) -> Result<KeyMetadata, KeystoreError> {
        let mut resistant = key();
        resistant.push(parameters::rollback_resistance());
        match self.generate(alias, resistant) {
            Err(error) if parameters::resists_no_rollback(error) => self.generate(alias, key()),
            made => made,
        }
    }

    fn generate(&self, alias: &str, key: Vec<KeyParameter>) -> Result<KeyMetadata, KeystoreError> {
        let descriptor = descriptor(alias);
        self.ask(move |keystore| {
            Ok(hardware(keystore)?.generateKey(&descriptor, None, &key, 0, &[])?)
        })
    }

    /// Uses a key once: begins with these parameters and ends with this input, and a code to verify or none.
    pub(super) fn operate(
        &self,
        alias: &str,
        operation: Vec<KeyParameter>,
        input: &[u8],
        code: Option<&[u8]>,
    ) -> Result<Outcome, KeystoreError> {
        let (descriptor, input) = (descriptor(alias), input.to_vec());
        let code = code.map(<[u8]>::to_vec);
        self.ask(move |keystore| {
            let begun = hardware(keystore)?.createOperation(&descriptor, &operation, false)?;
            let operation = begun.iOperation.ok_or(KeystoreError::Missing("operation"))?;
            let output = operation.finish(Some(&input), code.as_deref())?;
            let parameters = begun.parameters.map(|chosen| chosen.keyParameter).unwrap_or_default();
            Ok(Outcome { output, parameters })
        })
    }

    /// Deletes a key. That there is none is fine.
    pub(super) fn delete(&self, alias: &str) -> Result<(), KeystoreError> {
        let descriptor = descriptor(alias);
        let deleted = self.ask(move |keystore| Ok(keystore.deleteKey(&descriptor)?));
        match deleted {
            Err(KeystoreError::NOT_FOUND) => Ok(()),
            deleted => deleted,
        }
    }

    fn ask<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn IKeystoreService) -> Result<T, KeystoreError> + Send + 'static,
    ) -> Result<T, KeystoreError> {
        if self.hanging.load(Ordering::SeqCst) != 0 {
            return Err(KeystoreError::Hangs);
        }
        let (answer, answered) = sync_channel(1);
        let state = Arc::new(Mutex::new(Call::Running));
        let (reach, hanging, running) = (self.reach.clone(), self.hanging.clone(), state.clone());
        let called = thread::Builder::new().name("keystore".into()).spawn(move || {
            let keystore = reach().ok_or(KeystoreError::Unreachable);
            // There is room for the one answer.
            let _ = answer.send(keystore.and_then(|keystore| call(&*keystore)));
            let mut state = lock(&running);
            if *state == Call::Abandoned {
                hanging.fetch_sub(1, Ordering::SeqCst);
            }
            *state = Call::Done;
        });
        called.map_err(|e| KeystoreError::Thread(e.kind()))?;
        if let Ok(result) = answered.recv_timeout(self.patience) {
            return result;
        }
        let mut state = lock(&state);
        if *state == Call::Done {
            // Just in time; or the thread ended without an answer.
            return answered.try_recv().unwrap_or(Err(KeystoreError::Unreachable));
        }
        *state = Call::Abandoned;
        self.hanging.fetch_add(1, Ordering::SeqCst);
        Err(KeystoreError::Hangs)
    }
}

/// The secure hardware's side of Keystore; keys are made nowhere else.
fn hardware(
    keystore: &dyn IKeystoreService,
) -> Result<Strong<dyn IKeystoreSecurityLevel>, KeystoreError> {
    Ok(keystore.getSecurityLevel(SecurityLevel::TRUSTED_ENVIRONMENT)?)
}

fn descriptor(alias: &str) -> KeyDescriptor {
    KeyDescriptor {
        domain: Domain::SELINUX,
        nspace: NAMESPACE,
        alias: Some(alias.to_owned()),
        blob: None,
    }
}
