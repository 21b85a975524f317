//! What both machines have in common: a look-up, perhaps a fetch, a result.

use core::time::Duration;

use super::input::{Action, Input, TxtAnswer, UnexpectedInput};
use crate::failure::FetchError;
use crate::http::FETCH;
use crate::name::PolicyDomain;
use crate::policy::Policy;
use crate::profile::Profile;
use crate::record::PolicyId;

/// Where a machine stands; `T` is what it comes to.
#[derive(Clone, Debug)]
pub(super) enum State<T> {
    LookUpTxt,
    Fetch { id: PolicyId },
    Done(T),
}

/// What an input says in the state in which it came.
pub(super) enum Heard {
    /// The record, or that there is none.
    Txt(TxtAnswer),
    /// The policy of this id, or why there is none.
    Fetched(PolicyId, Result<Policy, FetchError>),
}

impl<T> State<T> {
    pub(super) fn action<'a>(&'a self, domain: &'a PolicyDomain) -> Action<'a, T> {
        match self {
            Self::LookUpTxt => Action::LookUpTxt { name: domain.record_name().unwrap_or_default() },
            Self::Fetch { .. } => Action::Fetch { domain },
            Self::Done(outcome) => Action::Done(outcome),
        }
    }

    pub(super) const fn wait_limit(&self) -> Option<Duration> {
        match self {
            Self::Fetch { .. } => Some(FETCH),
            Self::LookUpTxt | Self::Done(_) => None,
        }
    }

    #[inline]
    pub(super) fn hear(&self, input: Input, profile: Profile) -> Result<Heard, UnexpectedInput> {
        Ok(match (self, input) {
            (Self::LookUpTxt, Input::Txt(answer)) => Heard::Txt(answer.in_profile(profile)),
            (Self::LookUpTxt, Input::TimedOut) => Heard::Txt(TxtAnswer::TemporaryFailure),
            (Self::Fetch { id }, Input::Fetched(fetched)) => Heard::Fetched(
                *id,
                fetched.and_then(|body| Ok(Policy::parse(body.as_bytes(), profile)?)),
            ),
            (Self::Fetch { id }, Input::TimedOut) => Heard::Fetched(*id, Err(FetchError::TimedOut)),
            _ => return Err(UnexpectedInput),
        })
    }

    pub(super) fn into_outcome(self) -> Option<T> {
        match self {
            Self::Done(outcome) => Some(outcome),
            Self::LookUpTxt | Self::Fetch { .. } => None,
        }
    }
}
