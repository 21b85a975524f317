//! What an error of webpki comes to.

use crate::failure::{Failure, FailureReason};

/// The reason that says more: that nothing was found says least.
pub(super) fn more_specific(known: Failure, reason: FailureReason) -> Failure {
    match (known.kind(), reason) {
        (_, FailureReason::NoMatch) => known,
        (FailureReason::NoMatch, FailureReason::NotInPath) => known,
        (FailureReason::NoMatch | FailureReason::NotInPath, reason) => Failure::new(reason),
        _ => known,
    }
}

/// What an error of webpki comes to in our words.
pub(super) fn explain(error: &webpki::Error) -> FailureReason {
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
