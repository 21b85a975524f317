//! webpki's opinion of one path.

use alloc::vec::Vec;

use pki_types::{CertificateDer, Der, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::anchor::Anchor;
use crate::der::Reader;
use crate::failure::FailureReason;
use crate::path::Parsed;

/// Whether webpki accepts the path of a leaf and these issuers, in order, to the anchor: signatures,
/// dates, basic constraints, path lengths, extended key usage, and the issuers' name constraints.
pub(super) fn agree(
    leaf: &Parsed<'_>,
    issuers: &[Parsed<'_>],
    anchor: &Anchor<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    now: UnixTime,
) -> Result<(), FailureReason> {
    let leaf = CertificateDer::from(leaf.outline.whole);
    let issuers: Vec<CertificateDer<'_>> =
        issuers.iter().map(|issuer| CertificateDer::from(issuer.outline.whole)).collect();
    let anchors = [to_webpki(anchor)];
    let leaf = EndEntityCert::try_from(&leaf).map_err(|error| explain(&error))?;
    let usage = KeyUsage::server_auth();
    leaf.verify_for_usage(algorithms, &anchors, &issuers, now, usage, None, None)
        .map(|_| ())
        .map_err(|error| explain(&error))
}

/// The anchor as webpki wants it: contents of the name and of the key. Its name constraints are not
/// given, for `path` checks them.
fn to_webpki<'s>(anchor: &Anchor<'s>) -> TrustAnchor<'s> {
    let subject = Reader::new(anchor.subject).and_then(|mut reader| reader.next());
    TrustAnchor {
        subject: Der::from_slice(subject.map_or(&[], |name| name.value)),
        subject_public_key_info: Der::from_slice(anchor.key.value),
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
