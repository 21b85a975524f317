//! The TLS side of the lab's servers.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ProtocolVersion, ServerConfig, ServerConnection, StreamOwned};

use super::LabError;

/// The TLS versions that a server speaks.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3.
    Both,
    /// TLS 1.2 alone.
    Only12,
    /// TLS 1.3 alone.
    Only13,
}

/// What is known of a TLS connection once it is up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFacts {
    /// The version, `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The server name that the client asked for.
    pub sni: Option<String>,
}

impl TlsFacts {
    fn of(connection: &ServerConnection) -> Self {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "unknown",
        };
        Self { version, sni: connection.server_name().map(str::to_owned) }
    }
}

/// A connection inside TLS.
pub(crate) type Sealed = StreamOwned<ServerConnection, TcpStream>;

/// A configuration whose certificate is chosen by `resolver`.
pub(super) fn server_config(
    resolver: Arc<dyn ResolvesServerCert>,
    versions: TlsVersions,
) -> Result<Arc<ServerConfig>, LabError> {
    let both = [&TLS12, &TLS13];
    let (only_12, only_13) = both.split_at(1);
    let versions = match versions {
        TlsVersions::Both => both.as_slice(),
        TlsVersions::Only12 => only_12,
        TlsVersions::Only13 => only_13,
    };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    Ok(Arc::new(config))
}

/// Does the whole handshake, so that its failure is seen apart from what comes later.
pub(crate) fn handshake(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<(Sealed, TlsFacts)> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        if connection.complete_io(&mut stream)? == (0, 0) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let facts = TlsFacts::of(&connection);
    Ok((StreamOwned::new(connection, stream), facts))
}

/// Ends a connection so that the last octets arrive: says so, then waits for the peer's end.
pub(crate) fn hang_up_sealed(mut sealed: Sealed) {
    sealed.conn.send_close_notify();
    let _ = sealed.flush();
    hang_up(sealed.sock);
}

/// As [`hang_up_sealed`], without TLS. Closing with unread octets would destroy what was sent.
pub(crate) fn hang_up(mut stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let mut rest = [0; 1024];
    for _ in 0..MAX_DRAINED_READS {
        match stream.read(&mut rest) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
}

/// The same certificate for every name: an SMTP server takes any SNI (RFC 8461 section 7.1).
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

const MAX_DRAINED_READS: usize = 64;
