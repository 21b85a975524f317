//! Handshakes authenticated by DANE.

use std::sync::Arc;

use ::rustls::{ClientConfig, ClientConnection};
use dane::adapter::rustls::{DaneVerifier, client_config};
use dane::discovery::DanePlan;
use dane::{Failure, Usage};
use smtp_starttls::TlsVersion;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Connector, TlsError, parameters};

/// A connection inside TLS with a server that DANE has authenticated, or was to audit.
#[non_exhaustive]
#[derive(Debug)]
pub struct DaneSecured<S> {
    /// The connection.
    pub stream: TlsStream<S>,
    /// The version.
    pub version: TlsVersion,
    /// The cipher suite by its registered name.
    pub cipher_suite: &'static str,
    /// The usage of the record that matched: the server is authenticated. Nothing where the plan is to
    /// audit only.
    pub usage: Option<Usage>,
    /// What an audit has found.
    pub audit: Option<Failure>,
}

/// Why there is no connection that DANE has authenticated.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DaneError {
    /// The server is not who the records say.
    #[error("server is not authenticated: {0}")]
    NotAuthenticated(Failure),
    /// The handshake failed for another reason.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Connector {
    /// Takes a stream through the handshake with the server of this plan, whose TLSA base domain is sent
    /// as SNI ([RFC 7672 section 8.1](https://www.rfc-editor.org/rfc/rfc7672#section-8.1)).
    ///
    /// # Errors
    ///
    /// Any of [`DaneError`].
    pub async fn connect_dane<S>(
        &self,
        plan: &DanePlan,
        stream: S,
    ) -> Result<DaneSecured<S>, DaneError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let verifier = Arc::new(DaneVerifier::new(plan, &self.provider));
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::Local)?;
        let config = client_config(builder, Arc::clone(&verifier));
        let connector = TlsConnector::from(Arc::new(config));
        let first = |connection: &mut ClientConnection| self.hand_over_first(connection);
        let stream = connector.connect_with(verifier.server_name(), stream, first).await;
        let stream = stream.map_err(|error| match verifier.failure() {
            Some(failure) => DaneError::NotAuthenticated(failure),
            None => DaneError::Tls(TlsError::from(&error)),
        })?;
        let connection = stream.get_ref().1;
        let usage = verifier.authenticated(connection).map(|token| token.usage());
        let audit = match usage {
            Some(_) => None,
            None => verifier.failure(),
        };
        if usage.is_none() && plan.enforcement() == dane::discovery::Enforcement::Enforced {
            // Not reached with this verifier: without a token there is no handshake.
            return Err(DaneError::Tls(TlsError::Misbehaved));
        }
        let (version, cipher_suite) = parameters(connection)?;
        Ok(DaneSecured { stream, version, cipher_suite, usage, audit })
    }
}
