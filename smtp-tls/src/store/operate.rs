//! What an operator does with a store: inspect, purge, pin.

use core::future::Future;

use mta_sts::{Override, PolicyDomain, PolicyStore, Update};

use crate::posture::{self, Advisory};

/// What an operator does with the store of a running system, by policy domain. To inspect a domain is
/// to load it.
///
/// A hostile policy of long life ends by a purge or by a pin
/// ([RFC 8461 section 10.3](https://www.rfc-editor.org/rfc/rfc8461#section-10.3)). A pin is an
/// [`Override`] that the store keeps: whoever loads the domain for a delivery gets it along with the
/// policy ([`mta_sts::Stored::pin`]), and it counts from then on. Pins are no policies: no capacity,
/// lifetime or purge removes one.
///
/// What is said of a store holds behind a reference, an [`Arc`](std::sync::Arc) or a [`Box`] too.
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

    /// All domains that something was decided for, in the order of their names.
    fn pins(&self) -> impl Future<Output = Result<Vec<PolicyDomain>, Self::Error>> + Send;

    /// The pins that weaken deliveries, as advisories: what [`posture`](posture::posture) is for settings.
    ///
    /// A pin that cannot be read is an error; [`Self::load`](PolicyStore::load) of one domain after the
    /// other tells which.
    fn posture(&self) -> impl Future<Output = Result<Vec<Advisory>, Self::Error>> + Send
    where
        Self: Sync,
        Self::Error: Send,
    {
        async move {
            let mut advisories = Vec::new();
            for domain in self.pins().await? {
                let pin = self.load(&domain).await?.pin;
                advisories.extend(posture::pinned(&domain, &pin));
            }
            Ok(advisories)
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

macro_rules! behind {
    ($($pointer:ty),*) => {$(
        impl<S: Operate + ?Sized> Operate for $pointer {
            fn list(
                &self,
                after: Option<&PolicyDomain>,
                limit: usize,
            ) -> impl Future<Output = Result<Vec<PolicyDomain>, Self::Error>> + Send {
                (**self).list(after, limit)
            }

            fn pin(
                &self,
                domain: &PolicyDomain,
                pin: &Override,
            ) -> impl Future<Output = Result<(), Self::Error>> + Send {
                (**self).pin(domain, pin)
            }

            fn pins(&self) -> impl Future<Output = Result<Vec<PolicyDomain>, Self::Error>> + Send {
                (**self).pins()
            }
        }
    )*};
}

behind!(&S, std::sync::Arc<S>, Box<S>);
