//! Handshakes authenticated by DANE.

use std::sync::Arc;

use ::rustls::{ClientConfig, ClientConnection};
use dane::adapter::rustls::{DaneVerifier, client_config};
use dane::discovery::{DanePlan, Enforcement};
use dane::{Failure, Usage};
use smtp_starttls::TlsVersion;

use super::{Connector, Prepared, TlsError, parameters};

/// What is known of a TLS connection with a server that DANE has authenticated, or was to audit.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct DaneSession {
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

/// Judges a server by the records of its plan.
#[derive(Debug)]
pub(crate) struct DaneJudge {
    verifier: Arc<DaneVerifier>,
    enforcement: Enforcement,
}

impl Connector {
    pub(super) fn dane(&self, plan: &DanePlan) -> Result<(Prepared, DaneJudge), TlsError> {
        let verifier = Arc::new(DaneVerifier::new(plan, &self.provider));
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::Local)?;
        let config = Arc::new(client_config(builder, Arc::clone(&verifier)));
        let prepared = Prepared { config, server_name: verifier.server_name() };
        Ok((prepared, DaneJudge { verifier, enforcement: plan.enforcement() }))
    }

    /// Begins a handshake without I/O with the server of this plan, whose TLSA base domain is sent as SNI
    /// ([RFC 7672 section 8.1](https://www.rfc-editor.org/rfc/rfc7672#section-8.1)).
    ///
    /// # Errors
    ///
    /// [`TlsError::Local`] if it cannot begin.
    pub(crate) fn open_dane(
        &self,
        plan: &DanePlan,
    ) -> Result<(ClientConnection, DaneJudge), TlsError> {
        let (prepared, judge) = self.dane(plan)?;
        Ok((prepared.open()?, judge))
    }
}

impl DaneJudge {
    /// Why the handshake failed.
    pub(crate) fn refusal(&self, error: TlsError) -> DaneError {
        self.verifier.failure().map_or(DaneError::Tls(error), DaneError::NotAuthenticated)
    }

    /// What is known once the handshake is done.
    ///
    /// # Errors
    ///
    /// [`DaneError`] if the server is not who the records say.
    pub(crate) fn session(&self, connection: &ClientConnection) -> Result<DaneSession, DaneError> {
        let usage = self.verifier.authenticated(connection).map(|token| token.usage());
        let audit = match usage {
            Some(_) => None,
            None => self.verifier.failure(),
        };
        if usage.is_none() && self.enforcement == Enforcement::Enforced {
            // Not reached with this verifier: without a token there is no handshake.
            return Err(DaneError::Tls(TlsError::Misbehaved));
        }
        let (version, cipher_suite) = parameters(connection)?;
        Ok(DaneSession { version, cipher_suite, usage, audit })
    }
}
