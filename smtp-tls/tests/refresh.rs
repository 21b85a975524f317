//! The driver of refreshes, on a paused clock.
#![cfg(feature = "tokio")]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, missing_docs)]

use core::convert::Infallible;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Mutex;

use mta_sts::{
    CacheEntry, EntryUpdate, FailureKind, FetchError, FetchMade, Mode, Policy, PolicyBody,
    PolicyDomain, PolicyStore, RefreshCause, RefreshResult, Stored, UnixTime, Update,
};
use smtp_tls::FetchPolicy;
use smtp_tls::refresh::{Pace, Refreshed, Refresher};
use smtp_tls::resolve::{
    Answer, Judged, Kind, LookUp, LookUpError, Outcome, Question, Record, Security,
};
use smtp_tls::store::{Capacity, MemoryStore};
use tokio::time::Instant;

const T: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn domain(number: usize) -> PolicyDomain {
    format!("d{number}.example").parse().unwrap()
}

fn policy(mode: &str) -> Policy {
    format!("version: STSv1\nmode: {mode}\nmx: mx.example\nmax_age: 604800\n").parse().unwrap()
}

/// Announces id 2 for every domain.
struct Dns;

impl LookUp for Dns {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        assert_eq!(question.kind, Kind::Txt);
        assert!(question.name.as_str().starts_with("_mta-sts."));
        let outcome = Outcome::Records(vec![Record::Txt(vec![b"v=STSv1; id=2;".to_vec()])]);
        let (security, judged) = (Security::Insecure, Judged::AsAWhole);
        Ok(Answer { outcome, security, chain: Vec::new(), judged })
    }
}

/// Takes two seconds, and keeps count.
#[derive(Default)]
struct Https {
    count: Mutex<Count>,
    fails: bool,
}

#[derive(Default)]
struct Count {
    running: usize,
    most: usize,
    fetched: BTreeMap<PolicyDomain, usize>,
}

