//! `tlsrpt-report` as a real program: out of a store, to SMTP and HTTPS servers, with keys in a DNS of its own.
#![cfg(feature = "dkim")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod tlsrpt;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use ::tlsrpt::{Delivery, DeliveryAction, Document, FileName, Reader, Tally, UtcDay, Writer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance::lab::dns::{Data, DnsServer, Face, Signing, Zones};
use conformance::lab::pki::{Credential, Dates, Pki, Signed};
use conformance::lab::smtp::{Behaviour, Ledger, Received, Recipient, SmtpServer};
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts,
};
use mail_auth::report::tlsrpt::TlsReport;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};
use pki_types::UnixTime;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use smtp_tls::store::{SqliteTally, TallyStore};
use tlsrpt::{DEADLINE, Folder, Running, expect, run, runtime, terminate};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tlsrpt-report");

/// A key for these tests alone.
const KEY: &str = include_str!("tlsrpt/dkim.pem");
const PUBLIC: &str = include_str!("tlsrpt/dkim.pub");

/// Servers on loopback: DNS, SMTP with three moods, one that takes connections and says nothing, HTTPS.
struct World {
    folder: Folder,
    pki: Pki,
    zones: Option<Zones>,
    dns: Option<DnsServer>,
    port: u16,
    ledger: Ledger,
    https: Https,
    _servers: Vec<SmtpServer>,
    _silent: TcpListener,
    counted: Vec<(String, String)>,
}

