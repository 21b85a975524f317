//! Drives refreshes with tokio.

use core::convert::Infallible;
use core::fmt;
use core::pin::pin;
use core::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Fuse, FusedFuture};
use futures_util::stream::{FuturesUnordered, StreamExt};
use mta_sts::{
    Action, Input, Options, PolicyDomain, PolicyStore, Refresh, RefreshCause, RefreshOutcome,
    TxtAnswer, UnixTime,
};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::gate::Gates;
use super::planner::{Pace, Planner};
use crate::fetch::FetchPolicy;
use crate::resolve::{Answer, Kind, LookUp, Name, Question, Record};

/// Refreshes the policies of a store.
///
/// Beside deliveries take that of their [`Mailer`](crate::driver::tokio::Mailer::refresher), so that a
/// domain is fetched once for both.
///
/// ```no_run
/// # async fn example<L, F, S>(look_up: L, fetch: F, store: &S)
/// # where
/// #     L: smtp_tls::resolve::LookUp + Sync,
/// #     F: smtp_tls::FetchPolicy + Sync,
/// #     S: mta_sts::PolicyStore<Error: core::fmt::Debug> + Sync,
/// # {
/// use mta_sts::UnixTime;
/// use smtp_tls::refresh::Refresher;
///
/// let refresher = Refresher::new(look_up, fetch, store);
/// refresher.run(UnixTime::now, |domain, refreshed| eprintln!("{domain:?}: {refreshed:?}")).await;
/// # }
/// ```
pub struct Refresher<'a, L, F, S> {
    look_up: L,
    fetch: F,
    store: &'a S,
    options: Options,
    pace: Pace,
    gates: Gates,
}

/// What came of a refresh.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refreshed<E> {
    /// It was made, and its outcome is stored. It tells whether the policy was replaced.
    Made(Box<RefreshOutcome>),
    /// The store has no live policy of the domain any more.
    NothingLive,
    /// The store failed. The domain stays due.
    StoreFailed(E),
}

impl<'a, L, F, S> Refresher<'a, L, F, S>
where
    L: LookUp + Sync,
    F: FetchPolicy + Sync,
    S: PolicyStore + Sync,
{
    /// Refreshes what is in this store.
    #[must_use]
    pub fn new(look_up: L, fetch: F, store: &'a S) -> Self {
        let (options, pace, gates) = (Options::default(), Pace::default(), Gates::default());
        Self { look_up, fetch, store, options, pace, gates }
    }

    /// Waits at these gates.
    #[cfg(feature = "rustls")]
    pub(crate) fn at(self, gates: Gates) -> Self {
        Self { gates, ..self }
    }

    /// With other options than the default; of them the profile counts.
    #[must_use]
    pub fn options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// With another pace.
    #[must_use]
    pub fn pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Refreshes one domain, because the operator wants it or because it is due.
    pub async fn refresh(
        &self,
        domain: &PolicyDomain,
        cause: RefreshCause,
        now: impl Fn() -> UnixTime,
    ) -> Refreshed<S::Error> {
        let _pass = self.gates.pass(domain).await;
        let stored = match self.store.load(domain).await {
            Ok(stored) => stored,
            Err(error) => return Refreshed::StoreFailed(error),
        };
        let live = stored.entry.filter(|entry| entry.is_live(now()));
        let Some(entry) = live else { return Refreshed::NothingLive };
        let mut refresh = Refresh::new(domain.clone(), entry, stored.history, &self.options, cause);
        while let Some(input) = self.carry_out(&refresh).await {
            if refresh.handle(input, now()).is_err() {
                break;
            }
        }
        let Some(outcome) = refresh.into_outcome() else { return Refreshed::NothingLive };
        match self.store.save(domain, &outcome.update).await {
            Ok(()) => Refreshed::Made(Box::new(outcome)),
            Err(error) => Refreshed::StoreFailed(error),
        }
    }

    /// Refreshes what comes due, for as long as it is awaited; `tell` hears of each refresh, and
    /// without a domain that the store could not say what is due. Dropping it cancels what runs: those
    /// domains stay due.
    pub async fn run(
        &self,
        now: impl Fn() -> UnixTime,
        mut tell: impl FnMut(Option<&PolicyDomain>, Refreshed<S::Error>),
    ) -> Infallible {
        let mut planner = Planner::new(self.pace);
        let mut running = FuturesUnordered::new();
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked_at = None;
        // The store may take its time over what is due; what runs goes on meanwhile.
        let mut asked = pin!(Fuse::terminated());
        // The store may still call these due, for it was asked before.
        let mut finished = Vec::new();
        loop {
            tokio::select! {
                _ = second.tick() => {
                    if asked.is_terminated() && self.is_time_to_ask(asked_at, now()) {
                        asked_at = Some(now());
                        asked.set(self.store.due(planner.room(), now()).fuse());
                    }
                }
                due = &mut asked => {
                    match due {
                        Ok(due) => planner.plan(due, now()),
                        Err(error) => tell(None, Refreshed::StoreFailed(error)),
                    }
                    finished.drain(..).for_each(|domain| planner.finished(&domain));
                }
                Some((domain, refreshed)) = running.next(), if !running.is_empty() => {
                    tell(Some(&domain), refreshed);
                    match asked.is_terminated() {
                        true => planner.finished(&domain),
                        false => finished.push(domain),
                    }
                }
            }
            while running.len() < self.pace.at_a_time.max(1)
                && let Some(domain) = planner.take(now())
            {
                running.push(self.due(domain, &now));
            }
        }
    }

    async fn due(
        &self,
        domain: PolicyDomain,
        now: &impl Fn() -> UnixTime,
    ) -> (PolicyDomain, Refreshed<S::Error>) {
        let refreshed = self.refresh(&domain, RefreshCause::Due, now).await;
        (domain, refreshed)
    }

    /// Once a period, and at once if the clock went back.
    fn is_time_to_ask(&self, asked_at: Option<UnixTime>, now: UnixTime) -> bool {
        asked_at.is_none_or(|asked_at| {
            let passed = now.as_secs().checked_sub(asked_at.as_secs());
            passed.is_none_or(|passed| passed >= self.pace.period.as_secs())
        })
    }

    /// Does what the machine wants; nothing if that is nothing.
    async fn carry_out(&self, refresh: &Refresh) -> Option<Input> {
        match refresh.action() {
            Action::LookUpTxt { name } => Some(Input::Txt(self.txt(name).await)),
            Action::Fetch { domain } => {
                let limit = refresh.wait_limit().unwrap_or(FETCH);
                let fetched = timeout(limit, self.fetch.fetch(domain)).await;
                Some(fetched.map_or(Input::TimedOut, Input::Fetched))
            }
            _ => None,
        }
    }

    async fn txt(&self, name: &str) -> TxtAnswer {
        let Ok(name) = name.parse::<Name>() else { return TxtAnswer::TemporaryFailure };
        match self.look_up.look_up(&Question::new(name, Kind::Txt)).await {
            Ok(answer) => TxtAnswer::from_records(texts(&answer)),
            Err(_) => TxtAnswer::TemporaryFailure,
        }
    }
}

impl<L, F, S> fmt::Debug for Refresher<'_, L, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher").field("pace", &self.pace).finish_non_exhaustive()
    }
}

fn texts(answer: &Answer) -> impl Iterator<Item = &Vec<Vec<u8>>> {
    answer.records().iter().filter_map(|record| match record {
        Record::Txt(strings) => Some(strings),
        _ => None,
    })
}

/// [RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3).
const FETCH: Duration = Duration::from_secs(60);
