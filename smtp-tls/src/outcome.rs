//! What happened, as the policies and results of a TLS report
//! ([RFC 8460 section 4](https://www.rfc-editor.org/rfc/rfc8460#section-4)).

use std::borrow::Cow;

use mta_sts::{Decision, Mode};
use pki_types::UnixTime;
use tlsrpt::{Failure, Outcome, Policy, PolicyOutcome, PolicyType, ResultType};

use crate::attempt::{Attempt, AttemptResult, Connection, Peer, Transport};
use crate::plan::{Assessment, Check, Listed, Skip};
use crate::report::{Report, SessionOutcome, Visit};
use crate::resolve::{LookUpError, Name};

/// What TLS came to over one connection.
enum TlsOutcome {
    /// As the plan wants it.
    Good,
    /// Not as the plan, or the policy under test, wants it.
    Failed(Failure<'static>),
}

impl Report {
    /// The MX records could not be looked up: where DNSSEC is the reason, that is reported.
    pub(crate) fn mx_failed(&mut self, error: &LookUpError, now: UnixTime) {
        if error.is_dnssec() {
            let failure = with_reason(ResultType::DNSSEC_INVALID, "mx-lookup-failure");
            let policy = Policy::new(PolicyType::TLSA, self.domain.to_string());
            self.count(now, vec![PolicyOutcome::new(policy, Outcome::Failure).failure(failure)]);
        }
    }

    /// A host was not used: where a policy is the reason, that is reported.
    pub(crate) fn skipped(&mut self, host: &Name, assessment: &Assessment, now: UnixTime) {
        let Err(skip) = &assessment.verdict else { return };
        let (policy, result_type) = match skip {
            Skip::Dane(skip) => {
                let Some(result_type) = skip.result_type() else { return };
                let policy = Policy::new(PolicyType::TLSA, host.to_string());
                (policy, ResultType(Cow::Borrowed(result_type.as_str())))
            }
            Skip::NotInPolicy => {
                let Some(policy) = self.sts_policy() else { return };
                (policy, ResultType::VALIDATION_FAILURE)
            }
        };
        let mut failure = with_reason(result_type, skip.reason());
        failure.receiving_mx_hostname = Some(host.to_string().into());
        let mut outcomes = vec![PolicyOutcome::new(policy, Outcome::Failure).failure(failure)];
        self.add_fetch_failure(&mut outcomes);
        self.count(now, outcomes);
    }

    /// An attempt is over.
    pub(crate) fn visited(&mut self, attempt: &Attempt, result: &AttemptResult, now: UnixTime) {
        let (connection, failure) = match result {
            AttemptResult::NotReached(_) => (None, None),
            AttemptResult::Failed { connection, failure, .. } => {
                (Some(connection.clone()), Some(*failure))
            }
            AttemptResult::Offered { connection, .. } => (Some(connection.clone()), None),
        };
        if let Some(connection) = &connection
            && let Some(outcome) = tls_outcome(attempt, connection, failure)
        {
            let outcomes = self.outcomes(&outcome);
            self.count(now, outcomes);
        }
        if let Some(last) = self.tries.last_mut() {
            last.connections.push(Visit { connection, failure });
        }
    }

    fn count(&mut self, ended_at: UnixTime, policies: Vec<PolicyOutcome<'static>>) {
        self.sessions.push(SessionOutcome { ended_at, policies });
    }

    /// The outcome under each policy that was evaluated for the host tried last.
    fn outcomes(&self, tls: &TlsOutcome) -> Vec<PolicyOutcome<'static>> {
        let mut outcomes = Vec::new();
        let Some(assessment) = self.tries.last().map(|one| &one.assessment) else {
            return outcomes;
        };
        if let dane::discovery::HostPlan::Dane(_) | dane::discovery::HostPlan::Encrypt(_) =
            &assessment.dane
        {
            outcomes.push(tlsa_outcome(&assessment.dane, tls));
        }
        if let Ok(plan) = &assessment.verdict
            && matches!(plan.check, Check::Pkix)
            && let Some(policy) = self.sts_policy()
        {
            outcomes.push(self.sts_outcome(policy, assessment.listed, tls));
        }
        self.add_fetch_failure(&mut outcomes);
        if outcomes.is_empty() {
            let policy = Policy::new(PolicyType::NO_POLICY_FOUND, self.domain.to_string());
            outcomes.push(plain_outcome(policy, tls));
        }
        outcomes
    }

