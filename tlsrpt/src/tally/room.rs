//! Who may have another row: each record of a domain has room of its own.

use alloc::vec::Vec;

use super::cell::Cell;
use super::counters::Counters;
use super::encode::remainder;
use super::table::Table;
use super::{Refused, key};
use crate::limits;

impl Counters {
    pub(super) fn enter_record(&mut self, key: &[u8], full: bool) -> Result<u32, Refused> {
        let head = key::record_head(key);
        if let Some(known) = self.records.find_under(head, key) {
            return Ok(known);
        }
        if full {
            return Err(Refused::Full);
        }
        if self.records.count_under(head) >= limits::RECORDS {
            return Err(Refused::Records);
        }
        self.records.intern_under(head, key, || Known::NEW).ok_or(Refused::Full)
    }

    /// The row of this policy alone, or `None` where its record has no room for another.
    ///
    /// As with failures, what only others have counted takes room like what is new: so what is
    /// counted here is the same whatever was merged in before.
    pub(super) fn enter_policy(
        &mut self,
        record: u32,
        guess: u32,
        key: &[u8],
        full: bool,
    ) -> Result<Option<u32>, Refused> {
        let cost = key.len() + limits::POLICY_ROW;
        let room = self.records.value(record).is_some_and(|known| known.has_room(cost));
        let id = if room && !full {
            Some(self.policies.intern_near(guess, key, || Cell::EMPTY).ok_or(Refused::Full)?)
        } else {
            self.policies.find_near(guess, key)
        };
        match id.and_then(|id| self.policies.value_mut(id)) {
            Some(cell) if cell.rows == 0 && !room => Ok(None),
            Some(cell) => {
                if cell.rows == 0 {
                    cell.rows = 1;
                    self.take(record, cost);
                }
                Ok(id)
            }
            None if full => Err(Refused::Full),
            None => Ok(None),
        }
    }

    /// The policy in which sessions under further policies of this type are counted.
    pub(super) fn enter_remainder(
        &mut self,
        record: u32,
        policy_type: &[u8],
        full: bool,
        spare: &mut Vec<u8>,
    ) -> Result<u32, Refused> {
        remainder(spare, record, policy_type);
        let known = self.policies.find(spare);
        let new = |policies: &mut Table<Cell>| policies.intern(spare, || Cell::EMPTY);
        let id = known.or_else(|| if full { None } else { new(&mut self.policies) });
        let id = id.ok_or(Refused::Full)?;
        if let Some(cell) = self.policies.value_mut(id) {
            cell.rows = cell.rows.max(1);
        }
        self.omitted = self.omitted.saturating_add(1);
        Ok(id)
    }

    /// Takes room of the record, if there is enough.
    fn take(&mut self, record: u32, cost: usize) -> bool {
        let Some(known) = self.records.value_mut(record) else { return false };
        let room = known.has_room(cost);
        if room {
            known.taken = known.taken.saturating_add(cost as u32);
        }
        room
    }

    /// Whether this policy may have another exact row.
    pub(super) fn begin_row(&mut self, policy: u32, record: u32, cost: usize) -> bool {
        let rows = self.policies.value(policy).map_or(usize::MAX, |cell| usize::from(cell.rows));
        let free = rows <= limits::FAILURE_KEYS && self.take(record, cost);
        if let (true, Some(cell)) = (free, self.policies.value_mut(policy)) {
            cell.rows += 1;
        }
        free
    }
}

/// What is known of a record beside its text.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The policy that was first in the record's last session: as a rule it is so in the next.
    pub(super) guess: u32,
    /// Bytes that the writer who counts here has taken under it.
    taken: u32,
}

impl Known {
    pub(super) const NEW: Self = Self { guess: NO_GUESS, taken: 0 };

    fn has_room(&self, cost: usize) -> bool {
        (self.taken as usize).saturating_add(cost) <= limits::RECORD_BYTES
    }
}

/// A number that no row has.
pub(super) const NO_GUESS: u32 = u32::MAX;
