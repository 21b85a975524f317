//! A cached policy: how long it lives, and when to fetch it again.

use alloc::vec::Vec;
use core::time::Duration;

use pki_types::UnixTime;

use super::{after, age};
use crate::codec::{Magic, Reader, StoredFormError, Writer};
use crate::failure::FailureKind;
use crate::policy::{Mode, Policy};
use crate::profile::Profile;
use crate::record::PolicyId;
use crate::severity::Severity;

/// A policy that was fetched, with its id, the time of the fetch, and how refreshes went since.
///
/// It is live while `now - fetched_at <= max_age` and dead after. A dead policy is not applied, and an
/// equal id does not bring it back ([RFC 8461 sections 3.3 and
/// 5.1](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CacheEntry {
    id: PolicyId,
    policy: Policy,
    fetched_at: UnixTime,
    last_failure: Option<Failure>,
}

/// How refreshes have failed since the fetch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Failure {
    at: UnixTime,
    kind: FailureKind,
    count: u32,
}

/// A finding for the operator: a live policy nears its end and was not refreshed (section 10.2).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OverdueRefresh {
    /// `Notice` when half of the lifetime has passed, `Warning` at three quarters, `Error` at nine tenths.
    pub severity: Severity,
    /// When the policy dies.
    pub expires_at: UnixTime,
    /// Why the last refresh failed, if one was tried.
    pub last_failure: Option<FailureKind>,
}

impl CacheEntry {
    /// An entry for a policy fetched at this time under this id.
    #[must_use]
    pub const fn new(id: PolicyId, policy: Policy, fetched_at: UnixTime) -> Self {
        Self { id, policy, fetched_at, last_failure: None }
    }

    /// The id under which the policy was fetched.
    #[must_use]
    pub const fn id(&self) -> &PolicyId {
        &self.id
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// When the policy was fetched.
    #[must_use]
    pub const fn fetched_at(&self) -> UnixTime {
        self.fetched_at
    }

    /// When the last refresh since then failed and why, and how many have.
    #[must_use]
    pub fn failed_refreshes(&self) -> Option<(UnixTime, FailureKind, u32)> {
        self.last_failure.map(|failure| (failure.at, failure.kind, failure.count))
    }

    /// The last second of its life.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        after(self.fetched_at, self.policy.max_age().as_secs())
    }

    /// Whether the policy may be applied. With a clock that went back its age is 0.
    #[must_use]
    pub const fn is_live(&self, now: UnixTime) -> bool {
        age(self.fetched_at, now) <= self.policy.max_age().as_secs()
    }

    /// When to refresh it, in the absence of failures between 30 and 70 percent of the first day (or
    /// of its life if that is shorter).
    ///
    /// `n` spreads the refreshes of many domains and keeps others from predicting them: a random
    /// number kept with the entry, or a keyed hash of the domain. The same `n` gives the same time.
    /// After a failed refresh the wait is 300 seconds, doubled for each further one up to six hours.
    #[must_use]
    pub fn refresh_at(&self, n: u64) -> UnixTime {
        let planned = self.planned_at(n);
        match self.last_failure {
            Some(failure) => planned.max(after(failure.at, back_off(failure.count))),
            None => planned,
        }
    }

    fn planned_at(&self, n: u64) -> UnixTime {
        let window = self.policy.max_age().as_secs().min(DAY);
        after(self.fetched_at, 3 * window / 10 + n % (4 * window / 10 + 1))
    }

    /// Whether to refresh it now: the time is there, or the clock went back. Not if it is dead.
    ///
    /// A failure that lies ahead of a clock that went back holds nothing up, though [`Self::refresh_at`]
    /// counts from it.
    #[must_use]
    pub fn refresh_due(&self, n: u64, now: UnixTime) -> bool {
        if !self.is_live(now) {
            return false;
        }
        if let Some(failure) = self.last_failure
            && now >= failure.at
            && age(failure.at, now) < back_off(failure.count)
        {
            return false;
        }
        now < self.fetched_at || now >= self.planned_at(n)
    }

    /// What to tell the operator: refreshes have failed, or none was made in time.
    ///
    /// Nothing before half of the lifetime has passed, nor while the mode is `none` (section 10.2).
    #[must_use]
    pub fn overdue_refresh(&self, now: UnixTime) -> Option<OverdueRefresh> {
        let life = self.policy.max_age().as_secs();
        let passed = age(self.fetched_at, now);
        if self.policy.mode() == Mode::None || !self.is_live(now) {
            return None;
        }
        let severity = match passed.saturating_mul(100) {
            part if part >= 90 * life => Severity::Error,
            part if part >= 75 * life => Severity::Warning,
            part if part >= 50 * life => Severity::Notice,
            _ => return None,
        };
        // A life of a day or less may be half over before its first refresh is due.
        if self.last_failure.is_none() && passed.saturating_mul(100) <= 70 * life {
            return None;
        }
        let last_failure = self.last_failure.map(|failure| failure.kind);
        Some(OverdueRefresh { severity, expires_at: self.expires_at(), last_failure })
    }

    /// The same policy with one more failed refresh. Its life stays as it is.
    pub(crate) fn with_failed_refresh(&self, kind: FailureKind, at: UnixTime) -> Self {
        let count = self.last_failure.map_or(0, |failure| failure.count).saturating_add(1);
        Self { last_failure: Some(Failure { at, kind, count }), ..self.clone() }
    }

    /// The stored form: versioned, with a checksum.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = self.policy.as_str().as_bytes();
        let mut writer = Writer::new(MAGIC, body.len() + 64);
        writer.number(self.fetched_at.as_secs());
        let failure = self.last_failure;
        writer.byte(failure.map_or(0, |failure| failure.kind.number()));
        if let Some(failure) = failure {
            writer.number(failure.at.as_secs());
            writer.number(u64::from(failure.count));
        }
        writer.id(&self.id);
        writer.rest(body);
        writer.finish()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// A [`StoredFormError`] if the bytes are not those of [`Self::to_bytes`], or if the body is no
    /// policy in this version. There is no entry then.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredFormError> {
        let mut reader = Reader::new(bytes, MAGIC)?;
        let fetched_at = time(reader.number()?);
        let last_failure = match reader.byte()? {
            0 => None,
            number => Some(Failure {
                kind: FailureKind::from_number(number).ok_or(StoredFormError::Field)?,
                at: time(reader.number()?),
                count: u32::try_from(reader.number()?).map_err(|_| StoredFormError::Field)?,
            }),
        };
        let id = reader.id()?;
        // What was accepted once stays so: a stricter profile concerns what is fetched from now on.
        let policy =
            Policy::parse(reader.rest(), Profile::Interop).map_err(|_| StoredFormError::Field)?;
        Ok(Self { id, policy, fetched_at, last_failure })
    }
}

const fn time(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// 300 seconds after the first failure, doubled for each further one, six hours at most.
fn back_off(failures: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(7);
    (FIRST_BACK_OFF << doublings).min(LAST_BACK_OFF)
}

const MAGIC: Magic = *b"STSe";

/// Section 3.3: refresh about daily.
const DAY: u64 = 86_400;

/// Section 3.3: five minutes.
const FIRST_BACK_OFF: u64 = 300;

/// Four tries in a day, so that a policy of some days has many before it dies.
const LAST_BACK_OFF: u64 = 21_600;
