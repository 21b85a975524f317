//! `tlsa` as a real program: files in PEM, the lab's DNS and SMTP servers, and servers of its own on
//! loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use core::fmt::Write as _;
use core::net::Ipv4Addr;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

use conformance::lab::Lab;
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

const HOST: &str = "mx.example.org";

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tlsa-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Writes a file, and gives its path.
    fn file(&self, name: &str, octets: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A key with a certificate of its own for [`HOST`].
struct Own {
    key: KeyPair,
    certificate: rcgen::Certificate,
}

impl Own {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([HOST.into()]).unwrap().self_signed(&key).unwrap();
        Self { key, certificate }
    }

    fn spki(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }

    /// `3 1 1` as it must come out.
    fn record(&self) -> String {
        format!("3 1 1 {}", hex(&Sha256::digest(self.spki())))
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tlsa"));
    program.args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn expect(arguments: &[&str], status: i32, word: &str) -> String {
    let output = run(arguments);
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
    assert!(text.contains(word), "{arguments:?}: {word:?} is not in: {text}");
    text.into_owned()
}

#[track_caller]
fn json(arguments: &[&str], status: i32) -> Value {
    let output = run(&[arguments, &["--json"]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}{said}");
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

// RFC 6698 section 2.1: what a record holds.
#[test]
fn records_of_certificates_and_keys_of_every_form() {
    let (folder, own) = (Folder::new("make"), Own::new());
    let certificate = folder.file("certificate.pem", own.certificate.pem());
    let public = folder.file("public.pem", own.key.public_key_pem());
    let private = folder.file("private.pem", own.key.serialize_pem());
    for file in [&certificate, &public, &private] {
        assert_eq!(expect(&["make", file], 0, "").trim_end(), own.record());
    }
    let der = own.certificate.der();
    for (kind, data) in [
        ("3 1 1", hex(&Sha256::digest(own.spki()))),
        ("1 1 2", hex(&Sha512::digest(own.spki()))),
        ("3 1 0", hex(&own.spki())),
        ("2 0 1", hex(&Sha256::digest(der))),
        ("0 0 2", hex(&Sha512::digest(der))),
        ("2 0 0", hex(der)),
    ] {
        let made = expect(&["make", &certificate, "--record", kind], 0, "");
        assert_eq!(made.trim_end(), format!("{kind} {data}"));
    }
    let both = ["make", &certificate, "--record", "3 1 1", "--record", "3 0 1"];
    assert_eq!(expect(&both, 0, "").lines().count(), 2);
    let owned =
        expect(&["make", &certificate, "--host", "MX.Example.org.", "--port", "465"], 0, "");
    assert_eq!(owned.trim_end(), format!("_465._tcp.mx.example.org. IN TLSA {}", own.record()));
    let object = json(&["make", &certificate, "--host", HOST], 0);
    assert_eq!(object["owner"], "_25._tcp.mx.example.org");
    assert_eq!(object["records"], serde_json::json!([own.record()]));
}

#[test]
fn of_a_chain_the_server_comes_first_and_the_anchor_last() {
    let folder = Folder::new("chain");
    let chain = [Own::new(), Own::new(), Own::new()];
    let pem: String = chain.iter().map(|own| own.certificate.pem()).collect();
    let file = folder.file("chain.pem", pem + &chain[0].key.serialize_pem());
    let digest = |at: usize| hex(&Sha256::digest(chain[at].spki()));
    for (arguments, at) in [
        (&["--record", "3 1 1"][..], 0),
        (&["--record", "2 1 1"], 2),
        (&["--record", "2 1 1", "--depth", "1"], 1),
        (&["--record", "0 1 1", "--depth", "0"], 0),
    ] {
        let made = expect(&[&["make", &file], arguments].concat(), 0, "");
        assert_eq!(made.trim_end(), format!("{} {}", arguments[1], digest(at)));
    }
}

#[test]
fn what_cannot_be_made_into_a_record_says_why() {
    let (folder, own) = (Folder::new("bad"), Own::new());
    let good = folder.file("good.pem", own.certificate.pem());
    let key = folder.file("key.pem", own.key.public_key_pem());
    let block =
        |kind: &str, body: &str| format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n");
    let missing = folder.0.join("no-such-file").to_str().unwrap().to_owned();
    let a_folder = folder.0.to_str().unwrap().to_owned();
    expect(&["make", &missing], 66, "no-such-file");
    expect(&["make", &a_folder], 66, "directory");
    for (name, content, word) in [
        ("empty", Vec::new(), "no certificate"),
        ("text", b"hello\n".to_vec(), "no certificate"),
        ("zeros", vec![0; 4096], "no certificate"),
        ("der", own.certificate.der().to_vec(), "no certificate"),
        ("huge", vec![b'a'; 3 << 20], "at most"),
        ("open", own.certificate.pem().into_bytes()[..200].to_vec(), "PEM"),
        ("base64", block("CERTIFICATE", "!!!!").into_bytes(), "PEM"),
        ("asn1", block("CERTIFICATE", "AAAA").into_bytes(), "certificate 0"),
        (
            "second",
            (own.certificate.pem() + &block("CERTIFICATE", "MAA=")).into_bytes(),
            "certificate 1",
        ),
        ("key", block("PUBLIC KEY", "AAAA").into_bytes(), "public key"),
        ("private", block("PRIVATE KEY", "AAAA").into_bytes(), "give the public key"),
    ] {
        let file = folder.file(name, content);
        expect(&["make", &file], 65, word);
    }
    expect(&["make", &key, "--record", "3 0 1"], 65, "there is only a key");
    expect(&["make", &key, "--depth", "0"], 65, "a key has no depth");
    expect(&["make", &good, "--depth", "1"], 65, "there is no certificate 1");
    for (option, value, word) in [
        ("--record", "4 1 1", "usage must be 0 to 3"),
        ("--record", "3 2 1", "selector 0 or 1"),
        ("--record", "3 1 3", "matching type 0 to 2"),
        ("--record", "3 1", "three numbers"),
        ("--record", "", "three numbers"),
        ("--host", "a b", "a-label"),
        ("--host", "192.0.2.1", "a-label"),
        ("--port", "0", "0"),
        ("--port", "65536", "65536"),
        ("--depth", "-1", "-1"),
    ] {
        expect(&["make", &good, option, value], 64, word);
    }
    expect(&[], 64, "Usage");
    expect(&["make"], 64, "FILE");
    expect(&["--help"], 0, "Exit status");
}

#[test]
fn a_change_of_certificates_is_planned() {
    let (folder, old, new) = (Folder::new("rollover"), Own::new(), Own::new());
    let before = folder.file("old.pem", old.certificate.pem());
    let after = folder.file("new.pem", new.certificate.pem());
    let plan = [
        "rollover",
        "--old-chain",
        &before,
        "--new-chain",
        &after,
        "--ttl",
        "600",
        "--propagation",
        "60",
    ];
    let object = json(&[&plan[..], &["--host", HOST]].concat(), 0);
    let expected = serde_json::json!({
        "owner": "_25._tcp.mx.example.org",
        "steps": [
            { "wait": 0, "do": "publish", "records": [old.record(), new.record()] },
            { "wait": 660, "do": "deploy" },
            { "wait": 0, "do": "publish", "records": [new.record()] },
        ],
    });
    assert_eq!(object, expected);
    let text = expect(&plan, 0, "wait 660 seconds");
    assert!(text.find(&new.record()) < text.find("new certificate"), "published first: {text}");
    // A record that the chain does not satisfy goes.
    let stale = format!("2 1 1 {}", "ab".repeat(32));
    let object = json(&[&plan[..], &["--record", &stale, "--record", &old.record()]].concat(), 0);
    assert_eq!(object["steps"][2]["records"], serde_json::json!([new.record()]));
    expect(&[&plan[..], &["--record", &stale]].concat(), 65, "do not match");
    // The same chain: there is nothing to do.
    let same = ["rollover", "--old-chain", &before, "--new-chain", &before, "--ttl", "600"];
    assert_eq!(json(&same, 0)["steps"], serde_json::json!([]));
    expect(&same, 0, "nothing changes");

    let key = folder.file("key.pem", new.key.public_key_pem());
    expect(
        &["rollover", "--old", &before, "--new", &key, "--ttl", "1"],
        65,
        "expected a certificate",
    );
    expect(&["rollover", "--old", &before, "--new", &after], 64, "--ttl");
    for (option, value, word) in [
        ("--ttl", "4294967296", "4294967296"),
        ("--ttl", "-1", "-1"),
        ("--record", "3 1 1 abc", "3 1 1 abc"),
    ] {
        let arguments = ["rollover", "--old", &before, "--new", &after, "--propagation", "1"];
        let ttl: &[&str] = if option == "--ttl" { &[] } else { &["--ttl", "1"] };
        expect(&[&arguments[..], ttl, &[option, value]].concat(), 64, word);
    }
}

// RFC 7671 section 8.1.
#[test]
fn a_change_of_anchors_of_kinds_and_the_first_and_last_records_are_planned() {
    let folder = Folder::new("anchors");
    let issued = |ca: &str, file: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, ca);
        let key = KeyPair::generate().unwrap();
        let anchor = params.self_signed(&key).unwrap();
        let own = KeyPair::generate().unwrap();
        let issuer = rcgen::Issuer::from_params(&params, &key);
        let leaf = CertificateParams::new([HOST.into()]).unwrap().signed_by(&own, &issuer).unwrap();
        let digest = |key: &KeyPair| hex(&Sha256::digest(key.subject_public_key_info()));
        let anchor_record = format!("2 1 1 {}", digest(&key));
        (
            folder.file(file, leaf.pem() + &anchor.pem()),
            anchor_record,
            format!("3 1 1 {}", digest(&own)),
        )
    };
    let (before, old, old_leaf) = issued("Old CA", "old.pem");
    let (after, new, new_leaf) = issued("New CA", "new.pem");
    let to = [
        "rollover",
        "--old-chain",
        &before,
        "--new-chain",
        &after,
        "--ttl",
        "9",
        "--propagation",
        "1",
    ];
    let steps = |more: &[&str]| json(&[&to[..], more].concat(), 0)["steps"].clone();
    let change = |first: [&str; 2], last: &str| {
        serde_json::json!([
            { "wait": 0, "do": "publish", "records": first },
            { "wait": 10, "do": "deploy" },
            { "wait": 0, "do": "publish", "records": [last] },
        ])
    };
    assert_eq!(steps(&["--record", &old]), change([&old, &new], &new));
    let to_leaf = steps(&["--record", &old, "--next", "3 1 1"]);
    assert_eq!(to_leaf, change([&old, &new], &new_leaf));
    assert_eq!(steps(&["--next", "2 1 1"]), change([&old_leaf, &new_leaf], &new));

    let first = serde_json::json!([
        { "wait": 0, "do": "deploy" },
        { "wait": 0, "do": "publish", "records": [new_leaf] },
    ]);
    assert_eq!(
        json(&["rollover", "--first", "--new-chain", &after, "--ttl", "9"], 0)["steps"],
        first
    );
    let withdraw =
        ["rollover", "--withdraw", "--old-chain", &before, "--ttl", "9", "--propagation", "1"];
    let last = serde_json::json!([
        { "wait": 0, "do": "publish", "records": [] },
        { "wait": 10, "do": "release" },
    ]);
    assert_eq!(json(&withdraw, 0)["steps"], last);
    let text = expect(&withdraw, 0, "remove all records");
    assert!(text.contains("wait 10 seconds, then no sender"), "{text}");
    expect(&["rollover", "--first", "--withdraw", "--ttl", "9"], 64, "cannot be used with");
    expect(&["rollover", "--new-chain", &after, "--ttl", "9"], 64, "--old-chain");
}

/// The lab, with the options that lead there.
struct World {
    lab: Lab,
    port: String,
    validating: Vec<String>,
    trusting: Vec<String>,
    _folder: Folder,
}

impl World {
    fn new(name: &str) -> Self {
        let (lab, folder) = (Lab::start(UnixTime::now()).unwrap(), Folder::new(name));
        let anchor = folder.file("anchor", lab.trust_anchor());
        let (dns, resolver) = (lab.dns_address().to_string(), lab.resolver_address().to_string());
        let validating = ["--upstream", &dns, "--trust-anchor", &anchor].map(str::to_owned).into();
        let trusting = ["--dns", &resolver].map(str::to_owned).into();
        let port = lab.smtp_port().to_string();
        Self { lab, port, validating, trusting, _folder: folder }
    }

    fn both(&self) -> [Vec<&str>; 2] {
        [&self.validating, &self.trusting].map(|it| it.iter().map(String::as_str).collect())
    }

    fn check<'a>(&'a self, host: &'a str, options: &[&'a str]) -> Vec<&'a str> {
        [&["check", host, "--port", &self.port], options].concat()
    }
}

