//! Each discovery vector once more with sockets: the record from a DNS server, the policy from an HTTPS
//! server with a certificate of its own, the cached policy from a store.
#![cfg(all(feature = "https", feature = "hickory"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::net::Ipv4Addr;
use core::time::Duration;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use conformance::lab::dns::{Data, DnsServer, Face, Fault, Signing, Zones};
use conformance::lab::pki::{Dates, Pki, Signed};
use conformance::request::mta_sts::{
    Cached, Discover, Fetch, FetchFailure, Missing, TxtAnswer as Txt,
};
use conformance::run::{Outcome, Strictness, judge};
use conformance::vector::{self, Vector};
use futures_util::stream::{self, StreamExt};
use hickory_proto::rr::RecordType;
use mta_sts::{
    Action, CacheEntry, Decision, Discovery, EntryUpdate, FetchMade, Input, Options, Policy,
    PolicyDomain, PolicyStore, Profile, TxtAnswer, UnixTime, Update,
};
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use serde_json::{Map, Value};
use smtp_tls::FetchPolicy;
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::resolve::{Kind, LookUp, Question, Record};
use smtp_tls::store::{Capacity, MemoryStore};

/// A vector, as a domain of its own.
struct Row {
    vector: Vector,
    request: Discover,
    domain: String,
}

impl Row {
    fn response(&self) -> Option<&[u8]> {
        match &self.request.fetch {
            Some(Fetch::Response { response_b64 }) => Some(&response_b64.0),
            _ => None,
        }
    }

    fn failure(&self) -> Option<FetchFailure> {
        match &self.request.fetch {
            Some(Fetch::Response { .. }) => None,
            Some(Fetch::Failure { failure }) => Some(*failure),
            None => Some(FetchFailure::ConnectionFailed),
        }
    }
}

/// All vectors of discovery but those about what a domain's name may be.
fn rows() -> Vec<Row> {
    let files = vector::load(&vector::own_directory()).unwrap();
    let vectors = files.into_iter().flat_map(|file| file.vectors);
    let asked = vectors.filter(|vector| {
        vector.operation() == "mta_sts.discover" && !vector.request.contains_key("domain")
    });
    let rows = asked.enumerate().map(|(number, vector)| {
        let mut fields = vector.request.clone();
        fields.remove("op");
        let request = serde_json::from_value(Value::Object(fields)).unwrap();
        Row { vector, request, domain: format!("row{number}.test") }
    });
    rows.collect()
}

fn zones(rows: &[Row]) -> Zones {
    let mut zones = Zones::new(UnixTime::now()).unwrap();
    zones.add_zone("test", Signing::Unsigned).unwrap();
    for row in rows {
        let name = format!("_mta-sts.{}", row.domain);
        match &row.request.txt {
            Txt::Missing(Missing::Nonexistent) => {}
            Txt::Missing(Missing::TemporaryFailure) => {
                zones.set_fault(&name, RecordType::TXT, Fault::ServFail).unwrap();
            }
            Txt::Records(records) => {
                // The name exists even if there is no record.
                zones.add(&name, Data::A(Ipv4Addr::LOCALHOST)).unwrap();
                for strings in serde_json::to_value(records).unwrap().as_array().unwrap() {
                    let strings = strings.as_array().unwrap().iter();
                    let strings = strings.map(|string| string.as_str().unwrap().to_owned());
                    zones.add(&name, Data::Txt(strings.collect())).unwrap();
                }
            }
        }
        if row.failure() != Some(FetchFailure::ConnectionFailed) {
            let host = format!("mta-sts.{}", row.domain);
            zones.add(&host, Data::A(Ipv4Addr::LOCALHOST)).unwrap();
        }
    }
    zones
}

/// What is served under a name: a certificate, and a response if there ever is one.
type Site = (Arc<CertifiedKey>, Option<Vec<u8>>);

#[derive(Debug)]
struct Sites(HashMap<String, Site>);

impl ResolvesServerCert for Sites {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.get(hello.server_name()?).map(|(key, _)| Arc::clone(key))
    }
}

fn serve(rows: &[Row], pki: &Pki) -> u16 {
    let site = |row: &Row| {
        let name = format!("mta-sts.{}", row.domain);
        let signed = match row.failure() {
            Some(FetchFailure::CertificateInvalid) => Signed::BySelf,
            _ => Signed::ByRoot,
        };
        let key = pki.issue(&[&name], signed, Dates::Current).unwrap().certified_key().unwrap();
        (name, (key, row.response().map(<[u8]>::to_vec)))
    };
    let sites = Arc::new(Sites(rows.iter().map(site).collect()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::<Sites>::clone(&sites));
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, sites) = (Arc::clone(&config), Arc::clone(&sites));
            std::thread::spawn(move || answer(stream, config, &sites));
        }
    });
    port
}

fn answer(mut stream: TcpStream, config: Arc<ServerConfig>, sites: &Sites) -> std::io::Result<()> {
    let mut connection = ServerConnection::new(config).unwrap();
    let mut sealed = rustls::Stream::new(&mut connection, &mut stream);
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match sealed.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    let name = sealed.conn.server_name().unwrap().to_owned();
    let host = format!("\r\nHost: {name}\r\n");
    assert!(request.windows(host.len()).any(|part| part == host.as_bytes()));
    let Some(response) = &sites.0[&name].1 else {
        // Silent until the other side has had enough.
        while sealed.read(&mut buffer)? > 0 {}
        return Ok(());
    };
    sealed.write_all(response)?;
    sealed.flush()?;
    connection.send_close_notify();
    connection.write_tls(&mut stream)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let _ = stream.read(&mut buffer);
    Ok(())
}

