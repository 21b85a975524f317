//! The rules of DNS messages: faces, sizes, refusals.

use core::net::Ipv4Addr;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;

use conformance::lab::dns::{
    Data, Denial, DnsError, DnsServer, Face, Fault, Signing, Transport, Zones,
};
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use pki_types::UnixTime;

fn zones() -> Zones {
    let mut zones = Zones::new(UnixTime::now()).unwrap();
    zones.add_zone("test", Signing::Signed).unwrap();
    zones.add_zone("plain.test", Signing::Unsigned).unwrap();
    let address = Data::A(Ipv4Addr::LOCALHOST);
    for name in ["host.test", "host.plain.test", "failing.test", "silent.test", "old.test"] {
        zones.add(name, address.clone()).unwrap();
    }
    zones.add("loop.test", Data::Cname("Loop2.test.".into())).unwrap();
    zones.add("loop2.test", Data::Cname("loop.test".into())).unwrap();
    zones.add("short.test", Data::Tlsa(vec![3])).unwrap();
    for number in 0..40 {
        zones
            .add("many.test", Data::Tlsa([[3, 1, 1, number].as_slice(), &[0; 31]].concat()))
            .unwrap();
    }
    zones.set_fault("failing.test", RecordType::A, Fault::ServFail).unwrap();
    zones.set_fault("silent.test", RecordType::A, Fault::NoAnswer).unwrap();
    zones.set_fault("old.test", RecordType::A, Fault::ExpiredSignature).unwrap();
    zones
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn edns(mut message: Message, payload: u16, dnssec_ok: bool, flags: u16) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(payload).set_dnssec_ok(dnssec_ok);
    edns.flags_mut().z = flags;
    message.set_edns(edns);
    message
}

fn ask(zones: &Zones, message: &Message, transport: Transport, face: Face) -> Option<Message> {
    let bytes = zones.respond(&message.to_vec().unwrap(), transport, face)?;
    Some(Message::from_vec(&bytes).unwrap())
}

fn plain(zones: &Zones, message: &Message) -> Message {
    ask(zones, message, Transport::Tcp, Face::Plain).unwrap()
}

fn code(message: &Message) -> ResponseCode {
    message.metadata.response_code
}

#[test]
fn the_answer_repeats_the_question_and_its_id() {
    let reply = plain(&zones(), &question("HoSt.test.", RecordType::A));
    assert_eq!(reply.metadata.id, 4711);
    assert!(reply.metadata.recursion_available && reply.metadata.recursion_desired);
    assert_eq!(reply.queries[0].name().to_ascii(), "HoSt.test.");
    assert_eq!(reply.answers.len(), 1, "no signatures without DO");
    assert!(reply.edns.is_none());
}

#[test]
fn rfc4035_3_2_1_signatures_only_for_who_asks() {
    let zones = zones();
    let signed = plain(&zones, &edns(question("host.test.", RecordType::A), 4096, true, 0));
    assert_eq!(signed.answers.len(), 2);
    assert!(signed.edns.unwrap().flags().dnssec_ok);
    let bare = plain(&zones, &question("nothing.test.", RecordType::A));
    assert!(bare.authorities.iter().all(|record| record.record_type() == RecordType::SOA));
    let asked = plain(&zones, &question("host.test.", RecordType::NSEC));
    assert_eq!(asked.answers[0].record_type(), RecordType::NSEC);
}

#[test]
fn rfc9824_3_1_a_missing_name_is_denied_in_the_bitmap() {
    let zones = zones();
    let reply = plain(&zones, &edns(question("no.test.", RecordType::A), 4096, true, 0));
    assert_eq!(code(&reply), ResponseCode::NoError);
    let nsec = reply.authorities.iter().find(|r| r.record_type() == RecordType::NSEC).unwrap();
    let RData::DNSSEC(DNSSECRData::NSEC(data)) = &nsec.data else { panic!("{nsec}") };
    assert!(data.type_set().contains(RecordType::Unknown(128)), "{nsec}");
    assert_eq!(data.next_domain_name().to_ascii(), "\\000.no.test.");
    assert_eq!(nsec.name.to_ascii(), "no.test.");
}

#[test]
fn rfc9824_5_1_nxdomain_for_who_takes_it_and_for_who_does_not_ask_for_dnssec() {
    let zones = zones();
    let flagged = edns(question("no.test.", RecordType::A), 4096, true, 0x4000);
    assert_eq!(code(&plain(&zones, &flagged)), ResponseCode::NXDomain);
    assert_eq!(code(&plain(&zones, &question("no.test.", RecordType::A))), ResponseCode::NXDomain);
    let unsigned = edns(question("no.plain.test.", RecordType::A), 4096, true, 0);
    assert_eq!(code(&plain(&zones, &unsigned)), ResponseCode::NXDomain);
    let no_data = question("host.plain.test.", RecordType::MX);
    assert_eq!(code(&plain(&zones, &no_data)), ResponseCode::NoError);
}

