//! The lab's DNS as a full validator sees it: `domain` with the lab's trust anchor.

use core::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use conformance::lab::dns::{Data, Denial, DnsServer, Face, Fault, Signing, Transport, Zones};
use domain::base::{MessageBuilder, Name, Rtype};
use domain::dnssec::validator::anchor::TrustAnchors;
use domain::dnssec::validator::context::{ValidationContext, ValidationState};
use domain::net::client::dgram_stream;
use domain::net::client::protocol::{TcpConnect, UdpConnect};
use domain::net::client::request::{ComposeRequest, RequestMessage, SendRequest};
use hickory_proto::op::{Edns, Message as Wire, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name as WireName, RecordType};
use pki_types::UnixTime;

fn a(last: u8) -> Data {
    Data::A(Ipv4Addr::new(127, 0, 0, last))
}

fn cname(target: &str) -> Data {
    Data::Cname(target.to_owned())
}

fn mx(preference: u16, host: &str) -> Data {
    Data::Mx { preference, host: host.to_owned() }
}

pub(crate) fn world() -> Zones {
    let mut zones = Zones::new(UnixTime::now()).unwrap();
    for (apex, signing) in [
        ("test", Signing::Signed),
        ("secure.test", Signing::Signed),
        ("other.test", Signing::Signed),
        ("plain.test", Signing::Unsigned),
        ("island.test", Signing::Island),
        ("deep.secure.test", Signing::Signed),
        ("broken.test", Signing::Signed),
        ("covering.test", Signing::Signed),
        ("below.covering.test", Signing::Unsigned),
    ] {
        zones.add_zone(apex, signing).unwrap();
    }
    for (name, data) in [
        ("mx.secure.test", a(1)),
        ("mx.secure.test", a(2)),
        ("secure.test", mx(20, "mx.secure.test")),
        ("secure.test", mx(10, "a-longer-name.plain.test")),
        ("secure.test", mx(10, "mx.other.test")),
        ("_25._tcp.mx.secure.test", Data::Tlsa([&[3, 1, 1], [7; 32].as_slice()].concat())),
        ("_25._tcp.mx.secure.test", Data::Tlsa([&[2, 0, 1], [9; 32].as_slice()].concat())),
        ("short.secure.test", Data::Tlsa(vec![3])),
        ("txt.secure.test", Data::Txt(vec!["v=STSv1; id".to_owned(), "=1;".to_owned()])),
        ("host.deep.secure.test", a(3)),
        ("to-other.secure.test", cname("host.other.test")),
        ("to-plain.secure.test", cname("host.plain.test")),
        ("to-nothing.secure.test", cname("nothing.other.test")),
        ("to-no-data.secure.test", cname("host.other.test")),
        ("to-bogus.secure.test", cname("tampered.secure.test")),
        ("loop.secure.test", cname("loop.secure.test")),
        ("host.other.test", a(4)),
        ("host.plain.test", a(5)),
        ("to-secure.plain.test", cname("mx.secure.test")),
        ("host.island.test", a(6)),
        ("host.broken.test", a(7)),
        ("tampered.secure.test", a(8)),
        ("old.secure.test", a(9)),
        ("bare.secure.test", a(10)),
        ("b.covering.test", a(13)),
        ("a.b.c.covering.test", a(14)),
        ("to-covering.secure.test", cname("nothing.covering.test")),
        ("failing.secure.test", a(11)),
        ("silent.secure.test", a(12)),
    ] {
        zones.add(name, data).unwrap();
    }
    zones.set_denial("covering.test", Denial::Covering).unwrap();
    for number in 0..90 {
        zones.add("many.secure.test", Data::Tlsa(vec![3, 1, 1, number])).unwrap();
    }
    for (name, kind, fault) in [
        ("tampered.secure.test", RecordType::A, Fault::Tampered),
        ("old.secure.test", RecordType::A, Fault::ExpiredSignature),
        ("bare.secure.test", RecordType::A, Fault::NoSignature),
        ("failing.secure.test", RecordType::A, Fault::ServFail),
        ("silent.secure.test", RecordType::A, Fault::NoAnswer),
        ("denied.secure.test", RecordType::A, Fault::Tampered),
        ("denied.covering.test", RecordType::A, Fault::Tampered),
        ("broken.test", RecordType::DNSKEY, Fault::Tampered),
        ("host.plain.test", RecordType::TXT, Fault::NoSignature),
    ] {
        zones.set_fault(name, kind, fault).unwrap();
    }
    zones
}

