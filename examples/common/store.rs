//! The store that an argument names.

use std::sync::Arc;

use smtp_tls::adapter::rustls::{Connector, native_roots};
use smtp_tls::store::{PostgresError, PostgresTally, SqliteError, SqliteTally, TallyStore};
use tlsrpt::{CounterRow, UtcDay};

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

    async fn load(&self, day: UtcDay, domain: &str) -> Result<Vec<CounterRow>, StoreError> {
        match self {
            Self::Sqlite(store) => Ok(store.load(day, domain).await?),
            Self::Postgres(store) => Ok(store.load(day, domain).await?),
        }
    }

    async fn forget(&self, before: UtcDay) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => Ok(store.forget(before).await?),
            Self::Postgres(store) => Ok(store.forget(before).await?),
        }
    }
}
