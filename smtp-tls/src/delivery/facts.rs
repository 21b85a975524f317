//! What has to be known of the domain before any host is looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use mta_sts::{
    Decision, Discovery, FetchError, PolicyBody, PolicyDomain, Stored, TxtAnswer, Update,
};
use pki_types::UnixTime;

use super::{Action, Settings, UnexpectedInput};
use crate::mx::MailHosts;
use crate::report::{Cause, Fate, Hosts, Report};
use crate::resolve::{Answer, Kind, LookUpError, Name, Question, Record};

/// The questions that concern the domain, and their answers so far.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    waiting: Vec<Question>,
    mx_question: Question,
    mx: Option<Result<Answer, LookUpError>>,
    sts: Option<Sts>,
    tlsrpt: Option<tlsrpt::Record>,
    own_names: Arc<BTreeSet<Name>>,
    seed: u64,
}

/// MTA-STS for a domain that can have it.
#[derive(Clone, Debug)]
struct Sts {
    domain: PolicyDomain,
    discovery: Discovery,
}

const TLSRPT_PREFIX: &str = "_smtp._tls";

impl Facts {
    pub(super) fn new(domain: &Name, stored: Stored, settings: &Settings, now: UnixTime) -> Self {
        let mx_question = Question::new(domain.clone(), Kind::Mx);
        let mut waiting = vec![mx_question.clone()];
        // A name that is no host name can have no policy: it would be no name of a policy host.
        let sts = domain.as_str().parse::<PolicyDomain>().ok().map(|policy_domain| {
            let key = policy_domain.clone();
            let options = settings.mta_sts_for(domain);
            let discovery = Discovery::new(policy_domain, stored, &options, now);
            Sts { domain: key, discovery }
        });
        if let Some(mta_sts::Action::LookUpTxt { name }) =
            sts.as_ref().map(|s| s.discovery.action())
            && let Ok(name) = name.parse()
        {
            waiting.push(Question::new(name, Kind::Txt));
        }
        if let Ok(name) = domain.with_prefix(TLSRPT_PREFIX) {
            waiting.push(Question::new(name, Kind::Txt));
        }
        let (own_names, seed) = (Arc::clone(&settings.own_names), settings.seed);
        Self { waiting, mx_question, mx: None, sts, tlsrpt: None, own_names, seed }
    }

