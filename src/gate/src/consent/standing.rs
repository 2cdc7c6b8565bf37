// SPDX-License-Identifier: Apache-2.0
//! What reading a consent gives: on, with the record; off, with the reason; or off for now, because it could not be
//! told. Only the first lets anything pass.

use core::fmt;

use super::record::Record;

/// Whether one Android user turned cloud messaging on.
#[derive(Debug)]
pub enum Standing {
    /// On, as this record says.
    On(Record),
    /// Off.
    Off(OffReason),
    /// Off until it can be told: there is a record, and the disk or its key cannot be asked now. To be read again.
    Untold,
}

impl Standing {
    /// The record, if on.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::On(record) => Some(record),
            Self::Off(_) | Self::Untold => None,
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
