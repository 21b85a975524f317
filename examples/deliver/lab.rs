//! The lab: a small Internet on loopback, and a delivery to each of its domains.

use std::sync::Arc;

use conformance::lab::{Delivery, Expected, Lab, LabDomain, Security as LabSecurity};
use indicatif::{ProgressBar, ProgressStyle};
use mta_sts::{CacheEntry, EntryUpdate, Policy, PolicyDomain, PolicyStore, Profile, Update};
use pki_types::UnixTime;
use rustls::RootCertStore;
use smtp_starttls::{ForwardPath, Message, ReversePath};
use smtp_tls::adapter::domain::{Anchors, Validator};
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::attempt::Assurance;
use smtp_tls::delivery::Settings;
use smtp_tls::driver::tokio::{Envelope, Mailer};
use smtp_tls::report::{Fate, Report};
use smtp_tls::resolve::Security;
use smtp_tls::store::{Capacity, MemoryStore, MemoryTally};
use smtp_tls::{Address, ReportSink};
use tlsrpt::{Reporter, Tally, UtcDay, Writer};

use crate::args::Args;
use crate::exit::Exit;
use crate::provider::provider;
use crate::row::Row;
use crate::table;

const MESSAGE: &[u8] = b"From: Sender <sender@sender.example>\r\n\
    To: Postmaster <postmaster@recipient.example>\r\n\
    Subject: A message for the lab\r\n\
    Message-ID: <1@sender.example>\r\n\
    Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n\
    \r\n\
    This line comes before one with a dot alone:\r\n\
    .\r\n\
    and this one after it.\r\n";

/// Delivers to every domain of the lab and compares.
pub(crate) async fn run(args: &Args) -> Exit {
    match deliver_all(args).await {
        Ok(true) => Exit::Delivered,
        Ok(false) => Exit::Unexpected,
        Err(error) => {
            eprintln!("deliver: the lab could not be started: {error}");
            Exit::LabFailed
        }
    }
}

type AnyError = Box<dyn core::error::Error>;

