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

#[cfg(test)]
mod tests {
    use super::*;

    const TLS: [HostFailure; 6] = [
        HostFailure::StartTlsNotSupported,
        HostFailure::HandshakeFailed,
        HostFailure::Certificate(CertificateFault::Expired),
        HostFailure::Certificate(CertificateFault::NotTrusted),
        HostFailure::Certificate(CertificateFault::HostMismatch),
        HostFailure::Certificate(CertificateFault::Invalid),
    ];

    #[test]
    fn a01_enforce_does_not_deliver_to_a_host_that_fails() {
        for failure in TLS.into_iter().chain([HostFailure::MxNotInPolicy]) {
            let consequence = failure.consequence(Mode::Enforce, Exemption::Nothing);
            assert_eq!(consequence, Consequence::NotHere);
        }
    }

    #[test]
    fn a02_testing_reports_and_delivers() {
        for failure in TLS.into_iter().chain([HostFailure::MxNotInPolicy]) {
            let consequence = failure.consequence(Mode::Testing, Exemption::Nothing);
            assert_eq!(consequence, Consequence::LocalRules { report: Report::Yes });
        }
    }

    #[test]
    fn a03_none_is_no_policy() {
        for failure in TLS.into_iter().chain([HostFailure::MxNotInPolicy]) {
            let consequence = failure.consequence(Mode::None, Exemption::Nothing);
            assert_eq!(consequence, Consequence::LocalRules { report: Report::No });
        }
    }

    #[test]
    fn s4_a_host_that_was_not_reached_is_no_failure_of_mta_sts() {
        for mode in [Mode::Enforce, Mode::Testing, Mode::None] {
            let consequence = HostFailure::NotReached.consequence(mode, Exemption::Nothing);
            assert_eq!(consequence, Consequence::NextHost);
        }
        assert_eq!(HostFailure::NotReached.result_type(), None);
    }

    #[test]
    fn a12_tls_required_no_exempts_only_where_it_is_honoured() {
        use TlsRequiredNo::{Honour, Ignore};
        assert_eq!(Honour.exemption(MessageTls::RequiredNo), Exemption::TlsRequiredNo);
        assert_eq!(Honour.exemption(MessageTls::Required), Exemption::Nothing);
        assert_eq!(Honour.exemption(MessageTls::Unsaid), Exemption::Nothing);
        assert_eq!(Ignore.exemption(MessageTls::RequiredNo), Exemption::Nothing);
        assert_eq!(TlsRequiredNo::default(), Ignore);
        let failure = HostFailure::StartTlsNotSupported;
        assert_eq!(
            failure.consequence(Mode::Enforce, Exemption::TlsRequiredNo),
            Consequence::LocalRules { report: Report::Yes }
        );
    }

    #[test]
    fn s3_2_result_types_at_delivery() {
        let expected = [
            (HostFailure::MxNotInPolicy, "validation-failure", "mx-not-in-policy"),
            (HostFailure::StartTlsNotSupported, "starttls-not-supported", "starttls-not-supported"),
            (HostFailure::HandshakeFailed, "validation-failure", "handshake-failed"),
            (TLS[2], "certificate-expired", "certificate-expired"),
            (TLS[3], "certificate-not-trusted", "certificate-not-trusted"),
            (TLS[4], "certificate-host-mismatch", "certificate-host-mismatch"),
            (TLS[5], "validation-failure", "certificate-invalid"),
        ];
        for (failure, result_type, reason) in expected {
            assert_eq!(failure.result_type(), Some(result_type));
            assert_eq!(failure.reason(), reason);
        }
    }
}
