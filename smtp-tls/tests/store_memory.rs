//! What a million domains take in memory. One test alone in its process, for it looks at the process.
#![cfg(target_os = "linux")]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, missing_docs)]

use core::task::{Context, Poll, Waker};
use core::time::Duration;

use mta_sts::{
    CacheEntry, EntryUpdate, FetchHistory, Policy, PolicyDomain, PolicyStore, UnixTime, Update,
};
use smtp_tls::store::{Capacity, MemoryStore};

const DOMAINS: usize = 1_000_000;

/// Providers that host many domains under one policy each.
const POLICIES: usize = 1_000;

fn ready<T, E: core::fmt::Debug>(future: impl Future<Output = Result<T, E>>) -> T {
    let mut future = core::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.unwrap(),
        Poll::Pending => panic!("the store waits for nothing"),
    }
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1_024
}

fn domain(number: usize) -> PolicyDomain {
    format!("customer{number}.example").parse().unwrap()
}

fn policy(number: usize) -> Policy {
    let body = format!(
        "version: STSv1\r\nmode: enforce\r\nmx: mx1.provider{number}.example\r\n\
         mx: mx2.provider{number}.example\r\nmx: *.backup{number}.example\r\nmax_age: 604800\r\n"
    );
    body.parse().unwrap()
}

#[test]
fn a_million_domains_take_at_most_256_mib() {
    let at = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    let store = MemoryStore::new(Capacity { domains: DOMAINS, ..Capacity::default() });
    // Each twice: a text that came by two fetches shares nothing yet.
    let policies: Vec<_> = (0..2 * POLICIES).map(|number| policy(number % POLICIES)).collect();
    let before = resident();
    let id = "20261121T000000Z".parse().unwrap();
    for number in 0..DOMAINS {
        let mut update = Update::default();
        let policy = policies[number % policies.len()].clone();
        update.entry = EntryUpdate::Put(CacheEntry::new(id, policy, at));
        update.history = Some(FetchHistory::default().with_fetch(id, None, at));
        ready(store.save(&domain(number), &update));
    }
    let with_histories = resident() - before;
    assert_eq!(store.domains(), DOMAINS);

    // An hour later the fetches do not count any more.
    let later = UnixTime::since_unix_epoch(Duration::from_secs(at.as_secs() + 3_600));
    assert!(ready(store.due(1, later)).is_empty());
    let stored = ready(store.load(&domain(DOMAINS / 2)));
    assert_eq!(*stored.entry.unwrap().policy(), policy(DOMAINS / 2 % POLICIES));
    assert_eq!(stored.history, FetchHistory::default());

    println!("{} MiB with the fetches of the last hour", with_histories >> 20);
    assert!(with_histories <= 256 << 20, "{with_histories} bytes");
}
