//! The policy fetch over HTTPS, asynchronous and blocking: against the lab's policy hosts, and against a host that sends anything.
#![cfg(all(feature = "https", feature = "https-blocking", feature = "hickory"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::net::{IpAddr, Ipv4Addr};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use conformance::lab::Lab;
use conformance::lab::https::Page;
use conformance::lab::pki::{Dates, Pki, Signed};
use mta_sts::{FetchError, PolicyBody, PolicyDomain};
use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use smtp_tls::FetchPolicy;
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::hickory_blocking::BlockingResolver;
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::https_blocking::BlockingFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::driver::blocking::block_on;
use smtp_tls::resolve::{
    Answer, Judged, Kind, LookUp, LookUpError, Outcome, Question, Record, Security,
};

fn connector(roots: &[CertificateDer<'static>]) -> Connector {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    Connector::new(Arc::new(ring::default_provider()), store).unwrap()
}

fn domain(text: &str) -> PolicyDomain {
    text.parse().unwrap()
}

/// A test of both adapters.
macro_rules! both {
    ($name:ident) => {
        mod $name {
            #[test]
            fn over_tokio() {
                super::$name(super::Adapter::Tokio);
            }

            #[test]
            fn blocking() {
                super::$name(super::Adapter::Blocking);
            }
        }
    };
}

#[derive(Clone, Copy)]
enum Adapter {
    Tokio,
    Blocking,
}

/// How one policy is fetched.
struct How<'h> {
    connector: &'h Connector,
    port: u16,
    domain: &'h str,
    user_agent: Option<&'h str>,
}

impl Adapter {
    /// For the blocking one there is no runtime.
    fn fetch(self, look_up: impl LookUp + Sync, how: &How<'_>) -> Result<PolicyBody, FetchError> {
        let domain = domain(how.domain);
        match self {
            Self::Tokio => {
                let mut fetch = HttpsFetch::new(look_up, how.connector).danger_port(how.port);
                if let Some(product) = how.user_agent {
                    fetch = fetch.user_agent(product);
                }
                on_tokio(fetch.fetch(&domain))
            }
            Self::Blocking => {
                assert!(tokio::runtime::Handle::try_current().is_err());
                let mut fetch = BlockingFetch::new(look_up, how.connector).danger_port(how.port);
                if let Some(product) = how.user_agent {
                    fetch = fetch.user_agent(product);
                }
                block_on(fetch.fetch(&domain))
            }
        }
    }

    fn fetch_in_lab(self, lab: &Lab, domain: &str) -> Result<PolicyBody, FetchError> {
        let path = TrustedPath::loopback(lab.resolver_address()).unwrap();
        let connector = connector(&lab.roots());
        let how = How { connector: &connector, port: lab.https_port(), domain, user_agent: None };
        match self {
            Self::Tokio => self.fetch(AdResolver::new(path), &how),
            Self::Blocking => self.fetch(BlockingResolver::new(path), &how),
        }
    }
}

fn on_tokio<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

// checks: mta-sts/F01, mta-sts/F02, mta-sts/F05, mta-sts/F06
both!(rfc8461_3_3_policies_of_the_lab);
fn rfc8461_3_3_policies_of_the_lab(adapter: Adapter) {
    let lab = Lab::start(UnixTime::now()).unwrap();

    let body = adapter.fetch_in_lab(&lab, "sts.test").unwrap();
    assert!(body.as_bytes().starts_with(b"version: STSv1\r\nmode: enforce\r\n"));
    let request = lab.policy_host().requests().pop().unwrap();
    assert_eq!(request.sni, "mta-sts.sts.test");
    assert_eq!(request.line, "GET /.well-known/mta-sts.txt HTTP/1.1");

    // No policy host is there.
    let error = adapter.fetch_in_lab(&lab, "nothing.test").unwrap_err();
    assert_eq!(error, FetchError::ConnectionFailed);

    let redirect = Page::Redirect("https://example.org/".to_owned());
    lab.policy_host().set_page("mta-sts.sts.test", redirect);
    let error = adapter.fetch_in_lab(&lab, "sts.test").unwrap_err();
    assert_eq!(error, FetchError::Redirect(301));
    lab.policy_host().set_page("mta-sts.sts.test", Page::Closed);
    let error = adapter.fetch_in_lab(&lab, "sts.test").unwrap_err();
    assert_eq!(error, FetchError::Truncated);
}

/// Answers each connection, inside TLS, with these bytes, and ends it so.
struct Host {
    port: u16,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

#[derive(Clone, Copy)]
enum End {
    Clean,
    Cut,
}

#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        assert_eq!(hello.alpn().unwrap().collect::<Vec<_>>(), [b"http/1.1"]);
        Some(Arc::clone(&self.0))
    }
}

