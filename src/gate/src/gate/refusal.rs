// SPDX-License-Identifier: Apache-2.0
//! Refusals: expected answers, not errors.

use crate::disclose::DataClass;

/// Why nothing passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no consent in force.
    Closed(Closed),
    /// A policy forbids.
    Policy(Policy),
    /// The class of a datum is not allowed.
    ClassNotAllowed(DataClass),
    /// The consent does not name the SIM.
    SimNotNamed,
    /// The SIM is not in the phone, or is not the one that was agreed to.
    SimChanged,
    /// There is no network.
    NoNetwork,
    /// The network is roaming.
    Roaming,
    /// Data Saver is on.
    DataSaver,
    /// Battery saver is on.
    BatterySaver,
    /// The user has not unlocked.
    NotUnlocked,
    /// Users or network were not reported since the gate started.
    NotYetReported,
    /// No uplink takes frames at this moment.
    Busy,
    /// It could not be written down first.
    Ledger,
}

/// Why there is no consent in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// No valid record.
    Off,
    /// A record of a disclosure that has widened since.
    OutdatedDisclosure,
}

/// What forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// `DISALLOW_SMS` is set for the user.
    SmsForbidden,
    /// The managed configuration says so.
    Organisation,
    /// The build's configuration says so.
    Build,
}

impl From<Closed> for Refusal {
    fn from(why: Closed) -> Self {
        Self::Closed(why)
    }
}
