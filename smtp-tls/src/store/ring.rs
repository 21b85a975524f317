//! The domains of a store in memory, and which of them is forgotten first: the clock algorithm.

use core::hash::BuildHasher;
use std::hash::RandomState;

use mta_sts::PolicyDomain;

use super::compact::Slot;

/// The domains, and a hand that goes round them.
///
/// Slots lie in blocks, so that growing copies none, and are found by a table of their places with
/// open addressing: eight to sixteen bytes a domain, where a hash map of slots has half of its room free.
pub(super) struct Ring {
    blocks: Vec<Vec<Slot>>,
    len: usize,
    /// Places, plus one; 0 is free. A power of two.
    table: Vec<u32>,
    hasher: RandomState,
    hand: usize,
}

impl Default for Ring {
    fn default() -> Self {
        let table = vec![0; SMALLEST];
        Self { blocks: Vec::new(), len: 0, table, hasher: RandomState::new(), hand: 0 }
    }
}

impl Ring {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn slot(&self, place: usize) -> Option<&Slot> {
        self.blocks.get(place / BLOCK)?.get(place % BLOCK)
    }

    pub(super) fn slot_mut(&mut self, place: usize) -> Option<&mut Slot> {
        self.blocks.get_mut(place / BLOCK)?.get_mut(place % BLOCK)
    }

    /// What is kept of this domain, which was used by that.
    pub(super) fn get(&mut self, domain: &PolicyDomain) -> Option<&mut Slot> {
        let place = self.find(domain)?;
        let slot = self.slot_mut(place)?;
        slot.used = true;
        Some(slot)
    }

    /// Adds a domain that is not there.
    pub(super) fn add(&mut self, slot: Slot) {
        if (self.len + 1) * 4 > self.table.len() * 3 {
            self.rebuild(self.table.len() * 2);
        }
        let place = self.len;
        self.enter(slot.domain().clone(), place);
        if place / BLOCK == self.blocks.len() {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        if let Some(block) = self.blocks.get_mut(place / BLOCK) {
            block.push(slot);
            self.len += 1;
        }
    }

    /// Removes a domain. The last one takes its place.
    pub(super) fn remove(&mut self, domain: &PolicyDomain) -> Option<Slot> {
        let place = self.find(domain)?;
        self.close_gap(self.entry_of(domain, place)?);
        let last = self.len.checked_sub(1)?;
        if place != last {
            let moved = self.slot(last)?.domain().clone();
            self.set(self.entry_of(&moved, last)?, place);
        }
        let slot = self.blocks.get_mut(last / BLOCK)?.pop()?;
        self.len = last;
        if last % BLOCK == 0 {
            self.blocks.pop();
        }
        if place == last {
            return Some(slot);
        }
        self.slot_mut(place).map(|gone| core::mem::replace(gone, slot))
    }

    /// Removes the next domain, other than `keep`, that was not used since the hand passed it. Ends
    /// after two rounds at most.
    pub(super) fn forget_one(&mut self, keep: &PolicyDomain) -> Option<Slot> {
        for _ in 0..=2 * self.len {
            if self.hand >= self.len {
                self.hand = 0;
            }
            let hand = self.hand;
            let slot = self.slot_mut(hand)?;
            if slot.domain() != keep && !slot.used {
                let domain = slot.domain().clone();
                return self.remove(&domain);
            }
            slot.used = false;
            self.hand += 1;
        }
        None
    }

    fn find(&self, domain: &PolicyDomain) -> Option<usize> {
        self.chain(domain).find_map(|(_, place)| {
            self.slot(place).filter(|slot| slot.domain() == domain).map(|_| place)
        })
    }

    /// Where the table names this place.
    fn entry_of(&self, domain: &PolicyDomain, place: usize) -> Option<usize> {
        self.chain(domain).find(|(_, entry)| *entry == place).map(|(at, _)| at)
    }

    /// The entries from where this domain belongs up to the next free one, with their places.
    fn chain(&self, domain: &PolicyDomain) -> impl Iterator<Item = (usize, usize)> {
        let home = self.home(domain);
        (0..self.table.len()).map_while(move |step| {
            let at = (home + step) & (self.table.len() - 1);
            let place = *self.table.get(at)?;
            Some((at, (place as usize).checked_sub(1)?))
        })
    }

    fn home(&self, domain: &PolicyDomain) -> usize {
        self.hasher.hash_one(domain) as usize & (self.table.len() - 1)
    }

    fn enter(&mut self, domain: PolicyDomain, place: usize) {
        let steps = self.chain(&domain).count();
        let at = (self.home(&domain) + steps) & (self.table.len() - 1);
        self.set(at, place);
    }

    fn set(&mut self, at: usize, place: usize) {
        if let Some(entry) = self.table.get_mut(at) {
            *entry = place as u32 + 1;
        }
    }

    /// Frees an entry and moves up those after it that this would cut off from their home.
    fn close_gap(&mut self, mut gap: usize) {
        let mask = self.table.len() - 1;
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let entry = self.table.get(at).copied().unwrap_or_default();
            let Some(slot) = (entry as usize).checked_sub(1).and_then(|place| self.slot(place))
            else {
                break;
            };
            let home = self.home(slot.domain());
            // Its home lies at the gap or before it.
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(gap) & mask) {
                if let Some(free) = self.table.get_mut(gap) {
                    *free = entry;
                }
                gap = at;
            }
        }
        if let Some(free) = self.table.get_mut(gap) {
            *free = 0;
        }
    }

    fn rebuild(&mut self, size: usize) {
        self.table = vec![0; size];
        for place in 0..self.len {
            if let Some(domain) = self.slot(place).map(|slot| slot.domain().clone()) {
                self.enter(domain, place);
            }
        }
    }
}

/// More domains than this are not kept, whatever the capacity: a place has 32 bits.
pub(super) const MOST: usize = u32::MAX as usize - 1;

/// Slots in a block. Ours: a block that is not full wastes little.
const BLOCK: usize = 4_096;

/// Entries in the smallest table.
const SMALLEST: usize = 64;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn domain(number: usize) -> PolicyDomain {
        format!("d{number}.example").parse().unwrap()
    }

    fn check(ring: &Ring, expected: &HashSet<usize>) {
        assert_eq!(ring.len(), expected.len());
        for number in 0..3 * BLOCK {
            assert_eq!(
                ring.find(&domain(number)).is_some(),
                expected.contains(&number),
                "{number}"
            );
        }
        let named = ring.table.iter().filter(|&&entry| entry > 0).count();
        assert_eq!(named, expected.len());
    }

    #[test]
    fn it_is_a_set_of_domains_through_any_changes() {
        let mut ring = Ring::default();
        let mut expected = HashSet::new();
        let mut number = 1_usize;
        for step in 0..30_000 {
            number = number.wrapping_mul(25_173).wrapping_add(13_849) & 0xFFFF;
            let which = number % (3 * BLOCK);
            if expected.contains(&which) {
                let removed = ring.remove(&domain(which)).unwrap();
                assert_eq!(removed.domain(), &domain(which));
                expected.remove(&which);
            } else {
                assert!(ring.remove(&domain(which)).is_none());
                ring.add(Slot::new(domain(which)));
                expected.insert(which);
            }
            if step % 10_000 == 9_999 {
                check(&ring, &expected);
            }
        }
        while let Some(&which) = expected.iter().next() {
            assert!(ring.remove(&domain(which)).is_some());
            expected.remove(&which);
        }
        check(&ring, &expected);
        assert!(ring.blocks.is_empty());
    }
}
