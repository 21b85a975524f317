//! Where MTA-STS policies and session counts are kept between deliveries.
//!
//! [`MemoryStore`] and [`MemoryTally`] forget with the process. A domain whose policy is forgotten is as
//! unprotected as on first contact, so a program that is restarted often wants a durable one:
//! `SqliteStore` for one host, `RedisStore` for a fleet that shares one cache. [`Operate`] is the
//! operator's side of all of them. Counts that must outlive the process go into a [`TallyStore`]:
//! `SqliteTally` for one host, `PostgresTally` for a fleet.

mod bodies;
mod compact;
#[cfg(any(feature = "redis", feature = "sqlite"))]
mod event;
#[cfg(any(feature = "redis", feature = "sqlite"))]
mod form;
mod memory;
#[cfg(any(feature = "redis", feature = "sqlite"))]
mod numbers;
mod operate;
#[cfg(feature = "redis")]
mod redis;
mod ring;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tally;

#[cfg(any(feature = "redis", feature = "sqlite"))]
pub use event::{Damage, Event, Part};
pub use memory::{Capacity, MemoryStore};
pub use operate::Operate;
#[cfg(feature = "redis")]
pub use redis::{RedisError, RedisStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{FileCapacity, SqliteError, SqliteStore};
#[cfg(feature = "sqlite")]
pub use tally::SqliteTally;
pub use tally::{MemoryTally, TallyStore};
#[cfg(feature = "postgres")]
pub use tally::{PostgresError, PostgresTally, StateCode};