#[test]
fn live_servers_of_the_lab_with_both_kinds_of_dns() {
    let world = World::new("live");
    for (host, status, policy, word) in [
        ("mx.dane-ee.test", 0, "dane", ""),
        ("mx.dane-ta.test", 0, "dane", ""),
        ("mx.dane-rollover.test", 0, "dane", ""),
        ("mx.dane-mx-cname.test", 0, "dane", ""),
        ("mx.dane-mx-out.test", 0, "dane", ""),
        ("mx.dane-ta-name.test", 1, "dane", "name-mismatch"),
        ("mx.dane-mismatch.test", 1, "dane", "no-match"),
        ("mx.dane-stripped.test", 1, "dane", "starttls-not-offered"),
        ("mx.dane-unusable.test", 1, "encrypt", "all-unusable"),
        ("mx.dane-island.test", 1, "opportunistic", "insecure-address"),
        ("mx.sts.test", 1, "opportunistic", ""),
    ] {
        for dns in world.both() {
            let object = json(&world.check(host, &dns), status);
            assert_eq!(object["policy"], policy, "{host}: {object}");
            assert_eq!(object["verdict"]["authenticated"], status == 0, "{host}: {object}");
            if !word.is_empty() {
                assert_eq!(object["verdict"]["reason"], word, "{host}: {object}");
            }
        }
    }
    for dns in world.both() {
        for host in ["mx.dane-bogus.test", "mx.dane-old-signature.test", "mx.dane-servfail.test"] {
            expect(&world.check(host, &dns), 75, "look-up failed");
        }
        expect(&world.check("nobody.dane-ee.test", &dns), 69, "no address");
        for host in ["mx.dane-wrong-key.test", "mx.dane-wrong-key-12.test"] {
            expect(&world.check(host, &dns), 69, "handshake signature is wrong");
        }
    }
}

