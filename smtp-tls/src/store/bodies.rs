//! Policies with equal bodies, kept once.

use core::borrow::Borrow;
use core::hash::{Hash, Hasher};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use mta_sts::{CacheEntry, Policy};

/// Each body in use, with how many entries use it.
#[derive(Default)]
pub(super) struct Bodies {
    users: HashMap<ByText, usize>,
    bytes: usize,
}

/// A policy as a key: its text alone counts.
struct ByText(Policy);

impl Bodies {
    /// Bytes of all different bodies.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The same entry, with the policy that others of its text share.
    pub(super) fn share(&mut self, entry: &CacheEntry) -> CacheEntry {
        match self.users.entry(ByText(entry.policy().clone())) {
            Entry::Occupied(mut known) => {
                *known.get_mut() += 1;
                let policy = known.key().0.clone();
                match entry.failed_refreshes() {
                    None => CacheEntry::new(*entry.id(), policy, entry.fetched_at()),
                    // Such an entry was made from one that was loaded, and shares already.
                    Some(_) => entry.clone(),
                }
            }
            Entry::Vacant(free) => {
                self.bytes += free.key().0.as_str().len();
                free.insert(1);
                entry.clone()
            }
        }
    }

    /// Takes back what [`Bodies::share`] gave.
    pub(super) fn release(&mut self, entry: &CacheEntry) {
        let text = entry.policy().as_str();
        let Some(users) = self.users.get_mut(text) else { return };
        *users -= 1;
        if *users == 0 {
            self.users.remove(text);
            self.bytes -= text.len();
        }
    }
}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for ByText {}

impl Borrow<str> for ByText {
    fn borrow(&self) -> &str {
        self.0.as_str()
    }
}