impl Host {
    fn start(key: Arc<CertifiedKey>, response: Vec<u8>, end: End) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(One(key)));
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &config, &response, end, &own);
            }
        });
        Self { port, requests }
    }

    fn how<'h>(&self, connector: &'h Connector) -> How<'h> {
        How { connector, port: self.port, domain: "example.org", user_agent: None }
    }
}

fn answer(
    mut stream: TcpStream,
    config: &Arc<ServerConfig>,
    response: &[u8],
    end: End,
    requests: &Mutex<Vec<Vec<u8>>>,
) -> std::io::Result<()> {
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut sealed = rustls::Stream::new(&mut connection, &mut stream);
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match sealed.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    requests.lock().unwrap().push(request);
    sealed.write_all(response)?;
    sealed.flush()?;
    if let End::Clean = end {
        connection.send_close_notify();
        connection.write_tls(&mut stream)?;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    let _ = stream.read(&mut buffer);
    Ok(())
}

/// Every name has these addresses.
struct Everywhere(Vec<IpAddr>);

impl LookUp for Everywhere {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let records = self.0.iter().filter_map(|address| match (address, question.kind) {
            (IpAddr::V4(address), Kind::A) => Some(Record::A(*address)),
            (IpAddr::V6(address), Kind::Aaaa) => Some(Record::Aaaa(*address)),
            _ => None,
        });
        let records: Vec<_> = records.collect();
        if records.is_empty() {
            return Err(LookUpError::Timeout);
        }
        let outcome = Outcome::Records(records);
        let (security, judged) = (Security::Insecure, Judged::AsAWhole);
        Ok(Answer { outcome, security, chain: Vec::new(), judged })
    }
}

const POLICY: &str = "version: STSv1\nmode: none\nmax_age: 86400\n";

fn fetch(adapter: Adapter, response: &str, end: End) -> Result<PolicyBody, FetchError> {
    fetch_bytes(adapter, response.as_bytes().to_vec(), end)
}

fn fetch_bytes(adapter: Adapter, response: Vec<u8>, end: End) -> Result<PolicyBody, FetchError> {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let names = ["mta-sts.example.org"];
    let key = pki.issue(&names, Signed::ByRoot, Dates::Current).unwrap();
    let host = Host::start(key.certified_key().unwrap(), response, end);
    let look_up = Everywhere(vec![Ipv4Addr::LOCALHOST.into()]);
    let connector = connector(core::slice::from_ref(pki.root()));
    let result = adapter.fetch(look_up, &host.how(&connector));
    assert_eq!(host.requests.lock().unwrap().len(), 1);
    result
}

fn response(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{fields}\r\n{POLICY}")
}

both!(a_body_ends_by_length_chunks_or_close);
fn a_body_ends_by_length_chunks_or_close(adapter: Adapter) {
    let length = format!("Content-Length: {}\r\n", POLICY.len());
    for end in [End::Clean, End::Cut] {
        let body = fetch(adapter, &response(&length), end).unwrap();
        assert_eq!(body.as_bytes(), POLICY.as_bytes());
    }
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{POLICY}\r\n0\r\n\r\n",
        POLICY.len()
    );
    assert_eq!(fetch(adapter, &chunked, End::Cut).unwrap().as_bytes(), POLICY.as_bytes());
    let body = fetch(adapter, &response(""), End::Clean).unwrap();
    assert_eq!(body.as_bytes(), POLICY.as_bytes());
}

// checks: mta-sts/I1
both!(rfc9112_8_a_body_cut_off_is_none);
fn rfc9112_8_a_body_cut_off_is_none(adapter: Adapter) {
    assert_eq!(fetch(adapter, &response(""), End::Cut), Err(FetchError::Truncated));
    let longer = format!("Content-Length: {}\r\n", POLICY.len() + 1);
    assert_eq!(fetch(adapter, &response(&longer), End::Clean), Err(FetchError::Truncated));
    assert_eq!(fetch(adapter, "", End::Clean), Err(FetchError::Truncated));
}

// checks: mta-sts/F02
both!(rfc8461_3_3_a_redirect_is_not_followed);
fn rfc8461_3_3_a_redirect_is_not_followed(adapter: Adapter) {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: https://example.org/\r\n\r\n";
    assert_eq!(fetch(adapter, redirect, End::Clean), Err(FetchError::Redirect(302)));
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(fetch(adapter, missing, End::Clean), Err(FetchError::Status(404)));
}

