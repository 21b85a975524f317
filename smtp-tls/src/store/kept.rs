//! What is kept of a domain, in little room.

use std::sync::Arc;

use mta_sts::{CacheEntry, FetchHistory, Policy, PolicyId, Stored, UnixTime};

use super::bodies::Bodies;

/// A [`Stored`], whose policy is shared with all domains that have the same.
#[derive(Default)]
pub(super) struct Kept {
    entry: Entry,
    history: Option<Box<FetchHistory>>,
}

#[derive(Default)]
enum Entry {
    #[default]
    Nothing,
    /// The usual one: nothing has failed since the fetch.
    Fresh { id: PolicyId, policy: Arc<Policy>, fetched_at: UnixTime },
    /// One whose refreshes have failed.
    Failed(Box<CacheEntry>, Arc<Policy>),
}

impl Kept {
    pub(super) fn new(stored: Stored, bodies: &mut Bodies) -> Self {
        let Stored { entry, history, .. } = stored;
        let entry = match entry {
            None => Entry::Nothing,
            Some(entry) => {
                let policy = bodies.share(entry.policy());
                let (id, fetched_at) = (*entry.id(), entry.fetched_at());
                match entry.failed_refreshes() {
                    None => Entry::Fresh { id, policy, fetched_at },
                    // Its own policy has the same text as the one it was loaded with.
                    Some(_) => Entry::Failed(Box::new(entry), policy),
                }
            }
        };
        let history = (history != FetchHistory::default()).then(|| Box::new(history));
        Self { entry, history }
    }

    pub(super) fn stored(&self) -> Stored {
        Stored::new(self.entry(), self.history.as_deref().cloned().unwrap_or_default())
    }

    pub(super) fn entry(&self) -> Option<CacheEntry> {
        match &self.entry {
            Entry::Nothing => None,
            Entry::Fresh { id, policy, fetched_at } => {
                Some(CacheEntry::new(*id, Policy::clone(policy), *fetched_at))
            }
            Entry::Failed(entry, _) => Some(CacheEntry::clone(entry)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.entry, Entry::Nothing) && self.history.is_none()
    }

    /// Drops what means nothing any longer: a dead policy, attempts of more than an hour ago.
    pub(super) fn drop_dead(&mut self, bodies: &mut Bodies, now: UnixTime) {
        if self.entry().is_some_and(|entry| !entry.is_live(now)) {
            self.forget_entry(bodies);
        }
        if self.history.as_ref().is_some_and(|history| history.is_spent(now)) {
            self.history = None;
        }
    }

    /// Gives back what it shares; must be called before it is dropped.
    pub(super) fn forget_entry(&mut self, bodies: &mut Bodies) {
        match core::mem::take(&mut self.entry) {
            Entry::Nothing => {}
            Entry::Fresh { policy, .. } | Entry::Failed(_, policy) => bodies.release(policy),
        }
    }
}
