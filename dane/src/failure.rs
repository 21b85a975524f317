//! Why a chain is not authenticated.

use core::fmt;

use crate::der::PublicKeyInfo;
use crate::near::NearestMiss;
use crate::report::ResultType;

/// Why a chain is not authenticated, where in it, and how near it came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Failure {
    reason: FailureReason,
    depth: Option<usize>,
    nearest: NearestMiss,
}

impl Failure {
    pub(crate) const fn new(reason: FailureReason, nearest: NearestMiss) -> Self {
        Self { reason, depth: None, nearest }
    }

    pub(crate) const fn at(reason: FailureReason, depth: usize, nearest: NearestMiss) -> Self {
        Self { reason, depth: Some(depth), nearest }
    }

    /// The same, or nearer if something nearer is known.
    pub(crate) fn nearer(self, nearest: Option<NearestMiss>) -> Self {
        Self { nearest: nearest.unwrap_or(self.nearest), ..self }
    }

    pub(crate) fn malformed(depth: usize, nearest: NearestMiss) -> Self {
        Self::at(FailureReason::MalformedCertificate, depth, nearest)
    }

    pub(crate) fn weak_key(key: &PublicKeyInfo<'_>) -> Self {
        Self::new(FailureReason::WeakKey, NearestMiss::KeyBits { bits: key.rsa_bits() })
    }

    pub(crate) fn with_depth(self, depth: usize) -> Self {
        Self { depth: Some(depth), ..self }
    }

    /// The reason.
    #[must_use]
    pub fn kind(&self) -> FailureReason {
        self.reason
    }

    /// The certificate that is at fault: 0 is the server's own.
    #[must_use]
    pub fn depth(&self) -> Option<usize> {
        self.depth
    }

    /// How near the chain came: the record that would match if it were published otherwise, or what
    /// exactly is at fault.
    #[must_use]
    pub fn nearest_miss(&self) -> NearestMiss {
        self.nearest
    }

    /// A stable word for the reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason.reason()
    }

    /// The result to report.
    #[must_use]
    pub fn result_type(&self) -> ResultType {
        self.reason.result_type()
    }

    /// What to report as failure-reason-code: the reason's word, `dane-no-match` for that one.
    #[must_use]
    pub fn reason_code(&self) -> &'static str {
        match self.reason {
            FailureReason::NoMatch => "dane-no-match",
            reason => reason.reason(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        if let Some(depth) = self.depth {
            write!(f, " at depth {depth}")?;
        }
        write!(f, "; {}", self.nearest)
    }
}

impl core::error::Error for Failure {}

/// Why a chain is not authenticated.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FailureReason {
    /// A certificate has a critical extension that is not understood.
    #[error("critical extension is not understood")]
    CriticalExtension,
    /// A certificate is past its dates.
    #[error("certificate has expired")]
    Expired,
    /// A certificate is not for servers.
    #[error("extended key usage lacks serverAuth")]
    ExtendedKeyUsage,
    /// The handshake was not signed by the certificate's key.
    #[error("handshake signature is wrong")]
    HandshakeSignature,
    /// A certificate's key may not be used so.
    #[error("key usage does not fit")]
    KeyUsage,
    /// A certificate cannot be read.
    #[error("certificate is malformed")]
    MalformedCertificate,
    /// A name is outside of what an issuer may certify.
    #[error("name constraints are violated")]
    NameConstraints,
    /// The path is good, but the certificate has none of the reference identifiers.
    #[error("certificate does not name the server")]
    NameMismatch,
    /// No record matches.
    #[error("no tlsa record matches")]
    NoMatch,
    /// An issuer is no CA.
    #[error("issuer is not a ca")]
    NotACa,
    /// A record matches, but no path leads there from the server's certificate.
    #[error("matched certificate is not on a path from the server's")]
    NotInPath,
    /// A certificate is not yet within its dates.
    #[error("certificate is not yet valid")]
    NotYetValid,
    /// A CA has more CAs below it than it may.
    #[error("path is longer than a ca allows")]
    PathLength,
    /// Too many signatures would have to be verified.
    #[error("too many signatures to verify")]
    SignatureBudget,
    /// The server sent more certificates than are looked at.
    #[error("too many certificates, expected at most {max}", max = crate::trust_anchor::MAX_PRESENTED)]
    TooManyCertificates,
    /// A signature or key is of a kind that is not supported.
    #[error("algorithm is not supported")]
    UnsupportedAlgorithm,
    /// A key is too weak.
    #[error("key is too weak")]
    WeakKey,
}

impl FailureReason {
    /// A stable word for this reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::CriticalExtension => "critical-extension",
            Self::Expired => "expired",
            Self::ExtendedKeyUsage => "extended-key-usage",
            Self::HandshakeSignature => "handshake-signature",
            Self::KeyUsage => "key-usage",
            Self::MalformedCertificate => "malformed-certificate",
            Self::NameConstraints => "name-constraints",
            Self::NameMismatch => "name-mismatch",
            Self::NoMatch => "no-match",
            Self::NotACa => "not-a-ca",
            Self::NotInPath => "not-in-path",
            Self::NotYetValid => "not-yet-valid",
            Self::PathLength => "path-length",
            Self::SignatureBudget => "signature-budget",
            Self::TooManyCertificates => "too-many-certificates",
            Self::UnsupportedAlgorithm => "unsupported-algorithm",
            Self::WeakKey => "weak-key",
        }
    }

    /// The result to report
    /// ([RFC 8460 section 4.3.2](https://www.rfc-editor.org/rfc/rfc8460#section-4.3.2)).
    #[must_use]
    pub fn result_type(&self) -> ResultType {
        match self {
            Self::Expired => ResultType::CertificateExpired,
            Self::NameMismatch => ResultType::CertificateHostMismatch,
            Self::HandshakeSignature | Self::NoMatch => ResultType::ValidationFailure,
            Self::CriticalExtension
            | Self::ExtendedKeyUsage
            | Self::KeyUsage
            | Self::MalformedCertificate
            | Self::NameConstraints
            | Self::NotACa
            | Self::NotInPath
            | Self::NotYetValid
            | Self::PathLength
            | Self::SignatureBudget
            | Self::TooManyCertificates
            | Self::UnsupportedAlgorithm
            | Self::WeakKey => ResultType::CertificateNotTrusted,
        }
    }
}
