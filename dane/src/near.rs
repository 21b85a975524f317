//! How near a refused chain came, or what exactly is at fault in it.

use core::fmt;

use pki_types::{CertificateDer, UnixTime};

use crate::der::{Certificate, DerError, Reader, tag};
use crate::digest::{DigestAlgorithm, MAX_DIGEST};
use crate::tlsa::{Matching, Tlsa};
use crate::trust_anchor::{MAX_PRESENTED, MAX_PRESENTED_OCTETS};
use crate::usable::{Selected, Unusable, UsableSet, Usage};

/// How near a refused chain came, or what exactly is at fault: what an operator wants to hear.
///
/// `record` is a place in the RRset, `certificate` one in what the server sent (0 is its own), and
/// `issuer` and `last` are depths in the path. Every value is small, whatever the server sends.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are described above")]
pub enum NearestMiss {
    /// The record matches a certificate where its usage does not look.
    #[error(
        "record {record} is published as {usage} and matches certificate {certificate}",
        usage = word(*usage)
    )]
    Position { record: usize, usage: Usage, certificate: usize },
    /// The record holds what the other selector selects.
    #[error("record {record} matches certificate {certificate} by the other selector")]
    Selector { record: usize, certificate: usize },
    /// The record holds what this other matching type makes.
    #[error("record {record} matches certificate {certificate} by matching type {}", matching.0)]
    MatchingType { record: usize, certificate: usize, matching: Matching },
    /// The record matches, but one with a stronger digest is published beside it.
    #[error(
        "record {record} matches certificate {certificate}, but a stronger digest outweighs it"
    )]
    Outweighed { record: usize, certificate: usize },
    /// The record would match if it were usable.
    #[error("record {record} matches certificate {certificate}, but is not usable: {why}")]
    NotUsable { record: usize, certificate: usize, why: Unusable },
    /// The record matches a certificate, but the issuer of the last one on the path is missing.
    #[error(
        "record {record} matches certificate {certificate}, but the path ends at depth {last}, \
         whose issuer is not there"
    )]
    Unlinked { record: usize, certificate: usize, last: usize },
    /// The certificate names this issuer, whose key has not signed it.
    #[error("it is not signed by the key of its issuer at depth {issuer}")]
    NotSigned { issuer: usize },
    /// The certificate's last second, since 1970, and how long ago that is.
    #[error("it ended on {}, {} ago", Date(*not_after), Span(*seconds))]
    Ended { not_after: i64, seconds: u64 },
    /// The certificate's first second, since 1970, and how far off that is.
    #[error("it begins on {}, in {}", Date(*not_before), Span(*seconds))]
    Begins { not_before: i64, seconds: u64 },
    /// The certificate has no name that could stand for a host.
    #[error("it has no name of a host")]
    NoName,
    /// The certificate has this name and so many others.
    #[error("it has the name {name} and {others} others")]
    OtherName { name: Excerpt, others: u16 },
    /// The certificate has this wildcard, which stands for one label only, and so many other names.
    #[error("its wildcard {name} stands for exactly one label; it has {others} other names")]
    Wildcard { name: Excerpt, others: u16 },
    /// The common name fits, but does not count beside so many dNSNames.
    #[error("its common name {name} does not count beside {others} dns names")]
    CommonName { name: Excerpt, others: u16 },
    /// This extension is critical and not understood, or that of a proxy certificate.
    #[error("the extension is {oid}")]
    Extension { oid: Oid },
    /// The signature of the certificate is of this kind, which does not fit the key or the provider.
    #[error("its signature algorithm is {oid}")]
    Algorithm { oid: Oid },
    /// The elliptic curve of the key is given by parameters and not by name.
    #[error("its curve has no name")]
    ExplicitCurve,
    /// The RSA key has a modulus of so many bits; 0 if it cannot be read.
    #[error("its rsa key has {bits} bits, expected at least 2048")]
    KeyBits { bits: usize },
    /// So many CAs stand between this one and the server's certificate.
    #[error("{between} cas are below it, it allows {allowed}")]
    PathLength { between: usize, allowed: usize },
    /// The path goes on after so many certificates, and is not followed further.
    #[error("it goes on after {certificates} certificates")]
    LongPath { certificates: usize },
    /// The server's certificate has none of the key usages of a server.
    #[error("it has neither digitalSignature, keyEncipherment nor keyAgreement")]
    NoServerUsage,
    /// The CA's key usage does not have keyCertSign.
    #[error("it lacks keyCertSign")]
    NoCertSign,
    /// The issuer has no basic constraints.
    #[error("it has no basic constraints")]
    NoBasicConstraints,
    /// The issuer's basic constraints say that it is no CA.
    #[error("its basic constraints say so")]
    CaFalse,
    /// This issuer's constraints forbid a name of the certificate.
    #[error("the constraints are those of the issuer at depth {issuer}")]
    Constraints { issuer: usize },
    /// Where the outline of the certificate cannot be read.
    #[error("{0}")]
    Malformed(DerError),
    /// A field of the certificate's outline is not of its type's form.
    #[error("a field of it is not in the form of its type")]
    Form,
    /// The certificate's extensions cannot be read.
    #[error("its extensions cannot be read")]
    Extensions,
    /// The certificate's dates cannot be read.
    #[error("its dates cannot be read")]
    Dates,
    /// The algorithm that is signed is not the one that is given beside the signature.
    #[error("its two signature algorithms differ")]
    TwoAlgorithms,
    /// What the server sent.
    #[error("{certificates} were sent, of {octets} octets")]
    Sent { certificates: usize, octets: usize },
}

