//! Every certificate of the lab is wrong, or right, in the way it is meant to be.

use core::net::SocketAddr;
use core::time::Duration;
use std::net::TcpListener;

use conformance::lab::dns::{Face, Transport};
use conformance::lab::pki::{Credential, Dates, Matching, Pki, Selector, Signed};
use conformance::lab::smtp::{Behaviour, Handshake, Ledger, SmtpServer};
use conformance::lab::{Lab, LabError, TlsVersions};
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use pki_types::UnixTime;
use ring::digest::{SHA256, digest};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, ProtocolVersion};

use crate::client::{Smtp, connect, lab, lenient, seal, strict, tls_error, trusting, upgraded};

/// What the strict client says of the certificate of a host.
fn refusal(lab: &Lab, host: &str) -> CertificateError {
    let error = upgraded(lab, host, strict(lab)).err().expect("a refusal");
    match tls_error(&error) {
        Error::InvalidCertificate(error) => error.clone(),
        other => panic!("{host}: {other}"),
    }
}

#[test]
fn good_certificates_are_good() {
    let lab = lab();
    for host in ["mx.sts.test", "mx2.sts-second-mx.test", "mx.dane-mismatch.test"] {
        assert!(upgraded(&lab, host, strict(&lab)).is_ok(), "{host}");
    }
}

#[test]
fn each_fault_is_the_one_it_says() {
    let lab = lab();
    assert!(matches!(
        refusal(&lab, "mx.sts-expired.test"),
        CertificateError::Expired | CertificateError::ExpiredContext { .. }
    ));
    assert!(matches!(
        refusal(&lab, "mx.sts-testing.test"),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    ));
    for host in ["mx.self-signed.test", "mx1.sts-second-mx.test", "mx.dane-ta.test"] {
        assert!(matches!(refusal(&lab, host), CertificateError::UnknownIssuer), "{host}");
    }
}

/// A server of its own, beside a lab: what it shows, and the versions it speaks.
fn server(credential: &Credential, versions: TlsVersions) -> (SmtpServer, SocketAddr, Ledger) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let behaviour = Behaviour { versions, ..Behaviour::default() };
    let (key, ledger) = (credential.certified_key().unwrap(), Ledger::default());
    let server = SmtpServer::start(listener, "mx.own.test", behaviour, key, ledger.clone());
    (server.unwrap(), address, ledger)
}

#[test]
fn a_server_can_be_had_without_a_lab() {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let early = pki.issue(&["mx.own.test"], Signed::ByRoot, Dates::Future).unwrap();
    let (server, address, ledger) = server(&early, TlsVersions::Only13);
    let mut smtp = Smtp::new(connect(address.ip(), address.port()).unwrap());
    smtp.reply();
    smtp.ask("EHLO client.test");
    smtp.ask("STARTTLS");
    let config = trusting(vec![pki.root().clone()]);
    let error = seal(smtp.into_stream(), config, "mx.own.test").expect_err("a refusal");
    assert!(matches!(
        tls_error(&error),
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }
        )
    ));
    drop(server);
    let sessions = ledger.sessions();
    let Handshake::Failed(why) = &sessions[0].handshake else { panic!("{sessions:?}") };
    assert!(why.contains("alert"), "{why}");
}

#[test]
fn rfc6698_2_1_tlsa_records_of_a_chain() {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let leaf = pki.issue(&["mx.own.test"], Signed::ByAnchor, Dates::Current).unwrap();
    let chain = leaf.chain();
    let full = leaf.tlsa(2, Selector::Certificate, Matching::Full, 1).unwrap();
    assert_eq!(full, [&[2, 0, 0], chain[1].as_ref()].concat());
    let sha512 = leaf.tlsa(3, Selector::PublicKey, Matching::Sha512, 0).unwrap();
    assert_eq!((&sha512[..3], sha512.len()), ([3, 1, 2].as_slice(), 3 + 64));
    assert_eq!(leaf.tlsa(2, Selector::Certificate, Matching::Full, 3), None);
    let alone = pki.issue(&["mx.own.test"], Signed::ByRoot, Dates::Current).unwrap();
    assert_eq!(alone.chain().len(), 1, "the root is not sent");
}

#[test]
fn a_name_that_no_certificate_can_hold_is_refused() {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let issued = pki.issue(&["mx.m\u{fc}ller.test"], Signed::ByRoot, Dates::Current);
    assert!(matches!(issued, Err(LabError::Certificate(_))));
    let late = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
    assert!(matches!(Pki::new(late), Err(LabError::Time)));
}

