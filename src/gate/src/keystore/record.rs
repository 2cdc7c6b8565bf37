// SPDX-License-Identifier: Apache-2.0
//! The key of a consent record: HMAC-SHA256 in secure hardware, a new one for each grant. A withdrawal deletes it, and
//! with it whatever copy of the record there may be is worth nothing (P7).

use super::client::Client;
use super::{parameters, KeystoreError};
use crate::consent::{KeyError, RecordKey, MAC};

/// The record key of one user.
pub(super) struct KeystoreRecordKey {
    client: Client,
    alias: String,
}

impl KeystoreRecordKey {
    pub(super) fn new(client: Client, user: i32) -> Self {
        Self { client, alias: format!("record_key_{user}") }
    }
}

impl RecordKey for KeystoreRecordKey {
    fn make(&self) -> Result<(), KeyError> {
        self.client.make(&self.alias, parameters::hmac_key)?;
        Ok(())
    }

    fn mac(&self, message: &[u8]) -> Result<[u8; MAC], KeyError> {
        let made = self.client.operate(&self.alias, parameters::make_mac(), message, None)?;
        let mac = made.output.and_then(|mac| mac.try_into().ok());
        Ok(mac.ok_or(KeystoreError::Missing("code of 32 bytes"))?)
    }

    fn verify(&self, message: &[u8], mac: &[u8]) -> Result<bool, KeyError> {
        if mac.len() != MAC {
            return Ok(false);
        }
        // Compared in the hardware.
        let verify = parameters::verify_mac();
        match self.client.operate(&self.alias, verify, message, Some(mac)) {
            Ok(_) => Ok(true),
            Err(error) if parameters::is_not_verified(error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn destroy(&self) -> Result<(), KeyError> {
        Ok(self.client.delete(&self.alias)?)
    }
}
