//! What is unwise or wrong in what is served.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use mta_sts::publish::{Hosting, Lint, content_id, lint};
use mta_sts::{Policy, PolicyDomain, Profile, Severity};
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, RootCertStore};
use smtp_tls::adapter::rustls::native_roots;

/// A finding about one domain.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) domain: String,
    pub(crate) what: What,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum What {
    /// About the policy.
    Policy(Lint),
    /// Senders do not accept the certificate, for this reason.
    Certificate(&'static str),
    /// The file holds no chain and key that fit together.
    CertificateUnusable,
    /// The file is too large or cannot be read.
    Unreadable,
    /// There is a policy and no certificate.
    NoCertificate,
    /// There is a certificate and no policy.
    NoPolicy,
    /// The name of the file is not that of a domain.
    NoDomain,
}

impl Finding {
    pub(crate) fn severity(&self) -> Severity {
        match &self.what {
            What::Policy(lint) => lint.severity(),
            What::NoPolicy => Severity::Warning,
            _ => Severity::Error,
        }
    }

    fn word(&self) -> &'static str {
        match &self.what {
            What::Policy(lint) => lint.word(),
            What::Certificate(_) => "certificate-refused",
            What::CertificateUnusable => "certificate-unusable",
            What::Unreadable => "unreadable",
            What::NoCertificate => "no-certificate",
            What::NoPolicy => "no-policy",
            What::NoDomain => "no-domain",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.severity().word();
        write!(f, "{severity}: {}: {}: ", self.domain, self.word())?;
        match &self.what {
            What::Policy(lint) => write!(f, "{lint}; {}", lint.remedy()),
            What::Certificate(why) => write!(f, "senders refuse the certificate: {why}"),
            What::CertificateUnusable => {
                f.write_str("the file holds no chain and key that fit together")
            }
            What::Unreadable => f.write_str("the file cannot be read, or is too large"),
            What::NoCertificate => f.write_str("nothing is served without a certificate"),
            What::NoPolicy => f.write_str("the certificate is there, the policy is not"),
            What::NoDomain => f.write_str("the name of the file is not that of a domain"),
        }
    }
}

/// Judges files by what senders do with them.
pub(crate) struct Inspector {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Inspector {
    /// Judges certificates by the roots in this file, or by those of the system.
    pub(crate) fn new(
        roots: Option<&Path>,
    ) -> Result<Self, Box<dyn core::error::Error + Send + Sync>> {
        let roots = match roots {
            None => native_roots()?,
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for root in CertificateDer::pem_slice_iter(&std::fs::read(file)?) {
                    roots.add(root?)?;
                }
                roots
            }
        };
        let provider = Arc::new(ring::default_provider());
        let own = Arc::clone(&provider);
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), own).build()?;
        Ok(Self { provider, verifier })
    }

    /// What can be told of a policy without asking DNS, and the policy if it may be served.
    pub(crate) fn policy(&self, domain: &PolicyDomain, body: &[u8]) -> (Option<Policy>, Vec<Lint>) {
        let policy = Policy::parse(body, Profile::Rfc).ok();
        let id = policy.as_ref().map(|policy| content_id(policy.as_str()).to_string());
        let record = format!("v=STSv1; id={};", id.as_deref().unwrap_or("0"));
        let hosting = Hosting {
            domain,
            mx_hosts: &[],
            records: &[record.as_bytes()],
            body,
            previous: None,
            is_public_suffix: |name| !name.contains('.'),
        };
        let mut findings = lint(&hosting);
        // Of the MX records nothing is known here.
        findings.retain(|lint| !matches!(lint, Lint::MxUnused(_) | Lint::MxNotCovered(_)));
        (policy, findings)
    }

    /// The chain and the key in a PEM file.
    pub(crate) fn key(&self, pem: &[u8]) -> Option<Arc<CertifiedKey>> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty())?;
        let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
        CertifiedKey::from_der(chain, key, &self.provider).ok().map(Arc::new)
    }

    /// Why senders refuse this certificate for this host, if they do.
    pub(crate) fn refusal(&self, host: &str, key: &CertifiedKey) -> Option<&'static str> {
        let (leaf, above) = key.cert.split_first()?;
        let Ok(name) = ServerName::try_from(host) else { return Some("the host has no name") };
        let now = UnixTime::now();
        let error = self.verifier.verify_server_cert(leaf, above, &name, &[], now).err()?;
        Some(match error {
            Error::InvalidCertificate(error) => match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "it has expired"
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "it is not valid yet"
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => "it does not name the host",
                // An issuer of that name is trusted, and has not signed it.
                CertificateError::BadSignature | CertificateError::UnknownIssuer => {
                    "it does not chain to a trusted root"
                }
                _ => "it is invalid",
            },
            _ => "it is invalid",
        })
    }
}
