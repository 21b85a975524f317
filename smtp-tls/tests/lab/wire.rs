//! Single connections, octet by octet, against scripted servers on loopback.

use core::net::Ipv4Addr;
use std::io::{Read, Write};
use std::sync::Arc;

use conformance::lab::pki::{Dates, Pki, Signed};
use mta_sts::{FetchError, PolicyBody, PolicyDomain};
use pki_types::UnixTime;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use smtp_starttls::{ForwardPath, Message, ReversePath};
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::attempt::Assurance;
use smtp_tls::delivery::Settings;
use smtp_tls::driver::Envelope;
use smtp_tls::report::{Cause, Fate, Report};
use smtp_tls::resolve::{
    Answer, Judged, Kind, LookUp, LookUpError, Outcome, Question, Record, Security,
};
use smtp_tls::store::{Capacity, MemoryStore};
use smtp_tls::{Address, FetchPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::mailer::{Driver, LabMailer};

/// An unsigned domain with one host, which is this one.
#[derive(Clone, Copy)]
pub(crate) struct OneHost;

impl LookUp for OneHost {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let host = || "mx.d.test".parse().unwrap();
        let outcome = match question.kind {
            Kind::Mx => Outcome::Records(vec![Record::Mx { preference: 1, host: host() }]),
            Kind::A => Outcome::Records(vec![Record::A(Ipv4Addr::LOCALHOST)]),
            _ => Outcome::NoData,
        };
        let (security, judged) = (Security::Insecure, Judged::HopByHop);
        Ok(Answer { outcome, security, chain: Vec::new(), judged })
    }
}

impl FetchPolicy for OneHost {
    async fn fetch(&self, _: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        Err(FetchError::ConnectionFailed)
    }
}

pub(crate) const MESSAGE: &str = "Subject: x\r\n\r\n.\r\nbody\r\n";

pub(crate) fn no_roots() -> Connector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Connector::new(provider, RootCertStore::empty()).unwrap()
}

pub(crate) async fn deliver(
    driver: Driver,
    port: u16,
    recipients: &[&str],
    message: &str,
) -> Report {
    let connector = no_roots();
    let store = MemoryStore::new(Capacity::default());
    let mut settings = Settings::default();
    settings.port = port;
    let name = "me.test".parse().unwrap();
    let mailer = LabMailer::new(driver, OneHost, OneHost, store, connector, name, settings);
    let to: Vec<Address> =
        recipients.iter().map(|local| format!("{local}@d.test").parse().unwrap()).collect();
    let paths: Vec<ForwardPath<'_>> = to.iter().map(Address::forward_path).collect();
    let message = Message::try_from(message.as_bytes()).unwrap();
    let envelope = Envelope { from: ReversePath::Null, to: &paths, message };
    mailer.deliver("d.test".parse().unwrap(), &envelope).await
}

/// What a server does next.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Say(&'static str),
    /// A line that begins so.
    Hear(&'static str),
    /// The message, up to its last line.
    Message,
    /// Long enough that what is said next comes in a read of its own.
    Pause,
    /// Octets of any kind.
    Anything,
    /// Nothing for so many seconds.
    Seconds(u64),
    /// Nothing more, for ever.
    Hang,
}

use Step::{Anything, Hang, Hear, Say};

pub(crate) const CLEAR: &[Step] = &[Say("220 mx\r\n"), Hear("EHLO me.test"), Say("250 mx\r\n")];
const TLS: &[Step] = &[
    Say("220 mx\r\n"),
    Hear("EHLO me.test"),
    Say("250-mx\r\n250 STARTTLS\r\n"),
    Hear("STARTTLS"),
    Say("220 go\r\n"),
];
pub(crate) const TO_A: &[Step] = &[
    Hear("MAIL FROM:<>"),
    Say("250 ok\r\n"),
    Hear("RCPT TO:<a@d.test>"),
    Say("250 ok\r\n"),
    Hear("DATA"),
    Say("354 go\r\n"),
    Step::Message,
];
pub(crate) const TAKEN: &[Step] = &[Say("250 taken\r\n")];
pub(crate) const BYE: &[Step] = &[Hear("QUIT"), Say("221 bye\r\n")];

