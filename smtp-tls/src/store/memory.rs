//! Policies in memory.

use core::convert::Infallible;
use core::fmt;
use core::hash::BuildHasher;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mta_sts::{PolicyDomain, PolicyStore, Stored, UnixTime, Update};

use super::bodies::Bodies;
use super::kept::Kept;
use super::ring::{MOST, Ring};

/// How much a store keeps. Beyond either it forgets the domains that were not asked for of late.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capacity {
    /// How many domains.
    pub domains: usize,
    /// How many bytes of policies, equal ones counted once. The largest policy has 65 536.
    pub policy_bytes: usize,
}

impl Default for Capacity {
    /// A hundred thousand domains and 64 MiB of policies. Ours: policies have some 150 bytes.
    fn default() -> Self {
        Self { domains: 100_000, policy_bytes: 64 << 20 }
    }
}

/// Keeps policies in memory, equal ones once: a million domains with some thousand different policies
/// take about 200 MB.
///
/// Refreshes are spread by a hash of the domain under a random key, so that nobody outside can predict
/// when a policy is fetched again
/// ([RFC 8461 section 10.2](https://www.rfc-editor.org/rfc/rfc8461#section-10.2)).
///
/// ```
/// use mta_sts::{PolicyStore, UnixTime};
/// use smtp_tls::store::{Capacity, MemoryStore};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new(Capacity::default());
/// let stored = store.load(&"example.org".parse()?).await?;
/// assert!(stored.entry.is_none());
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    capacity: Capacity,
    spread: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ring: Ring,
    bodies: Bodies,
}

impl MemoryStore {
    /// An empty store. It always keeps the domain that was saved last.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        Self { capacity, spread: RandomState::new(), state: Mutex::default() }
    }

    /// How many domains are kept.
    #[must_use]
    pub fn domains(&self) -> usize {
        self.lock().ring.len()
    }

    /// How many bytes of policies are kept, equal ones counted once.
    #[must_use]
    pub fn policy_bytes(&self) -> usize {
        self.lock().bodies.bytes()
    }

    /// Every change is made as a whole, so that what a panic elsewhere has left is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl PolicyStore for MemoryStore {
    type Error = Infallible;

    async fn load(&self, domain: &PolicyDomain) -> Result<Stored, Self::Error> {
        Ok(self.lock().ring.get(domain).map(|kept| kept.stored()).unwrap_or_default())
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> Result<(), Self::Error> {
        let State { ring, bodies } = &mut *self.lock();
        replace(ring, bodies, domain, update);
        while ring.len() > self.capacity.domains.min(MOST)
            || bodies.bytes() > self.capacity.policy_bytes
        {
            let Some(mut forgotten) = ring.forget_one(domain) else { break };
            forgotten.forget_entry(bodies);
        }
        Ok(())
    }

    /// Looks at every domain, and drops what is dead.
    async fn due(&self, limit: usize, now: UnixTime) -> Result<Vec<PolicyDomain>, Self::Error> {
        let State { ring, bodies } = &mut *self.lock();
        ring.sweep(|kept| kept.drop_dead(bodies, now));
        let mut due: Vec<_> = ring
            .iter()
            .filter_map(|(domain, kept)| {
                let entry = kept.entry()?;
                let n = self.spread.hash_one(domain);
                entry.refresh_due(n, now).then(|| (entry.refresh_at(n).as_secs(), domain))
            })
            .collect();
        due.sort_unstable();
        Ok(due.into_iter().take(limit).map(|(_, domain)| domain.clone()).collect())
    }
}

fn replace(ring: &mut Ring, bodies: &mut Bodies, domain: &PolicyDomain, update: &Update) {
    let old = ring.get(domain);
    let mut stored = old.as_ref().map(|kept| kept.stored()).unwrap_or_default();
    stored.apply(update);
    // What is new is shared before what was is given back, so that the same body stays.
    let new = Kept::new(stored, bodies);
    let is_empty = new.is_empty();
    match old {
        Some(place) => core::mem::replace(place, new).forget_entry(bodies),
        None if is_empty => {}
        None => ring.add(domain, new),
    }
    if is_empty {
        ring.remove(domain);
    }
}

