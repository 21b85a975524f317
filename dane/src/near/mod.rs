//! How near a refused chain came, or what exactly is at fault in it.

mod search;
mod show;

pub(crate) use search::nearest_miss;
#[cfg(feature = "rustls")]
pub(crate) use search::nearest_of_key;
use show::{Date, Span};
pub use show::{Excerpt, Oid};

use pki_types::UnixTime;

use crate::der::{Certificate, DerError, Reader, tag};
use crate::tlsa::Matching;
use crate::usable::{Unusable, Usage};

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
    /// No record holds anything of what the server sent, in any way.
    #[error("none of {records} records is of any of {certificates} certificates")]
    Nothing { records: usize, certificates: usize },
    /// The key that the record holds in full is not the one that signed the last one on the path.
    #[error("the key in record {record} has not signed the certificate at depth {last}")]
    OtherSigner { record: usize, last: usize },
    /// The record matches this one of the roots, but the path does not reach it.
    #[error(
        "record {record} matches root {root}, but the path ends at depth {last}, whose issuer is not \
         there"
    )]
    UnlinkedRoot { record: usize, root: usize, last: usize },
    /// The record matches a certificate, but the issuer of the last one on the path is missing.
    #[error(
        "record {record} matches certificate {certificate}, but the path ends at depth {last}, \
         whose issuer is not there"
    )]
    Unlinked { record: usize, certificate: usize, last: usize },
    /// The certificate names this issuer, whose key has not signed it.
    #[error("it is not signed by the key of its issuer at depth {issuer}")]
    NotSigned { issuer: usize },
    /// So many signatures have been verified, and the next one would cost more than is left for it.
    #[error("{verified} were verified, the next one would cost too much")]
    Signatures { verified: usize },
    /// The record matches, but this signature scheme of the handshake was not offered.
    #[error("record {record} matches, but the scheme {scheme:#06x} was not offered")]
    NotOffered { record: usize, scheme: u16 },
    /// The record matches, but this signature scheme of the handshake is not for the certificate's key.
    #[error("record {record} matches, but the scheme {scheme:#06x} is not for its kind of key")]
    OtherScheme { record: usize, scheme: u16 },
    /// The record matches, but whoever signed the handshake does not hold the certificate's key.
    #[error(
        "record {record} matches, but the signature of scheme {scheme:#06x} is not by the key of \
         certificate 0"
    )]
    NotHeld { record: usize, scheme: u16 },
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
    /// The certificate is for this purpose and so many others, none of them a server's.
    #[error("it is for the purpose {purpose} and {others} others")]
    OtherPurpose { purpose: Oid, others: u16 },
    /// The certificate's netscape-cert-type, which is older than the purposes, is not a server's.
    #[error("its netscape certificate type is not a server's")]
    NetscapeType,
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
    /// What webpki finds at fault in the path, and nobody else.
    #[error("the second opinion is: {0}")]
    SecondOpinion(&'static str),
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
    pub(crate) fn algorithm(certificate: &Certificate<'_>) -> Self {
        let oid = Reader::new(certificate.algorithm).and_then(|mut it| it.expect(tag::OID));
        oid.map_or(Self::Form, |oid| Self::Algorithm { oid: Oid::new(oid.value) })
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