use ValidationState::{Bogus, Insecure, Secure};

/// Name, type, what a validator finds, and how many records the answer has (signatures apart).
pub(crate) const CASES: &[(&str, &str, ValidationState, usize)] = &[
    ("mx.secure.test", "A", Secure, 2),
    ("MX.Secure.TEST", "A", Secure, 2),
    ("secure.test", "MX", Secure, 3),
    ("secure.test", "SOA", Secure, 1),
    ("secure.test", "NS", Secure, 1),
    ("secure.test", "DS", Secure, 1),
    ("secure.test", "DNSKEY", Secure, 1),
    (".", "DNSKEY", Secure, 1),
    (".", "DS", Secure, 0),
    ("test", "DS", Secure, 1),
    ("_25._tcp.mx.secure.test", "TLSA", Secure, 2),
    ("txt.secure.test", "TXT", Secure, 1),
    ("many.secure.test", "TLSA", Secure, 90),
    ("host.deep.secure.test", "A", Secure, 1),
    ("deep.secure.test", "MX", Secure, 0),
    // absence: a name without the type, a name between names, no name, below a name, a zone cut
    ("mx.secure.test", "AAAA", Secure, 0),
    ("_tcp.mx.secure.test", "TLSA", Secure, 0),
    ("_443._tcp.mx.secure.test", "TLSA", Secure, 0),
    ("nothing.secure.test", "A", Secure, 0),
    ("nothing.test", "MX", Secure, 0),
    ("nothing", "MX", Secure, 0),
    ("plain.test", "DS", Secure, 0),
    ("mx.secure.test", "DS", Secure, 0),
    ("mx.secure.test", "NSEC", Secure, 1),
    // the same where the denial covers the name instead
    ("b.covering.test", "A", Secure, 1),
    ("b.covering.test", "AAAA", Secure, 0),
    ("c.covering.test", "A", Secure, 0),
    ("covering.test", "MX", Secure, 0),
    ("a.covering.test", "A", Secure, 0),
    ("ba.covering.test", "A", Secure, 0),
    ("nothing.covering.test", "A", Secure, 0),
    ("a.deep.nothing.covering.test", "A", Secure, 0),
    ("nothing.b.covering.test", "TLSA", Secure, 0),
    ("nothing.b.c.covering.test", "A", Secure, 0),
    ("below.covering.test", "DS", Secure, 0),
    ("nothing.covering.test", "DS", Secure, 0),
    ("nothing.below.covering.test", "A", Insecure, 0),
    ("to-covering.secure.test", "A", Secure, 1),
    // insecure
    ("host.plain.test", "A", Insecure, 1),
    ("host.plain.test", "AAAA", Insecure, 0),
    ("host.plain.test", "TXT", Insecure, 0),
    ("nothing.plain.test", "A", Insecure, 0),
    ("plain.test", "MX", Insecure, 0),
    ("host.island.test", "A", Insecure, 1),
    ("nothing.island.test", "A", Insecure, 0),
    // aliases
    ("to-other.secure.test", "A", Secure, 2),
    ("to-other.secure.test", "CNAME", Secure, 1),
    ("to-no-data.secure.test", "AAAA", Secure, 1),
    ("to-nothing.secure.test", "A", Secure, 1),
    ("to-plain.secure.test", "A", Insecure, 2),
    ("to-plain.secure.test", "CNAME", Secure, 1),
    ("to-secure.plain.test", "A", Insecure, 3),
    // bogus
    ("tampered.secure.test", "A", Bogus, 1),
    ("tampered.secure.test", "AAAA", Secure, 0),
    ("to-bogus.secure.test", "A", Bogus, 2),
    ("old.secure.test", "A", Bogus, 1),
    ("bare.secure.test", "A", Bogus, 1),
    ("denied.secure.test", "A", Bogus, 0),
    ("denied.covering.test", "A", Bogus, 0),
    ("host.broken.test", "A", Bogus, 1),
    ("nothing.broken.test", "A", Bogus, 0),
];

