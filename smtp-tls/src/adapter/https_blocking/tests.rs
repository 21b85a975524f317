use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use ::rustls::crypto::ring;
use ::rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use conformance::lab::pki::{Dates, Pki, Signed};
use pki_types::UnixTime;

use super::*;
use crate::resolve::{Answer, Judged, Kind, LookUpError, Outcome, Question, Record, Security};

/// Every name is here.
struct Here;

impl LookUp for Here {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let outcome = match question.kind {
            Kind::A => Outcome::Records(vec![Record::A(Ipv4Addr::LOCALHOST)]),
            _ => Outcome::NoData,
        };
        let (security, judged) = (Security::Insecure, Judged::AsAWhole);
        Ok(Answer { outcome, security, chain: Vec::new(), judged })
    }
}

/// Waits without end.
struct Never;

impl LookUp for Never {
    async fn look_up(&self, _: &Question) -> Result<Answer, LookUpError> {
        core::future::pending().await
    }
}

const SHORT: Duration = Duration::from_secs(2);
/// Only ends a hang.
const AMPLE: Duration = Duration::from_secs(30);

/// Fetches within [`SHORT`].
fn fetch<L: LookUp + Sync>(look_up: L, pki: &Pki, port: u16) -> Result<PolicyBody, FetchError> {
    let mut roots = RootCertStore::empty();
    roots.add(pki.root().clone()).unwrap();
    let connector = Connector::new(Arc::new(ring::default_provider()), roots).unwrap();
    let terms = Terms::new(&connector).within(SHORT);
    let begin = Instant::now();
    let fetch = BlockingFetch { look_up, terms }.danger_port(port);
    let result = fetch.get(&"example.org".parse().unwrap());
    assert!(begin.elapsed() >= SHORT && begin.elapsed() < AMPLE, "{:?}", begin.elapsed());
    result
}

fn drip(mut to: impl Write, octet: u8) {
    while to.write_all(&[octet]).and_then(|()| to.flush()).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
}

// checks: mta-sts/F07
#[test]
fn rfc8461_3_3_a_handshake_that_drips_does_not_hold_it() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The head of a record of 16 384 octets.
        stream.write_all(&[22, 3, 3, 64, 0, 2]).unwrap();
        drip(stream, 0);
    });
    let pki = Pki::new(UnixTime::now()).unwrap();
    assert_eq!(fetch(Here, &pki, port), Err(FetchError::TimedOut));
}

// checks: mta-sts/F07
#[test]
fn rfc8461_3_3_a_body_that_drips_does_not_hold_it() {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let key = pki.issue(&["mta-sts.example.org"], Signed::ByRoot, Dates::Current).unwrap();
    let key = key.certified_key().unwrap();
    let resolver = ::rustls::sign::SingleCertAndKey::from(key);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut sealed = StreamOwned::new(connection, stream);
        let read = sealed.read(&mut [0; 1024]).unwrap();
        sealed.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n").unwrap();
        drip(sealed, b'a');
        read
    });
    assert_eq!(fetch(Here, &pki, port), Err(FetchError::TimedOut));
    assert!(served.join().unwrap() > 0, "the request came before the time was up");
}

// checks: mta-sts/F07
#[test]
fn rfc8461_3_3_a_look_up_that_waits_does_not_hold_it() {
    let pki = Pki::new(UnixTime::now()).unwrap();
    assert_eq!(fetch(Never, &pki, 1), Err(FetchError::TimedOut));
}
