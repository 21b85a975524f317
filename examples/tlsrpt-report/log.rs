//! What was made and sent, and what came of each attempt: an SQLite file.
//!
//! A report is frozen when it is made: the bytes that go to each address are kept until the address has taken
//! them or is given up. How far a delivery has come is what its attempts say, played again into the core's
//! delivery machine.

use core::hash::BuildHasher;
use core::time::Duration;
use std::fs::{File, OpenOptions};
use std::hash::RandomState;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::fcntl::{Flock, FlockArg, OFlag};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tlsrpt::{DeliveryInput, UtcDay};

use crate::stopped::Stopped;

/// The file, and the lock on it: one process works with it at a time.
pub(crate) struct Log {
    file: Mutex<Connection>,
    seed: u64,
    _lock: Flock<File>,
}

/// How far the reports of a day are made.
pub(crate) struct Progress {
    /// The last domain that is done.
    pub(crate) last: String,
    pub(crate) complete: bool,
}

/// A report that is made, with what goes where.
pub(crate) struct Made {
    pub(crate) record: String,
    pub(crate) report_id: String,
    pub(crate) deliveries: Vec<Planned>,
}

/// What goes to one address.
pub(crate) struct Planned {
    pub(crate) uri: String,
    pub(crate) body: Vec<u8>,
    pub(crate) due: u64,
}

/// A delivery that is due.
pub(crate) struct Job {
    pub(crate) id: i64,
    pub(crate) day: UtcDay,
    pub(crate) domain: String,
    pub(crate) uri: String,
}

