//! Where paths may end.

use pki_types::{Der, SignatureVerificationAlgorithm, TrustAnchor};

use crate::der::{Certificate, PublicKeyInfo, Reader};
use crate::failure::FailureReason;
use crate::path::Parsed;
use crate::usable::UsableRecord;

/// Where a path may end.
#[derive(Clone, Copy)]
pub(super) struct Anchor<'s> {
    /// The whole name element by which certificates name this issuer.
    pub(super) subject: &'s [u8],
    pub(super) key: PublicKeyInfo<'s>,
    /// None for a bare key.
    pub(super) certificate: Option<Parsed<'s>>,
    /// The record that makes it an anchor; none for a root of the public PKI.
    pub(super) record: Option<&'s UsableRecord>,
}

impl<'s> Anchor<'s> {
    pub(super) fn of(parsed: Parsed<'s>, record: Option<&'s UsableRecord>) -> Self {
        let Certificate { subject, spki: key, .. } = parsed.outline;
        Self { subject, key, certificate: Some(parsed), record }
    }

    /// The anchor as webpki wants it: contents of the name and of the key. Its name constraints are
    /// not given, for `path` checks them.
    pub(super) fn to_webpki(self) -> TrustAnchor<'s> {
        let subject = Reader::new(self.subject).and_then(|mut reader| reader.next());
        TrustAnchor {
            subject: Der::from_slice(subject.map_or(&[], |name| name.value)),
            subject_public_key_info: Der::from_slice(self.key.value),
            name_constraints: None,
        }
    }
}

/// Checks a certificate's signature with its issuer's key.
pub(super) fn check_signature(
    certificate: &Certificate<'_>,
    key: &PublicKeyInfo<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), FailureReason> {
    let [0, signature @ ..] = certificate.signature else {
        return Err(FailureReason::MalformedCertificate);
    };
    if certificate.tbs_algorithm != certificate.algorithm {
        return Err(FailureReason::MalformedCertificate);
    }
    if key.is_weak() {
        return Err(FailureReason::WeakKey);
    }
    let mut fitting = algorithms.iter().filter(|algorithm| {
        algorithm.signature_alg_id().as_ref() == certificate.algorithm
            && algorithm.public_key_alg_id().as_ref() == key.algorithm
    });
    let Some(algorithm) = fitting.next() else { return Err(FailureReason::UnsupportedAlgorithm) };
    algorithm
        .verify_signature(key.key, certificate.tbs, signature)
        .map_err(|_| FailureReason::NotInPath)
}
