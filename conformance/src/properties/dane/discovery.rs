//! What DNS may say of a host, and the plan that comes of it.

use dane::discovery::{
    Action, Assurance, Destination, Exchangers, HostPlan, Input as Event, Kind, Mode, Policy, Step1,
};
use dane::{Name, Tlsa, TlsaSet};
use serde_json::{Map, Value};

use super::super::input::Input;
use super::{fail, request};
use crate::request::dane::{self as asked, Hop, Lookup, Security, Status};
use crate::testee::dane::dns_answer;

/// Answers to all questions that may be asked.
///
/// No failure that decides leads to a host without DANE; records bind only if everything on the way
/// to them is secure; mandatory DANE is nothing less; names begin with the base domain; the order in
/// which the address families answer does not matter; an answer that nobody asked for is refused and
/// changes nothing.
pub fn discovery(data: &[u8]) {
    let world = World::read(&mut Input::new(data));
    for mode in [Mode::Opportunistic, Mode::Mandatory] {
        let Some((plan, asked)) = world.plan(mode, [Kind::A, Kind::Aaaa]) else { continue };
        let Some((other, _)) = world.plan(mode, [Kind::Aaaa, Kind::A]) else { continue };
        assert_eq!(summary(&plan), summary(&other), "the order of answers has no meaning");
        world.check(&plan, mode, &asked);
    }
}

fn summary(plan: &HostPlan) -> String {
    format!("{plan:?}")
}

struct World {
    mx: Lookup,
    a: Lookup,
    aaaa: Lookup,
    cname: Lookup,
    /// The answer for the host, and the one for any other name.
    tlsa: [Lookup; 2],
}

const HOST: &str = "mx1.example.org";

impl World {
    fn read(input: &mut Input<'_>) -> Self {
        let [mx, a, aaaa, cname] = core::array::from_fn(|_| lookup(input));
        let tlsa = core::array::from_fn(|_| Lookup { records: records(input), ..lookup(input) });
        Self { mx, a, aaaa, cname, tlsa }
    }

    /// The plan and the TLSA and CNAME questions that it took; `None` where there is no host.
    fn plan(&self, mode: Mode, order: [Kind; 2]) -> Option<(HostPlan, Vec<Asked<'_>>)> {
        let mut policy = Policy::default();
        policy.mode = mode;
        let next_hop: Name = "example.org".parse().ok()?;
        let answer = dns_answer(&self.mx, Exchangers::Hosts);
        let destination = match Destination::from_mx(&next_hop, &answer, policy) {
            Step1::Hosts(destination) | Step1::OwnHost(destination) => destination,
            Step1::Delay(_) => return None,
            Step1::NullMx => fail("these MX records name hosts"),
        };
        assert!(!fails(&self.mx), "no host is looked at after a failure");
        assert_eq!(destination.assurance() == Assurance::Half, !is_secure(&self.mx));
        let mut machine = destination.host(&HOST.parse().ok()?);
        for kind in order {
            let event = match kind {
                Kind::A => Event::A(dns_answer(&self.a, ())),
                _ => Event::Aaaa(dns_answer(&self.aaaa, ())),
            };
            let taken = machine.handle(&event);
            assert!(taken.is_ok() || machine.plan().is_some(), "both families are asked for");
            // The same once more, and what comes later, is not asked for now.
            let early = Event::Tlsa(dns_answer(&self.aaaa, TlsaSet::from(Vec::new())));
            let before = format!("{machine:?}");
            let refused = machine.handle(&event).is_err();
            let asks_for_records =
                matches!(machine.action(), Action::LookUp { kind: Kind::Tlsa, .. });
            assert!(refused && (asks_for_records || machine.handle(&early).is_err()));
            assert_eq!(format!("{machine:?}"), before, "what nobody asked for changes nothing");
        }
        let mut questions = Vec::new();
        for _ in 0..4 {
            let event = match machine.action() {
                Action::LookUp { kind: Kind::Cname, .. } => {
                    questions.push(Asked::Cname(&self.cname));
                    Event::Cname(dns_answer(&self.cname, ()))
                }
                Action::LookUp { name, kind: Kind::Tlsa } => {
                    let [host, other] = &self.tlsa;
                    let answer = if name.to_string().ends_with(HOST) { host } else { other };
                    questions.push(Asked::Tlsa(answer));
                    Event::Tlsa(dns_answer(answer, tlsa_set(answer)))
                }
                Action::LookUp { .. } => fail("each family is asked for once"),
                Action::Done(plan) => return Some((plan.clone(), questions)),
            };
            assert!(machine.handle(&event).is_ok(), "what was asked for is taken");
        }
        fail("a host takes at most a CNAME and two TLSA questions")
    }

