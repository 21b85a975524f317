//! Why a policy could not be had, in the words of TLS reports.

use crate::policy::PolicyError;

/// Why a fetch gave no policy, with its particulars.
///
/// The adapter that opens the connection tells [`FetchError::ConnectionFailed`],
/// [`FetchError::Certificate`] and [`FetchError::TimedOut`]; the others come from
/// [`Exchange`](crate::Exchange) and from reading the body.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FetchError {
    /// The body has more than 65 536 bytes (section 3.3).
    #[error("the body is over 65536 bytes")]
    BodyTooLarge,
    /// The certificate of the policy host was refused.
    #[error("the certificate of the policy host is refused: {0}")]
    Certificate(CertificateFault),
    /// The policy host was not found, not reached, or TLS failed for another reason than its
    /// certificate.
    #[error("no connection to the policy host")]
    ConnectionFailed,
    /// The body is encoded, for instance compressed.
    #[error("the body has a content coding")]
    ContentEncoding,
    /// The head has more bytes or fields than are read.
    #[error("the response head is over 16384 bytes or 64 fields")]
    HeadTooLarge,
    /// The response is not HTTP/1.1, or contradicts itself on where its body ends.
    #[error("the response is not well-formed HTTP")]
    MalformedResponse,
    /// The media type is not `text/plain`, or not told exactly once.
    #[error("the media type is not text/plain")]
    MediaType,
    /// The body is not a policy.
    #[error("the body is not a policy: {0}")]
    Policy(#[from] PolicyError),
    /// The status is 3xx. A redirect is never followed (section 3.3).
    #[error("status {0} is a redirect, which is never followed")]
    Redirect(u16),
    /// The status is not 200.
    #[error("status {0} is not 200")]
    Status(u16),
    /// The exchange took more than a minute (section 3.3).
    #[error("the exchange took more than a minute")]
    TimedOut,
    /// The stream ended before the response did.
    #[error("the response is cut short")]
    Truncated,
}

/// What is wrong with the certificate of a policy host or an MX host.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum CertificateFault {
    /// It is not within its dates.
    #[error("it is not within its dates")]
    Expired,
    /// It does not name the host.
    #[error("it does not name the host")]
    HostMismatch,
    /// It is refused for another reason.
    #[error("it is not valid")]
    Invalid,
    /// It does not chain to a trusted root.
    #[error("it does not chain to a trusted root")]
    NotTrusted,
}

impl FetchError {
    /// The kind, which is what is kept and reported.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::BodyTooLarge => FailureKind::BodyTooLarge,
            Self::Certificate(CertificateFault::Expired) => FailureKind::CertificateExpired,
            Self::Certificate(CertificateFault::HostMismatch) => {
                FailureKind::CertificateHostMismatch
            }
            Self::Certificate(CertificateFault::Invalid) => FailureKind::CertificateInvalid,
            Self::Certificate(CertificateFault::NotTrusted) => FailureKind::CertificateNotTrusted,
            Self::ConnectionFailed => FailureKind::ConnectionFailed,
            Self::ContentEncoding => FailureKind::ContentEncoding,
            Self::HeadTooLarge => FailureKind::HeadTooLarge,
            Self::MalformedResponse => FailureKind::MalformedResponse,
            Self::MediaType => FailureKind::MediaType,
            Self::Policy(error) => error.kind(),
            Self::Redirect(_) => FailureKind::Redirect,
            Self::Status(_) => FailureKind::Status,
            Self::TimedOut => FailureKind::TimedOut,
            Self::Truncated => FailureKind::Truncated,
        }
    }

    /// A stable word for logs and reports, such as `certificate-expired`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.kind().reason()
    }

    /// The result type of RFC 8460 section 4.3 for this failure.
    #[must_use]
    pub const fn result_type(&self) -> &'static str {
        self.kind().result_type()
    }
}

impl PolicyError {
    /// The kind, which is what is kept and reported.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::InvalidMaxAge { .. } => FailureKind::InvalidMaxAge,
            Self::InvalidMx { .. } => FailureKind::InvalidMx,
            Self::MalformedLine { .. } => FailureKind::MalformedLine,
            Self::MissingMaxAge => FailureKind::MissingMaxAge,
            Self::MissingMode => FailureKind::MissingMode,
            Self::MissingMx => FailureKind::MissingMx,
            Self::MissingVersion => FailureKind::MissingVersion,
            Self::NotUtf8 { .. } => FailureKind::NotUtf8,
            Self::TooLarge { .. } => FailureKind::TooLarge,
            Self::UnknownMode { .. } => FailureKind::UnknownMode,
            Self::UnsupportedVersion { .. } => FailureKind::UnsupportedVersion,
        }
    }

    /// A stable word for logs and reports, such as `missing-mx`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.kind().reason()
    }
}