fn word(usage: Usage) -> &'static str {
    match usage {
        Usage::PkixTa => "pkix-ta",
        Usage::PkixEe => "pkix-ee",
        Usage::DaneTa => "dane-ta",
        Usage::DaneEe => "dane-ee",
    }
}

impl NearestMiss {
    /// Why a certificate could not be read as a whole; offsets count in the whole.
    pub(crate) fn malformed(der: &[u8]) -> Self {
        Certificate::parse(der).map_or_else(Self::Malformed, |_| Self::Form)
    }

    pub(crate) fn ended(not_after: i64, now: UnixTime) -> Self {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Self::Ended { not_after, seconds: now.abs_diff(not_after) }
    }

    pub(crate) fn begins(not_before: i64, now: UnixTime) -> Self {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Self::Begins { not_before, seconds: now.abs_diff(not_before) }
    }

    /// The kind of a certificate's signature.
    pub(crate) fn algorithm(certificate: &Certificate<'_>) -> Option<Self> {
        let oid = Reader::new(certificate.algorithm).and_then(|mut it| it.expect(tag::OID));
        oid.ok().map(|oid| Self::Algorithm { oid: Oid::new(oid.value) })
    }

    fn rank(self) -> u8 {
        match self {
            Self::Position { .. } => 0,
            Self::Selector { .. } => 1,
            Self::Outweighed { .. } => 2,
            Self::NotUsable { .. } => 3,
            _ => 4,
        }
    }
}

/// The first octets of a text out of a certificate, at most 40; shown escaped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Excerpt {
    octets: [u8; Self::MAX],
    /// Octets of the whole text; beyond the array some are left off.
    len: u32,
}

impl Excerpt {
    const MAX: usize = 40;

    pub(crate) fn new(text: &[u8]) -> Self {
        let mut octets = [0; Self::MAX];
        octets.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Self { octets, len: u32::try_from(text.len()).unwrap_or(u32::MAX) }
    }

    /// The octets that are kept.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        let len = usize::try_from(self.len).unwrap_or(usize::MAX);
        self.octets.get(..len).unwrap_or(&self.octets)
    }

    /// Whether octets are left off.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        usize::try_from(self.len).is_ok_and(|len| len > Self::MAX)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.octets().escape_ascii().fmt(f)?;
        f.write_str(if self.is_cut() { "..." } else { "" })
    }
}

/// An object identifier out of a certificate, at most its first 40 octets; shown with dots.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Oid(Excerpt);

