//! Where entries are kept: the trait that a store implements.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;

use pki_types::UnixTime;

use super::{CacheEntry, FetchHistory};
use crate::discovery::Override;
use crate::name::PolicyDomain;

/// What a store keeps of one domain.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stored {
    /// The policy fetched last, live or dead.
    pub entry: Option<CacheEntry>,
    /// The fetches of late.
    pub history: FetchHistory,
    /// What the operator has decided for this domain. Unless it is [`Override::Nothing`], a delivery
    /// goes by it and not by that of its options. No update changes it.
    pub pin: Override,
}

impl Stored {
    /// What is kept of a domain with this entry and this history, and no pin.
    #[must_use]
    pub const fn new(entry: Option<CacheEntry>, history: FetchHistory) -> Self {
        Self { entry, history, pin: Override::Nothing }
    }

    /// Carries out an update. A store that keeps values of this type needs nothing else.
    pub fn apply(&mut self, update: &Update) {
        match update.entry_over(self.entry.as_ref().map(CacheEntry::fetched_at)) {
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
    /// What must be there for the entry to be changed.
    pub basis: Basis,
}

impl Update {
    /// The operator forgets a domain: its entry and its history (section 10.3).
    pub fn purge() -> Self {
        let history = Some(FetchHistory::default());
        Self { entry: EntryUpdate::Remove, history, basis: Basis::Anything }
    }

    /// What to do with the entry if one fetched at this time is stored, or none. A store asks this when
    /// it carries out the update, and lets nobody else change the domain in between.
    ///
    /// Several who share a store may work on one domain at a time. Of two fetches the later one
    /// stays, whoever is slower to save it; a note that a refresh failed changes no other entry than the
    /// one that was to be refreshed, and brings none back that was removed meanwhile.
    #[must_use]
    pub fn entry_over(&self, stored: Option<UnixTime>) -> &EntryUpdate {
        match (self.basis, &self.entry) {
            (Basis::Entry(known), _) if known == stored => &self.entry,
            (Basis::Anything, _) => &self.entry,
            (_, EntryUpdate::Put(entry))
                if entry.failed_refreshes().is_none()
                    && stored.is_none_or(|stored| stored <= entry.fetched_at()) =>
            {
                &self.entry
            }
            _ => &EntryUpdate::Keep,
        }
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

/// What an update of an entry rests on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Basis {
    /// Whatever is stored: so wants the operator.
    #[default]
    Anything,
    /// An entry fetched at this time, or none. What else there may be now came in between.
    Entry(Option<UnixTime>),
}

impl Basis {
    pub(crate) fn of(entry: Option<&CacheEntry>) -> Self {
        Self::Entry(entry.map(CacheEntry::fetched_at))
    }
}

/// Keeps entries and histories by policy domain.
///
/// A store may drop dead entries and spent histories at any time, and nothing else. When it fails, the
/// delivery is deferred: "no answer" is not "no policy".
///
/// What is said of a store holds behind a reference, an [`Arc`] or a [`Box`] too.
pub trait PolicyStore {
    /// Why the store failed.
    type Error;

    /// What is kept of this domain; an empty [`Stored`] if nothing is. A pin that cannot be read is an
    /// error: it may be what protects the domain.
    fn load(
        &self,
        domain: &PolicyDomain,
    ) -> impl Future<Output = Result<Stored, Self::Error>> + Send;

    /// Carries out an update, after [`Update::entry_over`]: all of it or nothing.
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

macro_rules! behind {
    ($($pointer:ty),*) => {$(
        impl<S: PolicyStore + ?Sized> PolicyStore for $pointer {
            type Error = S::Error;

            fn load(
                &self,
                domain: &PolicyDomain,
            ) -> impl Future<Output = Result<Stored, Self::Error>> + Send {
                (**self).load(domain)
            }

            fn save(
                &self,
                domain: &PolicyDomain,
                update: &Update,
            ) -> impl Future<Output = Result<(), Self::Error>> + Send {
                (**self).save(domain, update)
            }

            fn due(
                &self,
                limit: usize,
                now: UnixTime,
            ) -> impl Future<Output = Result<Vec<PolicyDomain>, Self::Error>> + Send {
                (**self).due(limit, now)
            }
        }
    )*};
}

behind!(&S, Arc<S>, Box<S>);
