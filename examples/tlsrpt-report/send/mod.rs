//! Makes and sends what is due, until all is done or for ever.
//!
//! ```text
//! a day is closed --> its domains are listed, each with its time --> its reports are made and frozen
//!                 '-> once more when first attempts are over            --> attempts, until taken or given up
//! ```
//!
//! What waits, for the store, for the DNS or for a receiver, is a task; this is the loop that begins them and
//! notes what they came to.

mod carry;
mod make;

use core::time::Duration;
use std::process::ExitCode;
use std::sync::Arc;

use pki_types::UnixTime;
use smtp_tls::adapter::rustls::Connector;
use tlsrpt::{UtcDay, limits};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Send;
use crate::day::latest_sealed;
use crate::log::{Listed, Log};
use crate::mail::Post;
use crate::make::{Maker, TRY_LATER};
use crate::post::Poster;
use crate::roots::roots;
use crate::sign::Signer;
use crate::stopped::Stopped;
use carry::{Carrier, Carrying};
use make::{Making, Workshop};

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
    let mail = Post::new(args, maker.reporter.contact_info(), &dns, &connector)?;
    let relay = mail.relay().map(str::to_owned);
    let https = Poster::new(Arc::clone(&dns), &connector);
    let log = Log::open(&args.log)?;
    let days = last_two(UnixTime::now());
    let mut sender = Sender {
        making: Making::new(Workshop { maker, signer, dns, relay }, args.at_once),
        carrying: Carrying::new(Carrier { mail, https, limit: args.attempt_limit() }),
        log,
        follow: args.follow,
        days,
    };
    sender.run().await
}

struct Sender {
    making: Making,
    carrying: Carrying,
    log: Log,
    follow: bool,
    /// Whose reports are made. Without `follow` they stay, so that the run comes to an end.
    days: [UtcDay; 2],
}

impl Sender {
    async fn run(&mut self) -> Result<ExitCode, Stopped> {
        let failed = |error| Stopped::new(71, error);
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let ended = loop {
            let ends = tokio::select! {
                ends = self.step() => ends,
                _ = terminate.recv() => break Ok(()),
                _ = interrupt.recv() => break Ok(()),
            };
            match ends {
                Ok(true) => {}
                Ok(false) => return self.status(),
                Err(stopped) => break Err(stopped),
            }
        };
        // Nothing more is begun.
        let noted = self.carrying.end(&self.log).await;
        ended.and(noted)?;
        Ok(if self.is_open()? { ExitCode::from(TRY_LATER) } else { ExitCode::SUCCESS })
    }

    /// Whether something is left to another run: of what is in the log, or of what is not in it yet.
    fn is_open(&self) -> Result<bool, Stopped> {
        for &day in &self.days {
            if self.log.progress(day)?.listed != Listed::ForGood {
                return Ok(true);
            }
        }
        self.log.is_open()
    }

    /// Begins what can be, and waits for something to end or to be due. Returns whether there is more to do.
    /// It may be dropped at any await.
    async fn step(&mut self) -> Result<bool, Stopped> {
        let now = UnixTime::now();
        if self.follow {
            self.days = last_two(now);
        }
        let more = self.making.begin(&self.log, &self.days, now)?;
        let again = self.carrying.begin(&self.log, now)?;
        let next_seal = self.follow.then(|| next_seal(now));
        // What is not made in this run is not waited for.
        let made_only = self.making.given_up.is_some();
        let noted = self.log.next(now.as_secs(), made_only)?;
        let next = [noted, more, again, next_seal].into_iter().flatten().min();
        if next.is_none() && self.making.tasks.is_empty() && self.carrying.tasks.is_empty() {
            return Ok(false);
        }
        // Not for long: clocks are set, and machines sleep.
        let wait = next.map(|next| Duration::from_secs(next.saturating_sub(now.as_secs())));
        let gone = |error| Stopped::new(70, error);
        tokio::select! {
            Some(done) = self.carrying.tasks.join_next() => {
                self.carrying.note(&self.log, done.map_err(gone)?)?;
            }
            Some(work) = self.making.tasks.join_next() => {
                self.making.done(&self.log, work.map_err(gone)?, self.follow)?;
            }
            () = tokio::time::sleep(wait.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)) => {}
        }
        Ok(true)
    }

    /// What the run has come to.
    fn status(&mut self) -> Result<ExitCode, Stopped> {
        match self.making.given_up.take() {
            Some(stopped) => Err(stopped),
            None if self.carrying.failed > 0 => Ok(ExitCode::FAILURE),
            None => Ok(ExitCode::SUCCESS),
        }
    }
}

/// The last two days that are closed.
fn last_two(now: UnixTime) -> [UtcDay; 2] {
    let latest = latest_sealed(now);
    [latest.previous(), latest]
}

/// When the next day is closed.
fn next_seal(now: UnixTime) -> u64 {
    latest_sealed(now).next().end().as_secs() + limits::SEAL_AFTER
}

/// The longest sleep. Ours.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
