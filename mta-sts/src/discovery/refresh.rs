//! The refresh of a cached policy: a run of its own, apart from deliveries.

use core::time::Duration;

use pki_types::UnixTime;

use super::input::{Action, Input, TxtAnswer, UnexpectedInput};
use super::options::Options;
use super::outcome::FetchMade;
use super::state::{Heard, State};
use super::trace::{Step, Trace};
use crate::cache::{Basis, CacheEntry, EntryUpdate, FetchHistory, Permission, StandIn, Update};
use crate::failure::{FailureKind, FetchError};
use crate::name::PolicyDomain;
use crate::policy::Policy;
use crate::profile::Profile;
use crate::record::PolicyId;

/// Why a policy is refreshed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefreshCause {
    /// It is due.
    Due,
    /// The operator wants it now. Neither back-off nor budget hold it up, and it is not counted.
    Operator,
}

/// The end of a [`Refresh`].
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefreshOutcome {
    /// What became of the policy.
    pub result: RefreshResult,
    /// What to keep.
    pub update: Update,
    /// Whether a fetch was made.
    pub fetch: FetchMade,
    /// How the result came about.
    pub trace: Trace,
}

/// What became of a policy that was to be refreshed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefreshResult {
    /// A valid policy was fetched and takes its place; its life counts from now.
    Replaced,
    /// A valid policy with `max_age` 0 was fetched, which ends it.
    Ended,
    /// The fetch failed. The policy and its life stay as they are.
    Failed(FetchError),
    /// No fetch was made, because others were of late.
    NotMade {
        /// When it may be made.
        until: UnixTime,
    },
}

/// Refreshes the policy of one domain, whatever its TXT record says
/// ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).
///
/// The record is looked up for its id alone: a valid policy is stored under the id of a record seen in
/// this run, else under the id that it had.
#[derive(Clone, Debug)]
pub struct Refresh {
    domain: PolicyDomain,
    entry: CacheEntry,
    history: FetchHistory,
    profile: Profile,
    cause: RefreshCause,
    trace: Trace,
    state: State<RefreshOutcome>,
}

impl Refresh {
    /// A refresh of this entry.
    #[must_use]
    pub fn new(
        domain: PolicyDomain,
        entry: CacheEntry,
        history: FetchHistory,
        options: &Options,
        cause: RefreshCause,
    ) -> Self {
        let profile = options.profile;
        let (trace, state) = (Trace::default(), State::LookUpTxt);
        Self { domain, entry, history, profile, cause, trace, state }
    }

    /// What is wanted now.
    #[must_use]
    pub fn action(&self) -> Action<'_, RefreshOutcome> {
        self.state.action(&self.domain)
    }

    /// How long the present wait may last: see [`Discovery::wait_limit`](super::Discovery::wait_limit).
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
            Heard::Fetched(id, Err(error)) => self.failed(id, error, now),
        }
        Ok(())
    }

    /// The result, if it is there.
    #[must_use]
    pub fn into_outcome(self) -> Option<RefreshOutcome> {
        self.state.into_outcome()
    }

    fn txt(&mut self, answer: TxtAnswer, now: UnixTime) {
        let id = match answer {
            TxtAnswer::Answered(Ok(record)) => {
                self.trace.push(Step::Announced(*record.id()));
                *record.id()
            }
            TxtAnswer::Answered(Err(error)) => {
                self.trace.push(Step::NoRecord(error));
                *self.entry.id()
            }
            TxtAnswer::TemporaryFailure => {
                self.trace.push(Step::TxtFailure);
                *self.entry.id()
            }
        };
        let stand_in = StandIn::of(Some(&self.entry).filter(|entry| entry.is_live(now)));
        match (self.cause, self.history.permission(&id, stand_in, now)) {
            (RefreshCause::Due, Permission::Refused { because, until, .. }) => {
                self.trace.push(Step::FetchRefused { because, until });
                self.finish(RefreshResult::NotMade { until }, Update::default(), FetchMade::No);
            }
            _ => self.state = State::Fetch { id },
        }
    }

    fn succeeded(&mut self, id: PolicyId, policy: Policy, now: UnixTime) {
        self.trace.push(Step::Fetched(policy.mode()));
        if id == *self.entry.id() && policy != *self.entry.policy() {
            self.trace.push(Step::ChangedWithoutId);
        }
        let history = self.history_after(id, None, now);
        let (result, entry) = if policy.max_age().is_zero() {
            self.trace.push(Step::NotKept);
            (RefreshResult::Ended, EntryUpdate::Remove)
        } else {
            (RefreshResult::Replaced, EntryUpdate::Put(CacheEntry::new(id, policy, now)))
        };
        self.finish(result, self.update(entry, history), FetchMade::Yes);
    }

    fn failed(&mut self, id: PolicyId, error: FetchError, now: UnixTime) {
        self.trace.push(Step::FetchFailed(error.kind()));
        let history = self.history_after(id, Some(error.kind()), now);
        let entry = EntryUpdate::Put(self.entry.with_failed_refresh(error.kind(), now));
        let update = self.update(entry, history);
        self.finish(RefreshResult::Failed(error), update, FetchMade::Yes);
    }

    fn update(&self, entry: EntryUpdate, history: Option<FetchHistory>) -> Update {
        Update { entry, history, basis: Basis::of(Some(&self.entry)) }
    }

    fn history_after(
        &self,
        id: PolicyId,
        failure: Option<FailureKind>,
        now: UnixTime,
    ) -> Option<FetchHistory> {
        match self.cause {
            RefreshCause::Due => Some(self.history.with_fetch(id, failure, now)),
            RefreshCause::Operator => None,
        }
    }

    fn finish(&mut self, result: RefreshResult, update: Update, fetch: FetchMade) {
        let trace = self.trace;
        self.state = State::Done(RefreshOutcome { result, update, fetch, trace });
    }
}