impl World {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let now = UnixTime::now();
        let (pki, mut zones) = (Pki::new(now).unwrap(), Zones::new(now).unwrap());
        zones.add_zone("example", Signing::Signed).unwrap();
        let ledger = Ledger::default();
        let later = Behaviour { recipient: Recipient::Deferred, ..Behaviour::DEFAULT };
        let never = Behaviour { recipient: Recipient::Rejected, ..Behaviour::DEFAULT };
        let hosts = [
            ("mx.example", Behaviour::DEFAULT),
            ("later.example", later),
            ("never.example", never),
        ];
        let (port, mut listeners) = listeners(hosts.len() + 1);
        let mut servers = Vec::new();
        let silent = listeners.pop().unwrap();
        let IpAddr::V4(address) = silent.local_addr().unwrap().ip() else { panic!() };
        zones.add("silent.example", Data::A(address)).unwrap();
        for ((host, behaviour), listener) in hosts.into_iter().zip(listeners) {
            let IpAddr::V4(address) = listener.local_addr().unwrap().ip() else { panic!() };
            zones.add(host, Data::A(address)).unwrap();
            let key = issue(&pki, host).certified_key().unwrap();
            servers
                .push(SmtpServer::start(listener, host, behaviour, key, ledger.clone()).unwrap());
        }
        let https = Https::start(&issue(&pki, "collect.example"));
        zones.add("collect.example", Data::A(Ipv4Addr::LOCALHOST)).unwrap();
        let root = STANDARD.encode(pki.root());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{root}\n-----END CERTIFICATE-----\n");
        fs::write(folder.0.join("roots.pem"), pem).unwrap();
        fs::write(folder.0.join("dkim.pem"), KEY).unwrap();
        let (zones, dns, counted) = (Some(zones), None, Vec::new());
        let (_servers, _silent) = (servers, silent);
        Self { folder, pki, zones, dns, port, ledger, https, _servers, _silent, counted }
    }

    /// A key in the DNS, in strings of 255 bytes.
    fn publish_key(&mut self, selector: &str, record: &str) {
        let strings = record.as_bytes().chunks(255);
        let strings = strings.map(|part| String::from_utf8(part.to_vec()).unwrap()).collect();
        let name = format!("{selector}._domainkey.sender.example");
        self.zones.as_mut().unwrap().add(&name, Data::Txt(strings)).unwrap();
    }

    /// A domain with an MX host, and the record that it had when it was counted for.
    fn domain(&mut self, domain: &str, host: &str, counted: &str) {
        let mx = Data::Mx { preference: 10, host: host.to_owned() };
        self.zones.as_mut().unwrap().add(domain, mx).unwrap();
        self.counted.push((domain.to_owned(), counted.to_owned()));
    }

    /// The record that is in the DNS now.
    fn record(&mut self, domain: &str, record: &str) {
        let name = format!("_smtp._tls.{domain}");
        self.zones.as_mut().unwrap().add(&name, Data::Txt(vec![record.to_owned()])).unwrap();
    }

    /// A domain that asks for mail to its postmaster.
    fn mail_domain(&mut self, domain: &str, host: &str) {
        let record = format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}");
        self.domain(domain, host, &record);
        self.record(domain, &record);
    }

    /// Starts the DNS and fills the store.
    fn start(&mut self) {
        let zones = Arc::new(self.zones.take().unwrap());
        self.dns = Some(DnsServer::start(zones, Face::Validating).unwrap());
        self.count("mx1");
    }

    /// What a node saves of the day, all at once.
    fn count(&self, node: &str) {
        let mut tally = Tally::new(Writer::new(node, 1), 7);
        let day = day();
        for (domain, record) in &self.counted {
            for outcome in [0, 1] {
                let datagram = format!(
                    r#"{{"d":"{domain}","pr":"{record}","policies":[{{"policy-type":2,"policy-domain":"{domain}","policy-string":["version: STSv1","mode: testing"],"mx-host":["*.{domain}"],"failure-details":[{{"c":204,"s":"192.0.2.1","n":"mx.{domain}"}}],"t":1,"f":{outcome}}}]}}"#
                );
                tally.record_datagram(datagram.as_bytes(), day.start()).unwrap();
            }
        }
        let rows = tally.day(day).unwrap().rows().collect();
        let store = SqliteTally::open(self.folder.path("counts")).unwrap();
        runtime().block_on(store.save(day, rows)).unwrap();
    }

    fn resolver(&self) -> SocketAddr {
        self.dns.as_ref().unwrap().address()
    }

    /// The command line of `send`, but for the key.
    fn send(&self, more: &[&str]) -> Vec<String> {
        let (port, dns) = (self.port.to_string(), self.resolver().to_string());
        let (store, log, roots) =
            (self.folder.store(), self.folder.path("log"), self.folder.path("roots.pem"));
        let arguments = [
            "--store",
            &store,
            "--organization",
            "Sender Ltd",
            "--contact",
            "tls@sender.example",
            "send",
            "--log",
            &log,
            "--dns",
            &dns,
            "--roots",
            &roots,
            "--port",
            &port,
            "--ehlo",
            "mta.sender.example",
        ];
        arguments.iter().chain(more).map(|&word| word.to_owned()).collect()
    }

    fn send_signed(&self, more: &[&str]) -> Vec<String> {
        let key = self.folder.path("dkim.pem");
        self.send(&[&["--at-once", "--dkim-key", &key, "--dkim-selector", "s1"], more].concat())
    }

    fn run(&self, arguments: &[String]) -> Output {
        run(PROGRAM, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn spawn(&self, arguments: &[String]) -> (Running, BufReader<std::process::ChildStdout>) {
        let mut process: Child =
            Command::new(PROGRAM).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        (Running(process), lines)
    }

    /// Runs until a line says so, and then ends by SIGTERM with this status.
    fn run_until(&self, arguments: &[String], words: &str, status: i32) {
        let (mut process, lines) = self.spawn(arguments);
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            lines.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut seen = Vec::new();
        // Dropping the process ends it, should the line not come.
        while let Ok(line) = receiver.recv_timeout(DEADLINE) {
            let ends = line.contains(words);
            seen.push(line);
            if ends {
                terminate(&process.0);
            }
        }
        assert!(seen.iter().any(|line| line.contains(words)), "{words}: {seen:?}");
        assert_eq!(process.0.wait().unwrap().code(), Some(status), "{seen:?}");
    }

    /// Runs until a line says so, and then kills.
    fn run_to(&self, arguments: &[String], words: &str) {
        let (process, lines) = self.spawn(arguments);
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            lines.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(words)) {
            let line = receiver.recv_timeout(DEADLINE);
            seen.push(line.unwrap_or_else(|_| panic!("no line has {words:?}: {seen:?}")));
        }
        drop(process);
    }

    /// The log, while nobody works with it or beside who does.
    fn log(&self) -> rusqlite::Connection {
        let log = rusqlite::Connection::open(self.folder.path("log")).unwrap();
        log.busy_timeout(DEADLINE).unwrap();
        log
    }

    /// A number that the log has.
    fn number(&self, select: &str) -> i64 {
        self.log().query_row(select, [], |row| row.get(0)).unwrap()
    }

    /// Whether the domains of the day are listed.
    fn listed(&self) -> bool {
        let log = self.log();
        let listed = format!("SELECT listed FROM days WHERE day = {}", day().number());
        log.query_row(&listed, [], |row| row.get::<_, i64>(0)).is_ok_and(|listed| listed > 0)
    }

    /// Lets time pass for the log.
    fn pass(&self, seconds: i64) {
        let log = self.log();
        log.execute("UPDATE attempts SET at = at - ?1", [seconds]).unwrap();
        log.execute("UPDATE deliveries SET due = due - ?1", [seconds]).unwrap();
    }

    /// Whether mail-auth's verifier takes the signature, with the key from this DNS.
    fn verify(&self, message: &[u8]) {
        let resolver = self.resolver();
        let verdict = runtime().block_on(async {
            let mut connection = ConnectionConfig::udp();
            connection.port = resolver.port();
            let server = NameServerConfig::new(resolver.ip(), true, vec![connection]);
            let config = ResolverConfig::from_name_servers(vec![server]);
            let authenticator = MessageAuthenticator::new(config, ResolverOpts::default()).unwrap();
            let message = AuthenticatedMessage::parse(message).unwrap();
            let results = authenticator.verify_dkim(&message).await;
            assert_eq!(results.len(), 1, "one signature");
            results[0].result().clone()
        });
        assert_eq!(verdict, DkimResult::Pass);
    }
}

fn issue(pki: &Pki, name: &str) -> Credential {
    pki.issue(&[name], Signed::ByRoot, Dates::Current).unwrap()
}

