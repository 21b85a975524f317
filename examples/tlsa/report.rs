//! What `tlsa check` has found: a section for each host, a row for each of its addresses.

use dane::discovery::{Assurance, HostPlan, LookUpFailure, Skip};
use dane::publish::{lint, record};
use dane::{Digests, Name, Profile, Tlsa, TlsaSet, UsableRecord};
use serde::Serialize;

use crate::args::Check;
use crate::client::client;
use crate::connect::{Halt, Seen};
use crate::exit::Exit;
use crate::find::{Domain, Found, Host, Mx};
use crate::finding::{FindingRow, not_published};
use crate::kind::RecordKind;
use crate::pem::Content;

/// What is printed.
#[derive(Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) domain: Option<DomainRow>,
    /// The best preference first.
    pub(crate) hosts: Vec<HostRow>,
    /// The exit status.
    status: u8,
    #[serde(skip)]
    exit: Exit,
}

/// The domain, and what is wrong with it.
#[derive(Serialize)]
pub(crate) struct DomainRow {
    #[serde(rename = "domain")]
    pub(crate) name: String,
    /// `secure`, `insecure`, `failed` or `not-asked`: its MX records, or the proof that there are none.
    pub(crate) mx: &'static str,
    pub(crate) exchangers: Vec<ExchangerRow>,
    #[serde(rename = "domain-findings")]
    pub(crate) findings: Vec<FindingRow>,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Serialize)]
pub(crate) struct ExchangerRow {
    preference: u16,
    host: String,
}

#[derive(Serialize)]
pub(crate) struct HostRow {
    pub(crate) host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) preference: Option<u16>,
    pub(crate) port: u16,
    /// `dane`, `encrypt`, `opportunistic` or `skip`: what a sender does.
    pub(crate) policy: &'static str,
    /// Why it is not `dane`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<&'static str>,
    /// `full`, or `half` where insecure MX records name the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assurance: Option<&'static str>,
    /// The TLSA base domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    /// The reference identifiers.
    pub(crate) names: Vec<String>,
    pub(crate) records: Vec<RecordRow>,
    pub(crate) addresses: Vec<AddressRow>,
    /// Of all addresses together.
    pub(crate) verdict: Verdict,
    pub(crate) findings: Vec<FindingRow>,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Serialize)]
pub(crate) struct RecordRow {
    pub(crate) record: String,
    /// Why it cannot be used, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unusable: Option<UnusableRow>,
}

#[derive(Serialize)]
pub(crate) struct UnusableRow {
    pub(crate) reason: &'static str,
    pub(crate) explanation: String,
}

/// What the server sends at one address.
#[derive(PartialEq, Serialize)]
pub(crate) struct AddressRow {
    pub(crate) address: String,
    #[serde(flatten)]
    pub(crate) shown: Shown,
}

/// What is often the same at several addresses.
#[derive(PartialEq, Serialize)]
pub(crate) struct Shown {
    /// The version; none without TLS.
    pub(crate) tls: Option<String>,
    pub(crate) chain: Vec<CertificateRow>,
    pub(crate) matches: Vec<MatchRow>,
    pub(crate) verdict: Verdict,
    pub(crate) findings: Vec<FindingRow>,
    #[serde(skip)]
    exit: Exit,
}

/// A certificate by the records that could be published for it.
#[derive(PartialEq, Serialize)]
pub(crate) struct CertificateRow {
    pub(crate) depth: usize,
    pub(crate) records: Vec<String>,
}

/// The certificates of the chain whose data a usable record holds, whatever its usage.
#[derive(PartialEq, Serialize)]
pub(crate) struct MatchRow {
    pub(crate) record: usize,
    pub(crate) certificates: Vec<usize>,
}

#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct Verdict {
    /// Whether senders that obey DANE authenticate the server.
    pub(crate) authenticated: bool,
    /// Whether enough was seen of the server to tell.
    pub(crate) judged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) explanation: Option<String>,
    /// How near a chain came that is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nearest: Option<String>,
}

