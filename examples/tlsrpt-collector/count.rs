//! The thread that counts, and what it counts into.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pki_types::UnixTime;
use tlsrpt::{Changes, CounterRow, Counters, Mark, Statistics, Tally, UtcDay, Writer};

use crate::random::random;
use crate::ring::{Datagrams, Ring};

/// The counts of the days that are open or not saved yet.
pub(crate) struct Counting(Mutex<Inner>);

struct Inner {
    tally: Tally,
    /// Up to where each open day is saved.
    saved: BTreeMap<UtcDay, Mark>,
    /// Overflow rows of the days that the tally has given out.
    capped: u64,
}

/// A day with rows to be saved; when all are, the day is saved up to the mark of the changes.
pub(crate) struct Changed {
    pub(crate) day: UtcDay,
    pub(crate) changes: Changes,
}

/// A day that is closed, and up to where it is saved.
pub(crate) struct Sealed {
    pub(crate) day: UtcDay,
    pub(crate) counters: Counters,
    pub(crate) saved: Mark,
}

/// What there is to tell of the counters.
pub(crate) struct Figures {
    pub(crate) statistics: Statistics,
    pub(crate) malformed: Vec<(&'static str, u64)>,
    pub(crate) capped: u64,
    pub(crate) buckets: u64,
    pub(crate) bytes: u64,
}

impl Counting {
    pub(crate) fn new(node: &str, room: usize) -> Self {
        let tally = Tally::new(Writer::new(node, epoch()), random()).room(room);
        Self(Mutex::new(Inner { tally, saved: BTreeMap::new(), capped: 0 }))
    }

    /// Counts what comes until the ring is closed and empty.
    pub(crate) fn run(&self, ring: &Ring) {
        let mut list = Datagrams::default();
        while ring.take(&mut list) {
            let mut inner = self.lock();
            let now = UnixTime::now();
            for datagram in list.iter() {
                // Who was refused, and why, is in the statistics.
                let _ = inner.tally.record_datagram(datagram, now);
            }
        }
    }

    /// What was counted in since it was last saved.
    pub(crate) fn changed(&self) -> Vec<Changed> {
        let inner = self.lock();
        let changed = |day| {
            let counters = inner.tally.day(day)?;
            let (saved, mark) =
                (inner.saved.get(&day).copied().unwrap_or_default(), counters.mark());
            (mark != saved).then(|| Changed { day, changes: counters.changes_since(saved) })
        };
        inner.tally.days().filter_map(changed).collect()
    }

    /// The next rows to be saved; none is the end. Counting goes on between pages.
    pub(crate) fn page(&self, changed: &mut Changed) -> Vec<CounterRow> {
        let inner = self.lock();
        let counters = inner.tally.day(changed.day);
        counters.map_or_else(Vec::new, |counters| counters.page(&mut changed.changes, PAGE))
    }

    pub(crate) fn saved(&self, day: UtcDay, mark: Mark) {
        let _ = self.lock().saved.insert(day, mark);
    }

    /// Closes the days that are over.
    pub(crate) fn take_sealed(&self, now: UnixTime) -> Vec<Sealed> {
        let mut inner = self.lock();
        let mut sealed = Vec::new();
        while let Some((day, counters)) = inner.tally.take_sealed(now) {
            let saved = inner.saved.remove(&day).unwrap_or_default();
            inner.capped = inner.capped.saturating_add(counters.omitted());
            sealed.push(Sealed { day, counters, saved });
        }
        sealed
    }

    pub(crate) fn figures(&self) -> Figures {
        let inner = self.lock();
        let days = || inner.tally.days().filter_map(|day| inner.tally.day(day));
        Figures {
            statistics: inner.tally.statistics(),
            malformed: inner.tally.malformed().collect(),
            capped: inner.capped + days().map(Counters::omitted).sum::<u64>(),
            buckets: days().map(|day| u64::from(day.buckets())).sum(),
            bytes: days().map(|day| day.bytes() as u64).sum(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of the rows that are saved at a time. Ours: memory for rows stays small beside the counters.
pub(crate) const PAGE: usize = 4 << 20;

/// A number that this node never uses again: the time in milliseconds, and 20 random bits for clocks that
/// are set back and for nodes of one name.
fn epoch() -> u64 {
    let milliseconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64);
    milliseconds << 20 | random() >> 44
}
