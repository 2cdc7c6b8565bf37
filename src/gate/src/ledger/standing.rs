// SPDX-License-Identifier: Apache-2.0
//! What the ledger says about the consent: on under a record, or off. `found on` and `found off` are decided by it,
//! and an erasure carries it over what it erases.

use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};

use super::{Ledger, LedgerError};

/// The newest word on whether there is consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// On, by this record.
    On([u8; 16]),
    /// Off.
    Off,
    /// Nothing: it was never turned on.
    Nothing,
}

impl Said {
    /// The consent in force.
    pub fn on(self) -> Option<[u8; 16]> {
        match self {
            Self::On(id) => Some(id),
            Self::Off | Self::Nothing => None,
        }
    }
}

impl Ledger {
    /// What its durable entries say. What an erasure says counts only where no other entry is left that says it: those
    /// that are left are newer than what was erased.
    pub fn standing(&self) -> Result<Said, LedgerError> {
        let said = |record: super::Record| said(&record.entry).unwrap_or(Said::Off);
        if let Some(newest) = self.newest(|entry| said_itself(entry).is_some())? {
            return Ok(said(newest));
        }
        let erased = |entry: &Entry| matches!(entry.event, Some(Event::HistoryErased(_)));
        Ok(self.newest(erased)?.map_or(Said::Nothing, said))
    }
}

fn said(entry: &Entry) -> Option<Said> {
    said_itself(entry).or(match &entry.event {
        Some(Event::HistoryErased(erased)) => Some(on(&erased.record_id)),
        _ => None,
    })
}

fn said_itself(entry: &Entry) -> Option<Said> {
    match &entry.event {
        Some(Event::Grant(grant)) => Some(on(&grant.record_id)),
        Some(Event::FoundOn(found)) => Some(on(&found.record_id)),
        Some(Event::Withdraw(_) | Event::FoundOff(_)) => Some(Said::Off),
        _ => None,
    }
}

fn on(record_id: &[u8]) -> Said {
    record_id.try_into().map_or(Said::Off, Said::On)
}
