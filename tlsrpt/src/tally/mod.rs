//! Session outcomes in, one UTC day's counts for each record, policy and failure out.

mod cell;
mod counters;
mod datagrams;
mod encode;
mod key;
mod recent;
mod render;
mod reporter;
mod room;
mod session;
mod stored;
mod table;

pub use cell::Writer;
pub use counters::Counters;
pub use datagrams::DatagramRefused;
pub use render::{DomainReport, Reports};
pub use reporter::{Compression, FileName, FileNameError, Reporter, ReporterError};
pub use session::{Outcome, PolicyOutcome, Purpose, Session};
pub use stored::{Changes, CounterRow, CounterRowError, Mark};

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use pki_types::UnixTime;

use crate::limits;
use crate::time::UtcDay;
use encode::Encoded;
use recent::Recent;

/// Counts sessions by day, record, policy and failure.
///
/// A session belongs to the UTC day on which it ended. A day is sealed
/// [`SEAL_AFTER`](limits::SEAL_AFTER) seconds after its end; then [`take_sealed`](Self::take_sealed)
/// gives its counters out, and sessions of that day are refused as late.
///
/// ```
/// use tlsrpt::{Counted, Outcome, Policy, PolicyOutcome, PolicyType, Record, Reporter, Session};
/// use tlsrpt::{Tally, UtcDay, Writer};
///
/// let record: Record = "v=TLSRPTv1; rua=mailto:tls@example.net".parse()?;
/// let day: UtcDay = "2026-11-20".parse()?;
/// let mut tally = Tally::new(Writer::new("mx7", 1), 0x5eed);
///
/// let outcome = PolicyOutcome::new(
///     Policy::new(PolicyType::NO_POLICY_FOUND, "example.net"),
///     Outcome::Success,
/// );
/// let session = Session::new("example.net".try_into()?, &record, day.start()).policy(outcome);
/// assert_eq!(tally.record(&session, day.start())?, Counted::Counted);
///
/// let later = tlsrpt::pki_types::UnixTime::since_unix_epoch(
///     std::time::Duration::from_secs(day.end().as_secs() + 600),
/// );
/// let (_, counters) = tally.take_sealed(later).expect("the day is over");
/// let reporter = Reporter::new("Sender Example Ltd", "tls-reports@sender.example", "mx7")?;
/// let report = counters.reports(&reporter, day).next().expect("one domain was seen");
/// assert!(report.report().report_id().starts_with("20261120.example.net."));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tally {
    writer: Writer,
    seed: u64,
    room: usize,
    days: BTreeMap<UtcDay, Counters>,
    taken: Option<UtcDay>,
    statistics: Statistics,
    malformed: BTreeMap<&'static str, u64>,
    session: Encoded,
    spare: Vec<u8>,
    recent: Recent,
}

impl Tally {
    /// An empty tally that counts as this writer. For the seed see [`Counters::new`].
    #[must_use]
    pub fn new(writer: Writer, seed: u64) -> Self {
        Self {
            writer,
            seed,
            room: DEFAULT_ROOM,
            days: BTreeMap::new(),
            taken: None,
            statistics: Statistics::default(),
            malformed: BTreeMap::new(),
            session: Encoded::default(),
            spare: Vec::new(),
            recent: Recent::new(seed ^ 3),
        }
    }

    /// Sets how many bytes one day's counters may take: 1 GiB by default. Beyond that, sessions
    /// under a new record or policy are refused, and new failures go to overflow rows.
    ///
    /// One domain fills no more of it than [`RECORDS`](limits::RECORDS) times
    /// [`RECORD_BYTES`](limits::RECORD_BYTES).
    #[must_use]
    pub fn room(mut self, bytes: usize) -> Self {
        self.room = bytes;
        self
    }

    /// Counts a session, wholly or not at all.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why the session was not counted; [`statistics`](Self::statistics) counts
    /// the refusals.
    pub fn record(&mut self, session: &Session<'_>, now: UnixTime) -> Result<Counted, Refused> {
        let result = self.try_record(session, now);
        self.note(result)
    }

    fn try_record(&mut self, session: &Session<'_>, now: UnixTime) -> Result<Counted, Refused> {
        // RFC 8460 section 3: a session that delivers a report is not counted in the next.
        if session.purpose == Purpose::ReportDelivery {
            return Ok(Counted::LeftOut);
        }
        let day = self.open_day(session.ended_at, now)?;
        self.session.session(session)?;
        self.count(day)
    }

    /// The day to which a session that ended then belongs, if it is still open.
    fn open_day(&self, ended_at: UnixTime, now: UnixTime) -> Result<UtcDay, Refused> {
        let (ended, now) = (ended_at.as_secs(), now.as_secs());
        if ended > now.saturating_add(limits::CLOCK_SKEW) {
            return Err(Refused::Future);
        }
        let day = UtcDay::of(ended_at);
        if is_sealed(day, now) || self.taken.is_some_and(|taken| day <= taken) {
            return Err(Refused::Late);
        }
        Ok(day)
    }