    pub(super) fn action(&self) -> Action<'_> {
        match &self.sts {
            Some(sts) if self.waiting.is_empty() => Action::FetchPolicy(&sts.domain),
            Some(_) | None => Action::LookUp(&self.waiting),
        }
    }

    pub(super) fn policy_domain(&self) -> Option<&PolicyDomain> {
        self.sts.as_ref().map(|sts| &sts.domain)
    }

    pub(super) fn answered(
        &mut self,
        question: &Question,
        answer: Result<Answer, LookUpError>,
        now: UnixTime,
    ) -> Result<(), UnexpectedInput> {
        let place = self.waiting.iter().position(|one| one == question).ok_or(UnexpectedInput)?;
        self.waiting.swap_remove(place);
        if *question == self.mx_question {
            self.mx = Some(answer);
        } else if question.name.as_str().starts_with(TLSRPT_PREFIX) {
            // Without an answer nobody is reported to: this concerns no mail.
            self.tlsrpt =
                answer.ok().and_then(|answer| tlsrpt::Record::choose(texts(&answer)).ok());
        } else if let Some(sts) = &mut self.sts {
            let txt = match &answer {
                Ok(answer) => TxtAnswer::from_records(texts(answer)),
                Err(_) => TxtAnswer::TemporaryFailure,
            };
            sts.discovery.handle(mta_sts::Input::Txt(txt), now).map_err(|_| UnexpectedInput)?;
        }
        Ok(())
    }

    pub(super) fn fetched(
        &mut self,
        fetched: Result<PolicyBody, FetchError>,
        now: UnixTime,
    ) -> Result<(), UnexpectedInput> {
        if !self.waiting.is_empty() {
            return Err(UnexpectedInput);
        }
        let sts = self.sts.as_mut().ok_or(UnexpectedInput)?;
        sts.discovery.handle(mta_sts::Input::Fetched(fetched), now).map_err(|_| UnexpectedInput)
    }

    /// Whether nothing more is wanted: all is answered, and the policy fetched if there is a host to
    /// use it for.
    pub(super) fn are_known(&self) -> bool {
        self.waiting.is_empty()
            && (self.ends_here().is_some()
                || self
                    .sts
                    .as_ref()
                    .is_none_or(|sts| matches!(sts.discovery.action(), mta_sts::Action::Done(_))))
    }

    fn hosts(&self) -> Option<Result<Hosts, LookUpError>> {
        let found = |answer: &Answer| Hosts {
            found: MailHosts::from_answer(&self.mx_question, answer, &self.own_names, self.seed),
            security: answer.security,
        };
        self.mx.as_ref().map(|answer| answer.as_ref().map(found).map_err(Clone::clone))
    }

    pub(super) fn has_unreadable_mx(&self) -> bool {
        let is_unreadable = |record: &Record| matches!(record, Record::Unreadable(_));
        matches!(&self.mx, Some(Ok(answer)) if answer.records().iter().any(is_unreadable))
    }

    /// The end of the delivery, where the MX answer alone decides.
    fn ends_here(&self) -> Option<Fate> {
        match self.hosts()? {
            Err(error) => Some(Fate::Deferred(Cause::MxLookUp(error))),
            Ok(hosts) => match hosts.found {
                MailHosts::NullMx => Some(Fate::Refused(Cause::NullMx)),
                MailHosts::NoSuchDomain => Some(Fate::Refused(Cause::NoSuchDomain)),
                MailHosts::Unusable | MailHosts::OnlyOurselves if self.has_unreadable_mx() => {
                    // What could not be read may have named a host: that is no reason to bounce.
                    Some(Fate::Deferred(Cause::MxLookUp(LookUpError::Malformed)))
                }
                MailHosts::OnlyOurselves => Some(Fate::Refused(Cause::OnlyOurselves)),
                MailHosts::Unusable => Some(Fate::Refused(Cause::MxUnusable)),
                MailHosts::Listed(_) | MailHosts::Implicit(_) => None,
            },
        }
    }

    /// Enters into the report what is known, and gives the hosts to try, the next one last, with
    /// what the policy store is to keep.
    pub(super) fn conclude(
        self,
        report: &mut Report,
        now: UnixTime,
    ) -> Result<(Vec<Name>, Update), Fate> {
        let end = self.ends_here();
        let hosts = self.hosts();
        report.mx_answer = self.mx.and_then(Result::ok);
        report.tlsrpt_record = self.tlsrpt;
        let listed = match hosts {
            Some(Ok(hosts)) => {
                let names = match &hosts.found {
                    MailHosts::Listed(names) => names.iter().rev().cloned().collect(),
                    MailHosts::Implicit(name) => vec![name.clone()],
                    MailHosts::NullMx
                    | MailHosts::NoSuchDomain
                    | MailHosts::Unusable
                    | MailHosts::OnlyOurselves => Vec::new(),
                };
                report.hosts = Ok(hosts);
                names
            }
            Some(Err(error)) => {
                report.mx_failed(&error, now);
                report.hosts = Err(error);
                Vec::new()
            }
            None => Vec::new(),
        };
        if let Some(fate) = end {
            return Err(fate);
        }
        let policy = self.sts.and_then(|sts| sts.discovery.into_outcome());
        let update = policy.as_ref().map(|outcome| outcome.update.clone()).unwrap_or_default();
        let defer = policy.as_ref().is_some_and(|outcome| outcome.decision == Decision::Defer);
        report.policy = policy;
        if defer { Err(Fate::Deferred(Cause::PolicyLookUp)) } else { Ok((listed, update)) }
    }
}

/// The text records of an answer, each a list of character-strings.
fn texts(answer: &Answer) -> impl Iterator<Item = &[Vec<u8>]> {
    answer.records().iter().filter_map(|record| match record {
        Record::Txt(strings) => Some(strings.as_slice()),
        _ => None,
    })
}
