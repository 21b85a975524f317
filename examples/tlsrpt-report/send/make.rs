//! Lists the domains of closed days, and makes their reports when they are due.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use pki_types::{DnsName, UnixTime};
use smtp_tls::resolve::BoxedLookUp;
use tlsrpt::{
    Compressor, Delivery, DeliveryAction, DomainReport, Mail, Record, Target, UtcDay, limits,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::log::{Listed, Log, Made, Planned};
use crate::mail::mail_host;
use crate::make::{Maker, TRY_LATER, store_failed};
use crate::say::warn;
use crate::sign::Signer;
use crate::stopped::Stopped;
use crate::target::{Asked, look_up};

/// Makes the reports of one domain after the other; what is slow in it is done in tasks.
pub(super) struct Making {
    workshop: Arc<Workshop>,
    pub(super) tasks: JoinSet<Work>,
    /// Domains that are under way.
    domains: BTreeSet<(UtcDay, String)>,
    /// For the bodies of one domain.
    room: Arc<Semaphore>,
    /// Whether a listing is under way.
    listing: bool,
    /// The day whose last listing has begun in this process.
    last_listing: Option<UtcDay>,
    at_once: bool,
    /// How often in a row the store was away, and when it is asked again.
    away: u32,
    ask_at: Option<Instant>,
    /// Why nothing more is made in this run.
    pub(super) given_up: Option<Stopped>,
}

/// What reports are made of and with.
pub(super) struct Workshop {
    pub(super) maker: Maker,
    pub(super) signer: Option<Signer>,
    pub(super) dns: Arc<BoxedLookUp>,
    /// Where mail goes, if all goes to one host.
    pub(super) relay: Option<String>,
}

/// What a task has done.
pub(super) enum Work {
    Listed { day: UtcDay, domains: Result<Vec<String>, Stopped> },
    Made { day: UtcDay, domain: String, reports: Result<Bodies, Stopped> },
}

/// Reports with all their bodies, and the room that they take until they are noted.
pub(super) struct Bodies {
    reports: Vec<Made>,
    _room: OwnedSemaphorePermit,
}

impl Making {
    pub(super) fn new(workshop: Workshop, at_once: bool) -> Self {
        Self {
            workshop: Arc::new(workshop),
            tasks: JoinSet::new(),
            domains: BTreeSet::new(),
            room: Arc::new(Semaphore::new(1)),
            listing: false,
            last_listing: None,
            at_once,
            away: 0,
            ask_at: None,
            given_up: None,
        }
    }

    /// Begins what is due and what there is room for. Returns when there is more to begin, as far as it is
    /// not in the log.
    pub(super) fn begin(
        &mut self,
        log: &Log,
        days: &[UtcDay],
        now: UnixTime,
    ) -> Result<Option<u64>, Stopped> {
        if self.given_up.is_some() {
            return Ok(None);
        }
        if let Some(wait) = self.ask_at.map(|at| at.saturating_duration_since(Instant::now())) {
            if !wait.is_zero() {
                return Ok(Some(now.as_secs() + wait.as_secs() + 1));
            }
            self.ask_at = None;
        }
        let next = self.begin_listing(log, days, now)?;
        self.begin_making(log, now)?;
        Ok(next)
    }

    fn begin_listing(
        &mut self,
        log: &Log,
        days: &[UtcDay],
        now: UnixTime,
    ) -> Result<Option<u64>, Stopped> {
        let mut next = None;
        for &day in days {
            let progress = log.progress(day)?;
            let spread_until =
                day.end().as_secs() + limits::SEAL_AFTER + limits::FIRST_ATTEMPT_WITHIN;
            let spread = self.at_once || now.as_secs() > spread_until;
            match progress.listed {
                Listed::ForGood => continue,
                Listed::Once if !spread => {
                    next = next.or(Some(spread_until + 1));
                    continue;
                }
                _ if self.listing => return Ok(None),
                Listed::Once | Listed::No => {}
            }
            if progress.last.is_empty() && spread {
                self.last_listing = Some(day);
            }
            self.listing = true;
            let workshop = Arc::clone(&self.workshop);
            let _ = self.tasks.spawn(async move {
                let domains = workshop.maker.domains(day, &progress.last).await;
                Work::Listed { day, domains: domains.map_err(store_failed) }
            });
            return Ok(None);
        }
        Ok(next)
    }

    fn begin_making(&mut self, log: &Log, now: UnixTime) -> Result<(), Stopped> {
        if self.domains.len() >= AT_A_TIME {
            return Ok(());
        }
        for (day, domain) in log.to_make(now.as_secs(), AT_A_TIME)? {
            if self.domains.len() >= AT_A_TIME {
                break;
            }
            if !self.domains.insert((day, domain.clone())) {
                continue;
            }
            let (workshop, room) = (Arc::clone(&self.workshop), Arc::clone(&self.room));
            let _ = self.tasks.spawn(async move {
                let reports = workshop.make(day, &domain, room).await;
                Work::Made { day, domain, reports }
            });
        }
        Ok(())
    }

    /// Notes what a task has done.
    pub(super) fn done(&mut self, log: &Log, work: Work, follow: bool) -> Result<(), Stopped> {
        let failure = match work {
            Work::Listed { day, domains } => {
                self.listing = false;
                match domains {
                    Ok(domains) => return self.listed(log, day, &domains),
                    Err(failure) => failure,
                }
            }
            Work::Made { day, domain, reports } => {
                let _ = self.domains.remove(&(day, domain.clone()));
                match reports {
                    Ok(Bodies { reports, _room }) => {
                        self.away = 0;
                        return log.add(day, &domain, &reports, UnixTime::now().as_secs());
                    }
                    Err(failure) => failure,
                }
            }
        };
        if failure.code != TRY_LATER {
            return Err(failure);
        }
        // The store is away: what is made already goes on.
        if self.ask_at.is_none() {
            warn(format_args!("tlsrpt-report: {}; trying again", failure.message));
            self.away += 1;
            self.ask_at = Some(Instant::now() + STORE_AWAY);
            if self.away >= STORE_TRIES && !follow {
                self.given_up = Some(failure);
            }
        }
        Ok(())
    }

    fn listed(&mut self, log: &Log, day: UtcDay, domains: &[String]) -> Result<(), Stopped> {
        self.away = 0;
        if domains.is_empty() {
            let last = self.last_listing == Some(day);
            return log.listed(day, if last { Listed::ForGood } else { Listed::Once });
        }
        let now = UnixTime::now().as_secs();
        let due = |domain: &String| {
            let name = DnsName::try_from(domain.as_str()).ok().filter(|_| !self.at_once);
            match name.map(|name| Delivery::new(&name, day, log.seed()).action(day.end())) {
                Some(DeliveryAction::WaitUntil(at)) => at.as_secs(),
                _ => now,
            }
        };
        let domains: Vec<_> = domains.iter().map(|domain| (domain.clone(), due(domain))).collect();
        log.list(day, &domains)
    }
}

impl Workshop {
    /// The reports of a domain, with what goes to each address of its record as it stands now.
    async fn make(
        &self,
        day: UtcDay,
        domain: &str,
        room: Arc<Semaphore>,
    ) -> Result<Bodies, Stopped> {
        let counters = self.maker.counters(day, domain).await.map_err(store_failed)?;
        // No report is on what is no name.
        let asked = match DnsName::try_from(domain) {
            Ok(name) => look_up(&self.dns, &name).await,
            Err(_) => Asked::No,
        };
        // What is slow is over, and nothing below waits but for what is noted.
        let room = room.acquire_owned().await.map_err(|error| Stopped::new(70, error))?;
        let now = UnixTime::now();
        let mut made = Vec::new();
        for report in counters.reports(&self.maker.reporter, day) {
            let deliveries = match &asked {
                Asked::Yes(record) => self.plan(&report, record, now)?,
                // It asked when the sessions were counted.
                Asked::Unknown => self.plan(&report, report.record(), now)?,
                Asked::No => Vec::new(),
            };
            let (record, id) = (report.record().as_str(), report.report().report_id());
            made.push(Made { record: record.to_owned(), report_id: id.to_owned(), deliveries });
        }
        Ok(Bodies { reports: made, _room: room })
    }

    /// What goes to each address of the record, in its final bytes.
    fn plan(
        &self,
        report: &DomainReport<'_>,
        record: &Record,
        now: UnixTime,
    ) -> Result<Vec<Planned>, Stopped> {
        let mail = Mail::gzip(report, &mut Compressor::new());
        let mut planned = Vec::new();
        for uri in record.uris() {
            let (host, body) = match uri.target() {
                Target::Mail { address } => {
                    let Ok(unsigned) = mail.message(address, now) else {
                        // A record's address must not keep the reports of others from being sent.
                        warn(format_args!("tlsrpt-report: {uri} cannot be written to; left out"));
                        continue;
                    };
                    let body = match &self.signer {
                        Some(signer) => signer.sign(unsigned)?.into_message(),
                        None => unsigned.message().to_vec(),
                    };
                    (self.relay.as_deref().unwrap_or_else(|| mail_host(address)), body)
                }
                Target::Https { host, .. } => (host, mail.post().body.to_vec()),
                _ => continue,
            };
            planned.push(Planned { uri: uri.as_str().to_owned(), host: host.to_owned(), body });
        }
        Ok(planned)
    }
}

/// Domains whose reports are made at a time. Ours: a resolver that does not answer costs seconds for each.
const AT_A_TIME: usize = 32;

/// Until the store is asked again. Ours.
const STORE_AWAY: Duration = Duration::from_secs(10);

/// How often it is asked by a run that is to end. Ours: five minutes.
const STORE_TRIES: u32 = 30;
