//! Certificates and keys from PEM files.

use std::path::Path;

use dane::{Certificate, PublicKeyInfo};
use pki_types::PrivateKeyDer;
use pki_types::pem::{self, PemObject, SectionKind};

use crate::exit::{Exit, stop_at};
use crate::provider::provider;
use crate::stopped::Stopped;

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Certificates, in the order of the file; at least one.
    Chain(Vec<Vec<u8>>),
    /// A SubjectPublicKeyInfo.
    Key(Vec<u8>),
}

impl Content {
    /// The chain; of a key, a certificate in outline that has nothing but the key, and that only
    /// records of the key may be made of.
    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Chain(chain) => chain.clone(),
            Self::Key(key) => vec![outline(key)],
        }
    }
}

/// ```text
/// SEQUENCE { tbs SEQUENCE { serialNumber, signature, issuer, validity, subject, key },
///            algorithm, signature }
/// ```
fn outline(key: &[u8]) -> Vec<u8> {
    const SERIAL: &[u8] = &[2, 1, 0];
    const EMPTY: &[u8] = &[0x30, 0];
    const NO_SIGNATURE: &[u8] = &[3, 1, 0];
    let tbs = sequence(&[SERIAL, EMPTY, EMPTY, EMPTY, EMPTY, key].concat());
    sequence(&[&tbs, EMPTY, NO_SIGNATURE].concat())
}

fn sequence(contents: &[u8]) -> Vec<u8> {
    let octets = contents.len().to_be_bytes();
    let octets = octets.iter().copied().skip_while(|octet| *octet == 0);
    let mut element = vec![0x30];
    match u8::try_from(contents.len()) {
        Ok(short @ ..0x80) => element.push(short),
        _ => {
            element.push(0x80 | u8::try_from(octets.clone().count()).unwrap_or_default());
            element.extend(octets);
        }
    }
    element.extend_from_slice(contents);
    element
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
                    key = Some(public_key(path, private)?);
                }
            }
        }
    }
    for (at, der) in chain.iter().enumerate() {
        Certificate::parse(der)
            .map_err(|error| stop_at(Exit::Data, path, format!("certificate {at}: {error}")))?;
    }
    match key {
        _ if !chain.is_empty() => Ok(Content::Chain(chain)),
        Some(key) => match PublicKeyInfo::parse(&key) {
            Ok(_) => Ok(Content::Key(key)),
            Err(error) => Err(stop_at(Exit::Data, path, format!("public key: {error}"))),
        },
        None => Err(stop_at(Exit::Data, path, "no certificate and no key in PEM")),
    }
}

fn octets(path: &Path) -> Result<Vec<u8>, Stopped> {
    let failed = |error| stop_at(Exit::NoInput, path, error);
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAX_SIZE {
        return Err(stop_at(Exit::Data, path, format!("{size} bytes, at most {MAX_SIZE}")));
    }
    std::fs::read(path).map_err(failed)
}

fn unreadable(path: &Path, error: &pem::Error) -> Stopped {
    stop_at(Exit::Data, path, format!("not PEM: {error}"))
}

fn public_key(path: &Path, key: PrivateKeyDer<'static>) -> Result<Vec<u8>, Stopped> {
    let signer = provider().key_provider.load_private_key(key).ok();
    let public = signer.and_then(|signer| signer.public_key().map(|key| key.to_vec()));
    public.ok_or_else(|| {
        let message = "private key of a kind that is not known here: give the public key";
        stop_at(Exit::Data, path, message)
    })
}
