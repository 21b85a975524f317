//! The parts of a certificate.

use super::{DerError, Reader, single, tag};
use crate::path::Parsed;

/// An X.509 certificate cut into its parts, of which only the outline has been looked at.
///
/// Names, dates, extensions and algorithms may be anything: DANE-EE must not care for them
/// ([RFC 7671 section 5.1](https://www.rfc-editor.org/rfc/rfc7671#section-5.1)). All parts are
/// slices of the octets given.
///
/// ```text
/// Certificate ::= SEQUENCE { tbs SEQUENCE, algorithm SEQUENCE, signature BIT STRING }
/// tbs         ::= SEQUENCE { [0] version OPTIONAL, serialNumber INTEGER, signature SEQUENCE,
///                            issuer SEQUENCE, validity SEQUENCE, subject SEQUENCE,
///                            subjectPublicKeyInfo SEQUENCE, ... }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    pub(crate) whole: &'a [u8],
    /// The whole tbs element, which the issuer has signed.
    pub(crate) tbs: &'a [u8],
    pub(crate) version: Version,
    pub(crate) serial: &'a [u8],
    /// Contents of the inner algorithm.
    pub(crate) tbs_algorithm: &'a [u8],
    pub(crate) issuer: &'a [u8],
    /// Contents of the validity.
    pub(crate) validity: &'a [u8],
    pub(crate) subject: &'a [u8],
    pub(crate) spki: PublicKeyInfo<'a>,
    /// What follows the key within tbs.
    pub(crate) rest: Reader<'a>,
    /// Contents of the outer algorithm.
    pub(crate) algorithm: &'a [u8],
    /// Contents of the signature element, the count of unused bits included.
    pub(crate) signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Cuts a certificate into its parts.
    ///
    /// # Errors
    ///
    /// Any [`DerError`], if the outline is not that of a certificate, if octets follow it, or if
    /// there are more than 65,536 of them.
    pub fn parse(der: &'a [u8]) -> Result<Self, DerError> {
        let mut certificate = single(der, tag::SEQUENCE)?.inner();
        let tbs = certificate.expect(tag::SEQUENCE)?;
        let algorithm = certificate.expect(tag::SEQUENCE)?.value;
        let signature = certificate.expect(tag::BIT_STRING)?;
        if signature.value.is_empty() {
            return Err(DerError::Value(signature.at));
        }
        certificate.end()?;

        let mut fields = tbs.inner();
        let version = version(&mut fields)?;
        let serial = fields.expect(tag::INTEGER)?.value;
        let tbs_algorithm = fields.expect(tag::SEQUENCE)?.value;
        let issuer = fields.expect_loose(tag::SEQUENCE)?.whole;
        let validity = fields.expect(tag::SEQUENCE)?.value;
        let subject = fields.expect_loose(tag::SEQUENCE)?.whole;
        let spki = PublicKeyInfo::read(&mut fields)?;
        let rest = fields;
        while !fields.is_at_end() {
            fields.next()?;
        }
        Ok(Self {
            whole: der,
            tbs: tbs.whole,
            version,
            serial,
            tbs_algorithm,
            issuer,
            validity,
            subject,
            spki,
            rest,
            algorithm,
            signature: signature.value,
        })
    }

    /// All octets of the certificate, which selector 0 matches.
    #[must_use]
    pub fn der(&self) -> &'a [u8] {
        self.whole
    }

    /// The X.509 version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The key, which selector 1 matches.
    #[must_use]
    pub fn public_key_info(&self) -> PublicKeyInfo<'a> {
        self.spki
    }

    /// Whether this can be a CA's certificate: basicConstraints says so, or a certificate from before it
    /// was customary may sign certificates, or is of version 1 and self-issued.
    ///
    /// Nothing else is accepted as a trust anchor
    /// ([RFC 5280 section 6.1.4](https://www.rfc-editor.org/rfc/rfc5280#section-6.1.4) (k) and (n)).
    #[must_use]
    pub fn is_ca(&self) -> bool {
        Parsed::parse(self.whole).is_ok_and(|one| one.is_anchor())
    }

    /// The issuer's name, as a whole element.
    #[must_use]
    pub fn issuer(&self) -> &'a [u8] {
        self.issuer
    }

    /// The subject's name, as a whole element.
    #[must_use]
    pub fn subject(&self) -> &'a [u8] {
        self.subject
    }
}

/// The version of a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// Without extensions; the version field is absent or 0.
    V1,
    /// With unique identifiers.
    V2,
    /// With extensions.
    V3,
    /// One that does not exist.
    Unknown,
}

/// A SubjectPublicKeyInfo cut into its parts.
#[derive(Clone, Copy, Debug)]
pub struct PublicKeyInfo<'a> {
    pub(crate) whole: &'a [u8],
    /// Contents of the whole element.
    pub(crate) value: &'a [u8],
    /// Contents of the algorithm.
    pub(crate) algorithm: &'a [u8],
    pub(crate) key: &'a [u8],
}

