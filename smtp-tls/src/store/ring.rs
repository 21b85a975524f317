//! Which domain is forgotten first: the clock algorithm.

use std::collections::HashMap;

use mta_sts::PolicyDomain;

use super::kept::Kept;

/// A domain in the ring.
struct Slot {
    domain: PolicyDomain,
    kept: Kept,
    /// Whether it was asked for since the hand passed.
    used: bool,
}

/// The domains, and a hand that goes round them.
#[derive(Default)]
pub(super) struct Ring {
    places: HashMap<PolicyDomain, u32>,
    slots: Vec<Slot>,
    hand: usize,
}

/// More domains than this are not kept, whatever the capacity.
pub(super) const MOST: usize = u32::MAX as usize;

impl Ring {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PolicyDomain, &Kept)> {
        self.slots.iter().map(|slot| (&slot.domain, &slot.kept))
    }

    /// What is kept of this domain, which was used by that.
    pub(super) fn get(&mut self, domain: &PolicyDomain) -> Option<&mut Kept> {
        let place = *self.places.get(domain)?;
        let slot = self.slots.get_mut(place as usize)?;
        slot.used = true;
        Some(&mut slot.kept)
    }

    /// Adds a domain that is not there.
    pub(super) fn add(&mut self, domain: &PolicyDomain, kept: Kept) {
        let Ok(place) = u32::try_from(self.slots.len()) else { return };
        self.places.insert(domain.clone(), place);
        self.slots.push(Slot { domain: domain.clone(), kept, used: true });
    }

    /// Takes a domain out; the last one takes its place.
    pub(super) fn remove(&mut self, domain: &PolicyDomain) -> Option<Kept> {
        let place = self.places.remove(domain)?;
        let removed = self.slots.swap_remove(place as usize);
        if let Some(moved) = self.slots.get(place as usize) {
            self.places.insert(moved.domain.clone(), place);
        }
        Some(removed.kept)
    }

    /// Changes each, and drops those that are empty then.
    pub(super) fn sweep(&mut self, mut change: impl FnMut(&mut Kept)) {
        for slot in &mut self.slots {
            change(&mut slot.kept);
        }
        let is_empty = |slot: &&Slot| slot.kept.is_empty();
        let empty: Vec<_> =
            self.slots.iter().filter(is_empty).map(|slot| slot.domain.clone()).collect();
        for domain in empty {
            self.remove(&domain);
        }
    }

    /// Removes the next domain, other than `keep`, that was not used since the hand passed it. Ends
    /// after two rounds at most.
    pub(super) fn forget_one(&mut self, keep: &PolicyDomain) -> Option<Kept> {
        for _ in 0..=2 * self.slots.len() {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let slot = self.slots.get_mut(self.hand)?;
            if slot.domain != *keep && !slot.used {
                let domain = slot.domain.clone();
                return self.remove(&domain);
            }
            slot.used = false;
            self.hand += 1;
        }
        None
    }
}
