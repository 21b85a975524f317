//! What is wrong with an RRset, beside the chain that the server sends.

use alloc::vec::Vec;
use core::fmt;

use crate::der::Certificate;
use crate::digest::Digests;
use crate::tlsa::{CertUsage, Matching, Tlsa, TlsaSet};
use crate::usable::{Comparison, MAX_RECORDS, Profile, Selected, Unusable, UsableRecord, Usage};
use crate::verify::Digested;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Nothing breaks.
    Information,
    /// Some clients cannot authenticate the server, or soon none can.
    Warning,
    /// Clients that obey the RFCs defer mail, or will.
    Error,
}

/// Whether the server offers STARTTLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StartTls {
    /// To everybody.
    Always,
    /// To some clients or at some times.
    Selectively,
    /// To nobody.
    Never,
}

/// A problem, and the record that it is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finding {
    /// What is wrong.
    pub problem: Problem,
    /// The record's place in the RRset; none if it is about all of them.
    pub record: Option<usize>,
}

/// What is wrong.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Problem {
    /// No record with this one's three numbers matches the chain.
    NoMatch,
    /// No record with this one's three numbers has its anchor in the chain.
    AnchorNotSent,
    /// An anchor's whole key is published and its certificate is not sent.
    BareKeyAnchor,
    /// The usage is of the public PKI, which mail does not use.
    PkixUsage,
    /// The record holds whole data in place of a digest.
    FullData,
    /// There is SHA2-512 without SHA2-256 for this usage and selector.
    OnlySha512,
    /// The record cannot be used.
    Unusable(Unusable),
    /// There is RDATA that is no record.
    Malformed,
    /// There are more records than clients look at.
    TooManyRecords,
    /// No record is there for the next certificate.
    NextNotPublished,
    /// There are records, and the server does not offer STARTTLS to everybody.
    NoStartTls(StartTls),
    /// What the server sends at this place is no certificate.
    Chain(usize),
}

impl Problem {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::NoMatch
            | Self::AnchorNotSent
            | Self::NextNotPublished
            | Self::NoStartTls(_)
            | Self::TooManyRecords
            | Self::Chain(_) => Severity::Error,
            Self::BareKeyAnchor
            | Self::PkixUsage
            | Self::OnlySha512
            | Self::Unusable(_)
            | Self::Malformed => Severity::Warning,
            Self::FullData => Severity::Information,
        }
    }

    /// A stable word for it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoMatch => "no-match",
            Self::AnchorNotSent => "anchor-not-sent",
            Self::BareKeyAnchor => "bare-key-anchor",
            Self::PkixUsage => "pkix-usage",
            Self::FullData => "full-data",
            Self::OnlySha512 => "only-sha2-512",
            Self::Unusable(why) => why.reason(),
            Self::Malformed => "malformed-rdata",
            Self::TooManyRecords => "too-many-records",
            Self::NextNotPublished => "next-not-published",
            Self::NoStartTls(StartTls::Selectively) => "selective-starttls",
            Self::NoStartTls(StartTls::Always | StartTls::Never) => "no-starttls",
            Self::Chain(_) => "malformed-certificate",
        }
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoMatch => "publish the record of what the server sends, or remove this one",
            Self::AnchorNotSent => "have the server send the anchor's certificate with its chain",
            Self::BareKeyAnchor => "send the anchor's certificate: not every client tries the key",
            Self::PkixUsage => "publish usage 3 or 2 in place of usage 1 or 0",
            Self::FullData => "publish a digest, it is shorter and says the same",
            Self::OnlySha512 => "publish sha2-256 too, for every client has it",
            Self::Unusable(_) | Self::Malformed => "remove the record, or publish it anew",
            Self::TooManyRecords => "remove records of certificates that are not in use",
            Self::NextNotPublished => {
                "publish its record, and wait for the ttl, before it is deployed"
            }
            Self::NoStartTls(_) => "offer starttls to every client, or remove the records",
            Self::Chain(_) => "configure the server with certificates in der or pem",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(record) = self.record {
            write!(f, "record {record}: ")?;
        }
        write!(f, "{}: {}", self.problem.reason(), self.problem.remedy())
    }
}

