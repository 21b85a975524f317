//! The thread that writes.

use mta_sts::{CacheEntry, EntryUpdate, PolicyDomain, UnixTime, Update};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use super::reader::{bytes, totals};
use super::{FileCapacity, SqliteError};
use crate::store::event::Part;
use crate::store::form;
use crate::store::numbers::{random, seconds};

/// What is to be written.
pub(super) enum Change {
    /// An update of the core.
    Save { domain: PolicyDomain, update: Update },
    /// A pin, or none any more.
    Pin { domain: PolicyDomain, text: Option<String> },
    /// A part with these bytes, which are damaged.
    DropDamaged { domain: PolicyDomain, part: Part, bytes: Option<Vec<u8>> },
    /// A row under a key that is no domain.
    DropName(Vec<u8>),
    /// Some of what is dead.
    Forget(UnixTime),
}

struct Job {
    change: Change,
    done: oneshot::Sender<Result<(), SqliteError>>,
}

/// Hands changes to the thread.
pub(super) struct Writer(mpsc::Sender<Job>);

impl Writer {
    pub(super) fn start(file: Connection, capacity: FileCapacity) -> Result<Self, SqliteError> {
        let (sender, jobs) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new().name("policies-write".to_owned());
        thread.spawn(move || run(file, jobs, capacity)).map_err(|_| SqliteError::Io)?;
        Ok(Self(sender))
    }

    /// Returns when the change is on the disk.
    pub(super) async fn carry_out(&self, change: Change) -> Result<(), SqliteError> {
        let (done, result) = oneshot::channel();
        self.0.send(Job { change, done }).await.map_err(|_| SqliteError::Closed)?;
        result.await.map_err(|_| SqliteError::Closed)?
    }
}

/// Changes that have come together are committed together: one flush for all.
fn run(mut file: Connection, mut jobs: mpsc::Receiver<Job>, capacity: FileCapacity) {
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let result = commit(&mut file, &batch, capacity);
        for job in batch {
            // Who does not wait any longer needs no answer.
            let _ = job.done.send(result);
        }
    }
}

fn commit(file: &mut Connection, batch: &[Job], capacity: FileCapacity) -> Result<(), SqliteError> {
    let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in batch {
        carry_out(&transaction, &job.change)?;
    }
    let last = batch.iter().rev().find_map(|job| match &job.change {
        Change::Save { domain, .. } => Some(domain),
        _ => None,
    });
    if let Some(last) = last {
        make_room(&transaction, last, capacity)?;
    }
    Ok(transaction.commit()?)
}

fn carry_out(file: &Connection, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Save { domain, update } => save(file, domain, update),
        Change::Pin { domain, text } => pin(file, domain, text.as_deref()),
        Change::DropDamaged { domain, part, bytes } => {
            drop_damaged(file, domain, *part, bytes.as_deref())
        }
        Change::DropName(name) => file.prepare_cached(DELETE_NAME)?.execute([name]).map(drop),
        Change::Forget(now) => forget(file, *now),
    }
}

fn save(file: &Connection, domain: &PolicyDomain, update: &Update) -> rusqlite::Result<()> {
    let name = domain.as_str();
    match update.entry_over(fetched_at(file, domain)?) {
        EntryUpdate::Keep => {}
        EntryUpdate::Put(entry) => {
            let spread = random();
            file.prepare_cached(PUT)?.execute(params![
                name,
                form::entry_bytes(domain, entry),
                seconds(entry.refresh_at(spread)),
                seconds(entry.expires_at()),
                spread.cast_signed()
            ])?;
        }
        EntryUpdate::Remove => {
            file.prepare_cached(REMOVE)?.execute([name])?;
        }
    }
    match update.history.as_ref().map(|history| form::history_bytes(domain, history)) {
        None => {}
        Some(Some(bytes)) => {
            let mut put = file.prepare_cached(PUT_HISTORY)?;
            put.execute(params![name, bytes, random().cast_signed()])?;
        }
        Some(None) => {
            let mut remove =
                file.prepare_cached("UPDATE domains SET history = NULL WHERE domain = ?1")?;
            remove.execute([name])?;
        }
    }
    file.prepare_cached(DELETE_EMPTY)?.execute([name]).map(drop)
}

/// When the entry that is there was fetched; one that is damaged is none.
fn fetched_at(file: &Connection, domain: &PolicyDomain) -> rusqlite::Result<Option<UnixTime>> {
    let mut select = file.prepare_cached("SELECT entry FROM domains WHERE domain = ?1")?;
    let entry = select.query_row([domain.as_str()], |row| bytes(row, 0)).optional()?.flatten();
    let (stored, _) = form::read(domain, entry.as_deref(), None);
    Ok(stored.entry.as_ref().map(CacheEntry::fetched_at))
}

fn pin(file: &Connection, domain: &PolicyDomain, text: Option<&str>) -> rusqlite::Result<()> {
    let domain = domain.as_str();
    match text {
        Some(text) => file
            .prepare_cached("INSERT OR REPLACE INTO pins (domain, text) VALUES (?1, ?2)")?
            .execute([domain, text]),
        None => file.prepare_cached("DELETE FROM pins WHERE domain = ?1")?.execute([domain]),
    }
    .map(drop)
}

