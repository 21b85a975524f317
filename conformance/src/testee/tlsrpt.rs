//! The `tlsrpt` operations.

use core::net::IpAddr;
use core::time::Duration;
use std::borrow::Cow;

use pki_types::{DnsName, UnixTime};
use serde_json::Value;
use tlsrpt::{
    Address, DateTime, Failure, Outcome, Policy, PolicyOutcome, PolicyType, Reader, Record, Report,
    Reporter, ResultType, Session, Tally, UtcDay, Window, Writer,
};

use super::{Handler, ask};
use crate::answer::Answer;
use crate::request::Instant;
use crate::request::tlsrpt as asked;

pub(crate) const RECORD: Handler = |fields| ask(fields, record);
pub(crate) const REPORT: Handler = |fields| ask(fields, report);
pub(crate) const AGGREGATE: Handler = |fields| ask(fields, aggregate);

/// How many sessions one request may have counted: each is counted by itself.
const SESSIONS: u64 = 1_000_000;

fn record(request: asked::Record) -> Answer {
    match Record::choose(&request.txt) {
        Ok(record) => {
            let rua: Vec<String> = record.uris().iter().map(ToString::to_string).collect();
            let diagnostics: Vec<_> = record.diagnostics().iter().map(|one| one.word()).collect();
            Answer::new("record").with("rua", rua).with("diagnostics", diagnostics)
        }
        Err(why) => Answer::new("none").because(why.word()),
    }
}

fn report(request: asked::Report) -> Answer {
    let reader = match request.mode {
        asked::Mode::Lenient => Reader::lenient(),
        asked::Mode::Strict => Reader::strict(),
    };
    match reader.read_owned(&request.report_b64.0) {
        Ok(reading) => {
            let quirks: Vec<_> = reading.quirks().iter().map(|quirk| quirk.word()).collect();
            let anomalies: Vec<_> = reading.anomalies().iter().map(|one| one.word()).collect();
            written(reading.report()).with("quirks", quirks).with("anomalies", anomalies)
        }
        Err(error) => Answer::new("invalid").because(error.word()),
    }
}

/// An answer with the report in its canonical form.
fn written(report: &Report<'_>) -> Answer {
    match serde_json::from_str::<Value>(&report.to_json()) {
        Ok(json) => Answer::new("report").with("report", json),
        // A canonical form that is no JSON is a fault, and no verdict hides it.
        Err(_) => Answer::unsupported(),
    }
}

fn aggregate(request: asked::Aggregate) -> Answer {
    match report_of(&request) {
        Ok(report) => written(&report),
        Err(reason) => Answer::bad_request(reason),
    }
}

/// The report on these sessions, as a tally counts them in one day.
fn report_of(request: &asked::Aggregate) -> Result<Report<'static>, &'static str> {
    let window = window(request).ok_or("bad-window")?;
    let reporter = Reporter::new(&request.organization, &request.contact, "conformance")
        .map_err(|_| "bad-contact")?;
    let tally = tally_of(request, window.start())?;
    let id = request.report_id.as_str();
    let mut report = Report::new(&*request.organization, &*request.contact, id, window);
    let day = UtcDay::of(window.start());
    let counted = tally.day(day).and_then(|counters| counters.reports(&reporter, day).next());
    if let Some(counted) = &counted {
        copy_policies(counted.report(), &mut report);
    }
    Ok(report.into_owned())
}

/// The sessions, counted as if all had ended then.
pub(crate) fn tally_of(
    request: &asked::Aggregate,
    ended_at: UnixTime,
) -> Result<Tally, &'static str> {
    let sessions = request.sessions.iter().map(|session| session.count);
    if sessions.fold(0, u64::saturating_add) > SESSIONS {
        return Err("too-many-sessions");
    }
    let mut tally = Tally::new(Writer::new("conformance", 1), 0);
    for session in &request.sessions {
        count(&mut tally, session, ended_at)?;
    }
    Ok(tally)
}

/// The window of the request. An end at midnight is the first second after it, any other end is
/// the last second of it (RFC 8460 section 4.1 leaves this open).
fn window(request: &asked::Aggregate) -> Option<Window> {
    const DAY: u64 = 86_400;
    let (start, end) = (seconds(&request.start)?, seconds(&request.end)?);
    let end = if end.is_multiple_of(DAY) { end } else { end + 1 };
    Window::new(unix(start), unix(end))
}

fn seconds(instant: &Instant) -> Option<u64> {
    match instant {
        Instant::Unix(seconds) => (*seconds < u64::MAX).then_some(*seconds),
        Instant::Text(text) => Some(text.parse::<DateTime>().ok()?.time().as_secs()),
    }
}

const fn unix(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn count(
    tally: &mut Tally,
    session: &asked::Session,
    ended_at: UnixTime,
) -> Result<(), &'static str> {
    let domain = DnsName::try_from("example.org").map_err(|_| "bad-domain")?;
    let record = "v=TLSRPTv1; rua=mailto:tls@example.org".parse::<Record>();
    let record = record.map_err(|_| "bad-record")?;
    let outcome = match &session.result {
        None => PolicyOutcome::new(policy(&session.policy), Outcome::Success),
        Some(result) => {
            PolicyOutcome::new(policy(&session.policy), Outcome::Failure).failure(failure(result))
        }
    };
    let one = Session::new(domain, &record, ended_at).policy(outcome);
    for _ in 0..session.count {
        tally.record(&one, ended_at).map_err(|_| "session-refused")?;
    }
    Ok(())
}

fn policy(policy: &asked::Policy) -> Policy<'_> {
    Policy::new(PolicyType(Cow::Borrowed(&policy.kind)), &*policy.domain)
        .strings(policy.strings.iter().map(String::as_str))
        .mx_hosts(policy.mx_hosts.iter().map(String::as_str))
}

fn failure(result: &asked::Failure) -> Failure<'_> {
    let text = |text: &'_ Option<String>| text.clone().map(Cow::Owned);
    let mut failure = Failure::new(ResultType(Cow::Borrowed(&result.kind)));
    failure.sending_mta_ip = address(result.sending_mta_ip.as_deref());
    failure.receiving_mx_hostname = text(&result.receiving_mx_hostname);
    failure.receiving_mx_helo = text(&result.receiving_mx_helo);
    failure.receiving_ip = address(result.receiving_ip.as_deref());
    failure.additional_information = text(&result.additional_information);
    failure.failure_reason_code = text(&result.failure_reason_code);
    failure
}

fn address(text: Option<&str>) -> Option<Address<'_>> {
    text.map(|text| match text.parse() {
        Ok(IpAddr::V4(ip)) => Address::V4(ip),
        Ok(IpAddr::V6(ip)) => Address::V6(ip),
        Err(_) => Address::Text(Cow::Borrowed(text)),
    })
}

fn copy_policies<'a>(from: &Report<'a>, to: &mut Report<'a>) {
    for counted in from.policies() {
        let policy = Policy::new(counted.policy_type().clone(), counted.policy_domain().to_owned())
            .strings(counted.policy_strings().to_vec())
            .mx_hosts(counted.mx_hosts().to_vec());
        to.push(policy, counted.summary(), counted.details().to_vec());
    }
}
