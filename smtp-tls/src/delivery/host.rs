//! One host: its addresses, its TLSA records, the plan.

use core::net::IpAddr;

use dane::discovery::{
    Destination, Enforcement, Exchangers, HostDiscovery, HostPlan, LookUpFailure, Mode, Policy,
    Skip as DaneSkip, Step1, Subject,
};

use super::convert::{convert_answer, dane_answer, failure, status, tlsa_set};
use super::{DaneFailure, InsecureMx, LocalLevel, Settings, UnexpectedInput};
use crate::attempt::{Attempt, Transport};
use crate::mx::MailHosts;
use crate::plan::{Assessment, Demand, Skip, Terms};
use crate::report::{Cause, Fate, Report};
use crate::resolve::{Answer, Kind, LookUpError, Name, Question, Record, Security};

/// How many addresses of a host are tried in one attempt, both families together. Ours: each may cost
/// half a minute.
const ADDRESSES: usize = 8;

/// The questions about one host, and their answers so far.
#[derive(Clone, Debug)]
pub(super) struct HostStage {
    host: Name,
    machine: Machine,
    questions: Vec<Question>,
    v4: Vec<IpAddr>,
    v6: Vec<IpAddr>,
    /// Why an address answer told nothing, if one did not.
    failed: Option<LookUpFailure>,
}

#[derive(Clone, Debug)]
enum Machine {
    Asking(Box<HostDiscovery>),
    /// Whatever DANE says is decided; what is left are addresses to connect to.
    Decided(Box<HostPlan>),
}

/// What is to be done with a host.
pub(super) enum Conclusion {
    /// Connect to it.
    Try { assessment: Assessment, attempt: Attempt },
    /// Take the next one; if none is left, this is what the recipients get.
    Skip { host: Name, assessment: Assessment, fate: Fate },
    /// It is this server itself.
    Ourselves,
}

impl HostStage {
    pub(super) fn new(host: Name, report: &Report, settings: &Settings, terms: Terms) -> Self {
        let machine = match host.as_str().parse::<dane::Name>() {
            Ok(name) => match destination(report, settings, terms) {
                Ok(destination) => Machine::Asking(Box::new(destination.host(&name))),
                Err(skip) => Machine::Decided(Box::new(HostPlan::Skip(skip))),
            },
            // A name that the DNS may hold and no certificate can: nothing is known of its addresses.
            Err(_) => Machine::Decided(Box::new(HostPlan::Skip(DaneSkip::LookUp {
                subject: Subject::Address,
                failure: LookUpFailure::Malformed,
            }))),
        };
        let questions = match &machine {
            Machine::Decided(_) => Vec::new(),
            Machine::Asking(_) => {
                [Kind::A, Kind::Aaaa].map(|kind| Question::new(host.clone(), kind)).to_vec()
            }
        };
        Self { host, machine, questions, v4: Vec::new(), v6: Vec::new(), failed: None }
    }

    pub(super) fn questions(&self) -> &[Question] {
        &self.questions
    }

    pub(super) fn answered(
        &mut self,
        question: &Question,
        answer: Result<Answer, LookUpError>,
    ) -> Result<(), UnexpectedInput> {
        let place = self.questions.iter().position(|one| one == question).ok_or(UnexpectedInput)?;
        self.questions.swap_remove(place);
        self.keep_addresses(question.kind, &answer);
        let Machine::Asking(machine) = &mut self.machine else { return Ok(()) };
        if machine.plan().is_some() {
            return Ok(());
        }
        let input = match question.kind {
            Kind::A => dane::discovery::Input::A(status(&answer)),
            Kind::Aaaa => dane::discovery::Input::Aaaa(status(&answer)),
            Kind::Cname => dane::discovery::Input::Cname(status(&answer)),
            Kind::Tlsa => dane::discovery::Input::Tlsa(dane_answer(&answer, tlsa_set)),
            Kind::Mx | Kind::Txt => return Err(UnexpectedInput),
        };
        machine.handle(&input).map_err(|_| UnexpectedInput)?;
        if self.questions.is_empty() {
            self.questions.extend(next_question(machine));
        }
        Ok(())
    }

    fn keep_addresses(&mut self, kind: Kind, answer: &Result<Answer, LookUpError>) {
        if !matches!(kind, Kind::A | Kind::Aaaa) {
            return;
        }
        let records = match answer {
            Ok(answer) => answer.records(),
            Err(error) => {
                self.failed = Some(failure(error));
                return;
            }
        };
        let before = self.v4.len() + self.v6.len();
        for record in records {
            match record {
                Record::A(address) => self.v4.push((*address).into()),
                Record::Aaaa(address) => self.v6.push((*address).into()),
                _ => {}
            }
        }
        if !records.is_empty() && before == self.v4.len() + self.v6.len() {
            self.failed = Some(LookUpFailure::Malformed);
        }
    }

