//! What holds whatever happens: invariants over random sequences of events.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::collections::BTreeMap;

use core::time::Duration;

use mta_sts::{
    Action, CacheEntry, CertificateFault, Consequence, Decision, Discovery, EntryUpdate, Exemption,
    FetchError, FetchMade, HostFailure, Input, Mode, Options, PolicyBody, PolicyId, Refresh,
    RefreshCause, Report, Source, Stored, TxtAnswer, UnixTime, Update,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    Delivery {
        domain: usize,
        txt: Txt,
        fetch: Fetch,
    },
    Refresh {
        domain: usize,
        txt: Txt,
        fetch: Fetch,
    },
    Forward(u64),
    Back(u64),
    /// What is stored is written out and read again.
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Txt {
    Id(u8),
    Absent,
    Several,
    Failed,
}

#[derive(Clone, Copy, Debug)]
enum Fetch {
    Fails(FetchError),
    Page,
    Policy(Mode, u32),
}

const DOMAINS: [&str; 2] = ["example.org", "example.net"];
const START: u64 = 1_800_000_000;

fn txt() -> impl Strategy<Value = Txt> {
    prop_oneof![
        6 => (0..5u8).prop_map(Txt::Id),
        1 => Just(Txt::Absent),
        1 => Just(Txt::Several),
        1 => Just(Txt::Failed),
    ]
}

fn fetch() -> impl Strategy<Value = Fetch> {
    let mode = prop_oneof![Just(Mode::Enforce), Just(Mode::Testing), Just(Mode::None)];
    let max_age = prop_oneof![Just(0), Just(60), Just(600), Just(86_400), Just(31_557_600)];
    prop_oneof![
        2 => Just(Fetch::Fails(FetchError::ConnectionFailed)),
        1 => Just(Fetch::Fails(FetchError::Certificate(CertificateFault::NotTrusted))),
        1 => Just(Fetch::Fails(FetchError::Redirect(301))),
        1 => Just(Fetch::Page),
        5 => (mode, max_age).prop_map(|(mode, max_age)| Fetch::Policy(mode, max_age)),
    ]
}

fn events(back: u32) -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (0..2usize, txt(), fetch())
            .prop_map(|(domain, txt, fetch)| Event::Delivery { domain, txt, fetch }),
        2 => (0..2usize, txt(), fetch())
            .prop_map(|(domain, txt, fetch)| Event::Refresh { domain, txt, fetch }),
        4 => prop_oneof![0..10u64, 290..310u64, 0..4_000u64, 0..100_000u64].prop_map(Event::Forward),
        back => (0..100_000u64).prop_map(Event::Back),
        1 => Just(Event::Restart),
    ];
    proptest::collection::vec(event, 1..60)
}

