//! A certificate verifier for rustls, of one connection, that binds the record match to the
//! handshake signature.
//!
//! ```text
//! DanePlan --> DaneVerifier --> rustls handshake --> authenticated(connection)? failure()?
//! ```
//!
//! The token is there only if the chain matched *and* the handshake signature was good. A resumed
//! session runs no verifier, so it yields no token; [`client_config`] turns resumption off.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use once_cell::race::OnceBox;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WantsClientCert};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::{
    CertificateError, ClientConfig, CommonState, ConfigBuilder, DigitallySignedStruct, Error,
    HandshakeKind, PeerMisbehaved, SignatureScheme, WantsVerifier,
};

use crate::der::{Certificate, DerError, PublicKeyInfo};
use crate::digest::MAX_DIGEST;
use crate::discovery::{Assurance, DanePlan, Enforcement};
use crate::failure::{Failure, FailureReason};
use crate::names::Name;
use crate::near::{NearestMiss, nearest_of_key};
use crate::usable::{Comparison, Selected, UsableRecord, UsableSet, Usage};
use crate::verify::{Authenticated, Match, Verifier};

/// A verifier for one connection to one host. Make a new one for each connection; a second handshake
/// with the same one is refused.
///
/// After the handshake, [`authenticated`](Self::authenticated) has the token or
/// [`failure`](Self::failure) the reason. The raw keys of RFC 7250 are offered on request only, by
/// [`with_raw_public_keys`](Self::with_raw_public_keys).
#[derive(Debug)]
pub struct DaneVerifier {
    usable: UsableSet,
    base: Name,
    names: Vec<Name>,
    assurance: Assurance,
    enforcement: Enforcement,
    algorithms: WebPkiSupportedAlgorithms,
    roots: Vec<CertificateDer<'static>>,
    form: Form,
    judged: OnceBox<Judged>,
    authenticated: OnceBox<Authenticated>,
    failure: OnceBox<Failure>,
}

/// What the server is asked to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// A chain of certificates.
    Certificates,
    /// A SubjectPublicKeyInfo alone, in place of the server's certificate.
    RawKey,
}

/// The plan has records that a raw public key cannot match.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a raw public key can match only records 3 1 x, and there are others")]
pub struct NotOnlyKeys(());

/// The certificate or raw key that was judged, and what came out.
#[derive(Debug)]
struct Judged {
    leaf: CertificateDer<'static>,
    matched: Option<Match>,
}

impl DaneVerifier {
    /// A verifier for a host by its plan, with the signature algorithms of this provider.
    #[must_use]
    pub fn new(plan: &DanePlan, provider: &CryptoProvider) -> Self {
        Self {
            usable: plan.usable().clone(),
            base: plan.base().clone(),
            names: plan.names().to_vec(),
            assurance: plan.assurance(),
            enforcement: plan.enforcement(),
            algorithms: provider.signature_verification_algorithms,
            roots: Vec::new(),
            form: Form::Certificates,
            judged: OnceBox::new(),
            authenticated: OnceBox::new(),
            failure: OnceBox::new(),
        }
    }

    /// The same with these roots, for the usages PKIX-TA and PKIX-EE of
    /// [`Profile::Generic`](crate::Profile::Generic). DANE-TA does not look at them.
    #[must_use]
    pub fn with_roots(self, roots: Vec<CertificateDer<'static>>) -> Self {
        Self { roots, ..self }
    }

    /// The same for a server that is known to have a raw public key
    /// ([RFC 7250](https://www.rfc-editor.org/rfc/rfc7250)), which TLS 1.3 alone carries here.
    ///
    /// This version of rustls offers the server either raw keys or certificates, never both: one that has
    /// no raw key ends the handshake, and is to be connected to again without this.
    ///
    /// # Errors
    ///
    /// [`NotOnlyKeys`] unless every usable record is `3 1 x`: nothing else can match a raw key
    /// ([RFC 7671 section 5.1](https://www.rfc-editor.org/rfc/rfc7671#section-5.1)), and a certificate
    /// might still match the others.
    pub fn with_raw_public_keys(self) -> Result<Self, NotOnlyKeys> {
        if self.usable.only_dane_ee_keys() {
            Ok(Self { form: Form::RawKey, ..self })
        } else {
            Err(NotOnlyKeys(()))
        }
    }

