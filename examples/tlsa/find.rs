//! What the DNS says: which hosts take a domain's mail, their addresses and records, and what DANE makes of
//! them.

use core::net::IpAddr;
use core::time::Duration;

use dane::discovery::{
    Action, Answer, Assurance, Destination, Enforcement, Exchangers, HostPlan, Input, Kind,
    LookUpFailure, Outcome, Policy, Security, Skip, Step1, Subject,
};
use dane::{Name, TlsaSet};
use smtp_tls::delivery::{dane_answer, tlsa_set};
use smtp_tls::resolve::{self, BoxedLookUp, LookUp, LookUpError, Question, Record};

use crate::args::Check;
use crate::exit::{Exit, stop};
use crate::stopped::Stopped;

/// What is to be checked.
pub(crate) struct Found {
    pub(crate) domain: Option<Domain>,
    pub(crate) hosts: Vec<Host>,
}

/// The domain whose mail is concerned.
pub(crate) struct Domain {
    pub(crate) name: Name,
    pub(crate) mx: Mx,
    /// Preference and host, the best preference first.
    pub(crate) exchangers: Vec<(u16, String)>,
}

/// What is known of a domain's MX records.
pub(crate) enum Mx {
    /// They were not asked for: the host is taken to be named by secure ones.
    NotAsked,
    /// They, or the proof that there are none, are secure or not.
    Known(Assurance),
    /// The domain takes no mail (RFC 7505).
    Null,
    /// They name no host.
    NoHost,
    /// There is no answer.
    Failed {
        skip: Skip,
        /// The question, and what became of it.
        note: Option<String>,
    },
}

/// A host as a sender finds it.
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) preference: Option<u16>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) plan: HostPlan,
    /// The questions that have no answer, and why.
    pub(crate) note: Option<String>,
}

/// Looks everything up, or takes what the command line says.
pub(crate) fn find(args: &Check) -> Result<Found, Stopped> {
    if !args.record.is_empty() {
        return declared(args);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| stop(Exit::Unavailable, error))?;
    runtime.block_on(async {
        let dns = args.dns.network().look_up()?;
        look_up(args, &Dns { dns, limit: Duration::from_secs(args.time_limit) }).await
    })
}

/// A host by the records and the address of the command line.
fn declared(args: &Check) -> Result<Found, Stopped> {
    let (Some(address), Some(host)) = (args.address, &args.host) else {
        let message = "--record asks no DNS: --address says where to connect to";
        return Err(stop(Exit::Usage, message));
    };
    let mx = Answer::hop_by_hop(Outcome::Records(Exchangers::Hosts), Security::Secure, vec![]);
    let destination = match &args.domain {
        None => relay(host, args.port),
        Some(domain) => match Destination::from_mx(domain, &mx, policy()) {
            Step1::Hosts(destination) => destination.with_port(args.port),
            Step1::OwnHost(_) | Step1::Delay(_) | Step1::NullMx => relay(host, args.port),
        },
    };
    let plan = plan_by(&destination, host, TlsaSet::from(args.record.clone()))?;
    let domain = args.domain.clone();
    let host = host.to_string();
    let addresses = vec![address];
    Ok(Found {
        domain: domain.map(|name| Domain { name, mx: Mx::NotAsked, exchangers: Vec::new() }),
        hosts: vec![Host { name: host, preference: None, addresses, plan, note: None }],
    })
}

async fn look_up(args: &Check, dns: &Dns) -> Result<Found, Stopped> {
    let (domain, destination) = match (&args.domain, &args.host) {
        (Some(domain), _) => {
            let (domain, destination) = exchangers(domain, args.port, dns).await?;
            (Some(domain), destination)
        }
        (None, Some(host)) => (None, Some(relay(host, args.port))),
        (None, None) => return Err(stop(Exit::Usage, "neither a host nor a domain")),
    };
    let mut hosts = Vec::new();
    if let Some(destination) = destination {
        for (preference, name) in names(args, domain.as_ref()) {
            let mut host = match name.parse() {
                Ok(host) => dns.host(&destination, &host).await?,
                Err(_) => no_host(&destination, &name),
            };
            if let Some(address) = args.address {
                host.0 = vec![address];
            }
            let (addresses, plan, note) = host;
            hosts.push(Host { name, preference, addresses, plan, note });
        }
    }
    Ok(Found { domain, hosts })
}