/// What one delivery or refresh did.
#[derive(Debug)]
struct Step {
    domain: usize,
    now: u64,
    before: Stored,
    after: Stored,
    /// The id that was fetched for, and the result.
    fetch: Option<(PolicyId, Option<Fetch>)>,
    decision: Option<Decision>,
    /// Whether the record had an id.
    announced: bool,
    /// Whether a failure is to be reported.
    told: bool,
    changed: EntryUpdate,
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn answer(txt: Txt) -> TxtAnswer {
    match txt {
        Txt::Id(id) => TxtAnswer::from_records([[format!("v=STSv1; id=i{id}")]]),
        Txt::Absent => TxtAnswer::from_records::<[&str; 0]>([]),
        Txt::Several => TxtAnswer::from_records([["v=STSv1; id=i0"], ["v=STSv1; id=i1"]]),
        Txt::Failed => TxtAnswer::TemporaryFailure,
    }
}

/// The policy of a domain names that domain, so that it is known again.
fn brought(fetch: Fetch, domain: usize) -> Result<PolicyBody, FetchError> {
    let body = match fetch {
        Fetch::Fails(error) => return Err(error),
        Fetch::Page => "<html>".to_owned(),
        Fetch::Policy(mode, max_age) => format!(
            "version: STSv1\nmode: {mode}\nmx: mx.{}\nmax_age: {max_age}\n",
            DOMAINS[domain]
        ),
    };
    PolicyBody::from_response(200, [&b"text/plain"[..]], [], body.into_bytes())
}

fn play(events: &[Event]) -> Vec<Step> {
    let mut store: BTreeMap<usize, Stored> = BTreeMap::new();
    let (mut now, mut steps) = (START, Vec::new());
    for event in events {
        match event {
            Event::Forward(seconds) => now += seconds,
            Event::Back(seconds) => now -= seconds,
            Event::Restart => store.values_mut().for_each(restart),
            Event::Delivery { domain, txt, fetch } => {
                let before = store.get(domain).cloned().unwrap_or_default();
                let step = deliver(*domain, before, *txt, *fetch, now);
                store.insert(*domain, step.after.clone());
                steps.push(step);
            }
            Event::Refresh { domain, txt, fetch } => {
                let before = store.get(domain).cloned().unwrap_or_default();
                if let Some(step) = refresh(*domain, before, *txt, *fetch, now) {
                    store.insert(*domain, step.after.clone());
                    steps.push(step);
                }
            }
        }
    }
    steps
}

fn restart(stored: &mut Stored) {
    let entry = stored.entry.as_ref().map(mta_sts::CacheEntry::to_bytes);
    let history = stored.history.to_bytes();
    let entry = entry.map(|bytes| mta_sts::CacheEntry::from_bytes(&bytes).unwrap());
    let read = Stored::new(entry, mta_sts::FetchHistory::from_bytes(&history).unwrap());
    assert_eq!(read, *stored);
    *stored = read;
}

fn deliver(domain: usize, before: Stored, txt: Txt, fetch: Fetch, now: u64) -> Step {
    let name = DOMAINS[domain].parse().unwrap();
    let mut machine = Discovery::new(name, before.clone(), &Options::default(), at(now));
    machine.handle(Input::Txt(answer(txt)), at(now)).unwrap();
    if let Action::Fetch { domain: asked } = machine.action() {
        assert_eq!(asked.as_str(), DOMAINS[domain]);
        machine.handle(Input::Fetched(brought(fetch, domain)), at(now)).unwrap();
    }
    let outcome = machine.into_outcome().unwrap();
    let made = outcome.fetch == FetchMade::Yes;
    let (decision, told) = (Some(outcome.decision), outcome.failure.is_some());
    let step = step(domain, before, txt, made.then_some(fetch), now, outcome.update);
    Step { decision, told, ..step }
}

fn refresh(domain: usize, before: Stored, txt: Txt, fetch: Fetch, now: u64) -> Option<Step> {
    let entry = before.entry.clone()?;
    let name = DOMAINS[domain].parse().unwrap();
    let history = before.history.clone();
    let mut machine = Refresh::new(name, entry, history, &Options::default(), RefreshCause::Due);
    machine.handle(Input::Txt(answer(txt)), at(now)).unwrap();
    if let Action::Fetch { .. } = machine.action() {
        machine.handle(Input::Fetched(brought(fetch, domain)), at(now)).unwrap();
    }
    let outcome = machine.into_outcome().unwrap();
    let made = outcome.fetch == FetchMade::Yes;
    Some(step(domain, before, txt, made.then_some(fetch), now, outcome.update))
}

fn step(
    domain: usize,
    before: Stored,
    txt: Txt,
    fetch: Option<Fetch>,
    now: u64,
    update: Update,
) -> Step {
    let mut after = before.clone();
    after.apply(&update);
    let fetch = fetch.map(|fetch| {
        let id = match txt {
            Txt::Id(id) => format!("i{id}").parse().unwrap(),
            Txt::Absent | Txt::Several | Txt::Failed => *before.entry.as_ref().unwrap().id(),
        };
        (id, Some(fetch))
    });
    let announced = matches!(txt, Txt::Id(_));
    let changed = update.entry;
    Step { domain, now, before, after, fetch, decision: None, announced, told: false, changed }
}

impl Step {
    fn is_live_before(&self) -> bool {
        self.before.entry.as_ref().is_some_and(|entry| entry.is_live(at(self.now)))
    }

    fn fetched_policy(&self) -> Option<(Mode, u32)> {
        match self.fetch {
            Some((_, Some(Fetch::Policy(mode, max_age)))) => Some((mode, max_age)),
            _ => None,
        }
    }

