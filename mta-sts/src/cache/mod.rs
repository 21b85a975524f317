//! What is kept of a domain: its policy, and what was fetched of late.

mod entry;
mod history;
mod store;

pub use entry::{CacheEntry, OverdueRefresh};
pub use history::{FetchHistory, Permission, Refusal, StandIn};
pub use store::{Basis, EntryUpdate, PolicyStore, Stored, Update};

use pki_types::UnixTime;

/// Seconds that have passed since `then`; none if the clock went back.
pub(crate) const fn age(then: UnixTime, now: UnixTime) -> u64 {
    now.as_secs().saturating_sub(then.as_secs())
}

/// `seconds` after `time`, or the end of time.
pub(crate) const fn after(time: UnixTime, seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(
        time.as_secs().saturating_add(seconds),
    ))
}

#[cfg(test)]
mod tests;
