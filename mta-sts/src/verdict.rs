//! What a failure at an MX host means for the delivery, by the mode of the policy.

use crate::failure::CertificateFault;
use crate::policy::Mode;

/// What went wrong at one MX host.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum HostFailure {
    /// No pattern of the policy allows the host. This is known before any connection is made.
    MxNotInPolicy,
    /// The host does not offer STARTTLS, or refuses it.
    StartTlsNotSupported,
    /// The TLS handshake failed for another reason than the certificate.
    HandshakeFailed,
    /// The certificate is refused. It must name the MX host: not the pattern, not the policy domain
    /// (section 4.2).
    Certificate(CertificateFault),
    /// The host could not be reached. This is no failure of MTA-STS.
    NotReached,
}

impl HostFailure {
    /// The result type of RFC 8460 section 4.3. Nothing for a host that was not reached.
    #[must_use]
    pub const fn result_type(self) -> Option<&'static str> {
        match self {
            Self::StartTlsNotSupported => Some("starttls-not-supported"),
            Self::Certificate(CertificateFault::Expired) => Some("certificate-expired"),
            Self::Certificate(CertificateFault::NotTrusted) => Some("certificate-not-trusted"),
            Self::Certificate(CertificateFault::HostMismatch) => Some("certificate-host-mismatch"),
            Self::MxNotInPolicy
            | Self::HandshakeFailed
            | Self::Certificate(CertificateFault::Invalid) => Some("validation-failure"),
            Self::NotReached => None,
        }
    }

    /// A stable word for logs and reports, such as `mx-not-in-policy`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::MxNotInPolicy => "mx-not-in-policy",
            Self::StartTlsNotSupported => "starttls-not-supported",
            Self::HandshakeFailed => "handshake-failed",
            Self::Certificate(CertificateFault::Expired) => "certificate-expired",
            Self::Certificate(CertificateFault::HostMismatch) => "certificate-host-mismatch",
            Self::Certificate(CertificateFault::Invalid) => "certificate-invalid",
            Self::Certificate(CertificateFault::NotTrusted) => "certificate-not-trusted",
            Self::NotReached => "not-reached",
        }
    }

    /// What it means under a policy of this mode
    /// ([RFC 8461 section 5](https://www.rfc-editor.org/rfc/rfc8461#section-5)).
    ///
    /// Nothing here is permanent: a message bounces only when its time in the queue is over.
    #[must_use]
    pub const fn consequence(self, mode: Mode, message: Exemption) -> Consequence {
        match (self, mode, message) {
            (Self::NotReached, _, _) => Consequence::NextHost,
            (_, Mode::Enforce, Exemption::Nothing) => Consequence::NotHere,
            (_, Mode::Enforce, Exemption::TlsRequiredNo) | (_, Mode::Testing, _) => {
                Consequence::LocalRules { report: Report::Yes }
            }
            (_, Mode::None, _) => Consequence::LocalRules { report: Report::No },
        }
    }
}

/// What a failure at an MX host means for the delivery.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Consequence {
    /// Do not deliver to this host, in cleartext least of all; report; treat it as unreachable and try
    /// the next. If none is left, defer with 4.7.5.
    NotHere,
    /// The local rules decide, as if there were no policy.
    LocalRules {
        /// Whether it is reported all the same.
        report: Report,
    },
    /// Try the next host, as without a policy.
    NextHost,
}

/// Whether a failure belongs into a TLS report.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Report {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Whether a message may ask to be delivered without TLS.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum TlsRequiredNo {
    /// Its `TLS-Required: No` field is honoured.
    Honour,
    /// Its `TLS-Required: No` field changes nothing.
    #[default]
    Ignore,
}

/// Whether a message is exempt from an `enforce` policy.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Exemption {
    /// It is not.
    #[default]
    Nothing,
    /// It has a `TLS-Required: No` field that is honoured (RFC 8689 section 4.2.2).
    TlsRequiredNo,
}

/// What a message says of TLS (RFC 8689).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum MessageTls {
    /// Nothing.
    #[default]
    Unsaid,
    /// It has a `TLS-Required: No` field.
    RequiredNo,
    /// It was submitted with REQUIRETLS, which outweighs the field.
    Required,
}

impl TlsRequiredNo {
    /// Whether this message is exempt.
    #[must_use]
    pub const fn exemption(self, message: MessageTls) -> Exemption {
        match (self, message) {
            (Self::Honour, MessageTls::RequiredNo) => Exemption::TlsRequiredNo,
            _ => Exemption::Nothing,
        }
    }
}
