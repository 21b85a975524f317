//! Clients for the tests: rustls over a socket, and just enough SMTP.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use conformance::lab::Lab;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    StreamOwned,
};

pub(crate) fn lab() -> Lab {
    Lab::start(UnixTime::now()).unwrap()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A client that trusts the lab's root and checks names, dates and keys.
pub(crate) fn strict(lab: &Lab) -> ClientConfig {
    trusting(lab.roots())
}

/// A client that trusts these roots and checks names, dates and keys.
pub(crate) fn trusting(trusted: Vec<CertificateDer<'static>>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for root in trusted {
        roots.add(root).unwrap();
    }
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A client that takes every certificate, but checks that the server has its key.
pub(crate) fn lenient() -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth()
}

#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Connects to a loopback address.
pub(crate) fn connect(address: impl Into<IpAddr>, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(SocketAddr::new(address.into(), port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}

/// Does the handshake, and says why rustls refuses it.
pub(crate) fn seal(mut stream: TcpStream, config: ClientConfig, name: &str) -> io::Result<Tls> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// The error of rustls within an I/O error.
pub(crate) fn tls_error(error: &io::Error) -> &Error {
    error.get_ref().and_then(|inner| inner.downcast_ref()).expect("an error of rustls")
}

/// An SMTP connection, in the clear or not.
pub(crate) struct Smtp<S> {
    pub(crate) stream: S,
    buffer: Vec<u8>,
}

impl<S: Read + Write> Smtp<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// A whole reply, as text with CRLF; empty at the end of the stream.
    pub(crate) fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let line = self.line();
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let rest = self.buffer.split_off(at + 2);
                let line = core::mem::replace(&mut self.buffer, rest);
                return String::from_utf8(line).unwrap();
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) | Err(_) => return String::new(),
                Ok(length) => self.buffer.extend(&chunk[..length]),
            }
        }
    }

    /// Sends a line and takes the reply to it.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.stream.flush().unwrap();
        self.reply()
    }

    /// Ends this view of the connection; nothing may be left unread.
    pub(crate) fn into_stream(self) -> S {
        assert_eq!(self.buffer, b"", "octets are left before TLS");
        self.stream
    }
}

/// Connects to an MX host and takes its greeting.
pub(crate) fn greeted(lab: &Lab, host: &str) -> Smtp<TcpStream> {
    let mut smtp = Smtp::new(connect(lab.address_of(host).unwrap(), lab.smtp_port()).unwrap());
    assert_eq!(smtp.reply(), format!("220 {host} ESMTP\r\n"));
    smtp
}

/// Connects, and does all up to the TLS handshake.
pub(crate) fn upgraded(lab: &Lab, host: &str, config: ClientConfig) -> io::Result<Smtp<Tls>> {
    let mut smtp = greeted(lab, host);
    assert!(smtp.ask("EHLO client.test").contains("STARTTLS\r\n"));
    assert!(smtp.ask("STARTTLS").starts_with("220 "));
    Ok(Smtp::new(seal(smtp.into_stream(), config, host)?))
}
