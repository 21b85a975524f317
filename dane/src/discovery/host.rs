//! Steps 2 and 3, for each host: addresses, then TLSA records.

use alloc::vec::Vec;

use super::answer::{Answer, Judged, LookUpFailure, Outcome, Proven};
use super::destination::{Destination, Mode};
use super::plan::{DanePlan, EncryptPlan, HostPlan, Lacking, NotDane, Skip, Subject};
use crate::names::{DomainName, Name};
use crate::tlsa::TlsaSet;
use crate::usable::{NoUsableRecords, UsableSet, why_unusable};

/// The machine for one host: it asks for its addresses, perhaps for a CNAME, and for TLSA records,
/// and comes to a [`HostPlan`].
///
/// Addresses come first, and decide whether TLSA records are asked for at all
/// ([RFC 7672 section 2.2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2.2)). The machine
/// needs their status only; the caller keeps the addresses. A failure of a look-up never leads to
/// [`HostPlan::Opportunistic`].
#[derive(Clone, Debug)]
pub struct HostDiscovery {
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Addresses(Addresses),
    Cname(Cname),
    Tlsa(Candidates),
    Done(HostPlan),
}

/// Waits for the answers of both families.
#[derive(Clone, Debug)]
struct Addresses {
    host: Host,
    a: Option<Family>,
    aaaa: Option<Family>,
}

/// Waits for the status of the first hop, which the address answers do not tell.
#[derive(Clone, Debug)]
struct Cname {
    host: Host,
}

/// Waits for the records of the first candidate.
#[derive(Clone, Debug)]
struct Candidates {
    host: Host,
    base: DomainName,
    owner: DomainName,
    next: Option<DomainName>,
}

#[derive(Clone, Debug)]
struct Host {
    destination: Destination,
    name: DomainName,
}

/// What is wanted now.
#[derive(Clone, Debug)]
pub enum Action<'a> {
    /// Ask the DNS and hand in the answer.
    LookUp {
        /// The name to ask for.
        name: &'a DomainName,
        /// The kind of record.
        kind: Kind,
    },
    /// Nothing more: this is the plan.
    Done(&'a HostPlan),
}

/// The kind of record to ask for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// IPv4 addresses, CNAMEs followed.
    A,
    /// IPv6 addresses, CNAMEs followed.
    Aaaa,
    /// The CNAME at this very name, not followed.
    Cname,
    /// TLSA records, CNAMEs followed.
    Tlsa,
}

/// An answer, by the kind that was asked for.
#[derive(Clone, Debug)]
pub enum Input {
    /// The status of the answer for IPv4 addresses.
    A(Answer<()>),
    /// The status of the answer for IPv6 addresses.
    Aaaa(Answer<()>),
    /// The status of the answer for the CNAME.
    Cname(Answer<()>),
    /// The answer for TLSA records.
    Tlsa(Answer<TlsaSet>),
}

/// An answer that is not waited for. The machine is as before.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("answer of a kind that was not asked for")]
pub struct Unexpected;

impl HostDiscovery {
    pub(super) fn new(destination: Destination, name: &Name) -> Self {
        let host = Host { destination, name: name.into() };
        Self { state: State::Addresses(Addresses { host, a: None, aaaa: None }) }
    }

    pub(super) fn decided(plan: HostPlan) -> Self {
        Self { state: State::Done(plan) }
    }

    /// What is wanted now. While addresses are wanted, both kinds may be asked for at once and
    /// handed in in any order.
    #[must_use]
    pub fn action(&self) -> Action<'_> {
        match &self.state {
            State::Addresses(it) => {
                let kind = if it.a.is_none() { Kind::A } else { Kind::Aaaa };
                Action::LookUp { name: &it.host.name, kind }
            }
            State::Cname(it) => Action::LookUp { name: &it.host.name, kind: Kind::Cname },
            State::Tlsa(it) => Action::LookUp { name: &it.owner, kind: Kind::Tlsa },
            State::Done(plan) => Action::Done(plan),
        }
    }

    /// The plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<&HostPlan> {
        match &self.state {
            State::Done(plan) => Some(plan),
            State::Addresses(_) | State::Cname(_) | State::Tlsa(_) => None,
        }
    }

    /// Takes an answer.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if it is not one that is waited for.
    pub fn handle(&mut self, input: &Input) -> Result<(), Unexpected> {
        let next = match (&mut self.state, input) {
            (State::Addresses(it), Input::A(answer)) if it.a.is_none() => {
                it.a = Some(Family::judge(answer, &it.host.name));
                it.next()
            }
            (State::Addresses(it), Input::Aaaa(answer)) if it.aaaa.is_none() => {
                it.aaaa = Some(Family::judge(answer, &it.host.name));
                it.next()
            }
            (State::Cname(it), Input::Cname(answer)) => Some(it.next(answer)),
            (State::Tlsa(it), Input::Tlsa(answer)) => Some(it.next(answer)),
            _ => return Err(Unexpected),
        };
        if let Some(state) = next {
            self.state = state;
        }
        Ok(())
    }
}

/// What one address family comes to, best last.
#[derive(Clone, Debug)]
enum Family {
    Failed(LookUpFailure),
    Empty,
    /// There are addresses.
    Found(Judged),
}

impl Family {
    fn judge(answer: &Answer<()>, asked: &DomainName) -> Self {
        match (answer.judge(asked), &answer.outcome) {
            (Err(failure), _) => Self::Failed(failure),
            (Ok(judged), Outcome::Records(())) => Self::Found(judged),
            (Ok(_), _) => Self::Empty,
        }
    }

