//! The `mta_sts` operations.

use core::time::Duration;

use mta_sts::{
    Action, Applied, CacheEntry, CertificateFault, Decision, Deviation, Discovery, Exchange,
    ExchangeAction, ExchangeInput, FetchError, FetchHistory, FetchMade, HostName, Input, MxPattern,
    Options, Outcome, Policy, PolicyBody, PolicyDomain, Profile, Record, Stored, StreamEnd,
    TxtAnswer, UserAgent,
};
use pki_types::UnixTime;

use super::{Handler, ask};
use crate::answer::Answer;
use crate::request;
use crate::request::mta_sts as asked;

pub(crate) const RECORD: Handler = |fields| ask(fields, record);
pub(crate) const POLICY: Handler = |fields| ask(fields, policy);
pub(crate) const MATCH: Handler = |fields| ask(fields, matches);
pub(crate) const RESPONSE: Handler = |fields| ask(fields, response);
pub(crate) const DISCOVER: Handler = |fields| ask(fields, discover);

const fn profile(profile: request::Profile) -> Profile {
    match profile {
        request::Profile::Rfc => Profile::Rfc,
        request::Profile::Interop => Profile::Interop,
    }
}

fn record(request: asked::Record) -> Answer {
    match Record::from_answer(&request.txt, profile(request.profile)) {
        Ok(record) => {
            let answer = Answer::new("record").with("policy_id", record.id().as_str());
            with_deviations(answer, request.profile, record.deviation())
        }
        Err(error) => Answer::new("none").because(error.reason()),
    }
}

fn policy(request: asked::Policy) -> Answer {
    match Policy::parse(&request.body_b64.0, profile(request.profile)) {
        Ok(policy) => with_policy(Answer::new("policy"), &policy, request.profile),
        Err(error) => Answer::new("invalid").because(error.reason()),
    }
}

fn with_policy(answer: Answer, policy: &Policy, profile: request::Profile) -> Answer {
    let answer = answer
        .with("mode", policy.mode().as_str())
        .with("max_age", policy.max_age().as_secs())
        .with("mx", patterns(policy));
    let deviations = policy.deviations().into_iter().map(|deviation| deviation.what);
    with_deviations(answer, profile, deviations)
}

fn patterns(policy: &Policy) -> Vec<String> {
    policy.patterns().map(|pattern| pattern.to_string()).collect()
}

/// Deviations are listed where they are accepted.
fn with_deviations(
    answer: Answer,
    profile: request::Profile,
    deviations: impl IntoIterator<Item = Deviation>,
) -> Answer {
    if profile == request::Profile::Rfc {
        return answer;
    }
    let mut words = Vec::new();
    for deviation in deviations {
        if !words.contains(&deviation.word()) {
            words.push(deviation.word());
        }
    }
    answer.with("deviations", words)
}

fn matches(request: asked::Match) -> Answer {
    let patterns = request.mx.iter().map(|pattern| MxPattern::try_from(pattern.as_str()));
    let patterns = match patterns.collect::<Result<Vec<_>, _>>() {
        Ok(patterns) => patterns,
        Err(error) => return Answer::new("invalid").because(error.reason()),
    };
    match request.host.parse::<HostName>() {
        Ok(host) if patterns.iter().any(|pattern| pattern.matches(&host)) => Answer::new("match"),
        Ok(_) => Answer::new("no-match"),
        Err(_) => Answer::new("invalid").because("invalid-host"),
    }
}

fn response(request: asked::Response) -> Answer {
    let Ok(domain) = "example.org".parse() else { return Answer::unsupported() };
    let body = match exchange(&domain, &request.response_b64.0) {
        Ok(body) => body,
        Err(error) => return Answer::new("fetch-error").because(error.reason()),
    };
    match Policy::parse(body.as_bytes(), profile(request.profile)) {
        Ok(policy) => with_policy(Answer::new("policy"), &policy, request.profile),
        Err(error) => Answer::new("policy-invalid").because(error.reason()),
    }
}

