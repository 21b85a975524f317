//! Entries in few bytes: a million domains in memory.

use core::time::Duration;

use mta_sts::{
    CacheEntry, EntryUpdate, FetchHistory, PolicyDomain, PolicyId, Stored, UnixTime, Update,
};

use super::bodies::{Bodies, Body};

/// What is kept of one domain.
pub(super) struct Slot {
    domain: PolicyDomain,
    entry: Entry,
    /// Nothing while it is empty, as it is but for an hour after a fetch.
    history: Option<Box<FetchHistory>>,
    /// Whether it was asked for since the hand passed.
    pub(super) used: bool,
}

enum Entry {
    None,
    /// No refresh has failed since the fetch, which is how nearly all are.
    Fresh {
        id: PolicyId,
        fetched_at: u64,
        body: Body,
    },
    /// Refreshes have failed.
    Failing {
        entry: Box<CacheEntry>,
        body: Body,
    },
}

impl Slot {
    pub(super) const fn new(domain: PolicyDomain) -> Self {
        Self { domain, entry: Entry::None, history: None, used: true }
    }

    pub(super) const fn domain(&self) -> &PolicyDomain {
        &self.domain
    }

    pub(super) fn entry(&self, bodies: &Bodies) -> Option<CacheEntry> {
        match &self.entry {
            Entry::None => None,
            Entry::Fresh { id, fetched_at, body } => {
                let fetched_at = UnixTime::since_unix_epoch(Duration::from_secs(*fetched_at));
                Some(CacheEntry::new(*id, bodies.policy(*body)?.clone(), fetched_at))
            }
            Entry::Failing { entry, .. } => Some(CacheEntry::clone(entry)),
        }
    }

    pub(super) fn stored(&self, bodies: &Bodies) -> Stored {
        let history = self.history.as_deref().cloned().unwrap_or_default();
        Stored::new(self.entry(bodies), history)
    }

    const fn fetched_at(&self) -> Option<UnixTime> {
        match &self.entry {
            Entry::None => None,
            Entry::Fresh { fetched_at, .. } => {
                Some(UnixTime::since_unix_epoch(Duration::from_secs(*fetched_at)))
            }
            Entry::Failing { entry, .. } => Some(entry.fetched_at()),
        }
    }

    pub(super) fn apply(&mut self, update: &Update, bodies: &mut Bodies) {
        let new = match update.entry_over(self.fetched_at()) {
            EntryUpdate::Keep => None,
            EntryUpdate::Remove => Some(Entry::None),
            EntryUpdate::Put(entry) => Some(compact(entry, bodies)),
        };
        if let Some(new) = new {
            self.release(bodies);
            self.entry = new;
        }
        if let Some(history) = &update.history {
            self.history = kept(history);
        }
    }

    /// Gives back what of it is shared.
    pub(super) fn release(&mut self, bodies: &mut Bodies) {
        match core::mem::replace(&mut self.entry, Entry::None) {
            Entry::None => {}
            Entry::Fresh { body, .. } | Entry::Failing { body, .. } => bodies.release(body),
        }
    }

    /// Forgets what does not count any more.
    pub(super) fn forget_spent(&mut self, now: UnixTime, bodies: &mut Bodies) {
        if self.entry(bodies).is_some_and(|entry| !entry.is_live(now)) {
            self.release(bodies);
        }
        if self.history.as_ref().is_some_and(|history| history.is_spent(now)) {
            self.history = None;
        }
    }

    pub(super) const fn has_entry(&self) -> bool {
        !matches!(self.entry, Entry::None)
    }

    pub(super) const fn is_empty(&self) -> bool {
        matches!(self.entry, Entry::None) && self.history.is_none()
    }
}

fn compact(entry: &CacheEntry, bodies: &mut Bodies) -> Entry {
    let body = bodies.share(entry.policy());
    match entry.failed_refreshes() {
        None => Entry::Fresh { id: *entry.id(), fetched_at: entry.fetched_at().as_secs(), body },
        Some(_) => Entry::Failing { entry: Box::new(entry.clone()), body },
    }
}

fn kept(history: &FetchHistory) -> Option<Box<FetchHistory>> {
    (*history != FetchHistory::default()).then(|| Box::new(history.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_small() {
        assert!(size_of::<Slot>() <= 88, "{}", size_of::<Slot>());
    }
}