/// An address in place of a name (RFC 7672 section 2.2), or a name that no certificate can have.
fn no_host(destination: &Destination, name: &str) -> (Vec<IpAddr>, HostPlan, Option<String>) {
    if name.parse::<IpAddr>().is_ok() {
        return (Vec::new(), destination.address(), None);
    }
    let (subject, failure) = (Subject::Address, LookUpFailure::Malformed);
    let skip = HostPlan::Skip(Skip::LookUp { subject, failure });
    (Vec::new(), skip, Some(format!("{name} can be no name of a host")))
}

/// The hosts to be checked: the one that is asked for, or those that take the domain's mail.
fn names(args: &Check, domain: Option<&Domain>) -> Vec<(Option<u16>, String)> {
    let listed = domain.map_or(&[][..], |domain| &domain.exchangers);
    match (&args.host, domain) {
        (Some(host), _) => {
            let host = host.to_string();
            let preference = listed.iter().find(|(_, name)| *name == host).map(|(at, _)| *at);
            vec![(preference, host)]
        }
        (None, Some(domain)) if listed.is_empty() => vec![(None, domain.name.to_string())],
        (None, _) => listed.iter().map(|(at, name)| (Some(*at), name.clone())).collect(),
    }
}

/// Step 1: the exchangers of a domain, and what their answer means for each of them; no destination if
/// there is no host to look at.
async fn exchangers(
    name: &Name,
    port: u16,
    dns: &Dns,
) -> Result<(Domain, Option<Destination>), Stopped> {
    let (question, answer) = dns.ask(name.as_str().parse(), resolve::Kind::Mx).await?;
    let records = answer.as_ref().map_or(&[][..], |answer| answer.records());
    let is_null = matches!(records, [Record::Mx { host, .. }] if host.is_root());
    let listed = listed(records);
    let is_unreadable = |record: &Record| matches!(record, Record::Unreadable(_));
    let names_none = !records.is_empty() && listed.is_empty();
    let exchangers = if is_null { Exchangers::Null } else { Exchangers::Hosts };
    let step = Destination::from_mx(name, &dane_answer(&answer, |_| exchangers), policy());
    let (mx, destination) = match step {
        Step1::NullMx => (Mx::Null, None),
        Step1::Delay(skip) => {
            (Mx::Failed { skip, note: answer.err().map(|it| note(&question, &it)) }, None)
        }
        Step1::Hosts(_) if names_none && records.iter().any(is_unreadable) => {
            let skip = Skip::LookUp { subject: Subject::Mx, failure: LookUpFailure::Malformed };
            (Mx::Failed { skip, note: None }, None)
        }
        Step1::Hosts(_) if names_none => (Mx::NoHost, None),
        Step1::Hosts(found) | Step1::OwnHost(found) => {
            (Mx::Known(found.assurance()), Some(found.with_port(port)))
        }
    };
    Ok((Domain { name: name.clone(), mx, exchangers: listed }, destination))
}

/// The hosts, the best preference first, each once; the root is none.
fn listed(records: &[Record]) -> Vec<(u16, String)> {
    let mut found: Vec<(u16, String)> = records
        .iter()
        .filter_map(|record| match record {
            Record::Mx { preference, host } if !host.is_root() => {
                Some((*preference, host.to_string()))
            }
            _ => None,
        })
        .collect();
    found.sort();
    let mut listed: Vec<(u16, String)> = Vec::new();
    for one in found {
        if !listed.iter().any(|(_, name)| *name == one.1) {
            listed.push(one);
        }
    }
    listed
}

