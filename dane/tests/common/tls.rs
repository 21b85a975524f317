//! Plans, and handshakes in memory.
#![allow(dead_code, unreachable_pub)]

use std::sync::Arc;

use dane::discovery::{
    Answer, DanePlan, Destination, Enforcement, HostPlan, Input, Outcome, Policy, Security,
};
use dane::{Name, Tlsa, TlsaSet, publish};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, Error, ServerConfig, ServerConnection, SupportedProtocolVersion};

pub const BASE: &str = "mx.example.org";
pub const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// The plan for a relay with these records, by way of the machine.
pub fn plan(records: &[Tlsa], enforcement: Enforcement) -> DanePlan {
    let mut policy = Policy::default();
    policy.enforcement = enforcement;
    plan_by(records, policy)
}

pub fn plan_by(records: &[Tlsa], policy: Policy) -> DanePlan {
    plan_at(&Destination::relay(&BASE.parse().unwrap(), 25, policy), records)
}

/// The plan for the host of a destination with these records.
pub fn plan_at(destination: &Destination, records: &[Tlsa]) -> DanePlan {
    let base: Name = BASE.parse().unwrap();
    let mut host = destination.host(&base);
    let found = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
    host.handle(&Input::A(found.clone())).unwrap();
    host.handle(&Input::Aaaa(found)).unwrap();
    let records = Outcome::Records(TlsaSet::from(records.to_vec()));
    host.handle(&Input::Tlsa(Answer::hop_by_hop(records, Security::Secure, vec![]))).unwrap();
    match host.plan() {
        Some(HostPlan::Dane(plan)) => plan.clone(),
        other => panic!("{other:?}"),
    }
}

pub fn record(text: &str, certificate: &[u8]) -> Tlsa {
    let [usage, selector, matching] =
        text.split(' ').map(|it| it.parse().unwrap()).collect::<Vec<u8>>()[..]
    else {
        panic!("{text}")
    };
    publish::record(
        dane::CertUsage(usage),
        dane::Selector(selector),
        dane::Matching(matching),
        certificate,
    )
    .unwrap()
}

#[derive(Debug)]
pub struct Always(pub Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Passes octets back and forth until both are content or the client fails.
pub fn pass(client: &mut ClientConnection, server: &Arc<ServerConfig>) -> Result<(), Error> {
    let mut server = ServerConnection::new(server.clone()).unwrap();
    for _ in 0..10 {
        let mut octets = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut octets).unwrap();
        }
        server.read_tls(&mut &octets[..]).unwrap();
        let _ = server.process_new_packets();
        let mut octets = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut octets).unwrap();
        }
        client.read_tls(&mut &octets[..]).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}
