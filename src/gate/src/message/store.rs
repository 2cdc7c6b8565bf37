// SPDX-License-Identifier: Apache-2.0
//! The database of one user's messages: `messages.db` in the user's folder, made by the first change.
//!
//! What a change writes is on the disk when it returns, all of it or nothing: one transaction each, in SQLite's
//! write-ahead log, with an fsync at each commit (<https://sqlite.org/wal.html>). A change that fails leaves everything
//! as it was, except that a power cut right after a failed fsync may leave it made. In the clear are cursors, times,
//! sizes (a sealed row is as long as its body and its number make it) and states; everything else is sealed or a keyed
//! hash ([`super::sealed`]), the write-ahead log included. SQLite keeps no other file: temporary ones are in memory,
//! and so is the index of the log, as this process is the only one that opens the database.
//!
//! It trusts nothing that it finds. What a newer version wrote is left as it is. What is damaged, or opens with another
//! storage key, is put aside under another name for as long as a message may be kept. What belongs to another serial
//! number of this user id is removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use cloudmessaging_seal::key::random;
use cloudmessaging_wire::step;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::sealed::{Column, Sealer};
use super::upgrade::{show_version, upgrade, STEPS};
use super::StoreError;
use crate::schema::MESSAGES as VERSION;
use crate::sync::{lock, Mutex};

/// Its name in the user's folder; SQLite's log has `-wal` after it.
pub const FILE: &str = "messages.db";

/// What was put aside has this before a random number.
const ASIDE: &str = "messages.db.aside-";

const MAGIC: &[u8] = b"SQLite format 3\0";

/// The log is cut back to this after a checkpoint, bytes.
const LOG_MAX: i64 = 1024 * 1024;

/// `tag` is a keyed hash, `sealed` a message of proto/messages.proto, and every number is what its name says.
const TABLES: &str = "
CREATE TABLE meta (row INTEGER PRIMARY KEY CHECK (row = 0), serial INTEGER NOT NULL, sealed BLOB NOT NULL,
    last_row INTEGER NOT NULL, last_outcome INTEGER NOT NULL, last_inbound INTEGER NOT NULL,
    last_change INTEGER NOT NULL, counted_ms INTEGER NOT NULL, boot_ms INTEGER NOT NULL);
