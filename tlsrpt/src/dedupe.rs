//! Telling a report that came twice from two reports under one id.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;

use pki_types::DnsName;
use sha2::{Digest, Sha256};

use crate::report::Report;
use crate::text::mail_domain;
use crate::time::Window;

/// What makes two reports the same one, as their senders see it.
///
/// A report id is unique only within its sender
/// ([RFC 8460 section 5.3](https://www.rfc-editor.org/rfc/rfc8460#section-5.3)).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct ReportKey {
    /// The sender's domain in lower case; empty if nothing tells it.
    pub sender: Box<str>,
    /// The report id.
    pub report_id: Box<str>,
    /// The policy domains, in lower case.
    pub policy_domains: BTreeSet<Box<str>>,
    /// The time covered.
    pub window: Window,
}

impl ReportKey {
    /// The key of a report. The sender is the domain that DKIM verified, else the submitter that
    /// the mail's header names, else the domain of the contact address.
    #[must_use]
    pub fn new(
        report: &Report<'_>,
        verified: Option<&DnsName<'_>>,
        submitter: Option<&DnsName<'_>>,
    ) -> Self {
        let contact = mail_domain(report.contact_info());
        let sender = verified.or(submitter).or(contact.as_ref());
        let lower = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase().into();
        Self {
            sender: sender.map_or_else(Box::default, |name| lower(name.as_ref())),
            report_id: report.report_id().into(),
            policy_domains: report.policies().map(|policy| lower(policy.policy_domain())).collect(),
            window: report.window(),
        }
    }
}

/// SHA-256 of a report's canonical JSON.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a digest has these bytes")]
pub struct ReportDigest(pub [u8; 32]);

impl ReportDigest {
    /// The digest of a report.
    #[must_use]
    pub fn of(report: &Report<'_>) -> Self {
        Self(Sha256::digest(report.to_json()).into())
    }

    /// Judges a report with this digest against the one stored under its key.
    #[must_use]
    pub fn judge(self, stored: Option<Self>) -> Repeat {
        match stored {
            None => Repeat::New,
            Some(stored) if stored == self => Repeat::Duplicate,
            Some(_) => Repeat::Conflict,
        }
    }
}

/// Whether a report came before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "no stored report, an equal one, or another one")]
pub enum Repeat {
    /// It is new.
    New,
    /// It is the same: drop it.
    Duplicate,
    /// Another report came under this key: keep both, and tell.
    Conflict,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Policy, Summary};
    use crate::result::PolicyType;
    use crate::time::UtcDay;

    fn report(id: &'static str, successful: u64) -> Report<'static> {
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let mut report = Report::new("o", "tls@Sender.example", id, day.into());
        for domain in ["B.example.", "a.example"] {
            let policy = Policy::new(PolicyType::NO_POLICY_FOUND, domain);
            report.push(policy, Summary { successful, failed: 0 }, []);
        }
        report
    }

    // checks: tlsrpt/R2
    #[test]
    fn rfc8460_5_3_the_sender_is_the_best_known() {
        let (verified, submitter) =
            ("dkim.example".try_into().unwrap(), "Sub.example".try_into().unwrap());
        let sender = |v, s| ReportKey::new(&report("1", 0), v, s).sender;
        assert_eq!(&*sender(Some(&verified), Some(&submitter)), "dkim.example");
        assert_eq!(&*sender(None, Some(&submitter)), "sub.example");
        assert_eq!(&*sender(None, None), "sender.example");
    }

    // checks: tlsrpt/R2
    #[test]
    fn house_3_same_key_and_hash_is_a_duplicate() {
        let key = |report| ReportKey::new(&report, None, None);
        assert_eq!(key(report("1", 0)), key(report("1", 7)));
        assert_ne!(key(report("1", 0)), key(report("2", 0)));
        let domains: alloc::vec::Vec<_> = key(report("1", 0)).policy_domains.into_iter().collect();
        assert_eq!(domains, ["a.example".into(), "b.example".into()]);
        let digest = |report| ReportDigest::of(&report);
        let stored = digest(report("1", 0));
        assert_eq!(stored.judge(None), Repeat::New);
        assert_eq!(digest(report("1", 0)).judge(Some(stored)), Repeat::Duplicate);
        assert_eq!(digest(report("1", 7)).judge(Some(stored)), Repeat::Conflict);
    }
}