    /// The name that the connection must be made with, for the server name indication: the TLSA base
    /// domain. The verifier refuses another one.
    #[must_use]
    pub fn server_name(&self) -> ServerName<'static> {
        self.base.to_server_name()
    }

    /// The token, after a full handshake in which a record matched and the signature was good.
    ///
    /// There is none during the handshake, after a resumed one (of which this verifier has seen
    /// nothing, even if it has judged the session's first connection), for a connection whose server
    /// has shown something else than was judged, and where the plan is to audit only.
    #[must_use]
    pub fn authenticated(&self, connection: &CommonState) -> Option<Authenticated> {
        let shown = connection.peer_certificates().and_then(<[_]>::first);
        match connection.handshake_kind() {
            Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest)
                if !connection.is_handshaking()
                    && shown == self.judged.get().map(|judged| &judged.leaf) =>
            {
                self.authenticated.get().copied()
            }
            _ => None,
        }
    }

    /// Why the server is not authenticated, if it is this verifier that refused it. Where the plan
    /// is to audit only, the handshake may have ended well nevertheless.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.failure.get().copied()
    }

    fn fail(&self, failure: Failure) -> Error {
        // Only the first reason counts: what follows from it says nothing new.
        let _ = self.failure.set(Box::new(failure));
        let error = match failure.kind() {
            FailureReason::Expired => CertificateError::Expired,
            FailureReason::NotYetValid => CertificateError::NotValidYet,
            FailureReason::NameMismatch => CertificateError::NotValidForName,
            FailureReason::MalformedCertificate => CertificateError::BadEncoding,
            FailureReason::CriticalExtension => CertificateError::UnhandledCriticalExtension,
            FailureReason::ExtendedKeyUsage | FailureReason::KeyUsage => {
                CertificateError::InvalidPurpose
            }
            FailureReason::NoMatch | FailureReason::NotInPath => CertificateError::UnknownIssuer,
            FailureReason::HandshakeSignature => CertificateError::BadSignature,
            FailureReason::NameConstraints
            | FailureReason::NotACa
            | FailureReason::PathLength
            | FailureReason::SignatureBudget
            | FailureReason::TooManyCertificates
            | FailureReason::UnsupportedAlgorithm
            | FailureReason::WeakKey => CertificateError::ApplicationVerificationFailure,
        };
        Error::InvalidCertificate(error)
    }

    /// Checks the handshake signature with the key of the certificate that was judged, and makes the
    /// token of the match.
    fn check_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        version: Version,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(judged) = self.judged.get().filter(|judged| judged.leaf == *leaf) else {
            return Err(Error::General("signature of a certificate that was not judged".into()));
        };
        let wrong = |near| self.fail(Failure::at(FailureReason::HandshakeSignature, 0, near));
        let key = self.form.key(&judged.leaf).map_err(|it| wrong(NearestMiss::Malformed(it)))?;
        // Without a match the first reason is known already.
        let record = judged.matched.map(|it| it.record()).unwrap_or_default();
        let scheme = signed.scheme;
        let number = u16::from(scheme);
        let listed = self.algorithms.mapping.iter().find(|(listed, _)| *listed == scheme);
        let algorithms = match listed {
            Some((_, algorithms)) if version.allows(scheme) => *algorithms,
            _ => {
                wrong(NearestMiss::NotOffered { record, scheme: number });
                return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
            }
        };
        // The name of a scheme does not fix the curve in TLS 1.2: any listed algorithm may fit.
        let count = match version {
            Version::Tls12 => algorithms.len(),
            Version::Tls13 => 1,
        };
        let fitting = algorithms.iter().take(count);
        let mut fitting =
            fitting.filter(|it| it.public_key_alg_id().as_ref() == key.algorithm()).peekable();
        if fitting.peek().is_none() {
            return Err(wrong(NearestMiss::OtherScheme { record, scheme: number }));
        }
        let is_good = |algorithm: &&dyn pki_types::SignatureVerificationAlgorithm| {
            algorithm.verify_signature(key.key(), message, signed.signature()).is_ok()
        };
        if !fitting.any(is_good) {
            return Err(wrong(NearestMiss::NotHeld { record, scheme: number }));
        }
        if let (Some(matched), Enforcement::Enforced) = (judged.matched, self.enforcement) {
            let token = matched.danger_handshake_signature_was_verified(self.assurance);
            let _ = self.authenticated.set(Box::new(token));
        }
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for DaneVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let named = match server_name {
            ServerName::DnsName(name) => Name::try_from(name).ok(),
            _ => None,
        };
        if named.as_ref() != Some(&self.base) {
            return Err(Error::General("server name is not the tlsa base domain".into()));
        }
        let verdict = match self.form {
            Form::Certificates => Verifier::new(&self.usable, &self.names, self.algorithms.all)
                .with_roots(&self.roots)
                .verify(end_entity, intermediates, now),
            Form::RawKey => judge_raw_key(&self.usable, end_entity),
        };
        let leaf = end_entity.clone().into_owned();
        let judged = Judged { leaf, matched: verdict.ok() };
        if self.judged.set(Box::new(judged)).is_err() {
            return Err(Error::General("verifier was used for another handshake".into()));
        }
        match (verdict, self.enforcement) {
            (Ok(_), _) => Ok(ServerCertVerified::assertion()),
            (Err(failure), Enforcement::Enforced) => Err(self.fail(failure)),
            (Err(failure), Enforcement::DangerAuditOnly) => {
                self.fail(failure);
                Ok(ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, cert, dss, Version::Tls12)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, cert, dss, Version::Tls13)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.form == Form::RawKey
    }
}