#[cfg(test)]
mod tests {
    use core::task::{Context, Poll, Waker};
    use core::time::Duration;

    use mta_sts::{
        Action, CacheEntry, EntryUpdate, FailureKind, FetchError, FetchHistory, Input, Options,
        Policy, Profile, Refresh, RefreshCause, TxtAnswer,
    };

    use super::*;

    fn ready<T>(future: impl Future<Output = Result<T, Infallible>>) -> T {
        let mut future = core::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(value)) => value,
            Poll::Pending => panic!("the store waits for nothing"),
        }
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    fn domain(number: usize) -> PolicyDomain {
        format!("d{number}.example").parse().unwrap()
    }

    fn body(mx: &str) -> String {
        format!("version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 86400\n")
    }

    fn put(mx: &str, fetched_at: u64) -> Update {
        let policy = Policy::parse(body(mx).as_bytes(), Profile::default()).unwrap();
        let entry = CacheEntry::new("1".parse().unwrap(), policy, at(fetched_at));
        let mut update = Update::default();
        update.entry = EntryUpdate::Put(entry);
        update
    }

    fn remove() -> Update {
        let mut update = Update::default();
        update.entry = EntryUpdate::Remove;
        update
    }

    fn text_at(stored: &Stored) -> *const u8 {
        stored.entry.as_ref().unwrap().policy().as_str().as_ptr()
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let store = MemoryStore::new(Capacity::default());
        assert_eq!(ready(store.load(&domain(1))), Stored::default());
        ready(store.save(&domain(1), &put("mx.example", 5)));
        let stored = ready(store.load(&domain(1)));
        assert_eq!(stored.entry.unwrap().policy().as_str(), body("mx.example"));
        assert_eq!(ready(store.load(&domain(2))), Stored::default());
    }

    #[test]
    fn equal_policies_are_kept_once() {
        let store = MemoryStore::new(Capacity::default());
        for number in 0..100 {
            ready(store.save(&domain(number), &put("mx.example", 5)));
        }
        let [one, other] = [1, 99].map(|number| ready(store.load(&domain(number))));
        assert_eq!(text_at(&one), text_at(&other));
        assert_eq!(store.policy_bytes(), body("mx.example").len());
        for number in 0..100 {
            ready(store.save(&domain(number), &remove()));
        }
        assert_eq!((store.domains(), store.policy_bytes()), (0, 0));
    }

    #[test]
    fn a_replaced_policy_is_forgotten() {
        let store = MemoryStore::new(Capacity::default());
        ready(store.save(&domain(1), &put("mx.example", 5)));
        ready(store.save(&domain(1), &put("mx2.example", 6)));
        assert_eq!(store.policy_bytes(), body("mx2.example").len());
        ready(store.save(&domain(1), &put("mx2.example", 7)));
        assert_eq!(store.policy_bytes(), body("mx2.example").len());
        assert_eq!(store.domains(), 1);
    }

    #[test]
    fn a_failed_refresh_is_kept() {
        let store = MemoryStore::new(Capacity::default());
        ready(store.save(&domain(1), &put("mx.example", 1000)));
        let now = at(1000 + 40_000);
        let Stored { entry, history, .. } = ready(store.load(&domain(1)));
        let (entry, options) = (entry.unwrap(), Options::default());
        let mut refresh = Refresh::new(domain(1), entry, history, &options, RefreshCause::Due);
        while !matches!(refresh.action(), Action::Fetch { .. }) {
            let record = TxtAnswer::from_records([["v=STSv1; id=1"]]);
            refresh.handle(Input::Txt(record), now).unwrap();
        }
        refresh.handle(Input::Fetched(Err(FetchError::TimedOut)), now).unwrap();
        ready(store.save(&domain(1), &refresh.into_outcome().unwrap().update));
        let entry = ready(store.load(&domain(1))).entry.unwrap();
        assert_eq!(entry.failed_refreshes(), Some((now, FailureKind::TimedOut, 1)));
        assert_eq!(store.policy_bytes(), body("mx.example").len());
        ready(store.save(&domain(1), &Update::purge()));
        assert_eq!((store.domains(), store.policy_bytes()), (0, 0));
    }

    #[test]
    fn no_more_domains_than_the_capacity() {
        let capacity = Capacity { domains: 10, ..Capacity::default() };
        let store = MemoryStore::new(capacity);
        for number in 0..10 {
            ready(store.save(&domain(number), &put("mx.example", 5)));
        }
        assert_eq!(store.domains(), 10);
        for number in 10..500 {
            ready(store.save(&domain(number), &put("mx.example", 5)));
            // One that is in use stays.
            assert!(ready(store.load(&domain(3))).entry.is_some(), "{number}");
            assert!(ready(store.load(&domain(number))).entry.is_some());
        }
        assert_eq!(store.domains(), 10);
    }

    #[test]
    fn no_more_bytes_than_the_capacity() {
        let length = body("mx000.example").len();
        let capacity = Capacity { policy_bytes: 5 * length, ..Capacity::default() };
        let store = MemoryStore::new(capacity);
        for number in 0..200 {
            ready(store.save(&domain(number), &put(&format!("mx{number:03}.example"), 5)));
            assert!(ready(store.load(&domain(number))).entry.is_some());
        }
        assert_eq!((store.domains(), store.policy_bytes()), (5, 5 * length));
    }

    #[test]
    fn the_last_one_is_kept_even_without_room() {
        let store = MemoryStore::new(Capacity { domains: 0, policy_bytes: 0 });
        ready(store.save(&domain(1), &put("mx.example", 5)));
        ready(store.save(&domain(2), &put("mx.example", 5)));
        assert!(ready(store.load(&domain(2))).entry.is_some());
        assert_eq!(store.domains(), 1);
    }

    #[test]
    fn rfc8461_10_2_policies_come_due_within_a_day() {
        let store = MemoryStore::new(Capacity::default());
        for number in 0..100 {
            ready(store.save(&domain(number), &put("mx.example", 1000)));
        }
        let due = |now| ready(store.due(usize::MAX, at(now))).len();
        assert_eq!(due(1000 + 3 * 8_640 - 1), 0);
        let half = due(1000 + 5 * 8_640);
        assert!((10..90).contains(&half), "{half} of 100 are due at half of the time");
        assert_eq!(due(1000 + 7 * 8_640 + 1), 100);
        assert_eq!(ready(store.due(7, at(1000 + 7 * 8_640 + 1))).len(), 7);
    }

    #[test]
    fn the_longest_due_comes_first() {
        let store = MemoryStore::new(Capacity::default());
        ready(store.save(&domain(1), &put("mx.example", 100_000)));
        ready(store.save(&domain(2), &put("mx.example", 40_000)));
        assert_eq!(ready(store.due(2, at(126_000)))[0], domain(2));
    }

    #[test]
    fn what_is_dead_is_dropped() {
        let store = MemoryStore::new(Capacity::default());
        ready(store.save(&domain(1), &put("mx.example", 1000)));
        let id = "1".parse().unwrap();
        let failure = Some(FailureKind::Status);
        let mut note = Update::default();
        note.history = Some(FetchHistory::default().with_fetch(id, failure, at(1000)));
        ready(store.save(&domain(2), &note));
        assert_eq!(store.domains(), 2);
        ready(store.due(1, at(1000 + 3_600)));
        assert_eq!(store.domains(), 1);
        ready(store.due(1, at(1000 + 86_400)));
        assert_eq!(store.domains(), 1);
        ready(store.due(1, at(1000 + 86_401)));
        assert_eq!((store.domains(), store.policy_bytes()), (0, 0));
    }
}