impl Oid {
    pub(crate) fn new(contents: &[u8]) -> Self {
        Self(Excerpt::new(contents))
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut arc, mut is_first) = (0_u64, true);
        for octet in self.0.octets() {
            arc = arc.saturating_mul(128).saturating_add(u64::from(octet & 0x7f));
            if octet & 0x80 != 0 {
                continue;
            }
            if is_first {
                let top = (arc / 40).min(2);
                write!(f, "{top}.{}", arc.saturating_sub(top.saturating_mul(40)))?;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, is_first) = (0, false);
        }
        f.write_str(if self.0.is_cut() { "..." } else { "" })
    }
}

/// Seconds since 1970 as a date in UTC.
struct Date(i64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = crate::der::time::civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Seconds, or whole days if they are two or more.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 / 86_400 {
            0 | 1 => write!(f, "{} s", self.0),
            days => write!(f, "{days} days"),
        }
    }
}

/// Looks for a record that would match under another usage, selector or matching type, or if it were
/// used at all. Of each certificate each digest is made once.
pub(crate) fn nearest_miss(
    records: &UsableSet,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
) -> Option<NearestMiss> {
    let mut search = Nearest { records, best: None };
    let mut octets = 0_usize;
    for (at, der) in core::iter::once(leaf).chain(others).take(MAX_PRESENTED).enumerate() {
        octets = octets.saturating_add(der.len());
        if octets > MAX_PRESENTED_OCTETS {
            break;
        }
        let Ok(certificate) = Certificate::parse(der) else { continue };
        for selected in [Selected::Certificate, Selected::PublicKey] {
            let part = selected.of(&certificate);
            search.compare(at, selected, Matching::FULL, part);
            for digest in records.digests().iter() {
                if search.has_length(digest.output_len()) {
                    search.digest(at, selected, digest, part);
                }
            }
        }
    }
    search.best
}

struct Nearest<'a> {
    records: &'a UsableSet,
    best: Option<NearestMiss>,
}

impl Nearest<'_> {
    fn has_length(&self, len: usize) -> bool {
        let usable = self.records.records().iter().map(|one| one.tlsa());
        let unused = self.records.unused().map(|(_, tlsa, _)| tlsa);
        usable.chain(unused).any(|tlsa| tlsa.data().len() == len)
    }

    fn digest(&mut self, at: usize, selected: Selected, digest: &dyn DigestAlgorithm, part: &[u8]) {
        let mut output = [0; MAX_DIGEST];
        digest.digest(part, &mut output);
        let made = output.get(..digest.output_len()).unwrap_or(&output);
        self.compare(at, selected, digest.matching(), made);
    }

    /// Looks for records that hold what this selector and matching type make of a certificate.
    fn compare(&mut self, certificate: usize, selected: Selected, matching: Matching, made: &[u8]) {
        let is_by = |tlsa: &Tlsa| Selected::try_from(tlsa.selector()) == Ok(selected);
        for one in self.records.records().iter().filter(|one| one.tlsa().data() == made) {
            let (record, usage) = (one.index(), one.usage());
            self.offer(match (is_by(one.tlsa()), one.tlsa().matching() == matching) {
                (true, true) => NearestMiss::Position { record, usage, certificate },
                (false, true) => NearestMiss::Selector { record, certificate },
                (_, false) => NearestMiss::MatchingType { record, certificate, matching },
            });
        }
        for (record, tlsa, why) in self.records.unused().filter(|(_, it, _)| it.data() == made) {
            self.offer(match why {
                _ if tlsa.matching() != matching => {
                    NearestMiss::MatchingType { record, certificate, matching }
                }
                Some(why) => NearestMiss::NotUsable { record, certificate, why },
                None if is_by(tlsa) => NearestMiss::Outweighed { record, certificate },
                None => NearestMiss::Selector { record, certificate },
            });
        }
    }

    fn offer(&mut self, miss: NearestMiss) {
        if self.best.is_none_or(|best| miss.rank() < best.rank()) {
            self.best = Some(miss);
        }
    }
}
