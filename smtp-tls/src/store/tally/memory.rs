//! Session outcomes counted in memory.

use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pki_types::UnixTime;
use tlsrpt::{Counters, Refused, Session, Statistics, Tally, UtcDay};

use crate::sink::ReportSink;

/// Counts sessions in memory, for one process.
///
/// What was counted is lost with the process. The bounds are those of the [`Tally`] inside.
pub struct MemoryTally(Mutex<Tally>);

impl MemoryTally {
    /// Counts on in this tally.
    #[must_use]
    pub fn new(tally: Tally) -> Self {
        Self(Mutex::new(tally))
    }

    /// Gives out the oldest day that is over, to make its reports from ([`Tally::take_sealed`]).
    #[must_use = "what is given out is not counted here any longer"]
    pub fn take_sealed(&self, now: UnixTime) -> Option<(UtcDay, Counters)> {
        self.lock().take_sealed(now)
    }

    /// What happened to the sessions handed in.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.lock().statistics()
    }

    /// The tally as it is; ends the counting here.
    #[must_use]
    pub fn into_inner(self) -> Tally {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session is counted as a whole, so that what a panic elsewhere has left is sound.
    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTally").finish_non_exhaustive()
    }
}

impl ReportSink for MemoryTally {
    type Error = Refused;

    async fn record(&self, session: &Session<'_>, now: UnixTime) -> Result<(), Self::Error> {
        self.lock().record(session, now).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use core::task::{Context, Poll, Waker};
    use core::time::Duration;

    use tlsrpt::{Outcome, Policy, PolicyOutcome, PolicyType, Record, Writer};

    use super::*;

    fn record(
        sink: &impl ReportSink<Error = Refused>,
        session: &Session<'_>,
        now: UnixTime,
    ) -> Result<(), Refused> {
        let mut future = core::pin::pin!(sink.record(session, now));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("the sink waits for nothing"),
        }
    }

    // checks: tlsrpt/S1
    #[test]
    fn rfc8460_4_2_sessions_are_counted_by_their_day() {
        let asked: Record = "v=TLSRPTv1; rua=mailto:tls@example.net".parse().unwrap();
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let policy = Policy::new(PolicyType::NO_POLICY_FOUND, "example.net");
        let session = Session::new("example.net".try_into().unwrap(), &asked, day.start())
            .policy(PolicyOutcome::new(policy, Outcome::Success));
        let tally = MemoryTally::new(Tally::new(Writer::new("mx7", 1), 7));
        assert_eq!(record(&tally, &session, day.start()), Ok(()));
        assert_eq!(record(&&tally, &session, day.start()), Ok(()));
        assert!(tally.take_sealed(day.start()).is_none());

        let later = Duration::from_secs(day.end().as_secs() + 86_400);
        let later = UnixTime::since_unix_epoch(later);
        assert_eq!(record(&tally, &session, later), Err(Refused::Late));
        let (sealed, counters) = tally.take_sealed(later).unwrap();
        assert_eq!(sealed, day);
        assert!(!counters.is_empty());
        let statistics = tally.into_inner().statistics();
        assert_eq!((statistics.counted, statistics.late), (2, 1));
    }
}
