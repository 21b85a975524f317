//! Opening the file: its settings and tables.

use core::time::Duration;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::SqliteError;

/// What a file is: whose, and which tables it has.
pub(in crate::store) struct Form {
    /// Says whose file it is.
    pub(in crate::store) application: i32,
    /// The version of the tables.
    pub(in crate::store) version: i32,
    /// Makes the tables.
    pub(in crate::store) tables: &'static str,
}

/// A connection that may write, with the tables made; the file is made if there is none.
pub(in crate::store) fn open(path: &Path, form: &Form) -> Result<Connection, SqliteError> {
    prepare(Connection::open(path)?, form)
}

/// The same, of a file that is there.
pub(in crate::store) fn open_existing(path: &Path, form: &Form) -> Result<Connection, SqliteError> {
    let flags = OpenFlags::default() - OpenFlags::SQLITE_OPEN_CREATE;
    match Connection::open_with_flags(path, flags) {
        Ok(file) => prepare(file, form),
        // SQLite names no reason: whether the file is missing is asked after it has failed.
        Err(_) if matches!(path.try_exists(), Ok(false)) => Err(SqliteError::Missing),
        Err(error) => Err(error.into()),
    }
}

fn prepare(mut file: Connection, form: &Form) -> Result<Connection, SqliteError> {
    settings(&file)?;
    // A file of other software is looked at before anything is written to it.
    let make = check(&file, form)?;
    file.pragma_update(None, "journal_mode", "WAL")?;
    file.pragma_update(None, "synchronous", "FULL")?;
    file.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    if make {
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have made them in between.
        if check(&transaction, form)? {
            transaction.execute_batch(form.tables)?;
            transaction.pragma_update(None, "application_id", form.application)?;
            transaction.pragma_update(None, "user_version", form.version)?;
        }
        transaction.commit()?;
    }
    Ok(file)
}

/// A connection that only reads, to a file that [`open`] has seen.
pub(super) fn open_reader(path: &Path) -> Result<Connection, SqliteError> {
    let file = Connection::open(path)?;
    settings(&file)?;
    file.pragma_update(None, "query_only", true)?;
    Ok(file)
}

fn settings(file: &Connection) -> Result<(), SqliteError> {
    file.busy_timeout(BUSY)?;
    // The file may come from anywhere: its schema gets no rights, and its cells are checked.
    file.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    file.pragma_update(None, "trusted_schema", false)?;
    file.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

/// Whether the file is new and has to get its tables.
fn check(file: &Connection, form: &Form) -> Result<bool, SqliteError> {
    let number = |name| file.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let objects: i64 =
        file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (number("application_id")?, number("user_version")?) {
        (application, version) if application == form.application && version == form.version => {
            Ok(false)
        }
        (application, version) if application == form.application => {
            Err(SqliteError::Version(version))
        }
        (0, 0) if objects == 0 => Ok(true),
        _ => Err(SqliteError::Foreign),
    }
}

/// `refresh_at` and `expires_at` repeat what the entry says, for the index; `spread` is a random number.
/// After `forget_at` it is looked whether anything of the domain counts still.
pub(super) const FORM: Form = Form {
    application: 0x5354_5363, // STSc
    version: 1,
    tables: "
CREATE TABLE domains (
  domain TEXT PRIMARY KEY NOT NULL,
  entry BLOB,
  history BLOB,
  refresh_at INTEGER,
  expires_at INTEGER,
  forget_at INTEGER NOT NULL,
  spread INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_refresh ON domains (refresh_at) WHERE refresh_at IS NOT NULL;
CREATE INDEX domains_forget ON domains (forget_at);
CREATE INDEX domains_spread ON domains (spread);
CREATE INDEX domains_notes ON domains (spread) WHERE entry IS NULL;
CREATE TABLE pins (domain TEXT PRIMARY KEY NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE totals (domains INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES (0, 0);
CREATE TRIGGER domains_insert AFTER INSERT ON domains BEGIN
  UPDATE totals SET domains = domains + 1,
    bytes = bytes + ifnull(length(new.entry), 0) + ifnull(length(new.history), 0);
END;
CREATE TRIGGER domains_delete AFTER DELETE ON domains BEGIN
  UPDATE totals SET domains = domains - 1,
    bytes = bytes - ifnull(length(old.entry), 0) - ifnull(length(old.history), 0);
END;
CREATE TRIGGER domains_update AFTER UPDATE OF entry, history ON domains BEGIN
  UPDATE totals SET bytes = bytes
    + ifnull(length(new.entry), 0) + ifnull(length(new.history), 0)
    - ifnull(length(old.entry), 0) - ifnull(length(old.history), 0);
END;
",
};

/// How long another process may hold the file. Ours: a commit takes milliseconds.
const BUSY: Duration = Duration::from_secs(5);

/// The log is cut to this size when it was longer.
const WAL_BYTES: i64 = 64 << 20;
