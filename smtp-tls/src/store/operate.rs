//! What an operator does with a store: inspect, purge, pin.

use core::future::Future;

use mta_sts::{Override, PolicyDomain, PolicyStore, Stored, Update};

/// What an operator does with the store of a running system, by policy domain.
///
/// A hostile policy of long life ends by a purge or by a pin
/// ([RFC 8461 section 10.3](https://www.rfc-editor.org/rfc/rfc8461#section-10.3)). A pin is the
/// [`Override`] of a delivery, kept by the store: who makes the [`mta_sts::Options`] for a delivery asks
/// [`Operate::pinned`] for it. Pins are no policies: no capacity, lifetime or purge removes one.
pub trait Operate: PolicyStore {
    /// At most `limit` domains of which something is kept, in the order of their names, beginning after
    /// this one.
    fn list(
        &self,
        after: Option<&PolicyDomain>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PolicyDomain>, Self::Error>> + Send;

    /// Decides for a domain; [`Override::Nothing`] takes the decision back. What weakens a domain's own
    /// policy has `Danger` in its name.
    fn pin(
        &self,
        domain: &PolicyDomain,
        pin: &Override,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What was decided for a domain. A pin that cannot be read is an error and never
    /// [`Override::Nothing`]: it may be what protects the domain.
    fn pinned(
        &self,
        domain: &PolicyDomain,
    ) -> impl Future<Output = Result<Override, Self::Error>> + Send;

    /// All domains that something was decided for, in the order of their names.
    fn pins(&self) -> impl Future<Output = Result<Vec<PolicyDomain>, Self::Error>> + Send;

    /// Everything that is kept of a domain.
    fn show(&self, domain: &PolicyDomain) -> impl Future<Output = Result<Shown, Self::Error>> + Send
    where
        Self: Sync,
    {
        async move {
            let stored = self.load(domain).await?;
            let pin = self.pinned(domain).await?;
            Ok(Shown { stored, pin })
        }
    }

    /// Forgets the policy and the fetches of a domain. The next delivery is a first contact.
    fn purge(&self, domain: &PolicyDomain) -> impl Future<Output = Result<(), Self::Error>> + Send
    where
        Self: Sync,
    {
        async move { self.save(domain, &Update::purge()).await }
    }
}

/// Everything that is kept of a domain.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shown {
    /// Its policy and the fetches of late.
    pub stored: Stored,
    /// What the operator has decided.
    pub pin: Override,
}