CREATE TABLE outbox (row INTEGER PRIMARY KEY, sealed BLOB NOT NULL, progress BLOB NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE body (row INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE outcome (cursor INTEGER PRIMARY KEY, tag BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL);
CREATE TABLE inbox (cursor INTEGER PRIMARY KEY, counted_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
    sealed BLOB NOT NULL);
CREATE INDEX inbox_by_age ON inbox (counted_ms);
CREATE TABLE seen (tag BLOB PRIMARY KEY, answer INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX seen_by_age ON seen (answer, at_ms);
CREATE TABLE sms (row INTEGER PRIMARY KEY, tag BLOB NOT NULL, received_ms INTEGER NOT NULL, sealed BLOB NOT NULL);
CREATE INDEX sms_by_tag ON sms (tag, row);
CREATE INDEX sms_by_age ON sms (received_ms);
CREATE TABLE receipt (row INTEGER PRIMARY KEY, tag BLOB NOT NULL UNIQUE, consent BLOB NOT NULL,
    due_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, sealed BLOB NOT NULL);
CREATE INDEX receipt_by_time ON receipt (due_ms);
CREATE TABLE peer (row INTEGER PRIMARY KEY, tag BLOB NOT NULL UNIQUE, changed_ms INTEGER, sealed BLOB NOT NULL);
CREATE INDEX peer_by_change ON peer (changed_ms) WHERE changed_ms IS NOT NULL;
";

/// Why a database that is there is not used.
enum Unusable {
    /// Not ours, or not whole: another one takes its place.
    Damaged(&'static str),
    /// Another person's.
    OtherSerial,
    /// It stays closed.
    Error(StoreError),
}

impl<E: Into<StoreError>> From<E> for Unusable {
    fn from(error: E) -> Self {
        match error.into() {
            StoreError::Damaged => Self::Damaged("it cannot be read"),
            StoreError::Disk(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged("it is no database, or not whole")
            }
            other => Self::Error(other),
        }
    }
}

/// The database, or the place for it.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    sealer: Sealer,
    /// `None`: there is no file.
    connection: Mutex<Option<Connection>>,
}

impl Store {
    /// Opens what is there; makes nothing.
    pub(super) fn open(folder: &Path, sealer: Sealer) -> Result<Self, StoreError> {
        #[cfg(test)]
        super::faults::before_opening();
        let connection = find(folder, &sealer)?;
        Ok(Self { folder: folder.to_owned(), sealer, connection: Mutex::new(connection) })
    }

    /// Reads; gives `none` where there is no database.
    pub(super) fn read<R>(
        &self,
        none: R,
        read: impl FnOnce(&Connection, &Sealer) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        match &*lock(&self.connection) {
            Some(connection) => read(connection, &self.sealer),
            None => Ok(none),
        }
    }

    /// Changes: on the disk when it returns. After an error nothing has changed.
    pub(super) fn write<R>(
        &self,
        change: impl FnOnce(&Transaction<'_>, &Sealer) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut connection = lock(&self.connection);
        let connection = match &mut *connection {
            Some(connection) => connection,
            // What a first change that failed has left is looked at like any other.
            none => none.insert(match find(&self.folder, &self.sealer)? {
                Some(connection) => connection,
                None => create(&self.folder, &self.sealer)?,
            }),
        };
        // Rolled back when dropped.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = change(&transaction, &self.sealer)?;
        #[cfg(test)]
        super::faults::before_commit()?;
        step!("gate.messages.uncommitted");
        transaction.commit()?;
        Ok(result)
    }

    /// The connection, for a test that makes the disk fail.
    #[cfg(test)]
    pub(super) fn with_connection<R>(&self, with: impl FnOnce(&Connection) -> R) -> R {
        with(lock(&self.connection).as_ref().expect("there is a database"))
    }
}

/// A row number that no row of any table has had: what was sealed for one opens in no later one, and a number that
/// somebody kept names nothing else.
pub(super) fn next_row(transaction: &Transaction<'_>) -> Result<i64, StoreError> {
    transaction.execute("UPDATE meta SET last_row = last_row + 1", ())?;
    Ok(transaction.query_row("SELECT last_row FROM meta", (), |row| row.get(0))?)
}

/// Removes all that was kept here, what was put aside included; durable.
pub(super) fn forget(folder: &Path) -> Result<(), StoreError> {
    remove(folder, |entry| Ok(entry.file_name().as_encoded_bytes().starts_with(FILE.as_bytes())))
}

/// Removes what was put aside and last written before `from_ms`: no message is kept for longer in there.
pub(super) fn forget_aside(folder: &Path, from_ms: i64) -> Result<(), StoreError> {
    remove(folder, |entry| {
        let aside = entry.file_name().as_encoded_bytes().starts_with(ASIDE.as_bytes());
        // Of a link, its own time.
        Ok(aside && entry.metadata()?.mtime() < from_ms / 1000)
    })
}

fn remove(
    folder: &Path,
    which: impl Fn(&fs::DirEntry) -> io::Result<bool>,
) -> Result<(), StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut removed = false;
    for entry in entries {
        let entry = entry?;
        if which(&entry)? {
            // What was put aside was no file of ours, perhaps.
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
            removed = true;
        }
    }
    if removed {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// What is there, if it can be used.
fn find(folder: &Path, sealer: &Sealer) -> Result<Option<Connection>, StoreError> {
    let path = folder.join(FILE);
    match fs::symlink_metadata(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    match open_existing(&path, sealer) {
        Ok(connection) => Ok(Some(connection)),
        Err(Unusable::Error(e)) => Err(e),
        Err(Unusable::OtherSerial) => {
            log::info!("messages of a user who was removed are removed");
            forget(folder)?;
            Ok(None)
        }
        Err(Unusable::Damaged(why)) => {
            let name = put_aside(folder)?;
            log::error!("messages cannot be used and are now in {name}: {why}");
            Ok(None)
        }
    }
}

fn create(folder: &Path, sealer: &Sealer) -> Result<Connection, StoreError> {
    let path = folder.join(FILE);
    // SQLite takes the mode of what it makes beside it from here.
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits())
        .open(&path);
    match made {
        // Left by a crash or a full disk between here and the tables.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => check_file(&path)?,
        made => drop(made?),
    }
    let mut connection = connect(&path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    let check = sealer.seal(Column::Check, 0, &())?;
    let meta = "INSERT INTO meta VALUES (0, ?1, ?2, 0, 0, 0, 0, 0, 0)";
    transaction.execute(meta, (sealer.serial(), check))?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    show_version(&connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    File::open(folder)?.sync_all()?;
    Ok(connection)
}

fn open_existing(path: &Path, sealer: &Sealer) -> Result<Connection, Unusable> {
    if check_file(path).is_err() {
        return Err(Unusable::Damaged("not a regular file of this service alone"));
    }
    // Looked for first without SQLite, which would make a log beside it.
    if version_in_header(path)? > VERSION {
        return Err(Unusable::Error(StoreError::FutureVersion));
    }
    let mut connection = connect(path)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > VERSION {
        return Err(Unusable::Error(StoreError::FutureVersion));
    }
    let tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_master", (), |row| row.get(0))?;
    if version == 0 && tables == 0 {
        // A crash before the tables were made: nothing was kept.
        drop(connection);
        return create(path.parent().unwrap_or(path), sealer).map_err(Unusable::from);
    }
    if version == 0 {
        return Err(Unusable::Damaged("of no version that there was"));
    }
    let whole: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if whole != "ok" {
        return Err(Unusable::Damaged("its pages are damaged"));
    }
    let (serial, check): (i64, Vec<u8>) =
        connection.query_row("SELECT serial, sealed FROM meta WHERE row = 0", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if serial != sealer.serial() {
        return Err(Unusable::OtherSerial);
    }
    if sealer.open::<()>(Column::Check, 0, check).is_err() {
        return Err(Unusable::Damaged("it opens with another storage key"));
    }
    upgrade(&mut connection, sealer, version, &STEPS)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// Whether a newer version wrote the database in this folder. Needs no key, and touches nothing.
pub(super) fn is_newer(folder: &Path) -> bool {
    version_in_header(&folder.join(FILE)).is_ok_and(|version| version > VERSION)
}

/// The version in the database's own header (<https://sqlite.org/fileformat.html>, 1.3); a newer one can be in the
/// log.
fn version_in_header(path: &Path) -> io::Result<u32> {
    let mut header = Vec::with_capacity(64);
    File::open(path)?.take(64).read_to_end(&mut header)?;
    let version = header.last_chunk().filter(|_| header.len() == 64 && header.starts_with(MAGIC));
    // Kept signed; a negative one is none.
    let version = version.map_or(0, |version| i32::from_be_bytes(*version));
    Ok(u32::try_from(version).unwrap_or(0))
}

/// Opens a file that is there, so that it is left as it is unless something is written.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Before the first access: the index of the log is in memory then, and no file.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Nobody else opens it: a lock that somebody holds will not go away.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > VERSION {
        return Ok(connection);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An fsync at each commit: what returned is on the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_MAX)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// A regular file of this service that nobody else has a name for or can open.
fn check_file(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let ours = found.uid() == geteuid().as_raw() && found.mode() & 0o7777 == 0o600;
    if found.is_file() && ours && found.nlink() == 1 {
        return Ok(());
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

/// Gives the database and its log another name, under which nothing is ever read.
fn put_aside(folder: &Path) -> Result<String, StoreError> {
    let name = format!("{ASIDE}{}", hex::encode(random::<8>()?));
    // The log last: a database that lost its log would read as it was before, and a log without a database is
    // removed by SQLite.
    for suffix in ["", "-wal", "-journal"] {
        let from = folder.join(format!("{FILE}{suffix}"));
        match fs::rename(from, folder.join(format!("{name}{suffix}"))) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
    }
    File::open(folder)?.sync_all()?;
    Ok(name)
}
