//! What `tlsa check` finds fault with.

use std::borrow::Cow;

use dane::publish::{Finding, Problem, Severity, lint_next};
use dane::{CertUsage, Selector, Tlsa, TlsaSet};
use serde::Serialize;

use crate::client::client;
use crate::pem::Content;

/// A fault, and what to do about it.
#[derive(PartialEq, Serialize)]
pub(crate) struct FindingRow {
    /// `information`, `warning` or `error`.
    pub(crate) severity: &'static str,
    pub(crate) problem: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<usize>,
    pub(crate) remedy: Cow<'static, str>,
}

impl FindingRow {
    pub(crate) fn new(finding: &Finding) -> Self {
        let severity = match finding.problem.severity() {
            Severity::Information => "information",
            Severity::Warning => "warning",
            Severity::Error => ERROR,
        };
        let remedy = finding.problem.remedy();
        Self { record: finding.record, ..Self::of(severity, finding.problem.reason(), remedy) }
    }

    fn of(
        severity: &'static str,
        problem: &'static str,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { severity, problem, record: None, remedy: remedy.into() }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == ERROR
    }

    // RFC 7672 section 2.2.1.
    pub(crate) fn insecure_mx() -> Self {
        let remedy = "sign the zone of the domain: whoever can change its MX records leads the mail to \
                      another host, and the host's base domain is the only name that counts";
        Self::of("warning", "insecure-mx", remedy)
    }

    pub(crate) fn not_an_exchanger() -> Self {
        let remedy = "name the host in the domain's MX records, or check those that are named: no mail \
                      of the domain goes to this one";
        Self::of(ERROR, "not-an-exchanger", remedy)
    }

    // RFC 7505.
    pub(crate) fn null_mx() -> Self {
        Self::of(
            ERROR,
            "null-mx",
            "the domain says that it takes no mail: remove the null MX if it does",
        )
    }

    pub(crate) fn no_host() -> Self {
        Self::of(ERROR, "no-mail-host", "name hosts in the MX records: none of them does")
    }

    /// Of a host with other addresses, which senders use.
    pub(crate) fn unknown_addresses(note: &str) -> Self {
        let remedy =
            format!("mend the zone: there may be servers that are not judged here ({note})");
        Self::of("warning", "look-up-failed", remedy)
    }

    pub(crate) fn no_mx_answer(problem: &'static str, why: String) -> Self {
        Self::of(ERROR, problem, format!("senders wait: {why}"))
    }
}

const ERROR: &str = "error";

/// Whether what the server is to send next is published already.
pub(crate) fn not_published(set: &TlsaSet, next: &Content) -> Vec<FindingRow> {
    let chain = next.chain();
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let findings = match next {
        Content::Chain(_) => lint_next(set, &chain, client()),
        Content::Key(_) => {
            // Of the others nobody knows as long as there is no certificate.
            let tells = |tlsa: &&Tlsa| {
                (tlsa.usage(), tlsa.selector()) == (CertUsage::DANE_EE, Selector::SPKI)
            };
            let told: Vec<Tlsa> = set.records().iter().filter(tells).cloned().collect();
            match (set.is_empty(), told.is_empty()) {
                (false, true) => {
                    vec![Finding { problem: Problem::NextNotPublished, record: None }]
                }
                _ => lint_next(&TlsaSet::from(told), &chain, client()),
            }
        }
    };
    findings.iter().map(FindingRow::new).collect()
}
