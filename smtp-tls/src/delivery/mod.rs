//! The delivery to one domain, without I/O: what to look up, whom to connect to, what came of it.
//!
//! ```text
//! answers, a fetched policy,       +----------+   questions, a policy to fetch or to store,
//! what came of an attempt  ------> | Delivery | ------> a host to connect to, and in the end
//! (and the time)                   +----------+                     the Report
//! ```
//!
//! First the questions that concern the domain are asked side by side: its mail hosts, its MTA-STS
//! record, its TLSRPT record. Then host by host: addresses and TLSA records, the plan, one attempt,
//! or two where the plan allows the second in clear.

mod facts;
mod host;
mod settings;

use mta_sts::{FetchError, PolicyBody, PolicyDomain, Stored, Update};
use pki_types::UnixTime;

pub use settings::{InsecureMx, LocalLevel, Settings};

use crate::attempt::{Attempt, AttemptResult, Peer};
use crate::report::{Cause, Fate, Report, StoreResult, Try};
use crate::resolve::{Answer, LookUpError, Name, Question};
use facts::Facts;
use host::{Conclusion, HostStage};

/// The delivery of one message to the recipients of one domain.
#[derive(Clone, Debug)]
pub struct Delivery {
    settings: Settings,
    report: Report,
    /// The recipients that no host has answered for good, by their place in the envelope.
    left: Vec<usize>,
    /// The hosts not yet tried, the next one last.
    hosts: Vec<Name>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Facts(Box<Facts>),
    Store(Box<Update>, Option<PolicyDomain>),
    Host(Box<HostStage>),
    Attempt(Box<Attempt>),
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
        Self {
            settings,
            report: Report::new(domain, recipients),
            left: (0..recipients).collect(),
            hosts: Vec::new(),
            state: State::Facts(Box::new(facts)),
        }
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
            State::Attempt(attempt) => Action::Connect(attempt),
            State::Store(_, None) | State::Done => Action::Done(&self.report),
        }
    }

    /// Takes what happened.
    ///
    /// # Errors
    ///
    /// [`UnexpectedInput`] if it answers something else than [`Self::action`].
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
            (State::Attempt(attempt), Input::Attempted(result)) => {
                let attempt = (**attempt).clone();
                self.attempted(&attempt, result, now);
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
            self.state = State::Done;
            return;
        };
        let stage = HostStage::new(host, &self.report, &self.settings);
        self.state = State::Host(Box::new(stage));
        self.when_host_is_known(now);
    }

    fn when_host_is_known(&mut self, now: UnixTime) {
        let State::Host(stage) = &self.state else { return };
        if !stage.questions().is_empty() {
            return;
        }
        match stage.conclude(&self.report, &self.settings, self.left.clone()) {
            Conclusion::Try { assessment, attempt } => {
                let host = attempt.host.clone();
                self.report.tries.push(Try::new(host, assessment));
                self.state = State::Attempt(Box::new(attempt));
            }
            Conclusion::Skip { host, assessment, fate } => {
                self.report.skipped(&host, &assessment, now);
                self.report.tries.push(Try::new(host, assessment));
                self.left_get(&fate);
                self.next_host(now);
            }
        }
    }

    fn attempted(&mut self, attempt: &Attempt, result: AttemptResult, now: UnixTime) {
        self.report.visited(attempt, &result, now);
        match result {
            AttemptResult::NotReached(_) => {
                let host = attempt.host.clone();
                self.left_get(&Fate::Deferred(Cause::NotReached { host }));
                self.next_host(now);
            }
            AttemptResult::Failed { connection, failure, end } => {
                let again = attempt.in_clear_after(failure, end);
                let refusal = match connection.peer {
                    Peer::Refused(refusal) => Some(refusal.into()),
                    Peer::NotChecked | Peer::Pkix | Peer::DaneEe | Peer::DaneTa => None,
                };
                let host = attempt.host.clone();
                self.left_get(&Fate::Deferred(Cause::Session { host, failure, refusal }));
                match again {
                    Some(again) => self.state = State::Attempt(Box::new(again)),
                    None => self.next_host(now),
                }
            }
            AttemptResult::Offered { connection, recipients } => {
                let (assurance, mx) = (connection.assurance(), attempt.plan.mx);
                for (place, answered) in attempt.recipients.iter().zip(recipients) {
                    let fate = Fate::of(answered, &attempt.host, assurance, mx);
                    self.settle(*place, fate);
                }
                if self.left.is_empty() { self.state = State::Done } else { self.next_host(now) }
            }
        }
    }

    /// A host has spoken of this recipient: unless it asks to come again, that is final.
    fn settle(&mut self, place: usize, fate: Fate) {
        if !matches!(fate, Fate::Deferred(_)) {
            self.left.retain(|left| *left != place);
        }
        if let Some(slot) = self.report.fates.get_mut(place) {
            *slot = fate;
        }
    }

    /// What those get who are left if no other host does better. What a host has said to one of them
    /// stands.
    fn left_get(&mut self, fate: &Fate) {
        for place in &self.left {
            if let Some(slot) = self.report.fates.get_mut(*place)
                && !matches!(slot, Fate::Deferred(Cause::Answered { .. }))
            {
                *slot = fate.clone();
            }
        }
    }

    fn finish_all(&mut self, fate: &Fate) {
        self.left_get(fate);
        self.left.clear();
        self.state = State::Done;
    }
}

#[cfg(test)]
mod tests;
