//! Policies in memory.

use core::convert::Infallible;
use core::fmt;
use core::hash::BuildHasher;
use std::collections::{BTreeMap, BinaryHeap};
use std::hash::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mta_sts::{Override, PolicyDomain, PolicyStore, Stored, UnixTime, Update};

use super::bodies::Bodies;
use super::compact::Slot;
use super::operate::Operate;
use super::ring::{MOST, Ring};

/// How much a store keeps. Beyond either it forgets: first domains of which it has no policy but fetches
/// that failed, which cost nobody anything to bring about; then those that were not asked for of late.
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

/// Keeps policies in memory, equal ones once.
///
/// Measured: a million domains under a thousand policies take 145 MiB, and 237 MiB while the fetches of
/// the last hour are kept with each of them.
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
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Domains with a policy.
    policies: Ring,
    /// Domains without one, of which a fetch is known.
    notes: Ring,
    bodies: Bodies,
    pins: BTreeMap<PolicyDomain, Override>,
}

/// What becomes of a domain that was looked at.
enum Looked {
    Stays,
    Goes,
}

impl MemoryStore {
    /// An empty store. It always keeps the domain that was saved last.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        Self { capacity, spread: RandomState::new(), kept: Mutex::default() }
    }

    /// How many domains are kept.
    #[must_use]
    pub fn domains(&self) -> usize {
        self.lock().len()
    }

    /// How many bytes of policies are kept, equal ones counted once.
    #[must_use]
    pub fn policy_bytes(&self) -> usize {
        self.lock().bodies.bytes()
    }

    /// Calls `look` with each domain of a ring in turn. What moves meanwhile may be passed over, and has
    /// its turn the next time.
    fn each_slot(
        &self,
        ring: fn(&mut Kept) -> (&mut Ring, &mut Bodies),
        mut look: impl FnMut(&mut Slot, &mut Bodies) -> Looked,
    ) {
        let mut place = 0;
        loop {
            let mut kept = self.lock();
            let end = place + AT_A_TIME;
            while place < end.min(ring(&mut kept).0.len()) {
                let (ring, bodies) = ring(&mut kept);
                let Some(slot) = ring.slot_mut(place) else { return };
                let looked = look(slot, bodies);
                let domain = slot.domain().clone();
                match looked {
                    Looked::Stays => place += 1,
                    // Another one stands at this place now.
                    Looked::Goes => {
                        if let Some(slot) = ring.remove(&domain)
                            && !slot.is_empty()
                        {
                            kept.notes.add(slot);
                        }
                    }
                }
            }
            if place >= ring(&mut kept).0.len() {
                return;
            }
        }
    }

    /// Every change is made as a whole, so that what a panic elsewhere has left is sound.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut kept = self.lock();
        let Kept { policies, notes, bodies, pins } = &mut *kept;
        let slot = policies.get(domain).or_else(|| notes.get(domain));
        let mut stored = slot.map(|slot| slot.stored(bodies)).unwrap_or_default();
        stored.pin = pins.get(domain).cloned().unwrap_or_default();
        Ok(stored)
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> Result<(), Self::Error> {
        let mut kept = self.lock();
        kept.apply(domain, update);
        while kept.len() > self.capacity.domains.min(MOST) && kept.forget_note(domain)
            || kept.is_over(self.capacity) && kept.forget_policy(domain)
        {}
        Ok(())
    }

    /// Looks at every domain, some thousand at a time, between which others have their turn; drops
    /// what is dead.
    async fn due(&self, limit: usize, now: UnixTime) -> Result<Vec<PolicyDomain>, Self::Error> {
        let mut due = First::new(limit);
        self.each_slot(Kept::policies, |slot, bodies| {
            slot.forget_spent(now, bodies);
            let Some(entry) = slot.entry(bodies) else { return Looked::Goes };
            let n = self.spread.hash_one(slot.domain());
            if entry.refresh_due(n, now) {
                due.offer((entry.refresh_at(n).as_secs(), slot.domain().clone()));
            }
            Looked::Stays
        });
        self.each_slot(Kept::notes, |slot, bodies| {
            slot.forget_spent(now, bodies);
            if slot.is_empty() { Looked::Goes } else { Looked::Stays }
        });
        Ok(due.into_iter().map(|(_, domain)| domain).collect())
    }
}

impl Operate for MemoryStore {
    async fn list(
        &self,
        after: Option<&PolicyDomain>,
        limit: usize,
    ) -> Result<Vec<PolicyDomain>, Self::Error> {
        let mut names = First::new(limit);
        for ring in [Kept::policies, Kept::notes] {
            self.each_slot(ring, |slot, _| {
                if after.is_none_or(|after| slot.domain() > after) {
                    names.offer(slot.domain().clone());
                }
                Looked::Stays
            });
        }
        Ok(names.into_iter().collect())
    }

    async fn pin(&self, domain: &PolicyDomain, pin: &Override) -> Result<(), Self::Error> {
        let mut kept = self.lock();
        match pin {
            Override::Nothing => drop(kept.pins.remove(domain)),
            pin => drop(kept.pins.insert(domain.clone(), pin.clone())),
        }
        Ok(())
    }

    async fn pins(&self) -> Result<Vec<PolicyDomain>, Self::Error> {
        Ok(self.lock().pins.keys().cloned().collect())
    }
}

impl Kept {
    const fn policies(&mut self) -> (&mut Ring, &mut Bodies) {
        (&mut self.policies, &mut self.bodies)
    }

