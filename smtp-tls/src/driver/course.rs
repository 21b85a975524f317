//! The course of a delivery: what every driver does in the same way.

use core::future::Future;
use core::time::Duration;
use std::time::SystemTime;

use futures_util::future::join_all;
use mta_sts::{FetchError, MessageTls, PolicyBody, PolicyDomain, PolicyStore, Stored, Update};
use pki_types::UnixTime;
use smtp_starttls::{ReversePath, TlsRequired};

use super::Envelope;
use super::parts::Parts;
use crate::attempt::{Attempt, AttemptResult};
use crate::delivery::{Action, Delivery, Input, MessageTerms, ReturnPath, UnexpectedInput};
use crate::report::{Report, StoreResult};
use crate::resolve::{Answer, LookUp, LookUpError, Name, Question};

/// Octets read at once.
pub(super) const READ: usize = 16 * 1024;

/// How long octets are waited for that came before a write failed. Ours: they are there, or never will be.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long connecting to one address may take. Ours, after common practice; RFC 5321 names no figure.
const CONNECT: Duration = Duration::from_secs(30);

/// How long connecting to one address of this attempt may take.
pub(super) fn connect_limit(attempt: &Attempt) -> Duration {
    attempt.patience.limit(CONNECT)
}

/// What a driver does in its own way.
pub(super) trait Carry: Sync {
    /// Held by the one delivery that may fetch the policy of a domain.
    type Pass<'c>: Send
    where
        Self: 'c;

    /// Waits until nobody else fetches the policy of this domain.
    fn pass<'c>(&'c self, domain: &PolicyDomain) -> impl Future<Output = Self::Pass<'c>> + Send;

    /// Fetches a policy.
    fn fetch(
        &self,
        domain: &PolicyDomain,
    ) -> impl Future<Output = Result<PolicyBody, FetchError>> + Send;

    /// Carries out an attempt.
    fn attempt(
        &self,
        attempt: &Attempt,
        envelope: &Envelope<'_>,
    ) -> impl Future<Output = AttemptResult> + Send;
}

/// What a delivery is carried out with.
pub(super) struct Course<'a, C, L, F, S> {
    pub(super) carry: &'a C,
    pub(super) parts: &'a Parts<L, F, S>,
    pub(super) envelope: &'a Envelope<'a>,
    pub(super) message: MessageTerms,
}

impl<C: Carry, L: LookUp + Sync, F: Sync, S: PolicyStore + Sync> Course<'_, C, L, F, S> {
    /// Delivers to the recipients of this domain.
    pub(super) async fn run(&self, domain: Name) -> Report {
        let (recipients, mut known) = (self.envelope.to.len(), Vec::new());
        let Some(mut delivery) = self.begin(&domain).await else {
            return Delivery::without_store(domain, recipients);
        };
        // The questions that concern the domain.
        if self.ask(&mut delivery, &mut known).await.is_err() {
            return delivery.report().clone();
        }
        if let Action::FetchPolicy(policy_domain) = delivery.action() {
            let _pass = self.carry.pass(policy_domain).await;
            // Another delivery may have fetched it meanwhile: begin again with what is stored now. What was
            // looked up counts still, so that nobody behind waits for more than the store.
            match self.begin(&domain).await {
                Some(again) => delivery = again,
                None => return Delivery::without_store(domain, recipients),
            }
            if self.ask(&mut delivery, &mut known).await.is_err() {
                return delivery.report().clone();
            }
            while let Action::FetchPolicy(_) | Action::StorePolicy(..) = delivery.action() {
                if self.step(&mut delivery).await.is_err() {
                    break;
                }
            }
        }
        while self.step(&mut delivery).await.is_ok() {}
        delivery.into_report().unwrap_or_else(|unfinished| unfinished.report().clone())
    }

    /// A delivery with what is stored of the domain; nothing if the store does not answer.
    async fn begin(&self, domain: &Name) -> Option<Delivery> {
        let stored = match domain.as_str().parse::<PolicyDomain>() {
            Ok(policy_domain) => self.parts.store.load(&policy_domain).await.ok()?,
            Err(_) => Stored::default(),
        };
        let mut settings = self.parts.settings.clone();
        settings.seed ^= seed();
        let recipients = self.envelope.to.len();
        let delivery = Delivery::new(domain.clone(), recipients, settings, stored, now());
        let mut message = self.message;
        if self.envelope.from == ReversePath::Null {
            message.return_path = ReturnPath::Nobody;
        }
        Some(delivery.message(message))
    }

    /// Carries out one action; an error ends the delivery.
    async fn step(&self, delivery: &mut Delivery) -> Result<(), Over> {
        match delivery.action() {
            Action::LookUp(_) => self.ask(delivery, &mut Vec::new()).await,
            Action::FetchPolicy(domain) => {
                let fetched = self.carry.fetch(domain).await;
                Ok(delivery.handle(Input::PolicyFetched(fetched), now())?)
            }
            Action::StorePolicy(domain, update) => {
                let result = self.save(domain, update).await;
                Ok(delivery.handle(Input::PolicyStored(result), now())?)
            }
            Action::Connect(attempt) => {
                let result = self.carry.attempt(attempt, self.envelope).await;
                Ok(delivery.handle(Input::Attempted(result), now())?)
            }
            Action::Done(_) => Err(Over),
        }
    }

    /// Answers the questions that are open: those not known yet are looked up, and known from then on.
    async fn ask(&self, delivery: &mut Delivery, known: &mut Known) -> Result<(), Over> {
        let Action::LookUp(questions) = delivery.action() else { return Ok(()) };
        let questions = questions.to_vec();
        let is_new = |asked: &&Question| known.iter().all(|(question, _)| question != *asked);
        let asked = questions.iter().filter(is_new).map(async |question| {
            let answer = self.parts.look_up.look_up(question).await;
            (question.clone(), answer)
        });
        let answers = join_all(asked).await;
        known.extend(answers);
        for (question, answer) in known.iter().filter(|(question, _)| questions.contains(question))
        {
            delivery.handle(Input::Answered(question, answer.clone()), now())?;
        }
        Ok(())
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> StoreResult {
        match self.parts.store.save(domain, update).await {
            Ok(()) => StoreResult::Fine,
            Err(_) => StoreResult::Failed,
        }
    }
}

/// What was looked up, and what came of it.
type Known = Vec<(Question, Result<Answer, LookUpError>)>;

/// The delivery is over.
struct Over;

impl From<UnexpectedInput> for Over {
    fn from(_: UnexpectedInput) -> Self {
        // Cannot happen: every input answers the action that was asked. Were it to, the recipients stay
        // queued: nothing is delivered that was not reported as delivered.
        Self
    }
}

/// What the header of a message asks of TLS.
pub(super) fn terms_of(envelope: &Envelope<'_>) -> MessageTerms {
    let mut terms = MessageTerms::default();
    if TlsRequired::of_header(envelope.message.as_bytes()) == TlsRequired::No {
        terms.tls = MessageTls::RequiredNo;
    }
    terms
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
