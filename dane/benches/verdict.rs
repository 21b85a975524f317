//! The time of a verdict, from the octets of the certificates: the least of 15 runs of 1,500 calls,
//! after 200 calls to warm up. `cargo bench -p dane --bench verdict`; with `ONLY` in the environment
//! just those whose name begins so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

#[path = "../tests/common/mod.rs"]
mod common;

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use common::{Cert, Ext, Key, NOW, rsa_spki};
use dane::discovery::{Answer, Destination, Input, Outcome, Policy, Security};
use dane::{CertUsage, Digests, Matching, Name, Profile, Selector, Tlsa, UsableSet, Verifier};
use pki_types::{CertificateDer, UnixTime};

const MX: &str = "mx.example.org";

fn measure(what: &str, runs: u32, calls: u32, mut work: impl FnMut()) {
    if std::env::var("ONLY").is_ok_and(|only| !what.starts_with(&only)) {
        return;
    }
    for _ in 0..calls.min(200) {
        work();
    }
    let best = (0..runs)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                work();
            }
            start.elapsed()
        })
        .min()
        .unwrap();
    println!("{what:<48} {:>12.1} ns", best.as_secs_f64() * 1e9 / f64::from(calls));
}

fn record(usage: CertUsage, selector: Selector, matching: Matching, der: &[u8]) -> Tlsa {
    dane::publish::record(usage, selector, matching, der).unwrap()
}

fn usable(records: &[Tlsa]) -> UsableSet {
    UsableSet::select(records, Profile::Smtp, &Digests::default()).unwrap()
}

fn main() {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    end_entity(now);
    anchor();
    discovery();
    hostile(now);
    hostile_p384();
    mesh(now);
}

fn end_entity(now: UnixTime) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let params = rcgen::CertificateParams::new([MX.into()]).unwrap();
    let p256 = params.self_signed(&key).unwrap().der().clone();
    let rsa = Cert::leaf("CA", &[MX], Key(1)).spki(rsa_spki(2048)).sign(Key(2)).into();
    for (what, der) in [("3 1 1, EC P-256", p256), ("3 1 1, RSA-2048", rsa)] {
        let der: CertificateDer<'static> = der;
        let set = usable(&[record(CertUsage::DANE_EE, Selector::SPKI, Matching::SHA2_256, &der)]);
        measure(what, 15, 1500, || {
            let verifier = Verifier::new(black_box(&set), &[], &[]);
            assert!(verifier.verify(black_box(&der), &[], now).is_ok());
        });
    }
}