async fn deliver_all(args: &Args) -> Result<bool, AnyError> {
    let lab = Lab::start(UnixTime::now())?;
    let mailer = mailer(&lab, args)?;
    for domain in lab.domains() {
        preload(mailer.store(), domain).await?;
    }
    let tally = MemoryTally::new(Tally::new(Writer::new("lab", 1), 0));
    let progress = progress(lab.domains().len(), args);
    let mut rows = Vec::new();
    let mut reported = None;
    for domain in lab.domains() {
        progress.set_message(domain.title);
        let report = deliver(&mailer, domain).await?;
        for session in report.tlsrpt_sessions() {
            tally.record(&session, UnixTime::now()).await?;
        }
        if reported.is_none() && report.tlsrpt_record.is_some() {
            reported = report.first_tls_failure().map(|_| domain.domain);
        }
        let mut row = Row::new(&report);
        row.unexpected = difference(&report, &domain.expected, &lab);
        if args.json {
            table::print_json(&row);
        }
        rows.push(row);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let as_expected = rows.iter().all(|row| row.unexpected.is_none());
    if !args.json {
        table::print(&rows);
        summary(&rows);
    }
    print_day(tally.into_inner(), reported, args)?;
    Ok(as_expected)
}

type LabMailer = Mailer<Arc<Validator>, HttpsFetch<Arc<Validator>>, MemoryStore>;

/// What a mail server sets up once; only the ports and the roots are the lab's.
fn mailer(lab: &Lab, args: &Args) -> Result<LabMailer, AnyError> {
    let anchors: Anchors = lab.trust_anchor().parse()?;
    let dns = Arc::new(Validator::new(anchors, &[lab.dns_address()]));
    let mut roots = RootCertStore::empty();
    for root in lab.roots() {
        roots.add(root)?;
    }
    let connector = Connector::new(provider(), roots)?;
    let fetch = HttpsFetch::new(Arc::clone(&dns), &connector).danger_port(lab.https_port());
    let mut settings = Settings::default();
    settings.port = lab.smtp_port();
    let name = args.ehlo.as_deref().unwrap_or("mta.sender.example").parse()?;
    Ok(Mailer::new(dns, fetch, MemoryStore::new(Capacity::default()), connector, name)
        .settings(settings))
}

/// Puts into the store what the sender has fetched before.
async fn preload(store: &MemoryStore, domain: &LabDomain) -> Result<(), AnyError> {
    let Some(cached) = domain.cached_policy else { return Ok(()) };
    let policy = Policy::parse(cached.body.as_bytes(), Profile::default())?;
    let fetched_at = UnixTime::since_unix_epoch(core::time::Duration::from_secs(
        UnixTime::now().as_secs().saturating_sub(cached.age.as_secs()),
    ));
    let entry = CacheEntry::new(cached.id.parse()?, policy, fetched_at);
    let mut update = Update::default();
    update.entry = EntryUpdate::Put(entry);
    let domain: PolicyDomain = domain.domain.parse()?;
    Ok(store.save(&domain, &update).await?)
}

async fn deliver(mailer: &LabMailer, domain: &LabDomain) -> Result<Report, AnyError> {
    let from: Address = "sender@sender.example".parse()?;
    let to: Address = format!("postmaster@{}", domain.domain).parse()?;
    let to_path: [ForwardPath<'_>; 1] = [to.forward_path()];
    let from: ReversePath<'_> = from.reverse_path();
    let envelope = Envelope { from, to: &to_path, message: Message::try_from(MESSAGE)? };
    Ok(mailer.deliver(to.domain().clone(), &envelope).await)
}

/// How a report differs from what the RFCs ask for, if it does.
fn difference(report: &Report, expected: &Expected, lab: &Lab) -> Option<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, got: String, wanted: String| {
        if got != wanted {
            differences.push(format!("{what} is {got}, expected {wanted}"));
        }
    };
    let fate = report.fates.first()?;
    let wanted = match expected.delivery {
        Delivery::Delivered => "delivered",
        Delivery::Deferred => "deferred",
        _ => "refused",
    };
    compare("verdict", fate.word().to_owned(), wanted.to_owned());
    let (security, host, half) = match fate {
        Fate::Delivered { host, assurance, mx, .. } => {
            let half = *mx == Security::Insecure
                && matches!(assurance, Assurance::DaneEe | Assurance::DaneTa);
            (Some(security(*assurance)), Some(host.as_str()), half)
        }
        Fate::Deferred(_) | Fate::Refused(_) => (None, None, false),
    };
    compare("security", format!("{security:?}"), format!("{:?}", expected.security));
    compare("host", format!("{host:?}"), format!("{:?}", expected.host));
    compare("half-DANE", half.to_string(), expected.half_dane.to_string());
    let result = report.first_tls_failure();
    compare("TLSRPT result", format!("{result:?}"), format!("{:?}", expected.tls_result));
    let received = lab.ledger().received_for(report.domain.as_str());
    let intact = received.iter().all(|message| message.data == MESSAGE);
    let taken = usize::from(expected.delivery == Delivery::Delivered);
    compare("messages received", received.len().to_string(), taken.to_string());
    compare("message intact", intact.to_string(), true.to_string());
    (!differences.is_empty()).then(|| differences.join("; "))
}

const fn security(assurance: Assurance) -> LabSecurity {
    match assurance {
        Assurance::Clear => LabSecurity::Plaintext,
        Assurance::Unauthenticated => LabSecurity::Unauthenticated,
        Assurance::Pkix => LabSecurity::MtaSts,
        Assurance::DaneEe => LabSecurity::DaneEe,
        Assurance::DaneTa => LabSecurity::DaneTa,
    }
}

/// A bar on standard error; nothing is shown where that is no terminal.
fn progress(len: usize, args: &Args) -> ProgressBar {
    if args.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(len.try_into().unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn summary(rows: &[Row]) {
    let count = |word| rows.iter().filter(|row| row.verdict == word).count();
    let wrong = rows.iter().filter(|row| row.unexpected.is_some()).count();
    println!(
        "{} domains: {} delivered, {} deferred, {} refused; {wrong} not as expected",
        rows.len(),
        count("delivered"),
        count("deferred"),
        count("refused"),
    );
}

/// The day's TLS report for one domain with failures.
fn print_day(tally: Tally, domain: Option<&str>, args: &Args) -> Result<(), AnyError> {
    let reporter = Reporter::new("Sender Example Ltd", "tls-reports@sender.example", "lab")?;
    let days: Vec<UtcDay> = tally.days().collect();
    for day in days {
        let Some(counters) = tally.day(day) else { continue };
        for report in counters.reports(&reporter, day) {
            if Some(report.domain().as_ref()) != domain {
                continue;
            }
            if args.json {
                println!("{}", report.report().to_json());
            } else {
                println!("\nTLS report of {day} for {}:", report.domain().as_ref());
                println!("{}", serde_json::to_string_pretty(report.report())?);
            }
        }
    }
    Ok(())
}
