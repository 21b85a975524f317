//! The thread that reads.

use mta_sts::{CacheEntry, UnixTime};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::{mpsc, oneshot};

use super::SqliteError;
use crate::store::numbers::{LONGEST_PLAN, seconds};

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// Hands questions to the thread, which answers one after the other.
pub(super) struct Reader(mpsc::Sender<Question>);

impl Reader {
    pub(super) fn start(file: Connection) -> Result<Self, SqliteError> {
        let (sender, mut questions) = mpsc::channel::<Question>(WAITING);
        let thread = std::thread::Builder::new().name("policies-read".to_owned());
        let run = move || {
            while let Some(question) = questions.blocking_recv() {
                question(&file);
            }
        };
        thread.spawn(run).map_err(|_| SqliteError::Io)?;
        Ok(Self(sender))
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let (sender, answer) = oneshot::channel();
        let question: Question = Box::new(move |file| {
            // Who does not wait any longer needs no answer.
            let _ = sender.send(question(file));
        });
        self.0.send(question).await.map_err(|_| SqliteError::Closed)?;
        Ok(answer.await.map_err(|_| SqliteError::Closed)??)
    }
}

/// What is kept of a domain, as it stands.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) entry: Option<Vec<u8>>,
    pub(super) history: Option<Vec<u8>>,
    pub(super) pin: Option<String>,
}

pub(super) fn load(file: &Connection, domain: &str) -> rusqlite::Result<Raw> {
    let mut select = file.prepare_cached("SELECT entry, history FROM domains WHERE domain = ?1")?;
    let pin = pin(file, domain)?;
    let raw = select.query_row([domain], |row| Ok((bytes(row, 0)?, bytes(row, 1)?))).optional()?;
    let (entry, history) = raw.unwrap_or_default();
    Ok(Raw { entry, history, pin })
}

/// The names of domains that are due, the longest due first.
///
/// Two queries, each in the order of its index: one with both conditions would sort all that is due
/// before it gives out the first, which takes seconds when a million domains are.
pub(super) fn due(
    file: &Connection,
    limit: usize,
    now: UnixTime,
) -> rusqlite::Result<Vec<Vec<u8>>> {
    let mut due = Vec::new();
    let ahead = seconds(now).saturating_add(LONGEST_PLAN);
    for (query, time) in [(DUE, seconds(now)), (PLANNED_AHEAD, ahead)] {
        let mut select = file.prepare_cached(query)?;
        let mut rows = select.query(params![time, seconds(now)])?;
        while due.len() < limit
            && let Some(row) = rows.next()?
        {
            let name = bytes(row, 0)?.unwrap_or_default();
            let entry = bytes(row, 1)?.unwrap_or_default();
            let spread = row.get::<_, i64>(2)?.cast_unsigned();
            let form = entry.get(name.len() + 1..).unwrap_or_default();
            // One that is damaged is due as well: whoever loads it finds out.
            if CacheEntry::from_bytes(form).map_or(true, |entry| entry.refresh_due(spread, now)) {
                due.push(name);
            }
        }
    }
    Ok(due)
}

pub(super) fn list(file: &Connection, after: &str, limit: usize) -> rusqlite::Result<Vec<Vec<u8>>> {
    let mut select = file
        .prepare_cached("SELECT domain FROM domains WHERE domain > ?1 ORDER BY domain LIMIT ?2")?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = select.query_map(params![after, limit], |row| bytes(row, 0))?;
    rows.map(|name| Ok(name?.unwrap_or_default())).collect()
}

fn pin(file: &Connection, domain: &str) -> rusqlite::Result<Option<String>> {
    let mut select = file.prepare_cached("SELECT text FROM pins WHERE domain = ?1")?;
    select.query_row([domain], |row| text(row, 0)).optional()
}

pub(super) fn pins(file: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut select = file.prepare_cached("SELECT domain FROM pins ORDER BY domain")?;
    select.query_map([], |row| text(row, 0))?.collect()
}

pub(super) fn totals(file: &Connection) -> rusqlite::Result<(u64, u64)> {
    let mut select = file.prepare_cached("SELECT domains, bytes FROM totals")?;
    let (domains, bytes): (i64, i64) =
        select.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((u64::try_from(domains).unwrap_or(0), u64::try_from(bytes).unwrap_or(0)))
}

/// The bytes of a text or blob; of another type, which is damage, none.
pub(super) fn bytes(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Vec<u8>>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.to_vec()),
        ValueRef::Integer(_) | ValueRef::Real(_) => Some(Vec::new()),
    })
}

fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8_lossy(&bytes(row, at)?.unwrap_or_default()).into_owned())
}

const DUE: &str = "
SELECT domain, entry, spread FROM domains INDEXED BY domains_refresh
WHERE refresh_at <= ?1 AND expires_at >= ?2 ORDER BY refresh_at";

/// Planned before the clock went back.
const PLANNED_AHEAD: &str = "
SELECT domain, entry, spread FROM domains INDEXED BY domains_refresh
WHERE refresh_at > ?1 AND expires_at >= ?2 ORDER BY refresh_at";

/// Questions that wait; further ones wait to be put.
const WAITING: usize = 1_024;