impl Form {
    /// The key in what the server shows.
    fn key<'a>(self, shown: &'a CertificateDer<'_>) -> Result<PublicKeyInfo<'a>, DerError> {
        match self {
            Self::Certificates => Ok(Certificate::parse(shown)?.public_key_info()),
            Self::RawKey => PublicKeyInfo::parse(shown),
        }
    }
}

/// Judges a raw key, by DANE-EE records of keys alone.
fn judge_raw_key(usable: &UsableSet, shown: &CertificateDer<'_>) -> Result<Match, Failure> {
    let key = PublicKeyInfo::parse(shown)
        .map_err(|error| Failure::malformed(0, NearestMiss::Malformed(error)))?;
    let matches = |record: &&UsableRecord| match (record.usage(), record.selected()) {
        (Usage::DaneEe, Selected::PublicKey) => match record.comparison() {
            Comparison::Full => record.tlsa().data() == key.der(),
            Comparison::Digest(digest) => {
                let mut output = [0; MAX_DIGEST];
                digest.digest(key.der(), &mut output);
                output.get(..digest.output_len()) == Some(record.tlsa().data())
            }
        },
        _ => false,
    };
    match usable.records().iter().find(matches) {
        None => {
            let near = NearestMiss::Nothing { records: usable.records().len(), certificates: 1 };
            let failure = Failure::new(FailureReason::NoMatch, near);
            Err(failure.nearer(nearest_of_key(usable, &key)))
        }
        Some(_) if key.is_weak() => Err(Failure::weak_key(&key).with_depth(0)),
        Some(record) => Ok(Match::new(record, 0)),
    }
}

/// Ends a configuration with this verifier: no client certificate, no resumption.
///
/// A resumed session is not judged and yields no token; tickets may not cross from one set of
/// records to another. To offer a client certificate, take [`with_verifier`] and set
/// [`ClientConfig::resumption`] to [`Resumption::disabled`].
#[must_use]
pub fn client_config(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    verifier: Arc<DaneVerifier>,
) -> ClientConfig {
    let mut config = with_verifier(builder, verifier).with_no_client_auth();
    config.resumption = Resumption::disabled();
    config
}

/// Puts this verifier into a configuration.
#[must_use]
pub fn with_verifier(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    verifier: Arc<DaneVerifier>,
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    builder.dangerous().with_custom_certificate_verifier(verifier)
}

#[derive(Clone, Copy)]
enum Version {
    Tls12,
    Tls13,
}

impl Version {
    /// Whether a scheme may sign a handshake of this version. The high and low octet of a scheme are
    /// hash and signature in TLS 1.2
    /// ([RFC 8446 section 4.2.3](https://www.rfc-editor.org/rfc/rfc8446#section-4.2.3)).
    fn allows(self, scheme: SignatureScheme) -> bool {
        let [hash, signature] = u16::from(scheme).to_be_bytes();
        match self {
            // RSA, ECDSA, RSA-PSS over RSA keys, Ed25519 and Ed448.
            Self::Tls12 => match hash {
                0x08 => (0x04..=0x08).contains(&signature),
                0x04..=0x06 => matches!(signature, 0x01 | 0x03),
                _ => false,
            },
            // No MD5, SHA-1 and SHA-224; no anonymous, RSA PKCS#1 and DSA.
            Self::Tls13 => hash > 0x03 && !matches!(signature, 0x00..=0x02),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h4_schemes_of_tls_1_2() {
        for scheme in [0x0401, 0x0403, 0x0501, 0x0503, 0x0601, 0x0603, 0x0804, 0x0805, 0x0807] {
            assert!(Version::Tls12.allows(scheme.into()), "{scheme:x}");
        }
        for scheme in [0x0101, 0x0201, 0x0203, 0x0301, 0x0400, 0x0402, 0x0904, 0x0809] {
            assert!(!Version::Tls12.allows(scheme.into()), "{scheme:x}");
        }
    }

    #[test]
    fn h4_schemes_of_tls_1_3() {
        for scheme in [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0904] {
            assert!(Version::Tls13.allows(scheme.into()), "{scheme:x}");
        }
        for scheme in [0x0401, 0x0501, 0x0601, 0x0201, 0x0203, 0x0303, 0x0402, 0x0400, 0x0103] {
            assert!(!Version::Tls13.allows(scheme.into()), "{scheme:x}");
        }
    }
}