/// Listeners at addresses of their own that share a port.
fn listeners(count: usize) -> (u16, Vec<TcpListener>) {
    let address = |at: usize| Ipv4Addr::new(127, 0, 61, u8::try_from(at + 1).unwrap());
    for _ in 0..100 {
        let first = TcpListener::bind((address(0), 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        let others: Result<Vec<_>, _> =
            (1..count).map(|at| TcpListener::bind((address(at), port))).collect();
        if let Ok(others) = others {
            return (port, core::iter::once(first).chain(others).collect());
        }
    }
    panic!("no port is free at {count} addresses");
}

fn wait(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < DEADLINE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The last day that is closed.
fn day() -> UtcDay {
    let past = UnixTime::now().as_secs() - 600;
    UtcDay::of(UnixTime::since_unix_epoch(Duration::from_secs(past))).previous()
}

/// An HTTPS server that keeps what is posted, and answers as it is told.
struct Https {
    port: u16,
    answers: Arc<Mutex<Vec<&'static str>>>,
    posts: Arc<Mutex<Vec<Posted>>>,
}

/// The head and the body of what was posted.
type Posted = (String, Vec<u8>);

impl Https {
    fn start(credential: &Credential) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let resolver = rustls::sign::SingleCertAndKey::from(credential.certified_key().unwrap());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answers, posts) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (answer, kept) = (Arc::clone(&answers), Arc::clone(&posts));
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = stream.set_read_timeout(Some(DEADLINE));
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let Some(post) = read_post(&mut stream) else { continue };
                kept.lock().unwrap().push(post);
                let status = answer.lock().unwrap().pop().unwrap_or("200 OK\r\n");
                let _ = stream
                    .write_all(format!("HTTP/1.1 {status}Content-Length: 0\r\n\r\n").as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self { port, answers, posts }
    }

    /// Answers so, in this order, and 200 to what comes after.
    fn will_answer(&self, statuses: &[&'static str]) {
        *self.answers.lock().unwrap() = statuses.iter().rev().copied().collect();
    }

    fn posts(&self) -> Vec<Posted> {
        self.posts.lock().unwrap().clone()
    }
}

fn read_post(stream: &mut impl Read) -> Option<Posted> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?;
        if bytes.len() == end + 4 + length.parse::<usize>().ok()? {
            return Some((head, bytes[end + 4..].to_vec()));
        }
    }
}

/// The report in a mail, read strictly.
fn report_of(mail: &Received) -> String {
    let reading = Reader::strict().read_mail(&mail.data).unwrap();
    assert_eq!(reading.reports.len(), 1);
    assert_eq!(reading.submitter.unwrap().as_ref(), "sender.example");
    reading.reports[0].as_ref().unwrap().report().to_json()
}

fn key_record() -> String {
    format!("v=DKIM1; k=rsa; s=tlsrpt; p={}", PUBLIC.trim())
}

/// A mail is signed, says what it must, and is read by others.
fn check_mail(world: &World, mail: &Received) {
    assert_eq!((mail.sender.as_str(), mail.recipients.len()), ("tls@sender.example", 1));
    assert!(mail.tls.is_some(), "TLS is used where it is offered");
    let text = String::from_utf8_lossy(&mail.data);
    let (header, _) = text.split_once("\r\n\r\n").unwrap();
    for field in ["TLS-Required: No\r\n", "TLS-Report-Submitter: sender.example\r\n"] {
        assert!(header.contains(field), "{header}");
    }
    world.verify(&mail.data);
    assert!(
        report_of(mail)
            .contains(r#""total-successful-session-count":1,"total-failure-session-count":1"#)
    );
    // Another reader's view of it.
    let other = TlsReport::parse_rfc5322(&mail.data, 1 << 20).unwrap();
    assert_eq!(other.organization_name.as_deref(), Some("Sender Ltd"));
    assert_eq!(other.policies.len(), 1);
    assert_eq!(other.policies[0].summary.total_failure, 1);
    assert_eq!(other.policies[0].failure_details.len(), 1);
}

/// What was posted is what was mailed.
fn check_post(world: &World, mailed: &str) {
    let posts = world.https.posts();
    let [(head, body)] = posts.as_slice() else { panic!("{} posts", posts.len()) };
    assert!(head.starts_with("POST /tls?x=1 HTTP/1.1\r\n"), "{head}");
    for field in [
        "Content-Type: application/tlsrpt+gzip",
        &format!("Host: collect.example:{}", world.https.port),
    ] {
        assert!(head.lines().any(|line| line == field), "{head}");
    }
    let document = Document::open(body).unwrap();
    assert_eq!(core::str::from_utf8(document.json()).unwrap(), mailed);
}

// checks: tlsrpt/D8, tlsrpt/M1, tlsrpt/M2, tlsrpt/M4, tlsrpt/M5, tlsrpt/H1, tlsrpt/F3
#[test]
fn reports_are_sent_once_to_every_address_signed() {
    let mut world = World::new("sent");
    world.publish_key("s1", &key_record());
    let https = format!("https://collect.example:{}/tls?x=1", world.https.port);
    world.mail_domain("a.example", "mx.example");
    let three = format!("v=TLSRPTv1; rua=mailto:one@b.example,mailto:two@b.example,{https}");
    world.domain("b.example", "mx.example", &three);
    world.record("b.example", &three);
    // Asked when it was counted, and does not ask any more.
    world.domain("gone.example", "mx.example", "v=TLSRPTv1; rua=mailto:old@gone.example");
    // Asks for another address now.
    world.domain("moved.example", "mx.example", "v=TLSRPTv1; rua=mailto:old@moved.example");
    world.record("moved.example", "v=TLSRPTv1; rua=mailto:new@moved.example");
    world.start();
    let output = world.run(&world.send_signed(&[]));
    expect(&output, 0, "a.example mailto:postmaster@a.example: delivered");

    let received = world.ledger.received();
    let to: BTreeSet<_> = received.iter().map(|mail| mail.recipients[0].as_str()).collect();
    let expected = ["new@moved.example", "one@b.example", "postmaster@a.example", "two@b.example"];
    assert_eq!(to, BTreeSet::from(expected));
    assert_eq!(received.len(), 4, "each once");
    received.iter().for_each(|mail| check_mail(&world, mail));
    // What is altered is not signed.
    let mut altered = received[0].data.clone();
    let at = altered.windows(18).position(|part| part == b"TLS-Report-Domain:").unwrap();
    altered[at + 19] ^= 1;
    let refused =
        std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| world.verify(&altered)));
    assert!(refused.is_err(), "the TLS-Report fields are covered");
    let mailed = received.iter().find(|mail| mail.recipients[0] == "one@b.example").unwrap();
    check_post(&world, &report_of(mailed));

    // However often it is started.
    for _ in 0..2 {
        expect(&world.run(&world.send_signed(&[])), 0, "");
    }
    assert_eq!((world.ledger.received().len(), world.https.posts().len()), (4, 1));
    let log = world.folder.path("log");
    let output = run(PROGRAM, &["log", "--log", &log]);
    expect(&output, 0, "mailto:two@b.example\tdelivered");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 5);
}

