//! Deliveries and refreshes of one domain over a long time.

use core::time::Duration;

use mta_sts::{
    Action, CacheEntry, CertificateFault, Decision, Discovery, FetchError, FetchHistory, FetchMade,
    Input as Event, Mode, NoPolicy, OnTxtFailure, Options, Outcome, Policy, PolicyBody,
    PolicyDomain, PolicyId, Profile, Refresh, RefreshCause, Source, Stored, TxtAnswer, Update,
};
use pki_types::UnixTime;
use serde_json::{Map, Value};

use super::super::{fail, input::Input};
use crate::request::mta_sts as asked;

/// Events: a kind, the time that has passed (or gone back), what DNS says, what a fetch brings.
///
/// Only an authenticated fetch changes a live policy; a live policy is applied whatever fails, a
/// dead one never; a failed id is not fetched again within 300 seconds; in an hour a domain is fetched
/// not more than 12 times while its policy is live, and not more than 12 times in vain while it has
/// none; nothing but a failure keeps a delivery from the policy it needs; what is stored is read back.
pub fn discovery(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(mut world) = World::new(input.byte()) else { return };
    while !input.is_empty() {
        world.pass_time(&mut input);
        if input.byte().is_multiple_of(4) {
            world.refresh(&mut input);
        } else {
            world.deliver(&mut input);
        }
        world.store_and_load();
    }
}

/// One domain, what is stored of it, and every fetch that was made.
struct World {
    domain: PolicyDomain,
    options: Options,
    stored: Stored,
    now: u64,
    /// Whether the clock has never gone back.
    is_monotonic: bool,
    fetches: Vec<Fetch>,
}

#[derive(Clone, Copy)]
struct Fetch {
    at: u64,
    id: PolicyId,
    failed: bool,
}

impl World {
    fn new(choice: u8) -> Option<Self> {
        let mut options = Options::default();
        options.profile = if choice & 1 == 0 { Profile::Rfc } else { Profile::Interop };
        if choice & 2 != 0 {
            options.on_txt_failure = OnTxtFailure::Defer;
        }
        Some(Self {
            domain: "example.org".parse().ok()?,
            options,
            stored: Stored::default(),
            now: 1_000_000,
            is_monotonic: true,
            fetches: Vec::new(),
        })
    }