/// Looks for problems in an RRset. `chain` is what the server sends, its own certificate first.
///
/// The rules are those of [RFC 7671 sections 5.2.2, 8 and
/// 10.1](https://www.rfc-editor.org/rfc/rfc7671#section-8) and [RFC 7672 sections 2.2, 3.1.3 and
/// 4](https://www.rfc-editor.org/rfc/rfc7672#section-4).
#[must_use]
pub fn lint(records: &TlsaSet, chain: &[&[u8]], starttls: StartTls) -> Vec<Finding> {
    let mut findings = Vec::new();
    if records.is_empty() {
        return findings;
    }
    if starttls != StartTls::Always {
        findings.push(Finding { problem: Problem::NoStartTls(starttls), record: None });
    }
    if records.malformed() > 0 {
        findings.push(Finding { problem: Problem::Malformed, record: None });
    }
    if records.len() > MAX_RECORDS {
        findings.push(Finding { problem: Problem::TooManyRecords, record: None });
    }
    let mut parsed = Vec::new();
    for (at, der) in chain.iter().enumerate() {
        match Certificate::parse(der) {
            Ok(certificate) => parsed.push((at, certificate)),
            Err(_) => findings.push(Finding { problem: Problem::Chain(at), record: None }),
        }
    }
    let set = records.records();
    for (index, record) in set.iter().enumerate() {
        let mut find = |problem| findings.push(Finding { problem, record: Some(index) });
        if record.usage() == CertUsage::PKIX_TA || record.usage() == CertUsage::PKIX_EE {
            find(Problem::PkixUsage);
        }
        match UsableRecord::judge(index, record, Profile::Generic, &Digests::default()) {
            Err(why) => find(Problem::Unusable(why)),
            Ok(usable) => {
                lint_form(record, set).into_iter().for_each(&mut find);
                lint_match(&usable, set, &parsed).into_iter().for_each(&mut find);
            }
        }
    }
    findings
}

