//! TLS with rustls.
//!
//! A [`Connector`] opens TLS with the [`Check`] that the plan for the host asks for: over the octets
//! that a [`Visit`](crate::driver::Visit) takes and gives, or, with the feature `https`, over a stream of
//! tokio. The caller brings the crypto provider and the roots.
//!
//! - TLS 1.2 or higher ([RFC 8461 section 7.2], [RFC 8996]). No resumption: a resumed session runs no
//!   verification.
//! - Whatever is checked of the certificate, the peer must prove that it holds its key.
//! - A certificate names a host by its subject alternative names alone; a wildcard is the whole
//!   left-most label and stands for one label ([RFC 8461 section 4.1]).
//!
//! [RFC 8461 section 4.1]: https://www.rfc-editor.org/rfc/rfc8461#section-4.1
//! [RFC 8461 section 7.2]: https://www.rfc-editor.org/rfc/rfc8461#section-7.2
//! [RFC 8996]: https://www.rfc-editor.org/rfc/rfc8996

mod dane;
mod fault;
pub(crate) mod octets;
mod roots;
#[cfg(feature = "https")]
mod stream;
mod verifier;

use core::fmt;
use std::sync::Arc;

use ::rustls::client::Resumption;
use ::rustls::client::danger::ServerCertVerifier;
use ::rustls::crypto::CryptoProvider;
use ::rustls::{ClientConfig, ClientConnection, RootCertStore};
use mta_sts::CertificateFault;
use pki_types::ServerName;
use smtp_starttls::TlsVersion;

pub(crate) use self::dane::DaneJudge;
pub use self::dane::{DaneError, DaneSession};
pub use self::fault::{TlsError, fault_result_type, fault_word};
#[cfg(feature = "native-roots")]
pub use self::roots::native_roots;
#[cfg(feature = "webpki-roots")]
pub use self::roots::webpki_roots;
#[cfg(feature = "https")]
pub use self::stream::{DaneSecured, Secured};
use self::verifier::{Demand, PkixVerifier};

/// Opens TLS on connections.
#[derive(Clone)]
pub struct Connector {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    application: Vec<Vec<u8>>,
}

/// What is checked of a server's certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Check {
    /// Nothing that would end the handshake: any certificate will do. What a check against the roots
    /// and the server name finds is noted, for reports and for MTA-STS in mode `testing`.
    Nothing,
    /// The certificate must chain to a root and name the server
    /// ([RFC 8461 section 4.1](https://www.rfc-editor.org/rfc/rfc8461#section-4.1)).
    Pkix,
}

/// What is known of a TLS connection.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Session {
    /// The version.
    pub version: TlsVersion,
    /// The cipher suite by its registered name, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: &'static str,
    /// What the check of the certificate came to.
    pub verified: Verified,
}

/// What the check of a certificate came to, on a connection that is up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verified {
    /// It was required, and the certificate passed.
    Pkix,
    /// It was not required, and this is what was found.
    NotRequired(Result<(), CertificateFault>),
}

impl Connector {
    /// Trusts these roots. Without any root every certificate is [`CertificateFault::NotTrusted`].
    ///
    /// # Errors
    ///
    /// [`TlsError::Local`] if the provider has no algorithms for TLS 1.2 or higher.
    pub fn new(
        provider: Arc<CryptoProvider>,
        roots: impl Into<Arc<RootCertStore>>,
    ) -> Result<Self, TlsError> {
        let connector = Self { provider, roots: roots.into(), application: Vec::new() };
        let verifier = connector.verifier(Demand::Authenticated);
        connector.config(verifier).map(|_| connector)
    }

    /// As this one, but asking for this application protocol alone (ALPN, RFC 7301). SMTP has none.
    #[must_use]
    pub fn for_application(&self, protocol: &[u8]) -> Self {
        Self { application: vec![protocol.to_vec()], ..self.clone() }
    }

    /// What a handshake with this server needs, and what judges the server after it.
    fn pkix(
        &self,
        server_name: ServerName<'static>,
        check: Check,
    ) -> Result<(Prepared, PkixJudge), TlsError> {
        let verifier = self.verifier(match check {
            Check::Nothing => Demand::Noted,
            Check::Pkix => Demand::Authenticated,
        });
        let config = Arc::new(self.config(Arc::<PkixVerifier>::clone(&verifier))?);
        Ok((Prepared { config, server_name }, PkixJudge { verifier, check }))
    }

    /// Begins a handshake without I/O: the caller carries the octets of rustls's own connection.
    ///
    /// The server name is sent as SNI, unless it is an address, and is what the certificate must name.
    ///
    /// # Errors
    ///
    /// [`TlsError::Local`] if it cannot begin.
    pub(crate) fn open_pkix(
        &self,
        server_name: ServerName<'static>,
        check: Check,
    ) -> Result<(ClientConnection, PkixJudge), TlsError> {
        let (prepared, judge) = self.pkix(server_name, check)?;
        Ok((prepared.open()?, judge))
    }

    fn verifier(&self, demand: Demand) -> Arc<PkixVerifier> {
        let algorithms = self.provider.signature_verification_algorithms;
        Arc::new(PkixVerifier::new(Arc::clone(&self.roots), algorithms, demand))
    }

    fn config(&self, verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, TlsError> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::Local)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols.clone_from(&self.application);
        Ok(config)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("roots", &self.roots.len()).finish_non_exhaustive()
    }
}

/// What a handshake begins with.
struct Prepared {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
}

impl Prepared {
    fn open(self) -> Result<ClientConnection, TlsError> {
        ClientConnection::new(self.config, self.server_name).map_err(|error| TlsError::from(&error))
    }
}

/// Judges a server by roots and name.
#[derive(Debug)]
pub(crate) struct PkixJudge {
    verifier: Arc<PkixVerifier>,
    check: Check,
}

impl PkixJudge {
    /// What is known once the handshake is done.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the server is not who it should be.
    pub(crate) fn session(&self, connection: &ClientConnection) -> Result<Session, TlsError> {
        let verdict = self.verifier.verdict().ok_or(TlsError::Misbehaved)?;
        let verified = match self.check {
            Check::Nothing => Verified::NotRequired(verdict),
            Check::Pkix => verdict.map(|()| Verified::Pkix).map_err(TlsError::Certificate)?,
        };
        let (version, cipher_suite) = parameters(connection)?;
        Ok(Session { version, cipher_suite, verified })
    }
}

fn parameters(connection: &ClientConnection) -> Result<(TlsVersion, &'static str), TlsError> {
    let version = connection.protocol_version().ok_or(TlsError::Misbehaved)?;
    let suite = connection.negotiated_cipher_suite().ok_or(TlsError::Misbehaved)?;
    let cipher_suite = suite.suite().as_str().ok_or(TlsError::Misbehaved)?;
    Ok((TlsVersion(u16::from(version)), cipher_suite))
}
