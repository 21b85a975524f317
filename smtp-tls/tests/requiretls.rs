//! REQUIRETLS and `TLS-Required: No` (RFC 8689) over real sockets, with both drivers.
#![cfg(all(feature = "rustls", feature = "tokio"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

#[path = "support/either.rs"]
mod either;
#[path = "support/one_host.rs"]
mod one_host;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use conformance::lab::TlsVersions;
use conformance::torture::{
    Certificate, Channel, ClientAuth, Event, HOST, Keys, Script, Server, Step, Tls, Visit, scripts,
};
use mta_sts::TlsRequiredNo;
use pki_types::UnixTime;
use smtp_starttls::{Message, ReversePath};
use smtp_tls::Address;
use smtp_tls::delivery::{MessageTerms, Settings};
use smtp_tls::driver::Envelope;
use smtp_tls::report::{Cause, Fate};
use smtp_tls::resolve::Security;

use one_host::{Driver, Need, OneHost, mailer_with};

const DOMAIN: &str = "torture.test";
const OFFER: &[u8] = b"250-mx\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n";
const LISTED: &[u8] = b"250-mx\r\n250-PIPELINING\r\n250 REQUIRETLS\r\n";
const NOT_LISTED: &[u8] = b"250-mx\r\n250 PIPELINING\r\n";

/// A server, and what is known of its host.
#[derive(Clone, Copy)]
struct Case {
    need: Need,
    mx: Security,
    certificate: Certificate,
    /// Its answer to EHLO inside TLS; nothing if it has no TLS.
    inside: Option<&'static [u8]>,
}

/// Listed by an enforced policy, with an honest certificate.
const BY_POLICY: Case = Case {
    need: Need::Authenticate,
    mx: Security::Insecure,
    certificate: Certificate::Honest,
    inside: Some(LISTED),
};
/// Without a policy, found by signed DNS.
const BY_DNSSEC: Case = Case { need: Need::Opportunistic, mx: Security::Secure, ..BY_POLICY };
/// Without a policy, found by unsigned DNS.
const BY_NOTHING: Case = Case { mx: Security::Insecure, ..BY_DNSSEC };

fn script(case: Case) -> Script {
    let send = |octets: &[u8]| Step::Send(vec![octets.to_vec()]);
    let mut steps = vec![send(b"220 mx.torture.test\r\n"), Step::Expect("EHLO")];
    if let Some(inside) = case.inside {
        let (certificate, client) = (case.certificate, ClientAuth::None);
        let tls = Tls { versions: TlsVersions::Both, certificate, client };
        steps.extend([send(OFFER), Step::Expect("STARTTLS"), send(b"220 go\r\n")]);
        steps.extend([Step::StartTls(tls), Step::Expect("EHLO"), send(inside)]);
    } else {
        // In clear it lists what counts inside TLS alone.
        steps.push(send(LISTED));
    }
    Script { steps, ..scripts().remove(0) }
}