/// Where a delivery stands after an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stand {
    Due(u64),
    Delivered,
    GaveUp(&'static str),
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
        let file = file.ok_or_else(|| failed(&"not a log of this program"))?;
        let seed = file.query_row("SELECT seed FROM settings", [], |row| row.get::<_, i64>(0));
        let seed = seed.map_err(|error| failed(&error))?.cast_unsigned();
        Ok(Self { file: Mutex::new(file), seed, _lock: lock })
    }

    /// The seed of all delays, chosen once.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn progress(&self, day: UtcDay) -> Result<Progress, Stopped> {
        let file = self.file();
        let mut select =
            file.prepare_cached("SELECT last, complete FROM days WHERE day = ?1").map_err(bad)?;
        let row =
            |row: &rusqlite::Row<'_>| Ok(Progress { last: row.get(0)?, complete: row.get(1)? });
        let found = select.query_row([day.number()], row).optional().map_err(bad)?;
        Ok(found.unwrap_or(Progress { last: String::new(), complete: false }))
    }

    /// Keeps the reports of a domain: all of them, or nothing.
    pub(crate) fn add(
        &self,
        day: UtcDay,
        domain: &str,
        reports: &[Made],
        now: u64,
    ) -> Result<(), Stopped> {
        let mut file = self.file();
        let mut add = || {
            let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for report in reports {
                let added = transaction.prepare_cached(ADD_REPORT)?.execute(params![
                    day.number(),
                    domain,
                    report.record,
                    report.report_id,
                    now.cast_signed()
                ])?;
                if added == 0 {
                    continue;
                }
                for planned in &report.deliveries {
                    let due = planned.due.cast_signed();
                    let (uri, body) = (&planned.uri, &planned.body);
                    let values = params![day.number(), domain, report.record, uri, body, due];
                    transaction.prepare_cached(ADD_DELIVERY)?.execute(values)?;
                }
            }
            transaction.prepare_cached(ADD_PROGRESS)?.execute(params![day.number(), domain])?;
            transaction.commit()
        };
        add().map_err(bad)
    }

    /// Notes that all reports of the day are made, and forgets days of long ago.
    pub(crate) fn complete(&self, day: UtcDay) -> Result<(), Stopped> {
        let file = self.file();
        let complete = "INSERT INTO days (day, last, complete) VALUES (?1, '', 1)
                        ON CONFLICT DO UPDATE SET complete = 1";
        file.execute(complete, [day.number()]).map_err(bad)?;
        file.execute(FORGET_ATTEMPTS, [day.number().saturating_sub(KEPT)]).map_err(bad)?;
        for table in ["deliveries", "reports", "days"] {
            let forget = format!("DELETE FROM {table} WHERE day < ?1");
            file.execute(&forget, [day.number().saturating_sub(KEPT)]).map_err(bad)?;
        }
        Ok(())
    }

    /// Deliveries whose time has come, the longest due first.
    pub(crate) fn due(&self, now: u64, limit: u32) -> Result<Vec<Job>, Stopped> {
        let file = self.file();
        let mut select = file.prepare_cached(DUE).map_err(bad)?;
        let job = |row: &rusqlite::Row<'_>| {
            let day = UtcDay::from_number(row.get::<_, u32>(1)?.into());
            Ok(Job { id: row.get(0)?, day, domain: row.get(2)?, uri: row.get(3)? })
        };
        let jobs = select.query_map(params![now.cast_signed(), limit], job).map_err(bad)?;
        jobs.collect::<Result<_, _>>().map_err(bad)
    }

    /// The bytes to send.
    pub(crate) fn body(&self, id: i64) -> Result<Vec<u8>, Stopped> {
        let body = "SELECT body FROM deliveries WHERE id = ?1";
        self.file().query_row(body, [id], |row| row.get(0)).map_err(bad)
    }

    /// When the next delivery is due, if any is open.
    pub(crate) fn next_due(&self) -> Result<Option<u64>, Stopped> {
        let next = "SELECT min(due) FROM deliveries WHERE state = 'open'";
        let due = self.file().query_row(next, [], |row| row.get::<_, Option<i64>>(0));
        Ok(due.map_err(bad)?.map(i64::unsigned_abs))
    }

    /// How many deliveries of this day and later ones were given up.
    pub(crate) fn given_up(&self, since: UtcDay) -> Result<u64, Stopped> {
        let count = "SELECT count(*) FROM deliveries
                     WHERE day >= ?1 AND state NOT IN ('open', 'delivered')";
        let count = self.file().query_row(count, [since.number()], |row| row.get::<_, i64>(0));
        Ok(count.map_err(bad)?.unsigned_abs())
    }

    /// The attempts that were made, in order.
    pub(crate) fn attempts(&self, id: i64) -> Result<Vec<(u64, DeliveryInput)>, Stopped> {
        let file = self.file();
        let mut select = file.prepare_cached(ATTEMPTS).map_err(bad)?;
        let attempt = |row: &rusqlite::Row<'_>| {
            let (at, kind, code): (i64, String, u16) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let wait: Option<i64> = row.get(3)?;
            let retry_after = wait.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
            let input = match kind.as_str() {
                "https" => DeliveryInput::HttpStatus { status: code, retry_after },
                "mail" => DeliveryInput::MailReply(code),
                _ => DeliveryInput::Unreachable,
            };
            Ok((at.unsigned_abs(), input))
        };
        let rows = select.query_map([id], attempt).map_err(bad)?;
        rows.collect::<Result<_, _>>().map_err(bad)
    }

    /// Notes an attempt and what follows from it.
    pub(crate) fn note(
        &self,
        id: i64,
        at: u64,
        (input, words): (DeliveryInput, &str),
        stand: Stand,
    ) -> Result<(), Stopped> {
        let (kind, code, wait) = match input {
            DeliveryInput::HttpStatus { status, retry_after } => ("https", status, retry_after),
            DeliveryInput::MailReply(code) => ("mail", code, None),
            _ => ("unreachable", 0, None),
        };
        let wait = wait.map(|wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        let (state, due) = match stand {
            Stand::Due(due) => ("open", due),
            Stand::Delivered => ("delivered", 0),
            Stand::GaveUp(why) => (why, 0),
        };
        let mut file = self.file();
        let mut note = || {
            let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let values = params![id, at.cast_signed(), kind, code, wait, words];
            transaction.prepare_cached(ADD_ATTEMPT)?.execute(values)?;
            transaction.prepare_cached(SET_STAND)?.execute(params![
                id,
                state,
                due.cast_signed()
            ])?;
            transaction.commit()
        };
        note().map_err(bad)
    }

    fn file(&self) -> MutexGuard<'_, Connection> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prints the log, a line for each attempt and for each delivery that has none yet.
pub(crate) fn print(path: &Path) -> Result<(), Stopped> {
    let failed = |error: rusqlite::Error| Stopped::new(66, format!("{}: {error}", path.display()));
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = Connection::open_with_flags(path, flags).map_err(failed)?;
    let mut select = file.prepare(PRINT).map_err(failed)?;
    let mut rows = select.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let line = || {
            let day = UtcDay::from_number(row.get::<_, u32>(0)?.into());
            let [id, uri, state]: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
            let at: Option<i64> = row.get(4)?;
            let words: Option<String> = row.get(5)?;
            let (at, words) =
                (at.map_or_else(|| "-".to_owned(), |at| at.to_string()), words.unwrap_or_default());
            Ok(format!("{day}\t{id}\t{uri}\t{state}\t{at}\t{}", words.escape_debug()))
        };
        println!("{}", line().map_err(failed)?);
    }
    Ok(())
}