#[test]
fn the_report_shows_chain_records_and_what_to_do() {
    let world = World::new("report");
    let dns = world.both()[1].clone();
    let object = json(&world.check("mx.dane-ta.test", &dns), 0);
    assert_eq!(object["chain"].as_array().unwrap().len(), 3);
    assert_eq!(object["records"][0]["certificates"], serde_json::json!([2]));
    assert_eq!(object["names"][0], "mx.dane-ta.test");
    assert_eq!(object["findings"], serde_json::json!([]));
    let text = expect(&world.check("mx.dane-ta.test", &dns), 0, "verdict: authenticated");
    assert!(text.contains("record 0: 2") && text.contains("matches certificate 2"), "{text}");

    let text = expect(&world.check("mx.dane-mismatch.test", &dns), 1, "error: no-match (record 0)");
    assert!(text.contains("publish the record of what the server sends"), "{text}");
    let text = expect(&world.check("mx.dane-stripped.test", &dns), 1, "error: no-starttls");
    assert!(text.contains("STARTTLS is not offered"), "{text}");
    let text = expect(&world.check("mx.dane-unusable.test", &dns), 1, "not usable: digest-length");
    assert!(text.contains("warning: pkix-usage"), "{text}");

    // The key of an issuer, published as the server's own.
    let issuer = object["chain"][1]["records"][0].as_str().unwrap().replacen('2', "3", 1);
    let address = world.lab.address_of("mx.dane-ta.test").unwrap().to_string();
    let given = ["--address", &address, "--record", &issuer];
    let near = "record 0 is published as dane-ee and matches certificate 1";
    expect(&world.check("mx.dane-ta.test", &given), 1, near);
    // Published with the other selector.
    let key = object["chain"][0]["records"][0].as_str().unwrap().replacen("3 1 1", "3 0 1", 1);
    let given = ["--address", &address, "--record", &key];
    expect(&world.check("mx.dane-ta.test", &given), 1, "by the other selector");
}