// checks: tlsrpt/R1, tlsrpt/R2
#[test]
fn a_killed_sender_goes_on_and_every_domain_has_one_report() {
    let mut world = World::new("killed");
    let domains: Vec<_> = (0..40).map(|number| format!("d{number}.example")).collect();
    for domain in &domains {
        world.mail_domain(domain, "mx.example");
    }
    world.start();
    let mut kills = 0;
    for goal in [1, 3, 8, 15, 25] {
        let (mut process, _lines) = world.spawn(&world.send_signed(&[]));
        let start = Instant::now();
        while world.ledger.received().len() < goal && process.0.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < DEADLINE);
            std::thread::sleep(Duration::from_millis(1));
        }
        kills += usize::from(process.0.try_wait().unwrap().is_none());
        process.0.kill().unwrap();
        process.0.wait().unwrap();
    }
    assert!(kills > 0, "it was never killed under way");
    expect(&world.run(&world.send_signed(&[])), 0, "");
    let mut mails: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for mail in world.ledger.received() {
        mails.entry(mail.recipients[0].clone()).or_default().push(mail.data);
    }
    assert_eq!(mails.len(), domains.len());
    for (to, copies) in &mails {
        // One that was taken just before a kill may come again, the very same.
        assert!(copies.iter().all(|copy| *copy == copies[0]), "{to} has two reports");
    }
    // No more than were under way when it was killed.
    let copies: usize = mails.values().map(Vec::len).sum();
    assert!(
        copies <= domains.len() + 64.min(domains.len()) * kills,
        "{copies} mails after {kills} kills"
    );
}

// checks: tlsrpt/H2, tlsrpt/R1
#[test]
fn what_fails_for_now_is_tried_again_for_a_day() {
    let mut world = World::new("later");
    let https = format!("v=TLSRPTv1; rua=https://collect.example:{}/", world.https.port);
    world.domain("https.example", "mx.example", &https);
    world.record("https.example", &https);
    world.mail_domain("down.example", "later.example");
    world.start();
    world.https.will_answer(&[
        "503 No\r\nRetry-After: 900\r\n",
        "302 Found\r\nLocation: https://x.example/\r\n",
    ]);
    let mut send = world.send_signed(&[]);
    world.run_until(&send, "down.example: to be tried again", 75);
    // Whether the post had its turn before the signal does not matter: it has one now, and neither is due.
    send.push("--follow".to_owned());
    if world.https.posts().is_empty() {
        world.run_until(&send, "to be tried again: status 503", 75);
    }
    assert_eq!(world.https.posts().len(), 1);
    let sessions = world.ledger.sessions().len();

    // The code of the reply is kept, not only that it failed.
    let code = "SELECT code FROM attempts WHERE kind = 'mail'";
    assert_eq!(world.number(code), 451);

    // 300 seconds on mail is tried again. The other server has asked for 900.
    world.pass(300);
    world.run_until(&send, "down.example: to be tried again", 75);
    assert_eq!(world.ledger.sessions().len(), sessions + 1);
    assert_eq!(world.https.posts().len(), 1);
    world.pass(600);
    world.run_until(&send, "to be tried again: status 302", 75);
    world.pass(600);
    world.run_until(&send, "delivered: status 200", 75);
    let posts = world.https.posts();
    assert!(posts.iter().all(|post| *post == posts[0]), "a retry sends the same bytes");
    assert_eq!(posts.len(), 3);

    // A day after the first attempt it is given up.
    world.pass(86_400);
    let output = world.run(&world.send_signed(&[]));
    expect(&output, 1, "down.example: given up (too-late)");
    expect(&world.run(&world.send_signed(&[])), 0, "");
    assert!(world.ledger.received().is_empty());
}

#[test]
fn a_signal_before_all_is_listed_leaves_work() {
    let mut world = World::new("unlisted");
    world.mail_domain("a.example", "mx.example");
    world.start();
    // A store that takes connections and says nothing: the first listing does not end.
    let store = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut send = world.send_signed(&[]);
    let port = store.local_addr().unwrap().port();
    send[1] = format!("postgres:host=127.0.0.1 port={port} user=x sslmode=disable");
    let (mut process, _lines) = world.spawn(&send);
    let _held = store.accept().unwrap();
    terminate(&process.0);
    assert_eq!(process.0.wait().unwrap().code(), Some(75));

    // One listing is made, and the last is not due yet.
    expect(&world.run(&world.send_signed(&[])), 0, "delivered");
    world.log().execute("UPDATE days SET listed = 1", []).unwrap();
    let (mut process, _lines) = world.spawn(&send);
    let _held = store.accept().unwrap();
    terminate(&process.0);
    assert_eq!(process.0.wait().unwrap().code(), Some(75));
}

