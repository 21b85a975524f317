//! A session as keys: normalised, bounded, and ready to be counted.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use pki_types::DnsName;

use super::session::{Outcome, PolicyOutcome, Session};
use super::{Refused, key};
use crate::limits;
use crate::report::Failure;
use crate::result::PolicyType;
use crate::text::{cut, ehlo_name, is_uri};

/// The keys of one session, in buffers that are used again for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) record: Range<usize>,
    /// The record's number in the day's table, where it was looked up already.
    pub(super) record_id: Option<u32>,
    pub(super) policies: Vec<EncodedPolicy>,
    pub(super) failures: Vec<EncodedFailure>,
}

#[derive(Clone, Debug)]
pub(super) struct EncodedPolicy {
    /// With room for the parent's number in front.
    pub(super) key: Range<usize>,
    /// Where the policy's type ends.
    pub(super) type_end: usize,
    /// The policy's number in the day's table, once it is counted.
    pub(super) id: u32,
    /// Whether it is counted in a row of its own.
    pub(super) exact: bool,
    pub(super) outcome: Outcome,
    pub(super) failures: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct EncodedFailure {
    /// With room for the parent's number in front.
    pub(super) key: Range<usize>,
    /// Where the result type ends.
    pub(super) type_end: usize,
    /// The failure's number in the day's table, once it is counted in a row of its own.
    pub(super) id: Option<u32>,
}

impl Encoded {
    /// Takes in a session; what it held before is forgotten.
    pub(super) fn session(&mut self, session: &Session<'_>) -> Result<(), Refused> {
        self.start(session.report_domain.as_ref(), session.record.as_str());
        for policy in &session.policies {
            let domain = policy.policy.domain.as_ref();
            if !domain.is_empty() && DnsName::try_from(domain).is_err() {
                return Err(Refused::PolicyDomain);
            }
            self.policy(policy, session.report_domain.as_ref())?;
        }
        Ok(())
    }

    pub(super) fn start(&mut self, domain: &str, record: &str) {
        self.bytes.clear();
        self.policies.clear();
        self.failures.clear();
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        key::put_number(&mut self.bytes, domain.len());
        let at = self.bytes.len();
        self.bytes.extend_from_slice(domain.as_bytes());
        self.lower_case(at);
        self.bytes.extend_from_slice(record.as_bytes());
        self.record = 0..self.bytes.len();
        self.record_id = None;
    }

    fn lower_case(&mut self, from: usize) {
        self.bytes.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
    }