/// Looks whether the certificate that the server is to send next is published already: two records,
/// for the old key and the new one, stand side by side before a change
/// ([RFC 7672 section 4](https://www.rfc-editor.org/rfc/rfc7672#section-4)). `chain` is what it will
/// send, its own certificate first.
#[must_use]
pub fn lint_next(records: &TlsaSet, chain: &[&[u8]]) -> Vec<Finding> {
    let parsed: Vec<(usize, Certificate<'_>)> = chain
        .iter()
        .enumerate()
        .filter_map(|(at, der)| Some((at, Certificate::parse(der).ok()?)))
        .collect();
    let set = records.records();
    let is_ready = |(index, record): (usize, &Tlsa)| {
        UsableRecord::judge(index, record, Profile::Smtp, &Digests::default())
            .is_ok_and(|usable| lint_match(&usable, set, &parsed).is_none())
    };
    let ready = set.iter().enumerate().all(|(index, record)| {
        // Records that cannot be used do not count; of the others each kind has to be ready.
        UsableRecord::judge(index, record, Profile::Smtp, &Digests::default()).is_err()
            || is_ready((index, record))
    });
    if records.is_empty() || (ready && set.iter().enumerate().any(is_ready)) {
        Vec::new()
    } else {
        Vec::from([Finding { problem: Problem::NextNotPublished, record: None }])
    }
}

fn lint_form(record: &Tlsa, set: &[Tlsa]) -> Option<Problem> {
    match record.matching() {
        Matching::FULL => Some(Problem::FullData),
        Matching::SHA2_512 => {
            let has_256 = set.iter().any(|other| {
                other.usage() == record.usage()
                    && other.selector() == record.selector()
                    && other.matching() == Matching::SHA2_256
            });
            (!has_256).then_some(Problem::OnlySha512)
        }
        _ => None,
    }
}

/// Whether some record with the same three numbers matches the chain; the one at hand or another.
fn lint_match(
    usable: &UsableRecord,
    set: &[Tlsa],
    chain: &[(usize, Certificate<'_>)],
) -> Option<Problem> {
    let record = usable.tlsa();
    let same = set.iter().enumerate().filter(|(_, other)| {
        other.usage() == record.usage()
            && other.selector() == record.selector()
            && other.matching() == record.matching()
    });
    let mut same = same.filter_map(|(index, other)| {
        UsableRecord::judge(index, other, Profile::Generic, &Digests::default()).ok()
    });
    let wanted = |at: usize| match usable.usage() {
        Usage::PkixEe | Usage::DaneEe => at == 0,
        Usage::PkixTa | Usage::DaneTa => at > 0,
    };
    let matches = |one: UsableRecord| {
        chain
            .iter()
            .any(|(at, certificate)| wanted(*at) && Digested::new(certificate).matches(&one))
    };
    if same.any(matches) {
        return None;
    }
    match (usable.usage(), usable.comparison(), usable.selected()) {
        (Usage::DaneTa, Comparison::Full, Selected::Certificate) => {
            let subject = Certificate::parse(record.data()).ok()?.subject;
            let issues = chain.iter().any(|(_, certificate)| certificate.issuer == subject);
            (!issues).then_some(Problem::NoMatch)
        }
        (Usage::DaneTa, Comparison::Full, Selected::PublicKey) => Some(Problem::BareKeyAnchor),
        (Usage::DaneTa, Comparison::Digest(_), _) => Some(Problem::AnchorNotSent),
        // The root of an ordinary path is not sent.
        (Usage::PkixTa, ..) => None,
        (Usage::PkixEe | Usage::DaneEe, ..) => Some(Problem::NoMatch),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;
    use crate::publish::record;
    use crate::publish::tests::certificate;
    use crate::tlsa::Selector;

    fn set(records: &[(&str, &[u8])]) -> TlsaSet {
        let records = records.iter().map(|(numbers, der)| {
            let mut numbers = numbers.split(' ').map(|it| it.parse().unwrap());
            let mut next = || numbers.next().unwrap();
            record(CertUsage(next()), Selector(next()), Matching(next()), der).unwrap()
        });
        TlsaSet::from(records.collect::<Vec<_>>())
    }

    fn words(findings: &[Finding]) -> Vec<(&'static str, Option<usize>)> {
        findings.iter().map(|it| (it.problem.reason(), it.record)).collect()
    }

    #[test]
    fn nothing_is_wrong_with_the_recommended_records() {
        let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
        let good = set(&[("3 1 1", &leaf), ("2 1 1", &ca)]);
        assert_eq!(lint(&good, &[&leaf, &ca], StartTls::Always), []);
        assert_eq!(lint(&TlsaSet::default(), &[], StartTls::Never), []);
    }

    #[test]
    fn pub1_each_kind_of_record_has_a_match() {
        let (leaf, old, ca) = (certificate(1, 1, 2), certificate(3, 1, 2), certificate(2, 2, 2));
        let rolled = set(&[("3 1 1", &old), ("3 1 1", &leaf)]);
        assert_eq!(lint(&rolled, &[&leaf, &ca], StartTls::Always), []);
        let stale = set(&[("3 1 1", &old), ("3 0 1", &leaf)]);
        let findings = lint(&stale, &[&leaf, &ca], StartTls::Always);
        assert_eq!(words(&findings), [("no-match", Some(0))]);
        assert_eq!(findings[0].problem.severity(), Severity::Error);
        assert_eq!(
            findings[0].to_string(),
            "record 0: no-match: publish the record of what the server sends, or remove this one"
        );
    }

    #[test]
    fn pub2_the_anchor_is_sent() {
        let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
        for (numbers, word) in [
            ("2 0 1", Some("anchor-not-sent")),
            ("2 1 1", Some("anchor-not-sent")),
            ("2 1 0", Some("bare-key-anchor")),
            ("2 0 0", None),
        ] {
            let findings = lint(&set(&[(numbers, &ca)]), &[&leaf], StartTls::Always);
            let found = words(&findings).into_iter().map(|(word, _)| word);
            let found: Vec<_> = found.filter(|word| *word != "full-data").collect();
            assert_eq!(found, Vec::from_iter(word), "{numbers}");
        }
        let stranger = certificate(4, 9, 9);
        let findings = lint(&set(&[("2 0 0", &stranger)]), &[&leaf], StartTls::Always);
        assert!(words(&findings).contains(&("no-match", Some(0))));
    }

    #[test]
    fn pub3_usages_of_the_public_pki() {
        let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
        let findings =
            lint(&set(&[("1 1 1", &leaf), ("0 0 1", &ca)]), &[&leaf, &ca], StartTls::Always);
        assert_eq!(words(&findings), [("pkix-usage", Some(0)), ("pkix-usage", Some(1))]);
    }

    #[test]
    fn pub4_full_data() {
        let leaf = certificate(1, 1, 2);
        let findings = lint(&set(&[("3 1 0", &leaf)]), &[&leaf], StartTls::Always);
        assert_eq!(words(&findings), [("full-data", Some(0))]);
        assert_eq!(findings[0].problem.severity(), Severity::Information);
    }

    #[test]
    fn pub5_sha2_512_alone() {
        let leaf = certificate(1, 1, 2);
        let alone = set(&[("3 1 2", &leaf), ("3 0 1", &leaf)]);
        assert_eq!(words(&lint(&alone, &[&leaf], StartTls::Always)), [("only-sha2-512", Some(0))]);
        let both = set(&[("3 1 2", &leaf), ("3 1 1", &leaf)]);
        assert_eq!(lint(&both, &[&leaf], StartTls::Always), []);
    }

    #[test]
    fn pub6_the_next_certificate_is_published_before() {
        let (leaf, next) = (certificate(1, 1, 2), certificate(3, 1, 2));
        let before = set(&[("3 1 1", &leaf)]);
        assert_eq!(words(&lint_next(&before, &[&next])), [("next-not-published", None)]);
        let both = set(&[("3 1 1", &leaf), ("3 1 1", &next)]);
        assert_eq!(lint_next(&both, &[&next]), []);
        // A stronger digest that is not ready outweighs the one that is.
        let half = set(&[("3 1 1", &leaf), ("3 1 1", &next), ("3 1 2", &leaf)]);
        assert_eq!(words(&lint_next(&half, &[&next])), [("next-not-published", None)]);
        let same_key = certificate(1, 1, 7);
        assert_eq!(lint_next(&before, &[&same_key]), []);
    }

    #[test]
    fn pub7_records_without_starttls() {
        let leaf = certificate(1, 1, 2);
        for (starttls, word) in
            [(StartTls::Never, "no-starttls"), (StartTls::Selectively, "selective-starttls")]
        {
            let findings = lint(&set(&[("3 1 1", &leaf)]), &[&leaf], starttls);
            assert_eq!(words(&findings), [(word, None)]);
        }
    }

    #[test]
    fn more_records_than_clients_look_at() {
        let leaf = certificate(1, 1, 2);
        let many =
            |count| TlsaSet::from(vec![set(&[("3 1 1", &leaf)]).records()[0].clone(); count]);
        assert_eq!(lint(&many(MAX_RECORDS), &[&leaf], StartTls::Always), []);
        let findings = lint(&many(MAX_RECORDS + 1), &[&leaf], StartTls::Always);
        assert_eq!(words(&findings), [("too-many-records", None)]);
        assert_eq!(findings[0].problem.severity(), Severity::Error);
    }

    #[test]
    fn records_and_certificates_that_cannot_be_read() {
        let leaf = certificate(1, 1, 2);
        let rdata: [&[u8]; 2] = [&[3, 1], &[3, 1, 1, 7]];
        let findings = lint(&TlsaSet::from_rdata(rdata), &[&leaf, &[0]], StartTls::Always);
        let expected = vec![
            ("malformed-rdata", None),
            ("malformed-certificate", None),
            ("digest-length", Some(0)),
        ];
        assert_eq!(words(&findings), expected);
        assert!(findings.iter().all(|it| !it.problem.remedy().is_empty()));
    }
}
