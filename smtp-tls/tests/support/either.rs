//! Mailers of both kinds.
#![allow(dead_code)] // Not every user of this file has a use for all of it.

use mta_sts::PolicyStore;
use smtp_starttls::EhloName;
use smtp_tls::FetchPolicy;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::delivery::{MessageTerms, Settings};
use smtp_tls::driver::{Envelope, blocking, tokio};
use smtp_tls::report::Report;
use smtp_tls::resolve::{LookUp, Name};

/// Which of the two drivers carries the mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Driver {
    Tokio,
    Blocking,
}

impl Driver {
    pub(crate) const ALL: [Self; 2] = [Self::Tokio, Self::Blocking];
}

/// A mailer of either kind.
pub(crate) enum Either<L, F, S> {
    Tokio(tokio::Mailer<L, F, S>),
    Blocking(blocking::Mailer<L, F, S>),
}

impl<L, F, S> Either<L, F, S>
where
    L: LookUp + Sync,
    F: FetchPolicy + Sync,
    S: PolicyStore + Sync,
{
    pub(crate) fn new(
        driver: Driver,
        look_up: L,
        fetch: F,
        store: S,
        connector: Connector,
        name: EhloName,
        settings: Settings,
    ) -> Self {
        match driver {
            Driver::Tokio => {
                let mailer = tokio::Mailer::new(look_up, fetch, store, connector, name);
                Self::Tokio(mailer.settings(settings))
            }
            Driver::Blocking => {
                let mailer = blocking::Mailer::new(look_up, fetch, store, connector, name);
                Self::Blocking(mailer.settings(settings))
            }
        }
    }

    pub(crate) fn store(&self) -> &S {
        match self {
            Self::Tokio(mailer) => mailer.store(),
            Self::Blocking(mailer) => mailer.store(),
        }
    }

    pub(crate) fn over_tokio(&self) -> &tokio::Mailer<L, F, S> {
        match self {
            Self::Tokio(mailer) => mailer,
            Self::Blocking(_) => panic!("not over tokio"),
        }
    }

    /// The blocking one holds a thread of the runtime meanwhile.
    pub(crate) async fn deliver(&self, domain: Name, envelope: &Envelope<'_>) -> Report {
        match self {
            Self::Tokio(mailer) => mailer.deliver(domain, envelope).await,
            Self::Blocking(mailer) => {
                ::tokio::task::block_in_place(|| mailer.deliver(domain, envelope))
            }
        }
    }

    pub(crate) async fn deliver_with(
        &self,
        domain: Name,
        envelope: &Envelope<'_>,
        terms: MessageTerms,
    ) -> Report {
        match self {
            Self::Tokio(mailer) => mailer.deliver_with(domain, envelope, terms).await,
            Self::Blocking(mailer) => {
                ::tokio::task::block_in_place(|| mailer.deliver_with(domain, envelope, terms))
            }
        }
    }
}
