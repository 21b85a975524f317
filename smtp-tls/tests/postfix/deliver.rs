//! Our deliveries, with both ways of trusting DNS.

use core::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::join_all;
use rustls::RootCertStore;
use smtp_starttls::{Message, ReversePath};
use smtp_tls::Address;
use smtp_tls::adapter::domain::Validator;
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::attempt::Assurance;
use smtp_tls::delivery::{LocalLevel, Settings};
use smtp_tls::driver::tokio::{Envelope, Mailer};
use smtp_tls::report::{Fate, Report};
use smtp_tls::resolve::{LookUp, Security};
use smtp_tls::store::{Capacity, MemoryStore};

use super::cases::Case;
use super::{End, Ended, Level};

pub fn by_ad_bit(cases: &[Case], level: Level, resolver: SocketAddr) -> Vec<Ended> {
    let path = TrustedPath::loopback(resolver).unwrap();
    deliver(cases, level, || AdResolver::new(path))
}

pub fn validated(cases: &[Case], level: Level, resolver: SocketAddr, anchor: &str) -> Vec<Ended> {
    deliver(cases, level, || Validator::new(anchor.parse().unwrap(), &[resolver]))
}

fn deliver<L>(cases: &[Case], level: Level, look_up: impl FnOnce() -> L) -> Vec<Ended>
where
    L: LookUp + Send + Sync + Clone + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let look_up = look_up();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let connector = Connector::new(provider, RootCertStore::empty()).unwrap();
        let fetch = HttpsFetch::new(look_up.clone(), &connector);
        let store = MemoryStore::new(Capacity::default());
        let name = "mta.example".parse().unwrap();
        let mut settings = Settings::default();
        settings.level = match level {
            Level::Opportunistic => LocalLevel::Opportunistic,
            Level::Mandatory => LocalLevel::Dane,
        };
        let mailer = Mailer::new(look_up, fetch, store, connector, name).settings(settings);
        join_all(cases.iter().map(async |case| ended(&deliver_one(&mailer, case).await))).await
    })
}

async fn deliver_one<L>(mailer: &Mailer<L, HttpsFetch<L>, MemoryStore>, case: &Case) -> Report
where
    L: LookUp + Send + Sync + Clone,
{
    let to: Address = format!("postmaster@{}", case.domain).parse().unwrap();
    let message = Message::try_from(&b"Subject: x\r\n\r\n"[..]).unwrap();
    let recipients = [to.forward_path()];
    let envelope = Envelope { from: ReversePath::Null, to: &recipients, message };
    mailer.deliver(to.domain().clone(), &envelope).await
}

fn ended(report: &Report) -> Ended {
    let end = match &report.fates[0] {
        Fate::Deferred(_) => End::Deferred,
        Fate::Refused(_) => End::Refused,
        Fate::Delivered { assurance, mx, .. } => match assurance {
            Assurance::DaneEe | Assurance::DaneTa if *mx == Security::Insecure => {
                End::HalfAuthenticated
            }
            Assurance::DaneEe | Assurance::DaneTa => End::Authenticated,
            Assurance::Unauthenticated => End::Encrypted,
            Assurance::Clear => End::Clear,
            Assurance::Pkix => panic!("nothing here is for the public PKI: {report:?}"),
        },
    };
    let at = match end {
        End::Deferred | End::Refused => None,
        _ => report.last_connection(),
    };
    let at = at.map(|(_, connection)| match connection.remote.ip() {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => panic!("{address}"),
    });
    Ended { end, at }
}
