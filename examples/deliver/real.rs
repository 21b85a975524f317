//! A delivery to a real destination.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use smtp_starttls::{ForwardPath, Message, MessageError, ReversePath};
use smtp_tls::Address;
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::delivery::Settings;
use smtp_tls::driver::tokio::{Envelope, Mailer};
use smtp_tls::report::{Cause, Fate, Report};
use smtp_tls::resolve::{BoxedLookUp, LookUpError, Name};
use smtp_tls::store::{Capacity, MemoryStore};

use crate::args::Args;
use crate::exit::Exit;
use crate::network::{Network, ehlo_name};
use crate::provider::provider;
use crate::roots::roots;
use crate::row::Row;
use crate::stopped::Stopped;
use crate::table;

/// Delivers and prints what became of each recipient.
pub(crate) async fn run(args: &Args) -> ExitCode {
    match deliver(args).await {
        Ok(exit) => exit.into(),
        Err(Stopped { code, message }) => {
            eprintln!("deliver: {message}");
            code.into()
        }
    }
}

fn stop(exit: Exit, message: impl core::fmt::Display) -> Stopped {
    Stopped::new(exit.code(), message)
}

async fn deliver(args: &Args) -> Result<Exit, Stopped> {
    let from = match args.from.as_deref() {
        Some("" | "<>") | None => None,
        Some(text) => Some(address(text)?),
    };
    let to: Vec<Address> = args.to.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    let octets = message_octets(args)?;
    let message = Message::try_from(&*octets).map_err(|error| not_sendable(error, &octets))?;
    let mailer = mailer(args)?;
    let mut domains: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for recipient in &to {
        domains.entry(recipient.domain().as_str()).or_default().push(recipient);
    }
    let mut exit = Exit::Delivered;
    let mut rows = Vec::new();
    for recipients in domains.values() {
        let Some(domain) = recipients.first().map(|first| first.domain().clone()) else { continue };
        let paths: Vec<ForwardPath<'_>> =
            recipients.iter().map(|recipient| recipient.forward_path()).collect();
        let from = from.as_ref().map_or(ReversePath::Null, Address::reverse_path);
        let envelope = Envelope { from, to: &paths, message };
        progress(&domain, args);
        let report = mailer.deliver(domain, &envelope).await;
        exit = exit.max(print(&report, recipients, args));
        rows.push(Row::new(&report));
    }
    if args.json {
        rows.iter().for_each(table::print_json);
    } else {
        table::print(&rows);
    }
    Ok(exit)
}

fn progress(domain: &Name, args: &Args) {
    if !args.json {
        eprintln!("delivering to {domain} …");
    }
}

/// Prints what became of each recipient of a domain.
fn print(report: &Report, recipients: &[&Address], args: &Args) -> Exit {
    let mut exit = Exit::Delivered;
    for (recipient, fate) in recipients.iter().zip(&report.fates) {
        let (this, text) = match fate {
            Fate::Delivered { host, assurance, reply, .. } => {
                (Exit::Delivered, format!("delivered to {host} ({assurance}): {reply}"))
            }
            Fate::Deferred(cause) => {
                (Exit::Deferred, format!("deferred: {} {cause}{}", cause.status(), hint(cause)))
            }
            Fate::Refused(cause) => (Exit::Refused, format!("refused: {} {cause}", cause.status())),
        };
        exit = exit.max(this);
        if !args.json {
            println!("{recipient}: {text}");
        }
    }
    exit
}

/// What helps the person who reads it.
fn hint(cause: &Cause) -> &'static str {
    match cause {
        Cause::MxLookUp(LookUpError::Unreachable(_)) => {
            " (no network, or no resolver at that address: see --dns and --upstream)"
        }
        Cause::MxLookUp(LookUpError::Timeout) => {
            " (is there a network, and does the resolver run?)"
        }
        _ => "",
    }
}

fn address(text: &str) -> Result<Address, Stopped> {
    text.parse().map_err(|error| stop(Exit::Usage, format!("address {text:?}: {error}")))
}

fn message_octets(args: &Args) -> Result<Vec<u8>, Stopped> {
    let octets = match args.message.as_deref() {
        Some(path) if path != Path::new("-") => std::fs::read(path)
            .map_err(|error| stop(Exit::NoInput, format!("{}: {error}", path.display())))?,
        Some(_) | None => {
            let mut octets = Vec::new();
            std::io::stdin()
                .read_to_end(&mut octets)
                .map_err(|error| stop(Exit::NoInput, format!("standard input: {error}")))?;
            octets
        }
    };
    Ok(if args.unix_line_ends { with_crlf(&octets) } else { octets })
}

/// Every LF that has no CR before it becomes CRLF.
fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(octets.len());
    let mut before = 0;
    for octet in octets {
        if *octet == b'\n' && before != b'\r' {
            converted.push(b'\r');
        }
        converted.push(*octet);
        before = *octet;
    }
    converted
}

fn not_sendable(error: MessageError, octets: &[u8]) -> Stopped {
    let hint = match error {
        MessageError::BareLf(_) if !octets.contains(&b'\r') => {
            "; --unix-line-ends converts the line ends of a file written on Unix"
        }
        _ => "",
    };
    stop(Exit::Message, format!("message cannot be sent as it is: {error}{hint}"))
}

type RealMailer = Mailer<Arc<BoxedLookUp>, HttpsFetch<Arc<BoxedLookUp>>, MemoryStore>;

fn mailer(args: &Args) -> Result<RealMailer, Stopped> {
    let network = Network {
        dns: args.dns,
        danger_trust_remote_dns: args.danger_trust_remote_dns,
        upstream: args.upstream,
        trust_anchor: args.trust_anchor.as_deref(),
    };
    let dns = Arc::new(network.look_up()?);
    let connector = Connector::new(provider(), roots(args.roots.as_deref())?)
        .map_err(|error| stop(Exit::LabFailed, error.to_string()))?;
    let mut fetch = HttpsFetch::new(Arc::clone(&dns), &connector);
    if args.https_port != 443 {
        fetch = fetch.danger_port(args.https_port);
    }
    let mut settings = Settings::default();
    settings.port = args.port;
    let store = MemoryStore::new(Capacity::default());
    Ok(Mailer::new(dns, fetch, store, connector, ehlo_name(args.ehlo.as_deref())?)
        .settings(settings))
}