fn drop_damaged(
    file: &Connection,
    domain: &PolicyDomain,
    part: Part,
    bytes: Option<&[u8]>,
) -> rusqlite::Result<()> {
    let drop_part = match part {
        Part::Entry => {
            "UPDATE domains SET entry = NULL, refresh_at = NULL, expires_at = NULL
             WHERE domain = ?1 AND CAST(entry AS BLOB) IS ?2"
        }
        Part::History => {
            "UPDATE domains SET history = NULL WHERE domain = ?1 AND CAST(history AS BLOB) IS ?2"
        }
    };
    file.prepare_cached(drop_part)?.execute(params![domain.as_str(), bytes])?;
    file.prepare_cached(DELETE_EMPTY)?.execute([domain.as_str()]).map(drop)
}

/// Looks at some of what may be dead and deletes what is.
fn forget(file: &Connection, now: UnixTime) -> rusqlite::Result<()> {
    let mut select = file.prepare_cached(
        "SELECT domain, entry, history FROM domains WHERE forget_at < ?1
         ORDER BY forget_at LIMIT ?2",
    )?;
    let mut rows = select.query(params![seconds(now), FORGOTTEN])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name = bytes(row, 0)?.unwrap_or_default();
        let counts = match core::str::from_utf8(&name).ok().and_then(|name| name.parse().ok()) {
            Some(domain) => {
                let (entry, history) = (bytes(row, 1)?, bytes(row, 2)?);
                let (stored, _) = form::read(&domain, entry.as_deref(), history.as_deref());
                stored.entry.is_some_and(|entry| entry.is_live(now))
                    || !stored.history.is_spent(now)
            }
            None => false,
        };
        found.push((name, counts));
    }
    let mut delete = file.prepare_cached(DELETE_NAME)?;
    let mut postpone = file.prepare_cached(
        "UPDATE domains SET forget_at = max(?2, ifnull(expires_at, 0)) WHERE domain = ?1",
    )?;
    for (name, counts) in found {
        if counts {
            let name = String::from_utf8_lossy(&name);
            postpone.execute(params![name, seconds(now).saturating_add(LOOK_AGAIN)])?;
        } else {
            delete.execute([name])?;
        }
    }
    Ok(())
}

/// Deletes at random until the capacity holds, all but the domain saved last: first what has no policy,
/// for everybody can bring about as many fetches that fail as he likes.
fn make_room(
    file: &Connection,
    keep: &PolicyDomain,
    capacity: FileCapacity,
) -> rusqlite::Result<()> {
    for _ in 0..FORGOTTEN {
        let (domains, bytes) = totals(file)?;
        if domains <= capacity.domains && bytes <= capacity.bytes {
            break;
        }
        let drawn = random().cast_signed();
        // None stands above the number drawn: the first of all.
        let tries = [
            (DELETE_NOTE, drawn),
            (DELETE_NOTE, i64::MIN),
            (DELETE_ANY, drawn),
            (DELETE_ANY, i64::MIN),
        ];
        let mut deleted = 0;
        for (delete, from) in tries {
            deleted = file.prepare_cached(delete)?.execute(params![from, keep.as_str()])?;
            if deleted > 0 {
                break;
            }
        }
        if deleted == 0 {
            break;
        }
    }
    Ok(())
}

const DELETE_NOTE: &str = "
DELETE FROM domains WHERE domain = (
  SELECT domain FROM domains INDEXED BY domains_notes
  WHERE entry IS NULL AND spread >= ?1 AND domain <> ?2 ORDER BY spread LIMIT 1)";

const DELETE_ANY: &str = "
DELETE FROM domains WHERE domain = (
  SELECT domain FROM domains WHERE spread >= ?1 AND domain <> ?2 ORDER BY spread LIMIT 1)";

const PUT: &str = "
INSERT INTO domains (domain, entry, refresh_at, expires_at, forget_at, spread)
VALUES (?1, ?2, ?3, ?4, ?4, ?5)
ON CONFLICT (domain) DO UPDATE SET entry = excluded.entry, refresh_at = excluded.refresh_at,
  expires_at = excluded.expires_at, forget_at = excluded.forget_at, spread = excluded.spread";

const REMOVE: &str = "
UPDATE domains SET entry = NULL, refresh_at = NULL, expires_at = NULL, forget_at = 0
WHERE domain = ?1";

const PUT_HISTORY: &str = "
INSERT INTO domains (domain, history, forget_at, spread) VALUES (?1, ?2, 0, ?3)
ON CONFLICT (domain) DO UPDATE SET history = excluded.history";

const DELETE_EMPTY: &str =
    "DELETE FROM domains WHERE domain = ?1 AND entry IS NULL AND history IS NULL";

/// By the bytes of a name that may be no text.
const DELETE_NAME: &str = "DELETE FROM domains WHERE domain = CAST(?1 AS TEXT)";

/// Changes that wait; further ones wait to be handed in.
const WAITING: usize = 1_024;

/// Changes in one commit.
const BATCH: usize = 256;

/// Domains looked at or deleted in one change, so that others do not wait long.
const FORGOTTEN: u32 = 1_000;

/// Seconds until a domain whose history counts is looked at again. A history counts for an hour.
const LOOK_AGAIN: i64 = 600;
