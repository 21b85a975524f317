//! Saves the counts, four times a second.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use pki_types::UnixTime;
use smtp_tls::store::TallyStore;
use tlsrpt::UtcDay;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::args::Args;
use crate::count::{Counting, PAGE, Sealed};
use crate::day::latest_sealed;
use crate::metrics::Metrics;
use crate::say::warn;
use crate::stopped::Stopped;
use crate::store::{Store, StoreError};

/// Brings counts into the store.
pub(crate) struct Saver {
    counting: Arc<Counting>,
    metrics: Arc<Metrics>,
    store: Store,
    keep: u32,
    /// Closed days that are not wholly saved, oldest first.
    sealed: Vec<Sealed>,
    /// Up to which day the store has been cleared.
    cleared: Option<UtcDay>,
    failing: Option<Instant>,
    late: Late,
}

/// Tells of what is saved into a closed day.
#[derive(Default)]
struct Late {
    /// The last day of which there was a word.
    told: Option<UtcDay>,
}

impl Late {
    /// Reports are made from the moment on at which their day is closed, each at a time of its own: those
    /// made before this save are without what it brings.
    fn tell(&mut self, day: UtcDay, now: UnixTime, metrics: &Metrics) {
        if day > latest_sealed(now) {
            return;
        }
        metrics.late_saves.add(1);
        if self.told != Some(day) {
            self.told = Some(day);
            warn(format_args!(
                "tlsrpt-collector: warning: counts of {day} are saved after the day was closed; reports \
                 that are made already are without them"
            ));
        }
    }
}

impl Saver {
    pub(crate) fn new(
        counting: Arc<Counting>,
        metrics: Arc<Metrics>,
        store: Store,
        args: &Args,
    ) -> Self {
        let (keep, sealed, late) = (args.keep, Vec::new(), Late::default());
        Self { counting, metrics, store, keep, sealed, cleared: None, failing: None, late }
    }

    /// Asks the store something. One that is away for now is waited for while counting goes on.
    pub(crate) async fn probe(&self) -> Result<(), Stopped> {
        match self.store.domains(UtcDay::of(UnixTime::now()), "", 1).await {
            Err(error) if !error.is_temporary() => Err(Stopped::new(66, error)),
            Err(error) => {
                warn(format_args!(
                    "tlsrpt-collector: warning: {error}; counting goes on in memory"
                ));
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Saves until the other side of `end` is dropped, and then once more.
    pub(crate) async fn run(mut self, mut end: watch::Receiver<()>) -> Result<(), Stopped> {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = end.changed() => break,
            }
            let result = self.save().await;
            self.note(result);
        }
        let last = async {
            while let Err(error) = self.save().await {
                if !error.is_temporary() {
                    return Err(error.to_string());
                }
                tick.tick().await;
            }
            Ok(())
        };
        let result = timeout(LAST, last).await.unwrap_or_else(|_| Err("no time is left".into()));
        result.map_err(|why| Stopped::new(75, format!("the last counts are not saved: {why}")))
    }

    async fn save(&mut self) -> Result<(), StoreError> {
        let now = UnixTime::now();
        self.take_sealed(now);
        while let Some(first) = self.sealed.first_mut() {
            let mut changes = first.counters.changes_since(first.saved);
            loop {
                let rows = first.counters.page(&mut changes, PAGE);
                if rows.is_empty() {
                    break;
                }
                self.store.save(first.day, rows).await?;
                self.metrics.saves.add(1);
                self.late.tell(first.day, UnixTime::now(), &self.metrics);
            }
            drop(self.sealed.remove(0));
        }
        for mut changed in self.counting.changed() {
            loop {
                let rows = self.counting.page(&mut changed);
                if rows.is_empty() {
                    break;
                }
                self.store.save(changed.day, rows).await?;
                self.metrics.saves.add(1);
                // One that has hung may have come through only now.
                self.late.tell(changed.day, UnixTime::now(), &self.metrics);
            }
            self.counting.saved(changed.day, changed.changes.mark());
        }
        self.clear(now).await?;
        self.metrics.all_saved(now);
        Ok(())
    }

    /// Takes closed days over from the tally; those that wait for a store that is away are few.
    fn take_sealed(&mut self, now: UnixTime) {
        self.sealed.extend(self.counting.take_sealed(now));
        while self.sealed.len() > WAITING_DAYS {
            let given_up = self.sealed.remove(0);
            self.metrics.unsaved_days.add(1);
            warn(format_args!(
                "tlsrpt-collector: the counts of {} are given up: not saved",
                given_up.day
            ));
        }
    }

    /// Once a day, the store forgets what is older than it should be.
    async fn clear(&mut self, now: UnixTime) -> Result<(), StoreError> {
        let today = UtcDay::of(now).number();
        let oldest = UtcDay::from_number(u64::from(today.saturating_sub(self.keep)));
        if self.cleared != Some(oldest) {
            self.store.forget(oldest).await?;
            self.cleared = Some(oldest);
        }
        Ok(())
    }

    /// Tells of the first failure and of the end of it.
    fn note(&mut self, result: Result<(), StoreError>) {
        match (result, self.failing) {
            (Ok(()), Some(since)) => {
                let seconds = since.elapsed().as_secs();
                warn(format_args!("tlsrpt-collector: saving goes on after {seconds} seconds"));
                self.failing = None;
            }
            (Ok(()), None) => {}
            (Err(error), failing) => {
                self.metrics.failed_saves.add(1);
                if failing.is_none() {
                    warn(format_args!(
                        "tlsrpt-collector: counts cannot be saved: {error}; trying on"
                    ));
                    self.failing = Some(Instant::now());
                }
            }
        }
    }
}

/// Between saves. Ours: a process that is killed loses at most a second, saving itself included.
const EVERY: Duration = Duration::from_millis(250);

/// For the last save. Ours: a service manager waits for 90 seconds.
const LAST: Duration = Duration::from_secs(60);

/// Closed days that wait for the store. Ours: reports on older ones are made already, all of them; of these
/// some may still be made, or fetched.
const WAITING_DAYS: usize = 2;

#[cfg(test)]
mod tests {
    use tlsrpt::limits;

    use super::*;
    use crate::socket::QueueLength;

    #[test]
    fn what_is_saved_into_a_closed_day_is_counted() {
        let metrics = Metrics::new(QueueLength(None));
        let late_saves = || {
            let page = metrics.page(&Counting::new("node", 1).figures());
            let name = "tlsrpt_collector_late_saves_total ";
            page.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
        };
        let (mut late, day) = (Late::default(), "2026-11-20".parse::<UtcDay>().unwrap());
        let at = |second| UnixTime::since_unix_epoch(Duration::from_secs(second));
        let seal = day.end().as_secs() + limits::SEAL_AFTER;
        late.tell(day, at(seal - 1), &metrics);
        assert_eq!((late_saves().as_str(), late.told), ("0", None));
        late.tell(day, at(seal), &metrics);
        late.tell(day, at(seal + 86_400), &metrics);
        assert_eq!((late_saves().as_str(), late.told), ("2", Some(day)));
    }
}
