//! Brings frozen reports to their addresses.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pki_types::{DnsName, UnixTime};
use tlsrpt::{Delivery, DeliveryAction, DeliveryInput, GaveUp, ReportUri, Target};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::log::{Job, Log, Stand};
use crate::mail::Post;
use crate::post::Poster;
use crate::say::say;
use crate::stopped::Stopped;

/// What carries bytes to an address.
pub(super) struct Carrier {
    pub(super) mail: Post,
    pub(super) https: Poster,
    /// For one attempt. RFC 5321 section 4.5.3.2.6 has ten minutes for the answer to a message.
    pub(super) limit: Duration,
}

/// What is under way: deliveries, and how many to each host.
pub(super) struct Carrying {
    carrier: Arc<Carrier>,
    pub(super) tasks: JoinSet<Done>,
    deliveries: BTreeSet<i64>,
    hosts: BTreeMap<String, usize>,
    /// A second in which nothing was due to hosts but these, each with as many attempts as it may have.
    quiet: Option<(u64, BTreeSet<String>)>,
    /// Reports that came to nothing in this run.
    pub(super) failed: u64,
}

/// An attempt that has ended.
pub(super) struct Done {
    job: Job,
    input: DeliveryInput,
    words: String,
}

impl Carrying {
    pub(super) fn new(carrier: Carrier) -> Self {
        Self {
            carrier: Arc::new(carrier),
            tasks: JoinSet::new(),
            deliveries: BTreeSet::new(),
            hosts: BTreeMap::new(),
            quiet: None,
            failed: 0,
        }
    }

    /// Begins attempts that are due, as many as may be under way. Returns when to look again, if that was left
    /// out: a look past all that is due to a busy host, such as a relay, costs too much for each attempt.
    pub(super) fn begin(&mut self, log: &Log, now: UnixTime) -> Result<Option<u64>, Stopped> {
        let second = now.as_secs();
        while self.tasks.len() < AT_A_TIME {
            let busy = self.hosts.iter().filter(|(_, count)| **count >= AT_ONE_HOST);
            let busy: BTreeSet<String> = busy.map(|(host, _)| host.clone()).collect();
            let quiet = self.quiet.as_ref();
            if quiet.is_some_and(|(at, hosts)| *at == second && hosts.is_subset(&busy)) {
                return Ok(Some(second + 1));
            }
            // Those that are under way are still due in the log.
            let jobs = log.due(second, 2 * AT_A_TIME, &busy)?;
            let before = self.tasks.len();
            for job in jobs {
                self.begin_one(log, job)?;
            }
            if self.tasks.len() == before {
                self.quiet = (!busy.is_empty()).then_some((second, busy));
                break;
            }
        }
        Ok(None)
    }

    fn begin_one(&mut self, log: &Log, job: Job) -> Result<(), Stopped> {
        let at_host = self.hosts.get(&job.host).copied().unwrap_or_default();
        if self.tasks.len() >= AT_A_TIME || at_host >= AT_ONE_HOST {
            return Ok(());
        }
        if !self.deliveries.insert(job.id) {
            return Ok(());
        }
        let _ = self.hosts.insert(job.host.clone(), at_host + 1);
        let body = log.body(job.id)?;
        let carrier = Arc::clone(&self.carrier);
        let _ = self.tasks.spawn(async move {
            let attempt = timeout(carrier.limit, carrier.carry(&job.uri, &body)).await;
            let (input, words) = attempt.unwrap_or_else(|_| {
                let words = format!("no end after {} seconds", carrier.limit.as_secs());
                (DeliveryInput::Unreachable, words)
            });
            Done { job, input, words }
        });
        Ok(())
    }

    /// Plays the attempts of a delivery, this one included, and notes where it stands now.
    pub(super) fn note(&mut self, log: &Log, done: Done) -> Result<(), Stopped> {
        let Done { job, input, words } = done;
        let _ = self.deliveries.remove(&job.id);
        if let Some(count) = self.hosts.get_mut(&job.host) {
            *count -= 1;
            if *count == 0 {
                let _ = self.hosts.remove(&job.host);
            }
        }
        let domain = DnsName::try_from(job.domain.as_str());
        let domain = domain.map_err(|error| Stopped::new(66, error))?;
        let mut delivery = Delivery::new(&domain, job.day, log.seed());
        let now = UnixTime::now();
        for (at, earlier) in log.attempts(job.id)? {
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
        // First of all: what is not noted is sent again.
        log.note(job.id, now.as_secs(), (input, &words), stand)?;
        let came_to = match stand {
            Stand::Delivered => "delivered".to_owned(),
            Stand::Due(_) => "to be tried again".to_owned(),
            Stand::GaveUp(why) => format!("given up ({why})"),
        };
        say(format_args!("{} {} {}: {came_to}: {words}", job.day, job.domain, job.uri));
        if matches!(stand, Stand::GaveUp(_)) && log.has_failed(job.id)? {
            self.failed += 1;
        }
        Ok(())
    }

    /// Gives attempts that are under way some time to end, so that they are noted.
    pub(super) async fn end(&mut self, log: &Log) -> Result<(), Stopped> {
        let rest = async {
            while let Some(done) = self.tasks.join_next().await {
                self.note(log, done.map_err(|error| Stopped::new(70, error))?)?;
            }
            Ok(())
        };
        timeout(LAST, rest).await.unwrap_or(Ok(()))
    }
}

impl Carrier {
    async fn carry(&self, uri: &str, body: &[u8]) -> (DeliveryInput, String) {
        let unknown = || (DeliveryInput::MailReply(550), "not an address".to_owned());
        let Ok(uri) = uri.parse::<ReportUri>() else { return unknown() };
        match uri.target() {
            Target::Mail { address } => self.mail.send(address, body).await,
            Target::Https { host, request_target } => {
                self.https.post(host, request_target, body).await
            }
            _ => unknown(),
        }
    }
}

/// Attempts at a time. Ours: with ten minutes for each, 1,000 hosts that do not answer hold others up for
/// three hours at worst.
const AT_A_TIME: usize = 64;

/// Attempts at a time to one host. Ours.
const AT_ONE_HOST: usize = 4;

/// For attempts under way when the program is to end. Ours.
const LAST: Duration = Duration::from_secs(60);
