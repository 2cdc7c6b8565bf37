// SPDX-License-Identifier: Apache-2.0
//! What reading a consent gives: on, with the record; off, with the reason; off until the owner was asked again, with
//! what was agreed to; or off for now, because it could not be told. Only the first lets anything pass.

use core::fmt;

use super::record::Record;
use cloudmessaging_config::Parties;

/// Whether one Android user turned cloud messaging on.
#[derive(Debug)]
pub enum Standing {
    /// On, as this record says.
    On(Record),
    /// Off.
    Off(OffReason),
    /// Off: what is disclosed has widened since this was agreed to.
    Outdated(Agreed),
    /// Off until it can be told: there is a record, and the disk or its key cannot be asked now. To be read again.
    Untold,
}

impl Standing {
    /// The record, if on.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::On(record) => Some(record),
            Self::Off(_) | Self::Outdated(_) | Self::Untold => None,
        }
    }

    /// Why it is off, if it is.
    pub fn off(&self) -> Option<OffReason> {
        match self {
            Self::On(_) => None,
            Self::Off(reason) => Some(*reason),
            Self::Outdated(_) => Some(OffReason::OutdatedDisclosure),
            Self::Untold => Some(OffReason::Unreadable),
        }
    }
}

/// What an owner agreed to, so that what is new since can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Version of the disclosure that was shown.
    pub disclosure_version: u32,
    /// Who was to get what it says.
    pub parties: Parties,
}

/// What is authenticated and is not in force.
#[derive(Debug)]
pub(super) enum Void {
    Off(OffReason),
    Outdated(Agreed),
}

impl From<OffReason> for Void {
    fn from(reason: OffReason) -> Self {
        Self::Off(reason)
    }
}

impl From<Void> for Standing {
    fn from(void: Void) -> Self {
        match void {
            Void::Off(reason) => Self::Off(reason),
            Void::Outdated(agreed) => Self::Outdated(agreed),
        }
    }
}

/// Why a consent reads as off. Told to the owner; nothing is decided by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OffReason {
    /// No record: never turned on, or turned off.
    NoRecord,
    /// It cannot be opened, is no regular file, or has a wrong owner, mode, link count or size; or the disk or the
    /// record key cannot be asked now.
    Unreadable,
    /// It does not parse, or is not authenticated by the record key of this phone.
    Damaged,
    /// A newer version wrote it. Left untouched until the owner turns off or on.
    FutureVersion,
    /// It names another user, or one that was removed and made again.
    OtherUser,
    /// The disclosure that was agreed to is not one that this build knows.
    UnknownDisclosure,
    /// What is disclosed has widened since.
    OutdatedDisclosure,
    /// The user does not exist, as far as was reported.
    UnknownUser,
}

impl OffReason {
    /// The reason as the ledger and `OffReason.aidl` name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRecord => "NO_RECORD",
            Self::Unreadable => "UNREADABLE",
            Self::Damaged => "DAMAGED",
            Self::FutureVersion => "FUTURE_VERSION",
            Self::OtherUser => "OTHER_USER",
            Self::UnknownDisclosure => "UNKNOWN_DISCLOSURE",
            Self::OutdatedDisclosure => "OUTDATED_DISCLOSURE",
            Self::UnknownUser => "UNKNOWN_USER",
        }
    }
}

impl fmt::Display for OffReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
