//! DKIM signatures, as RFC 8460 section 3 asks for them.

use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use pki_types::PrivateKeyDer;
use pki_types::pem::PemObject;
use tlsrpt::{DkimRequirement, Reporter, Signed, Unsigned};

use crate::args::Dkim;
use crate::stopped::Stopped;

/// Signs with one key.
pub(crate) struct Signer {
    key: Key,
}

enum Key {
    Rsa(DkimSigner<RsaKey<Sha256>, Done>),
    Ed25519(DkimSigner<Ed25519Key, Done>),
}

impl Signer {
    /// The signer with the key that the arguments name, if they name one.
    pub(crate) fn open(dkim: &Dkim, reporter: &Reporter) -> Result<Option<Self>, Stopped> {
        let (Some(path), Some(selector)) = (&dkim.dkim_key, &dkim.dkim_selector) else {
            return Ok(None);
        };
        let refused = |error: &dyn core::fmt::Display| {
            Stopped::new(66, format!("{}: {error}", path.display()))
        };
        if pki_types::DnsName::try_from(selector.as_str()).is_err() {
            return Err(Stopped::new(64, "--dkim-selector is not a name"));
        }
        let domain: &str = reporter.submitter().as_ref();
        let der = PrivateKeyDer::from_pem_file(path).map_err(|error| refused(&error))?;
        let ed25519 = match &der {
            PrivateKeyDer::Pkcs8(der) => {
                Ed25519Key::from_pkcs8_maybe_unchecked_der(der.secret_pkcs8_der()).ok()
            }
            _ => None,
        };
        let key = match ed25519 {
            Some(key) => {
                let signer = DkimSigner::from_key(key).domain(domain).selector(selector);
                Key::Ed25519(signer.headers(FIELDS))
            }
            None => {
                let unfit = "neither an RSA key nor an Ed25519 key that can be used";
                let key = RsaKey::<Sha256>::from_key_der(der).map_err(|_| refused(&unfit))?;
                let signer = DkimSigner::from_key(key).domain(domain).selector(selector);
                Key::Rsa(signer.headers(FIELDS))
            }
        };
        Ok(Some(Self { key }))
    }

    /// Signs a report's mail. The core checks that the signature is as the RFC demands.
    pub(crate) fn sign(&self, mail: Unsigned) -> Result<Signed, Stopped> {
        let DkimRequirement { headers, .. } = mail.requirement();
        debug_assert!(headers.iter().all(|field| FIELDS.contains(field)));
        let signature = match &self.key {
            Key::Rsa(signer) => signer.sign(mail.message()),
            Key::Ed25519(signer) => signer.sign(mail.message()),
        };
        let signature = signature.map_err(|error| Stopped::new(70, error))?.to_header();
        mail.sign(&signature).map_err(|error| Stopped::new(70, error))
    }
}

/// What the signature covers: what the core requires, and two fields that steer the mail's way.
const FIELDS: [&str; 11] = [
    "From",
    "To",
    "Date",
    "Subject",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "TLS-Report-Domain",
    "TLS-Report-Submitter",
    "TLS-Required",
    "Auto-Submitted",
];