/// One script for each connection that is to come. Tells all that was heard; a connection past the
/// scripts is refused.
pub(crate) async fn serve(scripts: Vec<Vec<Step>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        for script in scripts {
            let (mut stream, _) = listener.accept().await.unwrap();
            run(&mut stream, &script, &mut heard).await;
        }
        heard
    });
    (port, server)
}

pub(crate) async fn run(stream: &mut TcpStream, script: &[Step], heard: &mut Vec<String>) {
    for step in script {
        match step {
            Say(text) => {
                stream.write_all(text.as_bytes()).await.unwrap();
                // Where the clock is paused it jumps when nothing is ready: the kernel gets the time to have the
                // octets ready at the other end.
                std::thread::sleep(core::time::Duration::from_millis(2));
            }
            Hear(begin) => {
                let line = until(stream, "\r\n").await;
                assert!(line.starts_with(begin), "{line:?}, expected {begin:?}");
                heard.push(line);
            }
            Step::Pause => tokio::time::sleep(core::time::Duration::from_millis(5)).await,
            Step::Message => heard.push(until(stream, "\r\n.\r\n").await),
            Anything => {
                let mut buffer = [0; 4096];
                assert!(stream.read(&mut buffer).await.unwrap() > 0);
            }
            Step::Seconds(seconds) => {
                tokio::time::sleep(core::time::Duration::from_secs(*seconds)).await;
            }
            Hang => core::future::pending().await,
        }
    }
}

async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        text.push(char::from(stream.read_u8().await.unwrap()));
    }
    text
}

pub(crate) fn cause(fate: &Fate) -> (&'static str, &Cause) {
    match fate {
        Fate::Deferred(cause) | Fate::Refused(cause) => (fate.word(), cause),
        Fate::Delivered { .. } => panic!("delivered"),
    }
}

pub(crate) fn words(report: &Report) -> Vec<&'static str> {
    report.fates.iter().map(Fate::word).collect()
}