// checks: tlsrpt/R2
#[test]
fn a_log_of_version_1_goes_on_and_nothing_is_made_twice() {
    let mut world = World::new("version");
    world.mail_domain("a.example", "mx.example");
    world.mail_domain("down.example", "later.example");
    world.start();
    world.run_until(&world.send_signed(&[]), "down.example: to be tried again", 75);
    // The delivery to a.example may have been under way.
    let before = "
        UPDATE deliveries SET state = 'delivered' WHERE domain = 'a.example';
        DROP TABLE domains;
        DROP INDEX deliveries_due;
        ALTER TABLE deliveries DROP COLUMN host;
        CREATE INDEX deliveries_due ON deliveries (due) WHERE state = 'open';
        UPDATE days SET listed = 0;
        ALTER TABLE days RENAME COLUMN listed TO complete;
        PRAGMA user_version = 1;";
    let seed = world.number("SELECT seed FROM settings");
    let made = world.ledger.received().len();
    world.log().execute_batch(before).unwrap();
    world.pass(300);
    // Another name of the node would give a report that is made again another id.
    let mut send = world.send_signed(&["--follow"]);
    drop(send.splice(0..0, ["--node".to_owned(), "another".to_owned()]));
    world.run_until(&send, "down.example: to be tried again", 75);
    assert_eq!(world.number("SELECT seed FROM settings"), seed);
    assert_eq!(world.number("SELECT count(*) FROM reports"), 2);
    assert_eq!(world.number("SELECT count(*) FROM attempts WHERE code = 451"), 2);
    assert_eq!(world.number("SELECT count(*) FROM deliveries WHERE host = 'down.example'"), 1);
    assert_eq!(world.ledger.received().len(), made);
}

// checks: tlsrpt/R1
#[test]
fn a_refusal_for_good_ends_one_address_and_not_the_others() {
    let mut world = World::new("refused");
    world.mail_domain("never-here.example", "never.example");
    world.mail_domain("fine.example", "mx.example");
    world.start();
    let output = world.run(&world.send_signed(&[]));
    expect(
        &output,
        1,
        "never-here.example mailto:postmaster@never-here.example: given up (refused)",
    );
    expect(&output, 1, "fine.example mailto:postmaster@fine.example: delivered");
    assert_eq!(world.ledger.received().len(), 1);
}

// checks: tlsrpt/S2
#[test]
fn first_attempts_are_spread_and_one_process_works_with_a_log() {
    let mut world = World::new("spread");
    world.mail_domain("a.example", "mx.example");
    world.start();
    let (key, log) = (world.folder.path("dkim.pem"), world.folder.path("log"));
    let send = |more: &[&str]| {
        let dkim = ["--dkim-key", &key, "--dkim-selector", "s1"];
        world.send(&[&dkim[..], more].concat())
    };
    expect(&world.run(&send(&["--attempt-limit", "0"])), 64, "--attempt-limit");
    // The seed decides when.
    let (process, _lines) = world.spawn(&send(&["--follow"]));
    wait("it is listed", || world.listed());
    let seed = world.number("SELECT seed FROM settings").cast_unsigned();
    let domain = "a.example".try_into().unwrap();
    let delivery = Delivery::new(&domain, day(), seed);
    let DeliveryAction::WaitUntil(expected) = delivery.action(day().end()) else { panic!() };
    let delay = expected.as_secs() - day().end().as_secs() - 600;
    assert!((1..=14_400).contains(&delay), "{delay}");
    if UnixTime::now().as_secs() < expected.as_secs() {
        assert_eq!(world.number("SELECT due FROM domains"), expected.as_secs().cast_signed());
        assert_eq!(world.number("SELECT count(*) FROM reports"), 0, "made when it is due");
    } else {
        wait("it is made", || world.number("SELECT count(*) FROM domains WHERE due IS NULL") == 1);
    }
    expect(&world.run(&send(&[])), 69, "in use by another process");
    drop(process);

    let bare = world.send(&[]);
    expect(&world.run(&bare), 64, "--dkim-key");
    expect(&world.run(&world.send(&["--relay-signs"])), 64, "--relay");
    fs::write(world.folder.0.join("bad.pem"), "no key").unwrap();
    let bad = world.folder.path("bad.pem");
    let output = world.run(&world.send(&["--dkim-key", &bad, "--dkim-selector", "s1"]));
    expect(&output, 66, "bad.pem");
    let output = world.run(&world.send(&["--dkim-key", &key, "--dkim-selector", "s 1"]));
    expect(&output, 64, "--dkim-selector");
    let counts = world.folder.path("counts");
    let mut arguments = send(&[]);
    let at = arguments.iter().position(|word| *word == log).unwrap();
    arguments[at] = counts;
    expect(&world.run(&arguments), 66, "not a log of this program");
}

