//! Discovery against tables that were written down by themselves: every combination of MX, address,
//! CNAME and TLSA answers, and the rules that need more than a table.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use dane::discovery::{
    Action, Answer, Assurance, AuthenticData, Destination, Enforcement, Exchangers, HalfDane, Hop,
    HostDiscovery, HostPlan, Input, Kind, LookUpFailure, MAX_HOPS, Mode, NotDane, Outcome, Policy,
    Security, Skip, Step1, Subject, TrustedPath, Unexpected,
};
use dane::{DomainName, Name, Profile, ResultType, Tlsa, TlsaSet, Unusable};
use proptest::prelude::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn any_name(text: &str) -> DomainName {
    text.parse().unwrap()
}

const NEXT_HOP: &str = "example.org";
const HOST: &str = "mx.example.org";
const TARGET: &str = "real.example.net";

// ---- the answers of the tables

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mx {
    Relay,
    SecureHosts,
    SecureHostsByCname,
    InsecureHosts,
    SecureDenial,
    InsecureDenial,
    Bogus,
    TimedOut,
}

const MXS: [Mx; 8] = [
    Mx::Relay,
    Mx::SecureHosts,
    Mx::SecureHostsByCname,
    Mx::InsecureHosts,
    Mx::SecureDenial,
    Mx::InsecureDenial,
    Mx::Bogus,
    Mx::TimedOut,
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Address {
    Failed,
    None,
    Secure,
    Insecure,
    CnameSecure,
    CnameThenInsecure,
    CnameInsecure,
    /// By a resolver with one bit for all: insecure, through a CNAME.
    CnameClear,
}

const ADDRESSES: [Address; 8] = [
    Address::Failed,
    Address::None,
    Address::Secure,
    Address::Insecure,
    Address::CnameSecure,
    Address::CnameThenInsecure,
    Address::CnameInsecure,
    Address::CnameClear,
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Records {
    Failed,
    Insecure,
    None,
    Usable,
    Unusable,
}

const RECORDS: [Records; 5] =
    [Records::Failed, Records::Insecure, Records::None, Records::Usable, Records::Unusable];

const STATUSES: [Security; 3] = [Security::Secure, Security::Insecure, Security::Bogus];

fn hop(security: Security) -> Vec<Hop> {
    vec![Hop { name: any_name(TARGET), security }]
}

fn address(shape: Address) -> Answer<()> {
    let found = Outcome::Records(());
    match shape {
        Address::Failed => Answer::failed(LookUpFailure::ServerFailure),
        Address::None => Answer::hop_by_hop(Outcome::NoData, Security::Secure, vec![]),
        Address::Secure => Answer::hop_by_hop(found, Security::Secure, vec![]),
        Address::Insecure => Answer::hop_by_hop(found, Security::Insecure, vec![]),
        Address::CnameSecure => Answer::hop_by_hop(found, Security::Secure, hop(Security::Secure)),
        Address::CnameThenInsecure => {
            Answer::hop_by_hop(found, Security::Insecure, hop(Security::Secure))
        }
        Address::CnameInsecure => {
            Answer::hop_by_hop(found, Security::Secure, hop(Security::Insecure))
        }
        Address::CnameClear => Answer::from_ad_bit(
            found,
            AuthenticData::Clear,
            vec![any_name(TARGET)],
            &TrustedPath::same_host(),
        ),
    }
}

fn records(shape: Records) -> Answer<TlsaSet> {
    let set = |text: &str| Outcome::Records(TlsaSet::from(vec![text.parse::<Tlsa>().unwrap()]));
    let usable = format!("3 1 1 {}", "ab".repeat(32));
    match shape {
        Records::Failed => Answer::failed(LookUpFailure::TimedOut),
        Records::Insecure => Answer::hop_by_hop(set(&usable), Security::Insecure, vec![]),
        Records::None => Answer::hop_by_hop(Outcome::NxDomain, Security::Secure, vec![]),
        Records::Usable => Answer::hop_by_hop(set(&usable), Security::Secure, vec![]),
        Records::Unusable => Answer::hop_by_hop(set("1 1 1 00"), Security::Secure, vec![]),
    }
}

fn mx(shape: Mx) -> Answer<Exchangers> {
    let hosts = Outcome::Records(Exchangers::Hosts);
    let chain = vec![Hop { name: any_name("expanded.example"), security: Security::Secure }];
    match shape {
        Mx::Relay => unreachable!("nobody asks"),
        Mx::SecureHosts => Answer::hop_by_hop(hosts, Security::Secure, vec![]),
        Mx::SecureHostsByCname => Answer::hop_by_hop(hosts, Security::Secure, chain),
        Mx::InsecureHosts => Answer::hop_by_hop(hosts, Security::Insecure, vec![]),
        Mx::SecureDenial => Answer::hop_by_hop(Outcome::NoData, Security::Secure, vec![]),
        Mx::InsecureDenial => Answer::hop_by_hop(Outcome::NxDomain, Security::Insecure, vec![]),
        Mx::Bogus => Answer::hop_by_hop(hosts, Security::Bogus, vec![]),
        Mx::TimedOut => Answer::failed(LookUpFailure::TimedOut),
    }
}

// ---- the tables

/// What a plan comes to, in words.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Plan {
    verdict: &'static str,
    reason: Option<&'static str>,
    base: Option<&'static str>,
    names: Vec<&'static str>,
}

fn only(verdict: &'static str, reason: &'static str) -> Plan {
    Plan { verdict, reason: Some(reason), base: None, names: vec![] }
}

/// Step 1: the kind of destination, or why there is none.
fn step_1(mx: Mx, mode: Mode, half: HalfDane) -> Result<(&'static str, &'static str), Plan> {
    match (mx, mode, half) {
        (Mx::Bogus | Mx::TimedOut, _, _) => Err(only("skip", "mx-lookup-failure")),
        (Mx::InsecureHosts | Mx::InsecureDenial, Mode::Mandatory, _) => {
            Err(only("skip", "dane-required"))
        }
        (Mx::InsecureHosts | Mx::InsecureDenial, Mode::Opportunistic, HalfDane::Off) => {
            Err(only("opportunistic", "insecure-mx"))
        }
        (Mx::InsecureHosts, _, _) => Ok((HOST, "half")),
        (Mx::InsecureDenial, _, _) => Ok((NEXT_HOP, "half")),
        (Mx::SecureHosts, _, _) => Ok((HOST, "mx")),
        (Mx::SecureHostsByCname, _, _) => Ok((HOST, "mx by cname")),
        (Mx::SecureDenial | Mx::Relay, _, _) => Ok((NEXT_HOP, "own")),
    }
}

/// Step 2: the candidates. One family is as good as the address answer; of two the better counts.
fn step_2(
    host: &'static str,
    a: Address,
    aaaa: Address,
    cname: Security,
) -> Result<Vec<&'static str>, (&'static str, bool)> {
    let both = [a, aaaa];
    let any = |wanted: Address| both.contains(&wanted);
    // A is taken before AAAA where both are secure.
    let secure =
        [a, aaaa].into_iter().find(|one| matches!(one, Address::Secure | Address::CnameSecure));
    match secure {
        Some(Address::Secure) => return Ok(vec![host]),
        Some(_) => return Ok(vec![TARGET, host]),
        None => {}
    }
    if any(Address::Failed) {
        return Err(("address-lookup-failure", true));
    }
    if both == [Address::None, Address::None] {
        return Err(("no-address", true));
    }
    if any(Address::CnameThenInsecure) {
        return Ok(vec![host]);
    }
    if any(Address::CnameClear) {
        return match cname {
            Security::Secure => Ok(vec![host]),
            Security::Insecure => Err(("insecure-cname", false)),
            _ => Err(("cname-lookup-failure", true)),
        };
    }
    if any(Address::CnameInsecure) {
        return Err(("insecure-cname", false));
    }
    Err(("insecure-address", false))
}

