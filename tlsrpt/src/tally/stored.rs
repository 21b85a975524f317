//! Counters row by row, for stores and for comparison.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use pki_types::DnsName;
use sha2::{Digest as _, Sha256};

use super::cell::{Cell, Writer, counts, raise};
use super::counters::Counters;
use super::key::{self, PARENT};
use super::room::Known;
use crate::record::Record;

/// What one writer counted for one policy, or for one failure of a policy.
///
/// A store keeps rows by day, key and writer. Saving must keep the larger of the stored and the
/// new value for each of the two counts. In the order of their keys' bytes, the policies of a
/// domain stand before its failures: so they must be given back.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct CounterRow {
    /// What is counted: bytes that are equal if and only if the record, policy and failure are. Of
    /// a policy they hold all that tells it apart, up to some 266,000 bytes; of a failure no more
    /// than 2,048: it names its policy by a digest. Later versions read this form.
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
        let domain = match self.key.strip_prefix(FAILURE) {
            Some(mut rest) => key::take_text(&mut rest)?,
            None => {
                let mut key = self.key.as_slice();
                let length = key::take_number(&mut key)?;
                key::read_record(key.get(..length)?)?.0
            }
        };
        DnsName::try_from(domain).is_ok().then_some(domain)
    }
}

/// Why a stored row cannot be taken over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CounterRowError {
    /// Its key is not one of ours.
    #[error("stored counter has a key that cannot be read")]
    Key,
    /// It counts a failure of a policy that was not taken over before it.
    #[error("stored counter of a failure comes without its policy")]
    Policy,
    /// There are as many rows or writers as these counters can number.
    #[error("counters have no room for another row or writer")]
    Full,
}

/// A place in the history of one [`Counters`]: what was counted up to now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mark(u32);

/// How far the rows of one [`Counters`] were given out, a page at a time; see
/// [`Counters::changes_since`].
#[derive(Clone, Debug)]
pub struct Changes {
    since: Option<Mark>,
    until: Mark,
    /// The policies that there were at the beginning: of a later one nothing is given out.
    policies: u32,
    next_policy: u32,
    next_failure: u32,
}

impl Changes {
    /// Up to where the rows reach, once all pages are given out: what is counted in meanwhile comes
    /// after this mark, whether or not a page holds it already.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.until
    }
}