    /// What DANE says; without an address there is nobody to talk to, whatever that is.
    fn dane(&self) -> HostPlan {
        let failure = self.failed;
        let plan = match &self.machine {
            Machine::Decided(plan) => (**plan).clone(),
            Machine::Asking(machine) => machine.plan().cloned().unwrap_or({
                // It has a plan by now; without one nothing is known.
                let (subject, failure) = (Subject::Tlsa, LookUpFailure::Malformed);
                HostPlan::Skip(DaneSkip::LookUp { subject, failure })
            }),
        };
        match (plan, failure) {
            (HostPlan::Skip(skip), _) => HostPlan::Skip(skip),
            (plan, _) if !(self.v4.is_empty() && self.v6.is_empty()) => plan,
            (_, None) => HostPlan::Skip(DaneSkip::NoAddress),
            (_, Some(failure)) => {
                let subject = Subject::Address;
                HostPlan::Skip(DaneSkip::LookUp { subject, failure })
            }
        }
    }

    /// What is to be done with the host, once no question is open.
    pub(super) fn conclude(
        &self,
        report: &Report,
        settings: &Settings,
        terms: Terms,
        recipients: Vec<usize>,
    ) -> Conclusion {
        if self.addresses().any(|address| settings.is_own_address(address)) {
            return Conclusion::Ourselves;
        }
        let mx = report.hosts.as_ref().map_or(Security::Insecure, |hosts| hosts.security);
        let policy = report.policy.as_ref();
        let assessment = Assessment::new(&self.host, self.dane(), policy, mx, terms);
        let host = self.host.clone();
        match &assessment.verdict {
            Err(skip) => {
                let fate = self.fate_without(*skip, report);
                Conclusion::Skip { host, assessment, fate }
            }
            Ok(plan) => {
                let attempt = Attempt {
                    host,
                    addresses: interleave(&self.v6, &self.v4),
                    port: settings.port,
                    plan: plan.clone(),
                    transport: Transport::StartTls,
                    recipients,
                    patience: settings.patience,
                };
                Conclusion::Try { assessment, attempt }
            }
        }
    }

    fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.v6.iter().chain(&self.v4).copied()
    }

    /// A domain that is its own host and proves to have no address has no mail host at all
    /// ([RFC 5321 section 5.1](https://www.rfc-editor.org/rfc/rfc5321#section-5.1)); all else waits.
    fn fate_without(&self, skip: Skip, report: &Report) -> Fate {
        let own_host =
            report.hosts.as_ref().is_ok_and(|hosts| matches!(hosts.found, MailHosts::Implicit(_)));
        if skip == Skip::Dane(DaneSkip::NoAddress) && own_host && self.failed.is_none() {
            return Fate::Refused(Cause::NoMailHost);
        }
        Fate::Deferred(Cause::Skipped { host: self.host.clone(), skip })
    }
}

/// Step 1 of RFC 7672 section 2.2.1 for the domain, in the words of `dane`.
fn destination(
    report: &Report,
    settings: &Settings,
    terms: Terms,
) -> Result<Destination, DaneSkip> {
    let failed = DaneSkip::LookUp { subject: Subject::Mx, failure: LookUpFailure::Malformed };
    let mut policy = Policy::default();
    policy.half_dane = match settings.insecure_mx {
        InsecureMx::UseTlsa => dane::discovery::HalfDane::On,
        InsecureMx::DangerIgnoreTlsa => dane::discovery::HalfDane::Off,
    };
    policy.mode = match settings.level {
        LocalLevel::Opportunistic | LocalLevel::Encrypt => Mode::Opportunistic,
        LocalLevel::Dane => Mode::Mandatory,
    };
    policy.enforcement = match (settings.dane_failure, terms.demand, settings.level) {
        (_, _, LocalLevel::Dane) => Enforcement::Enforced,
        (_, Demand::Exempt, _) | (DaneFailure::DangerReportOnly, _, _) => {
            Enforcement::DangerAuditOnly
        }
        (DaneFailure::SkipsHost, _, _) => Enforcement::Enforced,
    };
    let (Some(answer), Ok(next_hop)) =
        (&report.mx_answer, report.domain.as_str().parse::<dane::Name>())
    else {
        return Err(failed);
    };
    let answer = convert_answer(answer, |_| Exchangers::Hosts);
    match Destination::from_mx(&next_hop, &answer, policy) {
        Step1::Hosts(destination) | Step1::OwnHost(destination) => Ok(destination),
        Step1::Delay(skip) => Err(skip),
        Step1::NullMx => Err(failed),
    }
}

/// What DANE wants to know next. A name of its own is always one of this crate's.
fn next_question(machine: &HostDiscovery) -> Option<Question> {
    let dane::discovery::Action::LookUp { name, kind } = machine.action() else { return None };
    let kind = match kind {
        dane::discovery::Kind::A => Kind::A,
        dane::discovery::Kind::Aaaa => Kind::Aaaa,
        dane::discovery::Kind::Cname => Kind::Cname,
        dane::discovery::Kind::Tlsa => Kind::Tlsa,
    };
    Name::from_labels(name.labels()).ok().map(|name| Question::new(name, kind))
}

/// Both families by turns, so that a family without a route costs one try at a time.
fn interleave(first: &[IpAddr], second: &[IpAddr]) -> Vec<IpAddr> {
    let longest = first.len().max(second.len());
    let pairs = (0..longest).flat_map(|at| [first.get(at), second.get(at)]);
    pairs.flatten().copied().take(ADDRESSES).collect()
}
