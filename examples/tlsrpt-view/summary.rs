//! What all reports say together: the rows that are shown, and the members of the JSON object.

use serde::Serialize;

use crate::table::{Octets, Rows};
use crate::text::Kept;

/// Everything that is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) totals: Totals,
    /// The time from the first report's start to the last report's end.
    pub(crate) range: Option<Range>,
    /// Sessions by domain and policy type.
    pub(crate) policies: Rows<PolicyRow>,
    /// Failed sessions by domain, policy type and result type.
    pub(crate) results: Rows<ResultRow>,
    /// MX hosts with failed sessions.
    pub(crate) hosts: Rows<HostRow>,
    /// Who sent reports.
    pub(crate) senders: Rows<SenderRow>,
    /// Days with reports, in order.
    pub(crate) days: Rows<DayRow>,
    /// The ways in which sessions failed.
    pub(crate) failures: Rows<FailureRow>,
    /// All reports that were read, the odd ones first.
    pub(crate) reports: Rows<ReportRow>,
    /// What could not be read.
    pub(crate) unread: Rows<UnreadRow>,
}

/// Numbers over all files.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Totals {
    /// Files and mails that were opened.
    pub(crate) files: u64,
    /// Reports that count.
    pub(crate) reports: u64,
    /// Reports that came again, and are not counted again.
    pub(crate) duplicates: u64,
    /// Reports that came again with another content; the first one counts.
    pub(crate) conflicts: u64,
    /// Reports that came when too many were known already: they count each time they come.
    pub(crate) not_remembered: u64,
    /// Files and reports that could not be read.
    pub(crate) unread: u64,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
}

impl Totals {
    /// How many reports were read, counted or not.
    pub(crate) fn read(&self) -> u64 {
        self.reports.saturating_add(self.duplicates).saturating_add(self.conflicts)
    }
}

/// A time from its first to its last second, as RFC 3339 writes them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Range {
    pub(crate) first: String,
    pub(crate) last: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct PolicyRow {
    pub(crate) domain: Kept,
    pub(crate) policy_type: Kept,
    pub(crate) reports: u64,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ResultRow {
    pub(crate) domain: Kept,
    pub(crate) policy_type: Kept,
    pub(crate) result_type: Kept,
    pub(crate) sessions: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct HostRow {
    pub(crate) host: Kept,
    /// Whether the policies of the reports name it: `yes`, `no`, `yes and no`, `unknown`.
    pub(crate) in_policy: &'static str,
    pub(crate) domains: Vec<Kept>,
    pub(crate) result_types: Vec<Kept>,
    pub(crate) sessions: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct SenderRow {
    pub(crate) organization: Kept,
    pub(crate) contact: Kept,
    pub(crate) reports: u64,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct DayRow {
    pub(crate) day: String,
    /// Days since 1 January 1970.
    #[serde(skip)]
    pub(crate) number: u32,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Failure {
    pub(crate) domain: Kept,
    pub(crate) policy_type: Kept,
    pub(crate) result_type: Kept,
    pub(crate) receiving_mx_hostname: Option<Kept>,
    pub(crate) receiving_mx_helo: Option<Kept>,
    pub(crate) receiving_ip: Option<Kept>,
    pub(crate) sending_mta_ip: Option<Kept>,
    pub(crate) failure_reason_code: Option<Kept>,
    pub(crate) additional_information: Option<Kept>,
    pub(crate) organization: Kept,
}

impl Octets for Failure {
    fn octets(&self) -> usize {
        let Self { domain, policy_type, result_type, organization, .. } = self;
        let optional = [
            &self.receiving_mx_hostname,
            &self.receiving_mx_helo,
            &self.receiving_ip,
            &self.sending_mta_ip,
            &self.failure_reason_code,
            &self.additional_information,
        ];
        let optional = optional.into_iter().flatten();
        let all = [domain, policy_type, result_type, organization].into_iter().chain(optional);
        all.map(|text| text.len()).sum()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct FailureRow {
    #[serde(flatten)]
    pub(crate) failure: Failure,
    pub(crate) sessions: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ReportRow {
    pub(crate) file: Kept,
    pub(crate) report_id: Kept,
    pub(crate) organization: Kept,
    pub(crate) range: Range,
    /// `new`, `duplicate` or `conflict`.
    pub(crate) repeat: &'static str,
    /// Departures from RFC 8460, those of the mail included.
    pub(crate) quirks: Vec<&'static str>,
    /// What is legal and suspicious.
    pub(crate) anomalies: Vec<&'static str>,
}

impl ReportRow {
    /// Whether there is more to tell than that it was read.
    pub(crate) fn is_odd(&self) -> bool {
        self.repeat != "new" || !self.quirks.is_empty() || !self.anomalies.is_empty()
    }
}

impl Octets for ReportRow {
    fn octets(&self) -> usize {
        let texts = [&self.file, &self.report_id, &self.organization].map(|text| text.len());
        let words = self.quirks.iter().chain(&self.anomalies).map(|word| word.len());
        texts.into_iter().chain(words).sum()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct UnreadRow {
    pub(crate) file: Kept,
    /// The stable word for the reason.
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

impl Octets for UnreadRow {
    fn octets(&self) -> usize {
        self.file.len() + self.text.len()
    }
}
