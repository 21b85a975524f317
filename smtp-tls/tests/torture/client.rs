//! One delivery to a server on loopback, with the DNS in memory.

use core::net::Ipv4Addr;
use std::sync::Arc;

use conformance::torture::{HOST, MailFate, Verdict};
use mta_sts::{
    CacheEntry, EntryUpdate, FetchError, Policy, PolicyBody, PolicyDomain, PolicyStore, Profile,
    Update,
};
use pki_types::{CertificateDer, UnixTime};
use rustls::RootCertStore;
use smtp_starttls::{CleartextRetry, Message};
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::attempt::Assurance;
use smtp_tls::delivery::{LocalLevel, Settings};
use smtp_tls::driver::tokio::{Envelope, Mailer};
use smtp_tls::report::{Fate, Report, Visit};
use smtp_tls::resolve::{
    Answer, Judged, Kind, LookUp, LookUpError, Outcome, Question, Record, Security,
};
use smtp_tls::store::{Capacity, MemoryStore};
use smtp_tls::{Address, FetchPolicy};

const DOMAIN: &str = "torture.test";
const MESSAGE: &[u8] = b"From: sender@sender.example\r\nSubject: x\r\n\r\n.\r\ntext\r\n";

/// What the connection has to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    Opportunistic,
    Encrypt,
    /// By an MTA-STS policy.
    Authenticate,
}

impl Need {
    pub(crate) const ALL: [Self; 3] = [Self::Opportunistic, Self::Encrypt, Self::Authenticate];
}

/// What the delivery came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<&'static str>,
    pub(crate) mail: MailFate,
}

struct Zone(Need);

impl LookUp for Zone {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let record = match (question.kind, question.name.as_str()) {
            (Kind::Mx, DOMAIN) => Some(Record::Mx { preference: 10, host: HOST.parse().unwrap() }),
            (Kind::A, HOST) => Some(Record::A(Ipv4Addr::LOCALHOST)),
            (Kind::Txt, "_mta-sts.torture.test") if matches!(self.0, Need::Authenticate) => {
                Some(Record::Txt(vec![b"v=STSv1; id=1;".to_vec()]))
            }
            _ => None,
        };
        Ok(Answer {
            outcome: record.map_or(Outcome::NoData, |record| Outcome::Records(vec![record])),
            security: Security::Insecure,
            chain: Vec::new(),
            judged: Judged::HopByHop,
        })
    }
}

/// The policy is in the store.
struct NoFetch;

impl FetchPolicy for NoFetch {
    async fn fetch(&self, _: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        Err(FetchError::TimedOut)
    }
}

pub(crate) async fn deliver(port: u16, root: &CertificateDer<'static>, need: Need) -> Ended {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let connector = Connector::new(Arc::new(rustls::crypto::ring::default_provider()), roots);
    let mut settings = Settings::default();
    settings.port = port;
    if matches!(need, Need::Encrypt) {
        settings.level = LocalLevel::Encrypt;
    }
    let store = MemoryStore::new(Capacity::default());
    if matches!(need, Need::Authenticate) {
        store.save(&DOMAIN.parse().unwrap(), &policy()).await.unwrap();
    }
    let name = "mta.sender.example".parse().unwrap();
    let mailer =
        Mailer::new(Zone(need), NoFetch, store, connector.unwrap(), name).settings(settings);
    let from: Address = "sender@sender.example".parse().unwrap();
    let to: Address = "postmaster@torture.test".parse().unwrap();
    let (paths, message) = ([to.forward_path()], Message::try_from(MESSAGE).unwrap());
    let envelope = Envelope { from: from.reverse_path(), to: &paths, message };
    ended(&mailer.deliver(to.domain().clone(), &envelope).await, need)
}

fn policy() -> Update {
    let text = b"version: STSv1\r\nmode: enforce\r\nmx: mx.torture.test\r\nmax_age: 86400\r\n";
    let policy = Policy::parse(text, Profile::default()).unwrap();
    let mut update = Update::default();
    update.entry = EntryUpdate::Put(CacheEntry::new("1".parse().unwrap(), policy, UnixTime::now()));
    update
}

fn ended(report: &Report, need: Need) -> Ended {
    assert_eq!(report.tries.len(), 1, "{report:?}");
    let visits = &report.tries[0].connections;
    let first = visits.first().expect("one connection");
    let (verdict, reason) = verdict(first);
    let verdict = match (&first.failure, visits.get(1)) {
        (Some(failure), Some(again)) => {
            assert_eq!(failure.cleartext_retry, CleartextRetry::Allowed);
            assert_eq!(again.connection.as_ref().map(|it| it.assurance()), Some(Assurance::Clear));
            Verdict::RetryPlaintext
        }
        (_, None) => verdict,
        (None, Some(_)) => panic!("a second connection for nothing: {report:?}"),
    };
    if let (Need::Authenticate, Verdict::Secured) = (need, verdict) {
        let connection = first.connection.as_ref().unwrap();
        assert_eq!(connection.assurance(), Assurance::Pkix);
    }
    let mail = match &report.fates[0] {
        Fate::Delivered { .. } => MailFate::Delivered,
        Fate::Deferred(_) => MailFate::Deferred,
        Fate::Refused(_) => MailFate::Bounced,
    };
    Ended { verdict, reason, mail }
}

fn verdict(visit: &Visit) -> (Verdict, Option<&'static str>) {
    let connection = visit.connection.as_ref().expect("a connection");
    match (&visit.failure, &connection.clear_because, &connection.tls) {
        (Some(failure), ..) => (Verdict::Refused, Some(failure.reason.word())),
        (None, Some(because), None) => (Verdict::Plaintext, Some(because.reason.word())),
        (None, None, Some(_)) => (Verdict::Secured, None),
        other => panic!("neither clear nor TLS: {other:?}"),
    }
}
