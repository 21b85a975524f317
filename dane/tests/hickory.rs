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

use dane::adapter::hickory::{addresses, cname, exchangers, security, tlsa};
use dane::discovery::{
    Action, Answer, Destination, Exchangers, HostPlan, Input, Kind, LookUpFailure, NotDane,
    Outcome, Policy, Security, Skip, Step1,
};
use dane::{Name, TlsaSet};
use hickory_proto::dnssec::Proof;
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, MX, SOA, TLSA};
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

/// What the machine makes of an answer for both families.
fn plan(answer: &Answer<()>) -> String {
    let name: Name = HOST.parse().unwrap();
    let mut host = Destination::relay(&name, 25, Policy::default()).host(&name);
    host.handle(&Input::A(answer.clone())).unwrap();
    host.handle(&Input::Aaaa(answer.clone())).unwrap();
    match host.action() {
        Action::LookUp { name, kind: Kind::Tlsa } => name,
        Action::Done(HostPlan::Skip(Skip::LookUp { failure, .. })) => failure.reason().into(),
        Action::Done(HostPlan::Skip(why)) => why.reason().into(),
        Action::Done(HostPlan::Opportunistic(why)) => why.reason().into(),
        other => panic!("{other:?}"),
    }
}

fn ask(answers: Vec<Record>) -> String {
    plan(&addresses(&wire(HOST), RecordType::A, &message(answers)))
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
}

#[test]
fn ambiguous_and_endless_aliases_are_failures() {
    let two = vec![alias(HOST, "b.test.", Secure), alias(HOST, "c.test.", Secure)];
    assert_eq!(ask(two), "malformed-reply");
    let round = vec![alias(HOST, "b.test.", Secure), alias("b.test.", HOST, Secure)];
    assert_eq!(ask(round), "too-many-cnames");
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
            message.authorities = vec![soa(proof)];
            assert_eq!(plan(&addresses(&wire(HOST), RecordType::A, &message)), expected);
        }
        let mut message = message(vec![]);
        message.metadata.response_code = code;
        // Without any proof nobody has looked.
        assert_eq!(plan(&addresses(&wire(HOST), RecordType::A, &message)), "indeterminate");
    }
}

#[test]
fn codes_that_are_no_answer() {
    for (code, expected) in
        [(ResponseCode::ServFail, "server-failure"), (ResponseCode::Refused, "server-failure")]
    {
        let mut message = message(vec![a(HOST, Secure)]);
        message.metadata.response_code = code;
        assert_eq!(plan(&addresses(&wire(HOST), RecordType::A, &message)), expected);
    }
    let mut message = message(vec![a(HOST, Secure)]);
    message.metadata.truncation = true;
    assert_eq!(plan(&addresses(&wire(HOST), RecordType::A, &message)), "malformed-reply");
}

#[test]
fn rfc8914_a_server_failure_may_say_why() {
    use hickory_proto::op::Edns;
    use hickory_proto::rr::rdata::opt::EdnsOption;
    for (code, expected) in [(6, "bogus"), (5, "indeterminate"), (22, "server-failure")] {
        let mut message = message(vec![]);
        message.metadata.response_code = ResponseCode::ServFail;
        let mut edns = Edns::new();
        edns.options_mut().insert(EdnsOption::Unknown(15, vec![0, code, b'x']));
        message.edns = Some(edns);
        assert_eq!(plan(&addresses(&wire(HOST), RecordType::A, &message)), expected);
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
    let answer = tlsa(&wire(owner), &message(answers));
    let Outcome::Records(set) = answer.outcome() else { panic!("{answer:?}") };
    let texts: Vec<String> = set.records().iter().map(ToString::to_string).collect();
    assert_eq!(texts, [format!("3 1 1 {}", "ab".repeat(32)), "77 200 255".into()]);
    let none: Answer<TlsaSet> = tlsa(&wire(owner), &{
        let mut message = message(vec![]);
        message.authorities = vec![soa(Secure)];
        message
    });
    assert_eq!(none.outcome(), &Outcome::NoData);
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
    let ask = |answers| match exchangers(&wire("test."), &message(answers)).outcome() {
        Outcome::Records(exchangers) => *exchangers,
        other => panic!("{other:?}"),
    };
    assert_eq!(ask(vec![mx(0, ".")]), Exchangers::Null);
    assert_eq!(ask(vec![mx(10, "mx.test.")]), Exchangers::Hosts);
    assert_eq!(ask(vec![mx(10, "mx.test."), mx(0, ".")]), Exchangers::Hosts);
}

#[test]
fn m2_insecure_exchangers_are_insecure() {
    let mx = record("test.", RData::MX(MX::new(10, wire(HOST))), Insecure);
    let answer = exchangers(&wire("test."), &message(vec![mx]));
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
