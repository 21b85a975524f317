//! Sessions counted by several writers, and their counters merged.

use std::collections::{BTreeMap, BTreeSet};

use pki_types::DnsName;
use serde_json::{Map, Value};
use tlsrpt::{
    Counters, Failure, Outcome, Policy, PolicyOutcome, PolicyType, Record, Report, Reporter,
    ResultType, Session, Tally, UtcDay, Writer,
};

use super::super::input::Input;
use super::fail;

/// Writer, policy, outcome and failures of each session.
///
/// Merging counters in any order, once or twice, gives the same report; its counts are those of a
/// plain count of the sessions.
pub fn tally(data: &[u8]) {
    let Some(world) = World::read(&mut Input::new(data)) else { return };
    let [first, second, third] = &world.counters;
    let whole = world.report(&[first, second, third]);
    let report = whole.as_ref().map(Report::to_json);
    for order in [[third, first, second], [second, third, first], [third, second, first]] {
        assert_eq!(world.written(&order), report, "the order of merges has no meaning");
    }
    let twice = world.written(&[first, second, first, third, second, first]);
    assert_eq!(twice, report, "a snapshot may arrive twice");
    let pair = world.merged(&[second, third]);
    assert_eq!(world.written(&[first, &pair]), report, "what is merged may be merged");
    world.check(whole.as_ref());
}

struct World {
    counters: [Counters; 3],
    /// Successes, failures, and how often each kind of failure, by policy.
    expected: BTreeMap<usize, (u64, u64, BTreeMap<usize, u64>)>,
    reporter: Reporter,
    day: UtcDay,
}

const DOMAINS: [&str; 3] = ["example.net", "mx1.example.net", "other.example"];
const CODES: [&str; 3] = ["", "dane-no-match", "x"];

impl World {
    fn read(input: &mut Input<'_>) -> Option<Self> {
        let day: UtcDay = "2026-11-20".parse().ok()?;
        let record: Record = "v=TLSRPTv1; rua=mailto:tls@example.net".parse().ok()?;
        let mut tallies =
            ["a", "b", "c"].map(|node| Tally::new(Writer::new(node, 1), u64::from(input.byte())));
        let mut expected = BTreeMap::new();
        let mut count = 0;
        while !input.is_empty() && count < 200 {
            count += 1;
            let at = input.below(tallies.len());
            let outcome = session(input, &mut expected);
            let domain = DnsName::try_from("example.net").ok()?;
            let session = Session::new(domain, &record, day.start()).policy(outcome);
            if let Some(tally) = tallies.get_mut(at) {
                let counted = tally.record(&session, day.start());
                assert!(counted.is_ok(), "a good session is counted");
            }
        }
        let counters =
            tallies.map(|tally| tally.day(day).cloned().unwrap_or_else(|| Counters::new(0)));
        let reporter = Reporter::new("Example", "tls@sender.example", "node").ok()?;
        Some(Self { counters, expected, reporter, day })
    }

    fn merged(&self, parts: &[&Counters]) -> Counters {
        let mut whole = Counters::new(9);
        for part in parts {
            whole.merge(part);
        }
        whole
    }

    /// The report on these counters, if anything was counted.
    fn report(&self, parts: &[&Counters]) -> Option<Report<'static>> {
        let merged = self.merged(parts);
        let mut reports = merged.reports(&self.reporter, self.day);
        let report = reports.next()?.into_report();
        assert!(reports.next().is_none(), "there is one domain and one record");
        Some(report.into_owned())
    }

    /// The report in its canonical form.
    fn written(&self, parts: &[&Counters]) -> Option<String> {
        self.report(parts).map(|report| report.to_json())
    }

    fn check(&self, report: Option<&Report<'_>>) {
        let Some(report) = report else {
            assert!(self.expected.is_empty(), "what was counted is reported");
            return;
        };
        let mut found = BTreeMap::new();
        for policy in report.policies() {
            let summary = policy.summary();
            let details = policy
                .details()
                .iter()
                .map(|detail| (failure_number(&detail.failure), detail.failed_session_count));
            let kind = policy_number(policy.policy_type(), policy.policy_domain());
            let counts = (summary.successful, summary.failed, details.collect());
            assert!(found.insert(kind, counts).is_none(), "a policy is reported once");
        }
        assert_eq!(found, self.expected);
    }
}

fn session(
    input: &mut Input<'_>,
    expected: &mut BTreeMap<usize, (u64, u64, BTreeMap<usize, u64>)>,
) -> PolicyOutcome<'static> {
    let kind = input.below(9);
    let domain = DOMAINS.get(kind / 3).copied().unwrap_or_default();
    let policy = Policy::new(policy_type(kind % 3), domain);
    let (successes, failures, details) = expected.entry(kind).or_default();
    let outcome = input.one_of(Outcome::Success, &[Outcome::Failure]);
    match outcome {
        Outcome::Success => *successes += 1,
        Outcome::Failure => *failures += 1,
    }
    let mut result = PolicyOutcome::new(policy, outcome);
    let mut seen = BTreeSet::new();
    for _ in 0..input.byte() % 4 {
        let number = input.below(ResultType::REGISTERED.len() * CODES.len());
        result = result.failure(failure(number));
        // Equal failures of one session count once.
        if seen.insert(number) {
            *details.entry(number).or_default() += 1;
        }
    }
    result
}

fn policy_type(number: usize) -> PolicyType<'static> {
    match number {
        0 => PolicyType::TLSA,
        1 => PolicyType::STS,
        _ => PolicyType::NO_POLICY_FOUND,
    }
}

fn policy_number(kind: &PolicyType<'_>, domain: &str) -> usize {
    let domain = DOMAINS.iter().position(|known| *known == domain);
    let kind = (0..3).find(|number| policy_type(*number) == *kind);
    match (domain, kind) {
        (Some(domain), Some(kind)) => domain * 3 + kind,
        _ => fail("a policy that no session had"),
    }
}

fn failure(number: usize) -> Failure<'static> {
    let types = ResultType::REGISTERED;
    let kind = types.get(number % types.len()).cloned().unwrap_or(ResultType::VALIDATION_FAILURE);
    let mut failure = Failure::new(kind);
    let code = CODES.get(number / types.len()).copied().unwrap_or_default();
    failure.failure_reason_code = Some(code).filter(|code| !code.is_empty()).map(Into::into);
    failure
}

fn failure_number(found: &Failure<'_>) -> usize {
    let all = 0..ResultType::REGISTERED.len() * CODES.len();
    match all.into_iter().find(|number| failure(*number) == *found) {
        Some(number) => number,
        None => fail("a failure that no session had"),
    }
}

pub(in crate::properties) fn seed_tally(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: super::asked::Aggregate = super::request("tlsrpt.aggregate", operation, fields)?;
    let mut seed = vec![1, 2, 3];
    for (at, session) in (0..=u8::MAX).zip(request.sessions) {
        let failed = u8::from(session.result.is_some());
        seed.extend([at % 3, 0, at % 9, 0, failed, failed, 0, 0]);
    }
    Some(seed)
}
