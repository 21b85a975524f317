//! What a machine wants, and what happens to it.

use super::outcome::Outcome;
use crate::failure::FetchError;
use crate::http::PolicyBody;
use crate::name::PolicyDomain;
use crate::profile::Profile;
use crate::record::{Record, RecordError};

/// What a machine wants.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action<'a, T = Outcome> {
    /// Ask DNS for the TXT records of this name, following CNAMEs.
    LookUpTxt {
        /// `_mta-sts.<domain>`
        name: &'a str,
    },
    /// Fetch the policy of this domain: see [`Exchange`](crate::Exchange).
    Fetch {
        /// The policy domain, whatever CNAMEs the look-up followed.
        domain: &'a PolicyDomain,
    },
    /// Nothing: this is the result.
    Done(&'a T),
}

/// What happens to a machine.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Input {
    /// The answer to [`Action::LookUpTxt`].
    Txt(TxtAnswer),
    /// The answer to [`Action::Fetch`].
    Fetched(Result<PolicyBody, FetchError>),
    /// The wait limit has passed.
    TimedOut,
}

/// What DNS says of `_mta-sts.<domain>`.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TxtAnswer {
    /// The record, or why there is none that is usable.
    Answered(Result<Record, RecordError>),
    /// The look-up failed for a while: SERVFAIL, a timeout, or bogus DNSSEC.
    TemporaryFailure,
}

impl TxtAnswer {
    /// Takes the TXT records of an answer, each a list of character-strings. If there are none, or the
    /// name does not exist, the list is empty.
    pub fn from_records<R>(records: impl IntoIterator<Item = R>) -> Self
    where
        R: IntoIterator<Item: AsRef<[u8]>>,
    {
        // Where the stricter profile finds a record, this one finds the same.
        Self::Answered(Record::from_answer(records, Profile::Interop))
    }

    /// As the profile sees it: `Rfc` drops a record with a deviation.
    pub(super) fn in_profile(self, profile: Profile) -> Self {
        match (self, profile) {
            (Self::Answered(Ok(record)), Profile::Rfc) if record.deviation().is_some() => {
                Self::Answered(Err(RecordError::NoRecord))
            }
            (answer, _) => answer,
        }
    }
}

/// The input answers something that was not asked. The machine is as it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the input answers an action that is not wanted now")]
pub struct UnexpectedInput;

impl UnexpectedInput {
    /// A stable word for logs and reports: `unexpected-input`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        "unexpected-input"
    }
}
