//! Counters row by row, for stores and for comparison.

use alloc::vec::Vec;

use pki_types::DnsName;

use super::cell::{Cell, Writer, counts, raise};
use super::counters::{Counters, NO_GUESS};
use super::key::{self, PARENT};
use crate::record::Record;

/// What one writer counted for one policy, or for one failure of a policy.
///
/// A store keeps rows by day, key and writer. Saving must keep the larger of the stored and the
/// new value for each of the two counts.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct CounterRow {
    /// What is counted: bytes that are equal if and only if the record, policy and failure are.
    /// Their form stays the same in later versions.
    pub key: Vec<u8>,
    /// Who counted.
    pub writer: Writer,
    /// Sessions that complied with the policy; zero for a failure.
    pub successful: u64,
    /// Sessions that did not comply, or in which the failure happened.
    pub failed: u64,
}

impl CounterRow {
    /// A row, as a store gives it back.
    #[must_use]
    pub fn new(key: Vec<u8>, writer: Writer, successful: u64, failed: u64) -> Self {
        Self { key, writer, successful, failed }
    }

    /// The domain that the row is counted for, to find its rows by; `None` if the key is not one of
    /// ours.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        let mut key = self.key.as_slice();
        let length = key::take_number(&mut key)?;
        let (domain, _) = key::read_record(key.get(..length)?)?;
        DnsName::try_from(domain).is_ok().then_some(domain)
    }
}

/// The key of a stored row is not one of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("stored counter has a key that cannot be read")]
pub struct CounterKeyError;

/// A place in the history of one [`Counters`]: what was counted up to now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mark(u32);

impl Counters {
    /// What was counted up to now, for [`rows_since`](Self::rows_since).
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.session)
    }

    /// All rows, in no certain order.
    pub fn rows(&self) -> impl Iterator<Item = CounterRow> {
        self.select(|_| true)
    }

    /// The rows that were counted in after the mark. Rows that only [`merge`](Self::merge) has
    /// changed are not among them.
    pub fn rows_since(&self, mark: Mark) -> impl Iterator<Item = CounterRow> {
        self.select(move |cell| cell.session > mark.0)
    }

    fn select(&self, wanted: impl Fn(&Cell) -> bool + Copy) -> impl Iterator<Item = CounterRow> {
        let policies = (0..self.policies.len()).flat_map(move |id| {
            self.policies.value(id).filter(|cell| wanted(cell)).map_or_else(Vec::new, |cell| {
                self.by_writer(cell, &self.policy_key(id).unwrap_or_default())
            })
        });
        let failures = (0..self.failures.len()).flat_map(move |id| {
            self.failures.value(id).filter(|cell| wanted(cell)).map_or_else(Vec::new, |cell| {
                self.by_writer(cell, &self.failure_key(id).unwrap_or_default())
            })
        });
        policies.chain(failures)
    }

    fn by_writer(&self, cell: &Cell, key: &[u8]) -> Vec<CounterRow> {
        let mut rows = Vec::new();
        self.each_writer(cell, |writer, [successful, failed]| {
            if [successful, failed] != [0; 2] {
                rows.push(CounterRow::new(key.to_vec(), writer.clone(), successful, failed));
            }
        });
        rows
    }

    /// The key by which a policy is stored: its record and itself, each behind its length.
    fn policy_key(&self, id: u32) -> Option<Vec<u8>> {
        let (record, policy) = self.policies.key(id).split_first_chunk::<PARENT>()?;
        let record = self.records.key(u32::from_le_bytes(*record));
        let mut key = Vec::with_capacity(record.len() + policy.len() + 6);
        for part in [record, policy] {
            key::put_number(&mut key, part.len());
            key.extend_from_slice(part);
        }
        Some(key)
    }

    /// The key by which a failure is stored: that of its policy, and itself.
    fn failure_key(&self, id: u32) -> Option<Vec<u8>> {
        let (policy, failure) = self.failures.key(id).split_first_chunk::<PARENT>()?;
        let mut key = self.policy_key(u32::from_le_bytes(*policy))?;
        key.extend_from_slice(failure);
        Some(key)
    }

    /// Takes over a stored row, as [`merge`](Self::merge) would.
    ///
    /// # Errors
    ///
    /// If the key was not written by this crate.
    pub fn restore(&mut self, row: &CounterRow) -> Result<(), CounterKeyError> {
        let StoredKey { record, policy, failure } = read(&row.key).ok_or(CounterKeyError)?;
        let writer = self.writer(&row.writer).ok_or(CounterKeyError)?;
        let record = self.records.intern(record, || NO_GUESS).ok_or(CounterKeyError)?;
        let mut key = [&record.to_le_bytes(), policy].concat();
        let policy = self.policies.intern(&key, || Cell::EMPTY).ok_or(CounterKeyError)?;
        let cell = if failure.is_empty() {
            self.policies.value_mut(policy)
        } else {
            key.clear();
            key.extend_from_slice(&policy.to_le_bytes());
            key.extend_from_slice(failure);
            let id = self.failures.intern(&key, || Cell::EMPTY).ok_or(CounterKeyError)?;
            self.failures.value_mut(id)
        };
        if let Some(cell) = cell {
            raise(counts(cell, &mut self.more, writer), [row.successful, row.failed]);
        }
        Ok(())
    }
}

impl PartialEq for Counters {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |counters: &Self| {
            let mut rows: Vec<_> = counters.rows().collect();
            rows.sort_unstable();
            rows
        };
        sorted(self) == sorted(other)
    }
}

impl Eq for Counters {}

struct StoredKey<'a> {
    record: &'a [u8],
    policy: &'a [u8],
    failure: &'a [u8],
}

/// Takes a stored key apart, and only one whose parts can all be read.
fn read(mut key: &[u8]) -> Option<StoredKey<'_>> {
    let mut part = || {
        let length = key::take_number(&mut key)?;
        let (part, rest) = key.split_at_checked(length)?;
        key = rest;
        Some(part)
    };
    let (record, policy) = (part()?, part()?);
    let (domain, text) = key::read_record(record)?;
    DnsName::try_from(domain).ok()?;
    text.parse::<Record>().ok()?;
    key::read_policy(policy, domain)?;
    if !key.is_empty() {
        key::read_failure(key)?;
    }
    Some(StoredKey { record, policy, failure: key })
}
