//! Deliveries over TCP with tokio and rustls.
//!
//! [`Mailer`] has everything that a delivery needs: DNS, the policy fetch, the policy store, TLS. One
//! serves a whole mail server; [`Mailer::deliver`] delivers one message to the recipients of one
//! domain, and any number of deliveries may run side by side. [`Mailer::refresher`] keeps the cached
//! policies alive.

mod handshake;
mod mail;
mod session;
mod watch;

use core::fmt;
use core::time::Duration;
use std::time::SystemTime;

use futures_util::future::join_all;
use mta_sts::{FetchError, MessageTls, PolicyDomain, PolicyStore, Stored, Update};
use pki_types::UnixTime;
use smtp_starttls::{EhloName, ForwardPath, Message, ReversePath, TlsRequired};
use tokio::time::timeout;

use crate::FetchPolicy;
use crate::adapter::rustls::Connector;
use crate::delivery::{Action, Delivery, Input, MessageTerms, Settings};
use crate::refresh::{Gates, Refresher};
use crate::report::{Report, StoreResult};
use crate::resolve::{Kind, LookUp, Name};

/// How long a fetch may take in all
/// ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).
const FETCH: Duration = Duration::from_secs(60);

/// Delivers mail.
pub struct Mailer<L, F, S> {
    look_up: L,
    fetch: F,
    store: S,
    connector: Connector,
    ehlo_name: EhloName,
    settings: Settings,
    gates: Gates,
}

/// One message for the recipients of one domain.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Where bounces go.
    pub from: ReversePath<'a>,
    /// The recipients, all of one domain.
    pub to: &'a [ForwardPath<'a>],
    /// The message.
    pub message: Message<'a>,
}

impl<L, F, S> Mailer<L, F, S>
where
    L: LookUp + Sync,
    F: FetchPolicy + Sync,
    S: PolicyStore + Sync,
{
    /// A mailer that greets with `ehlo_name`, with the secure settings.
    #[must_use]
    pub fn new(look_up: L, fetch: F, store: S, connector: Connector, ehlo_name: EhloName) -> Self {
        let (settings, gates) = (Settings::default(), Gates::default());
        Self { look_up, fetch, store, connector, ehlo_name, settings, gates }
    }

    /// With other settings; what they weaken has `danger` in its name.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The policy store.
    pub const fn store(&self) -> &S {
        &self.store
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
        Refresher::new(&self.look_up, &self.fetch, &self.store)
            .options(self.settings.mta_sts.clone())
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
        let mut message = MessageTerms::default();
        if TlsRequired::of_header(envelope.message.as_bytes()) == TlsRequired::No {
            message.tls = MessageTls::RequiredNo;
        }
        self.deliver_with(domain, envelope, message).await
    }

    /// As [`Self::deliver`], for a message that asks something of TLS by itself: one that came with
    /// REQUIRETLS, or a TLS report. The header is not looked at.
    pub async fn deliver_with(
        &self,
        domain: Name,
        envelope: &Envelope<'_>,
        message: MessageTerms,
    ) -> Report {
        let Some(mut delivery) = self.begin(&domain, envelope, message).await else {
            return Delivery::without_store(domain, envelope.to.len());
        };
        if let Action::LookUp(_) = delivery.action() {
            // The questions that concern the domain.
            if self.step(&mut delivery, envelope).await.is_err() {
                return delivery.report().clone();
            }
        }
        let pass = match delivery.action() {
            Action::FetchPolicy(policy_domain) => Some(self.gates.pass(policy_domain).await),
            _ => None,
        };
        if pass.is_some() {
            // Another delivery may have fetched it meanwhile: begin again with what is stored now.
            match self.begin(&domain, envelope, message).await {
                Some(again) => delivery = again,
                None => return Delivery::without_store(domain, envelope.to.len()),
            }
        }
        while is_about_the_policy(&delivery) {
            if self.step(&mut delivery, envelope).await.is_err() {
                break;
            }
        }
        drop(pass);
        while self.step(&mut delivery, envelope).await.is_ok() {}
        delivery.into_report().unwrap_or_else(|unfinished| unfinished.report().clone())
    }

    /// A delivery with what is stored of the domain; nothing if the store does not answer.
    async fn begin(
        &self,
        domain: &Name,
        envelope: &Envelope<'_>,
        message: MessageTerms,
    ) -> Option<Delivery> {
        let stored = match domain.as_str().parse::<PolicyDomain>() {
            Ok(policy_domain) => self.store.load(&policy_domain).await.ok()?,
            Err(_) => Stored::default(),
        };
        let mut settings = self.settings.clone();
        settings.seed ^= seed();
        let recipients = envelope.to.len();
        let delivery = Delivery::new(domain.clone(), recipients, settings, stored, now());
        Some(delivery.message(message))
    }

    /// Carries out one action; an error ends the delivery.
    async fn step(&self, delivery: &mut Delivery, envelope: &Envelope<'_>) -> Result<(), Over> {
        match delivery.action() {
            Action::LookUp(questions) => {
                let questions = questions.to_vec();
                let asked = questions.iter().map(|question| self.look_up.look_up(question));
                let answers = join_all(asked).await;
                for (question, answer) in questions.iter().zip(answers) {
                    delivery.handle(Input::Answered(question, answer), now())?;
                }
                Ok(())
            }
            Action::FetchPolicy(domain) => {
                let fetched = timeout(FETCH, self.fetch.fetch(domain)).await;
                let fetched = fetched.unwrap_or(Err(FetchError::TimedOut));
                Ok(delivery.handle(Input::PolicyFetched(fetched), now())?)
            }
            Action::StorePolicy(domain, update) => {
                let result = self.save(domain, update).await;
                Ok(delivery.handle(Input::PolicyStored(result), now())?)
            }
            Action::Connect(attempt) => {
                let result =
                    session::attempt(attempt, envelope, &self.connector, &self.ehlo_name).await;
                Ok(delivery.handle(Input::Attempted(result), now())?)
            }
            Action::Done(_) => Err(Over),
        }
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> StoreResult {
        match self.store.save(domain, update).await {
            Ok(()) => StoreResult::Fine,
            Err(_) => StoreResult::Failed,
        }
    }
}

impl<L, F, S> fmt::Debug for Mailer<L, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whether what is wanted now concerns the policy of the domain, or the questions before it.
fn is_about_the_policy(delivery: &Delivery) -> bool {
    match delivery.action() {
        Action::LookUp(questions) => questions.iter().any(|question| question.kind == Kind::Mx),
        Action::FetchPolicy(_) | Action::StorePolicy(..) => true,
        Action::Connect(_) | Action::Done(_) => false,
    }
}

/// The delivery is over.
struct Over;

impl From<crate::delivery::UnexpectedInput> for Over {
    fn from(_: crate::delivery::UnexpectedInput) -> Self {
        // Cannot happen: every input answers the action that was asked. Were it to, the recipients stay
        // queued: nothing is delivered that was not reported as delivered.
        Self
    }
}

fn now() -> UnixTime {
    UnixTime::now()
}

/// Something that differs from delivery to delivery; it only spreads load over equal hosts.
fn seed() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |passed| u64::from(passed.subsec_nanos()).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