/// The validator of `domain`, asking a DNS server of the lab.
pub(crate) struct Validator {
    connection: Connection,
    context: ValidationContext<Connection>,
}

type Connection = dgram_stream::Connection<UdpConnect, RequestMessage<Vec<u8>>>;

impl Validator {
    pub(crate) fn new(server: SocketAddr, anchor: &str) -> Self {
        let (connection, transport) =
            Connection::new(UdpConnect::new(server), TcpConnect::new(server));
        tokio::spawn(transport.run());
        let anchors = TrustAnchors::from_u8(anchor.as_bytes()).unwrap();
        let context = ValidationContext::new(anchors, connection.clone());
        Self { connection, context }
    }

    /// The verdict, and how many records the answer has (signatures apart).
    pub(crate) async fn validate(&self, name: &str, kind: Rtype) -> (ValidationState, usize) {
        let mut question = MessageBuilder::new_vec();
        question.header_mut().set_rd(true);
        let mut question = question.question();
        question.push((name.parse::<Name<Vec<u8>>>().unwrap(), kind)).unwrap();
        let mut request = RequestMessage::new(question.into_message()).unwrap();
        request.set_dnssec_ok(true);
        request.header_mut().set_cd(true);
        let mut reply = self.connection.send_request(request).get_response().await.unwrap();
        let records = reply.answer().unwrap().map(Result::unwrap);
        let count = records.filter(|record| record.rtype() != Rtype::RRSIG).count();
        (self.context.validate_msg(&mut reply).await.unwrap().0, count)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_validator_agrees_with_the_lab_on_every_answer() {
    let zones = Arc::new(world());
    let server = DnsServer::start(Arc::clone(&zones), Face::Plain).unwrap();
    let validator = Validator::new(server.address(), &zones.trust_anchor());
    for (name, kind, state, count) in CASES {
        let found = validator.validate(name, kind.parse().unwrap()).await;
        assert_eq!(found, (*state, *count), "{name} {kind}");
    }
}

pub(crate) fn question(name: &str, kind: RecordType) -> Wire {
    let mut message = Wire::new(7, hickory_proto::op::MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(
        WireName::from_ascii(format!("{}.", name.trim_end_matches('.'))).unwrap(),
        kind,
    ));
    message
}

pub(crate) fn dnssec(mut message: Wire, payload: u16) -> Wire {
    let mut edns = Edns::new();
    edns.set_dnssec_ok(true).set_max_payload(payload);
    message.set_edns(edns);
    message
}

pub(crate) fn ask(zones: &Zones, message: &Wire, face: Face) -> Option<Wire> {
    let bytes = zones.respond(&message.to_vec().unwrap(), Transport::Tcp, face)?;
    Some(Wire::from_vec(&bytes).unwrap())
}

#[test]
fn the_validating_face_gives_the_verdict_of_a_full_validator() {
    let zones = world();
    for (name, kind, state, count) in CASES {
        let kind: RecordType = kind.parse().unwrap();
        let wanted = dnssec(question(name, kind), 4096);
        let reply = ask(&zones, &wanted, Face::Validating).unwrap();
        let records = reply.answers.iter().filter(|r| !r.record_type().is_rrsig()).count();
        let failed = reply.metadata.response_code == ResponseCode::ServFail;
        assert_eq!(reply.metadata.authentic_data, *state == Secure, "{name} {kind}");
        assert_eq!(failed, *state == Bogus, "{name} {kind}");
        assert_eq!(records, if failed { 0 } else { *count }, "{name} {kind}");
        let mut unchecked = wanted;
        unchecked.metadata.checking_disabled = true;
        let reply = ask(&zones, &unchecked, Face::Validating).unwrap();
        assert!(!reply.metadata.authentic_data && reply.metadata.checking_disabled);
        assert_ne!(reply.metadata.response_code, ResponseCode::ServFail, "{name} {kind}");
    }
}
