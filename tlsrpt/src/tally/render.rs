//! One day's counters as reports, a report for each domain and record.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use pki_types::DnsName;

use super::counters::Counters;
use super::encode::{OMITTED, POLICIES_OMITTED};
use super::key::{self, PARENT};
use super::reporter::{FileName, Reporter};
use crate::limits;
use crate::record::Record;
use crate::report::{Detail, Failure, Policy, Report, Row, Summary};
use crate::result::{PolicyType, ResultType};
use crate::time::{UtcDay, Window};

impl Counters {
    /// The reports of this day: one for each domain and text of its record, by domain and text.
    ///
    /// Failure rows beyond [`FAILURE_KEYS`](limits::FAILURE_KEYS) for one policy, and the rarest
    /// rows of a report whose JSON is longer than [`REPORT`](limits::REPORT), are folded into one
    /// row for each result type, with `details-omitted` as its reason. Policies beyond
    /// [`RECORD_BYTES`](limits::RECORD_BYTES), and the rarest of a report in which policies alone take
    /// more than half of [`REPORT`](limits::REPORT), are folded into one policy for each type, of the
    /// record's domain, with `policies-omitted` as its string. Totals stay exact.
    #[must_use]
    pub fn reports<'c>(&'c self, reporter: &'c Reporter, day: UtcDay) -> Reports<'c> {
        let mut records: Vec<u32> = (0..self.records.len()).collect();
        records.sort_by_key(|&id| key::read_record(self.records.key(id)));
        let policies = by_parent((0..self.policies.len()).map(|id| (self.policies.key(id), id)));
        let failures = by_parent((0..self.failures.len()).map(|id| (self.failures.key(id), id)));
        Reports { counters: self, reporter, day, records: records.into_iter(), policies, failures }
    }
}

/// The reports of one day; see [`Counters::reports`].
#[derive(Debug)]
pub struct Reports<'c> {
    counters: &'c Counters,
    reporter: &'c Reporter,
    day: UtcDay,
    records: alloc::vec::IntoIter<u32>,
    /// Pairs of parent and child, sorted.
    policies: Vec<(u32, u32)>,
    failures: Vec<(u32, u32)>,
}

/// A report, and what is needed to deliver it.
#[derive(Clone, Debug)]
pub struct DomainReport<'c> {
    domain: DnsName<'c>,
    record: Record,
    report: Report<'c>,
    unique_id: String,
    submitter: DnsName<'c>,
}

impl<'c> DomainReport<'c> {
    /// The domain reported on.
    #[must_use]
    pub fn domain(&self) -> &DnsName<'c> {
        &self.domain
    }

    /// Its record: where the report goes.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The report.
    #[must_use]
    pub fn report(&self) -> &Report<'c> {
        &self.report
    }

    /// The domain of the reporter's contact address.
    #[must_use]
    pub fn submitter(&self) -> &DnsName<'c> {
        &self.submitter
    }

    /// The report, without the rest.
    #[must_use]
    pub fn into_report(self) -> Report<'c> {
        self.report
    }

    /// The name of the report's file, gzipped.
    #[must_use]
    pub fn file_name(&self) -> FileName {
        let window = self.report.window();
        FileName::new(&self.submitter, self.domain.to_owned(), window, &self.unique_id)
    }
}

impl<'c> Iterator for Reports<'c> {
    type Item = DomainReport<'c>;

    fn next(&mut self) -> Option<Self::Item> {
        // A record that no policy was counted under has nothing to report.
        while let Some(id) = self.records.next() {
            let policies = children(&self.policies, id);
            if !policies.is_empty()
                && let Some(report) = self.report(id, policies)
            {
                return Some(report);
            }
        }
        None
    }
}

