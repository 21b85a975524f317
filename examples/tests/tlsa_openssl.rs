//! `tlsa` beside the `openssl` program: its keys and certificates, and its TLS server with every kind of key
//! and signature, in TLS 1.2 and 1.3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const HOST: &str = "mx.example.org";

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that ends when this is dropped.
struct Server {
    process: Child,
    port: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(folder: &Path, name: &str, version: &str, signatures: &str) -> Self {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let mut process = Command::new("openssl")
            .current_dir(folder)
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", &certificate, "-key", &key])
            .args([version, "-sigalgs", signatures])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It tells its port once it listens.
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut ports = lines.map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("ACCEPT ")?.rsplit_once(':').map(|(_, port)| port.to_owned())
        });
        let port = ports.next().unwrap();
        // What it says further is not read, but it must not block on it.
        std::thread::spawn(move || ports.count());
        Self { process, port }
    }
}

fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("this test needs openssl: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    output.stdout
}

fn tlsa(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tlsa"));
    program.args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn expect(arguments: &[&str], status: i32, word: &str) -> String {
    let output = tlsa(arguments);
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
    assert!(text.contains(word), "{arguments:?}: {word:?} is not in: {text}");
    text.trim_end().to_owned()
}

/// Each kind of key: its name, and what `openssl genpkey` takes for it.
const KEYS: [(&str, &[&str]); 6] = [
    ("rsa", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("p256", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("p521", &["EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
    ("ed25519", &["ED25519"]),
    ("pss", &["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]),
];

const TLS12: &str = "-tls1_2";
const TLS13: &str = "-tls1_3";

/// Which key signs by which scheme in which version, and whether the provider has it.
const HANDSHAKES: [(&str, &str, &[&str], bool); 15] = [
    ("rsa", "RSA+SHA256", &[TLS12], true),
    ("rsa", "RSA+SHA384", &[TLS12], true),
    ("rsa", "RSA+SHA512", &[TLS12], true),
    ("rsa", "rsa_pss_rsae_sha256", &[TLS12, TLS13], true),
    ("rsa", "rsa_pss_rsae_sha384", &[TLS12, TLS13], true),
    ("rsa", "rsa_pss_rsae_sha512", &[TLS12, TLS13], true),
    ("p256", "ECDSA+SHA256", &[TLS12, TLS13], true),
    // The name of a scheme does not fix the curve in TLS 1.2 (RFC 8446 section 4.2.3).
    ("p256", "ECDSA+SHA384", &[TLS12], true),
    ("p384", "ECDSA+SHA256", &[TLS12], true),
    ("p384", "ECDSA+SHA384", &[TLS12, TLS13], true),
    ("ed25519", "ed25519", &[TLS12, TLS13], true),
    ("rsa", "RSA+SHA1", &[TLS12], false),
    ("p521", "ECDSA+SHA512", &[TLS13], cfg!(feature = "aws-lc-rs")),
    // In TLS 1.2 the curve has to be one of the groups for the key exchange too (RFC 8422 section 5.1).
    ("p521", "ECDSA+SHA512", &[TLS12], false),
    ("pss", "rsa_pss_pss_sha256", &[TLS12, TLS13], false),
];

#[test]
#[ignore = "needs openssl"]
fn servers_and_certificates_of_openssl() {
    let folder = std::env::temp_dir().join(format!("tlsa-openssl-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let folder = Folder(folder);
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    for (name, options) in KEYS {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let make = [&["genpkey", "-out", &key, "-algorithm"], options].concat();
        openssl(&folder.0, &make);
        let subject = format!("/CN={HOST}");
        let request = ["req", "-x509", "-key", &key, "-out", &certificate, "-days", "9", "-subj"];
        openssl(&folder.0, &[&request[..], &[&subject]].concat());
        // The record of the certificate is that of the key, and openssl's digest of the public key.
        let spki = openssl(&folder.0, &["pkey", "-in", &key, "-pubout", "-outform", "DER"]);
        fs::write(path("spki"), spki).unwrap();
        let digest = openssl(&folder.0, &["dgst", "-sha256", "-r", "spki"]);
        let digest = String::from_utf8(digest).unwrap();
        let expected = format!("3 1 1 {}", digest.split(' ').next().unwrap());
        assert_eq!(expect(&["make", &path(&certificate)], 0, ""), expected);
        let public = format!("{name}.pub");
        openssl(&folder.0, &["pkey", "-in", &key, "-pubout", "-out", &public]);
        assert_eq!(expect(&["make", &path(&public)], 0, ""), expected);
        match name {
            // Private keys that the provider does not know.
            "p521" if !cfg!(feature = "aws-lc-rs") => {
                expect(&["make", &path(&key)], 65, "give the public key")
            }
            "pss" => expect(&["make", &path(&key)], 65, "give the public key"),
            _ => expect(&["make", &path(&key)], 0, &expected),
        };
    }
    for (name, signatures, versions, is_known) in HANDSHAKES {
        let certificate = path(&format!("{name}.pem"));
        for version in versions {
            let server = Server::start(&folder.0, name, version, signatures);
            let base = ["check", HOST, "--tls", "implicit", "--address", "127.0.0.1", "--port"];
            let base = [&base[..], &[&server.port, "--record"]].concat();
            for (kind, status, word) in
                [("3 1 1", 0, "verdict: authenticated"), ("3 0 2", 0, "only-sha2-512")]
            {
                let record = expect(&["make", &certificate, "--record", kind], 0, "");
                let unknown = (69, "perhaps its key is of a kind that this program cannot verify");
                let (status, word) = if is_known { (status, word) } else { unknown };
                println!("{name} {signatures} {version} {kind}");
                let check = [&base[..], &[&record]].concat();
                expect(&check, status, word);
                let verdict = if is_known { "\"authenticated\":true" } else { "nothing-in-common" };
                expect(&[&check[..], &["--json"]].concat(), status, verdict);
            }
            if is_known {
                let wrong = format!("3 1 1 {}", "00".repeat(32));
                expect(&[&base[..], &[&wrong]].concat(), 1, "no tlsa record matches");
            }
        }
    }
}
