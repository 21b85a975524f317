//! webpki's opinion of one path.

use alloc::vec::Vec;

use pki_types::{CertificateDer, Der, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::signatures::Signatures;
use crate::der::{PublicKeyInfo, Reader};
use crate::failure::{Failure, FailureReason};
use crate::near::NearestMiss;
use crate::path::Parsed;

/// Whether webpki accepts a path with certificates between leaf and anchor: dates, path lengths,
/// extended key usage, the issuers' name constraints, and that the path is one. The anchor is the
/// topmost certificate, or `key` if there is one.
pub(super) fn agree<'s>(
    path: &[Parsed<'s>],
    key: Option<&PublicKeyInfo<'s>>,
    signatures: &Signatures<'_>,
    now: UnixTime,
) -> Result<(), Failure> {
    let (below, key) = match (path, key) {
        (below, Some(key)) => (below, key),
        ([below @ .., anchor], None) => (below, &anchor.outline.spki),
        ([], None) => return Ok(()),
    };
    let [leaf, issuers @ ..] = below else { return Ok(()) };
    let Some(top) = issuers.last() else { return Ok(()) };
    if below.iter().any(|one| one.extensions.unique_ids) || has_other_forms(below, issuers) {
        return Ok(());
    }

    let der = |one: &Parsed<'s>| CertificateDer::from(one.outline.whole);
    let (leaf, issuers) = (der(leaf), issuers.iter().map(der).collect::<Vec<_>>());
    let anchors = [anchor(top, key)];
    let known = signatures.known();
    let known: Vec<&dyn SignatureVerificationAlgorithm> =
        known.iter().map(|it| it as &dyn SignatureVerificationAlgorithm).collect();
    let verdict = EndEntityCert::try_from(&leaf).and_then(|leaf| {
        let usage = KeyUsage::server_auth();
        leaf.verify_for_usage(&known, &anchors, &issuers, now, usage, None, None).map(|_| ())
    });
    match verdict {
        Err(error) if !is_beyond_webpki(&error) => {
            Err(Failure::new(explain(&error), NearestMiss::SecondOpinion(sentence(&error))))
        }
        _ => Ok(()),
    }
}

/// Whether a certificate has its issuer's name in another form. webpki compares names by their octets,
/// which is less than RFC 5280 section 7.1 asks for.
fn has_other_forms(below: &[Parsed<'_>], issuers: &[Parsed<'_>]) -> bool {
    let mut pairs = below.iter().zip(issuers);
    pairs.any(|(one, issuer)| one.outline.issuer != issuer.outline.subject)
}

/// Whether the path has what webpki does not take in any path, and `path` has found fit: a CA as leaf,
/// another version, a critical extension that webpki does not know, an issuer that is a CA by its key
/// usage alone.
fn is_beyond_webpki(error: &webpki::Error) -> bool {
    use webpki::Error;
    matches!(
        error,
        Error::CaUsedAsEndEntity
            | Error::EndEntityUsedAsCa
            | Error::UnsupportedCertVersion
            | Error::UnsupportedCriticalExtension
    )
}

/// The anchor as webpki wants it: contents of the name, as the certificate below has it, and of the
/// key. Its name constraints are not given, for `path` checks them.
fn anchor<'s>(below: &Parsed<'s>, key: &PublicKeyInfo<'s>) -> TrustAnchor<'s> {
    let name = Reader::new(below.outline.issuer).and_then(|mut reader| reader.next());
    TrustAnchor {
        subject: Der::from_slice(name.map_or(&[], |name| name.value)),
        subject_public_key_info: Der::from_slice(key.value),
        name_constraints: None,
    }
}

/// What an error of webpki comes to in our words.
fn explain(error: &webpki::Error) -> FailureReason {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } => FailureReason::Expired,
        Error::CertNotValidYet { .. } => FailureReason::NotYetValid,
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            FailureReason::PathLength
        }
        Error::NameConstraintViolation
        | Error::MalformedNameConstraint
        | Error::MalformedDnsIdentifier
        | Error::InvalidNetworkMaskConstraint => FailureReason::NameConstraints,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            FailureReason::ExtendedKeyUsage
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            FailureReason::UnsupportedAlgorithm
        }
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => FailureReason::SignatureBudget,
        Error::UnknownIssuer | Error::InvalidSignatureForPublicKey | Error::CertDistrusted => {
            FailureReason::NotInPath
        }
        // What is left is about the form of a certificate.
        _ => FailureReason::MalformedCertificate,
    }
}

/// What an error of webpki says, as far as it may be the only one to say it.
fn sentence(error: &webpki::Error) -> &'static str {
    use webpki::Error;
    match error {
        Error::BadDer => "a field is not der",
        Error::BadDerTime => "a date is not der",
        Error::CertExpired { .. } => "a certificate has ended",
        Error::CertNotValidYet { .. } => "a certificate has not begun",
        Error::EmptyEkuExtension => "an extended key usage is empty",
        Error::ExtensionValueInvalid => "an extension has a wrong value",
        Error::InvalidCertValidity => "a certificate ends before it begins",
        Error::InvalidNetworkMaskConstraint => "a name constraint has a wrong mask",
        Error::InvalidSerialNumber => "a serial number is not one",
        Error::InvalidSignatureForPublicKey => "a signature is not of its issuer",
        Error::MalformedDnsIdentifier => "a dns name is malformed",
        Error::MalformedExtensions => "extensions are malformed",
        Error::MalformedNameConstraint => "a name constraint is malformed",
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded => "the path takes too much work",
        Error::MaximumPathDepthExceeded => "the path is too long",
        Error::NameConstraintViolation => "a name is outside of its constraints",
        Error::PathLenConstraintViolated => "the path is longer than a ca allows",
        Error::RequiredEkuNotFoundContext(_) => "an extended key usage lacks the server's",
        Error::SignatureAlgorithmMismatch => "two signature algorithms differ",
        Error::TrailingData(_) => "octets follow a field",
        Error::UnknownIssuer => "an issuer is unknown",
        Error::UnsupportedNameType => "a name is of an unknown type",
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature algorithm is not supported"
        }
        _ => "it is not accepted",
    }
}
