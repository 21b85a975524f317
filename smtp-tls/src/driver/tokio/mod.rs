//! Deliveries over TCP with tokio and rustls.
//!
//! [`Mailer`] has everything that a delivery needs: DNS, the policy fetch, the policy store, TLS. One
//! serves a whole mail server; [`Mailer::deliver`] delivers one message to the recipients of one
//! domain, and any number of deliveries may run side by side. [`Mailer::refresher`] keeps the cached
//! policies alive.

mod socket;

use core::fmt;
use core::time::Duration;

use mta_sts::{FetchError, PolicyBody, PolicyDomain, PolicyStore};
use smtp_starttls::EhloName;
use tokio::time::timeout;

pub use super::Envelope;
use super::course::{Carry, Course, terms_of};
use super::parts::Parts;
use crate::FetchPolicy;
use crate::adapter::rustls::Connector;
use crate::attempt::{Attempt, AttemptResult};
use crate::delivery::{MessageTerms, Settings};
use crate::refresh::{Gates, Pass, Refresher};
use crate::report::Report;
use crate::resolve::{LookUp, Name};

/// How long a fetch may take in all
/// ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).
const FETCH: Duration = Duration::from_secs(60);

/// Delivers mail.
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

    /// Refreshes the cached policies, as the settings want them read. It shares look-ups, fetches and the
    /// store with the deliveries: what one is fetching the other waits for.
    ///
    /// ```no_run
    /// # async fn example<L, F, S>(mailer: &smtp_tls::driver::tokio::Mailer<L, F, S>)
    /// # where
    /// #     L: smtp_tls::resolve::LookUp + Sync,
    /// #     F: smtp_tls::FetchPolicy + Sync,
    /// #     S: mta_sts::PolicyStore<Error: core::fmt::Debug> + Sync,
    /// # {
    /// let now = mta_sts::UnixTime::now;
    /// mailer.refresher().run(now, |domain, done| eprintln!("{domain:?}: {done:?}")).await;
    /// # }
    /// ```
    pub fn refresher(&self) -> Refresher<'_, &L, &F, S> {
        let Parts { look_up, fetch, store, settings, .. } = &self.parts;
        Refresher::new(look_up, fetch, store)
            .options(settings.mta_sts.clone())
            .at(self.gates.clone())
    }

    /// Delivers one message to the recipients of `domain`, their domain part in A-labels.
    ///
    /// It always comes to a report: whatever fails is in there, recipient by recipient. A
    /// `TLS-Required: No` field in the header counts where [`mta_sts::Options::tls_required_no`] says so.
    ///
    /// Dropping the future ends the delivery as a lost connection does: what was not answered is not
    /// delivered, as far as can be known.
    pub async fn deliver(&self, domain: Name, envelope: &Envelope<'_>) -> Report {
        self.deliver_with(domain, envelope, terms_of(envelope)).await
    }

    /// As [`Self::deliver`], for a message that asks something of TLS by itself: one that came with
    /// REQUIRETLS, or a TLS report. The header is not looked at.
    pub async fn deliver_with(
        &self,
        domain: Name,
        envelope: &Envelope<'_>,
        message: MessageTerms,
    ) -> Report {
        Course { carry: self, parts: &self.parts, envelope, message }.run(domain).await
    }
}

impl<L, F, S> Carry for Mailer<L, F, S>
where
    L: LookUp + Sync,
    F: FetchPolicy + Sync,
    S: PolicyStore + Sync,
{
    type Pass<'c>
        = Pass
    where
        Self: 'c;

    async fn pass(&self, domain: &PolicyDomain) -> Pass {
        self.gates.pass(domain).await
    }

    async fn fetch(&self, domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        let fetched = timeout(FETCH, self.parts.fetch.fetch(domain)).await;
        fetched.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn attempt(&self, attempt: &Attempt, envelope: &Envelope<'_>) -> AttemptResult {
        socket::attempt(attempt, envelope, &self.parts.connector, &self.parts.ehlo_name).await
    }
}

impl<L, F, S> fmt::Debug for Mailer<L, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("settings", &self.parts.settings).finish_non_exhaustive()
    }
}
