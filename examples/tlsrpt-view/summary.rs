//! What all reports say together: the rows that are shown, and the members of the JSON object.

use serde::Serialize;

use crate::table::Rows;

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
    pub(crate) domain: String,
    pub(crate) policy_type: String,
    pub(crate) reports: u64,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ResultRow {
    pub(crate) domain: String,
    pub(crate) policy_type: String,
    pub(crate) result_type: String,
    pub(crate) sessions: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct HostRow {
    pub(crate) host: String,
    /// Whether the policies of the reports name it: `yes`, `no`, `yes and no`, `unknown`.
    pub(crate) in_policy: &'static str,
    pub(crate) domains: Vec<String>,
    pub(crate) result_types: Vec<String>,
    pub(crate) sessions: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct SenderRow {
    pub(crate) organization: String,
    pub(crate) contact: String,
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
    pub(crate) domain: String,
    pub(crate) policy_type: String,
    pub(crate) result_type: String,
    pub(crate) receiving_mx_hostname: Option<String>,
    pub(crate) receiving_mx_helo: Option<String>,
    pub(crate) receiving_ip: Option<String>,
    pub(crate) sending_mta_ip: Option<String>,
    pub(crate) failure_reason_code: Option<String>,
    pub(crate) additional_information: Option<String>,
    pub(crate) organization: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct FailureRow {
    #[serde(flatten)]
    pub(crate) failure: Failure,
    pub(crate) sessions: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ReportRow {
    pub(crate) file: String,
    pub(crate) report_id: String,
    pub(crate) organization: String,
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

#[derive(Debug, Serialize)]
pub(crate) struct UnreadRow {
    pub(crate) file: String,
    /// The stable word for the reason.
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}
