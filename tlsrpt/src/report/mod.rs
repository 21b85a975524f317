//! The report: who reports, for which time, and what happened under each policy.

mod address;
mod order;
mod serialize;
mod write;

pub use address::Address;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::result::{PolicyType, ResultType, own};
use crate::time::Window;

/// A TLS report ([RFC 8460 section 4.4]), borrowed from its JSON or from a tally.
///
/// Policies, their strings and their failures lie in three flat lists, so that a report of
/// thousands of rows takes a few allocations. [`to_json`](Self::to_json) writes the canonical
/// form; the `serde` form is the same.
///
/// ```
/// use tlsrpt::{Policy, PolicyType, Report, Summary, UtcDay};
///
/// let day: UtcDay = "2026-11-20".parse()?;
/// let mut report = Report::new("Example", "tls@sender.example", "1@sender.example", day.into());
/// let policy = Policy::new(PolicyType::NO_POLICY_FOUND, "example.net");
/// report.push(policy, Summary { successful: 7, failed: 0 }, []);
/// assert_eq!(report.policies().next().unwrap().summary().successful, 7);
/// # Ok::<(), tlsrpt::UtcDayError>(())
/// ```
///
/// [RFC 8460 section 4.4]: https://www.rfc-editor.org/rfc/rfc8460#section-4.4
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report<'a> {
    pub(crate) head: Head<'a>,
    pub(crate) rows: Vec<Row<'a>>,
    pub(crate) strings: Vec<Cow<'a, str>>,
    pub(crate) details: Vec<Detail<'a>>,
}

/// What stands above a report's policies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Head<'a> {
    pub(crate) organization_name: Cow<'a, str>,
    pub(crate) contact_info: Cow<'a, str>,
    pub(crate) report_id: Cow<'a, str>,
    pub(crate) window: Window,
}

/// One policy's place in the flat lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row<'a> {
    pub(crate) policy_type: PolicyType<'a>,
    pub(crate) policy_domain: Cow<'a, str>,
    pub(crate) strings: Range<usize>,
    pub(crate) mx_hosts: Range<usize>,
    pub(crate) details: Range<usize>,
    pub(crate) summary: Summary,
}

/// A policy as one found it, with everything by which two policies differ.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Policy<'a> {
    /// Which kind of policy.
    pub policy_type: PolicyType<'a>,
    /// Whose policy: the recipient domain, or for `tlsa` the TLSA base domain; in A-labels.
    pub domain: Cow<'a, str>,
    /// The TLSA records in presentation form, or the lines of the MTA-STS policy file.
    pub strings: Vec<Cow<'a, str>>,
    /// The MX patterns of an MTA-STS policy, in A-labels.
    pub mx_hosts: Vec<Cow<'a, str>>,
}

impl<'a> Policy<'a> {
    /// A policy of this type and domain, without strings and patterns.
    #[must_use]
    pub fn new(policy_type: PolicyType<'a>, domain: impl Into<Cow<'a, str>>) -> Self {
        Self { policy_type, domain: domain.into(), strings: Vec::new(), mx_hosts: Vec::new() }
    }

    /// Adds policy strings.
    #[must_use]
    pub fn strings<S: Into<Cow<'a, str>>>(mut self, strings: impl IntoIterator<Item = S>) -> Self {
        self.strings.extend(strings.into_iter().map(Into::into));
        self
    }

    /// Adds MX patterns.
    #[must_use]
    pub fn mx_hosts<S: Into<Cow<'a, str>>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.mx_hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// The same policy, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> Policy<'static> {
        Policy {
            policy_type: self.policy_type.into_owned(),
            domain: own(self.domain),
            strings: self.strings.into_iter().map(own).collect(),
            mx_hosts: self.mx_hosts.into_iter().map(own).collect(),
        }
    }
}

/// How many sessions complied with a policy, and how many did not.
///
/// [RFC 8460 section 4.2](https://www.rfc-editor.org/rfc/rfc8460#section-4.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "RFC 8460 section 4.4 closes the summary")]
pub struct Summary {
    /// Sessions with a TLS connection that complied with the policy.
    pub successful: u64,
    /// Sessions without one.
    pub failed: u64,
}

/// One way in which sessions failed: everything by which two failure rows differ.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Failure<'a> {
    /// What went wrong.
    pub result_type: ResultType<'a>,
    /// The address from which we sent.
    pub sending_mta_ip: Option<Address<'a>>,
    /// The name of the MX host.
    pub receiving_mx_hostname: Option<Cow<'a, str>>,
    /// The name the MX host gave in its banner or EHLO reply.
    pub receiving_mx_helo: Option<Cow<'a, str>>,
    /// The address to which we sent.
    pub receiving_ip: Option<Address<'a>>,
    /// A URI with more about this failure.
    pub additional_information: Option<Cow<'a, str>>,
    /// An error code or message.
    pub failure_reason_code: Option<Cow<'a, str>>,
}

impl<'a> Failure<'a> {
    /// A failure of this type, of which nothing more is known.
    #[must_use]
    pub fn new(result_type: ResultType<'a>) -> Self {
        Self {
            result_type,
            sending_mta_ip: None,
            receiving_mx_hostname: None,
            receiving_mx_helo: None,
            receiving_ip: None,
            additional_information: None,
            failure_reason_code: None,
        }
    }