    fn secure(&self) -> Option<&Judged> {
        match self {
            Self::Found(judged) if judged.whole == Proven::Secure => Some(judged),
            _ => None,
        }
    }

    fn failure(&self) -> Option<LookUpFailure> {
        match self {
            Self::Failed(failure) => Some(*failure),
            Self::Empty | Self::Found(_) => None,
        }
    }

    /// Where there are insecure addresses: what is known of the way to them.
    fn insecure(&self) -> Option<Insecure> {
        match self {
            Self::Found(judged) => Some(match (&judged.expanded, judged.first_hop) {
                (None, _) => Insecure::NoCname,
                (Some(_), Some(Proven::Insecure)) => Insecure::FirstHop,
                (Some(_), None) => Insecure::Unknown,
                (Some(_), Some(Proven::Secure)) => Insecure::Later,
            }),
            Self::Failed(_) | Self::Empty => None,
        }
    }
}

/// Where an insecure answer gets insecure, the best for DANE last.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Insecure {
    NoCname,
    FirstHop,
    Unknown,
    Later,
}

impl Addresses {
    /// The state after both answers are in.
    fn next(&self) -> Option<State> {
        let (a, aaaa) = (self.a.as_ref()?, self.aaaa.as_ref()?);
        // One secure family decides for both; a failure of the other one is dropped.
        if let Some(judged) = a.secure().or_else(|| aaaa.secure()) {
            return Some(match &judged.expanded {
                None => self.host.ask(self.host.name.clone(), None),
                Some(expanded) => self.host.ask(expanded.clone(), Some(self.host.name.clone())),
            });
        }
        if let Some(failure) = a.failure().or_else(|| aaaa.failure()) {
            return Some(self.host.fail(Subject::Address, failure));
        }
        Some(match a.insecure().max(aaaa.insecure()) {
            None => State::Done(HostPlan::Skip(Skip::NoAddress)),
            Some(Insecure::NoCname) => self.host.not_dane(NotDane::InsecureAddress),
            Some(Insecure::FirstHop) => self.host.not_dane(NotDane::InsecureCname),
            Some(Insecure::Unknown) => State::Cname(Cname { host: self.host.clone() }),
            Some(Insecure::Later) => self.host.ask(self.host.name.clone(), None),
        })
    }
}

impl Cname {
    fn next(&self, answer: &Answer<()>) -> State {
        match answer.judge(&self.host.name) {
            Err(failure) => self.host.fail(Subject::Cname, failure),
            Ok(judged) => match judged.first_hop.unwrap_or(judged.whole) {
                Proven::Secure => self.host.ask(self.host.name.clone(), None),
                Proven::Insecure => self.host.not_dane(NotDane::InsecureCname),
            },
        }
    }
}

impl Candidates {
    fn next(&self, answer: &Answer<TlsaSet>) -> State {
        match (answer.judge(&self.owner), &answer.outcome) {
            (Err(failure), _) => self.host.fail(Subject::Tlsa, failure),
            (Ok(Judged { whole: Proven::Secure, .. }), Outcome::Records(records))
                if !records.is_empty() =>
            {
                State::Done(self.decide(records))
            }
            (Ok(_), _) => match &self.next {
                Some(next) => self.host.ask(next.clone(), None),
                None => self.host.not_dane(NotDane::NoRecords),
            },
        }
    }

    /// The base domain is found: TLS is due, whatever the records are worth.
    fn decide(&self, records: &TlsaSet) -> HostPlan {
        let destination = &self.host.destination;
        let policy = &destination.policy;
        if records.len() > crate::usable::MAX_RECORDS {
            return HostPlan::Skip(Skip::TooManyRecords(records.len()));
        }
        let Ok(base) = Name::try_from(&self.base) else {
            return HostPlan::Skip(Skip::NoHostName);
        };
        let usable = UsableSet::select(records.records(), policy.profile, &policy.digests);
        let records = records.clone();
        let names: Vec<Name> = destination.names(&base);
        let (assurance, enforcement) = (destination.assurance(), policy.enforcement);
        match (usable, policy.mode) {
            (Ok(usable), _) => {
                HostPlan::Dane(DanePlan { usable, records, base, names, assurance, enforcement })
            }
            (Err(NoUsableRecords::TooMany(count)), _) => {
                HostPlan::Skip(Skip::TooManyRecords(count))
            }
            (Err(NoUsableRecords::AllUnusable), Mode::Opportunistic) => {
                let unusable = why_unusable(records.records(), policy.profile, &policy.digests);
                HostPlan::Encrypt(EncryptPlan {
                    unusable,
                    records,
                    base,
                    names,
                    assurance,
                    enforcement,
                })
            }
            (Err(NoUsableRecords::AllUnusable), Mode::Mandatory) => {
                HostPlan::Skip(Skip::DaneRequired(Lacking::UsableRecords))
            }
        }
    }
}

impl Host {
    /// Asks for the records of a candidate. One whose owner name is too long for the DNS has none.
    fn ask(&self, base: DomainName, next: Option<DomainName>) -> State {
        match (base.tlsa_owner(self.destination.port), next) {
            (Some(owner), next) => {
                State::Tlsa(Candidates { host: self.clone(), base, owner, next })
            }
            (None, Some(next)) => self.ask(next, None),
            (None, None) => self.not_dane(NotDane::NoRecords),
        }
    }

    fn fail(&self, subject: Subject, failure: LookUpFailure) -> State {
        State::Done(HostPlan::Skip(Skip::LookUp { subject, failure }))
    }

    fn not_dane(&self, why: NotDane) -> State {
        State::Done(self.destination.not_dane(why))
    }
}
