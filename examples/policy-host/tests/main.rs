//! The real program on loopback, with certificates made here.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

mod live;

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use mta_sts::publish::content_id;
use mta_sts::{FetchError, PolicyBody, PolicyDomain};
use pki_types::{CertificateDer, ServerName};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use smtp_tls::FetchPolicy;
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::resolve::{
    Answer, Judged, Kind, LookUp, LookUpError, Outcome, Question, Record, Security,
};

const POLICY: &str =
    "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmax_age: 1209600\r\n";

/// Who issues the certificates of a test.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// Chain and key for this host, as PEM.
    fn pem(&self, host: &str) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        leaf.pem() + &key.serialize_pem()
    }
}

/// The folders of a policy host, removed at the end.
struct Folders {
    root: PathBuf,
    authority: Authority,
}

impl Folders {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("policy-host-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        for folder in ["policies", "certificates"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        let authority = Authority::new();
        std::fs::write(root.join("roots.pem"), authority.certificate.pem()).unwrap();
        Self { root, authority }
    }

    fn policy(&self, domain: &str, body: &str) {
        self.write(&format!("policies/{domain}.txt"), body);
    }

    fn certificate(&self, domain: &str) {
        let pem = self.authority.pem(&format!("mta-sts.{domain}"));
        self.write(&format!("certificates/{domain}.pem"), &pem);
    }

    /// Writes beside and moves, as one should.
    fn write(&self, path: &str, content: &str) {
        let (new, path) = (self.root.join("new"), self.root.join(path));
        std::fs::write(&new, content).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-host"));
        for option in ["policies", "certificates"] {
            command.arg(format!("--{option}")).arg(self.root.join(option));
        }
        command.arg("--roots").arg(self.root.join("roots.pem")).args(more);
        command
    }

    fn check(&self) -> (Option<i32>, String) {
        self.check_with(&[])
    }

    fn check_with(&self, more: &[&str]) -> (Option<i32>, String) {
        let options = [&["--check"], more].concat();
        let Output { status, stdout, .. } = self.command(&options).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.authority.certificate.der().to_vec())).unwrap();
        roots
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// The program, running. Dropping it ends it.
struct Host {
    process: Child,
    lines: std::sync::mpsc::Receiver<String>,
    port: u16,
    roots: RootCertStore,
}

impl Host {
    fn start(folders: &Folders, more: &[&str]) -> Self {
        let options = [&["--listen", "127.0.0.1:0"], more].concat();
        let mut process = folders.command(&options).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|l| sender.send(l))
        });
        let mut host = Self { process, lines, port: 0, roots: folders.roots() };
        let line = host.wait_for("listening on ");
        host.port = line.rsplit(':').next().unwrap().parse().unwrap();
        host
    }

    /// The next line that begins so.
    fn wait_for(&self, start: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60)).expect(start);
            if line.starts_with(start) {
                return line;
            }
        }
    }

    async fn fetch(&self, domain: &str) -> Result<PolicyBody, FetchError> {
        let provider = Arc::new(ring::default_provider());
        let connector = Connector::new(provider, self.roots.clone()).unwrap();
        let fetch = HttpsFetch::new(Loopback, &connector).danger_port(self.port);
        fetch.fetch(&domain.parse::<PolicyDomain>().unwrap()).await
    }

    async fn body(&self, domain: &str) -> String {
        let body = self.fetch(domain).await.unwrap();
        String::from_utf8(body.as_bytes().to_vec()).unwrap()
    }

    /// The bytes that come back for these, and the connection's certificate.
    fn exchange(&self, name: &str, request: &[u8]) -> std::io::Result<(String, Vec<u8>)> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut sealed = rustls::Stream::new(&mut connection, &mut stream);
        sealed.write_all(request)?;
        sealed.flush()?;
        let mut response = Vec::new();
        sealed.read_to_end(&mut response)?;
        let leaf = connection.peer_certificates().unwrap()[0].to_vec();
        Ok((String::from_utf8(response).unwrap(), leaf))
    }

    fn response(&self, method: &str, path: &str, host: &str) -> String {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        self.exchange("mta-sts.one.example", request.as_bytes()).unwrap().0
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Every name is here.
struct Loopback;

impl LookUp for Loopback {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let outcome = match question.kind {
            Kind::A => Outcome::Records(vec![Record::A(Ipv4Addr::LOCALHOST)]),
            _ => Outcome::NoData,
        };
        let (security, judged) = (Security::Insecure, Judged::AsAWhole);
        Ok(Answer { outcome, security, chain: Vec::new(), judged })
    }
}

