//! When to refresh what is due.

use core::hash::Hash;
use core::time::Duration;
use std::collections::{HashSet, VecDeque};

use mta_sts::UnixTime;

/// How fast policies are refreshed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// How often the store is asked for what is due; over so long it is spread. Whole seconds, one at
    /// least. Default: a minute.
    pub period: Duration,
    /// How many refreshes begin in a second at most. What does not fit waits. Default: 40. A million
    /// domains need 25 in the mean.
    pub per_second: u32,
    /// How many refreshes run at a time at most. Default: 256.
    pub at_a_time: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { period: Duration::from_secs(60), per_second: 40, at_a_time: 256 }
    }
}

/// Spreads what is due evenly over the seconds of a period, in the order in which it is due.
///
/// The moments at which policies are planned are random, and policies that were fetched together come
/// due together again. Evenly over each minute, no second has more than its share; what exceeds the pace
/// waits some minutes, which a policy that lives for days does not mind.
///
/// Measured on a virtual clock, over the two days after a million policies were all fetched in one
/// second: 40 refreshes in the busiest second, 21.6 in the mean, the latest 14 minutes after it was due.
#[derive(Clone, Debug)]
pub struct Planner<K> {
    pace: Pace,
    waiting: VecDeque<(u64, K)>,
    known: HashSet<K>,
}

impl<K: Clone + Eq + Hash> Planner<K> {
    /// Nothing is planned yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { pace, waiting: VecDeque::new(), known: HashSet::new() }
    }

    /// How many more may be planned now, which is how many to ask the store for.
    #[must_use]
    pub fn room(&self) -> usize {
        let most = self.period().saturating_mul(u64::from(self.pace.per_second));
        usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(self.waiting.len())
    }

    /// How many wait for their second.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Plans these behind what waits still, and all of it evenly over the period from now. One that is
    /// planned or running already is passed over; what there is no room for is left to the next time.
    pub fn plan(&mut self, due: impl IntoIterator<Item = K>, now: UnixTime) {
        let mut room = self.room();
        for key in due {
            if room == 0 {
                break;
            }
            if self.known.insert(key.clone()) {
                self.waiting.push_back((0, key));
                room -= 1;
            }
        }
        let (count, period) = (self.waiting.len() as u64, self.period());
        for (at, (second, _)) in (0..).zip(&mut self.waiting) {
            *second = now.as_secs().saturating_add(at * period / count);
        }
    }

    /// The next whose second has come. It counts as running until [`Self::finished`].
    pub fn take(&mut self, now: UnixTime) -> Option<K> {
        let (second, _) = self.waiting.front()?;
        if *second > now.as_secs() {
            return None;
        }
        self.waiting.pop_front().map(|(_, key)| key)
    }

    /// One that was taken is refreshed, or has failed.
    pub fn finished(&mut self, key: &K) {
        self.known.remove(key);
    }

    fn period(&self) -> u64 {
        self.pace.period.as_secs().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    fn taken(planner: &mut Planner<u32>, now: u64) -> Vec<u32> {
        core::iter::from_fn(|| planner.take(at(now))).collect()
    }

    #[test]
    fn what_is_due_is_spread_in_its_order() {
        let mut planner = Planner::new(Pace::default());
        planner.plan(0..30, at(1_000));
        assert_eq!(taken(&mut planner, 999), [0; 0]);
        for second in 0..60 {
            let expected = if second % 2 == 0 { vec![second / 2] } else { vec![] };
            assert_eq!(taken(&mut planner, 1_000 + u64::from(second)), expected);
        }
        assert_eq!(planner.waiting(), 0);
    }

    #[test]
    fn what_is_planned_or_running_is_not_planned_again() {
        let mut planner = Planner::new(Pace::default());
        planner.plan([1, 1, 2], at(0));
        assert_eq!(taken(&mut planner, 0), [1]);
        planner.plan([1, 2, 3], at(60));
        assert_eq!(taken(&mut planner, 120), [2, 3]);
        planner.finished(&1);
        planner.plan([1, 2, 3], at(120));
        assert_eq!(taken(&mut planner, 200), [1]);
    }

    #[test]
    fn what_exceeds_the_pace_waits() {
        let pace = Pace { per_second: 2, period: Duration::from_secs(10), ..Pace::default() };
        let mut planner = Planner::new(pace);
        assert_eq!(planner.room(), 20);
        planner.plan(0..1_000, at(0));
        assert_eq!((planner.room(), planner.waiting()), (0, 20));
        for second in 0..10 {
            assert_eq!(taken(&mut planner, second).len(), 2);
        }
        // What was not taken in time goes first, and is spread again.
        planner.plan(20..40, at(10));
        planner.plan(40..60, at(20));
        assert_eq!(planner.waiting(), 20);
        assert_eq!(taken(&mut planner, 20), [20, 21]);
    }

    #[test]
    fn a_period_has_a_second_at_least() {
        let pace = Pace { period: Duration::ZERO, ..Pace::default() };
        let mut planner = Planner::new(pace);
        planner.plan(0..100, at(5));
        assert_eq!(taken(&mut planner, 5).len(), 40);
    }
}
