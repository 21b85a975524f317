//! Policy stores through their public API: what all of them keep to ([`contract`]), and what each one
//! has of its own.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

mod contract;
#[cfg(feature = "sqlite")]
mod kill;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

use core::time::Duration;
#[cfg(any(feature = "redis", feature = "sqlite"))]
use std::path::PathBuf;

use mta_sts::{
    CacheEntry, EntryUpdate, FailureKind, FetchHistory, Policy, PolicyDomain, UnixTime, Update,
};

const T: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

/// A folder of its own, removed at the end.
#[cfg(any(feature = "redis", feature = "sqlite"))]
struct Folder(PathBuf);

#[cfg(any(feature = "redis", feature = "sqlite"))]
impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smtp-tls-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    #[cfg(feature = "sqlite")]
    fn file(&self) -> PathBuf {
        self.0.join("policies.sqlite")
    }
}

#[cfg(any(feature = "redis", feature = "sqlite"))]
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn domain(name: &str) -> PolicyDomain {
    name.parse().unwrap()
}

fn policy(max_age: u64) -> Policy {
    format!("version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: {max_age}\n").parse().unwrap()
}

fn entry(id: &str, fetched_at: u64) -> CacheEntry {
    CacheEntry::new(id.parse().unwrap(), policy(7 * DAY), at(fetched_at))
}

fn history(id: &str, time: u64) -> FetchHistory {
    FetchHistory::default().with_fetch(id.parse().unwrap(), Some(FailureKind::Status), at(time))
}

fn update(entry: EntryUpdate, history: Option<FetchHistory>) -> Update {
    let mut update = Update::default();
    update.entry = entry;
    update.history = history;
    update
}

fn put(id: &str, fetched_at: u64) -> Update {
    update(EntryUpdate::Put(entry(id, fetched_at)), None)
}
