//! One delivery to a server on loopback, with the DNS in memory.

use conformance::torture::{HOST, MailFate, Verdict};
use pki_types::CertificateDer;
use smtp_starttls::{CleartextRetry, Message};
use smtp_tls::Address;
use smtp_tls::attempt::{Assurance, Patience};
use smtp_tls::driver::Envelope;
use smtp_tls::report::{Fate, Report, Visit};
use smtp_tls::resolve::Security;

pub(crate) use super::one_host::{Driver, Need};
use super::one_host::{OneHost, mailer};

const DOMAIN: &str = "torture.test";
const MESSAGE: &[u8] = b"From: sender@sender.example\r\nSubject: x\r\n\r\n.\r\ntext\r\n";

/// What the delivery came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<&'static str>,
    pub(crate) mail: MailFate,
}

/// The blocking driver holds a thread of the runtime meanwhile.
pub(crate) async fn deliver(
    driver: Driver,
    port: u16,
    root: &CertificateDer<'static>,
    need: Need,
    patience: Patience,
) -> Ended {
    let to = OneHost { domain: DOMAIN, host: HOST, port, need, mx: Security::Insecure };
    let mailer = mailer(driver, to, root, patience).await;
    let from: Address = "sender@sender.example".parse().unwrap();
    let to: Address = "postmaster@torture.test".parse().unwrap();
    let (paths, message) = ([to.forward_path()], Message::try_from(MESSAGE).unwrap());
    let envelope = Envelope { from: from.reverse_path(), to: &paths, message };
    ended(&mailer.deliver(to.domain().clone(), &envelope).await, need)
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
