//! Which domain is forgotten first: the clock algorithm.

use std::collections::HashMap;

use mta_sts::{PolicyDomain, Stored};

/// What is kept of one domain.
pub(super) struct Slot {
    pub(super) stored: Stored,
    /// Its place in the ring.
    place: usize,
    /// Whether it was asked for since the hand passed.
    used: bool,
}

/// The domains, and a hand that goes round them.
#[derive(Default)]
pub(super) struct Ring {
    slots: HashMap<PolicyDomain, Slot>,
    order: Vec<PolicyDomain>,
    hand: usize,
}

impl Ring {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PolicyDomain, &Stored)> {
        self.slots.iter().map(|(domain, slot)| (domain, &slot.stored))
    }

    /// What is kept of this domain, which was used by that.
    pub(super) fn get(&mut self, domain: &PolicyDomain) -> Option<&mut Stored> {
        let slot = self.slots.get_mut(domain)?;
        slot.used = true;
        Some(&mut slot.stored)
    }

    /// Adds a domain that is not there.
    pub(super) fn add(&mut self, domain: &PolicyDomain, stored: Stored) {
        let slot = Slot { stored, place: self.order.len(), used: true };
        self.slots.insert(domain.clone(), slot);
        self.order.push(domain.clone());
    }

    pub(super) fn remove(&mut self, domain: &PolicyDomain) -> Option<Stored> {
        let slot = self.slots.remove(domain)?;
        self.order.swap_remove(slot.place);
        if let Some(moved) = self.order.get(slot.place)
            && let Some(moved) = self.slots.get_mut(moved)
        {
            moved.place = slot.place;
        }
        Some(slot.stored)
    }

    /// Removes the next domain, other than `keep`, that was not used since the hand passed it. Ends
    /// after two rounds at most.
    pub(super) fn forget_one(&mut self, keep: &PolicyDomain) -> Option<Stored> {
        for _ in 0..=2 * self.order.len() {
            if self.hand >= self.order.len() {
                self.hand = 0;
            }
            let domain = self.order.get(self.hand)?.clone();
            let slot = self.slots.get_mut(&domain)?;
            if domain != *keep && !slot.used {
                return self.remove(&domain);
            }
            slot.used = false;
            self.hand += 1;
        }
        None
    }
}
