//! What is to be made, what was made and sent, and what came of each attempt: an SQLite file.
//!
//! A report is frozen when it is made: the bytes that go to each address are kept until the address has taken
//! them or is given up. How far a delivery has come is what its attempts say, played again into the core's
//! delivery machine.

mod days;
mod deliveries;
mod print;
mod tables;

use core::time::Duration;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::fcntl::Flock;
use rusqlite::Connection;

use crate::lock::lock;
use crate::random::random;
use crate::stopped::Stopped;
use tables::{FROM_1, MADE_IN_1, SINCE_2, TABLES};

pub(crate) use days::{Listed, Made, Planned};
pub(crate) use deliveries::{Job, Stand};
pub(crate) use print::print;

/// The file, and the lock on it: one process works with it at a time.
pub(crate) struct Log {
    file: Mutex<Connection>,
    seed: u64,
    _lock: Flock<File>,
}

impl Log {
    pub(crate) fn open(path: &Path) -> Result<Self, Stopped> {
        let failed = |error: &dyn core::fmt::Display| {
            Stopped::new(66, format!("{}: {error}", path.display()))
        };
        let Some(lock) = lock(path).map_err(|error| failed(&error))? else {
            return Err(Stopped::new(69, format!("{}: in use by another process", path.display())));
        };
        let file = open(path).map_err(|error| failed(&error))?;
        let file = file.ok_or_else(|| failed(&"not a log of this program and version"))?;
        let seed = file.query_row("SELECT seed FROM settings", [], |row| row.get::<_, i64>(0));
        let seed = seed.map_err(|error| failed(&error))?.cast_unsigned();
        Ok(Self { file: Mutex::new(file), seed, _lock: lock })
    }

    /// The seed of all delays, chosen once.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    fn file(&self) -> MutexGuard<'_, Connection> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` if the file is of other software, or of another version.
fn open(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let mut file = Connection::open(path)?;
    file.busy_timeout(BUSY)?;
    let number = |name| file.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let objects: i64 =
        file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let missing: &[&str] = match (number("application_id")?, number("user_version")?) {
        (APPLICATION, VERSION) => &[],
        (APPLICATION, 1) => &[FROM_1, SINCE_2, MADE_IN_1],
        (0, 0) if objects == 0 => &[TABLES, SINCE_2],
        _ => return Ok(None),
    };
    file.pragma_update(None, "journal_mode", "WAL")?;
    file.pragma_update(None, "synchronous", "FULL")?;
    if !missing.is_empty() {
        let transaction = file.transaction()?;
        transaction.execute_batch(&missing.concat())?;
        let _ = transaction.execute(SEED, [random().cast_signed()])?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    Ok(Some(file))
}

fn bad(error: rusqlite::Error) -> Stopped {
    Stopped::new(66, format!("the log failed: {error}"))
}

/// Says whose file it is: `TLRl`.
const APPLICATION: i32 = 0x544c_526c;

/// Chosen once.
const SEED: &str =
    "INSERT INTO settings (seed) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM settings)";

/// The version of the tables.
const VERSION: i32 = 2;

/// How long a reader may hold the file.
const BUSY: Duration = Duration::from_secs(5);