/// What an exchange comes to when the policy host sends `response` and then ends the stream.
pub(crate) fn exchange(domain: &PolicyDomain, response: &[u8]) -> Result<PolicyBody, FetchError> {
    let mut exchange = Exchange::new(domain, UserAgent::NotSent);
    if let ExchangeAction::Send(bytes) = exchange.action() {
        let sent = bytes.len();
        exchange.handle(ExchangeInput::Sent(sent));
    }
    exchange.handle(ExchangeInput::Received(response));
    exchange.handle(ExchangeInput::Ended(StreamEnd::Clean));
    // After the end of the stream every exchange is done.
    exchange.into_result().unwrap_or(Err(FetchError::Truncated))
}

fn discover(request: asked::Discover) -> Answer {
    let now = instant(request.now);
    let Ok(domain) = request.domain.parse::<PolicyDomain>() else {
        return Answer::bad_request("bad-domain");
    };
    let stored = match &request.cached {
        None => Stored::default(),
        Some(cached) => match entry(cached) {
            Some(stored) => stored,
            None => return Answer::bad_request("bad-cached-id"),
        },
    };
    let mut options = Options::default();
    options.profile = profile(request.profile);
    let mut discovery = Discovery::new(domain.clone(), stored, &options, now);
    loop {
        let input = match discovery.action() {
            Action::LookUpTxt { .. } => Input::Txt(txt(&request.txt)),
            Action::Fetch { .. } => Input::Fetched(fetch(&domain, request.fetch.as_ref())),
            Action::Done(outcome) => return discovered(outcome),
            _ => return Answer::unsupported(),
        };
        if discovery.handle(input, now).is_err() {
            return Answer::unsupported();
        }
    }
}

const fn instant(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// What is stored of a domain: nothing if the body is no policy; `None` if the id is none.
fn entry(cached: &asked::Cached) -> Option<Stored> {
    let id = cached.id.parse().ok()?;
    let entry = Policy::parse(&cached.body_b64.0, Profile::Interop)
        .ok()
        .map(|policy| CacheEntry::new(id, policy, instant(cached.fetched_at)));
    Some(Stored::new(entry, FetchHistory::default()))
}

fn txt(answer: &asked::TxtAnswer) -> TxtAnswer {
    match answer {
        asked::TxtAnswer::Records(records) => TxtAnswer::from_records(records),
        asked::TxtAnswer::Missing(asked::Missing::TemporaryFailure) => TxtAnswer::TemporaryFailure,
        asked::TxtAnswer::Missing(asked::Missing::Nonexistent) => {
            TxtAnswer::from_records::<[&[u8]; 0]>([])
        }
    }
}

fn fetch(domain: &PolicyDomain, fetch: Option<&asked::Fetch>) -> Result<PolicyBody, FetchError> {
    match fetch {
        Some(asked::Fetch::Response { response_b64 }) => exchange(domain, &response_b64.0),
        Some(asked::Fetch::Failure { failure }) => Err(match failure {
            asked::FetchFailure::ConnectionFailed => FetchError::ConnectionFailed,
            asked::FetchFailure::CertificateInvalid => {
                FetchError::Certificate(CertificateFault::Invalid)
            }
            asked::FetchFailure::TimedOut => FetchError::TimedOut,
        }),
        None => Err(FetchError::ConnectionFailed),
    }
}

fn discovered(outcome: &Outcome) -> Answer {
    let failure = outcome.failure.as_ref();
    let answer = match &outcome.decision {
        Decision::Apply(applied) => with_applied(Answer::new("apply"), applied),
        Decision::NoPolicy(why) => Answer::new("no-policy").because(why.word()),
        _ => return Answer::unsupported(),
    };
    let answer = match failure {
        Some(failure) => answer.because(failure.reason()),
        None => answer,
    };
    answer
        .with("fetched", outcome.fetch == FetchMade::Yes)
        .with("result_type", failure.map(|failure| failure.result_type()))
}

fn with_applied(answer: Answer, applied: &Applied) -> Answer {
    answer
        .with("mode", applied.mode().as_str())
        .with("mx", patterns(applied.policy()))
        .with("policy_id", applied.id().as_str())
        .with("source", applied.source().word())
}
