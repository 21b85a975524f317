//! The other side: records for a certificate or key, lint of an RRset against what a server sends,
//! and the steps of a change of records, keys or trust anchors.

mod lint;
mod rollover;
mod shown;

pub use lint::{Finding, Problem, Severity, StartTls, lint, lint_next};
pub use rollover::{Published, Rollover, RolloverError, Step};
pub use shown::Client;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::tag;

    /// Just the outline of a certificate, with this octet as its key.
    fn certificate(key: u8, subject: u8, issuer: u8) -> alloc::vec::Vec<u8> {
        let seq = |parts: &[&[u8]]| {
            let value = parts.concat();
            [&[tag::SEQUENCE, u8::try_from(value.len()).unwrap()], &value[..]].concat()
        };
        let name = |octet: u8| seq(&[&[5, 1, octet]]);
        let spki = seq(&[&seq(&[&[6, 1, 42]]), &[3, 2, 0, key]]);
        let tbs = seq(&[&[2, 1, 1], &seq(&[]), &name(issuer), &seq(&[]), &name(subject), &spki]);
        seq(&[&tbs, &seq(&[]), &[3, 1, 0]])
    }

    #[test]
    fn a_record_of_a_certificate_and_of_its_key_are_one() {
        let der = certificate(7, 1, 2);
        let key = Certificate::parse(&der).unwrap().public_key_info().der();
        for matching in [Matching::FULL, Matching::SHA2_256, Matching::SHA2_512] {
            let one = record(CertUsage::DANE_EE, Selector::SPKI, matching, &der).unwrap();
            assert_eq!(record_of_key(CertUsage::DANE_EE, matching, key), Ok(one.clone()));
            let len = match matching {
                Matching::FULL => key.len(),
                Matching::SHA2_256 => 32,
                _ => 64,
            };
            assert_eq!(one.data().len(), len);
        }
        let full = record(CertUsage::DANE_TA, Selector::CERT, Matching::FULL, &der).unwrap();
        assert_eq!(full.data(), der);
    }

    #[test]
    fn what_has_no_record() {
        let der = certificate(7, 1, 2);
        let ask = |selector, matching| record(CertUsage::DANE_EE, selector, matching, &der);
        assert_eq!(ask(Selector(2), Matching::FULL), Err(PublishError::Selector(2)));
        assert_eq!(ask(Selector::SPKI, Matching(3)), Err(PublishError::Matching(3)));
        let cut = der.get(..der.len() - 1).unwrap();
        let error = record(CertUsage::DANE_EE, Selector::CERT, Matching::FULL, cut).unwrap_err();
        assert!(matches!(error, PublishError::Der(_)));
        assert!(record_of_key(CertUsage::DANE_EE, Matching::FULL, &der).is_err());
    }
}
