//! Why a handshake failed, sorted by what follows from it.

use std::io;

use ::rustls::{CertificateError, Error, InvalidMessage};
use mta_sts::CertificateFault;

/// Why there is no TLS connection.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TlsError {
    /// The peer ended the handshake with this alert
    /// ([RFC 8446 section 6](https://www.rfc-editor.org/rfc/rfc8446#section-6)).
    #[error("server ended the handshake with alert {0}")]
    Alert(u8),
    /// The connection broke.
    #[error("connection broke during the handshake: {0}")]
    Broken(io::ErrorKind),
    /// The certificate was refused.
    #[error("certificate of the server is refused: {0}")]
    Certificate(CertificateFault),
    /// The peer has no version, cipher suite or key exchange in common with us.
    #[error("no TLS version or algorithm in common with the server")]
    Incompatible,
    /// We could not begin: the provider has no algorithms for TLS 1.2 or higher, no random numbers, or
    /// there is no clock.
    #[error("TLS cannot be used on this system")]
    Local,
    /// The peer broke the protocol.
    #[error("server broke the TLS protocol")]
    Misbehaved,
    /// What came was no TLS.
    #[error("server answered with something else than TLS")]
    NotTls,
    /// The peer does not prove that it holds the key of its certificate.
    #[error("server did not prove that it holds the key of its certificate")]
    Signature,
}

impl TlsError {
    /// The stable word for logs and reports.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Alert(_) => "alert",
            Self::Broken(_) => "connection-broke",
            Self::Certificate(fault) => fault_word(*fault),
            Self::Incompatible => "no-common-parameters",
            Self::Local => "local-trouble",
            Self::Misbehaved => "protocol-error",
            Self::NotTls => "not-tls",
            Self::Signature => "handshake-signature",
        }
    }

    /// The result type of
    /// [RFC 8460 section 4.3](https://www.rfc-editor.org/rfc/rfc8460#section-4.3).
    #[must_use]
    pub const fn result_type(&self) -> &'static str {
        match self {
            Self::Certificate(fault) => fault_result_type(*fault),
            Self::Alert(_)
            | Self::Broken(_)
            | Self::Incompatible
            | Self::Local
            | Self::Misbehaved
            | Self::NotTls
            | Self::Signature => "validation-failure",
        }
    }
}

/// The stable word for a fault of a certificate.
#[must_use]
pub const fn fault_word(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::Expired => "certificate-expired",
        CertificateFault::HostMismatch => "certificate-host-mismatch",
        CertificateFault::NotTrusted => "certificate-not-trusted",
        // Also what a later version of the core may add.
        _ => "certificate-invalid",
    }
}

/// The result type for a fault of an MX host's certificate.
#[must_use]
pub const fn fault_result_type(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::Expired => "certificate-expired",
        CertificateFault::HostMismatch => "certificate-host-mismatch",
        CertificateFault::NotTrusted => "certificate-not-trusted",
        _ => "validation-failure",
    }
}

impl From<&Error> for TlsError {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(CertificateError::BadSignature) => Self::Signature,
            Error::InvalidCertificate(error) => Self::Certificate(fault(error)),
            Error::NoCertificatesPresented => Self::Certificate(CertificateFault::Invalid),
            Error::AlertReceived(alert) => Self::Alert(u8::from(*alert)),
            Error::PeerIncompatible(_) | Error::NoApplicationProtocol => Self::Incompatible,
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls,
            Error::FailedToGetCurrentTime | Error::FailedToGetRandomBytes | Error::General(_) => {
                Self::Local
            }
            _ => Self::Misbehaved,
        }
    }
}

impl From<&io::Error> for TlsError {
    fn from(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(error) => error.into(),
            None => Self::Broken(error.kind()),
        }
    }
}

/// Which of the faults that reports know this is.
pub(super) fn fault(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::HostMismatch
        }
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::Revoked
        | CertificateError::UnknownRevocationStatus => CertificateFault::NotTrusted,
        CertificateError::Other(other) if is_own_authority(other) => CertificateFault::NotTrusted,
        _ => CertificateFault::Invalid,
    }
}

/// A certificate that is its own authority: no root vouches for it, whatever else it lacks.
fn is_own_authority(other: &::rustls::OtherError) -> bool {
    matches!(other.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8460_4_3_2_each_fault_has_its_result_type() {
        for (error, expected) in [
            (CertificateError::Expired, "certificate-expired"),
            (CertificateError::NotValidYet, "certificate-expired"),
            (CertificateError::NotValidForName, "certificate-host-mismatch"),
            (CertificateError::UnknownIssuer, "certificate-not-trusted"),
            (CertificateError::Revoked, "certificate-not-trusted"),
            (CertificateError::BadEncoding, "validation-failure"),
            (CertificateError::InvalidPurpose, "validation-failure"),
        ] {
            let error = TlsError::from(&Error::InvalidCertificate(error));
            assert!(matches!(error, TlsError::Certificate(_)), "{error:?}");
            assert_eq!(error.result_type(), expected);
        }
    }

    #[test]
    fn an_error_inside_an_io_error_is_found() {
        let inner = Error::AlertReceived(::rustls::AlertDescription::HandshakeFailure);
        let error = io::Error::new(io::ErrorKind::InvalidData, inner);
        assert_eq!(TlsError::from(&error), TlsError::Alert(40));
        let error = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(TlsError::from(&error), TlsError::Broken(io::ErrorKind::ConnectionReset));
    }

    #[test]
    fn what_is_not_about_the_certificate_is_told_apart() {
        for (error, expected) in [
            (Error::FailedToGetCurrentTime, TlsError::Local),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), TlsError::NotTls),
            (Error::DecryptError, TlsError::Misbehaved),
            (Error::NoCertificatesPresented, TlsError::Certificate(CertificateFault::Invalid)),
            (Error::InvalidCertificate(CertificateError::BadSignature), TlsError::Signature),
        ] {
            let error = TlsError::from(&error);
            assert_eq!(error, expected);
            assert!(!error.reason().is_empty() && !error.to_string().is_empty());
        }
    }
}