    pub(super) fn policy(
        &mut self,
        outcome: &PolicyOutcome<'_>,
        report: &str,
    ) -> Result<(), Refused> {
        let policy = &outcome.policy;
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; key::PARENT]);
        key::put_policy_type(&mut self.bytes, policy.policy_type.as_str());
        let type_end = self.bytes.len();
        self.policy_domain(&policy.domain, report);
        // Section 4.4 gives no-policy-found neither strings nor patterns, and patterns to sts.
        let (strings, hosts) = match policy.policy_type.as_str() {
            "no-policy-found" => (&[][..], &[][..]),
            "tlsa" => (policy.strings.as_slice(), &[][..]),
            _ => (policy.strings.as_slice(), policy.mx_hosts.as_slice()),
        };
        key::put_number(&mut self.bytes, strings.len());
        if policy.policy_type == PolicyType::TLSA && !strings.is_sorted() {
            // DNS rotates the records of a set.
            let mut sorted: Vec<&str> = strings.iter().map(AsRef::as_ref).collect();
            sorted.sort_unstable();
            sorted.into_iter().for_each(|text| key::put_text(&mut self.bytes, text));
        } else {
            strings.iter().for_each(|text| key::put_text(&mut self.bytes, text));
        }
        key::put_number(&mut self.bytes, hosts.len());
        hosts.iter().for_each(|text| key::put_text(&mut self.bytes, text));
        let end = self.bytes.len();
        let long = |text: &Cow<'_, str>| text.len() > limits::STRING;
        if end - at > limits::POLICY || strings.iter().chain(hosts).any(long) {
            return Err(Refused::TooLarge);
        }
        let first = self.failures.len();
        outcome.failures.iter().for_each(|failure| self.failure(failure));
        let failures = first..self.failures.len();
        self.policies.push(EncodedPolicy {
            key: at..end,
            type_end,
            id: 0,
            exact: true,
            outcome: outcome.outcome,
            failures,
        });
        Ok(())
    }

    /// The domain in lower case without a final dot; empty where it is the record's domain.
    fn policy_domain(&mut self, domain: &str, report: &str) {
        let bare = |domain: &str| domain.len() - usize::from(domain.ends_with('.'));
        let domain = domain.get(..bare(domain)).unwrap_or(domain);
        let report = report.get(..bare(report)).unwrap_or(report);
        if domain.is_empty() || domain.eq_ignore_ascii_case(report) {
            return key::put_number(&mut self.bytes, 0);
        }
        key::put_number(&mut self.bytes, domain.len());
        let at = self.bytes.len();
        self.bytes.extend_from_slice(domain.as_bytes());
        self.lower_case(at);
    }

    /// Peers choose these texts: they are cut or dropped where they would not make a report.
    fn failure<'f>(&mut self, failure: &'f Failure<'_>) {
        let out = &mut self.bytes;
        let at = out.len();
        out.extend_from_slice(&[0; key::PARENT]);
        key::put_result_type(out, cut(failure.result_type.as_str(), limits::REASON));
        let type_end = out.len();
        let known = |text: Option<&'f str>| text.filter(|text| !text.is_empty());
        let host = known(failure.receiving_mx_hostname.as_deref());
        let helo = known(failure.receiving_mx_helo.as_deref().map(ehlo_name));
        let information = failure.additional_information.as_deref();
        let information =
            information.filter(|text| text.len() <= limits::INFORMATION && is_uri(text));
        let reason = known(failure.failure_reason_code.as_deref());
        key::put_address(out, failure.sending_mta_ip.as_ref());
        key::put_option(out, host.map(|text| cut(text, limits::HOST)));
        key::put_option(out, helo.map(|text| cut(text, limits::HELO)));
        key::put_address(out, failure.receiving_ip.as_ref());
        key::put_option(out, information);
        key::put_option(out, reason.map(|text| cut(text, limits::REASON)));
        self.failures.push(EncodedFailure { key: at..out.len(), type_end, id: None });
    }
}

/// Writes the key of the policy of a type in which the sessions under further policies are counted:
/// that of the record's domain, without its text.
pub(super) fn remainder(out: &mut Vec<u8>, parent: u32, policy_type: &[u8]) {
    out.clear();
    out.extend_from_slice(&parent.to_le_bytes());
    out.extend_from_slice(policy_type);
    key::put_text(out, "");
    let mut none = Vec::new();
    key::put_policy_type(&mut none, PolicyType::NO_POLICY_FOUND.as_str());
    // Section 4.4 gives no-policy-found no strings.
    let strings: &[&str] = if none == policy_type { &[] } else { &[POLICIES_OMITTED] };
    key::put_number(out, strings.len());
    strings.iter().for_each(|text| key::put_text(out, text));
    key::put_number(out, 0);
}

/// Writes the key of the overflow row of a result type: nothing is known but the type.
pub(super) fn overflow(out: &mut Vec<u8>, parent: u32, result_type: &[u8]) {
    out.clear();
    out.extend_from_slice(&parent.to_le_bytes());
    out.extend_from_slice(result_type);
    key::put_address(out, None);
    key::put_option(out, None);
    key::put_option(out, None);
    key::put_address(out, None);
    key::put_option(out, None);
    key::put_option(out, Some(OMITTED));
}

/// The policy string of a remainder. No domain can publish it: it is no TLSA record, and no policy.
pub(crate) const POLICIES_OMITTED: &str = "policies-omitted";

/// The reason of an overflow row. It cannot stand in additional-information, which is a URI.
pub(crate) const OMITTED: &str = "details-omitted";
