//! Which reports were read before.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tlsrpt::{Repeat, Report, ReportDigest, ReportKey};

/// Reports that are remembered, of whatever size: a digest of what each calls itself, and one of what it says.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<[u8; 32], ReportDigest>);

impl Seen {
    /// Whether the report came before; `None` if it did not and cannot be remembered, because there are
    /// too many.
    pub(crate) fn judge(&mut self, key: &ReportKey, report: &Report<'_>) -> Option<Repeat> {
        let (key, digest) = (digest_of(key), ReportDigest::of(report));
        let repeat = digest.judge(self.0.get(&key).copied());
        if repeat == Repeat::New {
            if self.0.len() >= REPORTS {
                return None;
            }
            let _ = self.0.insert(key, digest);
        }
        Some(repeat)
    }
}

/// Each part with its length before it, so that no two keys are hashed as the same octets.
fn digest_of(key: &ReportKey) -> [u8; 32] {
    let ReportKey { sender, report_id, policy_domains, window, .. } = key;
    let mut digest = Sha256::new();
    for time in [window.start(), window.last()] {
        digest.update(time.as_secs().to_be_bytes());
    }
    let texts = [sender, report_id].into_iter().chain(policy_domains);
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    digest.finalize().into()
}

/// Reports that are remembered; one beyond these counts each time it comes. Ours: four full Maildirs, in
/// 34 MiB.
const REPORTS: usize = 400_000;

#[cfg(test)]
mod tests {
    use tlsrpt::{Policy, PolicyType, Summary, UtcDay};

    use super::*;

    fn report<'a>(id: &'a str, domains: &[&'a str], successful: u64) -> Report<'a> {
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let mut report = Report::new("o", "tls@sender.example", id, day.into());
        for domain in domains {
            let policy = Policy::new(PolicyType::NO_POLICY_FOUND, *domain);
            report.push(policy, Summary { successful, failed: 0 }, []);
        }
        report
    }

    // checks: tlsrpt/R2
    #[test]
    fn rfc8460_5_3_each_part_of_the_key_counts() {
        let mut seen = Seen::default();
        let mut judge =
            |report: &Report<'_>| seen.judge(&ReportKey::new(report, None, None), report);
        for (id, domains) in [
            ("1", &["a.example", "b.example"][..]),
            ("2", &["a.example", "b.example"]),
            ("1", &["a.example"]),
            ("1", &["a.exampleb.example"]),
            ("1a.example", &["b.example"]),
        ] {
            assert_eq!(judge(&report(id, domains, 1)), Some(Repeat::New), "{id} {domains:?}");
            assert_eq!(judge(&report(id, domains, 1)), Some(Repeat::Duplicate));
            assert_eq!(judge(&report(id, domains, 2)), Some(Repeat::Conflict));
        }
    }

    #[test]
    fn beyond_the_bound_reports_are_not_remembered() {
        let mut seen = Seen::default();
        let filler = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            (key, ReportDigest([0; 32]))
        };
        seen.0.extend((1..REPORTS).map(filler));
        let mut judge = |id| {
            let report = report(id, &[], 1);
            seen.judge(&ReportKey::new(&report, None, None), &report)
        };
        assert_eq!(judge("last"), Some(Repeat::New));
        assert_eq!(judge("last"), Some(Repeat::Duplicate));
        assert_eq!((judge("beyond"), judge("beyond")), (None, None));
    }
}
