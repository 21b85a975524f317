//! What happened, as the policies and results of a TLS report
//! ([RFC 8460 section 4](https://www.rfc-editor.org/rfc/rfc8460#section-4)).

use std::borrow::Cow;

use dane::discovery::HostPlan as Dane;
use mta_sts::{Decision, Mode};
use pki_types::UnixTime;
use smtp_starttls::Requirement;
use tlsrpt::{Failure, Outcome, Policy, PolicyOutcome, PolicyType, ResultType};

use crate::attempt::{Attempt, AttemptResult, Connection, Peer, Transport};
use crate::plan::{Assessment, Check, HostPlan, Listed, Skip};
use crate::report::{Report, SessionOutcome, Visit};
use crate::resolve::{LookUpError, Name};

/// What TLS came to over one connection.
struct TlsOutcome {
    /// Why there was no TLS.
    transport: Option<Failure<'static>>,
    /// Why the server was not taken for who it should be.
    identity: Option<Failure<'static>>,
    /// A failure at this host, to be given a type and a reason.
    here: Failure<'static>,
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
        let (connection, failure, not_reached) = match result {
            AttemptResult::NotReached(errors) => (None, None, errors),
            AttemptResult::Failed { connection, failure, .. } => {
                (Some(connection.clone()), Some(*failure), &connection.not_reached)
            }
            AttemptResult::Offered { connection, .. } => {
                (Some(connection.clone()), None, &connection.not_reached)
            }
        };
        let not_reached = not_reached.clone();
        if let Some(connection) = &connection
            && let Some(outcome) = tls_outcome(attempt, connection, failure)
        {
            let outcomes = self.outcomes(&outcome);
            self.count(now, outcomes);
        }
        if let Some(last) = self.tries.last_mut() {
            last.connections.push(Visit { connection, not_reached, failure });
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
        let check = assessment.verdict.as_ref().map(|plan| &plan.check);
        match &assessment.dane {
            // Not evaluated where MTA-STS took the place of records that are only audited.
            Dane::Dane(_) if !matches!(check, Ok(Check::Dane(_))) => {}
            Dane::Dane(_) | Dane::Encrypt(_) => {
                outcomes.push(tlsa_outcome(&assessment.dane, tls));
            }
            Dane::Opportunistic(_) | Dane::Skip(_) => {}
        }
        if matches!(check, Ok(Check::Pkix))
            && let Some(policy) = self.sts_policy()
        {
            outcomes.push(sts_outcome(policy, assessment.listed, tls));
        }
        self.add_fetch_failure(&mut outcomes);
        if outcomes.is_empty() {
            let policy = Policy::new(PolicyType::NO_POLICY_FOUND, self.domain.to_string());
            outcomes.push(outcome_of(policy, [tls.transport.clone()]));
        }
        outcomes
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

fn sts_outcome(
    policy: Policy<'static>,
    listed: Listed,
    tls: &TlsOutcome,
) -> PolicyOutcome<'static> {
    let not_listed = (listed == Listed::No).then(|| {
        let mut failure = tls.here.clone();
        failure.failure_reason_code = Some(Cow::Borrowed(Skip::NotInPolicy.reason()));
        failure
    });
    outcome_of(policy, [tls.transport.clone(), tls.identity.clone(), not_listed])
}

/// Under records of which none is usable nobody is authenticated, so that identity is no matter of
/// theirs.
fn tlsa_outcome(dane: &Dane, tls: &TlsOutcome) -> PolicyOutcome<'static> {
    let domain = dane.base().map(|base| base.as_str().to_owned()).unwrap_or_default();
    let policy = Policy::new(PolicyType::TLSA, domain).strings(dane.policy_strings());
    let (unusable, identity) = match dane {
        Dane::Encrypt(_) => (Some(with_reason(ResultType::TLSA_INVALID, "all-unusable")), None),
        _ => (None, tls.identity.clone()),
    };
    outcome_of(policy, [unusable, tls.transport.clone(), identity])
}

/// A success if there is no failure.
fn outcome_of(
    policy: Policy<'static>,
    failures: impl IntoIterator<Item = Option<Failure<'static>>>,
) -> PolicyOutcome<'static> {
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    let outcome = if failures.is_empty() { Outcome::Success } else { Outcome::Failure };
    failures.into_iter().fold(PolicyOutcome::new(policy, outcome), PolicyOutcome::failure)
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
    let mut here = Failure::new(ResultType::VALIDATION_FAILURE);
    here.sending_mta_ip = connection.local.map(|local| local.ip().into());
    here.receiving_ip = Some(connection.remote.ip().into());
    here.receiving_mx_hostname = Some(attempt.host.to_string().into());
    here.receiving_mx_helo = connection.greeting_name.clone().map(Cow::Owned);
    let failed = |result_type: &'static str, reason: Option<String>| {
        let mut failure = here.clone();
        failure.result_type = ResultType(Cow::Borrowed(result_type));
        failure.failure_reason_code = reason.map(Cow::Owned);
        Some(failure)
    };
    let because = failure.or(connection.clear_because);
    let (transport, identity) = match (&connection.peer, because) {
        (Peer::Refused(refusal), _) => {
            let refused = failed(refusal.result_type, Some(refusal.reason.to_owned()));
            if is_failed_handshake(attempt, connection) { (refused, None) } else { (None, refused) }
        }
        (_, Some(failure)) => match failure.result_type {
            Some(result_type) => {
                let reason = failure.reason_code().map(|code| code.to_string());
                (failed(result_type.name(), reason), None)
            }
            None if connection.tls.is_some() => (None, None),
            None => return None,
        },
        (_, None) => (None, None),
    };
    Some(TlsOutcome { transport, identity, here })
}

/// Whether TLS did not come up although nothing was demanded of the server's identity: its certificate could
/// not be read, say, or it did not prove that it holds the key. That is no matter of a policy.
fn is_failed_handshake(attempt: &Attempt, connection: &Connection) -> bool {
    let HostPlan { requirement, check, .. } = &attempt.plan;
    let is_demanded =
        matches!(check, Check::Pkix | Check::Dane(_)) && *requirement == Requirement::Authenticate;
    connection.tls.is_none() && !is_demanded
}
