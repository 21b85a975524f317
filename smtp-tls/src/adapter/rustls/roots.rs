//! Where the roots of trust come from, if not from the caller.

#[cfg(feature = "native-roots")]
use std::io;

#[cfg(any(feature = "native-roots", feature = "webpki-roots"))]
use ::rustls::RootCertStore;

/// The roots that this system trusts.
///
/// Roots that cannot be read are left out.
///
/// # Errors
///
/// [`io::ErrorKind::NotFound`] if not one root can be read.
#[cfg(feature = "native-roots")]
pub fn native_roots() -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 { Err(io::ErrorKind::NotFound.into()) } else { Ok(roots) }
}

/// The roots of the Mozilla programme, as they were when the crate `webpki-roots` was built.
#[cfg(feature = "webpki-roots")]
#[must_use]
pub fn webpki_roots() -> RootCertStore {
    RootCertStore { roots: ::webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

#[cfg(all(test, feature = "webpki-roots"))]
mod tests {
    #[test]
    fn there_are_roots() {
        assert!(super::webpki_roots().len() > 50);
    }
}
