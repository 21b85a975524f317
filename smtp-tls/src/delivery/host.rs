//! One host: its addresses, its TLSA records, the plan.

use core::net::IpAddr;

use dane::TlsaSet;
use dane::discovery::{Destination, Exchangers, HostDiscovery, Mode, Policy, Step1, TrustedPath};

use super::{InsecureMx, LocalLevel, Settings, UnexpectedInput};
use crate::attempt::{Attempt, Transport};
use crate::mx::MailHosts;
use crate::plan::{Assessment, Skip};
use crate::report::{Cause, Fate, Report};
use crate::resolve::{Answer, Kind, LookUpError, Name, Outcome, Question, Record, Security};

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
    failed: Option<LookUpError>,
}

#[derive(Clone, Debug)]
enum Machine {
    Asking(Box<HostDiscovery>),
    /// Whatever DANE says is decided; what is left are addresses to connect to.
    Decided(Box<dane::discovery::HostPlan>),
}

/// What is to be done with a host.
pub(super) enum Conclusion {
    /// Connect to it.
    Try { assessment: Assessment, attempt: Attempt },
    /// Take the next one; if none is left, this is what the recipients get.
    Skip { host: Name, assessment: Assessment, fate: Fate },
}

impl HostStage {
    pub(super) fn new(host: Name, report: &Report, settings: &Settings) -> Self {
        let machine = match host.as_str().parse::<dane::Name>() {
            Ok(name) => match destination(report, settings) {
                Ok(destination) => Machine::Asking(Box::new(destination.host(&name))),
                Err(skip) => Machine::Decided(Box::new(dane::discovery::HostPlan::Skip(skip))),
            },
            // A name that the DNS may hold and no certificate can.
            Err(_) => Machine::Decided(Box::new(dane::discovery::HostPlan::Skip(
                dane::discovery::Skip::NoAddress,
            ))),
        };
        let questions =
            [Kind::A, Kind::Aaaa].map(|kind| Question::new(host.clone(), kind)).to_vec();
        let mut this =
            Self { host, machine, questions, v4: Vec::new(), v6: Vec::new(), failed: None };
        if let Machine::Decided(plan) = &this.machine
            && matches!(**plan, dane::discovery::HostPlan::Skip(_))
        {
            this.questions.clear();
        }
        this
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
            Kind::Tlsa => dane::discovery::Input::Tlsa(convert(&answer, tlsa_set)),
            Kind::Mx | Kind::Txt => return Err(UnexpectedInput),
        };
        machine.handle(&input).map_err(|_| UnexpectedInput)?;
        if self.questions.is_empty()
            && let dane::discovery::Action::LookUp { name, kind } = machine.action()
        {
            let kind = match kind {
                dane::discovery::Kind::A => Kind::A,
                dane::discovery::Kind::Aaaa => Kind::Aaaa,
                dane::discovery::Kind::Cname => Kind::Cname,
                dane::discovery::Kind::Tlsa => Kind::Tlsa,
            };
            match name.parse() {
                Ok(name) => self.questions.push(Question::new(name, kind)),
                Err(_) => return Err(UnexpectedInput),
            }
        }
        Ok(())
    }

    fn keep_addresses(&mut self, kind: Kind, answer: &Result<Answer, LookUpError>) {
        match answer {
            Ok(answer) => {
                for record in answer.records() {
                    match record {
                        Record::A(address) => self.v4.push((*address).into()),
                        Record::Aaaa(address) => self.v6.push((*address).into()),
                        _ => {}
                    }
                }
            }
            Err(error) if matches!(kind, Kind::A | Kind::Aaaa) => self.failed = Some(error.clone()),
            Err(_) => {}
        }
    }

    /// What is to be done with the host, once no question is open.
    pub(super) fn conclude(
        &self,
        report: &Report,
        settings: &Settings,
        recipients: Vec<usize>,
    ) -> Conclusion {
        let dane = match &self.machine {
            Machine::Decided(plan) => (**plan).clone(),
            // It has a plan by now; without one the host is not used.
            Machine::Asking(machine) => machine
                .plan()
                .cloned()
                .unwrap_or(dane::discovery::HostPlan::Skip(dane::discovery::Skip::NoAddress)),
        };
        let mx = report.hosts.as_ref().map_or(Security::Insecure, |hosts| hosts.security);
        let policy = report.policy.as_ref();
        let assessment = Assessment::new(&self.host, dane, policy, mx, settings.level);
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
                };
                Conclusion::Try { assessment, attempt }
            }
        }
    }

    /// A domain that is its own host and proves to have no address has no mail host at all
    /// ([RFC 5321 section 5.1](https://www.rfc-editor.org/rfc/rfc5321#section-5.1)); all else waits.
    fn fate_without(&self, skip: Skip, report: &Report) -> Fate {
        let own_host =
            report.hosts.as_ref().is_ok_and(|hosts| matches!(hosts.found, MailHosts::Implicit(_)));
        if skip == Skip::Dane(dane::discovery::Skip::NoAddress) && own_host && self.failed.is_none()
        {
            return Fate::Refused(Cause::NoMailHost);
        }
        Fate::Deferred(Cause::Skipped { host: self.host.clone(), skip })
    }
}

