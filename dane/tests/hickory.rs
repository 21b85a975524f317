//! Answers of hickory-proto: what each record's proof makes of the whole.
#![cfg(feature = "hickory")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use core::net::Ipv4Addr;

use dane::adapter::hickory::{Progress, addresses, cname, exchangers, lowered, security, tlsa};
use dane::discovery::{
    Action, Answer, Destination, Exchangers, HostPlan, Input, Kind, LookUpFailure, NotDane,
    Outcome, Policy, Security, Skip, Step1,
};
use dane::{Name, TlsaSet};
use hickory_proto::dnssec::Nsec3HashAlgorithm;
use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC, NSEC3};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, MX, NS, SOA, TLSA};
use hickory_proto::rr::{Name as WireName, RData, Record, RecordType};

fn wire(text: &str) -> WireName {
    WireName::from_ascii(text).unwrap()
}

fn record(owner: &str, data: RData, proof: Proof) -> Record {
    let mut record = Record::from_rdata(wire(owner), 300, data);
    record.proof = proof;
    record
}

fn a(owner: &str, proof: Proof) -> Record {
    record(owner, RData::A(A(Ipv4Addr::LOCALHOST)), proof)
}

fn alias(owner: &str, target: &str, proof: Proof) -> Record {
    record(owner, RData::CNAME(CNAME(wire(target))), proof)
}

fn soa(proof: Proof) -> Record {
    let soa = SOA::new(wire("ns.test."), wire("admin.test."), 1, 2, 3, 4, 5);
    record("test.", RData::SOA(soa), proof)
}

fn message(answers: Vec<Record>) -> Message {
    let mut message = Message::new(1, MessageType::Response, OpCode::Query);
    message.answers = answers;
    message
}

const HOST: &str = "mx.test.";

/// The record that says what there is at the host.
fn nsec(proof: Proof) -> Record {
    let nsec = NSEC::new(wire("z.test."), [RecordType::MX, RecordType::RRSIG]);
    record(HOST, RData::DNSSEC(DNSSECRData::NSEC(nsec)), proof)
}

fn nsec3(opt_out: bool) -> Record {
    let kinds = [RecordType::NS];
    let nsec3 = NSEC3::new(Nsec3HashAlgorithm::SHA1, opt_out, 0, Vec::new(), vec![7; 20], kinds);
    record("hash.test.", RData::DNSSEC(DNSSECRData::NSEC3(nsec3)), Secure)
}

/// Gives the same message as the reply to every question, as a resolver does that follows aliases.
fn finish<T>(message: &Message, progress: impl Fn(&[Message]) -> Progress<T>) -> Answer<T> {
    let mut replies = Vec::new();
    for _ in 0..20 {
        match progress(&replies) {
            Progress::Ask(_) => replies.push(message.clone()),
            Progress::Done(answer) => return answer,
        }
    }
    panic!("no end of questions");
}

fn addresses_in(message: &Message) -> Answer<()> {
    finish(message, |replies| addresses(&wire(HOST), RecordType::A, replies))
}

/// What the machine makes of an answer for both families.
fn plan(answer: &Answer<()>) -> String {
    let name: Name = HOST.parse().unwrap();
    let mut host = Destination::relay(&name, 25, Policy::default()).host(&name);
    host.handle(&Input::A(answer.clone())).unwrap();
    host.handle(&Input::Aaaa(answer.clone())).unwrap();
    match host.action() {
        Action::LookUp { name, kind: Kind::Tlsa } => name.to_string(),
        Action::Done(HostPlan::Skip(Skip::LookUp { failure, .. })) => failure.reason().into(),
        Action::Done(HostPlan::Skip(why)) => why.reason().into(),
        Action::Done(HostPlan::Opportunistic(why)) => why.reason().into(),
        other => panic!("{other:?}"),
    }
}

fn ask(answers: Vec<Record>) -> String {
    plan(&addresses_in(&message(answers)))
}

use Proof::{Bogus, Indeterminate, Insecure, Secure};

#[test]
fn d1_each_proof_has_its_status() {
    assert_eq!(security(Secure), Security::Secure);
    assert_eq!(security(Insecure), Security::Insecure);
    assert_eq!(security(Bogus), Security::Bogus);
    assert_eq!(security(Indeterminate), Security::Indeterminate);
    assert_eq!(ask(vec![a(HOST, Secure)]), "_25._tcp.mx.test");
    assert_eq!(ask(vec![a(HOST, Insecure)]), "insecure-address");
    assert_eq!(ask(vec![a(HOST, Bogus)]), "bogus");
    assert_eq!(ask(vec![a(HOST, Indeterminate)]), "indeterminate");
}

#[test]
fn d1_a_record_that_nobody_validated_is_a_failure() {
    let fresh = Record::from_rdata(wire(HOST), 300, RData::A(A(Ipv4Addr::LOCALHOST)));
    assert_eq!(ask(vec![fresh]), "indeterminate");
}