/// Whose fault a failure is, which decides its result type in a TLS report.
#[derive(Clone, Copy)]
enum Group {
    Fetch,
    Policy,
    Certificate,
}

/// Declares the kinds with their stored number, group and word, so that no list misses one.
macro_rules! failure_kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $group:ident, $word:literal;)*) => {
        /// What kept a sender from a policy, without particulars.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum FailureKind {
            $($(#[$doc])* $kind,)*
        }

        impl FailureKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// A stable word for logs and reports, such as `certificate-expired`.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }

            /// The word for a report while a cached policy stands in for the one not fetched, such as
            /// `certificate-expired+cached-policy`.
            #[must_use]
            pub const fn reason_with_cached_policy(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($word, "+cached-policy"),)*
                }
            }

            /// The number in the stored form: never reused.
            pub(crate) const fn number(self) -> u8 {
                match self {
                    $(Self::$kind => $number,)*
                }
            }

            pub(crate) const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }

            const fn group(self) -> Group {
                match self {
                    $(Self::$kind => Group::$group,)*
                }
            }
        }
    };
}

failure_kinds! {
    /// [`FetchError::BodyTooLarge`]
    BodyTooLarge = 1, Fetch, "body-too-large";
    /// [`CertificateFault::Expired`]
    CertificateExpired = 2, Certificate, "certificate-expired";
    /// [`CertificateFault::HostMismatch`]
    CertificateHostMismatch = 3, Certificate, "certificate-host-mismatch";
    /// [`CertificateFault::Invalid`]
    CertificateInvalid = 4, Certificate, "certificate-invalid";
    /// [`CertificateFault::NotTrusted`]
    CertificateNotTrusted = 5, Certificate, "certificate-not-trusted";
    /// [`FetchError::ConnectionFailed`]
    ConnectionFailed = 6, Fetch, "connection-failed";
    /// [`FetchError::ContentEncoding`]
    ContentEncoding = 7, Fetch, "content-encoding";
    /// [`FetchError::HeadTooLarge`]
    HeadTooLarge = 8, Fetch, "head-too-large";
    /// [`FetchError::MalformedResponse`]
    MalformedResponse = 9, Fetch, "malformed-response";
    /// [`FetchError::MediaType`]
    MediaType = 10, Fetch, "media-type";
    /// [`FetchError::Redirect`]
    Redirect = 11, Fetch, "redirect";
    /// [`FetchError::Status`]
    Status = 12, Fetch, "status";
    /// [`FetchError::TimedOut`]
    TimedOut = 13, Fetch, "timed-out";
    /// [`FetchError::Truncated`]
    Truncated = 14, Fetch, "truncated";
    /// [`PolicyError::InvalidMaxAge`]
    InvalidMaxAge = 15, Policy, "invalid-max-age";
    /// [`PolicyError::InvalidMx`]
    InvalidMx = 16, Policy, "invalid-mx";
    /// [`PolicyError::MalformedLine`]
    MalformedLine = 17, Policy, "malformed-line";
    /// [`PolicyError::MissingMaxAge`]
    MissingMaxAge = 18, Policy, "missing-max-age";
    /// [`PolicyError::MissingMode`]
    MissingMode = 19, Policy, "missing-mode";
    /// [`PolicyError::MissingMx`]
    MissingMx = 20, Policy, "missing-mx";
    /// [`PolicyError::MissingVersion`]
    MissingVersion = 21, Policy, "missing-version";
    /// [`PolicyError::NotUtf8`]
    NotUtf8 = 22, Policy, "not-utf8";
    /// [`PolicyError::TooLarge`]
    TooLarge = 23, Policy, "too-large";
    /// [`PolicyError::UnknownMode`]
    UnknownMode = 24, Policy, "unknown-mode";
    /// [`PolicyError::UnsupportedVersion`]
    UnsupportedVersion = 25, Policy, "unsupported-version";
}

impl FailureKind {
    /// The result type of [RFC 8460 section 4.3](https://www.rfc-editor.org/rfc/rfc8460#section-4.3):
    /// `sts-policy-fetch-error`, `sts-policy-invalid` or `sts-webpki-invalid`.
    #[must_use]
    pub const fn result_type(self) -> &'static str {
        match self.group() {
            Group::Fetch => "sts-policy-fetch-error",
            Group::Policy => "sts-policy-invalid",
            Group::Certificate => "sts-webpki-invalid",
        }
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
