//! Certificates and keys from PEM files.

use std::path::Path;

use dane::{Certificate, PublicKeyInfo};
use pki_types::PrivateKeyDer;
use pki_types::pem::{self, PemObject, SectionKind};
use rustls::crypto::ring::sign::any_supported_type;

use crate::exit::{Exit, Stopped};

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Certificates, in the order of the file; at least one.
    Chain(Vec<Vec<u8>>),
    /// A SubjectPublicKeyInfo.
    Key(Vec<u8>),
}

/// A file this large holds no chain: 12 certificates of 64 KiB fit.
const MAX_SIZE: u64 = 2 << 20;

/// Reads certificates, or else a key.
pub(crate) fn read(path: &Path) -> Result<Content, Stopped> {
    let mut chain = Vec::new();
    let mut key = None;
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&octets(path)?) {
        let (kind, der) = section.map_err(|error| unreadable(path, &error))?;
        match kind {
            SectionKind::Certificate => chain.push(der),
            SectionKind::PublicKey => key = Some(der),
            _ => {
                if let Some(private) = PrivateKeyDer::from_pem(kind, der) {
                    key = Some(public_key(path, &private)?);
                }
            }
        }
    }
    for (at, der) in chain.iter().enumerate() {
        Certificate::parse(der)
            .map_err(|error| Stopped::at(Exit::Data, path, format!("certificate {at}: {error}")))?;
    }
    match key {
        _ if !chain.is_empty() => Ok(Content::Chain(chain)),
        Some(key) => match PublicKeyInfo::parse(&key) {
            Ok(_) => Ok(Content::Key(key)),
            Err(error) => Err(Stopped::at(Exit::Data, path, format!("public key: {error}"))),
        },
        None => Err(Stopped::at(Exit::Data, path, "no certificate and no key in PEM")),
    }
}

/// Reads certificates.
pub(crate) fn read_chain(path: &Path) -> Result<Vec<Vec<u8>>, Stopped> {
    match read(path)? {
        Content::Chain(chain) => Ok(chain),
        Content::Key(_) => Err(Stopped::at(Exit::Data, path, "a key, expected a certificate")),
    }
}

fn octets(path: &Path) -> Result<Vec<u8>, Stopped> {
    let failed = |error| Stopped::at(Exit::NoInput, path, error);
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAX_SIZE {
        return Err(Stopped::at(Exit::Data, path, format!("{size} bytes, at most {MAX_SIZE}")));
    }
    std::fs::read(path).map_err(failed)
}

fn unreadable(path: &Path, error: &pem::Error) -> Stopped {
    Stopped::at(Exit::Data, path, format!("not PEM: {error}"))
}

fn public_key(path: &Path, key: &PrivateKeyDer<'_>) -> Result<Vec<u8>, Stopped> {
    let signer = any_supported_type(key).ok();
    let public = signer.and_then(|signer| signer.public_key().map(|key| key.to_vec()));
    public.ok_or_else(|| {
        let message = "private key of a kind that is not known here: give the public key";
        Stopped::at(Exit::Data, path, message)
    })
}
