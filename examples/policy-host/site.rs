//! What is served, by the name of the policy host.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// What is served under one name.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) key: Arc<CertifiedKey>,
    /// The body as it stands in the file.
    pub(crate) policy: Option<Arc<str>>,
}

/// Sites by `mta-sts.<domain>`.
pub(crate) type ByHost = HashMap<String, Site>;

/// All sites, which are replaced together.
#[derive(Debug)]
pub(crate) struct Sites(RwLock<Arc<ByHost>>);

impl Sites {
    pub(crate) fn new(sites: ByHost) -> Self {
        Self(RwLock::new(Arc::new(sites)))
    }

    pub(crate) fn replace(&self, sites: ByHost) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sites);
    }

    pub(crate) fn site(&self, host: &str) -> Option<Site> {
        let sites = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        sites.get(&host.to_ascii_lowercase()).cloned()
    }
}

impl ResolvesServerCert for Sites {
    /// No certificate, and thus no handshake, without a server name that is ours
    /// ([RFC 8461 section 7.1](https://www.rfc-editor.org/rfc/rfc8461#section-7.1)).
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.site(hello.server_name()?).map(|site| site.key)
    }
}