    fn check(&self, plan: &HostPlan, mode: Mode, asked: &[Asked<'_>]) {
        match plan {
            HostPlan::Opportunistic(_) => {
                assert_eq!(mode, Mode::Opportunistic, "mandatory DANE is nothing less");
                let failed = asked.iter().any(|question| fails(question.answer()));
                assert!(!failed, "a failure is no absence of DANE");
                let families = [&self.a, &self.aaaa];
                let failed = families.iter().any(|family| fails(family));
                let secure = families.iter().any(|family| has_secure_part(family));
                assert!(!failed || secure, "a failed family with no secure one is a failure");
            }
            HostPlan::Dane(plan) => {
                self.check_binding(asked);
                assert_eq!(plan.names().first(), Some(plan.base()));
                assert_eq!(plan.sni(), plan.base());
                assert!(plan.assurance() == Assurance::Full || plan.names().len() == 1);
                let usable = plan.usable().records();
                assert!(!usable.is_empty());
            }
            HostPlan::Encrypt(_) => {
                assert_eq!(mode, Mode::Opportunistic, "mandatory DANE is nothing less");
                self.check_binding(asked);
            }
            HostPlan::Skip(_) => {}
        }
    }

    /// The last TLSA answer is what binds, and everything before it led there without a failure.
    fn check_binding(&self, asked: &[Asked<'_>]) {
        let Some(Asked::Tlsa(last)) = asked.last() else { fail("records were asked for") };
        assert!(is_secure(last) && last.status == Status::Ok && !last.records.is_empty());
        assert!(!asked.iter().any(|question| fails(question.answer())));
        assert!(
            [&self.a, &self.aaaa].iter().any(|family| has_secure_part(family))
                || self.asked_cname(asked)
        );
    }

    /// Whether the CNAME was asked for by itself, and its first hop is secure.
    fn asked_cname(&self, asked: &[Asked<'_>]) -> bool {
        let first = match self.cname.chain.first() {
            Some(hop) if !self.cname.ad_only => hop.security == Some(Security::Secure),
            _ => is_secure(&self.cname),
        };
        matches!(asked.first(), Some(Asked::Cname(_))) && first
    }
}

/// A question, by its answer.
enum Asked<'a> {
    Cname(&'a Lookup),
    Tlsa(&'a Lookup),
}

impl Asked<'_> {
    fn answer(&self) -> &Lookup {
        match self {
            Self::Cname(answer) | Self::Tlsa(answer) => answer,
        }
    }
}

/// Whether the answer is a failure, by the words of the request alone.
fn fails(lookup: &Lookup) -> bool {
    let unknown = |security: Option<Security>| {
        !matches!(security, Some(Security::Secure | Security::Insecure))
    };
    let hops = lookup.chain.iter().any(|hop| !lookup.ad_only && unknown(hop.security));
    lookup.status == Status::Failed || unknown(lookup.security) || hops || has_circle(lookup)
}

fn has_circle(lookup: &Lookup) -> bool {
    let names: Vec<&str> = lookup.chain.iter().map(|hop| hop.name.as_str()).collect();
    names.iter().enumerate().any(|(at, name)| names.iter().skip(at + 1).any(|later| later == name))
}

/// Whether everything of the answer is secure.
fn is_secure(lookup: &Lookup) -> bool {
    let hops = lookup.chain.iter();
    let all = hops.into_iter().all(|hop| lookup.ad_only || hop.security == Some(Security::Secure));
    !fails(lookup) && lookup.security == Some(Security::Secure) && all
}

/// Whether there are addresses of which the whole or the first hop is secure.
fn has_secure_part(family: &Lookup) -> bool {
    let first = family.chain.first().and_then(|hop| hop.security);
    let first = !family.ad_only && first == Some(Security::Secure);
    !fails(family) && family.status == Status::Ok && (is_secure(family) || first)
}

fn lookup(input: &mut Input<'_>) -> Lookup {
    let others = [Status::NoData, Status::Nxdomain, Status::Failed];
    // Most answers are good, or nothing would be reached.
    let status = if input.byte() < 160 { Status::Ok } else { input.one_of(Status::Ok, &others) };
    let chain = (0..input.byte() % 4).map(|_| hop(input)).collect();
    Lookup {
        status,
        security: security(input),
        chain,
        ad_only: input.byte().is_multiple_of(4),
        records: Vec::new(),
    }
}

fn hop(input: &mut Input<'_>) -> Hop {
    let name = input.one_of("x.example.net", &["y.example.net", "z.example.com"]).to_owned();
    Hop { name, security: security(input) }
}

fn security(input: &mut Input<'_>) -> Option<Security> {
    let others = [Security::Secure, Security::Insecure, Security::Bogus, Security::Indeterminate];
    Some(if input.byte() < 160 {
        Security::Secure
    } else {
        input.one_of(Security::Secure, &others)
    })
}

fn records(input: &mut Input<'_>) -> Vec<String> {
    let digest = "ab".repeat(32);
    let kinds = ["3 1 1", "2 0 1", "1 1 1", "3 1 2", "3 9 1"];
    (0..1 + input.byte() % 3)
        .map(|_| format!("{} {digest}", input.one_of("3 1 1", &kinds)))
        .collect()
}

fn tlsa_set(lookup: &Lookup) -> TlsaSet {
    let records: Vec<Tlsa> = lookup.records.iter().filter_map(|text| text.parse().ok()).collect();
    TlsaSet::from(records)
}

pub(in crate::properties) fn seed_discovery(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Plan = request("dane.plan", operation, fields)?;
    let asked::Mx::Answer(mx) = &request.mx else { return None };
    let mut seed = Vec::new();
    let cname = request.cname.as_ref().unwrap_or(mx);
    for lookup in [mx, &request.a, &request.aaaa, cname] {
        write(lookup, &mut seed);
    }
    for lookup in request.tlsa.values().take(2) {
        seed.extend([0, 0]);
        write(lookup, &mut seed);
    }
    Some(seed)
}

fn write(lookup: &Lookup, seed: &mut Vec<u8>) {
    match lookup.status {
        Status::Ok => seed.push(0),
        Status::NoData => seed.extend([255, 1]),
        Status::Nxdomain => seed.extend([255, 2]),
        Status::Failed => seed.extend([255, 3]),
    }
    let hops: Vec<&Hop> = lookup.chain.iter().take(3).collect();
    seed.push(u8::try_from(hops.len()).unwrap_or_default());
    for (at, hop) in (0..=u8::MAX).zip(hops) {
        seed.push(at);
        write_security(hop.security, seed);
    }
    write_security(lookup.security, seed);
    seed.push(u8::from(!lookup.ad_only));
}

fn write_security(security: Option<Security>, seed: &mut Vec<u8>) {
    match security {
        Some(Security::Secure) => seed.push(0),
        Some(Security::Insecure) => seed.extend([255, 2]),
        Some(Security::Bogus) => seed.extend([255, 3]),
        Some(Security::Indeterminate) | None => seed.extend([255, 4]),
    }
}
