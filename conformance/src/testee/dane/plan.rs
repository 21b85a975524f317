//! `dane.plan`: discovery fed with the answers of a request.

use core::net::IpAddr;

use dane::discovery::{
    Action, Answer as DnsAnswer, Assurance, AuthenticData, Destination, Exchangers, Hop, HostPlan,
    Input, Kind, Lacking, LookUpFailure, Mode, NotDane, Outcome, Policy, Security, Skip, Step1,
    TrustedPath,
};
use dane::{Name, Tlsa, TlsaSet};

use crate::answer::Answer;
use crate::request::dane as asked;

pub(super) fn plan(request: asked::Plan) -> Answer {
    match decide(&request) {
        Ok((plan, assurance)) => answer(&plan, assurance),
        Err(reason) => Answer::bad_request(reason),
    }
}

fn answer(plan: &HostPlan, assurance: Assurance) -> Answer {
    let (verdict, names) = match plan {
        HostPlan::Dane(plan) => ("dane", plan.names()),
        HostPlan::Encrypt(plan) => ("encrypt", plan.names()),
        HostPlan::Opportunistic(_) => ("opportunistic", [].as_slice()),
        HostPlan::Skip(_) => ("skip", [].as_slice()),
    };
    let sni = match plan {
        HostPlan::Dane(plan) => Some(plan.sni()),
        HostPlan::Encrypt(plan) => Some(plan.sni()),
        HostPlan::Opportunistic(_) | HostPlan::Skip(_) => None,
    };
    let answer = match plan.reason() {
        Some(reason) => Answer::new(verdict).because(reason),
        None => Answer::new(verdict),
    };
    answer
        .with("base", plan.base().map(Name::as_str))
        .with("sni", sni.map(Name::as_str))
        .with("names", names.iter().map(Name::as_str).collect::<Vec<_>>())
        .with("half", assurance == Assurance::Half)
        .with("result_type", plan.result_type().map(|result_type| result_type.as_str()))
}

/// The plan, and whether the host was found by a secure way; or what is wrong with the request.
fn decide(request: &asked::Plan) -> Result<(HostPlan, Assurance), &'static str> {
    let mut policy = Policy::default();
    policy.mode = match request.mode {
        asked::Mode::Opportunistic => Mode::Opportunistic,
        asked::Mode::Mandatory => Mode::Mandatory,
    };
    let destination = match destination(request, policy)? {
        Ok(destination) => destination.with_port(request.port),
        Err(skip) => {
            let is_half = skip == Skip::DaneRequired(Lacking::Dane(NotDane::InsecureMx));
            let assurance = if is_half { Assurance::Half } else { Assurance::Full };
            return Ok((HostPlan::Skip(skip), assurance));
        }
    };
    let plan = if is_address(&request.host) {
        destination.address()
    } else {
        let host = request.host.parse().map_err(|_| "bad-host")?;
        host_plan(request, &destination, &host)?
    };
    Ok((plan, destination.assurance()))
}

fn is_address(name: &str) -> bool {
    name.starts_with('[') || name.parse::<IpAddr>().is_ok()
}

fn destination(
    request: &asked::Plan,
    policy: Policy,
) -> Result<Result<Destination, Skip>, &'static str> {
    if is_address(&request.next_hop) {
        return Ok(Ok(Destination::address_literal(policy)));
    }
    let next_hop: Name = request.next_hop.parse().map_err(|_| "bad-next-hop")?;
    let mx = match &request.mx {
        asked::Mx::Answer(mx) => dns_answer(mx, Exchangers::Hosts),
        asked::Mx::Relay(asked::NotAsked::NotAsked) => {
            return Ok(Ok(Destination::relay(&next_hop, request.port, policy)));
        }
    };
    match Destination::from_mx(&next_hop, &mx, policy) {
        Step1::Hosts(destination) | Step1::OwnHost(destination) => Ok(Ok(destination)),
        Step1::Delay(skip) => Ok(Err(skip)),
        // A request cannot say it: its MX records name hosts.
        Step1::NullMx => Err("null-mx"),
    }
}

fn host_plan(
    request: &asked::Plan,
    destination: &Destination,
    host: &Name,
) -> Result<HostPlan, &'static str> {
    let mut machine = destination.host(host);
    loop {
        let input = match machine.action() {
            Action::LookUp { kind: Kind::A, .. } => Input::A(dns_answer(&request.a, ())),
            Action::LookUp { kind: Kind::Aaaa, .. } => Input::Aaaa(dns_answer(&request.aaaa, ())),
            Action::LookUp { kind: Kind::Cname, .. } => Input::Cname(match &request.cname {
                Some(cname) => dns_answer(cname, ()),
                None => DnsAnswer::failed(LookUpFailure::ServerFailure),
            }),
            Action::LookUp { name, kind: Kind::Tlsa } => {
                Input::Tlsa(tlsa(request, &name.to_string())?)
            }
            Action::Done(plan) => return Ok(plan.clone()),
        };
        machine.handle(&input).map_err(|_| "unexpected-question")?;
    }
}

/// The answer for the records at this name; a question without an answer fails.
fn tlsa(request: &asked::Plan, name: &str) -> Result<DnsAnswer<TlsaSet>, &'static str> {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let found = request.tlsa.iter().find(|(owner, _)| plain(owner) == plain(name));
    let Some((_, lookup)) = found else {
        return Ok(DnsAnswer::failed(LookUpFailure::ServerFailure));
    };
    let records = lookup.records.iter().map(|record| record.parse::<Tlsa>());
    let records = records.collect::<Result<Vec<_>, _>>().map_err(|_| "bad-tlsa")?;
    Ok(dns_answer(lookup, TlsaSet::from(records)))
}

pub(crate) fn dns_answer<T>(lookup: &asked::Lookup, records: T) -> DnsAnswer<T> {
    let security = security(lookup.security);
    let outcome = match (lookup.status, lookup.security) {
        (asked::Status::Ok, _) => Outcome::Records(records),
        (asked::Status::NoData, _) => Outcome::NoData,
        (asked::Status::Nxdomain, _) => Outcome::NxDomain,
        (asked::Status::Failed, Some(asked::Security::Bogus)) => {
            return DnsAnswer::failed(LookUpFailure::Bogus);
        }
        (asked::Status::Failed, _) => return DnsAnswer::failed(LookUpFailure::ServerFailure),
    };
    let hops = lookup.chain.iter().map(|hop| {
        let name = hop.name.parse().ok()?;
        Some(Hop { name, security: self::security(hop.security) })
    });
    let Some(hops) = hops.collect::<Option<Vec<_>>>() else {
        return DnsAnswer::failed(LookUpFailure::Malformed);
    };
    if !lookup.ad_only {
        return DnsAnswer::hop_by_hop(outcome, security, hops);
    }
    let names = hops.into_iter().map(|hop| hop.name).collect();
    let bit = match security {
        Security::Secure => AuthenticData::Set,
        Security::Insecure => AuthenticData::Clear,
        Security::Bogus => return DnsAnswer::failed(LookUpFailure::Bogus),
        Security::Indeterminate => return DnsAnswer::failed(LookUpFailure::Indeterminate),
    };
    DnsAnswer::from_ad_bit(outcome, bit, names, &TrustedPath::same_host())
}

fn security(security: Option<asked::Security>) -> Security {
    match security {
        Some(asked::Security::Secure) => Security::Secure,
        Some(asked::Security::Insecure) => Security::Insecure,
        Some(asked::Security::Bogus) => Security::Bogus,
        Some(asked::Security::Indeterminate) | None => Security::Indeterminate,
    }
}
