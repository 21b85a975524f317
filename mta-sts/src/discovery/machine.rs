//! The delivery machine: table by table what sections 3 and 5.1 ask for.

use core::time::Duration;

use pki_types::UnixTime;

use super::input::{Action, Input, TxtAnswer, UnexpectedInput};
use super::options::{OnTxtFailure, Options, Override};
use super::outcome::{Applied, Decision, FetchMade, NoPolicy, Outcome, ReportedFailure, Source};
use super::state::{Heard, State};
use super::trace::{Step, Trace};
use crate::cache::{
    Basis, CacheEntry, EntryUpdate, FetchHistory, Permission, StandIn, Stored, Update,
};
use crate::failure::FailureKind;
use crate::name::PolicyDomain;
use crate::policy::{Mode, Policy};
use crate::profile::Profile;
use crate::publish::content_id;
use crate::record::PolicyId;

/// Finds the policy for one delivery.
///
/// Whatever fails, a live cached policy is applied; without one the delivery goes on as if the domain
/// had no policy ([RFC 8461 sections 3.3 and 5.1](https://www.rfc-editor.org/rfc/rfc8461#section-5.1)).
///
/// ```
/// use mta_sts::{Action, Decision, Discovery, Input, Options, Stored, TxtAnswer};
/// # let now = mta_sts::UnixTime::since_unix_epoch(core::time::Duration::from_secs(1));
///
/// let mut discovery = Discovery::new("example.org".parse()?, Stored::default(), &Options::default(), now);
/// let Action::LookUpTxt { name } = discovery.action() else { unreachable!() };
/// assert_eq!(name, "_mta-sts.example.org");
/// let answer = TxtAnswer::from_records([["v=spf1 -all"]]);
/// discovery.handle(Input::Txt(answer), now)?;
/// let Action::Done(outcome) = discovery.action() else { unreachable!() };
/// assert!(matches!(outcome.decision, Decision::NoPolicy(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Discovery {
    domain: PolicyDomain,
    cached: Option<CacheEntry>,
    history: FetchHistory,
    profile: Profile,
    on_txt_failure: OnTxtFailure,
    mode_change: ModeChange,
    trace: Trace,
    state: State<Outcome>,
}

/// What becomes of the mode of a policy that the domain publishes.
#[derive(Clone, Copy, Debug)]
enum ModeChange {
    Nothing,
    ToEnforce,
    ToTesting,
}

impl ModeChange {
    const fn of(policy_override: &Override) -> Self {
        match policy_override {
            Override::Enforce => Self::ToEnforce,
            Override::DangerTesting => Self::ToTesting,
            Override::Nothing
            | Override::Pinned(_)
            | Override::DangerOff
            | Override::DangerPinned(_) => Self::Nothing,
        }
    }
}

impl Discovery {
    /// A delivery to this domain, of which this is stored.
    ///
    /// A pin in the store counts in place of the override in the options.
    #[must_use]
    pub fn new(domain: PolicyDomain, stored: Stored, options: &Options, now: UnixTime) -> Self {
        let policy_override = match &stored.pin {
            Override::Nothing => &options.policy_override,
            pin => pin,
        };
        let mut discovery = Self {
            domain,
            cached: stored.entry,
            history: stored.history,
            profile: options.profile,
            on_txt_failure: options.on_txt_failure,
            mode_change: ModeChange::of(policy_override),
            trace: Trace::default(),
            state: State::LookUpTxt,
        };
        discovery.start(policy_override, now);
        discovery
    }