const PATH: &str = "/.well-known/mta-sts.txt";

// checks: mta-sts/H02
#[tokio::test]
async fn rfc8461_3_3_senders_fetch_the_policies_of_many_domains() {
    let folders = Folders::new("many");
    for number in 0..20 {
        let domain = format!("d{number}.example");
        folders.policy(&domain, &POLICY.replace("mx1", &format!("mx{number}")));
        folders.certificate(&domain);
    }
    let host = Host::start(&folders, &[]);
    for number in [0, 7, 19] {
        let body = host.body(&format!("D{number}.example")).await;
        assert_eq!(body, POLICY.replace("mx1", &format!("mx{number}")));
    }
    // Section 7.1: a name that is not ours gets no handshake.
    assert_eq!(host.fetch("other.example").await, Err(FetchError::ConnectionFailed));
    assert!(host.exchange("d1.example", b"GET / HTTP/1.1\r\n\r\n").is_err());
}

// checks: mta-sts/H02
#[test]
fn h02_one_path_with_200_and_nothing_else_and_no_redirect() {
    let folders = Folders::new("path");
    for domain in ["one.example", "two.example"] {
        folders.policy(domain, POLICY);
        folders.certificate(domain);
    }
    let host = Host::start(&folders, &[]);
    let own = "mta-sts.one.example";
    let found = host.response("GET", PATH, own);
    assert!(found.starts_with("HTTP/1.1 200 OK\r\n"), "{found}");
    assert!(found.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n"), "{found}");
    assert!(found.ends_with(&format!("\r\n\r\n{POLICY}")), "{found}");
    let head = host.response("HEAD", PATH, own);
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", POLICY.len())), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    for (method, path, name, status) in [
        ("GET", "/", own, 404),
        ("GET", "/.well-known/mta-sts.txt/", own, 404),
        ("GET", "/.well-known/../.well-known/mta-sts.txt", own, 404),
        ("POST", PATH, own, 405),
        // Another of our domains, by a connection for the first one.
        ("GET", PATH, "mta-sts.two.example", 421),
        ("GET", PATH, "", 421),
    ] {
        let response = host.response(method, path, name);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert!(!response.contains("Location"), "{response}");
    }
    let raw = |request: &[u8]| host.exchange(own, request).unwrap().0;
    assert!(raw(b"GET\r\n\r\n").starts_with("HTTP/1.1 400 "));
    let long = format!("GET {PATH} HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(9_000));
    assert!(raw(long.as_bytes()).starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn files_are_read_again_and_a_broken_one_leaves_what_was_good() {
    let folders = Folders::new("reload");
    for domain in ["one.example", "two.example"] {
        folders.policy(domain, POLICY);
        folders.certificate(domain);
    }
    let host = Host::start(&folders, &[]);
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: mta-sts.one.example\r\n\r\n");
    let certificate = || host.exchange("mta-sts.one.example", request.as_bytes()).unwrap().1;
    let (first, changed) = (certificate(), POLICY.replace("enforce", "testing"));

    folders.policy("one.example", &changed);
    host.wait_for("notice: one.example: mode-testing: ");
    host.wait_for("reloaded");
    assert_eq!(host.body("one.example").await, changed);
    assert_eq!(host.body("two.example").await, POLICY);

    folders.policy("one.example", "<html>");
    host.wait_for("error: one.example: policy-invalid: ");
    host.wait_for("reloaded");
    assert_eq!(host.body("one.example").await, changed);

    folders.write("certificates/one.example.pem", "half of a file");
    host.wait_for("error: one.example: certificate-unusable: ");
    host.wait_for("reloaded");
    assert_eq!(certificate(), first);
    folders.certificate("one.example");
    host.wait_for("reloaded");
    assert_ne!(certificate(), first);

    folders.certificate("three.example");
    folders.policy("three.example", POLICY);
    host.wait_for("record: _mta-sts.three.example. ");
    host.wait_for("reloaded");
    assert_eq!(host.body("three.example").await, POLICY);

    std::fs::remove_file(folders.root.join("policies/one.example.txt")).unwrap();
    host.wait_for("warning: one.example: no-policy: ");
    host.wait_for("reloaded");
    assert_eq!(host.fetch("one.example").await, Err(FetchError::Status(404)));
    std::fs::remove_file(folders.root.join("certificates/one.example.pem")).unwrap();
    host.wait_for("reloaded");
    assert_eq!(host.fetch("one.example").await, Err(FetchError::ConnectionFailed));
    assert_eq!(host.body("two.example").await, POLICY);
}

// checks: mta-sts/H06
#[test]
fn h06_a_check_prints_what_is_wrong() {
    let folders = Folders::new("check");
    folders.policy("one.example", POLICY);
    folders.certificate("one.example");
    let (code, out) = folders.check();
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("record: _mta-sts.one.example. TXT \"v=STSv1; id="), "{out}");
    assert_eq!(out.lines().count(), 1, "{out}");

    folders.policy("short.example", &POLICY.replace("1209600", "600"));
    folders.certificate("short.example");
    let (code, out) = folders.check();
    assert_eq!(code, Some(0), "a warning is no error: {out}");
    assert!(out.contains("warning: short.example: max-age-short: "), "{out}");

    // The first by its name is served, and the other is named.
    folders.policy("One.example", &POLICY.replace("mx1", "mx2"));
    folders.policy("one.example.", POLICY);
    let (code, out) = folders.check();
    assert_eq!(code, Some(1), "{out}");
    for file in ["one.example.txt", "one.example..txt"] {
        let found = format!("error: one.example: duplicate-domain: {file} is for this domain too");
        assert!(out.contains(&found), "{out}");
    }
    let id = content_id(&POLICY.replace("mx1", "mx2"));
    assert!(out.contains(&format!("_mta-sts.one.example. TXT \"v=STSv1; id={id};\"")), "{out}");

    let broken: [(&str, &dyn Fn(), &str); 7] = [
        (
            "a policy that is none",
            &|| folders.policy("a.example", "x"),
            "a.example: policy-invalid",
        ),
        ("no certificate", &|| folders.policy("b.example", POLICY), "b.example: no-certificate"),
        ("no domain", &|| folders.policy("c..example", POLICY), "c..example: no-domain"),
        (
            "too large",
            &|| folders.policy("d.example", &"a".repeat(65_537)),
            "d.example: unreadable",
        ),
        (
            "another name",
            &|| {
                let pem = folders.authority.pem("e.example");
                folders.write("certificates/e.example.pem", &pem);
            },
            "e.example: certificate-refused: senders refuse the certificate: it does not name the host",
        ),
        (
            "an unknown root",
            &|| {
                let pem = Authority::new().pem("mta-sts.f.example");
                folders.write("certificates/f.example.pem", &pem);
            },
            "f.example: certificate-refused: senders refuse the certificate: it does not chain",
        ),
        (
            "a key of another certificate",
            &|| {
                let [one, other] = [(); 2].map(|()| folders.authority.pem("mta-sts.g.example"));
                let chain = one.split("-----BEGIN PRIVATE").next().unwrap();
                let key = other.find("-----BEGIN PRIVATE").map(|at| &other[at..]).unwrap();
                folders.write("certificates/g.example.pem", &format!("{chain}{key}"));
            },
            "g.example: certificate-unusable",
        ),
    ];
    for (what, break_it, expected) in broken {
        break_it();
        let (code, out) = folders.check();
        assert_eq!(code, Some(1), "{what}: {out}");
        assert!(out.contains(&format!("error: {expected}")), "{what}: {out}");
    }
}

#[test]
fn a_folder_that_is_missing_ends_the_program() {
    let folders = Folders::new("missing");
    std::fs::remove_dir(folders.root.join("policies")).unwrap();
    assert_eq!(folders.check().0, Some(66));
    let path = Path::new("nowhere");
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-host"));
    let status = command.arg("--policies").arg(path).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(64));
}

#[tokio::test]
async fn who_is_slow_is_cut_off_and_gives_way() {
    let folders = Folders::new("slow");
    folders.policy("one.example", POLICY);
    folders.certificate("one.example");
    let host = Host::start(&folders, &["--time-limit", "2", "--connections", "3"]);
    // Three that say nothing take all the room, until they are cut off.
    let idle: Vec<_> =
        (0..3).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, host.port)).unwrap()).collect();
    assert_eq!(host.body("one.example").await, POLICY);
    for mut stream in idle {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0, "it is closed");
    }
    // A request that does not end.
    let response = host.exchange("mta-sts.one.example", b"GET / HTTP/1.1\r\n").unwrap().0;
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
}