/// What becomes of a message, and what the server saw.
async fn outcome(
    driver: Driver,
    case: Case,
    from: Option<&str>,
    message: &str,
    terms: Option<MessageTerms>,
    settings: Settings,
) -> ((&'static str, String), Vec<Visit>) {
    played(driver, script(case), case, from, message, terms, settings).await
}

/// The same with this script of the server.
async fn played(
    driver: Driver,
    script: Script,
    case: Case,
    from: Option<&str>,
    message: &str,
    terms: Option<MessageTerms>,
    settings: Settings,
) -> ((&'static str, String), Vec<Visit>) {
    let keys = Keys::new(UnixTime::now()).unwrap();
    let (script, seen) = (Arc::new(script), Arc::new(Mutex::new(Vec::new())));
    let notes = Arc::clone(&seen);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let choose = move || Arc::clone(&script);
    let server = Server::start(listener, keys.clone(), choose, move |event| {
        if let Event::Ended(visit) = event {
            notes.lock().unwrap().push(*visit);
        }
    })
    .unwrap();
    let (port, need, mx) = (server.address().port(), case.need, case.mx);
    let to = OneHost { domain: DOMAIN, host: HOST, port, need, mx };
    let mailer = mailer_with(driver, to, keys.root(), settings).await;
    let from: Option<Address> = from.map(|from| from.parse().unwrap());
    let from = from.as_ref().map_or(ReversePath::Null, Address::reverse_path);
    let to: Address = format!("postmaster@{DOMAIN}").parse().unwrap();
    let paths = [to.forward_path()];
    let envelope =
        Envelope { from, to: &paths, message: Message::try_from(message.as_bytes()).unwrap() };
    let report = match terms {
        Some(terms) => mailer.deliver_with(to.domain().clone(), &envelope, terms).await,
        None => mailer.deliver(to.domain().clone(), &envelope).await,
    };
    tokio::task::block_in_place(|| drop(server));
    let fate = match &report.fates[0] {
        Fate::Delivered { assurance, .. } => ("delivered", assurance.to_string()),
        Fate::Deferred(cause) => ("deferred", status(cause)),
        Fate::Refused(cause) => ("refused", status(cause)),
    };
    let seen = seen.lock().unwrap().clone();
    (fate, seen)
}

fn status(cause: &Cause) -> String {
    cause.status()
}

/// The MAIL commands, and where they came.
fn mails(seen: &[Visit]) -> Vec<(Channel, &str)> {
    let lines = seen.iter().flat_map(|visit| &visit.lines);
    let mails = lines.filter(|line| line.text.starts_with("MAIL "));
    mails.map(|line| (line.channel, line.text.as_str())).collect()
}

const SENDER: Option<&str> = Some("sender@sender.example");
const PLAIN: &str = "Subject: x\r\n\r\nbody\r\n";
const SET_ASIDE: &str = "TLS-Required: No\r\nSubject: x\r\n\r\nbody\r\n";
const ASKED: &str = "MAIL FROM:<sender@sender.example> REQUIRETLS";

// checks: smtp-starttls/SMTP-R1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc8689_4_2_1_who_is_authenticated_and_offers_it_is_asked_for_it() {
    for driver in Driver::ALL {
        for (case, assurance) in [(BY_POLICY, "pkix"), (BY_DNSSEC, "unauthenticated")] {
            let terms = Some(MessageTerms::require_tls());
            let (fate, seen) =
                outcome(driver, case, SENDER, PLAIN, terms, Settings::default()).await;
            assert_eq!(fate, ("delivered", assurance.to_owned()));
            assert_eq!(mails(&seen), [(Channel::Tls, ASKED)]);
        }
    }
}

// checks: smtp-starttls/SMTP-R1, smtp-starttls/C6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc8689_4_2_1_it_bounces_where_a_condition_is_not_met_and_no_host_is_left() {
    let not_listed = Some(NOT_LISTED);
    for driver in Driver::ALL {
        for (case, code) in [
            (Case { inside: not_listed, ..BY_POLICY }, "5.7.30"),
            (Case { inside: not_listed, ..BY_DNSSEC }, "5.7.30"),
            (Case { inside: None, ..BY_POLICY }, "5.7.10"),
            (Case { inside: None, ..BY_DNSSEC }, "5.7.10"),
            (Case { certificate: Certificate::OtherName, ..BY_POLICY }, "5.7.10"),
            (Case { certificate: Certificate::OtherName, ..BY_DNSSEC }, "5.7.10"),
            (Case { certificate: Certificate::SelfSigned, ..BY_DNSSEC }, "5.7.10"),
            (BY_NOTHING, "5.7.10"),
        ] {
            let terms = Some(MessageTerms::require_tls());
            let (fate, seen) =
                outcome(driver, case, SENDER, PLAIN, terms, Settings::default()).await;
            assert_eq!(fate, ("refused", code.to_owned()));
            assert!(mails(&seen).is_empty(), "{seen:?}");
            assert!(seen.iter().all(|visit| !visit.went_on_in_clear()));
        }
    }
}

