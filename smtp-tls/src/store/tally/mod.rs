//! Session counts: in memory for one process, or kept by a database for reports that are made later.

mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use core::future::Future;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use tlsrpt::Writer;
use tlsrpt::{CounterRow, UtcDay};

pub use memory::MemoryTally;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresError, PostgresTally, StateCode};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteTally;

/// Keeps counters between those who count and those who make reports.
///
/// Counters are absolute values of a [`Writer`](tlsrpt::Writer), and saving keeps the larger of what is
/// stored and what is new. So a save may come twice, late, or after a later one, and any number of nodes may
/// save into one store: nothing is counted twice.
///
/// A report is made of one domain at a time, so that its maker needs room for one domain, not for a day.
/// That is why reading has two methods.
pub trait TallyStore {
    /// Why the store failed.
    type Error;

    /// Saves what was counted on this day. When it returns, all of it is there.
    ///
    /// # Errors
    ///
    /// The store's own. Some of the rows may have been saved; all of them may be saved again.
    fn save(
        &self,
        day: UtcDay,
        rows: Vec<CounterRow>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The domains that were counted for on this day: those behind `after` in the order of their bytes, at
    /// most `limit`.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn domains(
        &self,
        day: UtcDay,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<String>, Self::Error>> + Send;

    /// Rows of one domain on this day, in the order of their keys' bytes and then of their writers: those
    /// behind `after`, a row that was loaded before, at most `limit`. So policies come before their
    /// failures, as [`Counters::restore`](tlsrpt::Counters::restore) wants them.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn load(
        &self,
        day: UtcDay,
        domain: &str,
        after: Option<&CounterRow>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<CounterRow>, Self::Error>> + Send;

    /// Forgets all days before this one.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn forget(&self, before: UtcDay) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A row that stands before all others: no key is empty.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn before_all() -> CounterRow {
    CounterRow::new(Vec::new(), Writer::new("", i64::MIN.cast_unsigned()), 0, 0)
}