struct World {
    resolver: AdResolver,
    fetch: HttpsFetch<AdResolver>,
    store: MemoryStore,
}

impl World {
    /// One delivery finds out about the policy of the row's domain; what differs from the vector.
    async fn check(&self, row: &Row) -> Vec<String> {
        let domain: PolicyDomain = row.domain.parse().unwrap();
        let now = at(row.request.now);
        if let Some(cached) = &row.request.cached {
            self.store.save(&domain, &preload(cached)).await.unwrap();
        }
        let stored = self.store.load(&domain).await.unwrap();
        let mut options = Options::default();
        // A request that names no profile means the stricter one.
        options.profile = match row.vector.request.get("profile").and_then(Value::as_str) {
            Some("interop") => Profile::Interop,
            _ => Profile::Rfc,
        };
        let mut discovery = Discovery::new(domain.clone(), stored.clone(), &options, now);
        loop {
            let input = match discovery.action() {
                Action::LookUpTxt { name } => Input::Txt(self.txt(name).await),
                Action::Fetch { domain } => self.fetched(domain, row.failure()).await,
                Action::Done(_) => break,
                _ => panic!("an action of no use here"),
            };
            discovery.handle(input, now).unwrap();
        }
        let outcome = discovery.into_outcome().unwrap();
        self.store.save(&domain, &outcome.update).await.unwrap();
        let mut expected = stored;
        expected.apply(&outcome.update);
        assert_eq!(self.store.load(&domain).await.unwrap(), expected, "{}", row.vector.id);
        let mut expect = row.vector.expect.clone();
        // A socket tells which fault of the certificate it is.
        expect.remove("reason");
        match judge(&expect, &answered(&outcome), Strictness::Other) {
            Outcome::Passed => Vec::new(),
            outcome => vec![format!("{}: {outcome:?}", row.vector.id)],
        }
    }

    async fn txt(&self, name: &str) -> TxtAnswer {
        let question = Question::new(name.parse().unwrap(), Kind::Txt);
        match self.resolver.look_up(&question).await {
            Ok(answer) => TxtAnswer::from_records(answer.records().iter().map(|record| {
                let Record::Txt(strings) = record else { panic!("{record:?}") };
                strings
            })),
            Err(_) => TxtAnswer::TemporaryFailure,
        }
    }

    async fn fetched(&self, domain: &PolicyDomain, failure: Option<FetchFailure>) -> Input {
        // The minute is not waited for where it is known that nothing comes.
        let limit = match failure {
            Some(FetchFailure::TimedOut) => Duration::from_millis(300),
            _ => Duration::from_secs(60),
        };
        let fetched = tokio::time::timeout(limit, self.fetch.fetch(domain)).await;
        fetched.map_or(Input::TimedOut, Input::Fetched)
    }
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// A cached body that is no policy is none.
fn preload(cached: &Cached) -> Update {
    let mut update = Update::default();
    if let Ok(policy) = Policy::parse(&cached.body_b64.0, Profile::Interop) {
        let id = cached.id.parse().unwrap();
        update.entry = EntryUpdate::Put(CacheEntry::new(id, policy, at(cached.fetched_at)));
    }
    update
}

fn answered(outcome: &mta_sts::Outcome) -> Value {
    let mut answer = Map::new();
    let mut tell = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    match &outcome.decision {
        Decision::Apply(applied) => {
            tell("verdict", "apply".into());
            tell("mode", applied.mode().as_str().into());
            tell("policy_id", applied.id().as_str().into());
            tell("source", applied.source().word().into());
            let mx: Vec<_> = applied.policy().patterns().map(|one| one.to_string()).collect();
            tell("mx", mx.into());
        }
        Decision::NoPolicy(_) => drop(tell("verdict", "no-policy".into())),
        other => panic!("{other:?}"),
    }
    tell("fetched", (outcome.fetch == FetchMade::Yes).into());
    if let Some(failure) = &outcome.failure {
        tell("result_type", failure.result_type().into());
    }
    answer.into()
}

// checks: mta-sts/D01, mta-sts/D02, mta-sts/D03, mta-sts/D10, mta-sts/D12, mta-sts/F01, mta-sts/F02
// checks: mta-sts/F05, mta-sts/F06, mta-sts/F09, mta-sts/F10, mta-sts/A06, mta-sts/A09, mta-sts/I1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_discovery_vector_holds_with_sockets() {
    let rows = rows();
    assert!(rows.len() >= 100, "{}", rows.len());
    let dns = DnsServer::start(Arc::new(zones(&rows)), Face::Validating).unwrap();
    let resolver = AdResolver::new(TrustedPath::loopback(dns.address()).unwrap());
    let pki = Pki::new(UnixTime::now()).unwrap();
    let port = serve(&rows, &pki);
    let mut roots = RootCertStore::empty();
    roots.add(pki.root().clone()).unwrap();
    let connector = Connector::new(Arc::new(ring::default_provider()), roots).unwrap();
    let fetch = HttpsFetch::new(resolver.clone(), &connector).danger_port(port);
    let world = World { resolver, fetch, store: MemoryStore::new(Capacity::default()) };
    let checks = stream::iter(&rows).map(|row| world.check(row)).buffer_unordered(8);
    let found: Vec<String> = checks.concat().await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}