/// A connection that ends before TLS is up; a server that says 454 has answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_pass_by_the_next_attempt_is_no_reason_to_bounce() {
    let send = |octets: &[u8]| Step::Send(vec![octets.to_vec()]);
    let until = |last: Vec<Step>| {
        let mut steps = vec![send(b"220 mx.torture.test\r\n"), Step::Expect("EHLO")];
        steps.extend([send(OFFER), Step::Expect("STARTTLS")]);
        steps.extend(last);
        steps
    };
    for (steps, expected) in [
        (until(vec![Step::CloseBare]), ("deferred", "4.7.5")),
        (
            until(vec![send(b"220 go\r\n"), Step::ClientHello, Step::CloseBare]),
            ("deferred", "4.7.5"),
        ),
        (until(vec![send(b"454 4.7.0 not now\r\n")]), ("refused", "5.7.10")),
    ] {
        for driver in Driver::ALL {
            let script = Script { steps: steps.clone(), ..scripts().remove(0) };
            let terms = Some(MessageTerms::require_tls());
            let (fate, seen) =
                played(driver, script, BY_DNSSEC, SENDER, PLAIN, terms, Settings::default()).await;
            assert_eq!(fate, (expected.0, expected.1.to_owned()), "{steps:?}");
            assert!(mails(&seen).is_empty(), "{seen:?}");
        }
    }
}

// checks: smtp-starttls/SMTP-R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc8689_5_a_bounce_asks_for_it_and_goes_on_without_it() {
    let without = "MAIL FROM:<>";
    let with = "MAIL FROM:<> REQUIRETLS";
    for driver in Driver::ALL {
        for (case, mail, assurance) in [
            (BY_POLICY, (Channel::Tls, with), "pkix"),
            (BY_DNSSEC, (Channel::Tls, with), "unauthenticated"),
            (BY_NOTHING, (Channel::Tls, without), "unauthenticated"),
            (Case { inside: Some(NOT_LISTED), ..BY_POLICY }, (Channel::Tls, without), "pkix"),
            (
                Case { certificate: Certificate::OtherName, ..BY_DNSSEC },
                (Channel::Tls, without),
                "unauthenticated",
            ),
            (Case { inside: None, ..BY_DNSSEC }, (Channel::Clear, without), "clear"),
        ] {
            let terms = Some(MessageTerms::require_tls());
            let (fate, seen) = outcome(driver, case, None, PLAIN, terms, Settings::default()).await;
            assert_eq!(fate, ("delivered", assurance.to_owned()));
            assert_eq!(mails(&seen), [mail]);
        }
    }
}

// checks: smtp-starttls/SMTP-R3, mta-sts/A12
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc8689_3_the_header_field_counts_where_the_operator_honours_it() {
    let impostor = Case { certificate: Certificate::OtherName, ..BY_POLICY };
    let clear = Case { inside: None, ..BY_POLICY };
    let mut honouring = Settings::default();
    honouring.mta_sts.tls_required_no = TlsRequiredNo::Honour;
    for driver in Driver::ALL {
        for (case, assurance) in [(impostor, "unauthenticated"), (clear, "clear")] {
            let (fate, _) =
                outcome(driver, case, SENDER, SET_ASIDE, None, Settings::default()).await;
            assert_eq!(fate.0, "deferred", "by default the policy counts");
            let (fate, _) = outcome(driver, case, SENDER, PLAIN, None, honouring.clone()).await;
            assert_eq!(fate.0, "deferred", "without the field too");
            let (fate, _) = outcome(driver, case, SENDER, SET_ASIDE, None, honouring.clone()).await;
            assert_eq!(fate, ("delivered", assurance.to_owned()));
            // REQUIRETLS outweighs the field.
            let terms = Some(MessageTerms::require_tls());
            let (fate, seen) =
                outcome(driver, case, SENDER, SET_ASIDE, terms, honouring.clone()).await;
            assert_eq!(fate, ("refused", "5.7.10".to_owned()));
            assert!(mails(&seen).is_empty());
        }
    }
}