#[test]
fn the_weakest_record_of_a_set_counts() {
    assert_eq!(ask(vec![a(HOST, Secure), a(HOST, Insecure)]), "insecure-address");
    assert_eq!(ask(vec![a(HOST, Insecure), a(HOST, Indeterminate)]), "indeterminate");
    assert_eq!(ask(vec![a(HOST, Bogus), a(HOST, Indeterminate)]), "bogus");
}

#[test]
fn d5_the_chain_is_rebuilt_by_owner_name() {
    let chain = |first, second, last| {
        vec![
            a("real.test.", last),
            alias("b.test.", "real.test.", second),
            alias(HOST, "b.test.", first),
        ]
    };
    assert_eq!(ask(chain(Secure, Secure, Secure)), "_25._tcp.real.test");
    assert_eq!(ask(chain(Insecure, Secure, Secure)), "insecure-cname");
    assert_eq!(ask(chain(Secure, Insecure, Secure)), "_25._tcp.mx.test");
    assert_eq!(ask(chain(Secure, Secure, Insecure)), "_25._tcp.mx.test");
    assert_eq!(ask(chain(Secure, Indeterminate, Secure)), "indeterminate");
    assert_eq!(ask(chain(Bogus, Secure, Secure)), "bogus");
}

#[test]
fn names_are_compared_without_case() {
    let answers = vec![alias("MX.Test.", "Real.TEST.", Secure), a("real.test.", Secure)];
    assert_eq!(ask(answers), "_25._tcp.real.test");
}

#[test]
fn a_missing_link_is_a_failure() {
    assert_eq!(ask(vec![a("real.test.", Secure)]), "malformed-reply");
    assert_eq!(ask(vec![alias(HOST, "b.test.", Secure), a("c.test.", Secure)]), "malformed-reply");
    // Without any record of the target there is no proof that it has none.
    assert_eq!(ask(vec![alias(HOST, "b.test.", Secure)]), "indeterminate");
}

#[test]
fn ambiguous_and_endless_aliases_are_failures() {
    let two = vec![alias(HOST, "b.test.", Secure), alias(HOST, "c.test.", Secure)];
    assert_eq!(ask(two), "malformed-reply");
    let round = vec![alias(HOST, "b.test.", Secure), alias("b.test.", HOST, Secure)];
    assert_eq!(ask(round), "cname-loop");
    let step = |n: usize| alias(&format!("{n}.test."), &format!("{}.test.", n + 1), Secure);
    let steps = |hops| {
        let mut answers = vec![alias(HOST, "1.test.", Secure)];
        answers.extend((1..hops).map(step));
        answers.push(a(&format!("{hops}.test."), Secure));
        answers
    };
    assert_eq!(ask(steps(10)), "_25._tcp.10.test");
    assert_eq!(ask(steps(11)), "too-many-cnames");
    let same = vec![
        alias(HOST, "b.test.", Secure),
        alias(HOST, "b.test.", Insecure),
        a("b.test.", Secure),
    ];
    assert_eq!(ask(same), "insecure-cname");
}

#[test]
fn d2_denials_carry_their_proof_on_the_authority_section() {
    for code in [ResponseCode::NoError, ResponseCode::NXDomain] {
        for (proof, expected) in
            [(Secure, "no-address"), (Insecure, "no-address"), (Bogus, "bogus")]
        {
            let mut message = message(vec![]);
            message.metadata.response_code = code;
            message.authorities = vec![soa(proof), nsec(proof)];
            assert_eq!(plan(&addresses_in(&message)), expected);
        }
        let mut message = message(vec![]);
        message.metadata.response_code = code;
        // Without any proof nobody has looked.
        assert_eq!(plan(&addresses_in(&message)), "indeterminate");
    }
}

/// The status of a denial with these records beside it.
fn denied(code: ResponseCode, authorities: Vec<Record>) -> Answer<()> {
    let mut message = message(vec![]);
    message.metadata.response_code = code;
    message.authorities = authorities;
    addresses_in(&message)
}

fn no_data(security: Security) -> Answer<()> {
    Answer::hop_by_hop(Outcome::NoData, security, vec![])
}

