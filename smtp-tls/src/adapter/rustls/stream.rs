//! Handshakes over streams of tokio.

use dane::Failure;
use dane::Usage;
use dane::discovery::DanePlan;
use pki_types::ServerName;
use smtp_starttls::TlsVersion;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Check, Connector, DaneError, Prepared, Session, TlsError};

/// A connection inside TLS.
#[derive(Debug)]
pub struct Secured<S> {
    /// The connection.
    pub stream: TlsStream<S>,
    /// What is known of it.
    pub session: Session,
}

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

impl Connector {
    /// Takes a stream through the handshake; dropping the future ends it.
    ///
    /// The server name is sent as SNI, unless it is an address, and is what the certificate must name:
    /// for MTA-STS the MX host ([RFC 8461 section 4.1], [section 7.1]). No time limit is kept here.
    ///
    /// # Errors
    ///
    /// Any of [`TlsError`]; [`TlsError::Certificate`] only if the check demands a certificate, or there
    /// was none whose key could be read.
    ///
    /// [RFC 8461 section 4.1]: https://www.rfc-editor.org/rfc/rfc8461#section-4.1
    /// [section 7.1]: https://www.rfc-editor.org/rfc/rfc8461#section-7.1
    pub async fn connect<S>(
        &self,
        server_name: ServerName<'static>,
        check: Check,
        stream: S,
    ) -> Result<Secured<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (prepared, judge) = self.pkix(server_name, check)?;
        let stream = prepared.connect(stream).await.map_err(|error| TlsError::from(&error))?;
        let session = judge.session(stream.get_ref().1)?;
        Ok(Secured { stream, session })
    }

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
        let (prepared, judge) = self.dane(plan)?;
        let stream = prepared.connect(stream).await;
        let stream = stream.map_err(|error| judge.refusal(TlsError::from(&error)))?;
        let session = judge.session(stream.get_ref().1)?;
        let (version, cipher_suite) = (session.version, session.cipher_suite);
        Ok(DaneSecured {
            stream,
            version,
            cipher_suite,
            usage: session.usage,
            audit: session.audit,
        })
    }
}

impl Prepared {
    async fn connect<S>(self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsConnector::from(self.config).connect(self.server_name, stream).await
    }
}
