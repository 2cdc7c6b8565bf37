// SPDX-License-Identifier: Apache-2.0
//! The ledger as its owner reads it, takes it away and erases it (P5).

use std::io::Write;
use std::sync::Arc;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_ledger::filter::Filter;
use cloudmessaging_ledger::totals::{Day, Total, Totals};

use super::User;
use crate::disclose::{Classes, DataClass};
use crate::ledger::{self, ExportError, LedgerError, Record};
use crate::service::error::ServiceError;
use crate::service::facade::{Days, Result};
use crate::service::words;

impl User {
    pub(super) fn ledger_page(
        &self,
        before: Option<u64>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Vec<aidl::LedgerEntry::LedgerEntry>> {
        let page = self.book.read(before, limit, filter).map_err(unread)?;
        Ok(page.iter().map(entry).collect())
    }

    pub(super) fn ledger_totals(&self, days: &Days) -> Result<Vec<aidl::LedgerTotal::LedgerTotal>> {
        let mut totals = Totals::new(days.offset_ms);
        self.book.each(|entry| totals.add(entry)).map_err(unread)?;
        let wanted = totals.days().filter_map(|(number, day)| {
            let number = i32::try_from(number).ok().filter(|n| days.range.contains(n))?;
            Some(day_totals(number, day))
        });
        Ok(wanted.flatten().collect())
    }

    pub(super) fn ledger_checkpoint(&self) -> Result<aidl::LedgerCheckpoint::LedgerCheckpoint> {
        let (note, key) = self.book.checkpoint().map_err(unwritten)?;
        Ok(aidl::LedgerCheckpoint::LedgerCheckpoint { note, key })
    }

    pub(super) fn export_ledger(&self, to: &mut dyn Write) -> Result<u64> {
        self.book.export(to).map_err(unwritten)
    }

    pub(super) fn erase_ledger(self: &Arc<Self>) -> Result<()> {
        self.book.erase().map_err(|e| {
            log::error!("the ledger is not erased: {e}");
            ServiceError::Ledger
        })?;
        self.module.hints.state_changed(self.id);
        Ok(())
    }
}

fn entry(record: &Record) -> aidl::LedgerEntry::LedgerEntry {
    aidl::LedgerEntry::LedgerEntry {
        position: i64::try_from(record.position).unwrap_or(i64::MAX),
        wallMillis: record.entry.wall_ms,
        event: ledger::event_name(&record.entry).to_owned(),
        summary: ledger::summary(&record.entry),
        revealed: words::classes(classes(ledger::revealed(&record.entry))),
        bytes: i64::from(ledger::bytes(&record.entry)),
        host: ledger::host(&record.entry).to_owned(),
        entry: record.bytes.clone(),
    }
}

/// Classes as the formats hold them; one that this build does not know is left to the raw entry.
fn classes(numbers: &[i32]) -> Classes {
    numbers.iter().filter_map(|number| DataClass::try_from(*number).ok()).collect()
}

/// One day, in all and by class.
fn day_totals(number: i32, day: &Day) -> Vec<aidl::LedgerTotal::LedgerTotal> {
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let row = |class, of: Total| aidl::LedgerTotal::LedgerTotal {
        day: number,
        dataClass: class,
        count: whole(of.count),
        connections: whole(of.connections),
        bytes: whole(of.bytes),
    };
    let all = row(aidl::DataClass::DataClass::UNSPECIFIED, day.all);
    let by_class = day
        .classes
        .iter()
        .filter_map(|(class, of)| Some(row(words::class(DataClass::try_from(*class).ok()?), *of)));
    std::iter::once(all).chain(by_class).collect()
}

fn unread(error: LedgerError) -> ServiceError {
    log::error!("ledger: {error}");
    ServiceError::Storage
}

fn unwritten(error: ExportError) -> ServiceError {
    log::error!("ledger: {error}");
    match error {
        ExportError::Write(_) => ServiceError::Unwritable,
        ExportError::Origin => ServiceError::Internal,
        ExportError::Ledger(_)
        | ExportError::Sign(_)
        | ExportError::Replaced
        | ExportError::Erased => ServiceError::Storage,
    }
}
