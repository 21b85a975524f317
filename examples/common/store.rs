//! The store that an argument names.

use std::sync::Arc;

use smtp_tls::adapter::rustls::{Connector, native_roots};
use smtp_tls::store::{PostgresError, PostgresTally, SqliteError, SqliteTally, TallyStore};
use tlsrpt::{CounterRow, Counters, UtcDay};

use crate::random::random;
use crate::stopped::Stopped;

/// One of the stores there are.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Sqlite(SqliteTally),
    Postgres(PostgresTally),
}

/// Why it failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    #[error(transparent)]
    Postgres(#[from] PostgresError),
}

impl StoreError {
    pub(crate) const fn is_temporary(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.is_temporary(),
            Self::Postgres(error) => error.is_temporary(),
        }
    }
}

impl Store {
    /// Opens `sqlite:FILE` or `postgres:CONNECTION`, or what stands in the file that `@` names; an SQLite file
    /// that is not there is made.
    #[allow(dead_code, reason = "a program that only reads makes no store")]
    pub(crate) fn open(text: &str) -> Result<Self, Stopped> {
        Self::open_with(text, |path| SqliteTally::open(path))
    }

    /// The same, but an SQLite file that is not there is an error: a mistyped name is not a store in which
    /// nothing was counted.
    pub(crate) fn open_existing(text: &str) -> Result<Self, Stopped> {
        Self::open_with(text, |path| SqliteTally::open_existing(path))
    }

    fn open_with(
        text: &str,
        sqlite: impl FnOnce(&str) -> Result<SqliteTally, SqliteError>,
    ) -> Result<Self, Stopped> {
        let read;
        let text = match text.strip_prefix('@') {
            Some(path) => {
                let failed = |error| Stopped::new(66, format!("{path}: {error}"));
                read = std::fs::read_to_string(path).map_err(failed)?;
                read.trim()
            }
            None => text,
        };
        match text.split_once(':') {
            Some(("sqlite", path)) => sqlite(path)
                .map(Self::Sqlite)
                .map_err(|error| Stopped::new(66, format!("{path}: {error}"))),
            Some(("postgres", address)) => postgres(address),
            Some(("postgresql", _)) => postgres(text),
            _ => Err(Stopped::new(64, "--store is neither sqlite:FILE nor postgres:CONNECTION")),
        }
    }
}

/// What a store holds of a domain on a day, and how many of its rows cannot be read.
pub(crate) async fn counters<S: TallyStore>(
    store: &S,
    day: UtcDay,
    domain: &str,
) -> Result<(Counters, u64), S::Error> {
    // Whoever sends datagrams or publishes policies chooses the keys, and must not know the seed.
    let mut counters = Counters::new(random());
    let (mut unreadable, mut last) = (0, None);
    loop {
        let page = store.load(day, domain, last.as_ref(), PAGE).await?;
        unreadable += page.iter().filter(|row| counters.restore(row).is_err()).count() as u64;
        let Some(row) = page.into_iter().next_back() else { return Ok((counters, unreadable)) };
        last = Some(row);
    }
}

/// Rows loaded at a time. Ours: some megabytes, for but few are policies with long texts.
const PAGE: u32 = 500;

/// A server on another machine is reached by TLS, with the system's root certificates.
fn postgres(address: &str) -> Result<Store, Stopped> {
    let open = |connector: Option<&Connector>| PostgresTally::new(address, connector);
    let store = match open(None) {
        Err(PostgresError::Clear) => {
            let roots = native_roots().map_err(|error| Stopped::new(66, error))?;
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let connector = Connector::new(provider, roots);
            open(Some(&connector.map_err(|error| Stopped::new(66, error))?))
        }
        other => other,
    };
    store.map(Store::Postgres).map_err(|error| Stopped::new(64, error))
}

impl TallyStore for Store {
    type Error = StoreError;

    async fn save(&self, day: UtcDay, rows: Vec<CounterRow>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => Ok(store.save(day, rows).await?),
            Self::Postgres(store) => Ok(store.save(day, rows).await?),
        }
    }

    async fn domains(
        &self,
        day: UtcDay,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => Ok(store.domains(day, after, limit).await?),
            Self::Postgres(store) => Ok(store.domains(day, after, limit).await?),
        }
    }

    async fn load(
        &self,
        day: UtcDay,
        domain: &str,
        after: Option<&CounterRow>,
        limit: u32,
    ) -> Result<Vec<CounterRow>, StoreError> {
        match self {
            Self::Sqlite(store) => Ok(store.load(day, domain, after, limit).await?),
            Self::Postgres(store) => Ok(store.load(day, domain, after, limit).await?),
        }
    }

    async fn forget(&self, before: UtcDay) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => Ok(store.forget(before).await?),
            Self::Postgres(store) => Ok(store.forget(before).await?),
        }
    }
}
