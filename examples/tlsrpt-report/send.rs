//! Sends what is due, until all is done or for ever.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;

use pki_types::UnixTime;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::resolve::BoxedLookUp;
use tlsrpt::{
    Compressor, Delivery, DeliveryAction, DeliveryInput, DomainReport, GaveUp, Mail, Record,
    ReportUri, Target, UtcDay,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::args::Send;
use crate::log::{Job, Log, Made, Planned, Stand};
use crate::mail::Post;
use crate::make::{Maker, TRY_LATER, latest_sealed, next_seal};
use crate::post::Poster;
use crate::roots::roots;
use crate::sign::Signer;
use crate::stopped::Stopped;
use crate::target::{Asked, look_up};

/// Runs to the end, or until a signal.
pub(crate) async fn run(maker: Maker, args: &Send) -> Result<ExitCode, Stopped> {
    let signer = Signer::open(&args.dkim, &maker.reporter)?;
    if signer.is_none() && !args.relay_signs {
        let message = "--dkim-key is missing: receivers ignore reports without a signature (RFC 8460 \
                       section 3); --relay-signs says that the relay signs";
        return Err(Stopped::new(64, message));
    }
    let dns = Arc::new(args.network().look_up()?);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let connector = Connector::new(provider, roots(args.roots.as_deref())?);
    let connector = connector.map_err(|error| Stopped::new(70, error))?;
    let carrier = Arc::new(Carrier {
        mail: Post::new(args, maker.reporter.contact_info(), &dns, &connector)?,
        https: Poster::new(Arc::clone(&dns), &connector),
    });
    let log = Log::open(&args.log)?;
    let mut sender =
        Sender { maker, signer, dns, log, carrier, at_once: args.at_once, busy: Busy::default() };
    sender.run(args.follow).await
}

/// What carries bytes to an address.
struct Carrier {
    mail: Post,
    https: Poster,
}

struct Sender {
    maker: Maker,
    signer: Option<Signer>,
    dns: Arc<BoxedLookUp>,
    log: Log,
    carrier: Arc<Carrier>,
    at_once: bool,
    busy: Busy,
}

/// What is under way: deliveries, and how many to each host.
#[derive(Default)]
struct Busy {
    tasks: JoinSet<Done>,
    deliveries: BTreeSet<i64>,
    hosts: BTreeMap<String, usize>,
}

/// An attempt that has ended.
struct Done {
    job: Job,
    host: String,
    input: DeliveryInput,
    words: String,
}

impl Sender {
    async fn run(&mut self, follow: bool) -> Result<ExitCode, Stopped> {
        let failed = |error| Stopped::new(71, error);
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        loop {
            let step = async {
                let wait = match self.make(UnixTime::now()).await {
                    Ok(()) => None,
                    // The store is away: what is made already goes on.
                    Err(stopped) if follow && stopped.code == TRY_LATER => {
                        eprintln!("tlsrpt-report: {}; trying again", stopped.message);
                        Some(STORE_AWAY)
                    }
                    Err(stopped) => return Err(stopped),
                };
                self.begin()?;
                self.wait(follow, wait).await
            };
            let goes_on = tokio::select! {
                result = step => result?,
                _ = terminate.recv() => return self.end().await,
                _ = interrupt.recv() => return self.end().await,
            };
            if !goes_on {
                let given_up = self.log.given_up(latest_sealed(UnixTime::now()).previous())?;
                return Ok(if given_up == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
        }
    }

    /// Attempts that are under way have some time to end, so that they are noted.
    async fn end(&mut self) -> Result<ExitCode, Stopped> {
        let rest = async {
            while let Some(done) = self.busy.tasks.join_next().await {
                self.note(done.map_err(|error| Stopped::new(70, error))?)?;
            }
            Ok::<_, Stopped>(())
        };
        tokio::time::timeout(LAST, rest).await.unwrap_or(Ok(()))?;
        let open = self.log.next_due()?.is_some();
        Ok(if open { ExitCode::from(TRY_LATER) } else { ExitCode::SUCCESS })
    }

    /// Makes the reports of the days that are closed and that nobody has made yet.
    async fn make(&mut self, now: UnixTime) -> Result<(), Stopped> {
        let latest = latest_sealed(now);
        for day in [latest.previous(), latest] {
            let progress = self.log.progress(day)?;
            if progress.complete {
                continue;
            }
            let mut last = progress.last;
            loop {
                let domains = self.maker.domains(day, &last).await;
                let domains = domains.map_err(crate::make::store_failed)?;
                let Some(end) = domains.last() else { break };
                last.clone_from(end);
                for domain in &domains {
                    self.make_domain(day, domain, now).await?;
                }
            }
            self.log.complete(day)?;
        }
        Ok(())
    }

    async fn make_domain(&self, day: UtcDay, domain: &str, now: UnixTime) -> Result<(), Stopped> {
        let counters = self.maker.counters(day, domain).await.map_err(crate::make::store_failed)?;
        let mut made = Vec::new();
        for report in counters.reports(&self.maker.reporter, day) {
            let deliveries = match look_up(&self.dns, report.domain()).await {
                Asked::Yes(record) => self.plan(&report, &record, day, now)?,
                // It asked when the sessions were counted.
                Asked::Unknown => self.plan(&report, report.record(), day, now)?,
                Asked::No => Vec::new(),
            };
            let (record, id) = (report.record().as_str(), report.report().report_id());
            made.push(Made { record: record.to_owned(), report_id: id.to_owned(), deliveries });
        }
        self.log.add(day, domain, &made, now.as_secs())
    }

    /// What goes to each address of the record, in its final bytes.
    fn plan(
        &self,
        report: &DomainReport<'_>,
        record: &Record,
        day: UtcDay,
        now: UnixTime,
    ) -> Result<Vec<Planned>, Stopped> {
        let mail = Mail::gzip(report, &mut Compressor::new());
        let due = match Delivery::new(report.domain(), day, self.log.seed()).action(now) {
            DeliveryAction::WaitUntil(at) if !self.at_once => at.as_secs(),
            _ => now.as_secs(),
        };
        let mut planned = Vec::new();
        for uri in record.uris() {
            let body = match uri.target() {
                Target::Mail { address } => {
                    let failed = |error| Stopped::new(70, error);
                    let unsigned = mail.message(address, now).map_err(failed)?;
                    match &self.signer {
                        Some(signer) => signer.sign(unsigned)?.into_message(),
                        None => unsigned.message().to_vec(),
                    }
                }
                Target::Https { .. } => mail.post().body.to_vec(),
                _ => continue,
            };
            planned.push(Planned { uri: uri.as_str().to_owned(), body, due });
        }
        Ok(planned)
    }

    /// Begins attempts that are due, as many as may be under way.
    fn begin(&mut self) -> Result<(), Stopped> {
        if self.busy.tasks.len() >= AT_A_TIME {
            return Ok(());
        }
        for job in self.log.due(UnixTime::now().as_secs(), LOOKED_AT)? {
            if self.busy.tasks.len() >= AT_A_TIME {
                break;
            }
            let Ok(uri) = job.uri.parse::<ReportUri>() else { continue };
            let host = match uri.target() {
                Target::Mail { address } => self.carrier.mail.host(address),
                Target::Https { host, .. } => host,
                _ => continue,
            };
            let host = host.to_owned();
            let at_host = self.busy.hosts.get(&host).copied().unwrap_or_default();
            if at_host >= AT_ONE_HOST || !self.busy.deliveries.insert(job.id) {
                continue;
            }
            let _ = self.busy.hosts.insert(host.clone(), at_host + 1);
            let body = self.log.body(job.id)?;
            let carrier = Arc::clone(&self.carrier);
            self.busy.tasks.spawn(async move {
                let (input, words) = match uri.target() {
                    Target::Mail { address } => carrier.mail.send(address, &body).await,
                    Target::Https { host, request_target } => {
                        carrier.https.post(host, request_target, &body).await
                    }
                    _ => (DeliveryInput::Unreachable, String::new()),
                };
                Done { job, host, input, words }
            });
        }
        Ok(())
    }

    /// Waits for an attempt to end, or for the next that is due. Returns whether there is more to do.
    async fn wait(&mut self, follow: bool, longest: Option<Duration>) -> Result<bool, Stopped> {
        let now = UnixTime::now();
        let next_day = follow.then(|| next_seal(latest_sealed(now)));
        if !self.busy.tasks.is_empty() {
            if let Some(done) = self.busy.tasks.join_next().await {
                self.note(done.map_err(|error| Stopped::new(70, error))?)?;
            }
            return Ok(true);
        }
        let Some(next) = [self.log.next_due()?, next_day].into_iter().flatten().min() else {
            return Ok(false);
        };
        // Not for long: clocks are set, and machines sleep.
        let wait = Duration::from_secs(next.saturating_sub(now.as_secs()));
        tokio::time::sleep(wait.min(longest.unwrap_or(LOOK_AGAIN))).await;
        Ok(true)
    }

    /// Plays the attempts of a delivery, this one included, and notes where it stands now.
    fn note(&mut self, done: Done) -> Result<(), Stopped> {
        let Done { job, host, input, words } = done;
        let _ = self.busy.deliveries.remove(&job.id);
        if let Some(count) = self.busy.hosts.get_mut(&host) {
            *count -= 1;
            if *count == 0 {
                let _ = self.busy.hosts.remove(&host);
            }
        }
        let domain = pki_types::DnsName::try_from(job.domain.as_str());
        let domain = domain.map_err(|error| Stopped::new(66, error))?;
        let mut delivery = Delivery::new(&domain, job.day, self.log.seed());
        let now = UnixTime::now();
        for (at, earlier) in self.log.attempts(job.id)? {
            delivery.handle(earlier, UnixTime::since_unix_epoch(Duration::from_secs(at)));
        }
        delivery.handle(input, now);
        let stand = match delivery.action(now) {
            DeliveryAction::WaitUntil(at) => Stand::Due(at.as_secs()),
            DeliveryAction::Delivered => Stand::Delivered,
            DeliveryAction::GaveUp(GaveUp::Refused) => Stand::GaveUp("refused"),
            DeliveryAction::GaveUp(GaveUp::TooLate) => Stand::GaveUp("too-late"),
            _ => Stand::Due(now.as_secs()),
        };
        let (day, domain, uri) = (job.day, &job.domain, &job.uri);
        match stand {
            Stand::Delivered => println!("{day} {domain} {uri}: delivered: {words}"),
            Stand::Due(_) => println!("{day} {domain} {uri}: to be tried again: {words}"),
            Stand::GaveUp(why) => println!("{day} {domain} {uri}: given up ({why}): {words}"),
        }
        self.log.note(job.id, now.as_secs(), (input, &words), stand)
    }
}

/// Attempts at a time. Ours.
const AT_A_TIME: usize = 16;

/// Attempts at a time to one host. Ours.
const AT_ONE_HOST: usize = 4;

/// Deliveries looked at for such that may begin. Ours.
const LOOKED_AT: u32 = 256;

/// The longest sleep. Ours.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Until the store is asked again. Ours.
const STORE_AWAY: Duration = Duration::from_secs(10);

/// For attempts under way when a signal comes. Ours.
const LAST: Duration = Duration::from_secs(60);