#[test]
fn rfc4470_nxdomain_with_records_that_cover_the_name_and_the_wildcard() {
    let mut zones = zones();
    zones.set_denial("test", Denial::Covering).unwrap();
    let reply = plain(&zones, &edns(question("no.test.", RecordType::A), 4096, true, 0));
    assert_eq!(code(&reply), ResponseCode::NXDomain);
    let name = |text: &str| Name::from_ascii(text).unwrap();
    let covers = |wanted: &Name| {
        reply.authorities.iter().any(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::NSEC(data)) => {
                record.name < *wanted && wanted < data.next_domain_name()
            }
            _ => false,
        })
    };
    for missing in ["no.test.", "below.no.test.", "*.test."] {
        assert!(covers(&name(missing)), "{missing}");
    }
    for existing in ["test.", "host.test.", "plain.test.", "many.test."] {
        assert!(!covers(&name(existing)), "{existing}");
    }
}

#[test]
fn a_datagram_has_at_most_the_size_that_was_asked_for() {
    let zones = zones();
    for (payload, limit) in [(None, 512), (Some(512), 512), (Some(1232), 1232), (Some(4000), 4000)]
    {
        let question = question("many.test.", RecordType::TLSA);
        let question = match payload {
            Some(payload) => edns(question, payload, true, 0),
            None => question,
        };
        let bytes = question.to_vec().unwrap();
        let reply = zones.respond(&bytes, Transport::Udp, Face::Plain).unwrap();
        assert!(reply.len() <= limit, "{} octets, not at most {limit}", reply.len());
        let message = Message::from_vec(&reply).unwrap();
        assert_eq!(message.metadata.truncation, limit < 4000);
        assert_eq!(message.answers.len(), if limit < 4000 { 0 } else { 41 });
        let whole = ask(&zones, &question, Transport::Tcp, Face::Plain).unwrap();
        assert!(!whole.metadata.truncation && whole.answers.len() >= 40);
    }
}

#[test]
fn rfc4035_3_2_3_ad_for_who_understands_it() {
    let zones = zones();
    let validating =
        |message: &Message| ask(&zones, message, Transport::Tcp, Face::Validating).unwrap();
    let mut by_ad = question("host.test.", RecordType::A);
    assert!(!validating(&by_ad).metadata.authentic_data, "neither AD nor DO was set");
    by_ad.metadata.authentic_data = true;
    assert!(validating(&by_ad).metadata.authentic_data);
    let by_do = edns(question("host.test.", RecordType::A), 4096, true, 0);
    assert!(validating(&by_do).metadata.authentic_data);
    let insecure = edns(question("host.plain.test.", RecordType::A), 4096, true, 0);
    assert!(!validating(&insecure).metadata.authentic_data);
    assert!(!plain(&zones, &by_do).metadata.authentic_data, "the plain face gives no verdict");
}

#[test]
fn rfc8914_a_bogus_answer_says_why() {
    let reply = ask(
        &zones(),
        &edns(question("old.test.", RecordType::A), 4096, true, 0),
        Transport::Tcp,
        Face::Validating,
    );
    let reply = reply.unwrap();
    assert_eq!(code(&reply), ResponseCode::ServFail);
    assert!(reply.answers.is_empty());
    let edns = reply.edns.unwrap();
    let EdnsOption::Unknown(15, data) = edns.option(EdnsCode::from(15)).unwrap() else {
        panic!("no extended error")
    };
    assert_eq!(data.as_slice(), [0, 7], "Signature Expired");
}

#[test]
fn what_is_no_question_is_refused() {
    let zones = zones();
    let any = question("host.test.", RecordType::ANY);
    assert_eq!(code(&plain(&zones, &any)), ResponseCode::NotImp);
    let no_name = question("host.test.", RecordType::Unknown(128));
    assert_eq!(code(&plain(&zones, &no_name)), ResponseCode::FormErr);
    let mut chaos = question("host.test.", RecordType::A);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(&plain(&zones, &chaos)), ResponseCode::Refused);
    let mut two = question("host.test.", RecordType::A);
    two.add_query(two.queries[0].clone());
    assert_eq!(code(&plain(&zones, &two)), ResponseCode::FormErr);
    let mut notify = question("host.test.", RecordType::A);
    notify.metadata.op_code = OpCode::Notify;
    assert_eq!(code(&plain(&zones, &notify)), ResponseCode::NotImp);
    let mut version = edns(question("host.test.", RecordType::A), 4096, true, 0);
    version.edns.as_mut().unwrap().set_version(1);
    // 16 is BADVERS here and BADSIG in another record.
    assert_eq!(u16::from(code(&plain(&zones, &version))), 16);
}

