//! Result types for TLS reports, as far as DANE has them.

/// What a report calls an outcome
/// ([RFC 8460 section 4.3](https://www.rfc-editor.org/rfc/rfc8460#section-4.3)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResultType {
    /// A certificate has expired.
    CertificateExpired,
    /// The certificate does not name the server.
    CertificateHostMismatch,
    /// The path to the trust anchor is not good.
    CertificateNotTrusted,
    /// DANE was required and there are no usable secure records.
    DaneRequired,
    /// A look-up failed validation.
    DnssecInvalid,
    /// TLS was required and the server does not offer it.
    StarttlsNotSupported,
    /// No record of the TLSA RRset is usable.
    TlsaInvalid,
    /// Anything else that is not authenticated.
    ValidationFailure,
}

impl ResultType {
    /// The registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::DaneRequired => "dane-required",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::StarttlsNotSupported => "starttls-not-supported",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::ValidationFailure => "validation-failure",
        }
    }
}

impl core::fmt::Display for ResultType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.as_str())
    }
}
