//! What is unwise or wrong in what a domain publishes.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::mx::MxPattern;
use crate::name::{HostName, PolicyDomain};
use crate::policy::{Mode, Policy, PolicyError};
use crate::profile::{Deviation, Profile};
use crate::record::{PolicyId, Record, RecordError};
use crate::severity::Severity;

/// What a domain publishes, as found.
#[derive(Clone, Copy, Debug)]
pub struct Hosting<'a> {
    /// The domain.
    pub domain: &'a PolicyDomain,
    /// The hosts in its MX records, or the domain itself if there are none; nothing if they are not known.
    pub mx_hosts: Option<&'a [HostName]>,
    /// The TXT records at `_mta-sts.<domain>`, each with its character-strings joined; nothing if they
    /// are not known.
    pub records: Option<&'a [&'a [u8]]>,
    /// The body of the policy file.
    pub body: &'a [u8],
    /// The id and the body of the publication before this one, if known.
    pub previous: Option<(&'a PolicyId, &'a [u8])>,
    /// Whether a name is a public suffix. Who has no list gives `|name| !name.contains('.')`.
    pub is_public_suffix: fn(&str) -> bool,
}

/// A finding about what a domain publishes.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lint {
    /// The policy has changed and its id has not: senders keep the old one.
    IdUnchanged,
    /// A line ends with LF alone (section 3.2 asks for CRLF).
    LineEnd,
    /// The lifetime is under a day: an attack of some hours outlasts it.
    MaxAgeShort,
    /// The lifetime is over a year; senders use a year.
    MaxAgeTooLong,
    /// The mode is `testing`: nothing is enforced.
    ModeTesting,
    /// No pattern covers this MX host: senders do not deliver to it.
    MxNotCovered(HostName),
    /// No MX host uses this pattern.
    MxUnused(String),
    /// The file is no policy.
    PolicyInvalid(PolicyError),
    /// There is not exactly one valid record.
    RecordInvalid(RecordError),
    /// A further record begins with `v=STSv1`.
    StrayRecord,
    /// A pattern has a label outside ASCII.
    ULabel(String),
    /// A wildcard covers the policy domain or a public suffix (section 10.4).
    WildcardBroad(String),
}

impl Lint {
    /// A stable word, such as `mx-not-covered`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::IdUnchanged => "id-unchanged",
            Self::LineEnd => "line-end",
            Self::MaxAgeShort => "max-age-short",
            Self::MaxAgeTooLong => "max-age-too-long",
            Self::ModeTesting => "mode-testing",
            Self::MxNotCovered(_) => "mx-not-covered",
            Self::MxUnused(_) => "mx-unused",
            Self::PolicyInvalid(_) => "policy-invalid",
            Self::RecordInvalid(_) => "record-invalid",
            Self::StrayRecord => "stray-record",
            Self::ULabel(_) => "u-label",
            Self::WildcardBroad(_) => "wildcard-broad",
        }
    }

    /// How pressing it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::LineEnd | Self::ModeTesting | Self::MxUnused(_) => Severity::Notice,
            Self::MaxAgeShort | Self::MaxAgeTooLong | Self::WildcardBroad(_) => Severity::Warning,
            Self::IdUnchanged
            | Self::MxNotCovered(_)
            | Self::PolicyInvalid(_)
            | Self::RecordInvalid(_)
            | Self::StrayRecord
            | Self::ULabel(_) => Severity::Error,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::IdUnchanged => "give the record a new id",
            Self::LineEnd => "end each line with CRLF",
            Self::MaxAgeShort => "use a max_age of weeks, and at least 86400",
            Self::MaxAgeTooLong => "use a max_age of at most 31557600",
            Self::ModeTesting => "use mode enforce once the reports show no failures",
            Self::MxNotCovered(_) => "add an mx line for the host, then give the record a new id",
            Self::MxUnused(_) => "remove the mx line, unless a host is about to use it",
            Self::PolicyInvalid(_) => "write the file anew; until then new senders see no policy",
            Self::RecordInvalid(_) => {
                "publish exactly one record: v=STSv1; id=<letters and digits>;"
            }
            Self::StrayRecord => "remove all but one of the records",
            Self::ULabel(_) => "write the name with A-labels (xn--)",
            Self::WildcardBroad(_) => "name the MX hosts, or use a domain that holds nothing else",
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdUnchanged => f.write_str("the policy has changed and its id has not"),
            Self::LineEnd => f.write_str("a line ends with LF alone"),
            Self::MaxAgeShort => f.write_str("max_age is under a day"),
            Self::MaxAgeTooLong => f.write_str("max_age is over a year"),
            Self::ModeTesting => f.write_str("the mode is testing, so nothing is enforced"),
            Self::MxNotCovered(host) => write!(f, "no mx line covers the MX host {host}"),
            Self::MxUnused(pattern) => write!(f, "no MX host uses the pattern {pattern}"),
            Self::PolicyInvalid(error) => write!(f, "the file is no policy: {error}"),
            Self::RecordInvalid(error) => write!(f, "there is no usable record: {error}"),
            Self::StrayRecord => f.write_str("more than one record begins with v=STSv1"),
            Self::ULabel(name) => write!(f, "the mx {name:?} has a label outside ASCII"),
            Self::WildcardBroad(pattern) => write!(f, "the pattern {pattern} covers too much"),
        }
    }
}