    fn has_failed(&self) -> bool {
        self.fetch.is_some() && self.fetched_policy().is_none()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn i1_only_an_authenticated_fetch_changes_a_live_policy(events in events(1)) {
        for step in play(&events) {
            if step.fetched_policy().is_some() {
                continue;
            }
            let essence = |stored: &Stored| stored.entry.as_ref().map(|entry| {
                (*entry.id(), entry.policy().clone(), entry.fetched_at(), entry.expires_at())
            });
            prop_assert_eq!(essence(&step.before), essence(&step.after), "{:?}", step);
            if step.is_live_before() && let Some(decision) = &step.decision {
                let cached = step.before.entry.as_ref().unwrap();
                match decision {
                    Decision::Apply(applied) => {
                        prop_assert_eq!(applied.policy(), cached.policy());
                        prop_assert_eq!(applied.mode(), cached.policy().mode());
                        prop_assert_eq!(applied.source(), Source::Cache);
                    }
                    _ => prop_assert_eq!(cached.policy().mode(), Mode::None),
                }
            }
        }
    }

    #[test]
    fn i2_a_dead_policy_is_never_applied(events in events(1)) {
        for step in play(&events) {
            if step.is_live_before() || step.fetched_policy().is_some() {
                continue;
            }
            if let Some(decision) = &step.decision {
                prop_assert!(matches!(decision, Decision::NoPolicy(_)), "{:?}", step);
            }
            prop_assert!(!matches!(step.changed, EntryUpdate::Put(ref entry)
                if entry.is_live(at(step.now))), "{:?}", step);
        }
    }

    #[test]
    fn i3_fetches_are_few(events in events(0)) {
        let mut fetches: Vec<(usize, u64, PolicyId, bool)> = Vec::new();
        for step in play(&events) {
            let Some((id, _)) = step.fetch else { continue };
            let same = fetches.iter().rev().find(|(domain, _, other, _)| {
                *domain == step.domain && *other == id
            });
            if let Some((_, then, _, true)) = same {
                prop_assert!(step.now - then >= 300, "{:?}", step);
            }
            let counts = |(domain, then, _, failed): &&(usize, u64, PolicyId, bool)| {
                *domain == step.domain
                    && step.now - then < 3_600
                    && (*failed || step.is_live_before())
            };
            prop_assert!(fetches.iter().filter(counts).count() < 12, "{:?}", step);
            fetches.push((step.domain, step.now, id, step.has_failed()));
        }
    }

    #[test]
    fn s3_3_s5_1_only_failures_keep_a_delivery_from_the_policy_it_needs(events in events(0)) {
        let mut failures: Vec<(usize, u64)> = Vec::new();
        for step in play(&events) {
            if step.has_failed() {
                failures.push((step.domain, step.now));
            }
            let needs = step.announced && step.decision.is_some() && !step.is_live_before();
            if needs && step.fetch.is_none() {
                let failed = failures.iter().rev().any(|(domain, then)| {
                    *domain == step.domain && step.now - then < 3_600
                });
                prop_assert!(failed, "{:?}", step);
                prop_assert!(step.told, "{:?}", step);
            }
        }
    }

    #[test]
    fn i4_only_a_fetched_none_reads_as_none(events in events(1)) {
        let mut modes = [None, None];
        for step in play(&events) {
            if let Some((mode, max_age)) = step.fetched_policy() {
                modes[step.domain] = (max_age > 0).then_some(mode);
            }
            if let Some(entry) = &step.after.entry {
                prop_assert_eq!(Some(entry.policy().mode()), modes[step.domain], "{:?}", step);
            }
            if let Some(Decision::NoPolicy(mta_sts::NoPolicy::ModeNone)) = step.decision {
                let now_none = step.fetched_policy().is_some_and(|(mode, _)| mode == Mode::None);
                prop_assert!(now_none || modes[step.domain] == Some(Mode::None), "{:?}", step);
            }
        }
    }

    #[test]
    fn i7_domains_never_see_each_others_policy(events in events(1)) {
        for step in play(&events) {
            let own = format!("mx.{}", DOMAINS[step.domain]).parse().unwrap();
            let other = format!("mx.{}", DOMAINS[1 - step.domain]).parse().unwrap();
            if let Some(Decision::Apply(applied)) = &step.decision {
                prop_assert!(applied.allows(&own) && !applied.allows(&other), "{:?}", step);
            }
            if let Some(entry) = &step.after.entry {
                prop_assert!(entry.policy().allows(&own) && !entry.policy().allows(&other));
            }
        }
    }

    #[test]
    fn i9_a_clock_that_went_back_makes_no_life_longer(events in events(3)) {
        let mut fetched = [(0, 0); 2];
        for step in play(&events) {
            if let Some((_, max_age)) = step.fetched_policy() {
                fetched[step.domain] = (step.now, u64::from(max_age));
            }
            let Some(entry) = &step.after.entry else { continue };
            let (time, max_age) = fetched[step.domain];
            let end = time + max_age;
            prop_assert_eq!((entry.fetched_at(), entry.expires_at()), (at(time), at(end)));
            prop_assert!(entry.is_live(at(end)) && !entry.is_live(at(end + 1)));
            // Whatever `n` is, a refresh is planned within the life, and due at once before it.
            let planned = CacheEntry::new(*entry.id(), entry.policy().clone(), at(time));
            prop_assert!((at(time)..=at(end)).contains(&planned.refresh_at(u64::MAX)));
            prop_assert!(step.now >= time || planned.refresh_due(7, at(step.now)));
            // A failed refresh holds the next one up for its back-off, and for no other time.
            for now in [step.now, step.now + 299, step.now + 25_000, time.saturating_sub(1)] {
                let due = planned.refresh_due(7, at(now)) && !backs_off(entry, now);
                prop_assert_eq!(entry.refresh_due(7, at(now)), due, "at {}: {:?}", now, step);
            }
        }
    }
}

/// Whether the last failed refresh was made less than its back-off ago, not in a future that was none.
fn backs_off(entry: &CacheEntry, now: u64) -> bool {
    let Some((last, _, count)) = entry.failed_refreshes() else { return false };
    let waits = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200];
    let wait = waits.get(count as usize - 1).copied().unwrap_or(21_600);
    (last.as_secs()..last.as_secs() + wait).contains(&now)
}

/// Every failure of a host that a delivery can meet, but that it is out of reach.
fn host_failures() -> Vec<HostFailure> {
    let certificates = [
        CertificateFault::Expired,
        CertificateFault::HostMismatch,
        CertificateFault::Invalid,
        CertificateFault::NotTrusted,
    ];
    let others = [
        HostFailure::MxNotInPolicy,
        HostFailure::StartTlsNotSupported,
        HostFailure::HandshakeFailed,
    ];
    others.into_iter().chain(certificates.map(HostFailure::Certificate)).collect()
}

#[test]
fn i5_i8_a07_no_verdict_is_a_permission_of_its_own() {
    // A consequence forbids a host, leaves it to the local rules (of which DANE is one), or goes on.
    let reported = Consequence::LocalRules { report: Report::Yes };
    let unreported = Consequence::LocalRules { report: Report::No };
    for (mode, exemption, expected) in [
        (Mode::Enforce, Exemption::Nothing, Consequence::NotHere),
        (Mode::Enforce, Exemption::TlsRequiredNo, reported),
        (Mode::Testing, Exemption::Nothing, reported),
        (Mode::Testing, Exemption::TlsRequiredNo, reported),
        (Mode::None, Exemption::Nothing, unreported),
        (Mode::None, Exemption::TlsRequiredNo, unreported),
    ] {
        for failure in host_failures() {
            assert_eq!(failure.consequence(mode, exemption), expected, "{failure:?} {mode}");
        }
        let out_of_reach = HostFailure::NotReached.consequence(mode, exemption);
        assert_eq!(out_of_reach, Consequence::NextHost, "{mode}");
    }
}

#[test]
fn i6_a05_no_verdict_under_enforce_is_permanent() {
    for failure in host_failures() {
        // Not here, and elsewhere or later: no host of the domain is what makes a message bounce.
        let consequence = failure.consequence(Mode::Enforce, Exemption::Nothing);
        assert_eq!(consequence, Consequence::NotHere, "{failure:?}");
    }
    let out_of_reach = HostFailure::NotReached.consequence(Mode::Enforce, Exemption::Nothing);
    assert_eq!(out_of_reach, Consequence::NextHost);
}
