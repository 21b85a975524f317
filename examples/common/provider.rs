//! The cryptography of TLS: of aws-lc-rs with the feature of that name, else of ring.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The provider. That of aws-lc-rs knows keys on P-521 too.
#[cfg(feature = "aws-lc-rs")]
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The provider.
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