/// Step 1 of RFC 7672 section 2.2.1 for the domain, in the words of `dane`.
fn destination(report: &Report, settings: &Settings) -> Result<Destination, dane::discovery::Skip> {
    let failed = dane::discovery::Skip::LookUp {
        subject: dane::discovery::Subject::Mx,
        failure: dane::discovery::LookUpFailure::Malformed,
    };
    let mut policy = Policy::default();
    policy.half_dane = match settings.insecure_mx {
        InsecureMx::UseTlsa => dane::discovery::HalfDane::On,
        InsecureMx::DangerIgnoreTlsa => dane::discovery::HalfDane::Off,
    };
    policy.mode = match settings.level {
        LocalLevel::Opportunistic | LocalLevel::Encrypt => Mode::Opportunistic,
        LocalLevel::Dane => Mode::Mandatory,
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

fn status(answer: &Result<Answer, LookUpError>) -> dane::discovery::Answer<()> {
    convert(answer, |_| ())
}

fn tlsa_set(records: &[Record]) -> TlsaSet {
    TlsaSet::from_rdata(records.iter().filter_map(|record| match record {
        Record::Tlsa(rdata) | Record::Unreadable(rdata) => Some(rdata.as_slice()),
        _ => None,
    }))
}

fn convert<T>(
    answer: &Result<Answer, LookUpError>,
    records: impl FnOnce(&[Record]) -> T,
) -> dane::discovery::Answer<T> {
    match answer {
        Ok(answer) => convert_answer(answer, records),
        Err(error) => dane::discovery::Answer::failed(failure(error)),
    }
}

fn convert_answer<T>(
    answer: &Answer,
    read: impl FnOnce(&[Record]) -> T,
) -> dane::discovery::Answer<T> {
    use crate::resolve::Judged;

    let outcome = match &answer.outcome {
        Outcome::Records(records) => dane::discovery::Outcome::Records(read(records)),
        Outcome::NoData => dane::discovery::Outcome::NoData,
        Outcome::NxDomain => dane::discovery::Outcome::NxDomain,
    };
    let names = answer.chain.iter().map(|hop| hop.target.as_str().parse::<dane::Name>());
    let Ok(names) = names.collect::<Result<Vec<_>, _>>() else {
        return dane::discovery::Answer::failed(dane::discovery::LookUpFailure::Malformed);
    };
    match answer.judged {
        Judged::HopByHop => {
            let hops = names.into_iter().zip(&answer.chain);
            let hops = hops
                .map(|(name, hop)| dane::discovery::Hop { name, security: security(hop.security) });
            dane::discovery::Answer::hop_by_hop(outcome, security(answer.security), hops.collect())
        }
        Judged::AsAWhole => {
            let bit = match answer.security {
                Security::Secure => dane::discovery::AuthenticData::Set,
                Security::Insecure => dane::discovery::AuthenticData::Clear,
            };
            // Whoever implements `LookUp` vouches for the path: its documentation says so.
            dane::discovery::Answer::from_ad_bit(outcome, bit, names, &TrustedPath::same_host())
        }
    }
}

const fn security(security: Security) -> dane::discovery::Security {
    match security {
        Security::Secure => dane::discovery::Security::Secure,
        Security::Insecure => dane::discovery::Security::Insecure,
    }
}

fn failure(error: &LookUpError) -> dane::discovery::LookUpFailure {
    use crate::resolve::ChainError;

    match error {
        LookUpError::Bogus { .. } => dane::discovery::LookUpFailure::Bogus,
        LookUpError::Indeterminate { .. } => dane::discovery::LookUpFailure::Indeterminate,
        LookUpError::Chain(ChainError::Loop) => dane::discovery::LookUpFailure::CnameLoop,
        LookUpError::Chain(ChainError::TooLong) => dane::discovery::LookUpFailure::TooManyHops,
        LookUpError::ServFail { .. } | LookUpError::ResponseCode(_) => {
            dane::discovery::LookUpFailure::ServerFailure
        }
        LookUpError::Timeout | LookUpError::Unreachable(_) => {
            dane::discovery::LookUpFailure::TimedOut
        }
        LookUpError::Chain(ChainError::Alias)
        | LookUpError::Malformed
        | LookUpError::Name
        | LookUpError::Referral
        | LookUpError::TooManyRecords
        | LookUpError::Truncated => dane::discovery::LookUpFailure::Malformed,
    }
}

/// Both families by turns, so that a family without a route costs one try at a time.
fn interleave(first: &[IpAddr], second: &[IpAddr]) -> Vec<IpAddr> {
    let longest = first.len().max(second.len());
    let pairs = (0..longest).flat_map(|at| [first.get(at), second.get(at)]);
    pairs.flatten().copied().take(ADDRESSES).collect()
}
