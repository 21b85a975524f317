//! Deliveries over TCP with threads: the sockets of the standard library and rustls, and no runtime.
//!
//! [`Mailer`] is that of the asynchronous driver with calls that block; any number of threads may deliver
//! over one. The traits are the same: who has a look-up, an HTTPS client or a store that blocks writes an
//! `async fn` that blocks. For DNS there is `BlockingResolver` with the feature `hickory-blocking`, for
//! HTTPS `BlockingFetch` with the feature `https-blocking`, and
//! [`MemoryStore`](crate::store::MemoryStore) blocks nobody.
//!
//! The other adapters of this crate to DNS and HTTPS run on tokio. To deliver with them from a thread, let
//! it enter a runtime that runs on threads of its own, before they are made; [`block_on`] says how futures
//! are waited for.
//!
#![cfg_attr(
    all(feature = "domain", feature = "https", feature = "native-roots"),
    doc = "```no_run"
)]
#![cfg_attr(
    not(all(feature = "domain", feature = "https", feature = "native-roots")),
    doc = "```ignore"
)]
//! # use std::sync::Arc;
//! # use smtp_tls::adapter::{domain::{Anchors, Validator}, https::HttpsFetch};
//! # use smtp_tls::adapter::rustls::{Connector, native_roots};
//! # use smtp_tls::driver::blocking::Mailer;
//! # use smtp_tls::store::{Capacity, MemoryStore};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
//! let _entered = runtime.enter();
//! let dns = Arc::new(Validator::from_system(Anchors::root())?);
//! let connector = Connector::new(Arc::new(rustls::crypto::ring::default_provider()), native_roots()?)?;
//! let policies = HttpsFetch::new(Arc::clone(&dns), &connector);
//! let store = MemoryStore::new(Capacity::default());
//! let mailer = Mailer::new(dns, policies, store, connector, "mta.sender.example".parse()?);
//! # Ok(())
//! # }
//! ```

mod gate;
mod socket;
mod wait;

use core::fmt;

use mta_sts::{FetchError, PolicyBody, PolicyDomain, PolicyStore};
use smtp_starttls::EhloName;

pub use super::Envelope;
use super::course::{Carry, Course, terms_of};
use super::parts::Parts;
use crate::FetchPolicy;
use crate::adapter::rustls::Connector;
use crate::attempt::{Attempt, AttemptResult};
use crate::delivery::{MessageTerms, Settings};
use crate::report::Report;
use crate::resolve::{LookUp, Name};
use gate::{Gates, Pass};
pub use wait::block_on;
#[cfg(feature = "https-blocking")]
pub(crate) use wait::block_on_until;

/// Delivers mail, on the thread that asks for it.
pub struct Mailer<L, F, S> {
    parts: Parts<L, F, S>,
    gates: Gates,
}

impl<L, F, S> Mailer<L, F, S>
where
    L: LookUp + Sync,
    F: FetchPolicy + Sync,
    S: PolicyStore + Sync,
{
    /// A mailer that greets with `ehlo_name`, with the secure settings. The name is one of its own: see
    /// [`Settings::own_names`].
    #[must_use]
    pub fn new(look_up: L, fetch: F, store: S, connector: Connector, ehlo_name: EhloName) -> Self {
        let parts = Parts::new(look_up, fetch, store, connector, ehlo_name);
        Self { parts, gates: Gates::default() }
    }

    /// With other settings; what they weaken has `danger` in its name.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { parts: self.parts.settings(settings), ..self }
    }

    /// The policy store.
    pub const fn store(&self) -> &S {
        &self.parts.store
    }

    /// Delivers one message to the recipients of `domain`, their domain part in A-labels.
    ///
    /// It always comes to a report: whatever fails is in there, recipient by recipient. A
    /// `TLS-Required: No` field in the header counts where [`mta_sts::Options::tls_required_no`] says so.
    ///
    /// Each wait has its limit ([`Settings::patience`]), and so has each connection as a whole; how long
    /// a look-up or a fetch lasts is what the adapter makes of it.
    pub fn deliver(&self, domain: Name, envelope: &Envelope<'_>) -> Report {
        self.deliver_with(domain, envelope, terms_of(envelope))
    }

    /// As [`Self::deliver`], for a message that asks something of TLS by itself: one that came with
    /// REQUIRETLS, or a TLS report. The header is not looked at.
    pub fn deliver_with(
        &self,
        domain: Name,
        envelope: &Envelope<'_>,
        message: MessageTerms,
    ) -> Report {
        let course = Course { carry: self, parts: &self.parts, envelope, message };
        block_on(course.run(domain))
    }
}

impl<L, F, S> Carry for Mailer<L, F, S>
where
    L: LookUp + Sync,
    F: FetchPolicy + Sync,
    S: PolicyStore + Sync,
{
    type Pass<'c>
        = Pass<'c>
    where
        Self: 'c;

    async fn pass<'c>(&'c self, domain: &PolicyDomain) -> Pass<'c> {
        self.gates.pass(domain)
    }

    async fn fetch(&self, domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        self.parts.fetch.fetch(domain).await
    }

    async fn attempt(&self, attempt: &Attempt, envelope: &Envelope<'_>) -> AttemptResult {
        socket::attempt(attempt, envelope, &self.parts.connector, &self.parts.ehlo_name)
    }
}

impl<L, F, S> fmt::Debug for Mailer<L, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("settings", &self.parts.settings).finish_non_exhaustive()
    }
}
