//! The `dane` operations.

use core::time::Duration;

use dane::discovery::{
    Action, Answer as Found, Assurance, AuthenticData, Destination, Exchangers, Hop, HostDiscovery,
    HostPlan, Input, Kind, LookUpFailure, Mode, Outcome, Policy, Security, Skip, Step1,
    TrustedPath,
};
use dane::{Digests, Name, Profile, Tlsa, TlsaSet, UsableRecord, UsableSet, Verifier};
use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::ring;

use super::{Handler, ask};
use crate::answer::Answer;
use crate::request::dane as asked;

pub(crate) const TLSA: Handler = Some(|fields| ask(fields, tlsa));
pub(crate) const PLAN: Handler = Some(|fields| ask(fields, plan));
pub(crate) const VERIFY: Handler = Some(|fields| ask(fields, verify));

fn tlsa(request: asked::Tlsa) -> Answer {
    let record = match Tlsa::try_from(request.rdata_hex.0.as_slice()) {
        Ok(record) => record,
        Err(error) => return Answer::new("malformed").because(error.reason()),
    };
    let answer = match UsableRecord::judge(0, &record, Profile::Smtp, &Digests::default()) {
        Ok(_) => Answer::new("usable"),
        Err(why) => Answer::new("unusable").because(why.reason()),
    };
    answer
        .with("usage", record.usage().0)
        .with("selector", record.selector().0)
        .with("matching", record.matching().0)
}

fn plan(request: asked::Plan) -> Answer {
    planned(&request).unwrap_or_else(Answer::bad_request)
}

fn planned(request: &asked::Plan) -> Result<Answer, &'static str> {
    let next_hop = name(&request.next_hop)?;
    let host = name(&request.host)?;
    let mut policy = Policy::default();
    policy.mode = match request.mode {
        asked::Mode::Opportunistic => Mode::Opportunistic,
        asked::Mode::Mandatory => Mode::Mandatory,
    };
    let destination = match &request.mx {
        asked::Mx::Relay(asked::NotAsked::NotAsked) => {
            Destination::relay(&next_hop, request.port, policy)
        }
        asked::Mx::Answer(mx) => {
            let is_insecure = mx.status != asked::Status::Failed;
            let mx = found(mx, |_| Ok(Exchangers::Hosts))?;
            match Destination::from_mx(&next_hop, &mx, policy) {
                Step1::Hosts(destination) | Step1::OwnHost(destination) => {
                    destination.with_port(request.port)
                }
                Step1::Delay(why) => {
                    let half = is_insecure && matches!(why, Skip::DaneRequired(_));
                    return Ok(to_answer(&HostPlan::Skip(why), half));
                }
                Step1::NullMx => return Err("null-mx"),
            }
        }
    };
    let plan = discover(request, destination.host(&host))?;
    Ok(to_answer(&plan, destination.assurance() == Assurance::Half))
}

fn discover(request: &asked::Plan, mut host: HostDiscovery) -> Result<HostPlan, &'static str> {
    loop {
        let input = match host.action() {
            Action::LookUp { kind: Kind::A, .. } => Input::A(found(&request.a, |_| Ok(()))?),
            Action::LookUp { kind: Kind::Aaaa, .. } => {
                Input::Aaaa(found(&request.aaaa, |_| Ok(()))?)
            }
            Action::LookUp { kind: Kind::Cname, .. } => {
                let cname = request.cname.as_ref().ok_or("no-cname-answer")?;
                Input::Cname(found(cname, |_| Ok(()))?)
            }
            Action::LookUp { kind: Kind::Tlsa, name } => {
                let answer = request.tlsa.get(&name).ok_or("no-tlsa-answer")?;
                Input::Tlsa(found(answer, |texts| {
                    let records = texts.iter().map(|text| text.parse::<Tlsa>());
                    let records = records.collect::<Result<Vec<_>, _>>();
                    records.map(TlsaSet::from).map_err(|error| error.reason())
                })?)
            }
            Action::Done(plan) => return Ok(plan.clone()),
        };
        host.handle(&input).map_err(|_| "unexpected-answer")?;
    }
}

