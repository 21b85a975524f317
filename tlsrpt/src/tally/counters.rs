//! One day's counters, for any number of writers, and their merge.

use alloc::vec::Vec;

use super::cell::{Cell, Counts, More, Writer, counts, each, has, raise};
use super::encode::{Encoded, EncodedFailure, EncodedPolicy, overflow};
use super::recent::Row;
use super::room::{Known, NO_GUESS};
use super::session::Outcome;
use super::stored::Digests;
use super::table::Table;
use super::{Refused, key};
use crate::limits;

/// The counters of one UTC day.
///
/// [`merge`](Self::merge) takes the maximum for each writer, and a value is the sum over writers.
/// So merging is commutative, associative and idempotent: snapshots may come twice and in any
/// order. Two sets of counters are equal if they hold the same values under the same content.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Placed by their domains, of which each has few.
    pub(super) records: Table<Known>,
    pub(super) policies: Table<Cell>,
    pub(super) failures: Table<Cell>,
    pub(super) writers: Vec<Writer>,
    /// Counts of all writers of a cell but its first.
    pub(super) more: Vec<More>,
    pub(super) session: u32,
    pub(super) digests: Digests,
    pub(super) omitted: u64,
}

impl Counters {
    /// No counters. The seed keeps peers from choosing names that slow the table down; it must
    /// not be known to them, and does not change any result.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            records: Table::new(seed),
            policies: Table::new(seed ^ 1),
            failures: Table::new(seed ^ 2),
            writers: Vec::new(),
            more: Vec::new(),
            session: 0,
            digests: Digests::default(),
            omitted: 0,
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.len() == 0
    }

    /// The number of buckets: policies of records, of which each has its totals.
    #[must_use]
    pub fn buckets(&self) -> u32 {
        self.policies.len()
    }

    /// Bytes held by the counters and their strings, without unused capacity.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let tables = self.records.bytes() + self.policies.bytes() + self.failures.bytes();
        tables + self.more.len() * size_of::<More>()
    }

    /// How often a failure went into an overflow row here, or a policy into the remainder of its type.
    #[must_use]
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Takes over what others counted; the order and number of merges do not matter.
    ///
    /// Rows are never folded here: that would make the result depend on the order.
    pub fn merge(&mut self, other: &Self) {
        let writers: Vec<_> = other.writers.iter().map(|writer| self.writer(writer)).collect();
        let record = |id: u32, out: &mut Vec<u8>| {
            out.extend_from_slice(other.records.key(id));
            Some(())
        };
        let count = other.records.len();
        let records =
            self.records.intern_all(count, record, key::record_head, || Known::NEW, |_, _| {});
        let policies = merge_table(
            &mut self.policies,
            &mut self.more,
            (&other.policies, &other.more),
            &records,
            &writers,
        );
        merge_table(
            &mut self.failures,
            &mut self.more,
            (&other.failures, &other.more),
            &policies,
            &writers,
        );
    }

    /// The number of a writer.
    pub(super) fn writer(&mut self, writer: &Writer) -> Option<u16> {
        let known = self.writers.iter().position(|known| known == writer);
        let at = known.unwrap_or_else(|| {
            self.writers.push(writer.clone());
            self.writers.len() - 1
        });
        u16::try_from(at).ok().filter(|&at| at < u16::MAX)
    }

    /// The number of a record that is known.
    pub(super) fn record(&self, key: &[u8]) -> Option<u32> {
        self.records.find_under(key::record_head(key), key)
    }

    /// Counts a session, wholly or not at all.
    pub(super) fn count(
        &mut self,
        session: &mut Encoded,
        writer: u16,
        room: usize,
        spare: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let full = self.bytes() >= room;
        self.begin_session();
        let record = match session.record_id {
            Some(id) => id,
            None => {
                let key = session.bytes.get(session.record.clone()).unwrap_or_default();
                self.enter_record(key, full)?
            }
        };
        let mut guess = self.records.value(record).map_or(NO_GUESS, |known| known.guess);
        for policy in &mut session.policies {
            let policy_type = policy.key.start + key::PARENT..policy.type_end;
            parented(&mut session.bytes, &policy.key, record);
            let key = session.bytes.get(policy.key.clone()).unwrap_or_default();
            let own = self.enter_policy(record, guess, key, full)?;
            policy.exact = own.is_some();
            policy.id = match own {
                Some(id) => id,
                None => {
                    let policy_type = session.bytes.get(policy_type).unwrap_or_default();
                    self.enter_remainder(record, policy_type, full, spare)?
                }
            };
            guess = policy.id.wrapping_add(1);
        }
        if let (Some(known), Some(first)) =
            (self.records.value_mut(record), session.policies.first())
        {
            known.guess = first.id;
        }
        let place = Place { record, writer, full };
        for at in 0..session.policies.len() {
            self.count_at(session, at, place, spare);
        }
        Ok(())
    }

    /// Counts one of the session's policies, and its failures.
    ///
    /// One that stands in a session twice counts once, as failed if it failed once, with the
    /// failures of both.
    fn count_at(&mut self, session: &mut Encoded, at: usize, place: Place, spare: &mut Vec<u8>) {
        let Some(policy) = session.policies.get(at) else { return };
        let (id, failures) = (policy.id, policy.failures.clone());
        let failed = |other: &EncodedPolicy| other.id == id && other.outcome == Outcome::Failure;
        let outcome =
            if session.policies.iter().any(failed) { Outcome::Failure } else { Outcome::Success };
        self.count_policy(id, outcome, place.writer);
        for at in failures {
            let Encoded { bytes, failures, .. } = session;
            let Some(failure) = failures.get_mut(at) else { break };
            failure.id = self.exact_row(parented(bytes, &failure.key, id), id, place);
            match failure.id {
                Some(id) => self.count_failure(id, place.writer),
                None => self.omit(session, id, at, place.writer, spare),
            }
        }
    }

    /// The row of this failure alone, if there is one or may be one.
    fn exact_row(&mut self, key: &[u8], policy: u32, place: Place) -> Option<u32> {
        let known = self.failures.find(key).filter(|&id| {
            self.failures.value(id).is_some_and(|cell| has(cell, &self.more, place.writer))
        });
        let cost = key.len() + limits::FAILURE_ROW;
        match known {
            None if !place.full && self.begin_row(policy, place.record, cost) => {
                self.failures.intern(key, || Cell::EMPTY)
            }
            known => known,
        }
    }

    /// Equal failures within one session count once.
    fn count_failure(&mut self, id: u32, writer: u16) {
        let Some(cell) = self.failures.value_mut(id) else { return };
        if cell.session != self.session {
            cell.session = self.session;
            let [_, failed] = counts(cell, &mut self.more, writer);
            *failed = failed.saturating_add(1);
        }
    }

    fn count_policy(&mut self, id: u32, outcome: Outcome, writer: u16) {
        let Some(cell) = self.policies.value_mut(id) else { return };
        if cell.session != self.session {
            cell.session = self.session;
            let [successful, failed] = counts(cell, &mut self.more, writer);
            let count = match outcome {
                Outcome::Success => successful,
                Outcome::Failure => failed,
            };
            *count = count.saturating_add(1);
        }
    }

    fn begin_session(&mut self) {
        self.session = self.session.wrapping_add(1).max(1);
    }

    /// Counts another session that is like one counted before.
    pub(super) fn count_again(&mut self, rows: &[Row], writer: u16) {
        self.begin_session();
        for row in rows {
            match *row {
                Row::Policy(id, outcome) => self.count_policy(id, outcome, writer),
                Row::Failure(id) => self.count_failure(id, writer),
            }
        }
    }

    /// Counts a failure of a policy in the overflow row of its type, unless the session has had an
    /// equal one of that policy.
    fn omit(
        &mut self,
        session: &Encoded,
        policy: u32,
        at: usize,
        writer: u16,
        spare: &mut Vec<u8>,
    ) {
        let tail = |failure: &EncodedFailure| {
            let tail = failure.key.start + key::PARENT..failure.key.end;
            session.bytes.get(tail).unwrap_or_default()
        };
        let Some(failure) = session.failures.get(at) else { return };
        let same = session.policies.iter().filter(|other| other.id == policy);
        let mut earlier =
            same.flat_map(|other| other.failures.clone()).take_while(|&other| other < at);
        if earlier.any(|other| session.failures.get(other).map(tail) == Some(tail(failure))) {
            return;
        }
        let result_type = session.bytes.get(failure.key.start + key::PARENT..failure.type_end);
        overflow(spare, policy, result_type.unwrap_or_default());
        let id = self.failures.intern(spare, || Cell::EMPTY);
        if let Some(cell) = id.and_then(|id| self.failures.value_mut(id)) {
            cell.session = self.session;
            let [_, failed] = counts(cell, &mut self.more, writer);
            *failed = failed.saturating_add(1);
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// A cell's value: the sum over its writers.
    pub(super) fn sum(&self, cell: &Cell) -> Counts {
        let [mut successful, mut failed] = [0_u64; 2];
        each(cell, &self.more, |_, [s, f]| {
            successful = successful.saturating_add(s);
            failed = failed.saturating_add(f);
        });
        [successful, failed]
    }

    /// What each writer counted in a cell.
    pub(super) fn each_writer(&self, cell: &Cell, mut visit: impl FnMut(&Writer, Counts)) {
        each(cell, &self.more, |writer, counts| {
            if let Some(writer) = self.writers.get(usize::from(writer)) {
                visit(writer, counts);
            }
        });
    }
}

/// Puts the parent's number in front of a key.
fn parented<'b>(bytes: &'b mut [u8], key: &core::ops::Range<usize>, parent: u32) -> &'b [u8] {
    let key = bytes.get_mut(key.clone()).unwrap_or_default();
    if let Some(place) = key.first_chunk_mut::<{ key::PARENT }>() {
        *place = parent.to_le_bytes();
    }
    key
}

fn merge_table(
    table: &mut Table<Cell>,
    more: &mut Vec<More>,
    (other, other_more): (&Table<Cell>, &[More]),
    parents: &[Option<u32>],
    writers: &[Option<u16>],
) -> Vec<Option<u32>> {
    let key = |id: u32, out: &mut Vec<u8>| {
        let (parent, tail) = other.key(id).split_first_chunk::<{ key::PARENT }>()?;
        let parent = (*parents.get(u32::from_le_bytes(*parent) as usize)?)?;
        out.extend_from_slice(&parent.to_le_bytes());
        out.extend_from_slice(tail);
        Some(())
    };
    table.intern_all(
        other.len(),
        key,
        key::whole,
        || Cell::EMPTY,
        |id, cell| {
            let Some(theirs) = other.value(id) else { return };
            each(theirs, other_more, |writer, theirs| {
                if let Some(Some(writer)) = writers.get(usize::from(writer)) {
                    raise(counts(cell, more, *writer), theirs);
                }
            });
        },
    )
}

/// Where a session's policies and failures are counted.
#[derive(Clone, Copy)]
struct Place {
    record: u32,
    writer: u16,
    /// Whether there is no room for new rows at all.
    full: bool,
}
