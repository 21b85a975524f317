//! Verifiers of server certificates, one for each connection.

use core::fmt;
use std::sync::{Arc, OnceLock};

use ::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use ::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use ::rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use ::rustls::server::ParsedCertificate;
use ::rustls::{
    CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, RootCertStore, SignatureScheme,
};
use mta_sts::CertificateFault;
use pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};

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

    /// Checks the handshake signature with the key that the small DER walker of the core finds. The name of
    /// a scheme does not fix the curve in TLS 1.2, so that any of its algorithms may fit.
    fn walk_tls12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::walk(self.algorithms_of(signed.scheme), message, certificate, signed)
    }

    /// The same in TLS 1.3, where a scheme is one algorithm, and none of RSA PKCS#1
    /// ([RFC 8446 section 4.2.3](https://www.rfc-editor.org/rfc/rfc8446#section-4.2.3)).
    fn walk_tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = match is_pkcs1(signed.scheme) {
            true => &[],
            false => self.algorithms_of(signed.scheme),
        };
        let first = algorithms.get(..1).unwrap_or_default();
        if first.is_empty() {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        Self::walk(first, message, certificate, signed)
    }

    fn algorithms_of(&self, scheme: SignatureScheme) -> Algorithms {
        let listed = self.algorithms.mapping.iter().find(|(listed, _)| *listed == scheme);
        listed.map(|(_, algorithms)| *algorithms).unwrap_or_default()
    }

    fn walk(
        algorithms: Algorithms,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = dane::Certificate::parse(certificate)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let key = certificate.public_key_info();
        let is_good = algorithms.iter().any(|algorithm| {
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
            return self.walk_tls12(message, certificate, signature);
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
            return self.walk_tls13(message, certificate, signature);
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

/// What a scheme may be.
type Algorithms = &'static [&'static dyn SignatureVerificationAlgorithm];

/// Whether it is RSA by PKCS#1: the octets of a scheme are hash and signature there.
fn is_pkcs1(scheme: SignatureScheme) -> bool {
    let [hash, signature] = u16::from(scheme).to_be_bytes();
    hash <= 6 && signature == 1
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