#[test]
fn d1_a_denial_needs_a_proof_about_the_name() {
    let no_error = |authorities| denied(ResponseCode::NoError, authorities);
    assert_eq!(no_error(vec![soa(Secure), nsec(Secure)]), no_data(Security::Secure));
    // The validator passes a reply whose authority section is insecure, whosever that is.
    let mut foreign = soa(Insecure);
    foreign.name = wire("unsigned.example.");
    assert_eq!(no_error(vec![foreign]), no_data(Security::Bogus));
    assert_eq!(no_error(vec![soa(Insecure)]), no_data(Security::Insecure));
    // It does not lower what is signed either: the start of the own zone is secure.
    let mut foreign = record("unsigned.example.", RData::NS(NS(wire("ns.test."))), Insecure);
    assert_eq!(no_error(vec![soa(Secure), foreign.clone()]), no_data(Security::Bogus));
    let proven = vec![soa(Secure), nsec(Secure), foreign.clone()];
    assert_eq!(no_error(proven), no_data(Security::Bogus));
    foreign.proof = Secure;
    assert_eq!(no_error(vec![soa(Insecure), foreign]), no_data(Security::Insecure));
    // The start of a signed zone, from another answer.
    assert_eq!(no_error(vec![soa(Secure)]), no_data(Security::Indeterminate));
    assert_eq!(no_error(vec![]), no_data(Security::Indeterminate));
    // One record that nobody could validate.
    let mixed = vec![soa(Secure), nsec(Secure), nsec(Indeterminate)];
    assert_eq!(no_error(mixed), no_data(Security::Indeterminate));
}

#[test]
fn d5_a_denial_beside_an_alias_is_none_of_its_target() {
    // A signed alias, its target's records taken out, and the start of the zone put beside it.
    let mut first = message(vec![alias(HOST, "real.test.", Secure)]);
    first.authorities = vec![soa(Secure), nsec(Secure)];
    let ask = |replies: &[Message]| addresses(&wire(HOST), RecordType::A, replies);
    assert_eq!(ask(&[]), Progress::Ask(wire(HOST)));
    assert_eq!(ask(core::slice::from_ref(&first)), Progress::Ask(wire("real.test.")));
    let second = message(vec![a("real.test.", Secure)]);
    match ask(&[first, second]) {
        Progress::Done(answer) => assert_eq!(plan(&answer), "_25._tcp.real.test"),
        Progress::Ask(name) => panic!("{name}"),
    }
}

#[test]
fn rfc5155_9_2_under_opt_out_a_missing_name_is_insecure() {
    for (opt_out, security) in [(true, Security::Insecure), (false, Security::Secure)] {
        let answer = denied(ResponseCode::NXDomain, vec![soa(Secure), nsec3(opt_out)]);
        assert_eq!(answer, Answer::hop_by_hop(Outcome::NxDomain, security, vec![]));
    }
    let answer = denied(ResponseCode::NoError, vec![soa(Secure), nsec3(true)]);
    assert_eq!(answer, no_data(Security::Secure));
}

#[test]
fn a_reply_is_no_more_secure_than_the_proof_beside_it() {
    for (own, beside, expected) in [
        (Secure, Insecure, Insecure),
        (Secure, Bogus, Bogus),
        (Insecure, Secure, Insecure),
        (Indeterminate, Secure, Indeterminate),
        (Bogus, Indeterminate, Bogus),
    ] {
        let mut reply = message(vec![a(HOST, own)]);
        reply.authorities = vec![soa(own)];
        let reply = lowered(reply, beside);
        assert_eq!((reply.answers[0].proof, reply.authorities[0].proof), (expected, expected));
    }
}

#[test]
fn codes_that_are_no_answer() {
    for (code, expected) in
        [(ResponseCode::ServFail, "server-failure"), (ResponseCode::Refused, "server-failure")]
    {
        let mut message = message(vec![a(HOST, Secure)]);
        message.metadata.response_code = code;
        assert_eq!(plan(&addresses_in(&message)), expected);
    }
    let mut message = message(vec![a(HOST, Secure)]);
    message.metadata.truncation = true;
    assert_eq!(plan(&addresses_in(&message)), "malformed-reply");
}

#[test]
fn rfc8914_a_server_failure_may_say_why() {
    use hickory_proto::op::Edns;
    use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
    for (code, expected) in [(6, "bogus"), (5, "indeterminate"), (22, "server-failure")] {
        let mut message = message(vec![]);
        message.metadata.response_code = ResponseCode::ServFail;
        let mut edns = Edns::new();
        edns.options_mut().insert(EdnsOption::Unknown(15, vec![0, code, b'x']));
        message.edns = Some(edns);
        assert_eq!(plan(&addresses_in(&message)), expected);
    }
    // One of DNSSEC comes before others.
    for (codes, expected) in
        [([22, 6], "bogus"), ([5, 22], "indeterminate"), ([22, 23], "server-failure")]
    {
        let mut message = message(vec![]);
        message.metadata.response_code = ResponseCode::ServFail;
        let mut edns = Edns::new();
        let options =
            codes.map(|code| (EdnsCode::Unknown(15), EdnsOption::Unknown(15, vec![0, code])));
        edns.options_mut().options.extend(options);
        message.edns = Some(edns);
        assert_eq!(plan(&addresses_in(&message)), expected);
    }
}

