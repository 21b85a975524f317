//! Verifiers of server certificates, one for each connection.

use core::fmt;
use std::sync::{Arc, OnceLock};

use ::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use ::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use ::rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use ::rustls::server::ParsedCertificate;
use ::rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use mta_sts::CertificateFault;
use pki_types::{CertificateDer, ServerName, UnixTime};

use super::fault::TlsError;

/// What becomes of a certificate that does not chain to a root or names another host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Demand {
    /// The handshake fails.
    Authenticated,
    /// It goes on, and what was found is noted.
    Noted,
}

/// Checks a certificate against roots and the server name: subject alternative names alone count.
pub(super) struct PkixVerifier {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) demand: Demand,
    verdict: OnceLock<Result<(), CertificateFault>>,
}

impl PkixVerifier {
    pub(super) fn new(
        roots: Arc<RootCertStore>,
        algorithms: WebPkiSupportedAlgorithms,
        demand: Demand,
    ) -> Self {
        Self { roots, algorithms, demand, verdict: OnceLock::new() }
    }

    /// What was found; nothing before the handshake came so far.
    pub(super) fn verdict(&self) -> Option<Result<(), CertificateFault>> {
        self.verdict.get().copied()
    }

    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )?;
        verify_server_name(&certificate, server_name)
    }

    /// Where any certificate will do, one that webpki cannot read (of X.509 version 1, say) will too:
    /// its key is all that is needed of it.
    fn needs_walker(&self, certificate: &CertificateDer<'_>) -> bool {
        self.demand == Demand::Noted && ParsedCertificate::try_from(certificate).is_err()
    }

    /// Checks the handshake signature with the key that the small DER walker of the core finds.
    fn walk(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = dane::Certificate::parse(certificate)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let key = certificate.public_key_info();
        let of_scheme = self.algorithms.mapping.iter().filter(|(it, _)| *it == signed.scheme);
        let is_good = of_scheme.flat_map(|(_, algorithms)| algorithms.iter()).any(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == key.algorithm()
                && algorithm.verify_signature(key.key(), message, signed.signature()).is_ok()
        });
        match is_good {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(Error::InvalidCertificate(CertificateError::BadSignature)),
        }
    }
}

impl ServerCertVerifier for PkixVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = self.judge(end_entity, intermediates, server_name, now);
        let _ = self.verdict.set(found.as_ref().copied().map_err(fault_of));
        match (self.demand, found) {
            (Demand::Noted, _) | (Demand::Authenticated, Ok(())) => {
                Ok(ServerCertVerified::assertion())
            }
            (Demand::Authenticated, Err(error)) => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.needs_walker(certificate) {
            return self.walk(message, certificate, signature);
        }
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.needs_walker(certificate) {
            return self.walk(message, certificate, signature);
        }
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for PkixVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PkixVerifier").field("demand", &self.demand).finish_non_exhaustive()
    }
}

/// A bad signature within the chain is a fault of the certificate, not of the handshake.
fn fault_of(error: &Error) -> CertificateFault {
    match error {
        Error::InvalidCertificate(error) => super::fault::fault(error),
        other => match TlsError::from(other) {
            TlsError::Certificate(fault) => fault,
            _ => CertificateFault::Invalid,
        },
    }
}
