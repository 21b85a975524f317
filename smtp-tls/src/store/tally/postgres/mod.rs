//! Session counts in a PostgreSQL database.

mod columns;
mod error;
mod tls;

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use tlsrpt::{CounterRow, UtcDay, Writer};
use tokio::sync::Mutex;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row};

pub use self::error::{PostgresError, StateCode};

use self::columns::Columns;
use self::tls::Tls;
use super::{TallyStore, before_all};
use crate::adapter::rustls::Connector;

/// Keeps session counts in a PostgreSQL database that any number of nodes share.
///
/// A save is a row of upserts that keep the larger value, so that two nodes never undo each other's counts
/// and a save that is repeated changes nothing. Each takes 10 000 rows or 2 MiB at most and is there when it
/// returns; however much an outage has left to be saved, a call that fails has brought some of it in.
///
/// A connection that is lost is made again at the next call. A statement that is not answered in 30 seconds,
/// the wait for others included, ends the call. Clones are the same store.
///
/// ```no_run
/// use smtp_tls::store::{PostgresTally, TallyStore};
///
/// # async fn example(day: tlsrpt::UtcDay) -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresTally::new("host=/run/postgresql user=tlsrpt dbname=tlsrpt", None)?;
/// for domain in store.domains(day, "", 1_000).await? {
///     println!("{domain}: {:?}", store.load(day, &domain, None, 1).await?);
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
        self.with_client(async |client| Ok(client.query(statement, values).await?)).await
    }

    /// How many rows one statement has changed.
    async fn execute(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, PostgresError> {
        self.with_client(async |client| Ok(client.execute(statement, values).await?)).await
    }

    /// Does something with the connection there is, or with a new one, once the others are done with it. All
    /// of it has the one limit: nothing waits for a server for ever.
    async fn with_client<T>(
        &self,
        work: impl AsyncFnOnce(&Client) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        let in_turn = async {
            let mut place = self.0.client.lock().await;
            // Taken out of its place, it goes with what fails or takes too long, and is not used again.
            let client = match place.take() {
                Some(client) if !client.is_closed() => client,
                _ => self.0.connect().await?,
            };
            let done = work(&client).await?;
            *place = Some(client);
            Ok(done)
        };
        tokio::time::timeout(LIMIT, in_turn).await.unwrap_or(Err(PostgresError::TimedOut))
    }
}

impl Inner {
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
        // The server ends by itself what is not waited for any longer.
        client.batch_execute(&format!("SET statement_timeout = {}", LIMIT.as_millis())).await?;
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

impl TallyStore for PostgresTally {
    type Error = PostgresError;

    async fn save(&self, day: UtcDay, rows: Vec<CounterRow>) -> Result<(), PostgresError> {
        let day = day.number().cast_signed();
        let mut rows = rows.into_iter().peekable();
        while let Some(columns) = Columns::next(&mut rows) {
            let Columns { domain, key, node, epoch, successful, failed, .. } = &columns;
            self.execute(UPSERT, &[&day, domain, key, node, epoch, successful, failed]).await?;
        }
        Ok(())
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

    async fn load(
        &self,
        day: UtcDay,
        domain: &str,
        after: Option<&CounterRow>,
        limit: u32,
    ) -> Result<Vec<CounterRow>, PostgresError> {
        let (day, limit) = (day.number().cast_signed(), i64::from(limit));
        let first = before_all();
        let CounterRow { key, writer, .. } = after.unwrap_or(&first);
        let (node, epoch) = (writer.node(), writer.epoch().cast_signed());
        let rows = self.query(LOAD, &[&day, &domain, key, &node, &epoch, &limit]).await?;
        rows.iter().map(counter).collect()
    }

    async fn forget(&self, before: UtcDay) -> Result<(), PostgresError> {
        let before = before.number().cast_signed();
        while self.execute(FORGET, &[&before, &FORGOTTEN]).await? > 0 {}
        Ok(())
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
SELECT key, node, epoch, successful, failed FROM tlsrpt_counters
WHERE day = $1 AND domain = $2 AND (key, node, epoch) > ($3, $4, $5)
ORDER BY key, node, epoch LIMIT $6";

const FORGET: &str = "
DELETE FROM tlsrpt_counters WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM tlsrpt_counters WHERE day < $1 LIMIT $2))";

/// The advisory lock under which the tables are made.
const LOCK: i64 = 0x544c_5352_5054;

/// For one connection to come up.
const CONNECT: Duration = Duration::from_secs(10);

/// For one statement, the wait for those before it and for a connection included. Ours.
const LIMIT: Duration = Duration::from_secs(30);

/// Rows that one statement forgets. Ours.
const FORGOTTEN: i64 = 10_000;
