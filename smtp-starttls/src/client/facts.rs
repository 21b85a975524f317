//! What the caller knows of the TLS session.

use pki_types::DnsName;

use crate::failure::{ResultType, Trouble};

/// By what the server was authenticated.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum VerifiedBy {
    /// TLSA records, [RFC 7672](https://www.rfc-editor.org/rfc/rfc7672).
    Dane,
    /// A chain to a trusted root and the name of the MX host.
    Pkix,
}

/// What verification of the server's certificate came to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verification {
    /// The server is who it should be.
    Verified(VerifiedBy),
    /// It is not, and this is what a report says of it.
    Failed(ResultType),
    /// Nothing was verified.
    NotTried,
}

impl Verification {
    pub(crate) const fn is_verified(self) -> bool {
        matches!(self, Self::Verified(_))
    }

    pub(crate) const fn result_type(self) -> ResultType {
        match self {
            Self::Failed(result_type) => result_type,
            Self::Verified(_) | Self::NotTried => ResultType::ValidationFailure,
        }
    }
}

/// A TLS version as it stands on the wire.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TlsVersion(pub u16);

impl TlsVersion {
    /// TLS 1.2, [RFC 5246](https://www.rfc-editor.org/rfc/rfc5246).
    pub const TLS12: Self = Self(0x0303);
    /// TLS 1.3, [RFC 8446](https://www.rfc-editor.org/rfc/rfc8446).
    pub const TLS13: Self = Self(0x0304);
}

/// What the caller knows of the TLS session once the handshake is done.
///
/// Nothing but these makes a session inside TLS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFacts<'a> {
    pub(crate) verification: Verification,
    pub(crate) version: TlsVersion,
    pub(crate) server_name: Option<DnsName<'a>>,
}

impl<'a> TlsFacts<'a> {
    /// TLS of this version is up, and verification came to this.
    #[must_use]
    pub const fn new(verification: Verification, version: TlsVersion) -> Self {
        Self { verification, version, server_name: None }
    }

    /// With this name sent as SNI: the TLSA base domain under DANE, else the MX host, as A-labels
    /// ([RFC 7672 section 8.1], [RFC 8461 section 7.1]); the type holds no address.
    ///
    /// [RFC 7672 section 8.1]: https://www.rfc-editor.org/rfc/rfc7672#section-8.1
    /// [RFC 8461 section 7.1]: https://www.rfc-editor.org/rfc/rfc8461#section-7.1
    #[must_use]
    pub fn server_name(mut self, name: DnsName<'a>) -> Self {
        self.server_name = Some(name);
        self
    }

    /// What verification came to.
    #[must_use]
    pub const fn verification(&self) -> Verification {
        self.verification
    }

    /// The TLS version.
    #[must_use]
    pub const fn version(&self) -> TlsVersion {
        self.version
    }

    /// The name sent as SNI, if one was.
    #[must_use]
    pub const fn sni(&self) -> Option<&DnsName<'a>> {
        self.server_name.as_ref()
    }
}

/// How a handshake failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TlsFailure {
    /// The certificate was refused, and this is what a report says of it.
    Certificate(ResultType),
    /// An alert, a protocol error.
    Broken,
    /// The connection ended.
    Lost,
    /// We cannot do TLS at the moment: no clock, no random numbers, no algorithms.
    Local,
    /// The wait ran out.
    TimedOut,
}

impl TlsFailure {
    pub(crate) const fn result_type(self) -> ResultType {
        match self {
            Self::Certificate(result_type) => result_type,
            Self::Broken | Self::Lost | Self::Local | Self::TimedOut => {
                ResultType::ValidationFailure
            }
        }
    }

    pub(crate) const fn trouble(self) -> Trouble {
        match self {
            Self::Certificate(_) | Self::Broken => Trouble::Stays,
            Self::Lost | Self::Local | Self::TimedOut => Trouble::MayPass,
        }
    }
}
