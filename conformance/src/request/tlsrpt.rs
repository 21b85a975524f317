//! Requests of the `tlsrpt` operations.

use serde::{Deserialize, Serialize};

use super::{Base64, Instant, Txt};

/// `tlsrpt.record`: the TXT records at `_smtp._tls.<domain>`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// The records.
    pub txt: Txt,
}

/// `tlsrpt.report`: a report to be read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    /// JSON, or gzip of it.
    pub report_b64: Base64,
    /// How strictly to read.
    #[serde(default)]
    pub mode: Mode,
}

/// How strictly a report is read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Take what can be understood and list the quirks.
    #[default]
    Lenient,
    /// Refuse at the first quirk.
    Strict,
}

/// `tlsrpt.aggregate`: sessions to be reported.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Aggregate {
    /// Who reports.
    pub organization: String,
    /// The reporter's mail address.
    pub contact: String,
    /// The report's id.
    pub report_id: String,
    /// The start of the window.
    pub start: Instant,
    /// The end of the window.
    pub end: Instant,
    /// What happened.
    pub sessions: Vec<Session>,
}

/// Sessions that went alike under one policy.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Session {
    /// The policy.
    pub policy: Policy,
    /// How it failed; without it the sessions succeeded.
    pub result: Option<Failure>,
    /// How many sessions.
    #[serde(default = "one")]
    pub count: u64,
}

fn one() -> u64 {
    1
}

/// A policy that was applied.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Policy {
    /// `sts`, `tlsa` or `no-policy-found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The policy domain.
    pub domain: String,
    /// The policy's text.
    #[serde(default)]
    pub strings: Vec<String>,
    /// The policy's MX patterns.
    #[serde(default)]
    pub mx_hosts: Vec<String>,
}

/// How sessions failed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Failure {
    /// The result type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Our address.
    pub sending_mta_ip: Option<String>,
    /// The MX host's name.
    pub receiving_mx_hostname: Option<String>,
    /// The name in its banner.
    pub receiving_mx_helo: Option<String>,
    /// Its address.
    pub receiving_ip: Option<String>,
    /// A URI with more about it.
    pub additional_information: Option<String>,
    /// An error code or message.
    pub failure_reason_code: Option<String>,
}