both!(the_message_arrives_with_its_dots_doubled_and_the_connection_ends_with_quit);
async fn the_message_arrives_with_its_dots_doubled_and_the_connection_ends_with_quit(
    driver: Driver,
) {
    let (port, server) = serve(vec![[CLEAR, TO_A, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a"], MESSAGE).await;
    let heard = server.await.unwrap();
    assert!(matches!(report.fates[0], Fate::Delivered { assurance: Assurance::Clear, .. }));
    assert_eq!(heard[4], "Subject: x\r\n\r\n..\r\nbody\r\n.\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_never_comes_is_waited_for_five_minutes() {
    let (port, _server) = serve(vec![vec![Hang]]).await;
    let begin = tokio::time::Instant::now();
    let report = deliver(Driver::Tokio, port, &["a"], MESSAGE).await;
    let (word, cause) = cause(&report.fates[0]);
    assert_eq!((word, cause.status().as_str()), ("deferred", "4.4.2"), "{cause}");
    assert!(cause.to_string().contains("timed-out"), "{cause}");
    assert!(begin.elapsed().as_secs() >= 300, "RFC 5321 section 4.5.3.2.1");
}

#[tokio::test(start_paused = true)]
async fn rfc5321_4_5_3_2_6_the_answer_to_the_message_is_awaited_after_the_hour_of_a_visit() {
    let names: Vec<String> = (0..12).map(|number| format!("r{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut script = [CLEAR, &[Hear("MAIL"), Say("250 ok\r\n")]].concat();
    for _ in &names {
        script.extend([Hear("RCPT"), Step::Seconds(290), Say("250 ok\r\n")]);
    }
    script.extend([Hear("DATA"), Say("354 go\r\n"), Step::Message, Step::Seconds(590)]);
    let (port, server) = serve(vec![[&script, TAKEN].concat()]).await;
    let begin = tokio::time::Instant::now();
    let report = deliver(Driver::Tokio, port, &names, MESSAGE).await;
    assert!(begin.elapsed().as_secs() > 3600);
    server.await.unwrap();
    assert!(report.fates.iter().all(|fate| fate.word() == "delivered"), "{:?}", report.fates);
}

both!(rfc5321_5_1_the_name_given_in_ehlo_is_our_own);
async fn rfc5321_5_1_the_name_given_in_ehlo_is_our_own(driver: Driver) {
    #[derive(Clone, Copy)]
    struct Ourselves;

    impl LookUp for Ourselves {
        async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
            let mut answer = OneHost.look_up(question).await?;
            if question.kind == Kind::Mx {
                let host = "Me.test".parse().unwrap();
                answer.outcome = Outcome::Records(vec![Record::Mx { preference: 1, host }]);
            }
            Ok(answer)
        }
    }

    let (store, name) = (MemoryStore::new(Capacity::default()), "me.test".parse().unwrap());
    let mut settings = Settings::default();
    settings.port = 1;
    let mailer = LabMailer::new(driver, Ourselves, OneHost, store, no_roots(), name, settings);
    let to: Address = "a@d.test".parse().unwrap();
    let message = Message::try_from(MESSAGE.as_bytes()).unwrap();
    let envelope = Envelope { from: ReversePath::Null, to: &[to.forward_path()], message };
    let report = mailer.deliver("d.test".parse().unwrap(), &envelope).await;
    assert!(matches!(report.fates[0], Fate::Refused(Cause::OnlyOurselves)), "{:?}", report.fates);
}

both!(rfc5321_6_3_a_server_that_greets_with_our_name_is_noted);
async fn rfc5321_6_3_a_server_that_greets_with_our_name_is_noted(driver: Driver) {
    for (greeting, is_ours) in [("220 ME.test ESMTP\r\n", true), ("220 mx.test\r\n", false)] {
        let hello = [Say(greeting), Hear("EHLO me.test"), Say("250 mx\r\n")];
        let (port, server) = serve(vec![[&hello, TO_A, TAKEN, BYE].concat()]).await;
        let report = deliver(driver, port, &["a"], MESSAGE).await;
        server.await.unwrap();
        let (_, connection) = report.last_connection().unwrap();
        assert_eq!(connection.greets_with_our_name, is_ours);
    }
}

// checks: smtp-starttls/SMTP-S5, smtp-starttls/SMTP-U5
#[tokio::test(start_paused = true)]
async fn a_handshake_that_stalls_ends_and_without_a_policy_goes_on_in_clear() {
    let stalls = [TLS, &[Anything, Hang]].concat();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for script in [stalls, [CLEAR, TO_A, TAKEN, BYE].concat()] {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move { run(&mut stream, &script, &mut Vec::new()).await });
        }
    });
    let report = deliver(Driver::Tokio, port, &["a"], MESSAGE).await;
    assert!(matches!(report.fates[0], Fate::Delivered { assurance: Assurance::Clear, .. }));
    assert_eq!(report.first_tls_failure(), Some("validation-failure"));
}

// checks: smtp-starttls/Q2
both!(rfc5321_4_2_5_a_connection_lost_after_the_final_dot_defers_and_says_so);
async fn rfc5321_4_2_5_a_connection_lost_after_the_final_dot_defers_and_says_so(driver: Driver) {
    let (port, server) = serve(vec![[CLEAR, TO_A].concat()]).await;
    let report = deliver(driver, port, &["a"], MESSAGE).await;
    server.await.unwrap();
    let (word, cause) = cause(&report.fates[0]);
    assert_eq!(word, "deferred");
    assert!(matches!(cause, Cause::Unconfirmed { reason: "closed", .. }), "{cause}");
}

// checks: smtp-starttls/SMTP-U2
both!(plain_text_in_place_of_tls_is_not_followed_by_clear);
async fn plain_text_in_place_of_tls_is_not_followed_by_clear(driver: Driver) {
    let garbage = Say("HTTP/1.1 400 Bad Request\r\n\r\n");
    let (port, server) = serve(vec![[TLS, &[Anything, garbage]].concat()]).await;
    let report = deliver(driver, port, &["a"], MESSAGE).await;
    server.await.unwrap();
    let (word, cause) = cause(&report.fates[0]);
    assert_eq!(word, "deferred");
    assert!(cause.to_string().contains("plaintext-after-220"), "{cause}");
    assert_eq!(report.tries[0].connections.len(), 1);
}

// checks: smtp-starttls/SMTP-U5
both!(a_connection_cut_in_the_handshake_is_followed_by_one_in_clear_without_a_policy);
async fn a_connection_cut_in_the_handshake_is_followed_by_one_in_clear_without_a_policy(
    driver: Driver,
) {
    let clear = [CLEAR, TO_A, TAKEN, BYE].concat();
    let (port, server) = serve(vec![[TLS, &[Anything]].concat(), clear]).await;
    let report = deliver(driver, port, &["a"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered"]);
    assert_eq!(report.tries[0].connections.len(), 2);
}

both!(nothing_is_sent_to_a_server_that_lacks_what_the_message_needs);
async fn nothing_is_sent_to_a_server_that_lacks_what_the_message_needs(driver: Driver) {
    let hello = |extension| [Say("220 mx\r\n"), Hear("EHLO me.test"), Say(extension)];
    for (extension, local, message, status) in [
        ("250 mx\r\n", "a", "Subject: x\r\n\r\ncaf\u{e9}\r\n", "5.6.1"),
        ("250-mx\r\n250 8BITMIME\r\n", "\u{e4}", MESSAGE, "5.6.7"),
        ("250-mx\r\n250 SIZE 10\r\n", "a", MESSAGE, "5.3.4"),
    ] {
        let (port, server) = serve(vec![[&hello(extension)[..], BYE].concat()]).await;
        let report = deliver(driver, port, &[local], message).await;
        let heard = server.await.unwrap();
        let (word, cause) = cause(&report.fates[0]);
        assert_eq!((word, cause.status().as_str()), ("refused", status), "{cause}");
        assert_eq!(heard, ["EHLO me.test\r\n", "QUIT\r\n"]);
    }
}

both!(each_recipient_has_the_answer_that_was_its_own);
async fn each_recipient_has_the_answer_that_was_its_own(driver: Driver) {
    let to_three = [
        Hear("MAIL FROM:<>"),
        Say("250 ok\r\n"),
        Hear("RCPT TO:<a@d.test>"),
        Say("250 ok\r\n"),
        Hear("RCPT TO:<b@d.test>"),
        Say("550 5.1.1 nobody\r\n"),
        Hear("RCPT TO:<c@d.test>"),
        Say("451 4.2.1 later\r\n"),
        Hear("DATA"),
        Say("354 go\r\n"),
        Step::Message,
    ];
    let (port, server) = serve(vec![[CLEAR, &to_three[..], TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered", "refused", "deferred"]);
    assert_eq!(cause(&report.fates[1]).1.status(), "5.1.1");
    assert_eq!(cause(&report.fates[2]).1.status(), "4.2.1");
}

const TO_B: &[Step] = &[
    Hear("MAIL FROM:<>"),
    Say("250 ok\r\n"),
    Hear("RCPT TO:<b@d.test>"),
    Say("250 ok\r\n"),
    Hear("DATA"),
    Say("354 go\r\n"),
    Step::Message,
];

fn limited(limits: &'static str) -> Vec<Step> {
    vec![Say("220 mx\r\n"), Hear("EHLO me.test"), Say(limits)]
}

both!(rfc9422_fewer_recipients_at_a_time_are_several_messages);
async fn rfc9422_fewer_recipients_at_a_time_are_several_messages(driver: Driver) {
    let hello = limited("250-mx\r\n250 LIMITS RCPTMAX=1\r\n");
    let (port, server) = serve(vec![[&hello, TO_A, TAKEN, TO_B, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered", "delivered"]);
    assert_eq!(report.tries[0].connections.len(), 1);
}

both!(rfc9422_fewer_messages_at_a_time_are_several_connections);
async fn rfc9422_fewer_messages_at_a_time_are_several_connections(driver: Driver) {
    let hello = || limited("250-mx\r\n250 LIMITS RCPTMAX=1 MAILMAX=1\r\n");
    let first = [&hello(), TO_A, TAKEN, BYE].concat();
    let (port, server) = serve(vec![first, [&hello(), TO_B, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered", "delivered"]);
    assert_eq!(report.tries[0].connections.len(), 2);
}

both!(a_message_refused_for_some_is_taken_back_before_the_others_get_it);
async fn a_message_refused_for_some_is_taken_back_before_the_others_get_it(driver: Driver) {
    let hello = limited("250-mx\r\n250 LIMITS RCPTMAX=1\r\n");
    let refused = [
        Hear("MAIL FROM:<>"),
        Say("250 ok\r\n"),
        Hear("RCPT TO:<a@d.test>"),
        Say("250 ok\r\n"),
        Hear("DATA"),
        Say("554 not now\r\n"),
        Hear("RSET"),
        Say("250 ok\r\n"),
    ];
    let (port, server) = serve(vec![[&hello, &refused[..], TO_B, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["refused", "delivered"]);
}

both!(what_is_said_to_mail_is_said_to_every_recipient);
async fn what_is_said_to_mail_is_said_to_every_recipient(driver: Driver) {
    for (answer, word) in [("550 no\r\n", "refused"), ("451 later\r\n", "deferred")] {
        let mail = [Hear("MAIL FROM:<>"), Say(answer)];
        let (port, server) = serve(vec![[CLEAR, &mail[..], BYE].concat()]).await;
        let report = deliver(driver, port, &["a", "b"], MESSAGE).await;
        server.await.unwrap();
        assert_eq!(words(&report), [word, word]);
    }
}

both!(a_server_that_goes_away_between_recipients_defers_them_all);
async fn a_server_that_goes_away_between_recipients_defers_them_all(driver: Driver) {
    let goes = [
        Hear("MAIL FROM:<>"),
        Say("250 ok\r\n"),
        Hear("RCPT TO:<a@d.test>"),
        Say("250 ok\r\n"),
        Hear("RCPT TO:<b@d.test>"),
        Say("421 bye\r\n"),
    ];
    let (port, server) = serve(vec![[CLEAR, &goes[..]].concat()]).await;
    let report = deliver(driver, port, &["a", "b"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["deferred", "deferred"]);
}

// checks: smtp-starttls/P1, smtp-starttls/P2
// Whatever octets come in place of replies, nobody is refused for good and nothing is delivered.
both!(garbage_never_bounces_a_message);
async fn garbage_never_bounces_a_message(driver: Driver) {
    for garbage in ["\r\n", "what\r\n", "220 a\rb\r\n", "220-a\r\n550 b\r\n", "999 x\r\n", "\0\r\n"]
    {
        let (port, server) = serve(vec![vec![Say(garbage)]]).await;
        let report = deliver(driver, port, &["a"], MESSAGE).await;
        server.await.unwrap();
        assert_eq!(words(&report), ["deferred"], "{garbage:?}");
    }
}

/// The server's side of one connection up to the client's last flight, and what is in the one read that
/// brings it.
fn last_flight(listener: &std::net::TcpListener) -> Vec<u8> {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let credential = pki.issue(&["mx.d.test"], Signed::ByRoot, Dates::Current).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(Arc::unwrap_or_clone(
            credential.certified_key().unwrap(),
        ))));
    let (mut stream, _) = listener.accept().unwrap();
    let mut buffer = [0; 16_384];
    for answer in ["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"] {
        stream.write_all(answer.as_bytes()).unwrap();
        assert!(stream.read(&mut buffer).unwrap() > 0);
    }
    // The last read has brought the ClientHello.
    let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
    let hello = buffer.len();
    let len = usize::from(u16::from_be_bytes([buffer[3], buffer[4]])) + 5;
    tls.read_tls(&mut &buffer[..len.min(hello)]).unwrap();
    tls.process_new_packets().unwrap();
    while tls.wants_write() {
        tls.write_tls(&mut stream).unwrap();
    }
    let read = stream.read(&mut buffer).unwrap();
    let mut flight = &buffer[..read];
    while !flight.is_empty() {
        tls.read_tls(&mut flight).unwrap();
        tls.process_new_packets().unwrap();
    }
    assert!(!tls.is_handshaking(), "Finished is in it");
    let mut said = vec![0; 512];
    let len = tls.reader().read(&mut said).unwrap_or_default();
    said.truncate(len);
    said
}

both!(finished_and_ehlo_leave_in_one_write);
async fn finished_and_ehlo_leave_in_one_write(driver: Driver) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || last_flight(&listener));
    // The server hangs up then, so that the mail waits; only the flight matters here.
    let _ = tokio::time::timeout(
        core::time::Duration::from_secs(20),
        deliver(driver, port, &["a"], MESSAGE),
    )
    .await;
    assert_eq!(server.join().unwrap(), b"EHLO me.test\r\n");
}