/// `None` if the file is of other software.
fn open(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let mut file = Connection::open(path)?;
    file.busy_timeout(BUSY)?;
    let number = |name| file.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let objects: i64 =
        file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_new = match (number("application_id")?, number("user_version")?) {
        (APPLICATION, VERSION) => false,
        (0, 0) if objects == 0 => true,
        _ => return Ok(None),
    };
    file.pragma_update(None, "journal_mode", "WAL")?;
    file.pragma_update(None, "synchronous", "FULL")?;
    if is_new {
        let transaction = file.transaction()?;
        transaction.execute_batch(TABLES)?;
        let seed = RandomState::new().hash_one(0).cast_signed();
        transaction.execute("INSERT INTO settings (seed) VALUES (?1)", [seed])?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    Ok(Some(file))
}

/// The lock file beside the log; `None` if another process holds it.
fn lock(path: &Path) -> std::io::Result<Option<Flock<File>>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.custom_flags(OFlag::O_NOFOLLOW.bits()).open(name)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, error)) => Err(error.into()),
    }
}

fn bad(error: rusqlite::Error) -> Stopped {
    Stopped::new(66, format!("the log failed: {error}"))
}

/// Bodies go when they are not needed any more; the rest proves what was sent.
const TABLES: &str = "
CREATE TABLE settings (seed INTEGER NOT NULL) STRICT;
CREATE TABLE days (day INTEGER PRIMARY KEY, last TEXT NOT NULL, complete INTEGER NOT NULL) STRICT;
CREATE TABLE reports (
  day INTEGER NOT NULL,
  domain TEXT NOT NULL,
  record TEXT NOT NULL,
  report_id TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (day, domain, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,
  domain TEXT NOT NULL,
  record TEXT NOT NULL,
  uri TEXT NOT NULL,
  body BLOB,
  state TEXT NOT NULL,
  due INTEGER NOT NULL,
  UNIQUE (day, domain, record, uri)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due) WHERE state = 'open';
CREATE TABLE attempts (
  delivery INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  code INTEGER NOT NULL,
  retry_after INTEGER,
  words TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_delivery ON attempts (delivery);";

const ADD_REPORT: &str = "
INSERT INTO reports (day, domain, record, report_id, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO NOTHING";

const ADD_DELIVERY: &str = "
INSERT INTO deliveries (day, domain, record, uri, body, state, due)
VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6) ON CONFLICT DO NOTHING";

const ADD_PROGRESS: &str = "
INSERT INTO days (day, last, complete) VALUES (?1, ?2, 0)
ON CONFLICT DO UPDATE SET last = excluded.last";

const DUE: &str = "
SELECT id, day, domain, uri FROM deliveries WHERE state = 'open' AND due <= ?1 ORDER BY due LIMIT ?2";

const ATTEMPTS: &str =
    "SELECT at, kind, code, retry_after FROM attempts WHERE delivery = ?1 ORDER BY rowid";

const ADD_ATTEMPT: &str = "
INSERT INTO attempts (delivery, at, kind, code, retry_after, words) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const FORGET_ATTEMPTS: &str =
    "DELETE FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE day < ?1)";

const SET_STAND: &str = "
UPDATE deliveries SET state = ?2, due = ?3, body = iif(?2 = 'open', body, NULL) WHERE id = ?1";

const PRINT: &str = "
SELECT d.day, r.report_id, d.uri, d.state, a.at, a.words FROM deliveries d
JOIN reports r ON r.day = d.day AND r.domain = d.domain AND r.record = d.record
LEFT JOIN attempts a ON a.delivery = d.id ORDER BY d.day, d.domain, d.id, a.rowid";

/// Says whose file it is: `TLRl`.
const APPLICATION: i32 = 0x544c_526c;

/// The version of the tables.
const VERSION: i32 = 1;

/// Days that are kept. Ours: who asks what became of a report asks within a season.
const KEPT: u32 = 90;

/// How long a reader may hold the file.
const BUSY: Duration = Duration::from_secs(5);