    /// Counts the encoded session.
    fn count(&mut self, day: UtcDay) -> Result<Counted, Refused> {
        let seed = self.seed;
        let counters = self.days.entry(day).or_insert_with(|| Counters::new(seed));
        let writer = counters.writer(&self.writer).ok_or(Refused::Full)?;
        counters.count(&mut self.session, writer, self.room, &mut self.spare)?;
        Ok(Counted::Counted)
    }

    fn note(&mut self, result: Result<Counted, Refused>) -> Result<Counted, Refused> {
        let count = match result {
            Ok(Counted::Counted) => &mut self.statistics.counted,
            Ok(Counted::LeftOut) => &mut self.statistics.left_out,
            Err(Refused::Late) => &mut self.statistics.late,
            Err(Refused::Future) => &mut self.statistics.future,
            Err(Refused::TooLarge) => &mut self.statistics.too_large,
            Err(Refused::PolicyDomain) => &mut self.statistics.policy_domain,
            Err(Refused::Full) => &mut self.statistics.full,
            Err(Refused::Records) => &mut self.statistics.records,
        };
        *count = count.saturating_add(1);
        result
    }

    /// Takes over counters of a day, such as those that a store kept from before a restart.
    ///
    /// # Errors
    ///
    /// [`Refused::Late`] if this day's counters were given out already.
    pub fn merge(&mut self, day: UtcDay, counters: &Counters) -> Result<(), Refused> {
        if self.taken.is_some_and(|taken| day <= taken) {
            return Err(Refused::Late);
        }
        let seed = self.seed;
        self.days.entry(day).or_insert_with(|| Counters::new(seed)).merge(counters);
        Ok(())
    }

    /// The counters of a day, if anything was counted.
    #[must_use]
    pub fn day(&self, day: UtcDay) -> Option<&Counters> {
        self.days.get(&day)
    }

    /// The days that are held, oldest first.
    pub fn days(&self) -> impl Iterator<Item = UtcDay> {
        self.days.keys().copied()
    }

    /// The latest day that is sealed, whether anything was counted or not; `None` before the
    /// first day of 1970 is.
    #[must_use]
    pub fn latest_sealed(&self, now: UnixTime) -> Option<UtcDay> {
        let second = now.as_secs().checked_sub(limits::SEAL_AFTER)?;
        let today = UtcDay::of(crate::time::unix(second));
        (today.number() > 0).then(|| today.previous())
    }

    /// Gives out the oldest day that is sealed. From then on, that day and all before it are closed.
    pub fn take_sealed(&mut self, now: UnixTime) -> Option<(UtcDay, Counters)> {
        let day = *self.days.keys().next()?;
        if !is_sealed(day, now.as_secs()) {
            return None;
        }
        self.taken = self.taken.max(Some(day));
        self.recent.clear();
        self.days.remove_entry(&day)
    }

    /// What happened to the sessions handed in.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }
}

fn is_sealed(day: UtcDay, now: u64) -> bool {
    now >= day.end().as_secs().saturating_add(limits::SEAL_AFTER)
}

/// What became of a session that was not refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Counted {
    /// It was counted.
    Counted,
    /// It delivered a TLS report, and such sessions are not counted.
    LeftOut,
}

/// Why a session was not counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Its day is sealed.
    #[error("session ended on a day that is sealed")]
    Late,
    /// It ended in the future.
    #[error("session ended in the future")]
    Future,
    /// One of its policies, or a string of one, is larger than any report could carry.
    #[error("a policy is too large: at most {max} bytes, and {string} for a string", max = limits::POLICY, string = limits::STRING)]
    TooLarge,
    /// A policy domain is not a domain name.
    #[error("policy domain is not a domain name")]
    PolicyDomain,
    /// Its domain has shown too many records on this day.
    #[error("domain has shown more than {max} records in one day", max = limits::RECORDS)]
    Records,
    /// The tally has no room for another record or policy.
    #[error("tally is full")]
    Full,
}

/// How many sessions were counted, and how many not, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Sessions counted.
    pub counted: u64,
    /// Sessions that delivered TLS reports.
    pub left_out: u64,
    /// Sessions of a sealed day.
    pub late: u64,
    /// Sessions that ended in the future.
    pub future: u64,
    /// Sessions with a policy that is too large.
    pub too_large: u64,
    /// Sessions with a policy domain that is none.
    pub policy_domain: u64,
    /// Sessions for which there was no room.
    pub full: u64,
    /// Sessions of domains that have shown too many records.
    pub records: u64,
}

/// Bytes of one day's counters, unless the caller says otherwise: some four million buckets.
const DEFAULT_ROOM: usize = 1 << 30;

#[cfg(test)]
mod tests;