    fn time(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(self.now))
    }

    fn pass_time(&mut self, input: &mut Input<'_>) {
        let step = input.one_of(0, &[1, 299, 300, 301, 3_599, 3_600, 86_400, 604_800, 40_000_000]);
        if input.byte() == 255 {
            self.is_monotonic = false;
            self.now = self.now.saturating_sub(step);
        } else {
            self.now += step;
        }
    }

    fn live(&self) -> Option<CacheEntry> {
        let alive = |entry: &&CacheEntry| {
            let age = self.now.saturating_sub(entry.fetched_at().as_secs());
            age <= entry.policy().max_age().as_secs()
        };
        self.stored.entry.as_ref().filter(alive).cloned()
    }

    fn deliver(&mut self, input: &mut Input<'_>) {
        let now = self.time();
        let stored = self.stored.clone();
        let mut machine = Discovery::new(self.domain.clone(), stored, &self.options, now);
        let announced = announce(input);
        let mut fetched = None;
        for _ in 0..4 {
            let event = match machine.action() {
                Action::LookUpTxt { name } => {
                    assert_eq!(name, "_mta-sts.example.org");
                    txt(announced)
                }
                Action::Fetch { .. } => {
                    let Dns::Id(id) = announced else { fail("no id was announced") };
                    let live_id = self.live().map(|entry| *entry.id());
                    assert_ne!(live_id, id.parse().ok(), "the live policy is not fetched again");
                    self.may_fetch(id);
                    let body = fetch(input);
                    fetched = Some(body.clone());
                    self.note_fetch(id, body.as_ref());
                    Event::Fetched(body)
                }
                _ => break,
            };
            assert!(machine.handle(event, now).is_ok(), "what was asked for is taken");
        }
        let Some(outcome) = machine.into_outcome() else { fail("a delivery asks at most twice") };
        assert_eq!(outcome.fetch == FetchMade::Yes, fetched.is_some());
        if fetched.is_none() && self.live().is_none() && matches!(announced, Dns::Id(_)) {
            self.may_go_without(&outcome);
        }
        let policy = fetched.as_ref().and_then(|body| self.policy(body.as_ref()));
        self.check_decision(&outcome.decision, policy.as_ref(), announced);
        self.check_update(&outcome.update, policy.as_ref());
        self.stored.apply(&outcome.update);
    }

    /// The policy of a fetch that succeeded in full.
    fn policy(&self, body: Result<&PolicyBody, &FetchError>) -> Option<Policy> {
        Policy::parse(body.ok()?.as_bytes(), self.options.profile).ok()
    }

    /// The decision is that for the fetched policy, else for the live one, else there is none.
    fn check_decision(&self, decision: &Decision, fetched: Option<&Policy>, announced: Dns) {
        let live = self.live();
        let expected = fetched.or(live.as_ref().map(CacheEntry::policy));
        match (decision, expected) {
            (Decision::Apply(applied), Some(policy)) => {
                assert_eq!(applied.policy(), policy);
                assert_eq!(applied.mode(), policy.mode());
                let source = if fetched.is_some() { Source::Fetched } else { Source::Cache };
                assert_eq!(applied.source(), source);
            }
            (Decision::NoPolicy(NoPolicy::ModeNone), Some(policy)) => {
                assert_eq!(policy.mode(), Mode::None, "nothing but `none` reads as `none`");
            }
            (Decision::NoPolicy(why), None) => assert_ne!(*why, NoPolicy::ModeNone),
            (Decision::Defer, None) => {
                assert_eq!(self.options.on_txt_failure, OnTxtFailure::Defer);
                assert!(matches!(announced, Dns::Failure));
            }
            (decision, expected) => fail(&format!("{decision:?}, not {expected:?}")),
        }
    }

    /// Nothing but a policy that was fetched changes the entry.
    fn check_update(&self, update: &Update, fetched: Option<&Policy>) {
        let mut after = self.stored.clone();
        after.apply(update);
        match fetched {
            None => {
                let before = self.stored.entry.as_ref().map(what_binds);
                assert_eq!(after.entry.as_ref().map(what_binds), before, "nothing was fetched");
            }
            Some(policy) if policy.max_age().is_zero() => assert!(after.entry.is_none()),
            Some(policy) => {
                let entry = after.entry.as_ref().map(what_binds);
                assert_eq!(entry.map(|(_, policy, at)| (policy, at)), Some((policy, self.now)));
            }
        }
    }

    fn refresh(&mut self, input: &mut Input<'_>) {
        let Some(entry) = self.live() else { return };
        let now = self.time();
        let history = self.stored.history.clone();
        let (domain, cause) = (self.domain.clone(), RefreshCause::Due);
        let mut machine = Refresh::new(domain, entry.clone(), history, &self.options, cause);
        let announced = announce(input);
        let mut fetched = None;
        for _ in 0..4 {
            let event = match machine.action() {
                Action::LookUpTxt { .. } => txt(announced),
                Action::Fetch { .. } => {
                    let body = fetch(input);
                    fetched = Some(body.clone());
                    let own = entry.id().as_str();
                    let id = if let Dns::Id(id) = announced { id } else { own };
                    self.may_fetch(id);
                    self.note_fetch(id, body.as_ref());
                    Event::Fetched(body)
                }
                _ => break,
            };
            assert!(machine.handle(event, now).is_ok(), "what was asked for is taken");
        }
        let Some(outcome) = machine.into_outcome() else { fail("a refresh asks at most twice") };
        let policy = fetched.as_ref().and_then(|body| self.policy(body.as_ref()));
        self.check_update(&outcome.update, policy.as_ref());
        self.stored.apply(&outcome.update);
    }

    fn may_fetch(&self, id: &str) {
        if !self.is_monotonic {
            return;
        }
        let last = self.fetches.iter().rev().find(|fetch| fetch.id.as_str() == id);
        let backs_off = last.is_some_and(|fetch| fetch.failed && self.now - fetch.at < 300);
        assert!(!backs_off, "a failed id is left alone for five minutes");
        let counts = |fetch: &&Fetch| fetch.failed || self.live().is_some();
        let recent = self.recent().filter(counts);
        assert!(recent.count() < 12, "a domain is fetched at most 12 times in an hour");
    }

    fn recent(&self) -> impl Iterator<Item = &Fetch> {
        self.fetches.iter().filter(|fetch| self.now - fetch.at < 3_600)
    }

    /// A delivery without a live policy was kept from the fetch for an announced one.
    fn may_go_without(&self, outcome: &Outcome) {
        if !self.is_monotonic {
            return;
        }
        assert!(self.recent().any(|fetch| fetch.failed), "only a failure is a reason to wait");
        assert!(outcome.failure.is_some(), "a policy that is missing is reported");
    }

    fn note_fetch(&mut self, id: &str, body: Result<&PolicyBody, &FetchError>) {
        let failed = self.policy(body).is_none();
        if let Ok(id) = id.parse() {
            self.fetches.push(Fetch { at: self.now, id, failed });
        }
    }

    /// A store that was closed and opened again holds the same.
    fn store_and_load(&mut self) {
        let entry = self.stored.entry.as_ref().map(|entry| {
            let loaded = CacheEntry::from_bytes(&entry.to_bytes());
            assert_eq!(loaded.as_ref(), Ok(entry));
            loaded.unwrap_or_else(|_| entry.clone())
        });
        let history = FetchHistory::from_bytes(&self.stored.history.to_bytes());
        assert_eq!(history.as_ref(), Ok(&self.stored.history));
        self.stored = Stored::new(entry, history.unwrap_or_default());
    }
}