/// Step 3: the first candidate that decides.
fn step_3(candidates: &[&'static str], answers: [Records; 2], mode: Mode) -> Plan {
    let required = |reason| match mode {
        Mode::Opportunistic => only("opportunistic", reason),
        Mode::Mandatory => only("skip", "dane-required"),
    };
    for (base, answer) in candidates.iter().zip(answers) {
        let with = |verdict, reason| Plan { verdict, reason, base: Some(*base), names: vec![] };
        match (answer, mode) {
            (Records::Failed, _) => return only("skip", "tlsa-lookup-failure"),
            (Records::Insecure | Records::None, _) => {}
            (Records::Usable, _) => return with("dane", None),
            (Records::Unusable, Mode::Opportunistic) => {
                return with("encrypt", Some("all-unusable"));
            }
            (Records::Unusable, Mode::Mandatory) => return required("all-unusable"),
        }
    }
    required("no-secure-tlsa")
}

fn identifiers(base: &'static str, kind: &str) -> Vec<&'static str> {
    let all = match kind {
        "half" => vec![base],
        "mx" => vec![base, NEXT_HOP],
        "mx by cname" => vec![base, NEXT_HOP, "expanded.example"],
        "own" => vec![base, NEXT_HOP],
        other => panic!("{other}"),
    };
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

fn expected(case: &Case) -> Plan {
    let (host, kind) = match step_1(case.mx, case.mode, case.half) {
        Ok(found) => found,
        Err(plan) => return plan,
    };
    let candidates = match step_2(host, case.a, case.aaaa, case.cname) {
        Ok(candidates) => candidates,
        Err((reason, true)) => return only("skip", reason),
        Err((reason, false)) => {
            return match case.mode {
                Mode::Opportunistic => only("opportunistic", reason),
                Mode::Mandatory => only("skip", "dane-required"),
            };
        }
    };
    let mut plan = step_3(&candidates, case.tlsa, case.mode);
    if let Some(base) = plan.base {
        plan.names = identifiers(base, kind);
    }
    plan
}

// ---- the machine

#[derive(Clone, Copy, Debug)]
struct Case {
    mx: Mx,
    mode: Mode,
    half: HalfDane,
    a: Address,
    aaaa: Address,
    cname: Security,
    tlsa: [Records; 2],
}

struct Ran {
    plan: Plan,
    /// Whether an answer that was used was a failure.
    failed: bool,
    asked: Vec<(String, Kind)>,
}

fn policy(mode: Mode, half: HalfDane) -> Policy {
    let mut policy = Policy::default();
    policy.mode = mode;
    policy.half_dane = half;
    policy
}

fn run(case: &Case) -> Ran {
    let next_hop = name(NEXT_HOP);
    let policy = policy(case.mode, case.half);
    let skip = |why: Skip| Ran {
        plan: words(&HostPlan::Skip(why)),
        failed: matches!(why, Skip::LookUp { .. }),
        asked: vec![],
    };
    let mut host = match case.mx {
        Mx::Relay => Destination::relay(&next_hop, 25, policy).host(&next_hop),
        shape => match Destination::from_mx(&next_hop, &mx(shape), policy) {
            Step1::Hosts(destination) => destination.host(&name(HOST)),
            Step1::OwnHost(destination) => destination.host(&next_hop),
            Step1::Delay(why) => return skip(why),
            Step1::NullMx => panic!("{case:?}"),
        },
    };
    let mut tlsa = case.tlsa.into_iter();
    let (mut failed, mut asked) = (false, Vec::new());
    loop {
        let (input, bad) = match host.action() {
            Action::Done(plan) => {
                let secure = [case.a, case.aaaa]
                    .iter()
                    .any(|one| matches!(one, Address::Secure | Address::CnameSecure));
                failed |=
                    !secure && [case.a, case.aaaa].contains(&Address::Failed) && !asked.is_empty();
                return Ran { plan: words(plan), failed, asked };
            }
            Action::LookUp { name, kind } => {
                asked.push((name.to_string(), kind));
                match kind {
                    // In the one order or the other.
                    Kind::A if case.a == case.aaaa => (Input::Aaaa(address(case.aaaa)), false),
                    Kind::A => (Input::A(address(case.a)), false),
                    Kind::Aaaa => (Input::Aaaa(address(case.aaaa)), false),
                    Kind::Cname => {
                        let outcome = Outcome::Records(());
                        let answer = Answer::hop_by_hop(outcome, case.cname, vec![]);
                        (Input::Cname(answer), case.cname == Security::Bogus)
                    }
                    Kind::Tlsa => {
                        let shape = tlsa.next().unwrap();
                        (Input::Tlsa(records(shape)), shape == Records::Failed)
                    }
                }
            }
        };
        failed |= bad;
        if host.handle(&input).is_err() {
            // Both families are wanted: the other one is in already.
            host.handle(&Input::A(address(case.a))).unwrap();
        }
    }
}

fn words(plan: &HostPlan) -> Plan {
    fn known(names: &[Name]) -> Vec<&'static str> {
        let all = [NEXT_HOP, HOST, TARGET, "expanded.example"];
        names.iter().map(|it| *all.iter().find(|one| **one == it.as_str()).unwrap()).collect()
    }
    let (verdict, names) = match plan {
        HostPlan::Dane(plan) => ("dane", known(plan.names())),
        HostPlan::Encrypt(plan) => ("encrypt", known(plan.names())),
        HostPlan::Opportunistic(_) => ("opportunistic", vec![]),
        HostPlan::Skip(_) => ("skip", vec![]),
    };
    let base = plan.base().map(|base| known(core::slice::from_ref(base))[0]);
    Plan { verdict, reason: plan.reason(), base, names }
}

fn each_case(mut visit: impl FnMut(Case)) {
    for mx in MXS {
        for mode in [Mode::Opportunistic, Mode::Mandatory] {
            for half in [HalfDane::On, HalfDane::Off] {
                for a in ADDRESSES {
                    for aaaa in ADDRESSES {
                        for cname in STATUSES {
                            for first in RECORDS {
                                for second in RECORDS {
                                    let tlsa = [first, second];
                                    visit(Case { mx, mode, half, a, aaaa, cname, tlsa });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn rfc7672_2_2_every_combination_is_as_the_tables_say() {
    let mut count = 0;
    each_case(|case| {
        assert_eq!(run(&case).plan, expected(&case), "{case:?}");
        count += 1;
    });
    assert_eq!(count, 8 * 2 * 2 * 64 * 3 * 25);
}

#[test]
fn no_failure_of_a_look_up_leads_to_opportunistic() {
    let mut failures = 0;
    each_case(|case| {
        let ran = run(&case);
        if ran.failed {
            assert_eq!(ran.plan.verdict, "skip", "{case:?}");
            failures += 1;
        }
    });
    assert!(failures > 3000, "{failures}");
}

#[test]
fn a3_insecure_addresses_are_asked_for_no_tlsa() {
    each_case(|case| {
        let ran = run(&case);
        let tlsa = ran.asked.iter().filter(|(_, kind)| *kind == Kind::Tlsa).count();
        let insecure =
            |one| matches!(one, Address::Insecure | Address::CnameInsecure | Address::None);
        if insecure(case.a) && insecure(case.aaaa) {
            assert_eq!(tlsa, 0, "{case:?}");
        }
        // A failure stops the search: the next candidate is not asked.
        if case.tlsa[0] == Records::Failed {
            assert!(tlsa <= 1, "{case:?}");
        }
    });
}

// ---- rules beyond the tables

fn secure<T>(records: T) -> Answer<T> {
    Answer::hop_by_hop(Outcome::Records(records), Security::Secure, vec![])
}

fn relay() -> HostDiscovery {
    Destination::relay(&name(HOST), 25, Policy::default()).host(&name(HOST))
}

/// A relay with these answers for both families and for TLSA.
fn decide(address: &Answer<()>, tlsa: Option<Answer<TlsaSet>>) -> HostPlan {
    let mut host = relay();
    host.handle(&Input::A(address.clone())).unwrap();
    host.handle(&Input::Aaaa(address.clone())).unwrap();
    if let Some(tlsa) = tlsa {
        host.handle(&Input::Tlsa(tlsa)).unwrap();
    }
    host.plan().expect("a plan").clone()
}

fn set(texts: &[&str]) -> TlsaSet {
    TlsaSet::from(texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Tlsa>>())
}

#[test]
fn d1_bogus_and_indeterminate_are_failures_everywhere() {
    for security in [Security::Bogus, Security::Indeterminate] {
        let result = Some(ResultType::DnssecInvalid);
        for outcome in [Outcome::Records(()), Outcome::NoData, Outcome::NxDomain] {
            let plan = decide(&Answer::hop_by_hop(outcome, security, vec![]), None);
            assert_eq!(plan.reason(), Some("address-lookup-failure"));
            assert_eq!(plan.result_type(), result);
        }
        for outcome in [Outcome::Records(set(&["3 1 1 00"])), Outcome::NoData, Outcome::NxDomain] {
            let tlsa = Answer::hop_by_hop(outcome, security, vec![]);
            let plan = decide(&secure(()), Some(tlsa));
            assert_eq!(plan.reason(), Some("tlsa-lookup-failure"), "D3");
            assert_eq!(plan.result_type(), result);
        }
        let hosts = Answer::hop_by_hop(Outcome::Records(Exchangers::Hosts), security, vec![]);
        match Destination::from_mx(&name(NEXT_HOP), &hosts, Policy::default()) {
            Step1::Delay(why) => assert_eq!(why.result_type(), result),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn d2_a_denial_is_an_answer() {
    for security in [Security::Secure, Security::Insecure] {
        for outcome in [Outcome::NoData, Outcome::NxDomain] {
            let tlsa = Answer::hop_by_hop(outcome, security, vec![]);
            let plan = decide(&secure(()), Some(tlsa));
            assert!(matches!(plan, HostPlan::Opportunistic(NotDane::NoRecords)));
        }
    }
}

#[test]
fn d5_after_an_insecure_hop_all_is_insecure() {
    let hops = |list: &[Security]| {
        let hop = |(at, security): (usize, &Security)| Hop {
            name: any_name(&format!("h{at}.example")),
            security: *security,
        };
        list.iter().enumerate().map(hop).collect::<Vec<_>>()
    };
    use Security::{Insecure, Secure};
    for chain in [&[Insecure][..], &[Insecure, Secure], &[Secure, Insecure, Secure]] {
        let tlsa = Answer::hop_by_hop(
            Outcome::Records(set(&[&format!("3 1 1 {}", "00".repeat(32))])),
            Secure,
            hops(chain),
        );
        let plan = decide(&secure(()), Some(tlsa));
        assert!(matches!(plan, HostPlan::Opportunistic(NotDane::NoRecords)), "{chain:?}");
    }
    let usable = set(&[&format!("3 1 1 {}", "00".repeat(32))]);
    let tlsa = Answer::hop_by_hop(Outcome::Records(usable), Secure, hops(&[Secure, Secure]));
    let plan = decide(&secure(()), Some(tlsa));
    // DANE-T2: the base domain is the candidate, not where its CNAME points to.
    assert_eq!(plan.base(), Some(&name(HOST)));
    // D7: a failure at any hop.
    for chain in [&[Security::Bogus, Secure][..], &[Insecure, Security::Indeterminate]] {
        let answer = Answer::hop_by_hop(Outcome::Records(()), Secure, hops(chain));
        assert_eq!(decide(&answer, None).reason(), Some("address-lookup-failure"));
    }
}

#[test]
fn d8_ten_hops_and_no_name_twice() {
    let chain = |count: usize| -> Vec<Hop> {
        (0..count)
            .map(|at| Hop { name: any_name(&format!("h{at}.example")), security: Security::Secure })
            .collect()
    };
    let failure = |chain| {
        let answer = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, chain);
        let mut host = relay();
        host.handle(&Input::A(answer.clone())).unwrap();
        host.handle(&Input::Aaaa(answer)).unwrap();
        match host.plan() {
            Some(HostPlan::Skip(Skip::LookUp { subject: Subject::Address, failure })) => {
                Some(*failure)
            }
            None => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(failure(chain(MAX_HOPS)), None);
    assert_eq!(failure(chain(MAX_HOPS + 1)), Some(LookUpFailure::TooManyHops));
    let mut twice = chain(3);
    twice[2] = twice[0].clone();
    assert_eq!(failure(twice), Some(LookUpFailure::CnameLoop));
    let mut home = chain(3);
    home[2].name = any_name(HOST);
    assert_eq!(failure(home), Some(LookUpFailure::CnameLoop));
    let names = (0..=MAX_HOPS).map(|at| any_name(&format!("h{at}.example"))).collect();
    let path = TrustedPath::authenticated_channel();
    let answer = Answer::from_ad_bit(Outcome::Records(()), AuthenticData::Set, names, &path);
    assert_eq!(decide(&answer, None).reason(), Some("address-lookup-failure"));
}

#[test]
fn m6_addresses_in_place_of_names() {
    let literal = Destination::address_literal(Policy::default()).address();
    assert!(matches!(literal, HostPlan::Opportunistic(NotDane::AddressLiteral)));
    let literal = Destination::address_literal(policy(Mode::Mandatory, HalfDane::On)).address();
    assert_eq!(literal.result_type(), Some(ResultType::DaneRequired), "DANE-T8");
    let destination = match Destination::from_mx(
        &name(NEXT_HOP),
        &secure(Exchangers::Hosts),
        Policy::default(),
    ) {
        Step1::Hosts(destination) => destination,
        other => panic!("{other:?}"),
    };
    let address = destination.address();
    assert!(matches!(address, HostPlan::Opportunistic(NotDane::AddressLiteral)));
}

#[test]
fn m7_a_null_mx_is_told() {
    for security in [Security::Secure, Security::Insecure] {
        let null = Answer::hop_by_hop(Outcome::Records(Exchangers::Null), security, vec![]);
        let step = Destination::from_mx(&name(NEXT_HOP), &null, Policy::default());
        assert!(matches!(step, Step1::NullMx));
    }
}

#[test]
fn m8_a_relay_has_its_own_port() {
    let mut host = Destination::relay(&name(HOST), 587, Policy::default()).host(&name(HOST));
    host.handle(&Input::A(secure(()))).unwrap();
    host.handle(&Input::Aaaa(secure(()))).unwrap();
    match host.action() {
        Action::LookUp { name, kind } => {
            assert_eq!((name, kind), (&any_name("_587._tcp.mx.example.org"), Kind::Tlsa));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn dane_t1_a_base_whose_owner_name_is_too_long_has_no_records() {
    let long = format!("{}.example", ["a"; 122].join("."));
    assert!(long.len() <= 253 && long.len() + 9 > 253, "{}", long.len());
    let mut host = Destination::relay(&name(&long), 25, Policy::default()).host(&name(&long));
    host.handle(&Input::A(secure(()))).unwrap();
    host.handle(&Input::Aaaa(secure(()))).unwrap();
    assert!(matches!(host.plan(), Some(HostPlan::Opportunistic(NotDane::NoRecords))));
}

#[test]
fn dane_t5_rdata_that_is_no_record_makes_a_base_all_the_same() {
    let malformed = TlsaSet::from_rdata([&[3_u8, 1][..]]);
    let plan = decide(&secure(()), Some(secure(malformed)));
    assert!(matches!(plan, HostPlan::Encrypt(_)));
    assert_eq!(plan.result_type(), Some(ResultType::TlsaInvalid));
    let HostPlan::Encrypt(plan) = decide(&secure(()), Some(secure(set(&["3 1 1 ab", "1 1 1 ab"]))))
    else {
        panic!("records that cannot be used");
    };
    assert_eq!(plan.unusable(), [Unusable::DigestLength(1), Unusable::Usage(1)]);
    let empty = decide(&secure(()), Some(secure(TlsaSet::default())));
    assert!(matches!(empty, HostPlan::Opportunistic(NotDane::NoRecords)));
}

/// The plan for a host that is a secure alias of this name, with the answers for its records and then
/// for the host's own.
fn decide_alias(target: &str, tlsa: [Answer<TlsaSet>; 2]) -> (HostPlan, Vec<String>) {
    let chain = vec![Hop { name: any_name(target), security: Security::Secure }];
    let address = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, chain);
    let mut host = relay();
    host.handle(&Input::A(address.clone())).unwrap();
    host.handle(&Input::Aaaa(address)).unwrap();
    let mut asked = Vec::new();
    for answer in tlsa {
        if let Action::LookUp { name, kind: Kind::Tlsa } = host.action() {
            asked.push(name.to_string());
            host.handle(&Input::Tlsa(answer)).unwrap();
        }
    }
    (host.plan().unwrap().clone(), asked)
}

#[test]
fn a5_an_alias_to_what_is_no_host_name_is_followed() {
    let none = || Answer::hop_by_hop(Outcome::NoData, Security::Secure, vec![]);
    let usable = || secure(set(&[&format!("3 1 1 {}", "ab".repeat(32))]));
    let failed = || Answer::failed(LookUpFailure::TimedOut);
    let targets = ["-cdn.example", "a\\.b.example", "\\000\\255.example", "*.example", "1.2", "."];
    for target in targets {
        let (plan, asked) = decide_alias(target, [none(), none()]);
        assert!(matches!(plan, HostPlan::Opportunistic(NotDane::NoRecords)), "{target}");
        let owner = match target {
            "." => "_25._tcp".into(),
            target => format!("_25._tcp.{target}"),
        };
        assert_eq!(asked, [owner, format!("_25._tcp.{HOST}")]);
        let (plan, _) = decide_alias(target, [none(), usable()]);
        assert!(matches!(&plan, HostPlan::Dane(plan) if plan.base() == &name(HOST)), "{target}");
        // There are records, but nothing can be authenticated by that name: never less than TLS.
        let unusable = secure(set(&["3 1 1 00"]));
        for records in [usable(), unusable, secure(TlsaSet::from_rdata([&[][..]]))] {
            let (plan, _) = decide_alias(target, [records, none()]);
            assert!(matches!(plan, HostPlan::Skip(Skip::NoHostName)), "{target}");
            assert_eq!(plan.reason(), Some("no-host-name"));
            assert_eq!(plan.result_type(), Some(ResultType::TlsaInvalid));
        }
        let (plan, asked) = decide_alias(target, [failed(), usable()]);
        assert_eq!((plan.reason(), asked.len()), (Some("tlsa-lookup-failure"), 1));
    }
    // DANE-T2: where the records are is no matter of names of hosts.
    let chain = vec![Hop { name: any_name("-tlsa.example"), security: Security::Secure }];
    let usable = set(&[&format!("3 1 1 {}", "ab".repeat(32))]);
    let tlsa = Answer::hop_by_hop(Outcome::Records(usable), Security::Secure, chain);
    assert!(matches!(decide(&secure(()), Some(tlsa)), HostPlan::Dane(_)));
}

#[test]
fn m3_an_alias_of_the_next_hop_to_what_is_no_host_name_is_no_identifier() {
    let chain = vec![Hop { name: any_name("-mail.example"), security: Security::Secure }];
    let hosts = Outcome::Records(Exchangers::Hosts);
    let mx = Answer::hop_by_hop(hosts, Security::Secure, chain);
    let step = Destination::from_mx(&name(NEXT_HOP), &mx, Policy::default());
    let Step1::Hosts(destination) = step else { panic!("hosts") };
    let mut host = destination.host(&name(HOST));
    host.handle(&Input::A(secure(()))).unwrap();
    host.handle(&Input::Aaaa(secure(()))).unwrap();
    let usable = format!("3 1 1 {}", "ab".repeat(32));
    host.handle(&Input::Tlsa(secure(set(&[&usable])))).unwrap();
    let Some(HostPlan::Dane(plan)) = host.plan() else { panic!("a plan") };
    assert_eq!(plan.names(), [name(HOST), name(NEXT_HOP)]);
    assert_eq!(plan.assurance(), Assurance::Full);
}

#[test]
fn house_11_more_than_64_records_are_not_used() {
    let usable = format!("3 1 1 {}", "ab".repeat(32));
    let many = |count| set(&vec![&usable[..]; count]);
    assert!(matches!(decide(&secure(()), Some(secure(many(64)))), HostPlan::Dane(_)));
    let plan = decide(&secure(()), Some(secure(many(65))));
    assert_eq!(plan.reason(), Some("too-many-records"));
    assert!(matches!(plan, HostPlan::Skip(Skip::TooManyRecords(65))));
}

#[test]
fn dane_t9_an_audit_changes_nothing_but_its_mark() {
    let mut policy = Policy::default();
    policy.enforcement = Enforcement::DangerAuditOnly;
    let mut host = Destination::relay(&name(HOST), 25, policy).host(&name(HOST));
    host.handle(&Input::A(secure(()))).unwrap();
    host.handle(&Input::Aaaa(secure(()))).unwrap();
    let usable = format!("3 1 1 {}", "ab".repeat(32));
    host.handle(&Input::Tlsa(secure(set(&[&usable])))).unwrap();
    match host.plan() {
        Some(HostPlan::Dane(plan)) => {
            assert_eq!(plan.enforcement(), Enforcement::DangerAuditOnly);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn m2_half_dane_is_marked() {
    for (security, assurance) in
        [(Security::Secure, Assurance::Full), (Security::Insecure, Assurance::Half)]
    {
        let mx = Answer::hop_by_hop(Outcome::Records(Exchangers::Hosts), security, vec![]);
        let Step1::Hosts(destination) =
            Destination::from_mx(&name(NEXT_HOP), &mx, Policy::default())
        else {
            panic!("hosts");
        };
        let mut host = destination.host(&name(HOST));
        host.handle(&Input::A(secure(()))).unwrap();
        host.handle(&Input::Aaaa(secure(()))).unwrap();
        let usable = format!("3 1 1 {}", "ab".repeat(32));
        host.handle(&Input::Tlsa(secure(set(&[&usable])))).unwrap();
        let Some(HostPlan::Dane(plan)) = host.plan() else { panic!("a plan") };
        assert_eq!(plan.assurance(), assurance);
    }
}

#[test]
fn dane_r1_the_whole_rrset_is_reported_as_text() {
    let texts = [format!("3 1 1 {}", "ab".repeat(32)), "1 1 1 00".into(), "9 9 9".into()];
    let texts: Vec<&str> = texts.iter().map(|it: &String| &it[..]).collect();
    let plan = decide(&secure(()), Some(secure(set(&texts))));
    assert_eq!(plan.policy_strings(), texts);
    assert_eq!(plan.base(), Some(&name(HOST)));
}

#[test]
fn dane_u6_the_profile_decides_what_is_usable() {
    let record = format!("1 1 1 {}", "ab".repeat(32));
    for (profile, dane) in [(Profile::Smtp, false), (Profile::Generic, true)] {
        let mut policy = Policy::default();
        policy.profile = profile;
        let mut host = Destination::relay(&name(HOST), 25, policy).host(&name(HOST));
        host.handle(&Input::A(secure(()))).unwrap();
        host.handle(&Input::Aaaa(secure(()))).unwrap();
        host.handle(&Input::Tlsa(secure(set(&[&record])))).unwrap();
        assert_eq!(matches!(host.plan(), Some(HostPlan::Dane(_))), dane);
    }
}

#[test]
fn answers_that_nobody_asked_for_change_nothing() {
    let mut host = relay();
    assert_eq!(host.handle(&Input::Tlsa(secure(TlsaSet::default()))), Err(Unexpected));
    assert_eq!(host.handle(&Input::Cname(secure(()))), Err(Unexpected));
    host.handle(&Input::Aaaa(secure(()))).unwrap();
    assert_eq!(host.handle(&Input::Aaaa(Answer::failed(LookUpFailure::TimedOut))), Err(Unexpected));
    assert!(matches!(host.action(), Action::LookUp { kind: Kind::A, .. }));
    host.handle(&Input::A(secure(()))).unwrap();
    assert!(matches!(host.action(), Action::LookUp { kind: Kind::Tlsa, .. }));
    assert_eq!(host.handle(&Input::A(secure(()))), Err(Unexpected));
    host.handle(&Input::Tlsa(secure(TlsaSet::default()))).unwrap();
    assert_eq!(host.handle(&Input::Tlsa(secure(TlsaSet::default()))), Err(Unexpected));
}

#[test]
fn rfc8914_reasons_of_a_server_failure() {
    for code in 0..=40 {
        let expected = match code {
            5 => (LookUpFailure::Indeterminate, Some(ResultType::DnssecInvalid)),
            6..=12 => (LookUpFailure::Bogus, Some(ResultType::DnssecInvalid)),
            _ => (LookUpFailure::ServerFailure, None),
        };
        let failure = LookUpFailure::server_failure(code);
        assert_eq!((failure, failure.result_type()), expected);
    }
}

#[test]
fn plain_failures_of_the_dns_are_not_reported() {
    for failure in [
        LookUpFailure::CnameLoop,
        LookUpFailure::Malformed,
        LookUpFailure::ServerFailure,
        LookUpFailure::TimedOut,
        LookUpFailure::TooManyHops,
    ] {
        let plan = decide(&Answer::failed(failure), None);
        assert_eq!(plan.result_type(), None, "{failure}");
        assert_eq!(plan.reason(), Some("address-lookup-failure"));
    }
}

fn statuses() -> impl Strategy<Value = Security> {
    prop_oneof![
        Just(Security::Secure),
        Just(Security::Insecure),
        Just(Security::Bogus),
        Just(Security::Indeterminate),
    ]
}

fn any_answer() -> impl Strategy<Value = Answer<()>> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Records(())),
        1 => Just(Outcome::NoData),
        1 => Just(Outcome::NxDomain),
        1 => Just(Outcome::Failed(LookUpFailure::TimedOut)),
    ];
    let hop = (0..6_u8, statuses())
        .prop_map(|(at, security)| Hop { name: any_name(&format!("h{at}.example")), security });
    (outcome, statuses(), proptest::collection::vec(hop, 0..4))
        .prop_map(|(outcome, security, chain)| Answer::hop_by_hop(outcome, security, chain))
}

proptest! {
    #[test]
    fn the_order_of_the_families_does_not_matter(a in any_answer(), aaaa in any_answer()) {
        let (mut one, mut other) = (relay(), relay());
        one.handle(&Input::A(a.clone())).unwrap();
        one.handle(&Input::Aaaa(aaaa.clone())).unwrap();
        other.handle(&Input::Aaaa(aaaa)).unwrap();
        other.handle(&Input::A(a)).unwrap();
        prop_assert_eq!(format!("{:?}", one.action()), format!("{:?}", other.action()));
    }

    #[test]
    fn a_failure_of_both_families_is_never_opportunistic(
        chain in proptest::collection::vec(statuses(), 0..4), bad in 0..5_usize,
    ) {
        let mut hops: Vec<Hop> = chain
            .iter()
            .enumerate()
            .map(|(at, security)| Hop { name: any_name(&format!("h{at}.example")), security: *security })
            .collect();
        let last = match hops.get_mut(bad) {
            Some(hop) => {
                hop.security = Security::Indeterminate;
                Security::Insecure
            }
            None => Security::Bogus,
        };
        let plan = decide(&Answer::hop_by_hop(Outcome::Records(()), last, hops), None);
        let skipped = matches!(plan, HostPlan::Skip(Skip::LookUp { .. }));
        prop_assert!(skipped, "{:?}", plan);
    }
}