impl Report {
    pub(crate) fn new(
        args: &Check,
        found: &Found,
        seen: &[Vec<Seen>],
        next: Option<&Content>,
    ) -> Self {
        let domain = found.domain.as_ref().map(|domain| DomainRow::new(args, domain));
        let hosts = found.hosts.iter().zip(seen);
        let hosts: Vec<HostRow> =
            hosts.map(|(host, seen)| HostRow::new(args.port, host, seen, next)).collect();
        let all = hosts.iter().map(|host| host.exit).chain(domain.as_ref().map(|it| it.exit));
        let exit = all.max().unwrap_or(Exit::Fine);
        Self { domain, hosts, status: exit.code(), exit }
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl DomainRow {
    fn new(args: &Check, domain: &Domain) -> Self {
        let name = domain.name.to_string();
        let (mx, mut findings, exit) = match &domain.mx {
            Mx::NotAsked => ("not-asked", Vec::new(), Exit::Fine),
            Mx::Known(Assurance::Full) => ("secure", Vec::new(), Exit::Fine),
            Mx::Known(Assurance::Half) => ("insecure", vec![FindingRow::insecure_mx()], Exit::Fine),
            Mx::Null => ("null", vec![FindingRow::null_mx()], Exit::Wrong),
            Mx::NoHost => ("no-host", vec![FindingRow::no_host()], Exit::Wrong),
            Mx::Failed { skip, note } => {
                let why = explain(skip, note.as_deref());
                ("failed", vec![FindingRow::no_mx_answer(skip.reason(), why)], skip_exit(skip))
            }
        };
        let exchangers: Vec<ExchangerRow> =
            domain.exchangers.iter().map(ExchangerRow::new).collect();
        let is_among = |host: &str| match exchangers.as_slice() {
            [] => host == name,
            listed => listed.iter().any(|one| one.host == host),
        };
        let asked = args.host.as_ref().filter(|_| matches!(domain.mx, Mx::Known(_)));
        let is_stranger = asked.is_some_and(|host| !is_among(host.as_str()));
        findings.extend(is_stranger.then(FindingRow::not_an_exchanger));
        let exit = if is_stranger { exit.max(Exit::Wrong) } else { exit };
        Self { name, mx, exchangers, findings, exit }
    }
}

impl ExchangerRow {
    fn new((preference, host): &(u16, String)) -> Self {
        Self { preference: *preference, host: host.clone() }
    }
}

impl HostRow {
    fn new(port: u16, host: &Host, seen: &[Seen], next: Option<&Content>) -> Self {
        let empty = TlsaSet::default();
        let (policy, names, set, assurance) = match &host.plan {
            HostPlan::Dane(plan) => ("dane", plan.names(), plan.records(), Some(plan.assurance())),
            HostPlan::Encrypt(plan) => {
                ("encrypt", plan.names(), plan.records(), Some(plan.assurance()))
            }
            HostPlan::Opportunistic(_) => ("opportunistic", &[][..], &empty, None),
            HostPlan::Skip(_) => ("skip", &[][..], &empty, None),
        };
        let addresses: Vec<AddressRow> =
            seen.iter().map(|seen| AddressRow::new(&host.plan, set, seen)).collect();
        let mut findings: Vec<FindingRow> =
            next.map(|next| not_published(set, next)).unwrap_or_default();
        if let (false, Some(note)) = (matches!(host.plan, HostPlan::Skip(_)), &host.note) {
            findings.push(FindingRow::unknown_addresses(note));
        }
        let (verdict, exit) = whole(host, seen, &addresses);
        let is_bad = findings.iter().any(FindingRow::is_error);
        Self {
            host: host.name.clone(),
            preference: host.preference,
            port,
            policy,
            because: host.plan.reason(),
            assurance: assurance.map(|assurance| match assurance {
                Assurance::Full => "full",
                Assurance::Half => "half",
            }),
            base: host.plan.base().map(ToString::to_string),
            names: names.iter().map(ToString::to_string).collect(),
            records: set.records().iter().enumerate().map(RecordRow::new).collect(),
            addresses,
            verdict,
            findings,
            exit: if is_bad { exit.max(Exit::Wrong) } else { exit },
        }
    }
}

/// The verdict on a host: that of its worst address.
fn whole(host: &Host, seen: &[Seen], addresses: &[AddressRow]) -> (Verdict, Exit) {
    let because = host.plan.reason().unwrap_or_default();
    if let HostPlan::Skip(skip) = &host.plan {
        let why = explain(skip, host.note.as_deref());
        let why = format!("senders that obey DANE wait: {why}");
        // What is named so can be asked for at no time.
        let is_host = host.name.parse::<Name>().is_ok();
        return (Verdict::not(because, why), if is_host { skip_exit(skip) } else { Exit::Wrong });
    }
    if !matches!(host.plan, HostPlan::Dane(_)) {
        return (Verdict::unprotected(because), Exit::Wrong);
    }
    let has_route = |seen: &Seen| !matches!(seen.halt, Some(Halt::NoRoute(_)));
    let ignores_the_others = seen.iter().any(has_route);
    let counted = addresses.iter().zip(seen);
    let counted = counted.filter(|(_, seen)| !ignores_the_others || has_route(seen));
    let exit = counted.clone().map(|(row, _)| row.shown.exit).max().unwrap_or(Exit::Unavailable);
    let refused = counted
        .map(|(row, _)| row)
        .filter(|row| !row.shown.verdict.authenticated)
        .max_by_key(|row| row.shown.exit);
    let verdict = match (refused, addresses) {
        (None, []) => Verdict::not("no-address", "host has no address".to_owned()),
        (None, _) => Verdict::yes(),
        (Some(row), [_]) => row.shown.verdict.clone(),
        (Some(row), _) => row.shown.verdict.at(&row.address),
    };
    (verdict, exit)
}

fn explain(skip: &Skip, note: Option<&str>) -> String {
    match (skip, note) {
        (Skip::LookUp { .. }, Some(note)) => format!("{skip} ({note})"),
        _ => skip.to_string(),
    }
}

fn skip_exit(skip: &Skip) -> Exit {
    match skip {
        Skip::LookUp { failure: LookUpFailure::Bogus, .. } => Exit::Bogus,
        Skip::LookUp { failure: LookUpFailure::CnameLoop | LookUpFailure::TooManyHops, .. } => {
            Exit::Wrong
        }
        Skip::LookUp { .. } => Exit::Temporary,
        Skip::NoAddress => Exit::Unavailable,
        _ => Exit::Wrong,
    }
}

impl RecordRow {
    fn new((index, tlsa): (usize, &Tlsa)) -> Self {
        let judged = UsableRecord::judge(index, tlsa, Profile::Smtp, &Digests::default());
        let unusable = judged
            .err()
            .map(|why| UnusableRow { reason: why.reason(), explanation: why.to_string() });
        Self { record: tlsa.to_string(), unusable }
    }
}

impl AddressRow {
    fn new(plan: &HostPlan, set: &TlsaSet, seen: &Seen) -> Self {
        let chain: Vec<&[u8]> = seen.chain.iter().map(Vec::as_slice).collect();
        let (verdict, exit) = judge(plan, seen);
        let findings: Vec<FindingRow> = match seen.halt {
            Some(_) => Vec::new(),
            None => {
                let findings = lint(set, &chain, seen.starttls, client());
                findings.iter().map(FindingRow::new).collect()
            }
        };
        let is_bad = findings.iter().any(FindingRow::is_error);
        let usable = set.records().iter().enumerate().filter(|(index, tlsa)| {
            UsableRecord::judge(*index, tlsa, Profile::Smtp, &Digests::default()).is_ok()
        });
        let shown = Shown {
            tls: seen.tls.clone(),
            chain: chain.iter().enumerate().map(CertificateRow::new).collect(),
            matches: usable.map(|record| MatchRow::new(record, &chain)).collect(),
            verdict,
            findings,
            exit: if is_bad { exit.max(Exit::Wrong) } else { exit },
        };
        Self { address: seen.address.to_string(), shown }
    }
}

/// What a sender makes of the server at this address.
fn judge(plan: &HostPlan, seen: &Seen) -> (Verdict, Exit) {
    match (plan, &seen.failure, &seen.halt) {
        (HostPlan::Dane(_), Some(failure), _) => (Verdict::refused(failure), Exit::Wrong),
        (_, _, Some(halt)) => {
            let verdict = Verdict::not(halt.reason(), halt.to_string());
            (Verdict { judged: false, ..verdict }, Exit::Unavailable)
        }
        (HostPlan::Dane(_), None, None) if seen.tls.is_none() => {
            let why = "STARTTLS is not offered".to_owned();
            (Verdict::not("starttls-not-offered", why), Exit::Wrong)
        }
        (HostPlan::Dane(_), None, None) => (Verdict::yes(), Exit::Fine),
        (other, _, None) => (Verdict::unprotected(other.reason().unwrap_or_default()), Exit::Wrong),
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

impl MatchRow {
    fn new((index, tlsa): (usize, &Tlsa), chain: &[&[u8]]) -> Self {
        let holds = |der: &&[u8]| {
            let made = record(tlsa.usage(), tlsa.selector(), tlsa.matching(), der);
            made.is_ok_and(|made| made == *tlsa)
        };
        let at = chain.iter().enumerate().filter(|(_, der)| holds(der)).map(|(at, _)| at);
        Self { record: index, certificates: at.collect() }
    }
}

impl Verdict {
    fn yes() -> Self {
        Self { authenticated: true, judged: true, reason: None, explanation: None, nearest: None }
    }

    fn not(reason: &'static str, explanation: String) -> Self {
        let (reason, explanation) = (Some(reason), Some(explanation));
        Self { authenticated: false, judged: true, reason, explanation, nearest: None }
    }

    fn unprotected(reason: &'static str) -> Self {
        Self::not(reason, format!("no records to authenticate by ({reason})"))
    }

    fn refused(failure: &dane::Failure) -> Self {
        let nearest = Some(failure.nearest_miss().to_string());
        Self { nearest, ..Self::not(failure.reason(), failure.to_string()) }
    }

    /// The same, and where.
    fn at(&self, address: &str) -> Self {
        let why = self.explanation.as_deref().unwrap_or_default();
        Self { explanation: Some(format!("at {address}: {why}")), ..self.clone() }
    }
}
