//! Whether a host that a report names is one that the policy in the report names.

use mta_sts::{HostName, MxPattern};
use tlsrpt::{PolicyReport, PolicyType};

/// Patterns of one policy that are looked at: a report must not cost rows times patterns.
const PATTERNS: usize = 64;

/// What a policy of a report says about MX hosts.
pub(crate) enum Named<'r> {
    /// The MX patterns of an MTA-STS policy.
    Patterns(Vec<MxPattern<'static>>),
    /// The host whose TLSA records these are.
    Host(&'r str),
    /// Nothing.
    Nothing,
}

impl<'r> Named<'r> {
    pub(crate) fn by(policy: &PolicyReport<'r, '_>) -> Self {
        if *policy.policy_type() == PolicyType::TLSA {
            return Self::Host(policy.policy_domain());
        }
        let hosts = policy.mx_hosts();
        // Half of a list says nothing about who is missing from it.
        if hosts.is_empty() || hosts.len() > PATTERNS {
            return Self::Nothing;
        }
        match hosts.iter().map(|pattern| pattern.parse()).collect() {
            Ok(patterns) => Self::Patterns(patterns),
            Err(_) => Self::Nothing,
        }
    }

    /// Whether the policy names this host, where it says.
    pub(crate) fn names(&self, host: &str) -> Option<bool> {
        let same = |name: &str| {
            name.trim_end_matches('.').eq_ignore_ascii_case(host.trim_end_matches('.'))
        };
        match self {
            Self::Patterns(patterns) => {
                let host: HostName = host.trim_end_matches('.').parse().ok()?;
                Some(patterns.iter().any(|pattern| pattern.matches(&host)))
            }
            // The base domain may be where an alias leads: another name says nothing.
            Self::Host(name) => same(name).then_some(true),
            Self::Nothing => None,
        }
    }
}

/// What all policies together say about a host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    named: bool,
    unnamed: bool,
}

impl Standing {
    pub(crate) fn add(&mut self, named: Option<bool>) {
        self.named |= named == Some(true);
        self.unnamed |= named == Some(false);
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match (self.named, self.unnamed) {
            (true, false) => "yes",
            (false, true) => "no",
            (true, true) => "yes and no",
            (false, false) => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use tlsrpt::{Policy, Report, Summary, UtcDay};

    use super::*;

    fn names(policy: Policy<'_>, host: &str) -> Option<bool> {
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let mut report = Report::new("o", "a@b.example", "1", day.into());
        report.push(policy, Summary::default(), []);
        let policy = report.policies().next().unwrap();
        Named::by(&policy).names(host)
    }

    #[test]
    fn a_policy_names_its_hosts() {
        let sts = |hosts: &[&'static str]| {
            Policy::new(PolicyType::STS, "a.example").mx_hosts(hosts.iter().copied())
        };
        assert_eq!(names(sts(&["*.a.example"]), "MX.a.example."), Some(true));
        assert_eq!(names(sts(&["*.a.example"]), "mx.b.example"), Some(false));
        assert_eq!(names(sts(&["*.a.example"]), "<mx>"), None);
        assert_eq!(names(sts(&["*.a.example", "<"]), "mx.b.example"), None);
        assert_eq!(names(sts(&[]), "mx.b.example"), None);
        assert_eq!(names(sts(&["*.a.example"; PATTERNS]), "mx.b.example"), Some(false));
        assert_eq!(names(sts(&["*.a.example"; PATTERNS + 1]), "mx.b.example"), None);
        let tlsa = || Policy::new(PolicyType::TLSA, "mx.a.example");
        assert_eq!(names(tlsa(), "mx.A.example."), Some(true));
        assert_eq!(names(tlsa(), "mx.b.example"), None);
    }
}
