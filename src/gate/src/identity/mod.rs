// SPDX-License-Identifier: Apache-2.0
//! The keys that an owner is known by: made at a grant, kept wrapped, destroyed at withdrawal.

pub mod keys;
pub mod store;
pub mod tls;

pub use keys::{client_id, Certificate, Keys, SimKeys};
pub use store::{KeepError, KeyStore, KeysAbsent, StorageKey, StoredKeys};
pub use tls::TlsKey;