/// What of an entry binds a delivery. Failed refreshes are counted beside it.
fn what_binds(entry: &CacheEntry) -> (&PolicyId, &Policy, u64) {
    (entry.id(), entry.policy(), entry.fetched_at().as_secs())
}

/// What DNS says.
#[derive(Clone, Copy)]
enum Dns {
    Id(&'static str),
    Nothing,
    Broken,
    Several,
    Failure,
}

fn announce(input: &mut Input<'_>) -> Dns {
    let others =
        [Dns::Id("b"), Dns::Id("c"), Dns::Nothing, Dns::Broken, Dns::Several, Dns::Failure];
    input.one_of(Dns::Id("a"), &others)
}

fn txt(dns: Dns) -> Event {
    Event::Txt(match dns {
        Dns::Id(id) => TxtAnswer::from_records([[format!("v=STSv1; id={id};")]]),
        Dns::Nothing => TxtAnswer::from_records([["v=spf1 -all"]]),
        Dns::Broken => TxtAnswer::from_records([["v=STSv1; id=;"]]),
        Dns::Several => TxtAnswer::from_records([["v=STSv1; id=a;"], ["v=STSv1; id=b;"]]),
        Dns::Failure => TxtAnswer::TemporaryFailure,
    })
}

/// What a fetch brings: a policy, something that is none, or a failure.
fn fetch(input: &mut Input<'_>) -> Result<PolicyBody, FetchError> {
    let mode = input.one_of("enforce", &["testing", "none", "NONE"]);
    let max_age = input.one_of("86400", &["0", "1", "300", "31557600", "9999999999", "-1"]);
    let kind = input.one_of(Kind::Policy, &[Kind::Status, Kind::Certificate, Kind::Timeout]);
    let body = format!("version: STSv1\nmode: {mode}\nmx: mx.example.org\nmax_age: {max_age}\n");
    let plain = [b"text/plain".as_slice()];
    match kind {
        Kind::Policy => PolicyBody::from_response(200, plain, [], body.into_bytes()),
        Kind::Status => PolicyBody::from_response(404, plain, [], body.into_bytes()),
        Kind::Certificate => Err(FetchError::Certificate(CertificateFault::NotTrusted)),
        Kind::Timeout => Err(FetchError::TimedOut),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Policy,
    Status,
    Certificate,
    Timeout,
}

pub(in crate::properties) fn seed_discovery(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Discover = super::request("mta_sts.discover", operation, fields)?;
    // A first contact that succeeds, then what the vector says at its distance in time.
    let mut seed = vec![0, 0, 0, 1, 0, 0, 0, 0];
    let dns = match request.txt {
        asked::TxtAnswer::Records(_) => 1,
        asked::TxtAnswer::Missing(asked::Missing::Nonexistent) => 3,
        asked::TxtAnswer::Missing(asked::Missing::TemporaryFailure) => 6,
    };
    let fetch = u8::from(!matches!(request.fetch, Some(asked::Fetch::Response { .. })));
    seed.extend([2, 0, 1, dns, 0, 0, fetch]);
    Some(seed)
}