#[test]
fn what_cannot_be_answered_is_not() {
    let zones = zones();
    let respond = |bytes: &[u8]| zones.respond(bytes, Transport::Udp, Face::Plain);
    let mut answer = question("host.test.", RecordType::A);
    answer.metadata.message_type = MessageType::Response;
    assert_eq!(respond(&answer.to_vec().unwrap()), None, "an answer is not answered");
    let bytes = question("host.test.", RecordType::A).to_vec().unwrap();
    assert_eq!(respond(&bytes[..11]), None, "no header");
    let cut = respond(&bytes[..bytes.len() - 1]).unwrap();
    let cut = Message::from_vec(&cut).unwrap();
    assert_eq!((cut.metadata.id, code(&cut)), (4711, ResponseCode::FormErr));
    let silent = question("silent.test.", RecordType::A);
    assert_eq!(respond(&silent.to_vec().unwrap()), None);
}

#[test]
fn failures_and_loops_are_servfail() {
    let zones = zones();
    for name in ["failing.test.", "loop.test."] {
        let reply = plain(&zones, &question(name, RecordType::A));
        assert_eq!(code(&reply), ResponseCode::ServFail, "{name}");
    }
    let other_type = plain(&zones, &question("failing.test.", RecordType::AAAA));
    assert_eq!(code(&other_type), ResponseCode::NoError, "the fault is of one type");
    let label = "l".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}.test.", "l".repeat(56));
    let reply = plain(&zones, &edns(question(&longest, RecordType::A), 4096, true, 0));
    assert_eq!(code(&reply), ResponseCode::ServFail, "no name comes next to the longest one");
}

#[test]
fn twelve_aliases_are_followed_and_a_thirteenth_is_not() {
    let mut zones = zones();
    for number in 1..=13 {
        let next = if number == 1 { "host.test".into() } else { format!("a{}.test", number - 1) };
        zones.add(&format!("a{number}.test"), Data::Cname(next)).unwrap();
    }
    let twelve = plain(&zones, &question("a12.test.", RecordType::A));
    assert_eq!((code(&twelve), twelve.answers.len()), (ResponseCode::NoError, 13));
    let thirteen = plain(&zones, &question("a13.test.", RecordType::A));
    assert_eq!(code(&thirteen), ResponseCode::ServFail);
}

#[test]
fn tlsa_octets_go_out_as_they_are() {
    let zones = zones();
    let bytes = question("short.test.", RecordType::TLSA).to_vec().unwrap();
    let reply = zones.respond(&bytes, Transport::Tcp, Face::Plain).unwrap();
    assert!(reply.ends_with(&[0, 52, 0, 1, 0, 0, 0, 60, 0, 1, 3]), "{reply:?}");
}

#[test]
fn what_is_no_name_or_no_text_is_refused() {
    let mut zones = zones();
    let exists = zones.add_zone("PLAIN.test.", Signing::Signed);
    assert_eq!(exists, Err(DnsError::Exists("PLAIN.test.".into())));
    let empty_label = zones.add("a..test", Data::A(Ipv4Addr::LOCALHOST));
    assert_eq!(empty_label, Err(DnsError::Name("a..test".into())));
    zones.add("text.test", Data::Txt(vec!["x".repeat(255)])).unwrap();
    let long = zones.add("text.test", Data::Txt(vec!["x".repeat(256)]));
    assert_eq!(long, Err(DnsError::CharacterString(256)));
    assert_eq!(Zones::new(far_future()).err(), Some(DnsError::Time));
}

fn far_future() -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(u64::MAX))
}

#[test]
fn the_server_speaks_udp_and_tcp_and_notes_what_is_asked() {
    let server = DnsServer::start(Arc::new(zones()), Face::Plain).unwrap();
    let query = question("Many.test.", RecordType::TLSA).to_vec().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(&query, server.address()).unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).unwrap();
    assert!(Message::from_vec(&buffer[..length]).unwrap().metadata.truncation);

    let mut stream = TcpStream::connect(server.address()).unwrap();
    for _ in 0..2 {
        let length = u16::try_from(query.len()).unwrap();
        stream.write_all(&[&length.to_be_bytes(), query.as_slice()].concat()).unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut reply = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut reply).unwrap();
        let reply = Message::from_vec(&reply).unwrap();
        assert_eq!(reply.answers.len(), 40);
        assert!(matches!(reply.answers[0].data, RData::TLSA(_)));
    }
    let questions = server.questions();
    assert_eq!(questions.len(), 3);
    assert!(questions.iter().all(|q| q.name == "many.test." && q.kind == RecordType::TLSA));
}

mod properties {
    use super::zones;
    use conformance::lab::dns::{Face, Transport};
    use proptest::prelude::*;

    proptest! {
        /// Whatever comes, the zones answer or are silent, and an answer has the question's id.
        #[test]
        fn any_octets_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let zones = zones();
            for face in [Face::Plain, Face::Validating] {
                if let Some(reply) = zones.respond(&bytes, Transport::Udp, face) {
                    prop_assert_eq!(&reply[..2], &bytes[..2]);
                    prop_assert!(reply.len() <= 4096);
                }
            }
        }
    }
}
