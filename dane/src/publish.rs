//! The other side: records for a certificate or key.

use crate::der::{Certificate, DerError, PublicKeyInfo};
use crate::digest::{DigestAlgorithm, MAX_DIGEST, Sha256, Sha512};
use crate::tlsa::{CertUsage, Matching, RdataError, Selector, Tlsa};

/// The record that a certificate is published by.
///
/// # Errors
///
/// [`PublishError`] if the certificate cannot be read, or the numbers are not those of a selector
/// and a matching type that are known here.
pub fn record(
    usage: CertUsage,
    selector: Selector,
    matching: Matching,
    certificate: &[u8],
) -> Result<Tlsa, PublishError> {
    let certificate = Certificate::parse(certificate)?;
    let selected = match selector {
        Selector::CERT => certificate.der(),
        Selector::SPKI => certificate.public_key_info().der(),
        Selector(number) => return Err(PublishError::Selector(number)),
    };
    associate(usage, selector, matching, selected)
}

/// The record that a key is published by, with selector 1: its SubjectPublicKeyInfo is given.
///
/// A key is known before there is a certificate for it, so its record can be published first.
///
/// # Errors
///
/// [`PublishError`] if the key cannot be read, or the matching type is not known here.
pub fn record_of_key(
    usage: CertUsage,
    matching: Matching,
    public_key_info: &[u8],
) -> Result<Tlsa, PublishError> {
    let key = PublicKeyInfo::parse(public_key_info)?;
    associate(usage, Selector::SPKI, matching, key.der())
}

/// Why there is no record for a certificate or key.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublishError {
    /// The certificate or key cannot be read.
    #[error(transparent)]
    Der(#[from] DerError),
    /// The matching type is not known.
    #[error("matching type {0} is not known, expected 0 to 2")]
    Matching(u8),
    /// The data does not fit into a record.
    #[error(transparent)]
    Rdata(#[from] RdataError),
    /// The selector is not known.
    #[error("selector {0} is not known, expected 0 or 1")]
    Selector(u8),
}

fn associate(
    usage: CertUsage,
    selector: Selector,
    matching: Matching,
    selected: &[u8],
) -> Result<Tlsa, PublishError> {
    let mut output = [0; MAX_DIGEST];
    let digest: &dyn DigestAlgorithm = match matching {
        Matching::FULL => return Ok(Tlsa::new(usage, selector, matching, selected)?),
        Matching::SHA2_256 => &Sha256,
        Matching::SHA2_512 => &Sha512,
        Matching(number) => return Err(PublishError::Matching(number)),
    };
    digest.digest(selected, &mut output);
    let data = output.get(..digest.output_len()).unwrap_or_default();
    Ok(Tlsa::new(usage, selector, matching, data)?)
}
