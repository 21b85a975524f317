//! Where entries are kept: the trait that a store implements.

use alloc::vec::Vec;
use core::future::Future;

use pki_types::UnixTime;

use super::{CacheEntry, FetchHistory};
use crate::name::PolicyDomain;

/// What a store keeps of one domain.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stored {
    /// The policy fetched last, live or dead.
    pub entry: Option<CacheEntry>,
    /// The fetches of late.
    pub history: FetchHistory,
}

impl Stored {
    /// What is kept of a domain with this entry and this history.
    #[must_use]
    pub const fn new(entry: Option<CacheEntry>, history: FetchHistory) -> Self {
        Self { entry, history }
    }

    /// Carries out an update. A store that keeps values of this type needs nothing else.
    pub fn apply(&mut self, update: &Update) {
        match &update.entry {
            EntryUpdate::Keep => {}
            EntryUpdate::Put(entry) => self.entry = Some(entry.clone()),
            EntryUpdate::Remove => self.entry = None,
        }
        if let Some(history) = &update.history {
            self.history = history.clone();
        }
    }
}

/// What a machine wants kept.
#[must_use = "a policy that is not stored protects one delivery"]
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Update {
    /// What to do with the entry.
    pub entry: EntryUpdate,
    /// The new history, if it has changed.
    pub history: Option<FetchHistory>,
}

impl Update {
    /// The operator forgets a domain: its entry and its history (section 10.3).
    pub fn purge() -> Self {
        Self { entry: EntryUpdate::Remove, history: Some(FetchHistory::default()) }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entry == EntryUpdate::Keep && self.history.is_none()
    }
}

/// What to do with the entry of a domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum EntryUpdate {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Put this one in its place.
    Put(CacheEntry),
    /// Remove it: a fetched policy has ended it, or the operator has.
    Remove,
}

/// Keeps entries and histories by policy domain.
///
/// A store may drop dead entries and spent histories at any time, and nothing else. When it fails, the
/// delivery is deferred: "no answer" is not "no policy".
pub trait PolicyStore {
    /// Why the store failed.
    type Error;

    /// What is kept of this domain; an empty [`Stored`] if nothing is.
    fn load(
        &self,
        domain: &PolicyDomain,
    ) -> impl Future<Output = Result<Stored, Self::Error>> + Send;

    /// Carries out an update: all of it or nothing.
    fn save(
        &self,
        domain: &PolicyDomain,
        update: &Update,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// At most `limit` domains whose policy is due for a refresh ([`CacheEntry::refresh_due`]), the
    /// longest due first.
    fn due(
        &self,
        limit: usize,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<PolicyDomain>, Self::Error>> + Send;
}
