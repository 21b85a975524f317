//! What the DNS says of a host: its addresses, its records, and what DANE makes of them.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use dane::discovery::{
    Action, Answer, Destination, Enforcement, Exchangers, HostPlan, Input, Kind, Outcome, Policy,
    Security, Step1,
};
use dane::{Name, TlsaSet};
use smtp_tls::adapter::domain::{Anchors, Validator};
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::delivery::{dane_answer, tlsa_set};
use smtp_tls::resolve::{self, BoxedLookUp, LookUp, LookUpError, Question, Record};

use crate::args::{Check, Dns};
use crate::exit::{Exit, Stopped};

/// A host as a sender finds it.
pub(crate) struct Found {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) plan: HostPlan,
}

/// Looks the host up, or takes what the command line says.
pub(crate) fn find(args: &Check) -> Result<Found, Stopped> {
    let destination = destination(args);
    if !args.record.is_empty() {
        let Some(address) = args.address else {
            let message = "--record asks no DNS: --address says where to connect to";
            return Err(Stopped::new(Exit::Usage, message));
        };
        let plan = plan_by(&destination, &args.host, TlsaSet::from(args.record.clone()))?;
        return Ok(Found { addresses: vec![address], plan });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stopped::new(Exit::Unavailable, error))?;
    let mut found = runtime.block_on(async {
        let look_up = look_up(&args.dns)?;
        ask(&destination, args, &look_up).await
    })?;
    if let Some(address) = args.address {
        found.addresses = vec![address];
    }
    Ok(found)
}

/// Failures are to be seen, not to end the connection: it is only looked at.
fn destination(args: &Check) -> Destination {
    let mut policy = Policy::default();
    policy.enforcement = Enforcement::DangerAuditOnly;
    let relay = || Destination::relay(&args.host, args.port, policy);
    let Some(domain) = &args.domain else { return relay() };
    let mx = Answer::hop_by_hop(Outcome::Records(Exchangers::Hosts), Security::Secure, vec![]);
    match Destination::from_mx(domain, &mx, policy) {
        Step1::Hosts(destination) => destination.with_port(args.port),
        Step1::OwnHost(_) | Step1::Delay(_) | Step1::NullMx => relay(),
    }
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
        machine.handle(&input).map_err(|error| Stopped::new(Exit::Usage, error))?;
    }
    match machine.action() {
        Action::Done(plan) => Ok(plan.clone()),
        Action::LookUp { name, .. } => {
            Err(Stopped::new(Exit::Usage, format!("no records at {name}")))
        }
    }
}

async fn ask(
    destination: &Destination,
    args: &Check,
    look_up: &BoxedLookUp,
) -> Result<Found, Stopped> {
    let limit = Duration::from_secs(args.time_limit);
    let mut machine = destination.host(&args.host);
    let mut addresses = Vec::new();
    loop {
        let (name, kind) = match machine.action() {
            Action::Done(plan) => return Ok(Found { addresses, plan: plan.clone() }),
            Action::LookUp { name, kind } => (name.clone(), kind),
        };
        let asked = match kind {
            Kind::A => resolve::Kind::A,
            Kind::Aaaa => resolve::Kind::Aaaa,
            Kind::Cname => resolve::Kind::Cname,
            Kind::Tlsa => resolve::Kind::Tlsa,
        };
        let usage =
            |error: &dyn core::fmt::Display| Stopped::new(Exit::Usage, format!("{name}: {error}"));
        let wire = resolve::Name::from_labels(name.labels());
        let question = Question::new(wire.map_err(|error| usage(&error))?, asked);
        let answer = tokio::time::timeout(limit, look_up.look_up(&question)).await;
        let answer = answer.unwrap_or(Err(LookUpError::Timeout));
        addresses.extend(answer.iter().flat_map(|answer| answer.records()).filter_map(address));
        let input = match kind {
            Kind::A => Input::A(dane_answer(&answer, |_| ())),
            Kind::Aaaa => Input::Aaaa(dane_answer(&answer, |_| ())),
            Kind::Cname => Input::Cname(dane_answer(&answer, |_| ())),
            Kind::Tlsa => Input::Tlsa(dane_answer(&answer, tlsa_set)),
        };
        if let Err(error @ (LookUpError::Unreachable(_) | LookUpError::Timeout)) = &answer {
            return Err(Stopped::new(Exit::Temporary, format!("{question}: {error}")));
        }
        machine.handle(&input).map_err(|error| usage(&error))?;
    }
}

fn address(record: &Record) -> Option<IpAddr> {
    match record {
        Record::A(address) => Some(IpAddr::V4(*address)),
        Record::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}

fn look_up(args: &Dns) -> Result<BoxedLookUp, Stopped> {
    if let Some(resolver) = args.dns {
        return Ok(BoxedLookUp::new(AdResolver::new(trusted(args, resolver)?)));
    }
    let anchors = match args.trust_anchor.as_deref() {
        None => Anchors::root(),
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Stopped::at(Exit::NoInput, path, error))?
            .parse()
            .map_err(|error| Stopped::at(Exit::Data, path, error))?,
    };
    let validator = match args.upstream {
        Some(resolver) => Validator::new(anchors, &[resolver]),
        None => Validator::from_system(anchors).map_err(|error| {
            let message = format!("no resolver in /etc/resolv.conf ({error}); see --upstream");
            Stopped::new(Exit::NoInput, message)
        })?,
    };
    Ok(BoxedLookUp::new(validator))
}

fn trusted(args: &Dns, resolver: SocketAddr) -> Result<TrustedPath, Stopped> {
    if args.danger_trust_remote_dns {
        return Ok(TrustedPath::danger_declare_trusted(resolver));
    }
    TrustedPath::loopback(resolver).map_err(|error| {
        Stopped::new(Exit::Usage, format!("{error}; --danger-trust-remote-dns overrides this"))
    })
}
