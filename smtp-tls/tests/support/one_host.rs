//! A domain with one mail host on loopback: its DNS in memory, its MTA-STS policy in the store.
#![allow(dead_code)] // Not every user of this file has a use for all of it.

use core::net::Ipv4Addr;
use std::sync::Arc;

use mta_sts::{
    CacheEntry, EntryUpdate, FetchError, Policy, PolicyBody, PolicyDomain, PolicyStore, Profile,
    Update,
};
use pki_types::{CertificateDer, UnixTime};
use rustls::RootCertStore;
use smtp_tls::FetchPolicy;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::attempt::Patience;
use smtp_tls::delivery::{LocalLevel, Settings};
use smtp_tls::resolve::{
    Answer, Judged, Kind, LookUp, LookUpError, Outcome, Question, Record, Security,
};
use smtp_tls::store::{Capacity, MemoryStore};

pub(crate) use super::either::{Driver, Either};

/// What the connection has to reach.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    Opportunistic,
    Encrypt,
    /// By an MTA-STS policy.
    Authenticate,
}

impl Need {
    pub(crate) const ALL: [Self; 3] = [Self::Opportunistic, Self::Encrypt, Self::Authenticate];
}

/// The domain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneHost {
    pub(crate) domain: &'static str,
    pub(crate) host: &'static str,
    pub(crate) port: u16,
    pub(crate) need: Need,
    /// Whether the MX record is signed; the rest is not.
    pub(crate) mx: Security,
}

impl LookUp for OneHost {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let name = question.name.as_str();
        let record = match question.kind {
            Kind::Mx if name == self.domain => {
                Some(Record::Mx { preference: 10, host: self.host.parse().unwrap() })
            }
            Kind::A if name == self.host => Some(Record::A(Ipv4Addr::LOCALHOST)),
            Kind::Txt
                if name == format!("_mta-sts.{}", self.domain)
                    && self.need == Need::Authenticate =>
            {
                Some(Record::Txt(vec![b"v=STSv1; id=1;".to_vec()]))
            }
            _ => None,
        };
        let security = if question.kind == Kind::Mx { self.mx } else { Security::Insecure };
        Ok(Answer {
            outcome: record.map_or(Outcome::NoData, |record| Outcome::Records(vec![record])),
            security,
            chain: Vec::new(),
            judged: Judged::HopByHop,
        })
    }
}

/// The policy is in the store.
pub(crate) struct NoFetch;

impl FetchPolicy for NoFetch {
    async fn fetch(&self, _: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        Err(FetchError::TimedOut)
    }
}

/// Delivers to the domain and to no other.
pub(crate) async fn mailer(
    driver: Driver,
    to: OneHost,
    root: &CertificateDer<'static>,
    patience: Patience,
) -> Either<OneHost, NoFetch, MemoryStore> {
    let mut settings = Settings::default();
    settings.patience = patience;
    mailer_with(driver, to, root, settings).await
}

/// The same with these settings, the port and the level aside.
pub(crate) async fn mailer_with(
    driver: Driver,
    to: OneHost,
    root: &CertificateDer<'static>,
    mut settings: Settings,
) -> Either<OneHost, NoFetch, MemoryStore> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let connector = Connector::new(Arc::new(rustls::crypto::ring::default_provider()), roots);
    settings.port = to.port;
    if to.need == Need::Encrypt {
        settings.level = LocalLevel::Encrypt;
    }
    let store = MemoryStore::new(Capacity::default());
    if to.need == Need::Authenticate {
        store.save(&to.domain.parse().unwrap(), &policy(to.host)).await.unwrap();
    }
    let name = "mta.sender.example".parse().unwrap();
    Either::new(driver, to, NoFetch, store, connector.unwrap(), name, settings)
}

fn policy(host: &str) -> Update {
    let text = format!("version: STSv1\r\nmode: enforce\r\nmx: {host}\r\nmax_age: 86400\r\n");
    let policy = Policy::parse(text.as_bytes(), Profile::default()).unwrap();
    let mut update = Update::default();
    update.entry = EntryUpdate::Put(CacheEntry::new("1".parse().unwrap(), policy, UnixTime::now()));
    update
}