    /// What is wanted now.
    #[must_use]
    pub fn action(&self) -> Action<'_> {
        self.state.action(&self.domain)
    }

    /// How long the present wait may last: a minute for a fetch (section 3.3). For a look-up the
    /// resolver's own limit counts.
    #[must_use]
    pub const fn wait_limit(&self) -> Option<Duration> {
        self.state.wait_limit()
    }

    /// Takes what happened.
    ///
    /// # Errors
    ///
    /// [`UnexpectedInput`] if it answers something else than [`Self::action`].
    pub fn handle(&mut self, input: Input, now: UnixTime) -> Result<(), UnexpectedInput> {
        match self.state.hear(input, self.profile)? {
            Heard::Txt(answer) => self.txt(answer, now),
            Heard::Fetched(id, Ok(policy)) => self.succeeded(id, policy, now),
            Heard::Fetched(id, Err(error)) => self.failed(id, error.kind(), now),
        }
        Ok(())
    }

    /// The result, if it is there.
    #[must_use]
    pub fn into_outcome(self) -> Option<Outcome> {
        self.state.into_outcome()
    }

    fn start(&mut self, policy_override: &Override, now: UnixTime) {
        let pinned = match policy_override {
            Override::DangerOff => {
                self.trace.push(Step::OperatorDecides);
                return self.done(Decision::NoPolicy(NoPolicy::OperatorOff));
            }
            Override::Pinned(policy) => Some((policy.clone(), Mode::Enforce)),
            Override::DangerPinned(policy) => Some((policy.clone(), policy.mode())),
            Override::Nothing | Override::Enforce | Override::DangerTesting => None,
        };
        if let Some((policy, mode)) = pinned {
            self.trace.push(Step::OperatorDecides);
            let id = content_id(policy.as_str());
            let decision = decide(Applied { policy, mode, id, source: Source::Operator });
            return self.done(decision);
        }
        self.trace.push(match &self.cached {
            None => Step::NothingCached,
            Some(entry) if entry.is_live(now) => {
                Step::CachedLive { id: *entry.id(), expires_at: entry.expires_at() }
            }
            Some(entry) => Step::CachedDead { expired_at: entry.expires_at() },
        });
        if self.domain.record_name().is_none() {
            self.trace.push(Step::NoRecordName);
            let decision = self.cached_or(NoPolicy::NoRecord, now);
            self.done(decision);
        }
    }

    fn txt(&mut self, answer: TxtAnswer, now: UnixTime) {
        let (id, otherwise) = match answer {
            TxtAnswer::Answered(Ok(record)) => {
                self.trace.push(Step::Announced(*record.id()));
                (Some(*record.id()), NoPolicy::FetchFailed)
            }
            TxtAnswer::Answered(Err(error)) => {
                self.trace.push(Step::NoRecord(error));
                (None, NoPolicy::NoRecord)
            }
            TxtAnswer::TemporaryFailure => {
                self.trace.push(Step::TxtFailure);
                (None, NoPolicy::TxtFailure)
            }
        };
        match (id, self.live(now)) {
            // Only a new id asks for a fetch; a missing record takes nothing away (section 5.1).
            (Some(id), Some(entry)) if *entry.id() != id => self.new_id(id, now),
            (Some(id), None) => self.new_id(id, now),
            (_, Some(_)) | (None, None) => {
                let decision = self.cached_or(otherwise, now);
                self.done(decision);
            }
        }
    }

    fn new_id(&mut self, id: PolicyId, now: UnixTime) {
        match self.history.permission(&id, StandIn::of(self.live(now)), now) {
            Permission::Granted => self.state = State::Fetch { id },
            Permission::Refused { because, until, failure } => {
                self.trace.push(Step::FetchRefused { because, until });
                let decision = self.cached_or(NoPolicy::FetchFailed, now);
                let failure = failure.and_then(|kind| self.reported(kind, now));
                self.finish(decision, Update::default(), FetchMade::No, failure, Some(until));
            }
        }
    }

    fn succeeded(&mut self, id: PolicyId, policy: Policy, now: UnixTime) {
        self.trace.push(Step::Fetched(policy.mode()));
        let entry = self.entry_update(id, &policy, now);
        let history = Some(self.history.with_fetch(id, None, now));
        let basis = Basis::of(self.cached.as_ref());
        let mode = self.mode(policy.mode());
        let decision = decide(Applied { policy, mode, id, source: Source::Fetched });
        self.finish(decision, Update { entry, history, basis }, FetchMade::Yes, None, None);
    }

    fn entry_update(&mut self, id: PolicyId, policy: &Policy, now: UnixTime) -> EntryUpdate {
        if !policy.max_age().is_zero() {
            return EntryUpdate::Put(CacheEntry::new(id, policy.clone(), now));
        }
        self.trace.push(Step::NotKept);
        match self.cached {
            Some(_) => EntryUpdate::Remove,
            None => EntryUpdate::Keep,
        }
    }

    fn failed(&mut self, id: PolicyId, kind: FailureKind, now: UnixTime) {
        self.trace.push(Step::FetchFailed(kind));
        let history = self.history.with_fetch(id, Some(kind), now);
        let retry_at = match history.permission(&id, StandIn::of(self.live(now)), now) {
            Permission::Granted => None,
            Permission::Refused { until, .. } => Some(until),
        };
        let decision = self.cached_or(NoPolicy::FetchFailed, now);
        let failure = self.reported(kind, now);
        let update = Update { history: Some(history), ..Update::default() };
        self.finish(decision, update, FetchMade::Yes, failure, retry_at);
    }

    fn live(&self, now: UnixTime) -> Option<&CacheEntry> {
        self.cached.as_ref().filter(|entry| entry.is_live(now))
    }

    /// The cached policy if it is live, else nothing, for this reason.
    fn cached_or(&mut self, otherwise: NoPolicy, now: UnixTime) -> Decision {
        match self.live(now) {
            Some(entry) => {
                let (policy, id) = (entry.policy().clone(), *entry.id());
                let mode = self.mode(policy.mode());
                decide(Applied { policy, mode, id, source: Source::Cache })
            }
            None if otherwise == NoPolicy::TxtFailure
                && self.on_txt_failure == OnTxtFailure::Defer =>
            {
                Decision::Defer
            }
            None => Decision::NoPolicy(otherwise),
        }
    }

    /// No failure is reported while a `none` is cached (section 8.3).
    fn reported(&self, kind: FailureKind, now: UnixTime) -> Option<ReportedFailure> {
        match self.live(now) {
            Some(entry) if entry.policy().mode() == Mode::None => None,
            Some(entry) => {
                Some(ReportedFailure { kind, cached_policy: Some(entry.policy().clone()) })
            }
            None => Some(ReportedFailure { kind, cached_policy: None }),
        }
    }

    /// The mode that the operator wants instead of this one. A `none` is never made into more.
    fn mode(&mut self, from: Mode) -> Mode {
        let to = match (self.mode_change, from) {
            (ModeChange::ToEnforce, Mode::Testing) => Mode::Enforce,
            (ModeChange::ToTesting, Mode::Enforce) => Mode::Testing,
            _ => return from,
        };
        self.trace.push(Step::OperatorChangesMode { from, to });
        to
    }

    fn done(&mut self, decision: Decision) {
        self.finish(decision, Update::default(), FetchMade::No, None, None);
    }

    fn finish(
        &mut self,
        decision: Decision,
        update: Update,
        fetch: FetchMade,
        failure: Option<ReportedFailure>,
        retry_at: Option<UnixTime>,
    ) {
        let trace = self.trace;
        self.state = State::Done(Outcome { decision, update, fetch, failure, retry_at, trace });
    }
}

/// A `none` is as good as no policy (section 5).
fn decide(applied: Applied) -> Decision {
    match applied.mode {
        Mode::Enforce | Mode::Testing => Decision::Apply(applied),
        Mode::None => Decision::NoPolicy(NoPolicy::ModeNone),
    }
}