fn to_answer(plan: &HostPlan, half: bool) -> Answer {
    let (verdict, names) = match plan {
        HostPlan::Dane(plan) => ("dane", plan.names()),
        HostPlan::Encrypt(plan) => ("encrypt", plan.names()),
        HostPlan::Opportunistic(_) => ("opportunistic", &[][..]),
        HostPlan::Skip(_) => ("skip", &[][..]),
    };
    let base = plan.base().map(Name::as_str);
    let answer = Answer::new(verdict)
        .with("base", base)
        .with("sni", base)
        .with("names", names.iter().map(Name::as_str).collect::<Vec<_>>())
        .with("half", half)
        .with("result_type", plan.result_type().map(|result| result.as_str()));
    match plan.reason() {
        Some(reason) => answer.because(reason),
        None => answer,
    }
}

/// An answer of the DNS, its records read by `read`.
fn found<T>(
    answer: &asked::Lookup,
    read: impl FnOnce(&[String]) -> Result<T, &'static str>,
) -> Result<Found<T>, &'static str> {
    let outcome = match answer.status {
        asked::Status::Ok => Outcome::Records(read(&answer.records)?),
        asked::Status::NoData => Outcome::NoData,
        asked::Status::Nxdomain => Outcome::NxDomain,
        asked::Status::Failed => return Ok(Found::failed(failure(answer.security))),
    };
    if answer.ad_only {
        let bit = match answer.security {
            asked::Security::Secure => AuthenticData::Set,
            asked::Security::Insecure => AuthenticData::Clear,
            asked::Security::Bogus | asked::Security::Indeterminate => {
                return Ok(Found::failed(failure(answer.security)));
            }
        };
        let chain = answer.chain.iter().map(|hop| name(&hop.name)).collect::<Result<_, _>>()?;
        return Ok(Found::from_ad_bit(outcome, bit, chain, &TrustedPath::same_host()));
    }
    let hop = |hop: &asked::Hop| {
        let security = hop.security.map_or(Security::Indeterminate, security);
        Ok(Hop { name: name(&hop.name)?, security })
    };
    let chain = answer.chain.iter().map(hop).collect::<Result<_, &'static str>>()?;
    Ok(Found::hop_by_hop(outcome, security(answer.security), chain))
}

const fn security(security: asked::Security) -> Security {
    match security {
        asked::Security::Secure => Security::Secure,
        asked::Security::Insecure => Security::Insecure,
        asked::Security::Bogus => Security::Bogus,
        asked::Security::Indeterminate => Security::Indeterminate,
    }
}

/// A failed look-up says `bogus` if that is why; anything else is a plain failure.
const fn failure(security: asked::Security) -> LookUpFailure {
    match security {
        asked::Security::Bogus => LookUpFailure::Bogus,
        asked::Security::Secure | asked::Security::Insecure | asked::Security::Indeterminate => {
            LookUpFailure::ServerFailure
        }
    }
}

fn name(text: &str) -> Result<Name, &'static str> {
    text.parse().map_err(|error: dane::NameError| error.reason())
}

fn verify(request: asked::Verify) -> Answer {
    verified(&request).unwrap_or_else(Answer::bad_request)
}

fn verified(request: &asked::Verify) -> Result<Answer, &'static str> {
    let records = request.tlsa.iter().map(|text| text.parse::<Tlsa>());
    let records = records.collect::<Result<Vec<_>, _>>().map_err(|error| error.reason())?;
    let names = request.names.iter().map(|text| name(text)).collect::<Result<Vec<_>, _>>()?;
    let chain: Vec<_> =
        request.chain_b64.iter().map(|der| CertificateDer::from(der.0.as_slice())).collect();
    let roots: Vec<_> =
        request.roots_b64.iter().map(|der| CertificateDer::from(der.0.as_slice())).collect();
    let (leaf, others) = chain.split_first().ok_or("no-certificate")?;
    let profile = match request.profile {
        asked::Usages::Smtp => Profile::Smtp,
        asked::Usages::Generic => Profile::Generic,
    };
    let usable = match UsableSet::select(&records, profile, &Digests::default()) {
        Ok(usable) => usable,
        Err(why) => return Ok(Answer::new("no-usable-records").because(why.reason())),
    };
    let algorithms = ring::default_provider().signature_verification_algorithms.all;
    let verifier = Verifier::new(&usable, &names, algorithms).with_roots(&roots);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(request.now));
    Ok(match verifier.verify(leaf, others, now) {
        Ok(matched) => Answer::new("authenticated")
            .with("record", matched.record())
            .with("usage", dane::CertUsage::from(matched.usage()).0),
        Err(failure) => Answer::new("failed")
            .because(failure.reason())
            .with("result_type", failure.result_type().as_str()),
    })
}