impl<'c> Reports<'c> {
    fn report(&self, id: u32, policies: &[(u32, u32)]) -> Option<DomainReport<'c>> {
        let (domain, text) = key::read_record(self.counters.records.key(id))?;
        let window = Window::from(self.day);
        let unique_id = self.reporter.unique_id(text, window);
        let mut report = Report::new(
            self.reporter.organization_name(),
            self.reporter.contact_info(),
            self.reporter.report_id(domain, self.day, &unique_id),
            window,
        );
        for &(_, policy) in policies {
            self.add(&mut report, policy, domain);
        }
        shrink(&mut report, limits::REPORT, domain);
        Some(DomainReport {
            domain: DnsName::try_from(domain).ok()?,
            record: text.parse().ok()?,
            report,
            unique_id,
            submitter: self.reporter.submitter().borrow(),
        })
    }

    fn add(&self, report: &mut Report<'c>, id: u32, report_domain: &'c str) -> Option<()> {
        let counters = self.counters;
        let tail = counters.policies.key(id).get(PARENT..)?;
        let policy = key::read_policy(tail, report_domain)?;
        let [successful, failed] = counters.sum(counters.policies.value(id)?);
        let mut details: Vec<_> = children(&self.failures, id)
            .iter()
            .filter_map(|&(_, failure)| {
                let tail = counters.failures.key(failure).get(PARENT..)?;
                let [_, failed_session_count] = counters.sum(counters.failures.value(failure)?);
                Some(Detail { failure: key::read_failure(tail)?, failed_session_count })
            })
            .collect();
        cap(&mut details);
        report.push(policy, Summary { successful, failed }, details);
        Some(())
    }
}

/// Pairs of parent and child from keys that begin with their parent, sorted.
fn by_parent<'k>(keys: impl Iterator<Item = (&'k [u8], u32)>) -> Vec<(u32, u32)> {
    let mut pairs: Vec<_> = keys.filter_map(|(key, id)| Some((key::parent(key)?, id))).collect();
    pairs.sort_unstable();
    pairs
}

fn children(pairs: &[(u32, u32)], parent: u32) -> &[(u32, u32)] {
    let start = pairs.partition_point(|&(other, _)| other < parent);
    let end = pairs.partition_point(|&(other, _)| other <= parent);
    pairs.get(start..end).unwrap_or_default()
}

/// The most frequent rows stay exact; the rest is folded.
fn cap(details: &mut Vec<Detail<'_>>) {
    details.sort_by(|a, b| {
        let count = b.failed_session_count.cmp(&a.failed_session_count);
        is_exact(b).cmp(&is_exact(a)).then(count).then_with(|| a.failure.cmp(&b.failure))
    });
    let exact = details.iter().take_while(|detail| is_exact(detail)).count();
    let keep = exact.min(limits::FAILURE_KEYS);
    let folded = fold(details.drain(keep..));
    details.extend(folded);
}

/// One overflow row for each result type, with the sum of its counts.
fn fold<'a>(details: impl IntoIterator<Item = Detail<'a>>) -> Vec<Detail<'a>> {
    let mut sums: BTreeMap<ResultType<'a>, u64> = BTreeMap::new();
    for detail in details {
        let sum = sums.entry(detail.failure.result_type).or_default();
        *sum = sum.saturating_add(detail.failed_session_count);
    }
    let row =
        |(name, failed_session_count)| Detail { failure: overflow(name), failed_session_count };
    sums.into_iter().map(row).collect()
}

fn overflow(result_type: ResultType<'_>) -> Failure<'_> {
    let reason = Some(Cow::Borrowed(OMITTED));
    Failure { failure_reason_code: reason, ..Failure::new(result_type) }
}

/// Folds as few of the rarest rows as make the report's JSON fit into this many bytes, or all. Before
/// that, policies: if they take more than half of it without their failures.
pub(super) fn shrink<'a>(report: &mut Report<'a>, max: usize, domain: &'a str) {
    if report.json_len() <= max {
        return;
    }
    // What is folded must not depend on the order of merges.
    report.sort_policies();
    shrink_policies(report, max / 2, domain);
    let count = |at: &usize| report.details.get(*at).map(|detail| detail.failed_session_count);
    let mut rarest: Vec<usize> = report.rows.iter().flat_map(|row| row.details.clone()).collect();
    rarest.sort_by_key(count);
    let folded = |rows: usize| without(report, rarest.get(..rows).unwrap_or_default());
    let enough = fewest(rarest.len(), |rows| folded(rows).json_len() <= max);
    *report = folded(enough);
}