impl FetchPolicy for Https {
    async fn fetch(&self, domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        {
            let mut count = self.count.lock().unwrap();
            count.running += 1;
            count.most = count.most.max(count.running);
            *count.fetched.entry(domain.clone()).or_default() += 1;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.count.lock().unwrap().running -= 1;
        if self.fails {
            return Err(FetchError::Status(503));
        }
        let body = policy("testing").to_string().into_bytes();
        PolicyBody::from_response(200, [&b"text/plain"[..]], [], body)
    }
}

async fn store_of(domains: usize, fetched_at: u64) -> MemoryStore {
    let store = MemoryStore::new(Capacity::default());
    for number in 0..domains {
        let mut update = Update::default();
        let entry = CacheEntry::new("1".parse().unwrap(), policy("enforce"), at(fetched_at));
        update.entry = EntryUpdate::Put(entry);
        store.save(&domain(number), &update).await.unwrap();
    }
    store
}

// checks: mta-sts/F11
#[tokio::test(start_paused = true)]
async fn rfc8461_3_3_what_is_due_is_refreshed_once_each_within_bounds() {
    let store = store_of(500, T - DAY).await;
    let mut pace = Pace::default();
    pace.at_a_time = 10;
    let https = Https::default();
    let started = Instant::now();
    let now = || at(T + started.elapsed().as_secs());
    let mut told = Vec::new();
    let refresher = Refresher::new(Dns, &https, &store).pace(pace);
    let run = refresher.run(now, |domain, refreshed| told.push((domain.cloned(), refreshed)));
    let ended = tokio::time::timeout(Duration::from_secs(600), run).await;
    assert!(ended.is_err(), "it goes on");

    assert_eq!(told.len(), 500);
    for (domain, refreshed) in told {
        let Refreshed::Made(outcome) = refreshed else { panic!("{domain:?}: {refreshed:?}") };
        assert_eq!((outcome.result, outcome.fetch), (RefreshResult::Replaced, FetchMade::Yes));
    }
    let count = https.count.into_inner().unwrap();
    assert_eq!((count.most, count.fetched.len()), (10, 500));
    assert!(count.fetched.values().all(|&times| times == 1));
    let entry = store.load(&domain(7)).await.unwrap().entry.unwrap();
    assert_eq!((entry.id().as_str(), entry.policy().mode()), ("2", Mode::Testing));
    assert!(entry.fetched_at() > at(T));
}

// checks: mta-sts/F08, mta-sts/F11
#[tokio::test(start_paused = true)]
async fn f11_one_that_fails_is_tried_again_after_300_seconds() {
    let store = store_of(1, T - DAY).await;
    let https = Https { fails: true, ..Https::default() };
    let started = Instant::now();
    let now = || at(T + started.elapsed().as_secs());
    let mut times = Vec::new();
    let refresher = Refresher::new(Dns, &https, &store);
    let run = refresher.run(now, |_, refreshed| {
        let Refreshed::Made(outcome) = refreshed else { panic!("{refreshed:?}") };
        assert_eq!(outcome.result, RefreshResult::Failed(FetchError::Status(503)));
        times.push(started.elapsed().as_secs());
    });
    assert!(tokio::time::timeout(Duration::from_secs(1_200), run).await.is_err());
    assert_eq!(times.len(), 3, "{times:?}");
    assert!((300..=370).contains(&(times[1] - times[0])), "{times:?}");
    assert!((600..=670).contains(&(times[2] - times[1])), "{times:?}");
    let entry = store.load(&domain(0)).await.unwrap().entry.unwrap();
    assert_eq!(
        entry.failed_refreshes().map(|(_, kind, n)| (kind, n)),
        Some((FailureKind::Status, 3))
    );
    assert_eq!((entry.fetched_at(), entry.policy().mode()), (at(T - DAY), Mode::Enforce));
}

#[tokio::test(start_paused = true)]
async fn the_operator_refreshes_one_at_once() {
    let store = store_of(1, T).await;
    let https = Https::default();
    let refresher = Refresher::new(Dns, &https, &store);
    let refreshed = refresher.refresh(&domain(0), RefreshCause::Operator, || at(T + 1)).await;
    assert!(matches!(refreshed, Refreshed::Made(_)));
    // Nothing is kept of this one, and this one is dead.
    let refreshed = refresher.refresh(&domain(1), RefreshCause::Operator, || at(T)).await;
    assert_eq!(refreshed, Refreshed::NothingLive);
    let late = || at(T + 8 * DAY);
    let refreshed = refresher.refresh(&domain(0), RefreshCause::Due, late).await;
    assert_eq!(refreshed, Refreshed::NothingLive);
    assert_eq!(https.count.into_inner().unwrap().fetched.len(), 1);
}

/// Answers the second time and later.
struct Shaky(MemoryStore, Mutex<usize>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Down;

impl PolicyStore for Shaky {
    type Error = Down;

    async fn load(&self, domain: &PolicyDomain) -> Result<Stored, Down> {
        self.0.load(domain).await.map_err(never)
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> Result<(), Down> {
        let failed = {
            let mut calls = self.1.lock().unwrap();
            *calls += 1;
            *calls == 2
        };
        if failed { Err(Down) } else { self.0.save(domain, update).await.map_err(never) }
    }

    async fn due(&self, limit: usize, now: UnixTime) -> Result<Vec<PolicyDomain>, Down> {
        let failed = {
            let mut calls = self.1.lock().unwrap();
            *calls += 1;
            *calls == 1
        };
        if failed { Err(Down) } else { self.0.due(limit, now).await.map_err(never) }
    }
}

fn never(error: Infallible) -> Down {
    match error {}
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_told_and_asked_again() {
    let store = Shaky(store_of(1, T - DAY).await, Mutex::default());
    let https = Https::default();
    let started = Instant::now();
    let now = || at(T + started.elapsed().as_secs());
    let mut told = Vec::new();
    let refresher = Refresher::new(Dns, &https, &store);
    let run = refresher.run(now, |domain, refreshed| told.push((domain.cloned(), refreshed)));
    assert!(tokio::time::timeout(Duration::from_secs(200), run).await.is_err());
    assert_eq!(told[0], (None, Refreshed::StoreFailed(Down)));
    let made = told.iter().filter(|(_, refreshed)| matches!(refreshed, Refreshed::Made(_)));
    assert_eq!(made.count(), 1, "{told:?}");
}

/// Takes 45 seconds to say what was due when it was asked.
struct Slow(MemoryStore);

impl PolicyStore for Slow {
    type Error = Infallible;

    async fn load(&self, domain: &PolicyDomain) -> Result<Stored, Infallible> {
        self.0.load(domain).await
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> Result<(), Infallible> {
        self.0.save(domain, update).await
    }

    async fn due(&self, limit: usize, now: UnixTime) -> Result<Vec<PolicyDomain>, Infallible> {
        let due = self.0.due(limit, now).await;
        tokio::time::sleep(Duration::from_secs(45)).await;
        due
    }
}

// checks: mta-sts/F11
#[tokio::test(start_paused = true)]
async fn refreshes_go_on_while_the_store_looks_for_what_is_due() {
    let store = Slow(store_of(500, T - DAY).await);
    let https = Https::default();
    let started = Instant::now();
    let now = || at(T + started.elapsed().as_secs());
    let mut times = Vec::new();
    let refresher = Refresher::new(Dns, &https, &store);
    let run = refresher.run(now, |domain, refreshed| {
        assert!(matches!(refreshed, Refreshed::Made(_)), "{domain:?}: {refreshed:?}");
        times.push(started.elapsed().as_secs());
    });
    assert!(tokio::time::timeout(Duration::from_secs(600), run).await.is_err());
    assert_eq!(times.len(), 500, "each once, though the store has named some that were under way");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 5), "{times:?}");
    assert!(https.count.into_inner().unwrap().fetched.values().all(|&count| count == 1));
}
