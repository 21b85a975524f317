//! What was fetched of late, which decides whether to fetch again.

use alloc::vec::Vec;
use core::iter;
use core::time::Duration;

use pki_types::UnixTime;

use super::{CacheEntry, after, age};
use crate::codec::{Magic, Reader, StoredFormError, Writer};
use crate::failure::FailureKind;
use crate::record::PolicyId;

/// The fetches of one domain in the last hour, kept beside its entry.
///
/// After a failed fetch there is none for the same id for 300 seconds ([RFC 8461 section
/// 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)). Over all ids there is a budget for an
/// hour, so that who can change the record at will cannot make us fetch at will: 12 fetches while a
/// live policy stands in, and 12 that failed while none does. A fetch that succeeds never holds up one
/// that a delivery needs for its policy, however short the lives of the policies are ([section
/// 5.1](https://www.rfc-editor.org/rfc/rfc8461#section-5.1)).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FetchHistory {
    /// Oldest first: the last [`BUDGET`], and those that failed among the last [`BUDGET`] that did.
    attempts: Vec<Attempt>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Attempt {
    at: UnixTime,
    id: PolicyId,
    failure: Option<FailureKind>,
}

/// Whether a policy stands in if no fetch is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StandIn {
    /// A live one is cached.
    Live,
    /// None is cached, or a dead one: without a fetch the delivery has no policy.
    Nothing,
}

impl StandIn {
    pub(crate) const fn of(live: Option<&CacheEntry>) -> Self {
        match live {
            Some(_) => Self::Live,
            None => Self::Nothing,
        }
    }
}

/// Whether a fetch may be made.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Permission {
    /// It may.
    Granted,
    /// It may not.
    Refused {
        /// Why.
        because: Refusal,
        /// When it may again.
        until: UnixTime,
        /// The latest failure, because of which this delivery lacks the policy. There always is one if
        /// nothing stands in.
        failure: Option<FailureKind>,
    },
}

/// Why a fetch may not be made.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The last fetch for this id failed less than 300 seconds ago.
    BackOff,
    /// In the last hour there were 12 fetches, or 12 failed ones if nothing stands in.
    Budget,
}

impl FetchHistory {
    /// Whether to fetch a policy with this id, given what stands in without it.
    #[must_use]
    pub fn permission(&self, id: &PolicyId, stand_in: StandIn, now: UnixTime) -> Permission {
        let recent = || self.attempts.iter().filter(|attempt| attempt.counts(now));
        if let Some(Attempt { at, failure: Some(failure), .. }) =
            recent().rev().find(|attempt| attempt.id == *id)
            && age(*at, now) < BACK_OFF
        {
            let until = after((*at).min(now), BACK_OFF);
            return Permission::Refused {
                because: Refusal::BackOff,
                until,
                failure: Some(*failure),
            };
        }
        // Sections 3.3 and 5.1: without a live policy only a failure is a reason to wait.
        let spent = || recent().filter(|attempt| stand_in == StandIn::Live || attempt.has_failed());
        if spent().count() >= BUDGET {
            // One more is allowed when there are fewer than that many again.
            let first = spent().rev().take(BUDGET).map(|attempt| attempt.at).min();
            let failure = recent().rev().find_map(|attempt| attempt.failure);
            let until = after(first.unwrap_or(now).min(now), HOUR);
            return Permission::Refused { because: Refusal::Budget, until, failure };
        }
        Permission::Granted
    }

    /// Whether nothing in it counts any more, so that it need not be kept.
    #[must_use]
    pub fn is_spent(&self, now: UnixTime) -> bool {
        !self.attempts.iter().any(|attempt| attempt.counts(now))
    }

    /// The history with one more fetch, for this id and with this failure if it failed.
    #[must_use]
    pub fn with_fetch(&self, id: PolicyId, failure: Option<FailureKind>, now: UnixTime) -> Self {
        let recent = self.attempts.iter().rev().filter(|attempt| attempt.counts(now)).copied();
        let mut attempts = Vec::with_capacity(self.attempts.len() + 1);
        let mut failures = 0;
        for attempt in iter::once(Attempt { at: now, id, failure }).chain(recent) {
            if attempts.len() < BUDGET || (attempt.has_failed() && failures < BUDGET) {
                attempts.push(attempt);
                failures += usize::from(attempt.has_failed());
            }
        }
        attempts.reverse();
        Self { attempts }
    }

    /// The stored form: versioned, with a checksum.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(MAGIC, 42 * self.attempts.len());
        for attempt in &self.attempts {
            writer.byte(attempt.failure.map_or(0, FailureKind::number));
            writer.number(attempt.at.as_secs());
            writer.id(&attempt.id);
        }
        writer.finish()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// A [`StoredFormError`] if the bytes are not those of [`Self::to_bytes`]. The caller then goes on
    /// with an empty history.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredFormError> {
        let mut reader = Reader::new(bytes, MAGIC)?;
        let mut attempts = Vec::new();
        while !reader.is_empty() {
            if attempts.len() == KEPT {
                return Err(StoredFormError::Field);
            }
            let failure = match reader.byte()? {
                0 => None,
                number => Some(FailureKind::from_number(number).ok_or(StoredFormError::Field)?),
            };
            let at = UnixTime::since_unix_epoch(Duration::from_secs(reader.number()?));
            attempts.push(Attempt { at, id: reader.id()?, failure });
        }
        Ok(Self { attempts })
    }
}

impl Attempt {
    const fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether it was made in the last hour. After the clock went back by more than an hour it cannot
    /// be told when it was made, and it must not hold up fetches until that time comes again.
    const fn counts(&self, now: UnixTime) -> bool {
        age(self.at, now) < HOUR && age(now, self.at) < HOUR
    }
}

const MAGIC: Magic = *b"STSh";

/// Section 3.3: five minutes or more.
const BACK_OFF: u64 = 300;

/// The time in which [`BUDGET`] counts.
const HOUR: u64 = 3_600;

/// Fetches of one domain in an hour while a live policy stands in, so that an id that changes every
/// five minutes is followed; and failed ones while none does, as many as one id has at 300 seconds each.
const BUDGET: usize = 12;

/// The last of all, and the last that failed.
const KEPT: usize = 2 * BUDGET;