// checks: tlsrpt/S2
#[test]
fn rfc8460_4_1_a_report_counts_what_is_saved_until_it_is_due() {
    let mut world = World::new("late");
    for domain in ["a.example", "b.example"] {
        world.mail_domain(domain, "mx.example");
    }
    let b = world.counted.pop().unwrap();
    world.start();
    // A day whose list is to be made, and in it a domain that is due in an hour.
    let log = world.folder.path("log");
    drop(SqliteTally::open(world.folder.path("none")).unwrap());
    let nothing = format!("sqlite:{}", world.folder.path("none"));
    let mut arguments = world.send_signed(&[]);
    arguments[1] = nothing;
    expect(&world.run(&arguments), 0, "");
    let later = UnixTime::now().as_secs().cast_signed() + 3_600;
    let add = "INSERT INTO domains (day, domain, due) VALUES (?1, 'a.example', ?2)";
    assert_eq!(world.log().execute(add, [i64::from(day().number()), later]).unwrap(), 1);
    world.log().execute("UPDATE days SET listed = 0", []).unwrap();
    let (process, _lines) = world.spawn(&world.send_signed(&["--follow"]));
    wait("it is listed", || world.listed());
    drop(process);
    assert_eq!(world.number("SELECT count(*) FROM reports"), 0);

    // A node that could not save comes back, and has counted for a domain that nobody else knows.
    world.counted.push(b);
    world.count("mx2");
    world.log().execute("UPDATE domains SET due = 0", []).unwrap();
    world.log().execute("UPDATE days SET listed = 1", []).unwrap();
    expect(&world.run(&world.send_signed(&[])), 0, "delivered");
    let received = world.ledger.received();
    let report = |to: &str| {
        let mail = received.iter().find(|mail| mail.recipients[0] == format!("postmaster@{to}"));
        report_of(mail.unwrap_or_else(|| panic!("nothing for {to}")))
    };
    let sessions = |count| {
        format!(r#""total-successful-session-count":{count},"total-failure-session-count":{count}"#)
    };
    assert!(report("a.example").contains(&sessions(2)), "both nodes");
    assert!(report("b.example").contains(&sessions(1)));
    assert_eq!(received.len(), 2, "each once; {log}");
}

// checks: tlsrpt/R1
#[test]
fn a_receiver_that_says_nothing_holds_up_nobody() {
    let mut world = World::new("silent");
    let silent = Data::Mx { preference: 10, host: "silent.example".to_owned() };
    world.zones.as_mut().unwrap().add("slow.example", silent).unwrap();
    for number in 0..300 {
        let (domain, record) = (
            format!("d{number:03}.example"),
            format!("v=TLSRPTv1; rua=mailto:r{number}@slow.example"),
        );
        world.record(&domain, &record);
        world.counted.push((domain, record));
    }
    world.mail_domain("down.example", "later.example");
    world.mail_domain("zz.example", "mx.example");
    world.start();
    // It is the last of the list, and the longest due come first.
    let send = world.send_signed(&[]);
    let (process, _lines) = world.spawn(&send);
    wait("all are listed", || world.listed());
    wait("all are made", || {
        world.number("SELECT count(*) FROM domains WHERE due IS NOT NULL") == 0
    });
    wait("one is delivered", || {
        world.number("SELECT count(*) FROM deliveries WHERE state = 'delivered'") == 1
    });
    drop(process);
    assert_eq!(world.ledger.received()[0].recipients, ["postmaster@zz.example"]);
    assert_eq!(world.number("SELECT count(*) FROM deliveries WHERE state = 'open'"), 301);

    // What becomes due while others hang is begun then.
    let due = UnixTime::now().as_secs().cast_signed() + 2;
    let set = "UPDATE deliveries SET due = ?1 WHERE domain = 'down.example'";
    assert_eq!(world.log().execute(set, [due]).unwrap(), 1);
    world.run_to(&send, "down.example mailto:postmaster@down.example: to be tried again");

    // And an attempt has an end.
    let send = world.send_signed(&["--attempt-limit", "1"]);
    world.run_to(&send, "slow.example: to be tried again: no end after 1 seconds");
}

#[test]
fn domains_whose_dns_is_dead_do_not_wait_for_each_other() {
    let mut world = World::new("dead");
    for number in 0..20 {
        world.mail_domain(&format!("d{number:02}.example"), "mx.example");
    }
    world.start();
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    dead.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut send = world.send_signed(&[]);
    let at = send.iter().position(|word| *word == world.resolver().to_string()).unwrap();
    send[at] = dead.local_addr().unwrap().to_string();
    let (_process, _lines) = world.spawn(&send);
    let (mut asked, mut question) = (BTreeSet::new(), [0; 1_500]);
    let start = Instant::now();
    while asked.len() < 20 {
        assert!(start.elapsed() < DEADLINE);
        let length = dead.recv(&mut question).unwrap();
        let label = question[..length].windows(4).find(|part| part.starts_with(b"\x03d"));
        asked.extend(label.map(<[u8]>::to_vec));
    }
    assert_eq!(world.number("SELECT count(*) FROM reports"), 0, "none is answered");
}

#[test]
fn an_acceptance_is_noted_though_nobody_reads_along() {
    let mut world = World::new("closed");
    for domain in ["a.example", "b.example", "c.example"] {
        world.mail_domain(domain, "mx.example");
    }
    world.start();
    for _ in 0..2 {
        let (mut process, lines) = world.spawn(&world.send_signed(&[]));
        drop(lines);
        assert_eq!(process.0.wait().unwrap().code(), Some(0));
        assert_eq!(world.ledger.received().len(), 3, "each once");
    }
    let mut log = Command::new(PROGRAM)
        .args(["log", "--log", &world.folder.path("log")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(log.stdout.take());
    let output = log.wait_with_output().unwrap();
    expect(&output, 0, "");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

// checks: tlsrpt/H3
#[test]
fn rfc8460_3_who_is_not_whom_the_address_names_gets_nothing() {
    let mut world = World::new("name");
    world.zones.as_mut().unwrap().add("other.example", Data::A(Ipv4Addr::LOCALHOST)).unwrap();
    let record = format!("v=TLSRPTv1; rua=https://other.example:{}/", world.https.port);
    world.domain("a.example", "mx.example", &record);
    world.record("a.example", &record);
    world.start();
    world.run_to(&world.send_signed(&[]), "a.example https://other.example");
    assert_eq!(world.number("SELECT count(*) FROM deliveries WHERE state = 'open'"), 1);
    assert!(world.https.posts().is_empty());
}

// checks: tlsrpt/D8
#[test]
fn rfc8460_3_a_report_that_one_address_has_taken_is_not_given_up() {
    let mut world = World::new("either");
    world.mail_domain("never-here.example", "never.example");
    let refused = world.counted.pop().unwrap();
    let both = "v=TLSRPTv1; rua=mailto:x@never-here.example,mailto:postmaster@both.example";
    world.domain("both.example", "mx.example", both);
    world.record("both.example", both);
    world.start();
    let output = world.run(&world.send_signed(&[]));
    expect(&output, 0, "mailto:x@never-here.example: given up (refused)");
    expect(&output, 0, "mailto:postmaster@both.example: delivered");
    assert!(refused.1.contains("never-here.example"));
}

#[test]
fn a_relay_takes_all_mail_and_may_sign_it() {
    let mut world = World::new("relay");
    // Nobody could find these hosts by themselves.
    for domain in ["a.example", "b.example"] {
        world.mail_domain(domain, "nowhere.example");
    }
    world.start();
    let relay = format!("127.0.61.1:{}", world.port);
    let output = world.run(&world.send(&["--at-once", "--relay", &relay, "--relay-signs"]));
    expect(&output, 0, "b.example mailto:postmaster@b.example: delivered");
    let received = world.ledger.received();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|mail| mail.data.starts_with(b"From: <tls@sender.example>\r\n")));
}

// checks: tlsrpt/M5
#[test]
fn an_ed25519_key_signs_as_well() {
    let mut world = World::new("ed25519");
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    fs::write(world.folder.0.join("ed.pem"), pair.serialize_pem()).unwrap();
    let public = STANDARD.encode(pair.public_key_raw());
    world.publish_key("ed", &format!("v=DKIM1; k=ed25519; s=tlsrpt; p={public}"));
    world.mail_domain("a.example", "mx.example");
    world.start();
    let key = world.folder.path("ed.pem");
    let output =
        world.run(&world.send(&["--at-once", "--dkim-key", &key, "--dkim-selector", "ed"]));
    expect(&output, 0, "delivered");
    world.verify(&world.ledger.received()[0].data);
}

// checks: tlsrpt/S1, tlsrpt/F1, tlsrpt/F2
#[test]
fn a_days_reports_as_files() {
    let mut world = World::new("files");
    for domain in ["a.example", "b.example", "c.example"] {
        world.mail_domain(domain, "mx.example");
    }
    world.start();
    let store = world.folder.store();
    let files = |format: &str, more: &[&str]| {
        let to = world.folder.path(format);
        let common =
            ["--store", &store, "--organization", "Sender Ltd", "--contact", "tls@sender.example"];
        let these = ["files", "--to", &to, "--format", format];
        expect(&run(PROGRAM, &[&common[..], &these, more].concat()), 0, "3 files");
        let read = fs::read_dir(to).unwrap().flatten();
        read.map(|entry| {
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect::<BTreeMap<_, _>>()
    };
    for format in ["json", "gzip"] {
        let first = files(format, &[]);
        assert_eq!(first.len(), 3);
        for (name, bytes) in &first {
            let name: FileName = name.parse().unwrap();
            let document = Document::open(bytes).unwrap();
            let reading = Reader::strict().read(&document).unwrap();
            assert_eq!(reading.report().window().start(), name.begin);
            assert_eq!(reading.report().window().as_day(), Some(day()));
        }
        assert_eq!(files(format, &["--day", &day().to_string()]), first, "the same again");
    }
    let key = world.folder.path("dkim.pem");
    let mails = files("mail", &["--dkim-key", &key, "--dkim-selector", "s1"]);
    for (name, bytes) in &mails {
        assert!(name.ends_with(".json.gz.1.eml"), "{name}");
        assert!(bytes.starts_with(b"DKIM-Signature: "));
        assert_eq!(Reader::strict().read_mail(bytes).unwrap().reports.len(), 1);
    }
    let arguments = ["--store", &store, "files", "--to", "x"];
    expect(&run(PROGRAM, &arguments), 64, "--organization");
    let _ = &world.pki;
}

/// The reports of a store as JSON files, by name.
fn files_of(folder: &Folder, to: &str, more: &[&str]) -> (Output, BTreeMap<String, String>) {
    let (store, to) = (folder.store(), folder.path(to));
    let these = ["--store", &store, "--organization", "o", "--contact", "tls@sender.example"];
    let output =
        run(PROGRAM, &[&these[..], more, &["files", "--format", "json", "--to", &to]].concat());
    let read = fs::read_dir(to).into_iter().flatten().flatten();
    let files = read.map(|entry| {
        let bytes = fs::read_to_string(entry.path()).unwrap();
        (entry.file_name().into_string().unwrap(), bytes)
    });
    let files = files.collect();
    (output, files)
}

// checks: tlsrpt/J5
#[test]
fn rfc8460_4_4_hosts_with_counts_of_their_own_have_report_ids_of_their_own() {
    let mut world = World::new("ids");
    world.mail_domain("a.example", "mx.example");
    world.start();
    let files = |to, more: &[&str]| {
        let (output, files) = files_of(&world.folder, to, more);
        expect(&output, 0, "1 files");
        files
    };
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let (unnamed, named) = (files("unnamed", &[]), files("named", &["--node", host.trim()]));
    assert_eq!(unnamed, named);
    let other = files("other", &["--node", "another"]);
    assert_ne!(unnamed.keys().next(), other.keys().next());
    assert_ne!(unnamed.values().next(), other.values().next());
    let none = files("none", &["--node", ""]);
    assert_ne!(unnamed.keys().next(), none.keys().next());
    let long = "a".repeat(256);
    expect(&files_of(&world.folder, "x", &["--node", &long]).0, 64, "--node");
}

#[test]
fn a_mistyped_store_is_an_error_and_no_store_in_which_nothing_was_counted() {
    let mut world = World::new("typo");
    world.mail_domain("a.example", "mx.example");
    world.start();
    let absent = world.folder.path("cuonts");
    let mut send = world.send_signed(&[]);
    send[1] = format!("sqlite:{absent}");
    expect(&world.run(&send), 66, "cuonts");
    let files = ["files", "--to", &world.folder.path("to")].map(str::to_owned);
    expect(&world.run(&[&send[..6], &files].concat()), 66, "cuonts");
    assert!(!fs::exists(absent).unwrap());
    // Nothing is noted of the day: with the right name it is reported on.
    expect(&world.run(&world.send_signed(&[])), 0, "delivered");
}

// checks: tlsrpt/F1
#[test]
fn rfc8460_5_1_long_domains_have_files_and_so_have_those_behind_them() {
    let mut world = World::new("long");
    let label = "a".repeat(63);
    let domain = |last: usize| format!("{label}.{label}.{label}.{}.example", "b".repeat(last));
    // Names of files of 252, 255, 256 octets and more.
    let domains = [1, 4, 5, 30, 50].map(domain);
    let domains: Vec<_> = domains.into_iter().chain(["z.example".to_owned()]).collect();
    let record = "v=TLSRPTv1; rua=mailto:r@z.example".to_owned();
    world.counted = domains.iter().map(|domain| (domain.clone(), record.clone())).collect();
    world.start();
    let (output, files) = files_of(&world.folder, "to", &[]);
    expect(&output, 0, "6 files");
    assert_eq!(files.len(), 6, "and no half of one");
    for domain in &domains {
        let named = format!("\"policy-domain\":\"{domain}\"");
        assert_eq!(files.values().filter(|json| json.contains(&named)).count(), 1, "{domain}");
    }
    assert_eq!(files.keys().map(String::len).max(), Some(255));
    // What is in the way of one file does not keep the others from being written.
    let first = files.keys().find(|name| name.contains(".b.example!")).unwrap();
    fs::create_dir_all(world.folder.0.join("again").join(first).join("x")).unwrap();
    let to = world.folder.path("again");
    let store = world.folder.store();
    let these = ["--store", &store, "--organization", "o", "--contact", "tls@sender.example"];
    let output = run(PROGRAM, &[&these[..], &["files", "--format", "json", "--to", &to]].concat());
    expect(&output, 73, "not all files");
    expect(&output, 73, "5 files");
    assert_eq!(fs::read_dir(to).unwrap().count(), 6, "and no half of one");
}

// checks: tlsrpt/M5
#[test]
#[ignore = "needs python3-dkim"]
fn dkimpy_takes_the_signature_as_that_of_a_tls_report() {
    let mut world = World::new("dkimpy");
    world.publish_key("s1", &key_record());
    world.mail_domain("a.example", "mx.example");
    world.start();
    expect(&world.run(&world.send_signed(&[])), 0, "delivered");
    fs::write(world.folder.0.join("mail"), &world.ledger.received()[0].data).unwrap();
    // 'strict' wants the service type tlsrpt in the key.
    let script = "
import sys, dkim, dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = [sys.argv[2]], int(sys.argv[3])
def txt(name, timeout=5):
    answer = resolver.resolve(name.decode().rstrip('.'), 'TXT')
    return b''.join(answer[0].strings)
mail = open(sys.argv[1], 'rb').read()
assert dkim.verify(mail, dnsfunc=txt, tlsrpt='strict'), 'not verified'
altered = mail.replace(b'TLS-Report-Submitter: s', b'TLS-Report-Submitter: x')
assert altered != mail and not dkim.verify(altered, dnsfunc=txt, tlsrpt='strict'), 'altered and verified'
print('verified')
";
    let resolver = world.resolver();
    let (ip, port) = (resolver.ip().to_string(), resolver.port().to_string());
    let mail = world.folder.path("mail");
    let output = run("/usr/bin/python3", &["-c", script, &mail, &ip, &port]);
    expect(&output, 0, "verified");
}
