//! `tlsa check`: a live server beside its records.

use dane::discovery::{DanePlan, Destination, Enforcement, HostPlan, Policy, Skip};
use dane::publish::{Finding, Severity, lint, lint_next, record};
use dane::{Digests, Name, Profile, Tlsa, TlsaSet, UsableRecord};
use serde::Serialize;

use crate::args::Check;
use crate::connect::{Seen, connect};
use crate::exit::{Exit, Stopped};
use crate::find::{Found, find, plan_by};
use crate::kind::RecordKind;
use crate::pem;

/// Looks up, connects, and prints what is found.
pub(crate) fn run(args: &Check) -> Result<Exit, Stopped> {
    let next = args.next.as_deref().map(pem::read_chain).transpose()?;
    let found = find(args)?;
    if let HostPlan::Skip(skip) = &found.plan {
        return Err(skipped(&args.host, skip));
    }
    let plan = match &found.plan {
        HostPlan::Dane(plan) => plan.clone(),
        other => any_plan(other.base().unwrap_or(&args.host), args.port)?,
    };
    let seen = connect(args, &found.addresses, &plan)?;
    let report = Report::new(args, &found, &seen, next.as_deref());
    if args.json {
        let text = serde_json::to_string(&report).map_err(|it| Stopped::new(Exit::Data, it))?;
        println!("{text}");
    } else {
        report.print();
    }
    Ok(report.exit())
}

fn skipped(host: &Name, skip: &Skip) -> Stopped {
    let exit = match skip {
        Skip::LookUp { .. } => Exit::Temporary,
        Skip::NoAddress => Exit::Unavailable,
        _ => Exit::Wrong,
    };
    Stopped::new(exit, format!("{host}: senders that obey DANE wait: {skip}"))
}

/// A plan by a record that nothing matches, for a connection whose chain is only looked at.
fn any_plan(base: &Name, port: u16) -> Result<DanePlan, Stopped> {
    let mut policy = Policy::default();
    policy.enforcement = Enforcement::DangerAuditOnly;
    let RecordKind { usage, selector, matching } = RecordKind::RECOMMENDED;
    let nothing = Tlsa::new(usage, selector, matching, [0_u8; 32])
        .map_err(|error| Stopped::new(Exit::Data, error))?;
    let destination = Destination::relay(base, port, policy);
    match plan_by(&destination, base, TlsaSet::from(vec![nothing]))? {
        HostPlan::Dane(plan) => Ok(plan),
        other => Err(Stopped::new(Exit::Data, other.reason().unwrap_or_default())),
    }
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    host: String,
    port: u16,
    address: String,
    /// `dane`, `encrypt` or `opportunistic`: what a sender does.
    policy: &'static str,
    /// Why it is not `dane`.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
    /// The TLSA base domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    /// The reference identifiers.
    names: Vec<String>,
    records: Vec<RecordRow>,
    tls: Option<String>,
    chain: Vec<CertificateRow>,
    verdict: Verdict,
    findings: Vec<FindingRow>,
}

#[derive(Serialize)]
struct RecordRow {
    record: String,
    /// Why it cannot be used, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<&'static str>,
    /// The certificates of the chain whose data it holds, whatever its usage.
    certificates: Vec<usize>,
}

/// A certificate by the records that could be published for it.
#[derive(Serialize)]
struct CertificateRow {
    depth: usize,
    records: Vec<String>,
}

#[derive(Serialize)]
struct Verdict {
    /// Whether senders that obey DANE authenticate the server.
    authenticated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
}

#[derive(Serialize)]
struct FindingRow {
    severity: &'static str,
    problem: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<usize>,
    remedy: &'static str,
}

impl Report {
    fn new(args: &Check, found: &Found, seen: &Seen, next: Option<&[Vec<u8>]>) -> Self {
        let empty = TlsaSet::default();
        let (policy, names, set) = match &found.plan {
            HostPlan::Dane(plan) => ("dane", plan.names(), plan.records()),
            HostPlan::Encrypt(plan) => ("encrypt", plan.names(), plan.records()),
            HostPlan::Opportunistic(_) | HostPlan::Skip(_) => ("opportunistic", &[][..], &empty),
        };
        let chain: Vec<&[u8]> = seen.chain.iter().map(Vec::as_slice).collect();
        let mut findings = lint(set, &chain, seen.starttls);
        if let Some(next) = next {
            let next: Vec<&[u8]> = next.iter().map(Vec::as_slice).collect();
            findings.extend(lint_next(set, &next));
        }
        Self {
            host: args.host.to_string(),
            port: args.port,
            address: seen.address.to_string(),
            policy,
            because: found.plan.reason(),
            base: found.plan.base().map(ToString::to_string),
            names: names.iter().map(ToString::to_string).collect(),
            records: set
                .records()
                .iter()
                .enumerate()
                .map(|it| RecordRow::new(it, &chain))
                .collect(),
            tls: seen.tls.clone(),
            chain: chain.iter().enumerate().map(CertificateRow::new).collect(),
            verdict: Verdict::new(&found.plan, seen),
            findings: findings.iter().map(FindingRow::new).collect(),
        }
    }

