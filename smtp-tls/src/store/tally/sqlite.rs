//! Session counts in an SQLite file.

use core::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Row, TransactionBehavior, params};
use tlsrpt::{CounterRow, UtcDay, Writer};

use super::{TallyStore, before_all};
use crate::store::sqlite::SqliteError;
use crate::store::sqlite::file::{self, Form};

/// Keeps session counts in an SQLite file, which several processes of one host may share: one that counts,
/// and one that makes reports.
///
/// What was saved is there, wholly, when `save` returns, and stays whatever happens to the process or the
/// power: a write-ahead log, flushed at each commit. Clones are the same store. Calls are made by threads of
/// the runtime that may block.
///
/// ```no_run
/// use smtp_tls::store::{SqliteTally, TallyStore};
///
/// # async fn example(day: tlsrpt::UtcDay) -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteTally::open("/var/lib/tlsrpt/counts.sqlite")?;
/// for domain in store.domains(day, "", 1_000).await? {
///     println!("{domain}: {:?}", store.load(day, &domain, None, 1).await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteTally(Arc<Mutex<Connection>>);

impl SqliteTally {
    /// Opens this file, or makes it. Blocks for some milliseconds.
    ///
    /// # Errors
    ///
    /// A [`SqliteError`]. A file of other software is never changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        file::open(path.as_ref(), &FORM).map(Self::of)
    }

    /// Opens this file as [`Self::open`] does, but makes none: for who reads what another has counted, and
    /// is to hear of a mistyped name instead of reading that nothing was counted.
    ///
    /// # Errors
    ///
    /// [`SqliteError::Missing`] if there is no such file; else as [`Self::open`].
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        file::open_existing(path.as_ref(), &FORM).map(Self::of)
    }

    fn of(file: Connection) -> Self {
        Self(Arc::new(Mutex::new(file)))
    }

    /// A transaction that a panic has cut off was rolled back, so that the connection is sound.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let file = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut file.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(done.await.map_err(|_| SqliteError::Closed)??)
    }
}

impl fmt::Debug for SqliteTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTally").finish_non_exhaustive()
    }
}

impl TallyStore for SqliteTally {
    type Error = SqliteError;

    /// All of the rows or, after an error, none. One whose key is not one of `tlsrpt` is left out: nobody
    /// could read it.
    async fn save(&self, day: UtcDay, rows: Vec<CounterRow>) -> Result<(), SqliteError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.call(move |file| {
            let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut upsert = transaction.prepare_cached(UPSERT)?;
            for row in &rows {
                let Some(domain) = row.domain() else { continue };
                upsert.execute(params![
                    day.number(),
                    domain,
                    row.key,
                    row.writer.node(),
                    row.writer.epoch().cast_signed(),
                    number(row.successful),
                    number(row.failed),
                ])?;
            }
            drop(upsert);
            transaction.commit()
        })
        .await
    }

    async fn domains(
        &self,
        day: UtcDay,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, SqliteError> {
        let after = after.to_owned();
        self.call(move |file| {
            let mut next = file.prepare_cached(NEXT_DOMAIN)?;
            let mut names = Vec::new();
            let mut last = after;
            // The index is asked for one after the other: a distinct selection would read all rows.
            while names.len() < limit as usize {
                let mut rows = next.query(params![day.number(), last])?;
                let Some(row) = rows.next()? else { break };
                last = row.get(0)?;
                names.push(last.clone());
            }
            Ok(names)
        })
        .await
    }

    async fn load(
        &self,
        day: UtcDay,
        domain: &str,
        after: Option<&CounterRow>,
        limit: u32,
    ) -> Result<Vec<CounterRow>, SqliteError> {
        let (domain, after) = (domain.to_owned(), after.cloned().unwrap_or_else(before_all));
        self.call(move |file| {
            let mut select = file.prepare_cached(LOAD)?;
            let CounterRow { key, writer, .. } = after;
            let (node, epoch) = (writer.node(), writer.epoch().cast_signed());
            let values = params![day.number(), domain, key, node, epoch, limit];
            select.query_map(values, counter)?.collect()
        })
        .await
    }

    async fn forget(&self, before: UtcDay) -> Result<(), SqliteError> {
        self.call(move |file| {
            file.prepare_cached("DELETE FROM counters WHERE day < ?1")?.execute([before.number()])
        })
        .await
        .map(drop)
    }
}

fn counter(row: &Row<'_>) -> rusqlite::Result<CounterRow> {
    let node: String = row.get(1)?;
    let epoch: i64 = row.get(2)?;
    let [successful, failed] = [row.get::<_, i64>(3)?, row.get(4)?].map(i64::unsigned_abs);
    Ok(CounterRow::new(row.get(0)?, Writer::new(node, epoch.cast_unsigned()), successful, failed))
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The key holds the domain as well; the column is what one domain is found by.
const FORM: Form = Form {
    application: 0x544c_5263, // TLRc
    version: 1,
    tables: "
CREATE TABLE counters (
  day INTEGER NOT NULL,
  domain TEXT NOT NULL,
  key BLOB NOT NULL,
  node TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  successful INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  PRIMARY KEY (day, domain, key, node, epoch)
) STRICT, WITHOUT ROWID;",
};

const UPSERT: &str = "
INSERT INTO counters (day, domain, key, node, epoch, successful, failed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET successful = max(successful, excluded.successful),
  failed = max(failed, excluded.failed)";

const NEXT_DOMAIN: &str =
    "SELECT domain FROM counters WHERE day = ?1 AND domain > ?2 ORDER BY domain LIMIT 1";

const LOAD: &str = "
SELECT key, node, epoch, successful, failed FROM counters
WHERE day = ?1 AND domain = ?2 AND (key, node, epoch) > (?3, ?4, ?5)
ORDER BY key, node, epoch LIMIT ?6";
