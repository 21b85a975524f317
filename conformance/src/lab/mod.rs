//! The lab: a small real Internet on loopback, in one process.
//!
//! Signed DNS over UDP and TCP ([`dns`]), certificates made at the start ([`pki`]), an HTTPS policy
//! host ([`https`]) and an SMTP server for each MX host ([`smtp`]), at addresses of 127.0.0.0/8.
//! Nothing is mocked: a client of the lab uses its own sockets, its own resolver and its own TLS.
//! [`Lab::domains`] lists the domains with the verdict that a sender must come to for each.
//!
//! ```
//! use conformance::lab::Lab;
//! use pki_types::UnixTime;
//!
//! let lab = Lab::start(UnixTime::now())?;
//! assert!(lab.domains().iter().any(|domain| domain.domain == "sts.test"));
//! assert!(lab.dns_address().ip().is_loopback());
//! # Ok::<(), conformance::lab::LabError>(())
//! ```
//!
//! The whole of 127.0.0.0/8 must be bindable, as it is on Linux. All MX hosts share one free port
//! ([`Lab::smtp_port`]), all policy hosts another ([`Lab::https_port`]). TLSA records stand below
//! `_25._tcp` and below the real port: MX delivery asks for port 25 unless it was told of a relay
//! port (RFC 7672 section 2.2.3). Dropping the lab ends all of it.

mod build;
pub mod dns;
mod error;
pub mod https;
pub(crate) mod listen;
pub mod pki;
pub mod smtp;
pub(crate) mod tls;
mod world;

use core::net::{Ipv4Addr, SocketAddr};
use std::collections::BTreeMap;
use std::sync::Arc;

use pki_types::{CertificateDer, UnixTime};

pub use error::LabError;
pub use tls::{TlsFacts, TlsVersions};
pub use world::{CachedPolicy, Delivery, Expected, LabDomain, Security};

use dns::{DnsServer, Face, Question, Zones};
use https::PolicyHost;
use smtp::{Ledger, SmtpServer};

/// A running lab.
pub struct Lab {
    zones: Arc<Zones>,
    dns: DnsServer,
    resolver: DnsServer,
    root: CertificateDer<'static>,
    policy_host: PolicyHost,
    ledger: Ledger,
    smtp_port: u16,
    https_port: u16,
    addresses: BTreeMap<&'static str, Ipv4Addr>,
    domains: Vec<LabDomain>,
    _servers: Vec<SmtpServer>,
}

impl Lab {
    /// Starts everything; certificates and signatures are good at `now` (expired ones apart).
    ///
    /// # Errors
    ///
    /// [`LabError::Io`] where the system refuses a socket or a thread; the others where something
    /// of the lab cannot be made, such as for a time out of range.
    pub fn start(now: UnixTime) -> Result<Self, LabError> {
        let plans: Vec<_> = world::plans().collect();
        let built = build::build(&plans, now)?;
        let zones = Arc::new(built.zones);
        let domains = plans.iter().map(|plan| plan.domain()).collect();
        Ok(Self {
            dns: DnsServer::start(Arc::clone(&zones), Face::Plain)?,
            resolver: DnsServer::start(Arc::clone(&zones), Face::Validating)?,
            zones,
            root: built.pki.root().clone(),
            policy_host: built.policy_host,
            ledger: built.ledger,
            smtp_port: built.smtp_port,
            https_port: built.https_port,
            addresses: built.addresses,
            domains,
            _servers: built.servers,
        })
    }

    /// The domains, each with its expected verdict.
    #[must_use]
    pub fn domains(&self) -> &[LabDomain] {
        &self.domains
    }

    /// The DNS server for who validates by himself: complete answers with signatures, no verdict.
    #[must_use]
    pub fn dns_address(&self) -> SocketAddr {
        self.dns.address()
    }

    /// The DNS server that answers as a validating resolver: AD bit, SERVFAIL for bogus answers.
    #[must_use]
    pub fn resolver_address(&self) -> SocketAddr {
        self.resolver.address()
    }

    /// The key of the root as DS and DNSKEY lines, as in a trust anchor file.
    #[must_use]
    pub fn trust_anchor(&self) -> String {
        self.zones.trust_anchor()
    }

    /// The root certificates that a client of the lab trusts.
    #[must_use]
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        vec![self.root.clone()]
    }

    /// The port at which all MX hosts listen.
    #[must_use]
    pub fn smtp_port(&self) -> u16 {
        self.smtp_port
    }

    /// The port at which the policy hosts listen.
    #[must_use]
    pub fn https_port(&self) -> u16 {
        self.https_port
    }

    /// The address of the MX host `name`, which may have no server.
    #[must_use]
    pub fn address_of(&self, name: &str) -> Option<Ipv4Addr> {
        self.addresses.get(name).copied()
    }

    /// The zones that both DNS servers serve.
    #[must_use]
    pub fn zones(&self) -> &Zones {
        &self.zones
    }

    /// The policy hosts, whose answers can be changed.
    #[must_use]
    pub fn policy_host(&self) -> &PolicyHost {
        &self.policy_host
    }

    /// What the SMTP servers saw.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What both DNS servers were asked.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        [self.dns.questions(), self.resolver.questions()].concat()
    }
}