    /// The same failure, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> Failure<'static> {
        Failure {
            result_type: self.result_type.into_owned(),
            sending_mta_ip: self.sending_mta_ip.map(Address::into_owned),
            receiving_mx_hostname: self.receiving_mx_hostname.map(own),
            receiving_mx_helo: self.receiving_mx_helo.map(own),
            receiving_ip: self.receiving_ip.map(Address::into_owned),
            additional_information: self.additional_information.map(own),
            failure_reason_code: self.failure_reason_code.map(own),
        }
    }
}

/// A failure and the number of sessions in which it happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a pair: what grows is inside Failure")]
pub struct Detail<'a> {
    /// What happened.
    pub failure: Failure<'a>,
    /// In how many sessions.
    pub failed_session_count: u64,
}

impl<'a> Report<'a> {
    /// A report without policies.
    #[must_use]
    pub fn new(
        organization_name: impl Into<Cow<'a, str>>,
        contact_info: impl Into<Cow<'a, str>>,
        report_id: impl Into<Cow<'a, str>>,
        window: Window,
    ) -> Self {
        let head = Head {
            organization_name: organization_name.into(),
            contact_info: contact_info.into(),
            report_id: report_id.into(),
            window,
        };
        Self { head, rows: Vec::new(), strings: Vec::new(), details: Vec::new() }
    }

    /// Adds a policy with its counts and failures.
    pub fn push(
        &mut self,
        policy: Policy<'a>,
        summary: Summary,
        details: impl IntoIterator<Item = Detail<'a>>,
    ) {
        let (strings, details_at) = (self.strings.len(), self.details.len());
        self.strings.extend(policy.strings);
        let mx_hosts = self.strings.len();
        self.strings.extend(policy.mx_hosts);
        self.details.extend(details);
        self.rows.push(Row {
            policy_type: policy.policy_type,
            policy_domain: policy.domain,
            strings: strings..mx_hosts,
            mx_hosts: mx_hosts..self.strings.len(),
            details: details_at..self.details.len(),
            summary,
        });
    }

    /// Who reports.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        &self.head.organization_name
    }

    /// The mail address of whoever answers for the report.
    #[must_use]
    pub fn contact_info(&self) -> &str {
        &self.head.contact_info
    }

    /// The report's id, unique only among those of one sender.
    #[must_use]
    pub fn report_id(&self) -> &str {
        &self.head.report_id
    }

    /// The time that the report covers.
    #[must_use]
    pub fn window(&self) -> Window {
        self.head.window
    }

    /// The policies, in the order in which they were read or added.
    #[must_use]
    pub fn policies(&self) -> impl ExactSizeIterator<Item = PolicyReport<'_, 'a>> {
        self.rows.iter().map(|row| PolicyReport { report: self, row })
    }

    /// All failure rows of all policies.
    pub fn details(&self) -> impl Iterator<Item = &Detail<'a>> {
        self.rows.iter().flat_map(|row| self.details_of(row))
    }

    pub(crate) fn details_of(&self, row: &Row<'a>) -> &[Detail<'a>] {
        self.details.get(row.details.clone()).unwrap_or_default()
    }

    pub(crate) fn texts(&self, range: &Range<usize>) -> &[Cow<'a, str>] {
        self.strings.get(range.clone()).unwrap_or_default()
    }

    /// The same report, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> Report<'static> {
        Report {
            head: Head {
                organization_name: own(self.head.organization_name),
                contact_info: own(self.head.contact_info),
                report_id: own(self.head.report_id),
                window: self.head.window,
            },
            rows: self.rows.into_iter().map(Row::into_owned).collect(),
            strings: self.strings.into_iter().map(own).collect(),
            details: self
                .details
                .into_iter()
                .map(|detail| Detail {
                    failure: detail.failure.into_owned(),
                    failed_session_count: detail.failed_session_count,
                })
                .collect(),
        }
    }
}

impl Row<'_> {
    fn into_owned(self) -> Row<'static> {
        Row {
            policy_type: self.policy_type.into_owned(),
            policy_domain: own(self.policy_domain),
            strings: self.strings,
            mx_hosts: self.mx_hosts,
            details: self.details,
            summary: self.summary,
        }
    }
}

/// One policy of a [`Report`], with its counts and failures.
#[derive(Clone, Copy, Debug)]
pub struct PolicyReport<'r, 'a> {
    report: &'r Report<'a>,
    row: &'r Row<'a>,
}

impl<'r, 'a> PolicyReport<'r, 'a> {
    /// Which kind of policy.
    #[must_use]
    pub fn policy_type(&self) -> &'r PolicyType<'a> {
        &self.row.policy_type
    }

    /// Whose policy.
    #[must_use]
    pub fn policy_domain(&self) -> &'r str {
        &self.row.policy_domain
    }

    /// The TLSA records, or the lines of the MTA-STS policy file.
    #[must_use]
    pub fn policy_strings(&self) -> &'r [Cow<'a, str>] {
        self.report.texts(&self.row.strings)
    }

    /// The MX patterns.
    #[must_use]
    pub fn mx_hosts(&self) -> &'r [Cow<'a, str>] {
        self.report.texts(&self.row.mx_hosts)
    }

    /// How many sessions complied and how many did not.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.row.summary
    }

    /// The failures, in the order in which they were read or added.
    #[must_use]
    pub fn details(&self) -> &'r [Detail<'a>] {
        self.report.details_of(self.row)
    }
}

#[cfg(test)]
mod tests;
