//! Counting what reports say.

use std::collections::BTreeSet;
use std::path::Path;

use pki_types::{DnsName, UnixTime};
use tlsrpt::{
    Address, DateTime, Detail, MailReading, PolicyReport, Reading, Repeat, Report, ReportKey,
    UtcDay, Window,
};

use crate::hosts::{Named, Standing};
use crate::input::Unread;
use crate::seen::Seen;
use crate::summary::{
    DayRow, Failure, FailureRow, HostRow, PolicyRow, Range, ReportRow, ResultRow, SenderRow,
    Summary, Totals, UnreadRow,
};
use crate::table::{Count, List, Room, Table};
use crate::text::Kept;

/// Names listed in one cell.
const LISTED: usize = 8;

/// Where a report comes from.
pub(crate) struct Origin<'a> {
    path: &'a Path,
    submitter: Option<DnsName<'a>>,
    quirks: Vec<&'static str>,
}

impl<'a> Origin<'a> {
    pub(crate) fn file(path: &'a Path) -> Self {
        Self { path, submitter: None, quirks: Vec::new() }
    }

    pub(crate) fn mail(path: &'a Path, mail: &MailReading) -> Self {
        let quirks = mail.quirks().iter().map(|quirk| quirk.word()).collect();
        Self { path, submitter: mail.submitter.clone(), quirks }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sessions {
    reports: u64,
    successful: u64,
    failed: u64,
}

impl Sessions {
    fn add(&mut self, other: Self) {
        self.reports = self.reports.saturating_add(other.reports);
        self.successful = self.successful.saturating_add(other.successful);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

impl Count for Sessions {
    fn sessions(&self) -> u64 {
        self.successful.saturating_add(self.failed)
    }
}

#[derive(Debug, Default)]
struct Host {
    standing: Standing,
    domains: BTreeSet<Kept>,
    result_types: BTreeSet<Kept>,
    sessions: u64,
}

impl Count for Host {
    fn sessions(&self) -> u64 {
        self.sessions
    }
}

/// What was counted so far.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    totals: Totals,
    range: Option<(UnixTime, UnixTime)>,
    seen: Seen,
    policies: Table<(Kept, Kept), Sessions>,
    results: Table<(Kept, Kept, Kept), u64>,
    hosts: Table<Kept, Host>,
    senders: Table<(Kept, Kept), Sessions>,
    days: Table<u32, Sessions>,
    failures: Table<Failure, u64>,
    odd: List<ReportRow>,
    plain: List<ReportRow>,
    unread: List<UnreadRow>,
}

impl Collection {
    /// Counts a file that was opened.
    pub(crate) fn file(&mut self) {
        self.totals.files += 1;
    }

    /// Lists what could not be read.
    pub(crate) fn unread(&mut self, path: &Path, why: &Unread) {
        self.totals.unread += 1;
        let file = Kept::of(&path.to_string_lossy());
        self.unread.push(UnreadRow { file, reason: why.word(), text: why.to_string() });
    }

    /// Lists a report, and counts it if its key is new.
    pub(crate) fn report(&mut self, origin: &Origin<'_>, reading: &Reading<'_>) {
        let report = reading.report();
        let repeat = self.judge(origin, report);
        match repeat {
            Repeat::New => self.count(report),
            Repeat::Duplicate => self.totals.duplicates += 1,
            Repeat::Conflict => self.totals.conflicts += 1,
        }
        let mut quirks = origin.quirks.clone();
        quirks.extend(reading.quirks().iter().map(|quirk| quirk.word()));
        let row = ReportRow {
            file: Kept::of(&origin.path.to_string_lossy()),
            report_id: Kept::of(report.report_id()),
            organization: Kept::of(report.organization_name()),
            range: range(report.window().start(), report.window().last()),
            repeat: match repeat {
                Repeat::New => "new",
                Repeat::Duplicate => "duplicate",
                Repeat::Conflict => "conflict",
            },
            quirks,
            anomalies: reading.anomalies().iter().map(|anomaly| anomaly.word()).collect(),
        };
        if row.is_odd() { self.odd.push(row) } else { self.plain.push(row) }
    }

    /// Nobody has verified a signature here, and the same report may lie here as mail and as a
    /// file: so the sender is the contact's domain, and the submitter only where there is none.
    fn judge(&mut self, origin: &Origin<'_>, report: &Report<'_>) -> Repeat {
        let mut key = ReportKey::new(report, None, None);
        if key.sender.is_empty() {
            key = ReportKey::new(report, None, origin.submitter.as_ref());
        }
        self.seen.judge(&key, report).unwrap_or_else(|| {
            self.totals.not_remembered += 1;
            Repeat::New
        })
    }

    fn count(&mut self, report: &Report<'_>) {
        self.totals.reports += 1;
        self.widen(report.window());
        let organization = Kept::of(report.organization_name());
        let mut all = Sessions { reports: 1, ..Sessions::default() };
        let mut domains = BTreeSet::new();
        for policy in report.policies() {
            let domain = name(policy.policy_domain());
            let policy_type = Kept::of(policy.policy_type().as_str());
            let key = (domain, policy_type);
            let sessions = Sessions {
                // Several policies of one type may be in one report.
                reports: u64::from(domains.insert(key.clone())),
                successful: policy.summary().successful,
                failed: policy.summary().failed,
            };
            all.add(Sessions { reports: 0, ..sessions });
            let named = Named::by(&policy);
            for detail in policy.details() {
                self.detail(&key, detail, &named, &organization);
            }
            self.undetailed(&key, &policy);
            self.policies.at(key).add(sessions);
        }
        self.totals.successful = self.totals.successful.saturating_add(all.successful);
        self.totals.failed = self.totals.failed.saturating_add(all.failed);
        self.senders.at((organization, Kept::of(report.contact_info()))).add(all);
        // A report of several days does not say on which day a session ended: its first one.
        self.days.at(UtcDay::of(report.window().start()).number()).add(all);
    }

    fn detail(
        &mut self,
        (domain, policy_type): &(Kept, Kept),
        detail: &Detail<'_>,
        named: &Named<'_>,
        organization: &Kept,
    ) {
        let (failure, sessions) = (&detail.failure, detail.failed_session_count);
        let result_type = Kept::of(failure.result_type.as_str());
        let text = |text: &Option<_>| text.as_deref().map(Kept::of);
        let ip = |ip: &Option<Address<'_>>| ip.as_ref().map(|ip| Kept::of(&ip.to_string()));
        let hostname = failure.receiving_mx_hostname.as_deref();
        let host_name = hostname.map(name);
        let key = (domain.clone(), policy_type.clone(), result_type.clone());
        add(self.results.at(key), sessions);
        if let Some((hostname, name)) = hostname.zip(host_name.clone()) {
            let (host, room) = self.hosts.at_with_room(name);
            host.standing.add(named.names(hostname));
            list(&mut host.domains, domain, room);
            list(&mut host.result_types, &result_type, room);
            add(&mut host.sessions, sessions);
        }
        let failure = Failure {
            domain: domain.clone(),
            policy_type: policy_type.clone(),
            result_type,
            receiving_mx_hostname: host_name,
            receiving_mx_helo: text(&failure.receiving_mx_helo),
            receiving_ip: ip(&failure.receiving_ip),
            sending_mta_ip: ip(&failure.sending_mta_ip),
            failure_reason_code: text(&failure.failure_reason_code),
            additional_information: text(&failure.additional_information),
            organization: organization.clone(),
        };
        add(self.failures.at(failure), sessions);
    }

    /// Failed sessions that no detail explains stand under an empty result type.
    fn undetailed(&mut self, (domain, policy_type): &(Kept, Kept), policy: &PolicyReport<'_, '_>) {
        let failed = policy.summary().failed;
        if failed > 0 && policy.details().is_empty() {
            let key = (domain.clone(), policy_type.clone(), Kept::of(""));
            add(self.results.at(key), failed);
        }
    }

    fn widen(&mut self, window: Window) {
        let (first, last) = self.range.unwrap_or((window.start(), window.last()));
        self.range = Some((first.min(window.start()), last.max(window.last())));
    }

    /// The rows to show.
    pub(crate) fn into_summary(self) -> Summary {
        let mut days = self.days.into_rows(day);
        days.rows.sort_by_key(|row| row.number);
        Summary {
            totals: self.totals,
            range: self.range.map(|(first, last)| range(first, last)),
            policies: self.policies.into_rows(|(domain, policy_type), count| {
                let Sessions { reports, successful, failed } = count;
                PolicyRow { domain, policy_type, reports, successful, failed }
            }),
            results: self.results.into_rows(|(domain, policy_type, result_type), sessions| {
                ResultRow { domain, policy_type, result_type, sessions }
            }),
            hosts: self.hosts.into_rows(|host, count| HostRow {
                host,
                in_policy: count.standing.word(),
                domains: count.domains.into_iter().collect(),
                result_types: count.result_types.into_iter().collect(),
                sessions: count.sessions,
            }),
            senders: self.senders.into_rows(|(organization, contact), count| {
                let Sessions { reports, successful, failed } = count;
                SenderRow { organization, contact, reports, successful, failed }
            }),
            days,
            failures: self.failures.into_rows(|failure, sessions| FailureRow { failure, sessions }),
            reports: self.odd.followed_by(self.plain),
            unread: self.unread.into_rows(),
        }
    }
}

fn day(number: u32, count: Sessions) -> DayRow {
    let day = UtcDay::from_number(number.into()).to_string();
    DayRow { day, number, successful: count.successful, failed: count.failed }
}

fn range(first: UnixTime, last: UnixTime) -> Range {
    let text = |time| DateTime::from(time).to_string();
    Range { first: text(first), last: text(last) }
}

fn add(count: &mut u64, sessions: u64) {
    *count = count.saturating_add(sessions);
}

/// A domain or host name as rows are told apart by it.
fn name(name: &str) -> Kept {
    Kept::of(&name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}

/// Adds a name to a list of few; the last place says that there are more.
fn list(names: &mut BTreeSet<Kept>, name: &Kept, room: &mut Room) {
    if names.contains(name) {
        return;
    }
    if names.len() < LISTED && room.take(name.len()) {
        names.insert(name.clone());
    } else {
        names.insert(Kept::of("…"));
    }
}
