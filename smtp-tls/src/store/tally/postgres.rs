//! Session counts in a PostgreSQL database.

use core::fmt;
use core::future::Future;
use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use tlsrpt::{CounterRow, UtcDay, Writer};
use tokio::sync::Mutex;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row};

use super::TallyStore;
use super::postgres_tls::Tls;
use crate::adapter::rustls::Connector;

/// Keeps session counts in a PostgreSQL database that any number of nodes share.
///
/// A save is one transaction of upserts that keep the larger value, so that two nodes never undo each
/// other's counts and a save that is repeated changes nothing. A connection that is lost is made again at
/// the next call; no call takes longer than 30 seconds. Clones are the same store.
///
/// ```no_run
/// use smtp_tls::store::{PostgresTally, TallyStore};
///
/// # async fn example(day: tlsrpt::UtcDay) -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresTally::new("host=/run/postgresql user=tlsrpt dbname=tlsrpt", None)?;
/// for domain in store.domains(day, "", 1_000).await? {
///     println!("{domain}: {} rows", store.load(day, &domain).await?.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresTally(Arc<Inner>);

struct Inner {
    config: Config,
    tls: Option<Connector>,
    client: Mutex<Option<Client>>,
}

/// Why the database did not do what it was asked to.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PostgresError {
    /// The connection string cannot be read.
    #[error("the connection string of the database cannot be read")]
    Address,
    /// The database is on another machine, and no TLS was given to reach it.
    #[error("the database is on another machine and TLS is not set up for it")]
    Clear,
    /// The tables are those of a later version.
    #[error("version {0} of the database's tables is not read")]
    Version(i32),
    /// The server refused the user or the password.
    #[error("the database refuses the user")]
    Denied,
    /// The server could not be reached, or the connection was lost.
    #[error("the database cannot be reached")]
    Unreachable,
    /// No answer came in 30 seconds.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The server refused a statement with this SQLSTATE.
    #[error("the database refused a statement ({0})")]
    Failed(StateCode),
}

/// The SQLSTATE of a refused statement: five letters or digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StateCode([u8; 5]);

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(core::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl PostgresError {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut | Self::Failed(_))
    }
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code)
                if *code == SqlState::INVALID_PASSWORD
                    || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                    || *code == SqlState::INSUFFICIENT_PRIVILEGE =>
            {
                Self::Denied
            }
            Some(code) => code
                .code()
                .as_bytes()
                .try_into()
                .map_or(Self::Unreachable, |code| Self::Failed(StateCode(code))),
            None => Self::Unreachable,
        }
    }
}

impl PostgresTally {
    /// A database by its connection string: `host=… user=… dbname=…` or a `postgresql://` address. It is
    /// connected to at the first call.
    ///
    /// Over a Unix socket and on loopback no TLS is needed. Any other server is reached by TLS alone, with a
    /// certificate that names the host and chains to the roots of the connector.
    ///
    /// # Errors
    ///
    /// [`PostgresError::Address`], and [`PostgresError::Clear`] if TLS is needed and there is no connector.
    pub fn new(address: &str, tls: Option<&Connector>) -> Result<Self, PostgresError> {
        let mut config: Config = address.parse().map_err(|_| PostgresError::Address)?;
        let local = is_local(&config);
        if !local {
            config.ssl_mode(SslMode::Require);
        }
        let tls = match tls {
            Some(connector) if !local => Some(connector.clone()),
            None if !local => return Err(PostgresError::Clear),
            _ => None,
        };
        config.connect_timeout(CONNECT);
        Ok(Self(Arc::new(Inner { config, tls, client: Mutex::new(None) })))
    }

    /// Rows of one statement.
    async fn query(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PostgresError> {
        let mut place = self.0.client.lock().await;
        let work = async {
            let client = self.0.ready(&mut place).await?;
            Ok(client.query(statement, values).await?)
        };
        let result = in_time(work).await;
        if result.is_err() {
            *place = None;
        }
        result
    }
}

/// Nothing waits for a server for ever.
async fn in_time<T>(
    work: impl Future<Output = Result<T, PostgresError>>,
) -> Result<T, PostgresError> {
    tokio::time::timeout(LIMIT, work).await.unwrap_or(Err(PostgresError::TimedOut))
}

impl Inner {
    /// The connection there is, or a new one. One that has failed is not used again.
    async fn ready<'c>(
        &self,
        place: &'c mut Option<Client>,
    ) -> Result<&'c mut Client, PostgresError> {
        let client = match place.take() {
            Some(client) if !client.is_closed() => client,
            _ => self.connect().await?,
        };
        Ok(place.insert(client))
    }

    async fn connect(&self) -> Result<Client, PostgresError> {
        let mut client = match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                client
            }
            Some(connector) => {
                let (client, connection) = self.config.connect(Tls(connector.clone())).await?;
                tokio::spawn(connection);
                client
            }
        };
        // Nodes that start together make the tables one after the other.
        let transaction = client.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        transaction.batch_execute(TABLES).await?;
        let row = transaction.query_one("SELECT max(version) FROM tlsrpt_version", &[]).await?;
        transaction.commit().await?;
        match row.try_get(0)? {
            VERSION => Ok(client),
            version => Err(PostgresError::Version(version)),
        }
    }
}

/// Whether all servers are reached by Unix socket or on loopback.
fn is_local(config: &Config) -> bool {
    let host = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    };
    let addresses = config.get_hostaddrs();
    if addresses.is_empty() {
        config.get_hosts().iter().all(host) && !config.get_hosts().is_empty()
    } else {
        addresses.iter().all(IpAddr::is_loopback)
    }
}

impl fmt::Debug for PostgresTally {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTally").finish_non_exhaustive()
    }
}

