//! Numbers that durable stores keep beside entries.

use core::hash::BuildHasher;
use std::hash::RandomState;

use mta_sts::UnixTime;

/// A number that nobody outside can predict. It spreads; it is no secret that protects by itself.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// Seconds as databases have them.
pub(super) fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// A refresh is planned at most 70 percent of a day after the fetch, or six hours after a failure. One
/// that lies further ahead than this was planned before the clock went back.
pub(super) const LONGEST_PLAN: i64 = 86_400;
