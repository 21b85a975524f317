//! The delivery to one domain, without I/O: what to look up, whom to connect to, what came of it.
//!
//! ```text
//! answers, a fetched policy,       +----------+   questions, a policy to fetch or to store,
//! what came of an attempt  ------> | Delivery | ------> a host to connect to, and in the end
//! (and the time)                   +----------+                     the Report
//! ```
//!
//! First the questions that concern the domain are asked side by side: its mail hosts, its MTA-STS
//! record, its TLSRPT record. Then host by host: addresses and TLSA records, the plan, one attempt; one at
//! another address where that came to nothing, under the same plan; in clear where the plan allows that,
//! and more of them for a host that takes only so many recipients over one connection.
//!
//! A recipient has one fate in the end:
//!
//! - delivered, if and only if a host has said so;
//! - refused, if a host said so for good, if the domain takes no mail at all, or if no host offers what
//!   the message needs;
//! - deferred in every other case. It is then not known that anything is wrong for good.

mod addresses;
mod convert;
mod facts;
mod host;
mod left;
mod settings;

use mta_sts::{FetchError, PolicyBody, PolicyDomain, Stored, Update};
use pki_types::UnixTime;
use smtp_starttls::Reason;

pub use convert::{dane_answer, tlsa_set};
pub use settings::{DaneFailure, InsecureMx, LocalLevel, MessageTerms, ReturnPath, Settings};

use crate::attempt::{Answered, Assurance, Attempt, AttemptResult, Connection, Peer};
use crate::plan::{Listed, Terms};
use crate::report::{Cause, Fate, Report, StoreResult, Try};
use crate::resolve::{Answer, LookUpError, Name, Question};
use addresses::{Addresses, all_lost};
use facts::Facts;
use host::{Conclusion, HostStage};
use left::Left;

/// The delivery of one message to the recipients of one domain.
#[derive(Clone, Debug)]
pub struct Delivery {
    settings: Settings,
    terms: Terms,
    report: Report,
    /// The recipients that no host has answered for good.
    left: Left,
    /// The hosts not yet tried, the next one last.
    hosts: Vec<Name>,
    /// Whether an MX record could not be read, which may have named a better host.
    unreadable_mx: bool,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Facts(Box<Facts>),
    Store(Box<Update>, Option<PolicyDomain>),
    Host(Box<HostStage>),
    Attempt(Box<Addresses>),
    Done,
}