/// Looks through what a domain publishes. The most pressing findings come first.
#[must_use]
pub fn lint(hosting: &Hosting<'_>) -> Vec<Lint> {
    let mut findings = Vec::new();
    let id = hosting.records.and_then(|records| record(records, &mut findings));
    file(hosting, &mut findings);
    // Read leniently: what senders may take, and what it would mean to them.
    match Policy::parse(hosting.body, Profile::Interop) {
        Ok(policy) => {
            if let Err(error) = Policy::parse(hosting.body, Profile::Rfc) {
                findings.push(Lint::PolicyInvalid(error));
            }
            lifetime(&policy, &mut findings);
            coverage(hosting, &policy, &mut findings);
        }
        Err(error) => findings.push(Lint::PolicyInvalid(error)),
    }
    if let (Some((old, body)), Some(id)) = (hosting.previous, id)
        && body != hosting.body
        && *old == id
    {
        findings.push(Lint::IdUnchanged);
    }
    findings.sort_by_key(|finding| core::cmp::Reverse(finding.severity()));
    findings
}

fn record(records: &[&[u8]], findings: &mut Vec<Lint>) -> Option<PolicyId> {
    let ours = records.iter().filter(|record| record.starts_with(b"v=STSv1"));
    if ours.count() > 1 {
        findings.push(Lint::StrayRecord);
    }
    match Record::from_answer(records.iter().map(|record| [*record]), Profile::Rfc) {
        Ok(record) => Some(*record.id()),
        Err(error) => {
            findings.push(Lint::RecordInvalid(error));
            None
        }
    }
}

/// What can be seen of a file whether or not it is a policy.
fn file(hosting: &Hosting<'_>, findings: &mut Vec<Lint>) {
    let mut lines = hosting.body.split_inclusive(|&byte| byte == b'\n');
    if lines.any(|line| line.ends_with(b"\n") && !line.ends_with(b"\r\n")) {
        findings.push(Lint::LineEnd);
    }
    for line in hosting.body.split(|&byte| byte == b'\n') {
        if let Some(mx) = line.strip_prefix(b"mx:")
            && !mx.is_ascii()
        {
            let name = String::from_utf8_lossy(mx.trim_ascii());
            findings.push(Lint::ULabel(name.into_owned()));
        }
    }
}

fn lifetime(policy: &Policy, findings: &mut Vec<Lint>) {
    if policy.mode() == Mode::Testing {
        findings.push(Lint::ModeTesting);
    }
    if policy.mode() != Mode::None && policy.max_age().as_secs() < DAY {
        findings.push(Lint::MaxAgeShort);
    }
    if policy.deviations().iter().any(|found| found.what == Deviation::MaxAgeClamped) {
        findings.push(Lint::MaxAgeTooLong);
    }
}

fn coverage(hosting: &Hosting<'_>, policy: &Policy, findings: &mut Vec<Lint>) {
    if let Some(hosts) = hosting.mx_hosts {
        if policy.mode() != Mode::None {
            let uncovered = hosts.iter().filter(|host| !policy.allows(host));
            findings.extend(uncovered.map(|host| Lint::MxNotCovered(host.clone())));
        }
        let unused = policy.patterns().filter(|one| !hosts.iter().any(|host| one.matches(host)));
        findings.extend(unused.map(|pattern| Lint::MxUnused(pattern.to_string())));
    }
    let broad = policy.patterns().filter(|pattern| is_broad(hosting, pattern));
    findings.extend(broad.map(|pattern| Lint::WildcardBroad(pattern.to_string())));
}

fn is_broad(hosting: &Hosting<'_>, pattern: &MxPattern<'_>) -> bool {
    let domain = pattern.domain().to_ascii_lowercase();
    pattern.is_wildcard()
        && (domain == hosting.domain.as_str() || (hosting.is_public_suffix)(&domain))
}

/// Below this an attacker only has to wait for the night.
const DAY: u64 = 86_400;
