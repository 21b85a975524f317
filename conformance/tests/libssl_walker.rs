//! The walker beside OpenSSL's parser, on certificates that were damaged at random.
//!
//! It needs a C compiler and the headers of OpenSSL 3, so it is run where it is asked for:
//! `cargo test -p conformance --test libssl_walker -- --ignored`. `MUTANTS` in the environment says
//! how many there are to be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "libssl/build.rs"]
mod build;
#[path = "../../dane/tests/common/mod.rs"]
mod certificates;
#[path = "libssl/dice.rs"]
mod dice;
#[path = "libssl/mutate.rs"]
mod mutate;

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use certificates::der::{name, tlv};
use certificates::{Cert, Ext, Key, NOW, SERVER_AUTH, rsa_spki};
use dane::{CertUsage, Certificate, Digests, Matching, Profile, Selector, UsableSet, Verifier};
use dice::Dice;
use mutate::mutate;
use pki_types::{CertificateDer, UnixTime};

const MUTANTS: u64 = 100_000;

/// What the mutants are made from.
fn originals() -> Vec<Vec<u8>> {
    let leaf = Cert::leaf("CA", &["mx.example.org", "example.org"], Key(1));
    let mail: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    let long = name(&[
        (&[0x55, 4, 6], 0x13, b"XX"),
        (&[0x55, 4, 10], 0x0c, "Beispiel für alle".as_bytes()),
        (&[0x55, 4, 11], 0x1e, b"\0U\0n\0i\0t"),
        (&[0x55, 4, 3], 0x14, b"Ex\xe4mple CA"),
        (mail, 0x16, b"u@example.org"),
    ]);
    let generated = rcgen::generate_simple_self_signed(["mx.example.org".to_owned()]).unwrap();
    let full = leaf
        .clone()
        .with(Ext::purposes(&[SERVER_AUTH]))
        .with(Ext::subject_key_id(&[7; 20]))
        .with(Ext::authority_key_id(&[8; 20]))
        .with(Ext::new(&[0x55, 0x1d, 32], true, tlv(0x30, &tlv(0x30, &tlv(6, &[0x2a, 3])))))
        .with(Ext::new(&[0x2a, 3, 4], false, vec![0; 300]));
    let constrained = Cert::ca("Sub", "CA", Key(3))
        .with(Ext::constraints(&[tlv(0x82, b"example.org")], &[tlv(0x81, b"example.net")]));
    let mut second = leaf.clone();
    second.version = Some(1);
    second.extensions.clear();
    let early = leaf.clone().dates("491231235959Z", "500101000000Z");
    vec![
        leaf.sign(Key(2)),
        leaf.clone().v1().sign(Key(2)),
        second.sign(Key(2)),
        early.sign(Key(2)),
        leaf.clone().subject(long).serial(0).sign(Key(2)),
        leaf.spki(rsa_spki(2048)).sign(Key(2)),
        full.sign(Key(2)),
        constrained.sign(Key(2)),
        generated.cert.der().to_vec(),
    ]
}

fn ask(program: &str, seeds: u64, mut judge: impl FnMut(u64, Vec<u8>, Vec<u8>)) {
    let mut process =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut into = BufWriter::new(process.stdin.take().unwrap());
    let mut from = BufReader::new(process.stdout.take().unwrap());
    let (send, receive) = std::sync::mpsc::sync_channel::<Vec<u8>>(1_000);
    let writer = thread::spawn(move || {
        let originals = originals();
        for seed in 0..seeds {
            let mut dice = Dice::new(seed);
            let original = dice.pick_ref(&originals).clone();
            let der = mutate(&mut dice, original);
            into.write_all(&u32::try_from(der.len()).unwrap().to_be_bytes()).unwrap();
            into.write_all(&der).unwrap();
            if send.send(der).is_err() {
                return;
            }
            // What waits in the buffer is waited for at the other end.
            if seed % 500 == 499 {
                into.flush().unwrap();
            }
        }
    });
    let mut failed = None;
    for (seed, der) in receive.iter().enumerate() {
        let mut size = [0; 4];
        if let Err(error) = from.read_exact(&mut size) {
            failed = Some(error);
            break;
        }
        let mut key = vec![0; usize::try_from(u32::from_be_bytes(size)).unwrap()];
        from.read_exact(&mut key).unwrap();
        judge(u64::try_from(seed).unwrap(), der, key);
    }
    drop(receive);
    let _ = process.kill();
    process.wait().unwrap();
    let written = writer.join();
    assert!(failed.is_none() && written.is_ok(), "{failed:?}");
}

/// Whether a DANE-EE record of the key makes a match of the certificate.
fn is_matched(der: &[u8]) -> bool {
    let numbers = (CertUsage::DANE_EE, Selector::SPKI, Matching::SHA2_256);
    let record = dane::publish::record(numbers.0, numbers.1, numbers.2, der).unwrap();
    let usable = UsableSet::select(&[record], Profile::Smtp, &Digests::default()).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    Verifier::new(&usable, &[], &[]).verify(&CertificateDer::from(der), &[], now).is_ok()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
#[ignore = "needs a C compiler and the headers of OpenSSL 3"]
fn every_certificate_that_openssl_reads_has_the_same_key_here() {
    let program = build::compile("tests/libssl/parse.c", "libssl_parse", &["-lcrypto"]);
    let count = std::env::var("MUTANTS").map_or(MUTANTS, |it| it.parse().unwrap());
    let mut tally: BTreeMap<&str, u64> = BTreeMap::new();
    ask(&program, count, |seed, der, theirs| {
        let ours = Certificate::parse(&der);
        let what = match (&ours, theirs.is_empty()) {
            // Their key is not in what was received: they have made it anew.
            (ours, false) if !der.windows(theirs.len()).any(|it| it == theirs) => {
                assert!(ours.is_err() || !is_matched(&der), "{seed} accepted {}", hex(&der));
                "made anew"
            }
            (Ok(ours), false) => {
                assert_eq!(hex(ours.public_key_info().der()), hex(&theirs), "{seed} {}", hex(&der));
                "both"
            }
            (Err(_), true) => "neither",
            (Ok(_), true) if is_matched(&der) => panic!("{seed} accepted {}", hex(&der)),
            (Ok(_), true) => "the outline alone",
            (Err(error), false) => panic!("{seed} missed, {error}: {}", hex(&der)),
        };
        *tally.entry(what).or_default() += 1;
        if what == "both" && !is_matched(&der) {
            *tally.entry("both, and no match").or_default() += 1;
        }
    });
    println!("{tally:?}");
    assert!(tally["both"] > count / 5, "{tally:?}");
}