/// Folds as few of the rarest policies as make the JSON of the policies alone fit, or all.
fn shrink_policies<'a>(report: &mut Report<'a>, max: usize, domain: &'a str) {
    let sessions = |at: &usize| {
        let summary = report.rows.get(*at).map(|row| row.summary).unwrap_or_default();
        summary.successful.saturating_add(summary.failed)
    };
    let mut rarest: Vec<usize> = (0..report.rows.len()).collect();
    rarest.sort_by_key(sessions);
    let folded = |report: &Report<'a>, rows: usize| {
        without_policies(report, rarest.get(..rows).unwrap_or_default(), domain)
    };
    let bare = bare(report);
    let enough = fewest(rarest.len(), |rows| folded(&bare, rows).json_len() <= max);
    if enough > 0 {
        *report = folded(report, enough);
    }
}

/// The report without its failures.
fn bare<'a>(report: &Report<'a>) -> Report<'a> {
    let Report { head, rows, strings, .. } = report;
    let rows = rows.iter().map(|row| Row { details: 0..0, ..row.clone() }).collect();
    Report { head: head.clone(), rows, strings: strings.clone(), details: Vec::new() }
}

/// The smallest number up to `all` that will do, where each beyond one that does will do too; or all.
fn fewest(all: usize, will_do: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, all);
    while low < high {
        let middle = low.midpoint(high);
        if will_do(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The report with these policies folded, into one for each type.
fn without_policies<'a>(report: &Report<'a>, rows: &[usize], domain: &'a str) -> Report<'a> {
    let mut gone = alloc::vec![false; report.rows.len()];
    for &at in rows {
        if let Some(gone) = gone.get_mut(at) {
            *gone = true;
        }
    }
    let (rows, strings, details) = (Vec::new(), Vec::new(), Vec::new());
    let mut folded = Report { head: report.head.clone(), rows, strings, details };
    let mut rest: BTreeMap<PolicyType<'a>, (Summary, Vec<Detail<'a>>)> = BTreeMap::new();
    for (row, gone) in report.rows.iter().zip(gone) {
        let policy = Policy {
            policy_type: row.policy_type.clone(),
            domain: row.policy_domain.clone(),
            strings: report.texts(&row.strings).to_vec(),
            mx_hosts: report.texts(&row.mx_hosts).to_vec(),
        };
        let details = report.details_of(row).iter().cloned();
        // A remainder that is there already takes the others in.
        let is_remainder = policy == remainder(policy.policy_type.clone(), domain);
        if !gone && !is_remainder {
            folded.push(policy, row.summary, details);
            continue;
        }
        let (summary, kept) = rest.entry(policy.policy_type).or_default();
        summary.successful = summary.successful.saturating_add(row.summary.successful);
        summary.failed = summary.failed.saturating_add(row.summary.failed);
        if is_remainder {
            kept.extend(details);
        } else {
            kept.extend(fold(details));
        }
    }
    for (policy_type, (summary, details)) in rest {
        let (mut kept, omitted): (Vec<_>, Vec<_>) = details.into_iter().partition(is_exact);
        kept.extend(fold(omitted));
        folded.push(remainder(policy_type, domain), summary, kept);
    }
    folded
}

/// The policy of a type in which others are folded.
fn remainder<'a>(policy_type: PolicyType<'a>, domain: &'a str) -> Policy<'a> {
    let strings = (policy_type != PolicyType::NO_POLICY_FOUND).then_some(POLICIES_OMITTED);
    Policy::new(policy_type, domain).strings(strings)
}

/// The report with these rows folded.
fn without<'a>(report: &Report<'a>, rows: &[usize]) -> Report<'a> {
    let mut gone = alloc::vec![false; report.details.len()];
    for &at in rows {
        if let Some(gone) = gone.get_mut(at) {
            *gone = true;
        }
    }
    let mut folded = Report { details: Vec::new(), ..report.clone() };
    for row in &mut folded.rows {
        let mine = report.details.get(row.details.clone()).unwrap_or_default();
        let marks = gone.get(row.details.clone()).unwrap_or_default();
        let select = |wanted: bool| {
            let of = mine.iter().zip(marks).filter(move |(_, gone)| **gone == wanted);
            of.map(|(detail, _)| detail.clone())
        };
        let start = folded.details.len();
        // An overflow row that is there already takes the others in.
        let (keep, omitted): (Vec<_>, Vec<_>) = select(false).partition(is_exact);
        folded.details.extend(keep);
        folded.details.extend(fold(omitted.into_iter().chain(select(true))));
        row.details = start..folded.details.len();
    }
    folded
}

fn is_exact(detail: &Detail<'_>) -> bool {
    detail.failure != overflow(detail.failure.result_type.clone())
}
