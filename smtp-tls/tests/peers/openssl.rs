//! The TLS of OpenSSL: `openssl s_server` behind a dialogue in clear that is scripted here, and so is
//! the one inside TLS, over its standard input and output.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};

use pki_types::CertificateDer;
use smtp_tls::attempt::Assurance;
use smtp_tls::report::Report;

use super::keys;
use super::letter::{To, connection, delivered, eight_bit, failure, send};
use super::machine::Folder;
use super::one_host::Need;

/// The process of OpenSSL, which ends when this is dropped.
struct TlsServer {
    process: Child,
    port: u16,
}

impl TlsServer {
    fn start(folder: &Path, options: &[&str]) -> (Self, ChildStdin, BufReader<ChildStdout>) {
        let mut process = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1"])
            .args(["-cert", "chain.pem", "-key", "key.pem"])
            .args(options)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs openssl");
        let mut out = BufReader::new(process.stdout.take().unwrap());
        // It says where it listens: `ACCEPT 127.0.0.1:34567`.
        let port = loop {
            let mut line = String::new();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "openssl does not start");
            if let Some(address) = line.strip_prefix("ACCEPT ") {
                break address.trim().rsplit_once(':').unwrap().1.parse().unwrap();
            }
        };
        let input = process.stdin.take().unwrap();
        (Self { process, port }, input, out)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The mail server made of both.
struct Server {
    port: u16,
    inside: JoinHandle<Option<Vec<u8>>>,
    relay: JoinHandle<()>,
    _tls: TlsServer,
}

impl Server {
    fn start(folder: &Path, options: &[&str]) -> Self {
        let (tls, input, output) = TlsServer::start(folder, options);
        let inside = thread::spawn(move || dialogue(input, output));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = tls.port;
        let relay = thread::spawn(move || in_clear(&listener.accept().unwrap().0, behind));
        Self { port, inside, relay, _tls: tls }
    }

    /// The message, if one came.
    fn taken(self) -> Option<Vec<u8>> {
        self.relay.join().unwrap();
        drop(self._tls);
        self.inside.join().unwrap()
    }
}

/// Speaks in clear up to the 220 to STARTTLS, and from there on hands every octet over.
fn in_clear(client: &TcpStream, port: u16) {
    let (mut from, mut to) = (client, client);
    let mut says = |octets: &[u8], then: &[u8]| {
        to.write_all(octets).unwrap();
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            let mut octet = [0];
            assert_eq!(from.read(&mut octet).unwrap(), 1, "the client left");
            line.push(octet[0]);
        }
        assert!(line.starts_with(then), "{}", line.escape_ascii());
    };
    says(b"220 mx.peer.test ESMTP\r\n", b"EHLO ");
    says(b"250-mx.peer.test\r\n250 STARTTLS\r\n", b"STARTTLS\r\n");
    to.write_all(b"220 go\r\n").unwrap();
    let tls = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (back, forth) = (tls.try_clone().unwrap(), client.try_clone().unwrap());
    let other_way = thread::spawn(move || pour(back, forth));
    pour(client.try_clone().unwrap(), tls);
    other_way.join().unwrap();
}

fn pour(mut from: TcpStream, mut to: TcpStream) {
    // Either end closing is how a relay ends.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Speaks inside TLS, and gives the message as it came, if one did.
fn dialogue(mut to: ChildStdin, mut from: BufReader<ChildStdout>) -> Option<Vec<u8>> {
    let mut message = None;
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line).unwrap() == 0 {
            return message;
        }
        let reply: &[u8] = match line.get(..4).unwrap_or_default() {
            b"EHLO" => b"250-mx.peer.test\r\n250 8BITMIME\r\n",
            b"MAIL" | b"RCPT" | b"RSET" => b"250 ok\r\n",
            b"DATA" => {
                to.write_all(b"354 go\r\n").unwrap();
                message = Some(data(&mut from));
                b"250 taken\r\n"
            }
            b"QUIT" => return message,
            // OpenSSL itself, on the session.
            _ => continue,
        };
        to.write_all(reply).unwrap();
    }
}

fn data(from: &mut BufReader<ChildStdout>) -> Vec<u8> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        assert_ne!(from.read_until(b'\n', &mut line).unwrap(), 0, "cut off: {}", message.len());
        match line.strip_prefix(b".") {
            Some(b"\r\n") => return message,
            Some(unstuffed) => message.extend(unstuffed),
            None => message.extend(line),
        }
    }
}

