//! Datagrams that came lately, so that equal ones need not be read again.
//!
//! A sender tells of most sessions with a domain in the very same bytes. What was counted for them
//! once is counted again, without reading them. Identity is by content: a hash only finds the place.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::encode::Encoded;
use super::session::Outcome;
use super::table::hash_wide;
use crate::time::UtcDay;

/// Datagrams of one day that can be counted without being read.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    seed: u64,
    day: Option<UtcDay>,
    places: Vec<Place>,
}

/// One place for all datagrams whose hash leads here: the last of them.
#[derive(Clone, Debug, Default)]
struct Place {
    /// Of the last datagram that came here. Only one that comes twice in a row is kept, so that a
    /// flood of different ones costs nothing but this number.
    hash: u64,
    kept: Option<Box<Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    hash: u64,
    bytes: Box<[u8]>,
    rows: Box<[Row]>,
}

/// What a datagram counts: a policy with an outcome, or a failure, by its number in the day's table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Row {
    Policy(u32, Outcome),
    Failure(u32),
}

impl Recent {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, day: None, places: Vec::new() }
    }

    /// Where a datagram of this day belongs. What was kept of another day is forgotten.
    pub(super) fn hash(&mut self, day: UtcDay, bytes: &[u8]) -> u64 {
        if self.day != Some(day) {
            self.day = Some(day);
            self.places.clear();
            self.places.resize(PLACES, Place::default());
        }
        hash_wide(self.seed, bytes)
    }

    /// What this datagram counts, if it is known.
    pub(super) fn rows(&self, hash: u64, bytes: &[u8]) -> Option<&[Row]> {
        let kept = self.places.get(place(hash))?.kept.as_deref()?;
        (kept.hash == hash && *kept.bytes == *bytes).then_some(&kept.rows)
    }

    /// Keeps what the session of this datagram has counted, if that is the same each time.
    pub(super) fn keep(&mut self, hash: u64, bytes: &[u8], session: &Encoded) {
        let Some(place) = self.places.get_mut(place(hash)) else { return };
        let again = place.hash == hash;
        place.hash = hash;
        if again
            && bytes.len() <= LONGEST
            && let Some(rows) = rows(session)
        {
            place.kept = Some(Box::new(Kept { hash, bytes: bytes.into(), rows }));
        }
    }

    /// Forgets all, for the numbers of rows are no longer those of the day's tables.
    pub(super) fn clear(&mut self) {
        self.day = None;
        self.places = Vec::new();
    }
}

fn place(hash: u64) -> usize {
    hash as usize & (PLACES - 1)
}

/// The rows of a session that was counted. None where one of its failures went into an overflow row or
/// a policy into a remainder, or a policy came twice: such sessions are judged anew each time.
fn rows(session: &Encoded) -> Option<Box<[Row]>> {
    let mut rows = Vec::with_capacity(session.policies.len() + session.failures.len());
    let mut once = |row: Row, id: &dyn Fn(&Row) -> bool| {
        let new = !rows.iter().any(id);
        if new {
            rows.push(row);
        }
        new
    };
    for policy in &session.policies {
        let same = |row: &Row| matches!(row, Row::Policy(id, _) if *id == policy.id);
        if !once(Row::Policy(policy.id, policy.outcome), &same) || !policy.exact {
            return None;
        }
    }
    for failure in &session.failures {
        // Equal failures of one session count once.
        let row = Row::Failure(failure.id?);
        once(row, &|other| *other == row);
    }
    Some(rows.into())
}

/// Datagrams that are kept at most, a power of two: with the largest some 20 MB, as a rule 6 MB.
const PLACES: usize = 1 << 14;
/// Bytes of the longest datagram that is kept.
const LONGEST: usize = 1_024;