    fn sts_outcome(
        &self,
        policy: Policy<'static>,
        listed: Listed,
        tls: &TlsOutcome,
    ) -> PolicyOutcome<'static> {
        let mut outcome = plain_outcome(policy, tls);
        if listed == Listed::No {
            let failure = with_reason(ResultType::VALIDATION_FAILURE, Skip::NotInPolicy.reason());
            outcome.outcome = Outcome::Failure;
            outcome.failures.push(failure);
        }
        outcome
    }

    /// The policy in force, with its lines as they were received.
    fn sts_policy(&self) -> Option<Policy<'static>> {
        match &self.policy.as_ref()?.decision {
            Decision::Apply(applied) => Some(self.sts_policy_of(applied.policy())),
            _ => None,
        }
    }

    fn sts_policy_of(&self, policy: &mta_sts::Policy) -> Policy<'static> {
        Policy::new(PolicyType::STS, self.domain.to_string())
            .strings(policy.as_str().lines().map(str::to_owned))
            .mx_hosts(policy.patterns().map(|pattern| pattern.to_string()))
    }

    /// A policy that could not be fetched counts as a failure of its type; where a cached one stands
    /// in, the failure stands beside what that one came to.
    fn add_fetch_failure(&self, outcomes: &mut Vec<PolicyOutcome<'static>>) {
        let Some(reported) = self.policy.as_ref().and_then(|outcome| outcome.failure.as_ref())
        else {
            return;
        };
        let result_type = ResultType(Cow::Borrowed(reported.result_type()));
        let failure = with_reason(result_type, reported.reason());
        let policy = match reported.cached_policy() {
            Some(cached) => self.sts_policy_of(cached),
            None => Policy::new(PolicyType::STS, self.domain.to_string()),
        };
        match outcomes.iter_mut().find(|outcome| outcome.policy == policy) {
            Some(outcome) => outcome.failures.push(failure),
            None => {
                outcomes.push(PolicyOutcome::new(policy, Outcome::Failure).failure(failure));
            }
        }
    }

    /// Whether the policy in force is only under test.
    #[must_use]
    pub fn is_testing(&self) -> bool {
        self.policy.as_ref().is_some_and(|outcome| match &outcome.decision {
            Decision::Apply(applied) => applied.mode() == Mode::Testing,
            _ => false,
        })
    }
}

fn tlsa_outcome(dane: &dane::discovery::HostPlan, tls: &TlsOutcome) -> PolicyOutcome<'static> {
    let domain = dane.base().map(|base| base.as_str().to_owned()).unwrap_or_default();
    let policy = Policy::new(PolicyType::TLSA, domain).strings(dane.policy_strings());
    let mut outcome = plain_outcome(policy, tls);
    if let dane::discovery::HostPlan::Encrypt(_) = dane {
        outcome.outcome = Outcome::Failure;
        outcome.failures.insert(0, with_reason(ResultType::TLSA_INVALID, "all-unusable"));
    }
    outcome
}

fn plain_outcome(policy: Policy<'static>, tls: &TlsOutcome) -> PolicyOutcome<'static> {
    match tls {
        TlsOutcome::Good => PolicyOutcome::new(policy, Outcome::Success),
        TlsOutcome::Failed(failure) => {
            PolicyOutcome::new(policy, Outcome::Failure).failure(failure.clone())
        }
    }
}

fn with_reason(result_type: ResultType<'static>, reason: &'static str) -> Failure<'static> {
    let mut failure = Failure::new(result_type);
    failure.failure_reason_code = Some(Cow::Borrowed(reason));
    failure
}

/// Nothing for a session that ended before TLS could be tried (RFC 8460 section 4.3.4), and for a
/// second connection in clear, whose first has counted.
fn tls_outcome(
    attempt: &Attempt,
    connection: &Connection,
    failure: Option<smtp_starttls::Failure>,
) -> Option<TlsOutcome> {
    if let Transport::InClear { .. } = attempt.transport {
        return None;
    }
    let because = failure.or(connection.clear_because);
    let (result_type, reason) = match (&connection.peer, because) {
        (Peer::Refused(refusal), _) => {
            (ResultType(Cow::Borrowed(refusal.result_type)), Some(refusal.reason.into()))
        }
        (_, Some(failure)) => match failure.result_type {
            Some(result_type) => {
                let reason = failure.reason_code().map(|code| code.to_string().into());
                (ResultType(Cow::Borrowed(result_type.name())), reason)
            }
            None if connection.tls.is_some() => return Some(TlsOutcome::Good),
            None => return None,
        },
        (_, None) => return Some(TlsOutcome::Good),
    };
    let mut failure = Failure::new(result_type);
    failure.failure_reason_code = reason;
    failure.sending_mta_ip = connection.local.map(|local| local.ip().into());
    failure.receiving_ip = Some(connection.remote.ip().into());
    failure.receiving_mx_hostname = Some(attempt.host.to_string().into());
    failure.receiving_mx_helo = connection.greeting_name.clone().map(Cow::Owned);
    Some(TlsOutcome::Failed(failure))
}
