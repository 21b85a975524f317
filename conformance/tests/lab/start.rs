//! The lab starts, is complete, and leaves nothing behind.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use conformance::lab::{Delivery, Lab};
use hickory_proto::rr::RecordType;
use pki_types::UnixTime;
use tlsrpt::ResultType;

use crate::validator::question;

#[test]
fn it_starts_within_a_second() {
    let begin = Instant::now();
    let _lab = Lab::start(UnixTime::now()).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[test]
fn two_labs_run_side_by_side() {
    let one = Lab::start(UnixTime::now()).unwrap();
    let other = Lab::start(UnixTime::now()).unwrap();
    assert_ne!(one.smtp_port(), other.smtp_port());
    assert_ne!(one.dns_address(), other.dns_address());
    assert_ne!(one.trust_anchor(), other.trust_anchor());
}

#[test]
fn dropping_it_frees_every_port() {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let mx = SocketAddr::from((lab.address_of("mx.sts.test").unwrap(), lab.smtp_port()));
    let (dns, resolver) = (lab.dns_address(), lab.resolver_address());
    let open = TcpStream::connect(mx).unwrap();
    drop(lab);
    for address in [mx, dns, resolver] {
        assert!(TcpStream::connect(address).is_err(), "{address} still answers");
    }
    TcpListener::bind(mx).unwrap();
    std::net::UdpSocket::bind(dns).unwrap();
    drop(open);
}

#[test]
fn every_domain_is_told_apart_and_has_a_consistent_verdict() {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let names: BTreeSet<_> = lab.domains().iter().map(|domain| domain.domain).collect();
    assert_eq!(names.len(), lab.domains().len());
    for domain in lab.domains() {
        let expected = domain.expected;
        let delivered = expected.delivery == Delivery::Delivered;
        assert_eq!(expected.security.is_some(), delivered, "{}", domain.domain);
        assert_eq!(expected.host.is_some(), delivered, "{}", domain.domain);
        assert_eq!(expected.delivery.to_string() == "delivered", delivered);
        assert!(expected.security.is_none_or(|security| !security.to_string().is_empty()));
        assert!(!domain.title.is_empty() && domain.what_it_shows.ends_with('.'));
    }
}

#[test]
fn every_result_type_of_tlsrpt_is_met_but_the_one_that_needs_mandatory_dane() {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let met: BTreeSet<_> = lab.domains().iter().filter_map(|one| one.expected.tls_result).collect();
    let registered = ResultType::REGISTERED;
    let wanted = registered.iter().map(ResultType::as_str).filter(|name| *name != "dane-required");
    assert_eq!(met, wanted.collect());
}

#[test]
fn what_both_dns_servers_are_asked_is_noted() {
    fn shared_between_threads<T: Send + Sync>(_: &T) {}
    let lab = Lab::start(UnixTime::now()).unwrap();
    shared_between_threads(&lab);
    let kinds = [RecordType::MX, RecordType::TLSA];
    for (server, kind) in [lab.dns_address(), lab.resolver_address()].into_iter().zip(kinds) {
        let query = question("sts.test", kind).to_vec().unwrap();
        let mut stream = TcpStream::connect(server).unwrap();
        let length = u16::try_from(query.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length, query.as_slice()].concat()).unwrap();
        stream.read_exact(&mut [0; 2]).unwrap();
    }
    let asked: Vec<_> = lab.questions().into_iter().map(|asked| (asked.name, asked.kind)).collect();
    assert_eq!(asked, kinds.map(|kind| ("sts.test.".to_owned(), kind)));
}
