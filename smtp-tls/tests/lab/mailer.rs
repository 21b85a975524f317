//! Mailers for the lab.

use std::sync::Arc;

use conformance::lab::Lab;
use mta_sts::{PolicyDomain, PolicyStore, Stored, Update};
use pki_types::UnixTime;
use rustls::RootCertStore;
use smtp_starttls::{Message, ReversePath};
use smtp_tls::adapter::domain::{Anchors, Validator};
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::hickory_blocking::BlockingResolver;
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::https_blocking::BlockingFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::delivery::Settings;
use smtp_tls::driver::Envelope;
use smtp_tls::report::Report;
use smtp_tls::resolve::LookUp;
use smtp_tls::store::{Capacity, MemoryStore};

pub(crate) use super::either::{Driver, Either};
use smtp_tls::{Address, FetchPolicy};

pub(crate) type LabMailer<L, F = HttpsFetch<L>, S = MemoryStore> = Either<L, F, S>;

pub(crate) fn connector(lab: &Lab) -> Connector {
    let mut roots = RootCertStore::empty();
    for root in lab.roots() {
        roots.add(root).unwrap();
    }
    Connector::new(Arc::new(rustls::crypto::ring::default_provider()), roots).unwrap()
}

fn mailer<L: LookUp + Sync + Clone, S: PolicyStore + Sync>(
    driver: Driver,
    lab: &Lab,
    look_up: L,
    store: S,
) -> LabMailer<L, HttpsFetch<L>, S> {
    let fetch = HttpsFetch::new(look_up.clone(), &connector(lab)).danger_port(lab.https_port());
    mailer_with(driver, lab, look_up, fetch, store)
}

fn mailer_with<L: LookUp + Sync, F: FetchPolicy + Sync, S: PolicyStore + Sync>(
    driver: Driver,
    lab: &Lab,
    look_up: L,
    fetch: F,
    store: S,
) -> LabMailer<L, F, S> {
    let mut settings = Settings::default();
    settings.port = lab.smtp_port();
    let name = "mta.sender.example".parse().unwrap();
    Either::new(driver, look_up, fetch, store, connector(lab), name, settings)
}

/// Answers are validated in this process.
pub(crate) fn validating(driver: Driver, lab: &Lab) -> LabMailer<Validator> {
    let anchors: Anchors = lab.trust_anchor().parse().unwrap();
    let validator = Validator::new(anchors, &[lab.dns_address()]);
    mailer(driver, lab, validator, MemoryStore::new(Capacity::default()))
}

/// The AD bit of the resolver is believed.
pub(crate) fn ad_bit(driver: Driver, lab: &Lab) -> LabMailer<AdResolver> {
    mailer(driver, lab, resolver(lab), MemoryStore::new(Capacity::default()))
}

/// The same over the sockets of the standard library, and so the policies.
pub(crate) fn without_a_runtime(
    lab: &Lab,
) -> LabMailer<BlockingResolver, BlockingFetch<BlockingResolver>> {
    let resolver = BlockingResolver::new(TrustedPath::loopback(lab.resolver_address()).unwrap());
    let fetch = BlockingFetch::new(resolver, &connector(lab)).danger_port(lab.https_port());
    mailer_with(Driver::Blocking, lab, resolver, fetch, MemoryStore::new(Capacity::default()))
}

/// The same, with another store.
pub(crate) fn by_the_ad_bit_with<S: PolicyStore + Sync>(
    driver: Driver,
    lab: &Lab,
    store: S,
) -> LabMailer<AdResolver, HttpsFetch<AdResolver>, S> {
    mailer(driver, lab, resolver(lab), store)
}

/// The same, with a look-up put around the resolver.
pub(crate) fn resolving_by<L: LookUp + Sync + Clone>(
    lab: &Lab,
    around: impl FnOnce(AdResolver) -> L,
) -> LabMailer<L> {
    mailer(Driver::Tokio, lab, around(resolver(lab)), MemoryStore::new(Capacity::default()))
}

fn resolver(lab: &Lab) -> AdResolver {
    AdResolver::new(TrustedPath::loopback(lab.resolver_address()).unwrap())
}

struct BrokenStore;

impl PolicyStore for BrokenStore {
    type Error = ();

    async fn load(&self, _: &PolicyDomain) -> Result<Stored, ()> {
        Err(())
    }

    async fn save(&self, _: &PolicyDomain, _: &Update) -> Result<(), ()> {
        Err(())
    }

    async fn due(&self, _: usize, _: UnixTime) -> Result<Vec<PolicyDomain>, ()> {
        Err(())
    }
}

pub(crate) async fn without_store(driver: Driver, lab: &Lab) -> Report {
    let mailer = by_the_ad_bit_with(driver, lab, BrokenStore);
    let to: Address = "postmaster@sts.test".parse().unwrap();
    let paths = [to.forward_path()];
    let message = Message::try_from(&b"Subject: x\r\n\r\n"[..]).unwrap();
    let envelope = Envelope { from: ReversePath::Null, to: &paths, message };
    mailer.deliver(to.domain().clone(), &envelope).await
}