/// Failures are to be seen, not to end the connection: it is only looked at.
fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.enforcement = Enforcement::DangerAuditOnly;
    policy
}

/// A host that is named by whoever runs this program.
pub(crate) fn relay(host: &Name, port: u16) -> Destination {
    Destination::relay(host, port, policy())
}

/// The plan for a host with this RRset, found securely.
pub(crate) fn plan_by(
    destination: &Destination,
    host: &Name,
    records: TlsaSet,
) -> Result<HostPlan, Stopped> {
    let found = || Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
    let tlsa = Answer::hop_by_hop(Outcome::Records(records), Security::Secure, vec![]);
    let mut machine = destination.host(host);
    for input in [Input::A(found()), Input::Aaaa(found()), Input::Tlsa(tlsa)] {
        machine.handle(&input).map_err(|error| stop(Exit::Usage, error))?;
    }
    match machine.action() {
        Action::Done(plan) => Ok(plan.clone()),
        Action::LookUp { name, .. } => Err(stop(Exit::Usage, format!("no records at {name}"))),
    }
}

/// Whom to ask, and how long one answer may take.
struct Dns {
    dns: BoxedLookUp,
    limit: Duration,
}

impl Dns {
    async fn ask(
        &self,
        name: Result<resolve::Name, resolve::NameError>,
        kind: resolve::Kind,
    ) -> Result<(Question, Result<resolve::Answer, LookUpError>), Stopped> {
        let name = name.map_err(|error| stop(Exit::Usage, format!("name to ask for: {error}")))?;
        let question = Question::new(name, kind);
        let answer = tokio::time::timeout(self.limit, self.dns.look_up(&question)).await;
        Ok((question, answer.unwrap_or(Err(LookUpError::Timeout))))
    }

    /// Steps 2 and 3: the addresses of a host, its plan, and the questions without an answer.
    async fn host(
        &self,
        destination: &Destination,
        host: &Name,
    ) -> Result<(Vec<IpAddr>, HostPlan, Option<String>), Stopped> {
        let mut machine = destination.host(host);
        let (mut addresses, mut failed) = (Vec::new(), Vec::new());
        loop {
            let (name, kind) = match machine.action() {
                Action::Done(plan) => {
                    let notes = (!failed.is_empty()).then(|| failed.join("; "));
                    return Ok((addresses, plan.clone(), notes));
                }
                Action::LookUp { name, kind } => (resolve::Name::from_labels(name.labels()), kind),
            };
            let (question, answer) = self.ask(name, asked(kind)).await?;
            if let Err(error) = &answer {
                failed.push(note(&question, error));
            }
            for found in answer.iter().flat_map(|it| it.records()).filter_map(address) {
                if !addresses.contains(&found) {
                    addresses.push(found);
                }
            }
            let input = match kind {
                Kind::A => Input::A(dane_answer(&answer, |_| ())),
                Kind::Aaaa => Input::Aaaa(dane_answer(&answer, |_| ())),
                Kind::Cname => Input::Cname(dane_answer(&answer, |_| ())),
                Kind::Tlsa => Input::Tlsa(dane_answer(&answer, tlsa_set)),
            };
            machine.handle(&input).map_err(|error| stop(Exit::Usage, error))?;
        }
    }
}

fn note(question: &Question, error: &LookUpError) -> String {
    format!("{question}: {error}")
}

const fn asked(kind: Kind) -> resolve::Kind {
    match kind {
        Kind::A => resolve::Kind::A,
        Kind::Aaaa => resolve::Kind::Aaaa,
        Kind::Cname => resolve::Kind::Cname,
        Kind::Tlsa => resolve::Kind::Tlsa,
    }
}

fn address(record: &Record) -> Option<IpAddr> {
    match record {
        Record::A(address) => Some(IpAddr::V4(*address)),
        Record::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}
