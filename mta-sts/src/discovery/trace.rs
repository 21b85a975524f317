//! How a decision came about, step by step.

use core::fmt;

use pki_types::UnixTime;

use crate::cache::Refusal;
use crate::failure::FailureKind;
use crate::policy::Mode;
use crate::record::{PolicyId, RecordError};

/// The steps to a decision, in order: at most [`Trace::MAX_LEN`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Trace {
    steps: [Option<Step>; Trace::MAX_LEN],
}

impl Trace {
    /// More steps than a machine can take.
    pub const MAX_LEN: usize = 6;

    pub(super) fn push(&mut self, step: Step) {
        let free = self.steps.iter_mut().find(|free| free.is_none());
        debug_assert!(free.is_some(), "a machine takes fewer steps");
        if let Some(free) = free {
            *free = Some(step);
        }
    }

    /// The steps.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flatten()
    }
}

/// One step to a decision. `Display` tells it in a line.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// The cache has a live policy.
    CachedLive {
        /// Its id.
        id: PolicyId,
        /// Its last second.
        expires_at: UnixTime,
    },
    /// The cache has a policy that is dead.
    CachedDead {
        /// Its last second.
        expired_at: UnixTime,
    },
    /// The cache has no policy.
    NothingCached,
    /// The operator's word counts instead of the domain's.
    OperatorDecides,
    /// The policy of the domain is applied in the mode that the operator wants.
    OperatorChangesMode {
        /// What the policy says.
        from: Mode,
        /// What is applied.
        to: Mode,
    },
    /// The domain can have no record: its name is an address or too long.
    NoRecordName,
    /// The record announces this id.
    Announced(PolicyId),
    /// There is no usable record.
    NoRecord(RecordError),
    /// The record could not be looked up.
    TxtFailure,
    /// No fetch is made now.
    FetchRefused {
        /// Why.
        because: Refusal,
        /// When it may be made.
        until: UnixTime,
    },
    /// A policy was fetched.
    Fetched(Mode),
    /// A policy was fetched that is another than the cached one, though the id is the same.
    ChangedWithoutId,
    /// The fetched policy has `max_age` 0: it is used once and not kept.
    NotKept,
    /// The fetch failed.
    FetchFailed(FailureKind),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CachedLive { id, expires_at } => {
                write!(f, "policy {id} is cached and lives until {}", expires_at.as_secs())
            }
            Self::CachedDead { expired_at } => {
                write!(f, "the cached policy died at {}", expired_at.as_secs())
            }
            Self::NothingCached => f.write_str("no policy is cached"),
            Self::OperatorDecides => f.write_str("the operator decides for this domain"),
            Self::OperatorChangesMode { from, to } => {
                write!(f, "the operator wants mode {to} in place of {from}")
            }
            Self::NoRecordName => f.write_str("the domain can have no record"),
            Self::Announced(id) => write!(f, "the record announces policy {id}"),
            Self::NoRecord(error) => write!(f, "no usable record: {error}"),
            Self::TxtFailure => f.write_str("the record could not be looked up"),
            Self::FetchRefused { because: Refusal::BackOff, until } => {
                write!(f, "a fetch failed of late, none before {}", until.as_secs())
            }
            Self::FetchRefused { because: Refusal::Budget, until } => {
                write!(f, "there were many fetches of late, none before {}", until.as_secs())
            }
            Self::Fetched(mode) => write!(f, "a policy in mode {mode} was fetched"),
            Self::ChangedWithoutId => f.write_str("the policy changed without a new id"),
            Self::NotKept => f.write_str("the policy has max_age 0 and is not kept"),
            Self::FetchFailed(kind) => write!(f, "the fetch failed: {}", kind.reason()),
        }
    }
}
