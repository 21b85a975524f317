//! The certificates of a hostile server, and its TLS configurations.

use std::collections::BTreeMap;
use std::sync::Arc;

use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

use super::HOST;
use super::script::{Certificate, ClientAuth, Tls};
use crate::lab::pki::{Dates, Pki, Signed};
use crate::lab::tls::Fixed;
use crate::lab::{LabError, TlsVersions};

/// The certificates, made at the start.
#[derive(Clone, Debug)]
pub struct Keys {
    root: CertificateDer<'static>,
    keys: BTreeMap<Certificate, Arc<CertifiedKey>>,
}

impl Keys {
    /// Makes all certificates, for [`HOST`]; those that are to be valid are at `now`.
    ///
    /// # Errors
    ///
    /// [`LabError::Time`] for a time out of range, [`LabError::Certificate`] where a certificate
    /// cannot be made, [`LabError::Tls`] where a key cannot be used.
    pub fn new(now: UnixTime) -> Result<Self, LabError> {
        Self::for_host(HOST, now)
    }

    /// As [`Self::new`], for another name.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn for_host(host: &str, now: UnixTime) -> Result<Self, LabError> {
        let pki = Pki::new(now)?;
        let mut keys = BTreeMap::new();
        for (certificate, name, signed, dates) in [
            (Certificate::Honest, host, Signed::ByRoot, Dates::Current),
            (Certificate::OtherName, "elsewhere.test", Signed::ByRoot, Dates::Current),
            (Certificate::Expired, host, Signed::ByRoot, Dates::Past),
            (Certificate::NotYetValid, host, Signed::ByRoot, Dates::Future),
            (Certificate::SelfSigned, host, Signed::BySelf, Dates::Current),
            (Certificate::UnknownAuthority, host, Signed::ByAnchor, Dates::Current),
        ] {
            keys.insert(certificate, pki.issue(&[name], signed, dates)?.certified_key()?);
        }
        let stolen = pki.issue(&[host], Signed::ByRoot, Dates::Current)?;
        let other = pki.issue(&[host], Signed::BySelf, Dates::Current)?;
        keys.insert(Certificate::StolenWithoutKey, stolen.with_key_of(&other)?);
        Ok(Self { root: pki.root().clone(), keys })
    }

    /// The root that clients trust.
    #[must_use]
    pub fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    pub(super) fn config(&self, tls: Tls) -> Result<Arc<ServerConfig>, LabError> {
        let missing = || rustls::Error::General("no such certificate".to_owned());
        let key = self.keys.get(&tls.certificate).ok_or_else(missing)?;
        let both = [&TLS12, &TLS13];
        let (only_12, only_13) = both.split_at(1);
        let versions = match tls.versions {
            TlsVersions::Both => both.as_slice(),
            TlsVersions::Only12 => only_12,
            TlsVersions::Only13 => only_13,
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)?;
        let builder = match tls.client {
            ClientAuth::None => builder.with_no_client_auth(),
            ClientAuth::Required => {
                let mut roots = RootCertStore::empty();
                roots.add(self.root.clone())?;
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error| rustls::Error::General(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        Ok(Arc::new(builder.with_cert_resolver(Arc::new(Fixed(Arc::clone(key))))))
    }
}