    const fn notes(&mut self) -> (&mut Ring, &mut Bodies) {
        (&mut self.notes, &mut self.bodies)
    }

    const fn len(&self) -> usize {
        self.policies.len() + self.notes.len()
    }

    fn is_over(&self, capacity: Capacity) -> bool {
        self.len() > capacity.domains.min(MOST) || self.bodies.bytes() > capacity.policy_bytes
    }

    fn apply(&mut self, domain: &PolicyDomain, update: &Update) {
        let there = self.policies.remove(domain).or_else(|| self.notes.remove(domain));
        let mut slot = there.unwrap_or_else(|| Slot::new(domain.clone()));
        slot.used = true;
        slot.apply(update, &mut self.bodies);
        self.add(slot);
    }

    /// Adds a domain that is not there, if there is something to keep of it.
    fn add(&mut self, slot: Slot) {
        match (slot.has_entry(), slot.is_empty()) {
            (true, _) => self.policies.add(slot),
            (false, false) => self.notes.add(slot),
            (false, true) => {}
        }
    }

    /// Forgets a domain without a policy, other than `keep`; whether there was one.
    fn forget_note(&mut self, keep: &PolicyDomain) -> bool {
        self.notes.forget_one(keep).is_some()
    }

    /// Forgets a domain with a policy, other than `keep`; whether there was one.
    fn forget_policy(&mut self, keep: &PolicyDomain) -> bool {
        let forgotten = self.policies.forget_one(keep);
        forgotten.map(|mut slot| slot.release(&mut self.bodies)).is_some()
    }
}

/// The first so many of what is offered, in order.
struct First<T> {
    limit: usize,
    found: BinaryHeap<T>,
}

impl<T: Ord> First<T> {
    const fn new(limit: usize) -> Self {
        Self { limit, found: BinaryHeap::new() }
    }

    fn offer(&mut self, one: T) {
        self.found.push(one);
        if self.found.len() > self.limit {
            self.found.pop();
        }
    }

    fn into_iter(self) -> impl Iterator<Item = T> {
        self.found.into_sorted_vec().into_iter()
    }
}

/// Domains looked at without letting go of the store. Ours: well under a millisecond.
const AT_A_TIME: usize = 4_096;

#[cfg(test)]
mod tests {
    use core::task::{Context, Poll, Waker};
    use core::time::Duration;

    use mta_sts::{CacheEntry, EntryUpdate, FailureKind, FetchHistory, Policy, Profile};

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

    fn note() -> Update {
        let failed = Some(FailureKind::ConnectionFailed);
        let mut update = Update::default();
        update.history =
            Some(FetchHistory::default().with_fetch("1".parse().unwrap(), failed, at(5)));
        update
    }

    // checks: mta-sts/A10
    /// A zone with a wildcard makes as many domains that announce a policy and have none as one likes.
    #[test]
    fn a10_domains_whose_fetch_fails_push_out_no_policy() {
        let capacity = Capacity { domains: 10, ..Capacity::default() };
        let store = MemoryStore::new(capacity);
        for number in 0..9 {
            ready(store.save(&domain(number), &put("mx.example", 5)));
        }
        for number in 100..1_000 {
            ready(store.save(&domain(number), &note()));
            assert_eq!(ready(store.load(&domain(number))).history, note().history.unwrap());
        }
        assert_eq!(store.domains(), 10);
        for number in 0..9 {
            assert!(ready(store.load(&domain(number))).entry.is_some(), "{number}");
        }
        // One that gets its policy is no note any more, and one that loses it is one again.
        ready(store.save(&domain(999), &put("mx.example", 5)));
        ready(store.save(&domain(1_000), &note()));
        assert_eq!(store.domains(), 10, "one policy is forgotten: the last one saved is kept");
        ready(store.save(&domain(999), &put("mx.example", 5)));
        ready(store.save(&domain(999), &remove()));
        assert_eq!(ready(store.load(&domain(999))).history, note().history.unwrap());
        ready(store.save(&domain(1_001), &note()));
        assert!(store.domains() <= 10);
        assert!(ready(store.due(9, at(5 + 3_600))).is_empty());
        assert_eq!(store.domains(), 8, "notes count for an hour");
        assert_eq!(ready(store.list(None, 99)).len(), 8);
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

    // checks: mta-sts/F11
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

    #[test]
    fn failed_refreshes_are_kept_with_the_entry() {
        use mta_sts::{FetchError, Input, Options, Refresh, RefreshCause, TxtAnswer};

        let store = MemoryStore::new(Capacity::default());
        ready(store.save(&domain(1), &put("mx.example", 1000)));
        for failures in 1..4 {
            let stored = ready(store.load(&domain(1)));
            let entry = stored.entry.unwrap();
            let (options, cause) = (Options::default(), RefreshCause::Operator);
            let mut refresh = Refresh::new(domain(1), entry, stored.history, &options, cause);
            let now = at(50_000);
            refresh.handle(Input::Txt(TxtAnswer::TemporaryFailure), now).unwrap();
            refresh.handle(Input::Fetched(Err(FetchError::TimedOut)), now).unwrap();
            ready(store.save(&domain(1), &refresh.into_outcome().unwrap().update));
            let entry = ready(store.load(&domain(1))).entry.unwrap();
            assert_eq!(entry.failed_refreshes(), Some((now, FailureKind::TimedOut, failures)));
            assert_eq!(store.policy_bytes(), body("mx.example").len());
        }
        ready(store.save(&domain(1), &remove()));
        assert_eq!((store.domains(), store.policy_bytes()), (0, 0));
    }
}