#[test]
fn tlsa_records_come_whole_with_any_numbers() {
    let owner = "_25._tcp.mx.test.";
    let data = |usage: u8, selector: u8, matching: u8, data: Vec<u8>| {
        RData::TLSA(TLSA::new(usage.into(), selector.into(), matching.into(), data))
    };
    let answers = vec![
        record(owner, data(3, 1, 1, vec![0xab; 32]), Secure),
        record(owner, data(77, 200, 255, vec![]), Secure),
    ];
    let read = |message: &Message| finish(message, |replies| tlsa(&wire(owner), replies));
    let answer = read(&message(answers));
    let Outcome::Records(set) = answer.outcome() else { panic!("{answer:?}") };
    let texts: Vec<String> = set.records().iter().map(ToString::to_string).collect();
    assert_eq!(texts, [format!("3 1 1 {}", "ab".repeat(32)), "77 200 255".into()]);
    let none: Answer<TlsaSet> = read(&{
        let mut message = message(vec![]);
        message.authorities = vec![soa(Secure), nsec(Secure)];
        message
    });
    assert_eq!(none.outcome(), &Outcome::NoData);
}

#[test]
fn dane_t5_a_record_without_rdata_is_there_all_the_same() {
    let owner = "_25._tcp.mx.test.";
    let empty = || record(owner, RData::Update0(RecordType::TLSA), Secure);
    let usable = TLSA::new(3.into(), 1.into(), 1.into(), vec![0xab; 32]);
    let plan = |answers| {
        let records = finish(&message(answers), |replies| tlsa(&wire(owner), replies));
        let name: Name = HOST.parse().unwrap();
        let mut host = Destination::relay(&name, 25, Policy::default()).host(&name);
        let address = addresses_in(&message(vec![a(HOST, Secure)]));
        host.handle(&Input::A(address.clone())).unwrap();
        host.handle(&Input::Aaaa(address)).unwrap();
        host.handle(&Input::Tlsa(records)).unwrap();
        host.plan().unwrap().clone()
    };
    // RFC 7672 section 2.2: all records are unusable, so TLS is due.
    for count in [1, 2] {
        let HostPlan::Encrypt(plan) = plan(vec![empty(); count]) else { panic!("no records") };
        assert_eq!(plan.records().malformed(), count);
    }
    let both = plan(vec![empty(), record(owner, RData::TLSA(usable), Secure)]);
    assert!(matches!(both, HostPlan::Dane(_)));
}

#[test]
fn a5_an_alias_to_what_is_no_host_name_is_followed() {
    let odd = WireName::from_labels([&b"-a.\xff"[..], b"test"]).unwrap();
    let mut answers = vec![alias(HOST, "b.test.", Secure), alias("b.test.", "c.test.", Secure)];
    answers[1].data = RData::CNAME(CNAME(odd.clone()));
    let mut last = a(HOST, Secure);
    last.name = odd;
    answers.push(last);
    assert_eq!(ask(answers), "_25._tcp.-a\\.\\255.test");
}

#[test]
fn d6_the_alias_at_a_name_is_not_followed() {
    let answers = vec![alias(HOST, "b.test.", Secure), alias("b.test.", "c.test.", Bogus)];
    let answer = cname(&wire(HOST), &message(answers));
    assert_eq!(answer, Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]));
}

#[test]
fn m7_a_null_mx_is_one_record_of_the_root() {
    let mx = |preference, host: &str| {
        record("test.", RData::MX(MX::new(preference, wire(host))), Secure)
    };
    let ask = |answers| {
        let replies = [message(answers)];
        match exchangers(&wire("test."), &replies) {
            Progress::Done(answer) => match answer.outcome() {
                Outcome::Records(exchangers) => *exchangers,
                other => panic!("{other:?}"),
            },
            Progress::Ask(name) => panic!("{name}"),
        }
    };
    assert_eq!(ask(vec![mx(0, ".")]), Exchangers::Null);
    assert_eq!(ask(vec![mx(10, "mx.test.")]), Exchangers::Hosts);
    assert_eq!(ask(vec![mx(10, "mx.test."), mx(0, ".")]), Exchangers::Hosts);
}

#[test]
fn m2_insecure_exchangers_are_insecure() {
    let mx = record("test.", RData::MX(MX::new(10, wire(HOST))), Insecure);
    let answer = finish(&message(vec![mx]), |replies| exchangers(&wire("test."), replies));
    let mut policy = Policy::default();
    policy.half_dane = dane::discovery::HalfDane::Off;
    match Destination::from_mx(&"test".parse().unwrap(), &answer, policy) {
        Step1::Hosts(destination) => {
            let host = destination.host(&HOST.parse().unwrap());
            assert!(matches!(host.plan(), Some(HostPlan::Opportunistic(NotDane::InsecureMx))));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(LookUpFailure::Bogus.reason(), "bogus");
}
