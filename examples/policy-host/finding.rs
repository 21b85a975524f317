//! What is unwise or wrong in what is served.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use mta_sts::publish::{Hosting, Lint, content_id, lint};
use mta_sts::{PolicyDomain, PolicyId, Profile, Record, Severity};
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, RootCertStore};
use smtp_tls::adapter::rustls::native_roots;
use smtp_tls::resolve::{LookUpError, Question};

use crate::live::{Dns, Found, Live};

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
    /// Another file, which is named so, is for the same domain.
    DuplicateDomain(String),
    /// The id looks like one that was made from other content, and what was published before is not known.
    IdOfOther,
    /// This could not be looked up.
    LookUp(Question, LookUpError),
    /// An MX record names what no policy can allow.
    NoHostName(String),
    /// The policy host has no address.
    NoPolicyHost,
    /// The domain asks for no TLS reports.
    NoReporting,
    /// The domain asks for TLS reports by a record that is none.
    ReportingInvalid(tlsrpt::NoRecord),
}

impl Finding {
    pub(crate) fn severity(&self) -> Severity {
        match &self.what {
            What::Policy(lint) => lint.severity(),
            What::NoPolicy | What::LookUp(..) | What::ReportingInvalid(_) | What::IdOfOther => {
                Severity::Warning
            }
            What::NoReporting => Severity::Notice,
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
            What::DuplicateDomain(_) => "duplicate-domain",
            What::IdOfOther => "id-of-other-content",
            What::LookUp(..) => "look-up-failed",
            What::NoHostName(_) => "mx-no-host-name",
            What::NoPolicyHost => "no-policy-host",
            What::NoReporting => "no-reporting",
            What::ReportingInvalid(_) => "reporting-invalid",
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
            What::DuplicateDomain(file) => {
                write!(f, "{file} is for this domain too and is not used; remove one of them")
            }
            What::IdOfOther => f.write_str(
                "the id may have been made from other content; if the policy has changed since, give the \
                 record a new id",
            ),
            What::LookUp(question, error) => write!(f, "{question} is not known: {error}"),
            What::NoHostName(name) => {
                write!(f, "the MX record names {name:?}, which no policy can allow; name a host")
            }
            What::NoPolicyHost => f.write_str(
                "the policy host has no address in DNS; add one, or an alias of this server",
            ),
            What::NoReporting => f.write_str(
                "nobody reports failed deliveries; publish a record at _smtp._tls (RFC 8460)",
            ),
            What::ReportingInvalid(error) => {
                write!(f, "the record at _smtp._tls is not used: {error}; write it anew")
            }
        }
    }
}

/// Judges files by what senders do with them.
pub(crate) struct Inspector {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
    pub(crate) dns: Option<Dns>,
}

/// A policy with the id under which DNS announced it.
pub(crate) type Announced = (PolicyId, Vec<u8>);

impl Inspector {
    /// Judges certificates by the roots in this file, or by those of the system, and policies by what
    /// this says of their domains.
    pub(crate) fn new(
        roots: Option<&Path>,
        dns: Option<Dns>,
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
        Ok(Self { provider, verifier, dns })
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

/// What can be told of a policy by its file, and by what DNS says of its domain if that is known. With it
/// comes what DNS announces and the file holds, if the two are one publication.
///
/// `before` is the publication that was seen last. Without one an id that looks as if it was made from other
/// content is a hint only: an id is opaque (RFC 8461 section 3.1).
pub(crate) fn policy(
    domain: &PolicyDomain,
    body: &[u8],
    live: Option<&Live>,
    before: Option<&Announced>,
) -> (Vec<What>, Option<Announced>) {
    let records = live.and_then(|live| live.records.as_ref());
    let records: Option<Vec<&[u8]>> = records.map(|all| all.iter().map(Vec::as_slice).collect());
    let announced = records.as_ref().and_then(|all| {
        let record = Record::from_answer(all.iter().map(|one| [*one]), Profile::Interop);
        record.ok().map(|record| *record.id())
    });
    let hint = before.is_none() && announced.is_some_and(|id| is_of_other_content(&id, body));
    let previous = before.map(|(id, body)| (id, body.as_slice()));
    let findings = lint(&Hosting {
        domain,
        mx_hosts: live.and_then(|live| live.mx_hosts.as_deref()),
        records: records.as_deref(),
        body,
        previous,
        is_public_suffix: |name| !name.contains('.'),
    });
    let fits = !findings.iter().any(|lint| matches!(lint, Lint::IdUnchanged));
    let announced = announced.filter(|_| fits).map(|id| (id, body.to_vec()));
    let findings = findings.into_iter().map(What::Policy);
    let findings = findings.chain(hint.then_some(What::IdOfOther));
    (findings.chain(live.into_iter().flat_map(around)).collect(), announced)
}

fn is_of_other_content(id: &PolicyId, body: &[u8]) -> bool {
    let own = core::str::from_utf8(body).map(content_id);
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    own.is_ok_and(|own| {
        own != *id && id.as_str().len() == own.as_str().len() && id.as_str().bytes().all(is_hex)
    })
}

/// What DNS says besides the policy.
fn around(live: &Live) -> Vec<What> {
    let mut found = Vec::new();
    found.extend(live.no_hosts.iter().cloned().map(What::NoHostName));
    if live.policy_host == Some(Found::No) {
        found.push(What::NoPolicyHost);
    }
    if let Some(records) = &live.reporting {
        match tlsrpt::Record::choose(records) {
            Ok(_) => {}
            Err(tlsrpt::NoRecord::Absent) => found.push(What::NoReporting),
            Err(error) => found.push(What::ReportingInvalid(error)),
        }
    }
    let failed = live.failed.iter().cloned();
    found.extend(failed.map(|(question, error)| What::LookUp(question, error)));
    found
}
