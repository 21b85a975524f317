//! `deliver` as a real program against the lab, over its own DNS, HTTPS and SMTP ports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance::lab::Lab;
use pki_types::UnixTime;

const MESSAGE: &str = "Subject: hello\r\n\r\n.dots\r\n.\r\nend\r\n";

/// A lab, and a folder with what the program reads; both go away with it.
struct World {
    lab: Lab,
    folder: PathBuf,
}

impl World {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("deliver-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let lab = Lab::start(UnixTime::now()).unwrap();
        let root = STANDARD.encode(&lab.roots()[0]);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{root}\n-----END CERTIFICATE-----\n");
        fs::write(folder.join("roots.pem"), pem).unwrap();
        fs::write(folder.join("anchor"), lab.trust_anchor()).unwrap();
        fs::write(folder.join("message"), MESSAGE).unwrap();
        Self { lab, folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// The options that lead into the lab instead of the Internet, all but those for DNS.
    fn options(&self) -> Vec<String> {
        let (smtp, https) = (self.lab.smtp_port(), self.lab.https_port());
        let (smtp, https) = (smtp.to_string(), https.to_string());
        let options = ["--from", "me@sender.example", "--ehlo", "mta.sender.example", "--port"];
        let options = options.map(str::to_owned).into_iter();
        let roots = ["--roots".to_owned(), self.path("roots.pem")];
        options.chain([smtp, "--https-port".to_owned(), https]).chain(roots).collect()
    }

    fn validating(&self, more: &[&str]) -> Output {
        let upstream = self.lab.dns_address().to_string();
        let anchor = self.path("anchor");
        let dns = ["--upstream", &upstream, "--trust-anchor", &anchor];
        run(&[&strs(&self.options())[..], &dns, more].concat(), b"")
    }

    fn trusting(&self, more: &[&str], input: &[u8]) -> Output {
        let resolver = self.lab.resolver_address().to_string();
        run(&[&strs(&self.options())[..], &["--dns", &resolver], more].concat(), input)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn strs(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_deliver"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has already refused its arguments does not read.
    let _ = process.stdin.take().unwrap().write_all(input);
    process.wait_with_output().unwrap()
}

#[track_caller]
fn expect(output: &Output, status: i32, word: &str) {
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(text.contains(word), "{word:?} is not in: {text}");
}

#[test]
fn the_exit_status_tells_the_outcome_with_both_kinds_of_dns() {
    let world = World::new("outcomes");
    let message = world.path("message");
    for (domain, status, word) in [
        ("dane-ee.test", 0, "(dane-ee)"),
        ("sts.test", 0, "(pkix)"),
        ("plain.test", 0, "(clear)"),
        ("dane-mismatch.test", 75, "4.7.5"),
        ("sts-masked.test", 75, "4.7.4"),
        ("dane-bogus.test", 75, "dnssec-invalid"),
        ("null-mx.test", 69, "5.1.10"),
        ("rejected.test", 69, "550"),
    ] {
        let to = format!("postmaster@{domain}");
        let arguments = ["--to", &to, "--message", &message];
        expect(&world.validating(&arguments), status, word);
        expect(&world.trusting(&arguments, b""), status, word);
        let received = world.lab.ledger().received_for(domain);
        assert_eq!(received.len(), if status == 0 { 2 } else { 0 }, "{domain}");
        assert!(received.iter().all(|one| one.data == MESSAGE.as_bytes()), "{domain}");
    }
}

#[test]
fn recipients_of_several_domains_have_a_result_each() {
    let world = World::new("several");
    let to = ["--to", "a@dane-ee.test", "--to", "b@null-mx.test", "--to", "c@dane-ee.test"];
    let output = world.trusting(&to, MESSAGE.as_bytes());
    expect(&output, 69, "a@dane-ee.test: delivered");
    expect(&output, 69, "b@null-mx.test: refused");
    expect(&output, 69, "c@dane-ee.test: delivered");
    let received = world.lab.ledger().received_for("dane-ee.test");
    assert_eq!(received.len(), 1, "one message for both recipients of the domain");
}

#[test]
fn bad_input_has_a_clear_error_and_nothing_is_sent() {
    let world = World::new("bad");
    let to = "postmaster@plain.test";
    let long = format!("Subject: x\r\n\r\n{}\r\n", "a".repeat(999));
    for (input, word) in [
        (&b"Subject: x\n\nbare\n"[..], "--unix-line-ends"),
        (b"Subject: x\r\n\r\nbare\nline\r\n", "line feed at offset 18"),
        (b"Subject: x\r\n\r\nnul \0\r\n", "nul"),
        (long.as_bytes(), "998"),
    ] {
        expect(&world.trusting(&["--to", to], input), 65, word);
    }
    for (to, word) in [
        ("postmaster", "no domain"),
        ("postmaster@[127.0.25.1]", "address literal"),
        ("post master@plain.test", "mailbox"),
    ] {
        expect(&world.trusting(&["--to", to], MESSAGE.as_bytes()), 64, word);
    }
    let missing = world.path("no-such-file");
    expect(&world.trusting(&["--to", to, "--message", &missing], b""), 66, "no-such-file");
    assert!(world.lab.ledger().sessions().is_empty(), "nobody was connected to");
}

#[test]
fn a_message_with_the_line_ends_of_unix_can_be_converted() {
    let world = World::new("unix");
    let arguments = ["--to", "postmaster@plain.test", "--unix-line-ends"];
    let input = MESSAGE.replace("\r\n", "\n");
    expect(&world.trusting(&arguments, input.as_bytes()), 0, "delivered");
    assert_eq!(world.lab.ledger().received_for("plain.test")[0].data, MESSAGE.as_bytes());
}

#[test]
fn a_u_label_domain_is_asked_for_in_a_labels() {
    let world = World::new("u-label");
    let output = world.trusting(&["--to", "postmaster@m\u{fc}ller.test"], MESSAGE.as_bytes());
    expect(&output, 69, "xn--mller-kva.test");
}

#[test]
fn a_resolver_elsewhere_is_trusted_only_if_told_so() {
    let remote = ["--from", "a@b.test", "--to", "c@d.test", "--dns", "192.0.2.1:53"];
    expect(&run(&remote, MESSAGE.as_bytes()), 64, "--danger-trust-remote-dns");
}

#[test]
fn the_lab_ends_well_and_prints_one_object_a_line() {
    let output = run(&["--json"], b"");
    expect(&output, 0, "\"domain\":\"dane-ee.test\"");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.lines().count() > 50);
    for line in lines.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object.get("unexpected").is_none(), "{line}");
    }
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert!(last.get("report-id").is_some(), "the day's report comes last");
}