// checks: mta-sts/F07
both!(rfc8461_3_3_a_body_has_at_most_65536_bytes);
fn rfc8461_3_3_a_body_has_at_most_65536_bytes(adapter: Adapter) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let with = |size| [head.as_bytes(), &vec![b'a'; size]].concat();
    let body = fetch_bytes(adapter, with(65_536), End::Clean).unwrap();
    assert_eq!(body.as_bytes().len(), 65_536);
    let error = fetch_bytes(adapter, with(65_537), End::Clean);
    assert_eq!(error, Err(FetchError::BodyTooLarge));
}

// checks: mta-sts/F05
both!(rfc8461_3_3_the_certificate_must_name_the_policy_host);
fn rfc8461_3_3_the_certificate_must_name_the_policy_host(adapter: Adapter) {
    use mta_sts::CertificateFault::{Expired, HostMismatch, NotTrusted};

    let pki = Pki::new(UnixTime::now()).unwrap();
    for (name, signed, dates, expected) in [
        ("example.org", Signed::ByRoot, Dates::Current, HostMismatch),
        ("*.org", Signed::ByRoot, Dates::Current, HostMismatch),
        ("mta-sts.example.org", Signed::ByRoot, Dates::Past, Expired),
        ("mta-sts.example.org", Signed::BySelf, Dates::Current, NotTrusted),
    ] {
        let key = pki.issue(&[name], signed, dates).unwrap().certified_key().unwrap();
        let host = Host::start(key, response("").into_bytes(), End::Clean);
        let look_up = Everywhere(vec![Ipv4Addr::LOCALHOST.into()]);
        let connector = connector(core::slice::from_ref(pki.root()));
        let error = adapter.fetch(look_up, &host.how(&connector)).unwrap_err();
        assert_eq!(error, FetchError::Certificate(expected), "{name}");
        assert!(host.requests.lock().unwrap().is_empty(), "the request goes to nobody else");
    }
}

both!(an_address_that_does_not_answer_is_passed_over);
fn an_address_that_does_not_answer_is_passed_over(adapter: Adapter) {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let names = ["mta-sts.example.org"];
    let key = pki.issue(&names, Signed::ByRoot, Dates::Current).unwrap();
    let body = response("").into_bytes();
    let host = Host::start(key.certified_key().unwrap(), body, End::Clean);
    let nobody = Ipv4Addr::new(127, 99, 99, 99);
    let look_up = Everywhere(vec![nobody.into(), Ipv4Addr::LOCALHOST.into()]);
    let connector = connector(core::slice::from_ref(pki.root()));
    let how = How { user_agent: Some("test/1"), ..host.how(&connector) };
    assert!(adapter.fetch(look_up, &how).is_ok());
    let request = host.requests.lock().unwrap().pop().unwrap();
    let request = String::from_utf8(request).unwrap();
    assert!(request.contains("\r\nUser-Agent: test/1\r\n"), "{request}");
    assert!(request.contains("\r\nHost: mta-sts.example.org\r\n"), "{request}");
}

both!(a_certificate_says_more_than_an_address_that_does_not_answer);
fn a_certificate_says_more_than_an_address_that_does_not_answer(adapter: Adapter) {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let key = pki.issue(&["example.org"], Signed::ByRoot, Dates::Current).unwrap();
    let host = Host::start(key.certified_key().unwrap(), Vec::new(), End::Clean);
    let nobody = Ipv4Addr::new(127, 99, 99, 99);
    let look_up = Everywhere(vec![Ipv4Addr::LOCALHOST.into(), nobody.into()]);
    let connector = connector(core::slice::from_ref(pki.root()));
    let error = adapter.fetch(look_up, &host.how(&connector)).unwrap_err();
    assert_eq!(error, FetchError::Certificate(mta_sts::CertificateFault::HostMismatch));
}

both!(a_name_that_cannot_be_looked_up_is_not_reached);
fn a_name_that_cannot_be_looked_up_is_not_reached(adapter: Adapter) {
    let look_up = Everywhere(Vec::new());
    let connector = connector(&[]);
    let how = How { connector: &connector, port: 1, domain: "example.org", user_agent: None };
    assert_eq!(adapter.fetch(look_up, &how), Err(FetchError::ConnectionFailed));
}

// checks: mta-sts/F07
/// Takes a minute of the paused clock, and none of the real one.
#[tokio::test(start_paused = true)]
async fn rfc8461_3_3_after_a_minute_it_is_over() {
    struct Never;

    impl LookUp for Never {
        async fn look_up(&self, _: &Question) -> Result<Answer, LookUpError> {
            core::future::pending().await
        }
    }

    let started = tokio::time::Instant::now();
    let fetch = HttpsFetch::new(Never, &connector(&[]));
    let error = fetch.fetch(&domain("example.org")).await.unwrap_err();
    assert_eq!(error, FetchError::TimedOut);
    assert_eq!(started.elapsed().as_secs(), 60);
}