/// One signature of P-256, alone and as a part of a DANE-TA verdict.
fn anchor() {
    let ca_key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new([]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "CA");
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let leaf =
        rcgen::CertificateParams::new([MX.into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let (leaf, ca) = (leaf.der().clone(), ca.der().clone());
    let set = usable(&[record(CertUsage::DANE_TA, Selector::SPKI, Matching::SHA2_256, &ca)]);
    let names = [MX.parse::<Name>().unwrap()];
    let others = [ca.clone()];
    let now = UnixTime::now();
    let signature = spki_and_signature(&leaf, &ca);
    measure("bare signature check, EC P-256", 15, 300, || {
        let (key, message, signature) = black_box(&signature);
        let algorithm = webpki::ring::ECDSA_P256_SHA256;
        assert!(algorithm.verify_signature(key, message, signature).is_ok());
    });
    measure("2 1 1, EC P-256, one signature", 15, 300, || {
        let verifier = Verifier::new(black_box(&set), &names, webpki::ALL_VERIFICATION_ALGS);
        assert!(verifier.verify(black_box(&leaf), &others, now).is_ok());
    });
}

/// The issuer's key, and what it has signed with which signature.
fn spki_and_signature(leaf: &[u8], ca: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let key = dane::Certificate::parse(ca).unwrap().public_key_info().key().to_vec();
    let header = |der: &[u8]| match der[1] {
        0x82 => 4,
        0x81 => 3,
        _ => 2,
    };
    let whole = |der: &[u8]| match der[1] {
        0x82 => 4 + usize::from(u16::from_be_bytes([der[2], der[3]])),
        0x81 => 3 + usize::from(der[2]),
        length => 2 + usize::from(length),
    };
    let (tbs, rest) = leaf[header(leaf)..].split_at(whole(&leaf[header(leaf)..]));
    let signature = &rest[whole(rest)..];
    let (tbs, signature) = (tbs.to_vec(), signature[header(signature) + 1..].to_vec());
    (key, tbs, signature)
}

fn discovery() {
    let name: Name = MX.parse().unwrap();
    let destination = Destination::relay(&name, 25, Policy::default());
    let found = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
    let (a, aaaa) = (Input::A(found.clone()), Input::Aaaa(found));
    let text = format!("3 1 1 {}", "ab".repeat(32));
    let set = dane::TlsaSet::from(vec![text.parse().unwrap()]);
    let tlsa = Input::Tlsa(Answer::hop_by_hop(Outcome::Records(set), Security::Secure, vec![]));
    measure("discovery of one host, three events", 15, 1500, || {
        let mut host = black_box(&destination).host(&name);
        for input in [&a, &aaaa, &tlsa] {
            host.handle(black_box(input)).unwrap();
        }
        assert!(host.plan().is_some());
    });
}

/// As many wrong keys of P-384 as records hold, for one leaf.
fn hostile_p384() {
    let make = || rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let key = make();
    let leaf = rcgen::CertificateParams::new([MX.into()]).unwrap();
    let issuer = rcgen::Issuer::new(rcgen::CertificateParams::new([]).unwrap(), make());
    let leaf = leaf.signed_by(&key, &issuer).unwrap().der().clone();
    let records: Vec<Tlsa> = (0..64)
        .map(|_| {
            let spki = rcgen::PublicKeyData::subject_public_key_info(&make());
            dane::publish::record_of_key(CertUsage::DANE_TA, Matching::FULL, &spki).unwrap()
        })
        .collect();
    let (set, names) = (usable(&records), [MX.parse::<Name>().unwrap()]);
    measure("64 keys, EC P-384", 5, 3, || {
        let verifier = Verifier::new(black_box(&set), &names, webpki::ALL_VERIFICATION_ALGS);
        assert!(verifier.verify(black_box(&leaf), &[], UnixTime::now()).is_err());
    });
}

/// Eleven CAs of one name, each of which may have issued each by its names, and a record of a
/// twelfth certificate that none of them leads to.
fn mesh(now: UnixTime) {
    let leaf = CertificateDer::from(Cert::leaf("CA", &[MX], Key(20)).sign(Key(20)));
    let ca = |seed: u8| {
        Cert::ca("CA", "CA", Key(seed))
            .with(Ext::subject_key_id(&Key(seed).id()))
            .with(Ext::authority_key_id(&Key(99).id()))
            .sign(Key(seed))
    };
    let mut others: Vec<CertificateDer<'static>> = (20..30).map(|seed| ca(seed).into()).collect();
    let stranger = CertificateDer::from(Cert::ca("X", "X", Key(50)).sign(Key(50)));
    let record = record(CertUsage::DANE_TA, Selector::CERT, Matching::SHA2_256, &stranger);
    others.push(stranger);
    let (set, names) = (usable(&[record]), [MX.parse::<Name>().unwrap()]);
    measure("a mesh of namesakes, no path", 3, 1, || {
        let verifier = Verifier::new(black_box(&set), &names, webpki::ALL_VERIFICATION_ALGS);
        assert!(verifier.verify(black_box(&leaf), &others, now).is_err());
    });
}

/// Twelve certificates of one name, no two of one key, and 64 records that want a signature each.
fn hostile(now: UnixTime) {
    let leaf = CertificateDer::from(Cert::leaf("CA", &[MX], Key(1)).sign(Key(1)));
    let ca = |seed| Cert::ca("CA", "CA", Key(seed)).sign(Key(seed));
    let others: Vec<CertificateDer<'static>> = (20..31).map(|seed| ca(seed).into()).collect();
    let records: Vec<Tlsa> = (20..84)
        .map(|seed| record(CertUsage::DANE_TA, Selector::SPKI, Matching::FULL, &ca(seed)))
        .collect();
    let (set, names) = (usable(&records), [MX.parse::<Name>().unwrap()]);
    measure("12 namesakes and 64 keys, Ed25519", 5, 3, || {
        let verifier = Verifier::new(black_box(&set), &names, webpki::ALL_VERIFICATION_ALGS);
        assert!(verifier.verify(black_box(&leaf), &others, now).is_err());
    });
}