struct Peer {
    folder: Folder,
    root: CertificateDer<'static>,
}

impl Peer {
    fn new() -> Self {
        let folder = Folder::new();
        let root = keys::write(folder.path());
        Self { folder, root }
    }

    async fn deliver(&self, options: &[&str], need: Need) -> (Report, Option<Vec<u8>>) {
        let server = Server::start(self.folder.path(), options);
        let recipients = ["a".to_owned()];
        let to = To { port: server.port, root: &self.root, need, recipients: &recipients };
        let report = send(to, &eight_bit()).await;
        (report, server.taken())
    }

    async fn taken(&self, options: &[&str], version: &str, suite: &str) {
        let (report, message) = self.deliver(options, Need::Authenticate).await;
        assert_eq!(delivered(&report, 0), Assurance::Pkix, "{options:?}");
        assert!(message == Some(eight_bit()), "{options:?}: the message came changed");
        let tls = connection(&report).tls.as_ref().unwrap();
        assert_eq!((tls.version.as_str(), tls.cipher_suite.as_str()), (version, suite));
    }
}

const TLS13: (&str, &str) = ("TLSv1.3", "TLS13_AES_256_GCM_SHA384");

#[tokio::test]
#[ignore = "needs openssl"]
async fn each_version_and_cipher_suite_is_spoken_and_noted() {
    let peer = Peer::new();
    peer.taken(&["-tls1_3"], TLS13.0, TLS13.1).await;
    for (option, suite) in [
        ("TLS_AES_128_GCM_SHA256", "TLS13_AES_128_GCM_SHA256"),
        ("TLS_CHACHA20_POLY1305_SHA256", "TLS13_CHACHA20_POLY1305_SHA256"),
    ] {
        peer.taken(&["-tls1_3", "-ciphersuites", option], "TLSv1.3", suite).await;
    }
    for (option, suite) in [
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ] {
        peer.taken(&["-tls1_2", "-cipher", option], "TLSv1.2", suite).await;
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn tickets_make_no_difference() {
    let peer = Peer::new();
    for options in [
        &["-tls1_3", "-num_tickets", "0"][..],
        &["-tls1_3", "-num_tickets", "8"],
        &["-tls1_3", "-no_ticket"],
    ] {
        peer.taken(options, TLS13.0, TLS13.1).await;
    }
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    peer.taken(&["-tls1_2", "-no_ticket"], "TLSv1.2", suite).await;
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn a_second_hello_small_records_and_padding_are_understood() {
    let peer = Peer::new();
    for options in [
        &["-tls1_3", "-groups", "P-384"][..],
        &["-tls1_3", "-max_send_frag", "512"],
        &["-tls1_3", "-record_padding", "4096"],
    ] {
        peer.taken(options, TLS13.0, TLS13.1).await;
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn a_certificate_that_is_wanted_is_not_given_and_one_that_is_demanded_ends_it() {
    let peer = Peer::new();
    peer.taken(&["-tls1_3", "-verify", "1"], TLS13.0, TLS13.1).await;
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    peer.taken(&["-tls1_2", "-verify", "1"], "TLSv1.2", suite).await;
    for version in ["-tls1_2", "-tls1_3"] {
        let (report, message) = peer.deliver(&[version, "-Verify", "1"], Need::Encrypt).await;
        assert_eq!(failure(&report), "tls-failed", "{version}: {report:?}");
        assert_eq!(message, None);
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn what_is_too_old_or_for_another_is_refused() {
    let peer = Peer::new();
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    let (report, message) = peer.deliver(&old, Need::Encrypt).await;
    assert_eq!((failure(&report), message), ("tls-failed", None));
    let other = Peer::new();
    fs::copy(other.folder.path().join("chain.pem"), peer.folder.path().join("other.pem")).unwrap();
    fs::copy(other.folder.path().join("key.pem"), peer.folder.path().join("other-key.pem"))
        .unwrap();
    let options = ["-cert", "other.pem", "-key", "other-key.pem"];
    let (report, message) = peer.deliver(&options, Need::Authenticate).await;
    assert_eq!((failure(&report), message), ("tls-failed", None), "{report:?}");
}