#[test]
fn the_name_of_the_domain_counts_too() {
    let world = World::new("domain");
    let dns = world.both()[0].clone();
    expect(&world.check("mx.dane-behind.test", &dns), 1, "does not name the server");
    let named = [&dns[..], &["--domain", "dane-behind.test"]].concat();
    expect(&world.check("mx.dane-behind.test", &named), 0, "verdict: authenticated");
}

#[test]
fn the_next_certificate_must_be_published_already() {
    let (world, folder, next) = (World::new("next"), Folder::new("next-file"), Own::new());
    let file = folder.file("next.pem", next.certificate.pem());
    let dns = world.both()[1].clone();
    let options = [&dns[..], &["--next", &file]].concat();
    expect(&world.check("mx.dane-ee.test", &options), 1, "next-not-published");
}

/// A server of its own, for one connection at a time, until the test ends.
fn serve(serve: impl Fn(std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

#[test]
fn a_server_with_implicit_tls() {
    let own = Own::new();
    let key = PrivateKeyDer::from_pem_slice(own.key.serialize_pem().as_bytes()).unwrap();
    let chain = vec![CertificateDer::from(own.certificate.der().to_vec())];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let port = serve(move |stream| {
        let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        let _ = StreamOwned::new(tls, stream).read(&mut [0; 1]);
    });
    let (port, record) = (port.to_string(), own.record());
    let base = ["check", HOST, "--address", "127.0.0.1", "--port", &port];
    let implicit = [&base[..], &["--record", &record, "--tls", "implicit"]].concat();
    let object = json(&implicit, 0);
    assert_eq!(object["tls"], "TLSv1_3");
    assert_eq!(object["chain"][0]["records"][0], record);
    // It does not greet, so nobody comes to STARTTLS.
    let clear = [&base[..], &["--record", &record, "--time-limit", "1"]].concat();
    expect(&clear, 69, "127.0.0.1");
}

#[test]
fn servers_that_do_not_get_as_far_as_tls() {
    let record = format!("3 1 1 {}", "00".repeat(32));
    let scripts: [(&str, &[u8], &str); 5] = [
        ("no service", b"554 no\r\n", "greeting"),
        ("not smtp", b"\x00\x01\x02\r\n", "malformed"),
        ("gone", b"", "closed"),
        ("clear after 220", b"220 a\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n250 clear\r\n", ""),
        ("no tls", b"220 a\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n", "tls handshake failed"),
    ];
    for (what, script, word) in scripts {
        let port = serve(move |mut stream| {
            // Each line answers one of the client; the first two lines of EHLO go together.
            let mut buffer = [0; 1024];
            for reply in script.split_inclusive(|octet| *octet == b'\n') {
                let _ = stream.write_all(reply);
                let goes_on = reply.get(3) == Some(&b'-');
                if !goes_on && !matches!(stream.read(&mut buffer), Ok(1..)) {
                    return;
                }
            }
        });
        let port = port.to_string();
        let options =
            ["check", HOST, "--address", "127.0.0.1", "--port", &port, "--record", &record];
        println!("{what}");
        expect(&[&options[..], &["--time-limit", "10"]].concat(), 69, word);
    }
    // It says nothing at all.
    let port = serve(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let port = port.to_string();
    let options = ["check", HOST, "--address", "127.0.0.1", "--port", &port, "--record", &record];
    expect(&[&options[..], &["--time-limit", "1"]].concat(), 69, "timed-out");
}

#[test]
fn wrong_usage_of_check_connects_to_nobody() {
    let record = format!("3 1 1 {}", "00".repeat(32));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (nobody, port) = (free.to_string(), free.port().to_string());
    for (options, status, word) in [
        (&["--record", &record][..], 64, "--address"),
        (&["--record", "3 1 1 0", "--address", "127.0.0.1"], 64, "3 1 1 0"),
        (&["--record", "300 1 1 00", "--address", "127.0.0.1"], 64, "300 1 1"),
        (&["--record", &record, "--dns", "127.0.0.1:53"], 64, "--dns"),
        (&["--dns", "192.0.2.1:53"], 64, "--danger-trust-remote-dns"),
        (&["--dns", "localhost"], 64, "localhost"),
        (&["--dns", &nobody, "--time-limit", "1"], 75, "mx.example.org A"),
        (&["--trust-anchor", "/no-such-file"], 66, "/no-such-file"),
        (&["--record", &record, "--address", "127.0.0.1", "--ehlo", "a b"], 64, "EHLO"),
        (&["--record", &record, "--address", "127.0.0.1"], 69, "127.0.0.1 port"),
        (
            &["--record", &record, "--address", "127.0.0.1", "--next", "/no-such-file"],
            66,
            "no-such",
        ),
        (&["--time-limit", "0"], 64, "0"),
        (&["--tls", "maybe"], 64, "maybe"),
    ] {
        expect(&[&["check", HOST, "--port", &port], options].concat(), status, word);
    }
    expect(&["check", "a b"], 64, "a-label");
    expect(&["check", "[192.0.2.1]"], 64, "a-label");
}
