//! `tlsa` as a real program: files in PEM, the lab's DNS and SMTP servers, and a DNS and servers of the
//! tests' own on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod hosts;
mod lab;
mod make;
mod rollover;
mod servers;

use core::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PublicKeyData};
use serde_json::Value;
use sha2::{Digest, Sha256};

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
        Self::with(IsCa::NoCa)
    }

    /// One that may issue others.
    fn ca() -> Self {
        Self::with(IsCa::Ca(BasicConstraints::Unconstrained))
    }

    fn with(is_ca: IsCa) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([HOST.into()]).unwrap();
        params.is_ca = is_ca;
        Self { certificate: params.self_signed(&key).unwrap(), key }
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