impl<'a> PublicKeyInfo<'a> {
    /// Cuts a SubjectPublicKeyInfo that stands alone into its parts.
    ///
    /// # Errors
    ///
    /// Any [`DerError`], if it is none or if octets follow it.
    pub fn parse(der: &'a [u8]) -> Result<Self, DerError> {
        let mut reader = Reader::new(der)?;
        let spki = Self::read(&mut reader)?;
        reader.end()?;
        // The count of unused bits stands before the key. Within a certificate it may be any.
        let count = der.len().saturating_sub(spki.key.len()).saturating_sub(1);
        if der.get(count) == Some(&0) { Ok(spki) } else { Err(DerError::Value(count)) }
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let spki = reader.expect(tag::SEQUENCE)?;
        let mut fields = spki.inner();
        let algorithm = fields.expect(tag::SEQUENCE)?.value;
        let key = fields.bit_string()?;
        fields.end()?;
        Ok(Self { whole: spki.whole, value: spki.value, algorithm, key })
    }

    /// The whole element.
    #[must_use]
    pub fn der(&self) -> &'a [u8] {
        self.whole
    }

    /// The contents of the algorithm identifier.
    #[must_use]
    pub fn algorithm(&self) -> &'a [u8] {
        self.algorithm
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        self.key
    }

    /// Whether this is an RSA key with a modulus of fewer than 2,048 bits, or one that cannot be
    /// read. Other kinds of key are left to the signature algorithms in use.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.is_rsa() && modulus_bits(self.key).is_none_or(|bits| bits < MIN_RSA_BITS)
    }

    pub(crate) fn is_rsa(&self) -> bool {
        let oid = Reader::new(self.algorithm).and_then(|mut reader| reader.expect(tag::OID));
        oid.is_ok_and(|oid| oid.value == RSA)
    }

    /// Bits of an RSA key's modulus; 0 if it cannot be read.
    pub(crate) fn rsa_bits(&self) -> usize {
        modulus_bits(self.key).unwrap_or_default()
    }

    /// Whether a signature of this algorithm may come from this key; false only if it cannot.
    pub(crate) fn may_sign(&self, algorithm: &[u8]) -> bool {
        match (Kind::of(self.algorithm), Kind::of(algorithm)) {
            (Some(Kind::Rsa), Some(Kind::RsaPss)) => true,
            (Some(key), Some(signature)) => key == signature,
            _ => true,
        }
    }

    /// Whether this key is of a kind that is known to make signatures of this algorithm.
    pub(crate) fn is_known_to_sign(&self, algorithm: &[u8]) -> bool {
        Kind::of(algorithm).is_some()
            && Kind::of(self.algorithm).is_some()
            && self.may_sign(algorithm)
    }

    /// Whether this is an RSA key of at most 4,096 bits with an exponent of at most 17 bits.
    pub(crate) fn is_common_rsa(&self) -> bool {
        let Ok(mut fields) = single(self.key, tag::SEQUENCE).map(|key| key.inner()) else {
            return false;
        };
        match (fields.expect(tag::INTEGER), fields.expect(tag::INTEGER)) {
            (Ok(modulus), Ok(exponent)) => {
                modulus.value.len() <= 513 && matches!(exponent.value, [_] | [_, _] | [0 | 1, _, _])
            }
            _ => false,
        }
    }

    /// Whether this is an elliptic-curve key that spells its curve out in place of naming it.
    pub(crate) fn has_explicit_curve(&self) -> bool {
        let Ok(mut reader) = Reader::new(self.algorithm) else { return false };
        match (reader.expect(tag::OID), reader.next()) {
            (Ok(oid), Ok(parameters)) => oid.value == EC && parameters.tag != tag::OID,
            _ => false,
        }
    }
}

/// The kinds of key that sign certificates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Rsa,
    RsaPss,
    Ec,
    Ed25519,
    Ed448,
}

impl Kind {
    /// By the contents of an algorithm identifier, of a key or of a signature.
    fn of(algorithm: &[u8]) -> Option<Self> {
        let oid = Reader::new(algorithm).ok()?.expect(tag::OID).ok()?.value;
        match oid {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10] => Some(Self::RsaPss),
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1..=5 | 11..=16] => Some(Self::Rsa),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]
            | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]
            | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1..=4] => Some(Self::Ec),
            [0x2b, 0x65, 0x70] => Some(Self::Ed25519),
            [0x2b, 0x65, 0x71] => Some(Self::Ed448),
            _ => None,
        }
    }
}

/// rsaEncryption, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey, 1.2.840.10045.2.1.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// The least that signature providers for TLS take.
const MIN_RSA_BITS: usize = 2048;

fn version(fields: &mut Reader<'_>) -> Result<Version, DerError> {
    let Some(explicit) = fields.take_if(tag::constructed(0))? else { return Ok(Version::V1) };
    let mut inner = explicit.inner();
    let number = inner.expect(tag::INTEGER)?;
    inner.end()?;
    match number.value {
        [0] => Ok(Version::V1),
        [1] => Ok(Version::V2),
        [2] => Ok(Version::V3),
        [] => Err(DerError::Value(number.at)),
        _ => Ok(Version::Unknown),
    }
}

/// The size of the modulus of `RSAPublicKey ::= SEQUENCE { modulus INTEGER, ... }`.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let mut fields = single(key, tag::SEQUENCE).ok()?.inner();
    let modulus = fields.expect(tag::INTEGER).ok()?.value;
    let zeros = modulus.iter().take_while(|octet| **octet == 0).count();
    let magnitude = modulus.get(zeros..)?;
    let first = magnitude.first()?;
    let leading = usize::try_from(first.leading_zeros()).ok()?;
    magnitude.len().checked_mul(8)?.checked_sub(leading)
}
