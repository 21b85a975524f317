//! What is wrong with an RRset, beside the chain that the server sends.

use alloc::vec::Vec;
use core::fmt;

use super::shown::{Client, Fit, NeedsPath, Shown, is_of_ca, kind};
use crate::digest::Digests;
use crate::tlsa::{CertUsage, Matching, Tlsa, TlsaSet};
use crate::usable::{MAX_RECORDS, Profile, Unusable, UsableRecord};

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
    /// The anchor is sent, but the server's certificate does not lead there.
    NotInPath,
    /// A record's anchor is sent, and the way there has a signature of a kind that the client does not know.
    UnknownSignature,
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
    /// What the server sends at this place is no certificate, or one that clients cannot read who need
    /// a path.
    Chain(usize),
    /// The server sends more, or longer, certificates than clients take that need a path.
    TooManyCertificates,
    /// The certificate that the server sends at this place has a key that is too weak.
    WeakKey(usize),
    /// Of two anchors of one name, neither of which has a key id that fits better, clients may take the
    /// wrong one.
    Namesakes,
}

impl Problem {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::NoMatch
            | Self::AnchorNotSent
            | Self::NotInPath
            | Self::Namesakes
            | Self::WeakKey(_)
            | Self::TooManyCertificates
            | Self::NextNotPublished
            | Self::NoStartTls(_)
            | Self::TooManyRecords
            | Self::Chain(_) => Severity::Error,
            Self::BareKeyAnchor
            | Self::UnknownSignature
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
            Self::NotInPath => "not-in-path",
            Self::UnknownSignature => "unsupported-algorithm",
            Self::Namesakes => "anchors-of-one-name",
            Self::WeakKey(_) => "weak-key",
            Self::TooManyCertificates => "too-many-certificates",
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
            Self::NotInPath => {
                "have the server send every certificate between its own and the anchor"
            }
            Self::UnknownSignature => {
                "use certificates signed by rsa, p-256 or p-384 keys: not every client knows others"
            }
            Self::Namesakes => {
                "publish the keys or digests of the anchors in place of certificates"
            }
            Self::WeakKey(_) => {
                "replace the certificate by one whose rsa key has 2048 bits or more"
            }
            Self::TooManyCertificates => "send the certificates up to the anchor and no others",
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
/// 4](https://www.rfc-editor.org/rfc/rfc7672#section-4). Names and dates are left to the
/// [`Verifier`](crate::Verifier).
#[must_use]
pub fn lint(
    records: &TlsaSet,
    chain: &[&[u8]],
    starttls: StartTls,
    client: Client<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if records.is_empty() {
        return findings;
    }
    let mut find = |problem| findings.push(Finding { problem, record: None });
    if starttls != StartTls::Always {
        find(Problem::NoStartTls(starttls));
    }
    if records.malformed() > 0 {
        find(Problem::Malformed);
    }
    if records.len() > MAX_RECORDS {
        find(Problem::TooManyRecords);
    }
    let set = looked_at(records);
    let shown = Shown::new(chain, client);
    lint_chain(&shown, set).into_iter().for_each(&mut find);
    if !shown.is_unambiguous(set) {
        find(Problem::Namesakes);
    }
    let fits: Vec<Fit> = set.iter().map(|record| shown.fit(record)).collect();
    for (index, record) in set.iter().enumerate() {
        let mut find = |problem| findings.push(Finding { problem, record: Some(index) });
        if record.usage() == CertUsage::PKIX_TA || record.usage() == CertUsage::PKIX_EE {
            find(Problem::PkixUsage);
        }
        match UsableRecord::judge(index, record, Profile::Generic, &Digests::default()) {
            Err(why) => find(Problem::Unusable(why)),
            Ok(_) => {
                lint_form(record, set).into_iter().for_each(&mut find);
                lint_match(record, best(record, set, &fits), &shown)
                    .into_iter()
                    .for_each(&mut find);
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
pub fn lint_next(records: &TlsaSet, chain: &[&[u8]], client: Client<'_>) -> Vec<Finding> {
    if records.is_empty() {
        return Vec::new();
    }
    let (set, shown) = (looked_at(records), Shown::new(chain, client));
    let mut problems = lint_chain(&shown, set);
    let fits: Vec<Fit> = set.iter().map(|record| shown.fit(record)).collect();
    let is_usable =
        |record: &&Tlsa| UsableRecord::judge(0, record, Profile::Smtp, &Digests::default()).is_ok();
    // Records that cannot be used do not count; of the others each kind has to be ready.
    let mut ready = set.iter().filter(is_usable).map(|it| best(it, set, &fits) >= Fit::BareKey);
    if !ready.next().is_some_and(|first| first && ready.all(|one| one)) {
        problems.push(Problem::NextNotPublished);
    } else if !shown.is_unambiguous(set) {
        problems.push(Problem::Namesakes);
    }
    problems.into_iter().map(|problem| Finding { problem, record: None }).collect()
}

/// No client looks at more.
fn looked_at(records: &TlsaSet) -> &[Tlsa] {
    let all = records.records();
    all.get(..MAX_RECORDS).unwrap_or(all)
}

/// What is wrong with the chain by itself, for clients that have these records.
fn lint_chain(shown: &Shown<'_>, set: &[Tlsa]) -> Vec<Problem> {
    let needs_path = NeedsPath::of(set);
    let mut problems: Vec<Problem> = shown.unread(needs_path).map(Problem::Chain).collect();
    if shown.is_too_long && needs_path == NeedsPath::Yes {
        problems.push(Problem::TooManyCertificates);
    }
    problems.extend(shown.weak(set).map(Problem::WeakKey));
    problems
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

/// What the best record with the same three numbers is to the chain.
fn best(record: &Tlsa, set: &[Tlsa], fits: &[Fit]) -> Fit {
    let same = set.iter().zip(fits).filter(|(other, _)| kind(other) == kind(record));
    same.map(|(_, fit)| *fit).max().unwrap_or(Fit::No)
}

fn lint_match(record: &Tlsa, best: Fit, shown: &Shown<'_>) -> Option<Problem> {
    match (best, record.usage(), record.matching()) {
        // What is wrong with the chain is said, and no record is to blame.
        _ if is_of_ca(record) && shown.has_no_path() => None,
        (Fit::Whole, ..) => None,
        (Fit::BareKey, ..) => Some(Problem::BareKeyAnchor),
        (Fit::Unlinked, ..) if shown.weak(core::slice::from_ref(record)).is_some() => None,
        (Fit::Unlinked, ..) if shown.is_beyond_algorithms() => Some(Problem::UnknownSignature),
        (Fit::Unlinked, ..) => Some(Problem::NotInPath),
        // The root of an ordinary path is not sent.
        (Fit::No, CertUsage::PKIX_TA, _) => None,
        (Fit::No, CertUsage::DANE_TA, matching) if matching != Matching::FULL => {
            Some(Problem::AnchorNotSent)
        }
        (Fit::No, ..) => Some(Problem::NoMatch),
    }
}