/// The columns of some rows, as a statement takes them.
#[derive(Default)]
struct Columns {
    domain: Vec<String>,
    key: Vec<Vec<u8>>,
    node: Vec<String>,
    epoch: Vec<i64>,
    successful: Vec<i64>,
    failed: Vec<i64>,
}

impl Columns {
    /// A row whose key is not one of `tlsrpt` is left out: nobody could read it.
    fn push(&mut self, row: CounterRow) {
        let Some(domain) = row.domain() else { return };
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.domain.push(domain.to_owned());
        self.node.push(row.writer.node().to_owned());
        self.epoch.push(row.writer.epoch().cast_signed());
        self.successful.push(number(row.successful));
        self.failed.push(number(row.failed));
        self.key.push(row.key);
    }
}

async fn upsert(client: &mut Client, day: i32, rows: Vec<CounterRow>) -> Result<(), PostgresError> {
    let transaction = client.transaction().await?;
    let mut rows = rows.into_iter();
    loop {
        let mut columns = Columns::default();
        rows.by_ref().take(AT_ONCE).for_each(|row| columns.push(row));
        if columns.key.is_empty() && rows.len() == 0 {
            break;
        }
        let Columns { domain, key, node, epoch, successful, failed } = &columns;
        transaction.execute(UPSERT, &[&day, domain, key, node, epoch, successful, failed]).await?;
    }
    Ok(transaction.commit().await?)
}

impl TallyStore for PostgresTally {
    type Error = PostgresError;

    async fn save(&self, day: UtcDay, rows: Vec<CounterRow>) -> Result<(), PostgresError> {
        if rows.is_empty() {
            return Ok(());
        }
        let day = day.number().cast_signed();
        let mut place = self.0.client.lock().await;
        let result = in_time(async {
            let client = self.0.ready(&mut place).await?;
            upsert(client, day, rows).await
        })
        .await;
        if result.is_err() {
            *place = None;
        }
        result
    }

    async fn domains(
        &self,
        day: UtcDay,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, PostgresError> {
        let (day, limit) = (day.number().cast_signed(), i64::from(limit));
        let rows = self.query(DOMAINS, &[&day, &after, &limit]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn load(&self, day: UtcDay, domain: &str) -> Result<Vec<CounterRow>, PostgresError> {
        let day = day.number().cast_signed();
        let rows = self.query(LOAD, &[&day, &domain]).await?;
        rows.iter().map(counter).collect()
    }

    async fn forget(&self, before: UtcDay) -> Result<(), PostgresError> {
        let before = before.number().cast_signed();
        self.query("DELETE FROM tlsrpt_counters WHERE day < $1", &[&before]).await.map(drop)
    }
}

fn counter(row: &Row) -> Result<CounterRow, PostgresError> {
    let (node, epoch): (String, i64) = (row.try_get(1)?, row.try_get(2)?);
    let [successful, failed] = [row.try_get::<_, i64>(3)?, row.try_get(4)?].map(i64::unsigned_abs);
    let writer = Writer::new(node, epoch.cast_unsigned());
    Ok(CounterRow::new(row.try_get(0)?, writer, successful, failed))
}

/// A key may be longer than an index takes, so that its digest stands in the index. The domain is part of
/// the key; the column is what one domain is found by.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS tlsrpt_version (version integer PRIMARY KEY);
INSERT INTO tlsrpt_version SELECT 1 WHERE NOT EXISTS (SELECT FROM tlsrpt_version);
CREATE TABLE IF NOT EXISTS tlsrpt_counters (
  day integer NOT NULL,
  domain text COLLATE \"C\" NOT NULL,
  key bytea NOT NULL,
  node text COLLATE \"C\" NOT NULL,
  epoch bigint NOT NULL,
  successful bigint NOT NULL,
  failed bigint NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS tlsrpt_counters_key
  ON tlsrpt_counters (day, domain, sha256(key), node, epoch);";

/// The version of the tables.
const VERSION: i32 = 1;

/// A row that comes twice counts with its larger values, and one that changes nothing is not written.
const UPSERT: &str = "
INSERT INTO tlsrpt_counters AS old (day, domain, key, node, epoch, successful, failed)
SELECT $1, domain, key, node, epoch, max(successful), max(failed)
FROM unnest($2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
  AS new (domain, key, node, epoch, successful, failed)
GROUP BY domain, key, node, epoch
ON CONFLICT (day, domain, sha256(key), node, epoch) DO UPDATE
SET successful = greatest(old.successful, excluded.successful),
  failed = greatest(old.failed, excluded.failed)
WHERE old.successful < excluded.successful OR old.failed < excluded.failed";

/// One after the other by the index: a distinct selection would read all rows of the day.
const DOMAINS: &str = "
WITH RECURSIVE names (name, at) AS (
  (SELECT domain, 1::bigint FROM tlsrpt_counters WHERE day = $1 AND domain > $2
   ORDER BY domain LIMIT 1)
  UNION ALL
  SELECT (SELECT domain FROM tlsrpt_counters WHERE day = $1 AND domain > name
          ORDER BY domain LIMIT 1), at + 1
  FROM names WHERE name IS NOT NULL AND at < $3
)
SELECT name FROM names WHERE name IS NOT NULL ORDER BY name";

const LOAD: &str = "
SELECT key, node, epoch, successful, failed FROM tlsrpt_counters WHERE day = $1 AND domain = $2";

/// The advisory lock under which the tables are made.
const LOCK: i64 = 0x544c_5352_5054;

/// For one connection to come up.
const CONNECT: Duration = Duration::from_secs(10);

/// For one call. Ours.
const LIMIT: Duration = Duration::from_secs(30);

/// Rows in one statement. Ours.
const AT_ONCE: usize = 10_000;