/// What a delivery wants now.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum Action<'a> {
    /// Look these up, side by side if possible, and feed each answer as it comes.
    LookUp(&'a [Question]),
    /// Fetch the policy of this domain: see [`mta_sts::Exchange`].
    FetchPolicy(&'a PolicyDomain),
    /// Carry out this update in the policy store.
    StorePolicy(&'a PolicyDomain, &'a Update),
    /// Try this host.
    Connect(&'a Attempt),
    /// Nothing: this is what the delivery came to.
    Done(&'a Report),
}

/// What happened.
#[expect(clippy::large_enum_variant, reason = "the largest is made once for a connection")]
#[non_exhaustive]
#[derive(Debug)]
pub enum Input<'a> {
    /// This question was answered, or not.
    Answered(&'a Question, Result<Answer, LookUpError>),
    /// The fetch of the policy came to this.
    PolicyFetched(Result<PolicyBody, FetchError>),
    /// The policy store has done it, or not.
    PolicyStored(StoreResult),
    /// The attempt came to this.
    Attempted(AttemptResult),
}

/// The input answers something that was not asked. The machine is as it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the input answers an action that is not wanted now")]
pub struct UnexpectedInput;

impl Delivery {
    /// A delivery to this many recipients of `domain`, of which `stored` is in the policy store.
    #[must_use]
    pub fn new(
        domain: Name,
        recipients: usize,
        settings: Settings,
        stored: Stored,
        now: UnixTime,
    ) -> Self {
        let facts = Facts::new(&domain, stored, &settings, now);
        let terms = settings.terms(MessageTerms::default());
        // Without recipients nothing is wanted.
        let state = match recipients {
            0 => State::Done,
            _ => State::Facts(Box::new(facts)),
        };
        let report = Report::new(domain, recipients);
        let (left, hosts) = (Left::new(recipients), Vec::new());
        Self { settings, terms, report, left, hosts, unreadable_mx: false, state }
    }

    /// The same for a message that asks something of TLS by itself, or is a TLS report.
    #[must_use]
    pub fn message(mut self, message: MessageTerms) -> Self {
        self.terms = self.settings.terms(message);
        self.report.purpose = message.purpose;
        self
    }

    /// A delivery that cannot begin, because the policy store does not answer: "no answer" is not "no
    /// policy".
    #[must_use]
    pub fn without_store(domain: Name, recipients: usize) -> Report {
        let mut report = Report::new(domain, recipients);
        for fate in &mut report.fates {
            *fate = Fate::Deferred(Cause::PolicyStore);
        }
        report.policy_store = StoreResult::Failed;
        report
    }

    /// What is wanted now. It may be asked any number of times.
    pub fn action(&self) -> Action<'_> {
        match &self.state {
            State::Facts(facts) => facts.action(),
            State::Store(update, Some(domain)) => Action::StorePolicy(domain, update),
            State::Host(stage) => Action::LookUp(stage.questions()),
            State::Attempt(addresses) => Action::Connect(addresses.attempt()),
            State::Store(_, None) | State::Done => Action::Done(&self.report),
        }
    }

    /// Takes what happened.
    ///
    /// # Errors
    ///
    /// [`UnexpectedInput`] if it answers something else than [`Self::action`], or an attempt with another
    /// number of answers than it has recipients.
    pub fn handle(&mut self, input: Input<'_>, now: UnixTime) -> Result<(), UnexpectedInput> {
        match (&mut self.state, input) {
            (State::Facts(facts), Input::Answered(question, answer)) => {
                facts.answered(question, answer, now)?;
                self.when_facts_are_known(now);
            }
            (State::Facts(facts), Input::PolicyFetched(fetched)) => {
                facts.fetched(fetched, now)?;
                self.when_facts_are_known(now);
            }
            (State::Store(_, Some(_)), Input::PolicyStored(result)) => {
                self.report.policy_store = result;
                self.next_host(now);
            }
            (State::Host(stage), Input::Answered(question, answer)) => {
                stage.answered(question, answer)?;
                self.when_host_is_known(now);
            }
            (State::Attempt(addresses), Input::Attempted(result)) => {
                if !is_answer_to(&result, addresses.attempt()) {
                    return Err(UnexpectedInput);
                }
                let addresses = addresses.clone();
                self.attempted(addresses, result, now);
            }
            _ => return Err(UnexpectedInput),
        }
        Ok(())
    }

    /// What is known so far: the whole, once [`Self::action`] is [`Action::Done`].
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// What the delivery came to, once it is over; before that the machine itself.
    ///
    /// # Errors
    ///
    /// The machine, unchanged, if it is not done.
    pub fn into_report(self) -> Result<Report, Box<Self>> {
        match self.state {
            State::Done => Ok(self.report),
            _ => Err(Box::new(self)),
        }
    }

    fn when_facts_are_known(&mut self, now: UnixTime) {
        let State::Facts(facts) = &mut self.state else { return };
        if !facts.are_known() {
            return;
        }
        let facts = core::mem::replace(&mut self.state, State::Done);
        let State::Facts(facts) = facts else { return };
        let policy_domain = facts.policy_domain().cloned();
        self.unreadable_mx = facts.has_unreadable_mx();
        let update = match facts.conclude(&mut self.report, now) {
            Ok((hosts, update)) => {
                self.hosts = hosts;
                update
            }
            Err(fate) => return self.finish_all(&fate),
        };
        if !update.is_empty() && policy_domain.is_some() {
            self.state = State::Store(Box::new(update), policy_domain);
        } else {
            self.next_host(now);
        }
    }

    fn next_host(&mut self, now: UnixTime) {
        let Some(host) = self.hosts.pop() else {
            self.left.no_host_left(&mut self.report);
            self.state = State::Done;
            return;
        };
        let stage = HostStage::new(host, &self.report, &self.settings, self.terms);
        self.state = State::Host(Box::new(stage));
        self.when_host_is_known(now);
    }

    fn when_host_is_known(&mut self, now: UnixTime) {
        let State::Host(stage) = &self.state else { return };
        if !stage.questions().is_empty() {
            return;
        }
        let places = self.left.places();
        match stage.conclude(&self.report, &self.settings, self.terms, places) {
            Conclusion::Try { assessment, attempt } => {
                let host = attempt.host.clone();
                self.report.tries.push(Try::new(host, assessment));
                self.state = State::Attempt(Box::new(Addresses::new(attempt)));
            }
            Conclusion::Ourselves => {
                // RFC 5321 section 5.1: nor any host behind this one, for none is better.
                self.hosts.clear();
                if self.report.tries.is_empty() {
                    return self.finish_all(&match self.unreadable_mx {
                        true => Fate::Deferred(Cause::MxLookUp(LookUpError::Malformed)),
                        false => Fate::Refused(Cause::OnlyOurselves),
                    });
                }
                self.next_host(now);
            }
            Conclusion::Skip { host, assessment, fate } => {
                self.report.skipped(&host, &assessment, now);
                self.report.tries.push(Try::new(host, assessment));
                self.left.all_get(&fate, &mut self.report);
                self.next_host(now);
            }
        }
    }

    fn attempted(&mut self, addresses: Box<Addresses>, result: AttemptResult, now: UnixTime) {
        self.report.visited(addresses.attempt(), &result, now);
        let host = addresses.attempt().host.clone();
        match result {
            AttemptResult::NotReached(_) => {
                let fate = Fate::Deferred(Cause::NotReached { host });
                self.go_on(addresses.not_reached(fate), now);
            }
            AttemptResult::Failed { connection, failure, end } => {
                // A certificate that only a report tells of has not kept the message.
                let refusal = match (connection.peer, failure.reason) {
                    (
                        Peer::Refused(refusal),
                        Reason::TlsFailed | Reason::NotAuthenticated | Reason::RequireTlsNoTls,
                    ) => Some(refusal.into()),
                    _ => None,
                };
                let fate = Fate::Deferred(Cause::Session { host, failure, refusal });
                self.go_on(addresses.failed(connection.remote, failure, end, fate), now);
            }
            AttemptResult::Offered { connection, recipients } => {
                self.offered(addresses, &connection, recipients, now);
            }
        }
    }

    /// With another address of the host, or without this host. What becomes of the recipients is decided
    /// by the last of its addresses.
    fn go_on(&mut self, next: Result<Box<Addresses>, Box<Addresses>>, now: UnixTime) {
        match next {
            Ok(next) => self.state = State::Attempt(next),
            Err(done) => {
                for fate in done.into_fates() {
                    self.left.all_get(&fate, &mut self.report);
                }
                self.next_host(now);
            }
        }
    }

    fn offered(
        &mut self,
        addresses: Box<Addresses>,
        connection: &Connection,
        answers: Vec<Answered>,
        now: UnixTime,
    ) {
        let attempt = addresses.attempt();
        let (assurance, mx) = (self.assurance(connection), attempt.plan.mx);
        let lost = all_lost(attempt, &answers);
        let (asked, mut not_asked) = (attempt.recipients.len(), Vec::new());
        for (place, answered) in attempt.recipients.iter().zip(answers) {
            if answered == Answered::NotAsked {
                not_asked.push(*place);
            }
            let fate = Fate::of(answered, &attempt.host, assurance, mx);
            self.left.one_gets(*place, fate, &mut self.report);
        }
        if self.left.is_empty() {
            self.state = State::Done;
        } else if !not_asked.is_empty() && not_asked.len() < asked {
            // RFC 9422 section 4: who is over the limit of a connection has another one.
            self.state = State::Attempt(addresses.again(connection.remote, not_asked));
        } else if !lost.is_empty()
            && let Ok(next) = addresses.lost(connection.remote, lost)
        {
            self.state = State::Attempt(next);
        } else {
            self.next_host(now);
        }
    }

    /// How the message travels. A certificate that names the host says nothing of the domain unless the
    /// domain's policy lists the host.
    fn assurance(&self, connection: &Connection) -> Assurance {
        let listed = self.report.tries.last().map(|one| one.assessment.listed);
        match (connection.assurance(), listed) {
            (Assurance::Pkix, Some(Listed::Yes)) => Assurance::Pkix,
            (Assurance::Pkix, _) => Assurance::Unauthenticated,
            (assurance, _) => assurance,
        }
    }

    fn finish_all(&mut self, fate: &Fate) {
        self.left.all_get(fate, &mut self.report);
        self.state = State::Done;
    }
}

/// Whether the result can be one of this attempt: an answer for each recipient.
fn is_answer_to(result: &AttemptResult, attempt: &Attempt) -> bool {
    match result {
        AttemptResult::Offered { recipients, .. } => recipients.len() == attempt.recipients.len(),
        AttemptResult::NotReached(_) | AttemptResult::Failed { .. } => true,
    }
}

#[cfg(test)]
mod tests;