impl Counters {
    /// What was counted up to now, for [`rows_since`](Self::rows_since).
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.session)
    }

    /// All rows: each policy before its failures.
    pub fn rows(&self) -> impl Iterator<Item = CounterRow> {
        self.pages(self.changes(None))
    }

    /// The rows that were counted in after the mark. Rows that only [`merge`](Self::merge) has
    /// changed are not among them.
    pub fn rows_since(&self, mark: Mark) -> impl Iterator<Item = CounterRow> {
        self.pages(self.changes_since(mark))
    }

    /// The same rows, to be taken with [`page`](Self::page) while counting goes on.
    ///
    /// A failure row is never on an earlier page than its policy's, nor without it.
    #[must_use]
    pub fn changes_since(&self, mark: Mark) -> Changes {
        self.changes(Some(mark))
    }

    fn changes(&self, since: Option<Mark>) -> Changes {
        let (until, policies) = (self.mark(), self.policies.len());
        Changes { since, until, policies, next_policy: 0, next_failure: 0 }
    }

    fn pages(&self, mut changes: Changes) -> impl Iterator<Item = CounterRow> {
        let next = move || {
            let page = self.page(&mut changes, PAGE);
            (!page.is_empty()).then_some(page)
        };
        core::iter::from_fn(next).flatten()
    }

    /// The next rows, of so many bytes in all that only the last row of the page goes beyond. An
    /// empty page is the end.
    ///
    /// The changes must be those of these counters.
    #[must_use]
    pub fn page(&self, changes: &mut Changes, bytes: usize) -> Vec<CounterRow> {
        let wanted = |cell: &&Cell| changes.since.is_none_or(|mark| cell.session > mark.0);
        let (mut rows, mut left) = (Vec::new(), bytes);
        while left > 0 && changes.next_policy < changes.policies {
            let id = changes.next_policy;
            changes.next_policy += 1;
            if let Some(cell) = self.policies.value(id).filter(wanted) {
                let key = self.policy_key(id).unwrap_or_default();
                let number = self.by_writer(cell, &key, &mut rows);
                left = left.saturating_sub(number * (key.len() + ROW));
            }
        }
        let mut failures = Vec::new();
        while left > 0 && changes.next_failure < self.failures.len() {
            let id = changes.next_failure;
            changes.next_failure += 1;
            let parent = key::parent(self.failures.key(id));
            let parent = parent.filter(|&parent| parent < changes.policies);
            if let (Some(parent), true) =
                (parent, self.failures.value(id).as_ref().is_some_and(wanted))
            {
                failures.push((parent, id));
                left = left.saturating_sub(self.failures.key(id).len() + FAILURE_ROW);
            }
        }
        // By policy, so that its digest is computed once for a page.
        failures.sort_unstable();
        self.failure_rows(&failures, &mut rows);
        rows
    }

    fn failure_rows(&self, failures: &[(u32, u32)], rows: &mut Vec<CounterRow>) {
        let mut start = Vec::new();
        let mut of = None;
        for &(policy, id) in failures {
            if of != Some(policy) {
                start = self.failure_start(policy).unwrap_or_default();
                of = Some(policy);
            }
            let tail = self.failures.key(id).get(PARENT..).unwrap_or_default();
            if let Some(cell) = self.failures.value(id) {
                self.by_writer(cell, &[&start, tail].concat(), rows);
            }
        }
    }

    /// Adds a row for each writer of the cell; tells how many.
    fn by_writer(&self, cell: &Cell, key: &[u8], rows: &mut Vec<CounterRow>) -> usize {
        let before = rows.len();
        self.each_writer(cell, |writer, [successful, failed]| {
            rows.push(CounterRow::new(key.to_vec(), writer.clone(), successful, failed));
        });
        rows.len() - before
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

    /// What the keys of a policy's failures begin with: the mark, the domain, the policy's digest.
    fn failure_start(&self, policy: u32) -> Option<Vec<u8>> {
        let domain = self.domain_of(policy)?;
        let mut start = Vec::with_capacity(FAILURE.len() + 2 + domain.len() + DIGEST);
        start.extend_from_slice(FAILURE);
        key::put_text(&mut start, domain);
        start.extend_from_slice(&self.digest(policy)?);
        Some(start)
    }

    fn domain_of(&self, policy: u32) -> Option<&str> {
        let record = key::parent(self.policies.key(policy))?;
        key::read_record(self.records.key(record)).map(|(domain, _)| domain)
    }

    fn digest(&self, policy: u32) -> Option<Digest> {
        Some(Sha256::digest(self.policy_key(policy)?).into())
    }

    /// Takes over a stored row, as [`merge`](Self::merge) would. Policies come before their
    /// failures; else the order has no meaning.
    ///
    /// Rows of earlier versions are taken too, whose failures bear the key of their policy.
    ///
    /// # Errors
    ///
    /// [`CounterRowError`]; then nothing is changed.
    pub fn restore(&mut self, row: &CounterRow) -> Result<(), CounterRowError> {
        let read = read(&row.key).ok_or(CounterRowError::Key)?;
        let known = match &read {
            StoredKey::Failure { domain, policy, .. } => {
                let known = self.policy_by_digest(policy).ok_or(CounterRowError::Policy)?;
                if self.domain_of(known) != Some(domain) {
                    return Err(CounterRowError::Key);
                }
                Some(known)
            }
            StoredKey::Policy { .. } => None,
        };
        let writer = self.writer(&row.writer).ok_or(CounterRowError::Full)?;
        let (policy, failure) = match (&read, known) {
            (StoredKey::Policy { record, policy, failure }, _) => {
                (self.restore_policy(record, policy), *failure)
            }
            (StoredKey::Failure { failure, .. }, known) => (known, *failure),
        };
        let policy = policy.ok_or(CounterRowError::Full)?;
        let counted = [row.successful, row.failed];
        let (own, of_failure) =
            if failure.is_empty() { (counted, None) } else { ([0; 2], Some(counted)) };
        // A failure is not given out without its policy, were it one with which nobody was counted.
        if let Some(cell) = self.policies.value_mut(policy) {
            raise(counts(cell, &mut self.more, writer), own);
        }
        if let Some(counted) = of_failure {
            let key = [&policy.to_le_bytes(), failure].concat();
            let id = self.failures.intern(&key, || Cell::EMPTY).ok_or(CounterRowError::Full)?;
            if let Some(cell) = self.failures.value_mut(id) {
                raise(counts(cell, &mut self.more, writer), counted);
            }
        }
        Ok(())
    }

    fn restore_policy(&mut self, record: &[u8], policy: &[u8]) -> Option<u32> {
        let record = self.records.intern_under(key::record_head(record), record, || Known::NEW)?;
        self.policies.intern(&[&record.to_le_bytes(), policy].concat(), || Cell::EMPTY)
    }

    /// The policy with this digest. Digests are computed for policies that came since the last time.
    fn policy_by_digest(&mut self, digest: &Digest) -> Option<u32> {
        for id in self.digests.upto..self.policies.len() {
            let _ = self.digests.known.insert(self.digest(id)?, id);
            self.digests.upto = id + 1;
        }
        self.digests.known.get(digest).copied()
    }
}

/// The digests of policies, for the rows of their failures. Only who restores rows has any.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests {
    known: BTreeMap<Digest, u32>,
    /// The first policy that is not among them.
    upto: u32,
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

enum StoredKey<'a> {
    /// A policy; in the form of earlier versions, also one of its failures.
    Policy { record: &'a [u8], policy: &'a [u8], failure: &'a [u8] },
    /// A failure of the policy with this digest.
    Failure { domain: &'a str, policy: Digest, failure: &'a [u8] },
}

/// Takes a stored key apart, and only one whose parts can all be read.
fn read(key: &[u8]) -> Option<StoredKey<'_>> {
    match key.strip_prefix(FAILURE) {
        Some(rest) => read_failure(rest),
        None => read_policy(key),
    }
}

fn read_policy(mut key: &[u8]) -> Option<StoredKey<'_>> {
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
    Some(StoredKey::Policy { record, policy, failure: key })
}

fn read_failure(mut key: &[u8]) -> Option<StoredKey<'_>> {
    let domain = key::take_text(&mut key)?;
    let (policy, failure) = key.split_first_chunk::<DIGEST>()?;
    key::read_failure(failure)?;
    Some(StoredKey::Failure { domain, policy: *policy, failure })
}

type Digest = [u8; DIGEST];
/// Bytes of a SHA-256: who chooses policies must not find two of one digest.
const DIGEST: usize = 32;
/// What the key of a failure begins with. The key of a policy begins with the length of its record,
/// which is never so long: so failures come after policies in the order of bytes.
const FAILURE: &[u8] = &[0xff, 0xff];
/// Bytes of a row beside its key, about.
const ROW: usize = size_of::<CounterRow>();
/// Bytes of a failure's row beside the failure, at most.
const FAILURE_ROW: usize = ROW + FAILURE.len() + 2 + 255 + DIGEST;
/// Bytes of the rows that are made at a time where nobody says.
const PAGE: usize = 1 << 16;
