//! Fetching MTA-STS policies.

use core::future::Future;

use mta_sts::{FetchError, PolicyBody, PolicyDomain};

/// Fetches the policy of a domain over HTTPS.
///
/// An implementation connects to port 443 of [`PolicyDomain::policy_host`] with TLS 1.2 or higher,
/// verifies that the certificate chains to a trusted root and names that host, and follows
/// [`mta_sts::Exchange`], or has an HTTP client of its own that obeys
/// [`PolicyBody::from_response`]. It bounds its own time: a minute
/// ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).
///
/// Implementers write a plain `async fn fetch`.
pub trait FetchPolicy {
    /// Fetches once.
    ///
    /// # Errors
    ///
    /// Why there is no body.
    fn fetch(
        &self,
        domain: &PolicyDomain,
    ) -> impl Future<Output = Result<PolicyBody, FetchError>> + Send;
}

impl<F: FetchPolicy + ?Sized> FetchPolicy for &F {
    fn fetch(
        &self,
        domain: &PolicyDomain,
    ) -> impl Future<Output = Result<PolicyBody, FetchError>> + Send {
        (**self).fetch(domain)
    }
}

impl<F: FetchPolicy + ?Sized> FetchPolicy for std::sync::Arc<F> {
    fn fetch(
        &self,
        domain: &PolicyDomain,
    ) -> impl Future<Output = Result<PolicyBody, FetchError>> + Send {
        (**self).fetch(domain)
    }
}
