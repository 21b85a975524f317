//! webpki's opinion of one path.

use alloc::vec::Vec;

use pki_types::{CertificateDer, Der, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::signatures::Signatures;
use crate::der::{PublicKeyInfo, Reader};
use crate::failure::FailureReason;
use crate::path::Parsed;

/// Whether webpki accepts a path with certificates between leaf and anchor: dates, basic constraints,
/// path lengths, extended key usage, the issuers' name constraints, and that the path is one. The
/// anchor is the topmost certificate, or `key` if there is one.
///
/// webpki takes no CA for a leaf, which [RFC 5280](https://www.rfc-editor.org/rfc/rfc5280#section-6)
/// does not forbid: it is not asked about such a path. Its rules are all in `path` too.
pub(super) fn agree<'s>(
    path: &[Parsed<'s>],
    key: Option<&PublicKeyInfo<'s>>,
    signatures: &Signatures<'_>,
    now: UnixTime,
) -> Result<(), FailureReason> {
    let (below, key) = match (path, key) {
        (below, Some(key)) => (below, key),
        ([below @ .., anchor], None) => (below, &anchor.outline.spki),
        ([], None) => return Ok(()),
    };
    let [leaf, issuers @ ..] = below else { return Ok(()) };
    let is_ca = leaf.extensions.basic_constraints.is_some_and(|it| it.ca);
    let Some(top) = issuers.last().filter(|_| !is_ca) else { return Ok(()) };

    let der = |one: &Parsed<'s>| CertificateDer::from(one.outline.whole);
    let (leaf, issuers) = (der(leaf), issuers.iter().map(der).collect::<Vec<_>>());
    let anchors = [anchor(top, key)];
    let known = signatures.known();
    let known: Vec<&dyn SignatureVerificationAlgorithm> =
        known.iter().map(|it| it as &dyn SignatureVerificationAlgorithm).collect();
    let leaf = EndEntityCert::try_from(&leaf).map_err(|error| explain(&error))?;
    let usage = KeyUsage::server_auth();
    leaf.verify_for_usage(&known, &anchors, &issuers, now, usage, None, None)
        .map(|_| ())
        .map_err(|error| explain(&error))
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
        Error::EndEntityUsedAsCa => FailureReason::NotACa,
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
        Error::UnsupportedCriticalExtension => FailureReason::CriticalExtension,
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
        // What is left is about the form of a certificate: its version, its encoding, a CA as leaf.
        _ => FailureReason::MalformedCertificate,
    }
}
