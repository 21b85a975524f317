//! Certificates, made at the start: authorities of the lab and what they issue.

use core::fmt;
use std::sync::Arc;

use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use ring::digest;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

use super::LabError;

/// Who issues certificates in a lab.
pub struct Pki {
    now: OffsetDateTime,
    root: Authority,
    anchor: Authority,
    intermediate: Authority,
}

/// Who signs a certificate.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signed {
    /// The root of the lab, which its clients trust.
    ByRoot,
    /// An intermediate below an anchor that no trust store holds, for DANE-TA; both are sent.
    ByAnchor,
    /// Its own key.
    BySelf,
}

/// When a certificate is within its dates.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dates {
    /// From a day before the lab's start for thirty days.
    Current,
    /// For thirty days, and until a day before the lab's start.
    Past,
    /// From a day after the lab's start.
    Future,
}

impl Pki {
    /// Makes the authorities; `now` lies within their dates.
    ///
    /// # Errors
    ///
    /// [`LabError::Time`] for a time out of range, [`LabError::Certificate`] where no key is made.
    pub fn new(now: UnixTime) -> Result<Self, LabError> {
        let seconds = i64::try_from(now.as_secs()).map_err(|_| LabError::Time)?;
        let now = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| LabError::Time)?;
        let root = Authority::root("Lab root", now)?;
        let anchor = Authority::root("Lab private anchor", now)?;
        let intermediate = Authority::below(&anchor, "Lab private intermediate", now)?;
        Ok(Self { now, root, anchor, intermediate })
    }

    /// The certificate of the one root that clients of the lab trust.
    #[must_use]
    pub fn root(&self) -> &CertificateDer<'static> {
        &self.root.certificate
    }

    /// Issues a server certificate with these DNS names.
    ///
    /// # Errors
    ///
    /// [`LabError::Certificate`] if a name does not fit into a certificate.
    pub fn issue(
        &self,
        names: &[&str],
        signed: Signed,
        dates: Dates,
    ) -> Result<Credential, LabError> {
        let key = KeyPair::generate()?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let title = names.first().cloned().unwrap_or_default();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = common_name(&title);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_dates(&mut params, dates, self.now)?;
        let (certificate, above) = match signed {
            Signed::BySelf => (params.self_signed(&key)?, Vec::new()),
            Signed::ByRoot => (self.root.sign(&mut params, &key)?, Vec::new()),
            Signed::ByAnchor => {
                let above = [&self.intermediate, &self.anchor].map(Authority::link);
                (self.intermediate.sign(&mut params, &key)?, above.to_vec())
            }
        };
        let leaf = Link { certificate: certificate.into(), spki: key.subject_public_key_info() };
        let chain = core::iter::once(leaf).chain(above).collect();
        Ok(Credential { chain, key: key.into() })
    }
}

/// A certificate chain as a server sends it, with the key of its first certificate.
pub struct Credential {
    chain: Vec<Link>,
    key: PrivatePkcs8KeyDer<'static>,
}

/// What of a certificate a TLSA record is made from (RFC 6698 section 2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Selector {
    /// The whole certificate, `0`.
    Certificate,
    /// Its public key, `1`.
    PublicKey,
}

/// How a TLSA record holds it (RFC 6698 section 2.1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Matching {
    /// As it is, `0`.
    Full,
    /// Its SHA-256 digest, `1`.
    Sha256,
    /// Its SHA-512 digest, `2`.
    Sha512,
}

impl Credential {
    /// The chain, the server's own certificate first.
    #[must_use]
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.iter().map(|link| link.certificate.clone()).collect()
    }

    /// TLSA RDATA for the certificate at this depth, 0 being the server's own; none if the chain
    /// is shorter.
    #[must_use]
    pub fn tlsa(
        &self,
        usage: u8,
        selector: Selector,
        matching: Matching,
        depth: usize,
    ) -> Option<Vec<u8>> {
        let link = self.chain.get(depth)?;
        let (selector, data) = match selector {
            Selector::Certificate => (0, link.certificate.as_ref()),
            Selector::PublicKey => (1, link.spki.as_slice()),
        };
        let (matching, data) = match matching {
            Matching::Full => (0, data.to_vec()),
            Matching::Sha256 => (1, digest::digest(&digest::SHA256, data).as_ref().to_vec()),
            Matching::Sha512 => (2, digest::digest(&digest::SHA512, data).as_ref().to_vec()),
        };
        Some([&[usage, selector, matching], data.as_slice()].concat())
    }

    /// What a rustls server signs with: this chain and its key.
    ///
    /// # Errors
    ///
    /// [`LabError::Tls`] if the key is not one that rustls can use.
    pub fn certified_key(&self) -> Result<Arc<CertifiedKey>, LabError> {
        self.with_key_of(self)
    }

    /// This chain with the key of `other`: a server that shows a certificate it does not own. The
    /// check of rustls that would refuse it is left out on purpose.
    ///
    /// # Errors
    ///
    /// [`LabError::Tls`] if the key is not one that rustls can use.
    pub fn with_key_of(&self, other: &Self) -> Result<Arc<CertifiedKey>, LabError> {
        let key = any_supported_type(&PrivateKeyDer::Pkcs8(other.key.clone_key()))?;
        Ok(Arc::new(CertifiedKey::new(self.chain(), key)))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Link {
    certificate: CertificateDer<'static>,
    spki: Vec<u8>,
}

struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn root(title: &str, now: OffsetDateTime) -> Result<Self, LabError> {
        let key = KeyPair::generate()?;
        let params = authority_params(title, now)?;
        let certificate = params.self_signed(&key)?.into();
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    fn below(parent: &Self, title: &str, now: OffsetDateTime) -> Result<Self, LabError> {
        let key = KeyPair::generate()?;
        let mut params = authority_params(title, now)?;
        let certificate = parent.sign(&mut params, &key)?.into();
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    fn sign(
        &self,
        params: &mut CertificateParams,
        key: &KeyPair,
    ) -> Result<rcgen::Certificate, LabError> {
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?)
    }

    fn link(&self) -> Link {
        let spki = self.issuer.key().subject_public_key_info();
        Link { certificate: self.certificate.clone(), spki }
    }
}

fn authority_params(title: &str, now: OffsetDateTime) -> Result<CertificateParams, LabError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = common_name(title);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_dates(&mut params, Dates::Current, now)?;
    Ok(params)
}

fn common_name(title: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, title);
    name
}

fn set_dates(
    params: &mut CertificateParams,
    dates: Dates,
    now: OffsetDateTime,
) -> Result<(), LabError> {
    let (from, until) = match dates {
        Dates::Current => (-1, 29),
        Dates::Past => (-31, -1),
        Dates::Future => (1, 31),
    };
    let at = |days| now.checked_add(time::Duration::days(days)).ok_or(LabError::Time);
    params.not_before = at(from)?;
    params.not_after = at(until)?;
    Ok(())
}
