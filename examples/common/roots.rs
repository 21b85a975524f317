//! Root certificates as an argument names them.

use std::path::Path;

use pki_types::CertificateDer;
use pki_types::pem::PemObject;
use rustls::RootCertStore;
use smtp_tls::adapter::rustls::native_roots;

use crate::network::{NO_INPUT, unreadable};
use crate::stopped::Stopped;

/// The roots in a file, or those of the system.
pub(crate) fn roots(path: Option<&Path>) -> Result<RootCertStore, Stopped> {
    let Some(path) = path else {
        return native_roots().map_err(|error| {
            let message = format!("no root certificates on this system ({error}); see --roots");
            Stopped::new(NO_INPUT, message)
        });
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(path, &error))?;
        roots.add(certificate).map_err(|error| unreadable(path, &error))?;
    }
    if roots.is_empty() {
        return Err(unreadable(path, &"no certificate in it"));
    }
    Ok(roots)
}