    fn exit(&self) -> Exit {
        let is_bad = self.findings.iter().any(|finding| finding.severity == "error");
        if self.verdict.authenticated && !is_bad { Exit::Fine } else { Exit::Wrong }
    }

    fn print(&self) {
        println!("{} port {}, at {}", self.host, self.port, self.address);
        match (&self.base, self.because) {
            (Some(base), None) => println!("policy: {} by the records of {base}", self.policy),
            (_, why) => println!("policy: {} ({})", self.policy, why.unwrap_or_default()),
        }
        if !self.names.is_empty() {
            println!("names: {}", self.names.join(", "));
        }
        for (index, row) in self.records.iter().enumerate() {
            let matches = match (row.unusable, row.certificates.as_slice()) {
                (Some(why), _) => format!("not usable: {why}"),
                (None, []) => "matches nothing that the server sends".to_owned(),
                (None, at) => {
                    let at: Vec<String> = at.iter().map(ToString::to_string).collect();
                    format!("matches certificate {}", at.join(", "))
                }
            };
            println!("record {index}: {}: {matches}", row.record);
        }
        match &self.tls {
            Some(version) => println!("tls: {version}"),
            None => println!("tls: STARTTLS is not offered"),
        }
        for row in &self.chain {
            println!("certificate {}:", row.depth);
            row.records.iter().for_each(|record| println!("  {record}"));
        }
        for row in &self.findings {
            let about = row.record.map_or_else(String::new, |index| format!(" (record {index})"));
            println!("{}: {}{about}: {}", row.severity, row.problem, row.remedy);
        }
        match (&self.verdict.explanation, self.verdict.authenticated) {
            (None, true) => println!("verdict: authenticated"),
            (None, false) => println!("verdict: not authenticated"),
            (Some(why), _) => println!("verdict: not authenticated: {why}"),
        }
    }
}

impl RecordRow {
    fn new((index, tlsa): (usize, &Tlsa), chain: &[&[u8]]) -> Self {
        let judged = UsableRecord::judge(index, tlsa, Profile::Smtp, &Digests::default());
        let holds = |der: &&[u8]| {
            let made = record(tlsa.usage(), tlsa.selector(), tlsa.matching(), der);
            made.is_ok_and(|made| made == *tlsa)
        };
        let at = chain.iter().enumerate().filter(|(_, der)| holds(der)).map(|(at, _)| at);
        Self {
            record: tlsa.to_string(),
            unusable: judged.err().map(|why| why.reason()),
            certificates: at.collect(),
        }
    }
}

impl CertificateRow {
    fn new((depth, der): (usize, &&[u8])) -> Self {
        let usage = if depth == 0 { 3 } else { 2 };
        let kinds = [format!("{usage} 1 1"), format!("{usage} 0 1")];
        let made = kinds.iter().filter_map(|kind| {
            let RecordKind { usage, selector, matching } = kind.parse().ok()?;
            record(usage, selector, matching, der).ok()
        });
        Self { depth, records: made.map(|made| made.to_string()).collect() }
    }
}

impl Verdict {
    fn new(plan: &HostPlan, seen: &Seen) -> Self {
        let not = |reason: &str, explanation: String| Self {
            authenticated: false,
            reason: Some(reason.to_owned()),
            explanation: Some(explanation),
        };
        match (plan, &seen.failure) {
            (HostPlan::Dane(_), _) if seen.tls.is_none() => {
                not("starttls-not-offered", "there is no TLS".to_owned())
            }
            (HostPlan::Dane(_), Some(failure)) => not(failure.reason(), failure.to_string()),
            (HostPlan::Dane(_), None) => {
                Self { authenticated: true, reason: None, explanation: None }
            }
            (other, _) => {
                let why = other.reason().unwrap_or_default();
                not(why, format!("no records to authenticate by ({why})"))
            }
        }
    }
}

impl FindingRow {
    fn new(finding: &Finding) -> Self {
        Self {
            severity: match finding.problem.severity() {
                Severity::Information => "information",
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            problem: finding.problem.reason(),
            record: finding.record,
            remedy: finding.problem.remedy(),
        }
    }
}
