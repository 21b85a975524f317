//! Certificates as files.

use std::fs;
use std::path::Path;

use pki_types::CertificateDer;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// The name of every server here.
pub(crate) const HOST: &str = "mx.peer.test";

/// Writes `chain.pem`, for [`HOST`], and `key.pem` into the folder; the root is for the client.
pub(crate) fn write(folder: &Path) -> CertificateDer<'static> {
    let root_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&root_key).unwrap();
    let issuer = Issuer::new(params, root_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("chain.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    root.into()
}
