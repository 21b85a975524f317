//! What a tally counts: one session and how it went under each policy.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use pki_types::{DnsName, UnixTime};

use crate::record::Record;
use crate::report::{Failure, Policy};

/// One SMTP session, finished.
///
/// Sessions are counted, not messages ([RFC 8460 section 4.2]): a new connection is one session,
/// whether its TLS was resumed or not. A reused connection is none, and neither is one that ended
/// before TLS could be tried.
///
/// ```
/// use tlsrpt::{Outcome, Policy, PolicyOutcome, PolicyType, Record, Session, UtcDay};
///
/// let record: Record = "v=TLSRPTv1; rua=mailto:tls@example.net".parse()?;
/// let day: UtcDay = "2026-11-20".parse()?;
/// let policy = Policy::new(PolicyType::STS, "example.net")
///     .strings(["version: STSv1", "mode: testing", "mx: mx.example.net", "max_age: 604800"])
///     .mx_hosts(["mx.example.net"]);
/// let session = Session::new("example.net".try_into()?, &record, day.start())
///     .policy(PolicyOutcome::new(policy, Outcome::Success));
/// assert_eq!(session.policies.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 8460 section 4.2]: https://www.rfc-editor.org/rfc/rfc8460#section-4.2
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Session<'a> {
    /// The domain to report to: the recipient domain, or the smarthost where routing names one.
    pub report_domain: DnsName<'a>,
    /// That domain's reporting record as it was seen. Sessions are grouped by its text.
    pub record: Cow<'a, Record>,
    /// When the session ended: it belongs to that UTC day.
    pub ended_at: UnixTime,
    /// What the session was for.
    pub purpose: Purpose,
    /// How it went under each policy that was evaluated for it.
    pub policies: Vec<PolicyOutcome<'a>>,
}

impl<'a> Session<'a> {
    /// An ordinary session, as yet without policies.
    #[must_use]
    pub fn new(
        report_domain: DnsName<'a>,
        record: impl Into<Cow<'a, Record>>,
        ended_at: UnixTime,
    ) -> Self {
        let (record, purpose) = (record.into(), Purpose::Ordinary);
        Self { report_domain, record, ended_at, purpose, policies: Vec::new() }
    }

    /// Marks what the session was for.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Adds a policy that was evaluated.
    #[must_use]
    pub fn policy(mut self, policy: PolicyOutcome<'a>) -> Self {
        self.policies.push(policy);
        self
    }

    /// The same session, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> Session<'static> {
        Session {
            report_domain: self.report_domain.to_owned(),
            record: Cow::Owned(self.record.into_owned()),
            ended_at: self.ended_at,
            purpose: self.purpose,
            policies: self.policies.into_iter().map(PolicyOutcome::into_owned).collect(),
        }
    }
}

/// What a session was for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// Ordinary mail.
    #[default]
    Ordinary,
    /// A TLS report. It is not counted, or two domains would report on their reports for ever
    /// ([RFC 8460 section 3](https://www.rfc-editor.org/rfc/rfc8460#section-3)).
    ReportDelivery,
}

/// How a session went under one policy.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PolicyOutcome<'a> {
    /// The policy.
    pub policy: Policy<'a>,
    /// The final outcome. It is independent of the failures: a session may recover.
    pub outcome: Outcome,
    /// What failed on the way. Equal failures of one session count once.
    pub failures: Vec<Failure<'a>>,
}

impl<'a> PolicyOutcome<'a> {
    /// An outcome without failures.
    #[must_use]
    pub fn new(policy: Policy<'a>, outcome: Outcome) -> Self {
        Self { policy, outcome, failures: Vec::new() }
    }

    /// Adds a failure.
    #[must_use]
    pub fn failure(mut self, failure: Failure<'a>) -> Self {
        self.failures.push(failure);
        self
    }

    /// The same outcome, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> PolicyOutcome<'static> {
        PolicyOutcome {
            policy: self.policy.into_owned(),
            outcome: self.outcome,
            failures: self.failures.into_iter().map(Failure::into_owned).collect(),
        }
    }
}

/// Whether a session came to a TLS connection that complies with the policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8460 section 4.2 counts these two")]
pub enum Outcome {
    /// It did.
    Success,
    /// It did not.
    Failure,
}