#[test]
fn the_wrong_key_is_seen_in_the_handshake_signature_alone() {
    let lab = lab();
    for host in ["mx.dane-wrong-key.test", "mx.dane-wrong-key-12.test"] {
        let error = upgraded(&lab, host, lenient()).err().expect("a refusal");
        assert_eq!(
            *tls_error(&error),
            Error::InvalidCertificate(CertificateError::BadSignature),
            "{host}"
        );
    }
}

#[test]
fn the_versions_are_the_ones_of_the_behaviour() {
    let lab = lab();
    for (host, version) in [
        ("mx.sts.test", ProtocolVersion::TLSv1_3),
        ("mx.sts-wildcard.test", ProtocolVersion::TLSv1_2),
    ] {
        let smtp = upgraded(&lab, host, strict(&lab)).unwrap();
        assert_eq!(smtp.stream.conn.protocol_version(), Some(version));
    }
}

/// The TLSA records below `_25._tcp` and below the real port, which are the same.
fn tlsa(lab: &Lab, host: &str) -> Vec<Vec<u8>> {
    let ask = |port: u16| -> Vec<Vec<u8>> {
        let mut question = Message::new(1, MessageType::Query, OpCode::Query);
        let name = Name::from_ascii(format!("_{port}._tcp.{host}.")).unwrap();
        question.add_query(Query::query(name, RecordType::TLSA));
        let question = question.to_vec().unwrap();
        let reply = lab.zones().respond(&question, Transport::Tcp, Face::Plain).unwrap();
        let reply = Message::from_vec(&reply).unwrap();
        let octets = reply.answers.iter().map(|record| match &record.data {
            RData::TLSA(tlsa) => {
                let head = [tlsa.cert_usage.into(), tlsa.selector.into(), tlsa.matching.into()];
                [&head, tlsa.cert_data.as_slice()].concat()
            }
            other => panic!("{other}"),
        });
        octets.collect()
    };
    let (below_25, below_port) = (ask(25), ask(lab.smtp_port()));
    assert_eq!(below_25, below_port);
    below_25
}

/// The digests of what a host shows: of its public key, and of each of its certificates.
fn shown(lab: &Lab, host: &str) -> (Vec<u8>, Vec<Vec<u8>>) {
    let smtp = upgraded(lab, host, lenient()).unwrap();
    let chain = smtp.stream.conn.peer_certificates().unwrap();
    let leaf = ParsedCertificate::try_from(&chain[0]).unwrap();
    let key = digest(&SHA256, &leaf.subject_public_key_info()).as_ref().to_vec();
    (key, chain.iter().map(|one| digest(&SHA256, one).as_ref().to_vec()).collect())
}

#[test]
fn tlsa_records_are_those_of_the_chain_where_they_should_be() {
    let lab = lab();
    for host in [
        "mx.dane-ee.test",
        "mx2.dane-second-mx.test",
        "mx.dane-rollover.test",
        "dane-implicit-mx.test",
        "mx.half-dane-host.test",
        "mx.dane-bogus.test",
    ] {
        let record = [&[3, 1, 1], shown(&lab, host).0.as_slice()].concat();
        assert!(tlsa(&lab, host).contains(&record), "{host}");
    }
    for host in ["mx.dane-ta.test", "mx.dane-behind.test", "mail.dane-hosting.test"] {
        let (_, chain) = shown(&lab, host);
        assert_eq!(chain.len(), 3, "leaf, intermediate, anchor");
        assert_eq!(tlsa(&lab, host), [[&[2, 0, 1], chain[2].as_slice()].concat()], "{host}");
    }
}

#[test]
fn tlsa_records_do_not_match_where_they_should_not() {
    let lab = lab();
    for host in [
        "mx.dane-mismatch.test",
        "mx1.dane-second-mx.test",
        "mx.half-dane-other.test",
        "mx.dane-island.test",
    ] {
        let records = tlsa(&lab, host);
        let [record] = records.as_slice() else { panic!("{host}") };
        assert_eq!((&record[..3], record.len()), ([3, 1, 1].as_slice(), 35));
        assert_ne!(record[3..], shown(&lab, host).0, "{host}");
    }
    assert!(tlsa(&lab, "mx.dane-denied.test").is_empty());
    assert!(tlsa(&lab, "mx.sts.test").is_empty());
    let unusable = tlsa(&lab, "mx.dane-unusable.test");
    assert_eq!(
        unusable.iter().map(|record| (record[0], record.len())).collect::<Vec<_>>(),
        [(3, 7), (1, 35)]
    );
}
