// SPDX-License-Identifier: Apache-2.0
//! What can go wrong with a ledger. Each error names what was attempted on which file; none holds content.

use std::io;

use nix::errno::Errno;

pub use cloudmessaging_ledger::leaf::Flaw;

/// Why the ledger did not do what was asked. Whoever gets one from an append must not transmit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The kernel refused.
    #[error("cannot {attempt} {file}: {errno}")]
    Io {
        /// What was attempted.
        attempt: Attempt,
        /// Name of the file inside the ledger's folder.
        file: String,
        /// Its answer.
        errno: Errno,
    },
    /// An earlier write failed. What of it reached the disk is unknown, so nothing is written behind it
    /// until the ledger was opened again.
    #[error("the ledger stopped writing: {0}")]
    Stopped(Box<LedgerError>),
    /// A panic ended a write.
    #[error("a write was interrupted by a panic")]
    Interrupted,
    /// What is on the disk is not what was written.
    #[error("entry {position} in {file}: {flaw}")]
    Damaged {
        /// The first entry that is not right.
        position: u64,
        /// Name of the segment.
        file: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// Not a file that we made: a symlink, a folder, another owner, or readable by others.
    #[error("{file} is {found}")]
    Foreign {
        /// Name of the file inside the ledger's folder.
        file: String,
        /// What it is instead.
        found: &'static str,
    },
    /// Somebody else has this ledger open, or an earlier opening of it still waits for the disk.
    #[error("the ledger is open already")]
    InUse,
    /// Its user was removed, and it with them.
    #[error("the ledger is closed: its user was removed")]
    Closed,
    /// Larger than [`ENTRY_MAX`](super::ENTRY_MAX).
    #[error("entry of {0} bytes, {max} at most", max = super::ENTRY_MAX)]
    TooLarge(usize),
    /// More is waiting for the disk than is kept in memory.
    #[error("the disk does not keep up with the ledger")]
    Backlog,
    /// Not durable within the time given; it may yet become so.
    #[error("the entry is not on the disk yet")]
    NotYet,
    /// The kernel gave no randomness to blind the entry with.
    #[error("no randomness")]
    NoRandomness,
}

impl LedgerError {
    /// Whether there is no room: the disk or the owner's quota is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { errno, .. } => matches!(errno, Errno::ENOSPC | Errno::EDQUOT),
            Self::Stopped(cause) => cause.is_full(),
            _ => false,
        }
    }

    /// For `map_err`.
    pub(super) fn io(attempt: Attempt, file: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            attempt,
            file: file.into(),
            // Without an errno: a file that ended early, or a write that took nothing.
            errno: error.raw_os_error().map_or(Errno::EIO, Errno::from_raw),
        }
    }
}

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Making or opening the ledger's folder.
    OpenFolder,
    /// Listing it.
    ListFolder,
    /// Making a segment, and its name durable.
    MakeSegment,
    /// Opening a segment.
    OpenSegment,
    /// Reading one.
    Read,
    /// Writing entries to the end of one.
    Write,
    /// Making them durable.
    Sync,
    /// Erasing the content of one.
    Erase,
    /// Settling the end of one when the ledger is opened.
    Settle,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OpenFolder => "open the folder",
            Self::ListFolder => "list the folder",
            Self::MakeSegment => "make",
            Self::OpenSegment => "open",
            Self::Read => "read",
            Self::Write => "write to",
            Self::Sync => "make durable",
            Self::Erase => "erase the content of",
            Self::Settle => "settle the end of",
        })
    }
}
