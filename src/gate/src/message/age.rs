// SPDX-License-Identifier: Apache-2.0
//! How old received messages are: by the boot clock, which nobody can set, counted on from one start to the next. A
//! wall clock that is a month ahead makes nothing old whose sender was told that it is delivered (P6).
//!
//! It never counts more time than has passed. It counts less where a phone was switched off: that ages nothing, and a
//! message is kept for longer by as much.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::StoreError;

/// How far the count may go on before it is written down, while there is something to age: that much is lost to it
/// when the phone goes off.
const WRITTEN_EVERY_MS: i64 = 3600 * 1000;

/// The count, and the boot clock at that moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Age {
    /// Ms that have passed since there is a database.
    pub counted_ms: i64,
    boot_ms: i64,
}

impl Age {
    /// As it is when the boot clock says this.
    pub fn at(self, boot_ms: i64) -> Self {
        // A clock that is behind began anew, and all that it shows has passed since. After a start of the phone it
        // can also be ahead: then more has passed than the difference.
        let passed = if boot_ms < self.boot_ms { boot_ms } else { boot_ms - self.boot_ms };
        Self { counted_ms: self.counted_ms.saturating_add(passed.max(0)), boot_ms }
    }

    /// Whether this is to be written down, where that was last.
    pub fn is_news(self, written: Self) -> bool {
        let ahead = self.counted_ms.saturating_sub(written.counted_ms);
        ahead >= WRITTEN_EVERY_MS || self.boot_ms < written.boot_ms
    }
}

pub(super) fn read(connection: &Connection) -> Result<Age, StoreError> {
    let select = "SELECT counted_ms, boot_ms FROM meta";
    let age = connection
        .query_row(select, (), |row| Ok(Age { counted_ms: row.get(0)?, boot_ms: row.get(1)? }))
        .optional()?;
    age.ok_or(StoreError::Damaged)
}

pub(super) fn write(transaction: &Transaction<'_>, age: Age) -> Result<(), StoreError> {
    let update = "UPDATE meta SET counted_ms = ?1, boot_ms = ?2";
    transaction.execute(update, (age.counted_ms, age.boot_ms))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_on_over_a_start_and_never_more_than_has_passed() {
        let mut age = Age::default().at(500);
        let mut counted = vec![age.counted_ms];
        // Goes on, stands still, is booted twice: the second time it is up for longer than before.
        for boot_ms in [700, 700, 100, 150, 400] {
            age = age.at(boot_ms);
            counted.push(age.counted_ms);
        }
        assert_eq!(counted, [500, 700, 700, 800, 850, 1100]);
        let long = Age { counted_ms: i64::MAX - 1, boot_ms: 0 };
        assert_eq!(long.at(9).counted_ms, i64::MAX);
        assert_eq!(Age::default().at(-9).counted_ms, 0);
    }

    #[test]
    fn it_is_written_down_each_hour_and_when_the_phone_has_started() {
        let written = Age::default().at(5);
        assert!(!written.at(4 + WRITTEN_EVERY_MS).is_news(written));
        assert!(written.at(5 + WRITTEN_EVERY_MS).is_news(written));
        assert!(written.at(4).is_news(written));
    }
}
