// SPDX-License-Identifier: Apache-2.0
//! What the gate decides on: the owner's terms, and facts that were reported since it started.

use super::Policy;
use crate::disclose::Classes;

/// What the owner agreed to, out of a valid record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Names the consent in the ledger.
    pub record_id: [u8; 16],
    /// What may be revealed.
    pub classes: Classes,
    /// Subscription ids of the SIMs that take part.
    pub sims: Vec<i32>,
    /// Also on a roaming network.
    pub while_roaming: bool,
    /// Also with Data Saver on.
    pub with_data_saver: bool,
    /// Also with battery saver on.
    pub with_battery_saver: bool,
}

/// What was reported of the world. The default, nothing, refuses everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Nothing puts /data back any more.
    pub committed: bool,
    /// The user is among those reported since the gate started.
    pub exists: bool,
    /// The user has unlocked, and the storage key is here.
    pub unlocked: bool,
    /// What forbids, if something does.
    pub policy: Option<Policy>,
    /// Subscription ids of the SIMs that are in the phone and are those the owner agreed to, but for those whose
    /// number another phone has registered since.
    pub sims: Vec<i32>,
    /// The default network; `None` until it was reported.
    pub network: Option<Network>,
}

/// A network as it was reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// `android.net.Network.getNetworkHandle()`; 0 on a host.
    pub handle: u64,
    /// There is a network.
    pub connected: bool,
    /// It is metered.
    pub metered: bool,
    /// It is roaming.
    pub roaming: bool,
    /// Data Saver is on.
    pub data_saver: bool,
    /// Battery saver is on.
    pub battery_saver: bool,
}

impl Network {
    /// In words, for the ledger.
    pub fn describe(&self) -> String {
        let mut words = format!("network {}", self.handle);
        for (is, word) in [(self.metered, ", metered"), (self.roaming, ", roaming")] {
            if is {
                words.push_str(word);
            }
        }
        words
    }
}
