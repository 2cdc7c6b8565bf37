// SPDX-License-Identifier: Apache-2.0
//! The way of the tables from one version to the next (see [`crate::schema`]).

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::sealed::Sealer;
use super::StoreError;
use crate::schema::{self, Refused, MESSAGES};

/// Makes the tables of one version those of the next. `meta` has the serial number and the check in every version.
pub(super) type TableStep = fn(&Transaction<'_>, &Sealer) -> Result<(), StoreError>;

/// To each version from the one before.
pub(super) const STEPS: [TableStep; MESSAGES as usize - 1] = [];

/// Brings the tables up to the version that `steps` lead to, all of the way or not at all. The header says so when it
/// returns: who opens it after a rollback looks there first, and touches nothing.
pub(super) fn upgrade(
    connection: &mut Connection,
    sealer: &Sealer,
    found: u32,
    steps: &[TableStep],
) -> Result<(), StoreError> {
    let steps = schema::steps_from(found, steps).map_err(|why| match why {
        Refused::Newer => StoreError::FutureVersion,
        Refused::NotOurs => StoreError::Damaged,
    })?;
    if steps.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (version, step) in (found + 1..).zip(steps) {
        step(&transaction, sealer)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()?;
    show_version(connection)
}

/// Has the version in the database's own header, not in its log alone.
pub(super) fn show_version(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{open, opened, storage_key, SERIAL, USER};
    use super::super::store_tests::before;
    use super::*;

    const ADDED: TableStep = |tables, _| {
        tables.execute_batch("ALTER TABLE outbox ADD COLUMN added INTEGER NOT NULL DEFAULT 5")?;
        Ok(())
    };
    const FILLED: TableStep = |tables, _| {
        tables.execute("UPDATE outbox SET added = added + 1", ())?;
        Ok(())
    };
    const FAILS: TableStep = |_, _| Err(StoreError::Damaged);

    fn by(folder: &std::path::Path, steps: &[TableStep]) -> Result<Vec<i64>, StoreError> {
        let sealer = Sealer::new(&storage_key(), USER, SERIAL).unwrap();
        let mut connection = Connection::open(folder.join("messages.db"))?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        upgrade(&mut connection, &sealer, found, steps)?;
        let mut rows = connection.prepare("SELECT added FROM outbox")?;
        let added = rows.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(added)
    }

    #[test]
    fn tables_go_step_by_step_all_of_the_way_or_not_at_all() {
        let (mut messages, folder) = before("hand over");
        messages.close();
        let failed = by(folder.path(), &[ADDED, FAILS]);
        assert_eq!(failed, Err(StoreError::Damaged));
        let under_way = opened(folder.path()).outbox.open().count();
        assert_eq!(under_way, 4, "as it was, for the version that wrote it");

        let added = by(folder.path(), &[ADDED, FILLED]).unwrap();
        assert_eq!(added, [6; 4]);
        assert_eq!(by(folder.path(), &[ADDED, FILLED]).unwrap(), added, "each step once");
        let before = std::fs::read(folder.path().join("messages.db")).unwrap();
        assert!(super::super::is_newer(folder.path()), "its header says so, and not its log alone");
        assert_eq!(open(folder.path()).unwrap_err(), StoreError::FutureVersion);
        assert!(std::fs::read(folder.path().join("messages.db")).unwrap() == before);
    }
}
