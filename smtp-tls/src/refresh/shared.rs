//! One fetch at a time for a domain.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mta_sts::{FetchError, PolicyBody, PolicyDomain};
use tokio::sync::watch;

use crate::fetch::FetchPolicy;

type Fetched = Result<PolicyBody, FetchError>;
type Running = HashMap<PolicyDomain, watch::Receiver<Option<Fetched>>>;

/// Fetches the policy of a domain once for all who ask for it at the same time.
///
/// Deliveries and refreshes that use the same one, behind an `Arc`, wait for one fetch and share its
/// outcome. If who began a fetch is cancelled, one of the others begins anew.
///
/// Who joins a fetch under way may get a policy from before he saw its new id; the refresh of the next day
/// mends that. One `Mailer` and its refresher need none of this: there, who waits asks anew.
pub struct SharedFetch<F> {
    fetch: F,
    running: Mutex<Running>,
}

/// Ends a fetch for others, whether it was finished or cancelled.
struct Lead<'a> {
    running: &'a Mutex<Running>,
    domain: &'a PolicyDomain,
    tell: watch::Sender<Option<Fetched>>,
}

enum Role<'a> {
    Lead(Lead<'a>),
    Follow(watch::Receiver<Option<Fetched>>),
}

impl<F> SharedFetch<F> {
    /// Fetches with this.
    #[must_use]
    pub fn new(fetch: F) -> Self {
        Self { fetch, running: Mutex::default() }
    }

    fn role<'a>(&'a self, domain: &'a PolicyDomain) -> Role<'a> {
        let mut running = lock(&self.running);
        if let Some(follow) = running.get(domain) {
            return Role::Follow(follow.clone());
        }
        let (tell, follow) = watch::channel(None);
        running.insert(domain.clone(), follow);
        Role::Lead(Lead { running: &self.running, domain, tell })
    }
}

impl<F: FetchPolicy + Sync> FetchPolicy for SharedFetch<F> {
    async fn fetch(&self, domain: &PolicyDomain) -> Fetched {
        loop {
            match self.role(domain) {
                Role::Lead(lead) => {
                    let fetched = self.fetch.fetch(domain).await;
                    lead.tell.send_replace(Some(fetched.clone()));
                    return fetched;
                }
                Role::Follow(mut follow) => {
                    let told = follow.wait_for(Option::is_some).await;
                    if let Ok(fetched) = told
                        && let Some(fetched) = &*fetched
                    {
                        return fetched.clone();
                    }
                }
            }
        }
    }
}

impl<F> fmt::Debug for SharedFetch<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFetch").finish_non_exhaustive()
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        lock(self.running).remove(self.domain);
    }
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::time::Duration;
    use std::sync::Arc;

    use super::*;

    /// Takes a second and counts.
    #[derive(Default)]
    struct Slow(AtomicUsize);

    impl FetchPolicy for Slow {
        async fn fetch(&self, _: &PolicyDomain) -> Fetched {
            self.0.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err(FetchError::Status(404))
        }
    }

    fn domain(name: &str) -> PolicyDomain {
        name.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn rfc8461_3_3_who_asks_meanwhile_shares_the_outcome() {
        let fetch = Arc::new(SharedFetch::new(Slow::default()));
        let askers: Vec<_> = (0..10)
            .map(|_| {
                let fetch = Arc::clone(&fetch);
                tokio::spawn(async move { fetch.fetch(&domain("one.example")).await })
            })
            .collect();
        let other = fetch.fetch(&domain("two.example")).await;
        assert_eq!(other, Err(FetchError::Status(404)));
        for asker in askers {
            assert_eq!(asker.await.unwrap(), Err(FetchError::Status(404)));
        }
        assert_eq!(fetch.fetch.0.load(Ordering::SeqCst), 2);
        assert!(lock(&fetch.running).is_empty());
        // One that asks later fetches anew.
        assert!(fetch.fetch(&domain("one.example")).await.is_err());
        assert_eq!(fetch.fetch.0.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_that_is_cancelled_is_begun_anew_by_another() {
        let fetch = Arc::new(SharedFetch::new(Slow::default()));
        let ask = || {
            let fetch = Arc::clone(&fetch);
            tokio::spawn(async move { fetch.fetch(&domain("one.example")).await })
        };
        let first = ask();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let second = ask();
        tokio::task::yield_now().await;
        first.abort();
        assert!(first.await.is_err());
        assert_eq!(second.await.unwrap(), Err(FetchError::Status(404)));
        assert_eq!(fetch.fetch.0.load(Ordering::SeqCst), 2);
    }
}
