//! Operations of the crate `dane`. The same certificates are read by `peers/openssl.c`.
#![expect(clippy::unwrap_used, reason = "an input of ours that is refused is a fault of the bench")]

use core::hint::black_box;
use core::time::Duration;

use ::dane::discovery::{Answer, Destination, Input, Outcome, Policy, Security};
use ::dane::publish::record;
use ::dane::{
    CertUsage, Certificate, Digests, Matching, Name, Profile, Selector, TlsaSet, UsableSet,
    Verifier,
};
use pki_types::{CertificateDer, UnixTime};

use crate::clock::repeat;

const CA: &[u8] = include_bytes!("../data/ca-p256.der");
const LEAF_P256: &[u8] = include_bytes!("../data/leaf-p256.der");
const LEAF_RSA: &[u8] = include_bytes!("../data/leaf-rsa.der");

/// Within the dates of all certificates.
pub(crate) fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(2_000_000_000))
}

pub(crate) fn usable(usage: CertUsage, der: &[u8]) -> UsableSet {
    let record = record(usage, Selector::SPKI, Matching::SHA2_256, der).unwrap();
    UsableSet::select(&[record], Profile::Smtp, &Digests::default()).unwrap()
}

/// `3 1 1` from the octets of a certificate.
fn end_entity(der: &'static [u8], count: usize) -> Duration {
    let (set, der) = (usable(CertUsage::DANE_EE, der), CertificateDer::from(der));
    repeat(count, || {
        let verdict = Verifier::new(black_box(&set), &[], &[]).verify(black_box(&der), &[], now());
        assert!(verdict.is_ok());
    })
}

pub(crate) fn end_entity_p256(count: usize) -> Duration {
    end_entity(LEAF_P256, count)
}

pub(crate) fn end_entity_rsa(count: usize) -> Duration {
    end_entity(LEAF_RSA, count)
}

/// `2 1 1` from the octets of two certificates, with one signature of P-256.
pub(crate) fn anchor(count: usize) -> Duration {
    let (set, names) =
        (usable(CertUsage::DANE_TA, CA), ["mx.example.org".parse::<Name>().unwrap()]);
    let (leaf, others) = (CertificateDer::from(LEAF_P256), [CertificateDer::from(CA)]);
    repeat(count, || {
        let verifier = Verifier::new(black_box(&set), &names, webpki::ALL_VERIFICATION_ALGS);
        assert!(verifier.verify(black_box(&leaf), &others, now()).is_ok());
    })
}

/// The signature of that chain alone.
pub(crate) fn signature(count: usize) -> Duration {
    let key = Certificate::parse(CA).unwrap().public_key_info().key();
    let (tbs, signature) = signed(LEAF_P256);
    repeat(count, || {
        let (key, tbs, signature) = black_box((key, tbs, signature));
        assert!(webpki::ring::ECDSA_P256_SHA256.verify_signature(key, tbs, signature).is_ok());
    })
}

/// What is decided for one host from three answers: A, AAAA and TLSA.
pub(crate) fn discovery(count: usize) -> Duration {
    let name: Name = "mx.example.org".parse().unwrap();
    let destination = Destination::relay(&name, 25, Policy::default());
    let found = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
    let (a, aaaa) = (Input::A(found.clone()), Input::Aaaa(found));
    let record = record(CertUsage::DANE_EE, Selector::SPKI, Matching::SHA2_256, CA).unwrap();
    let records = Outcome::Records(TlsaSet::from(vec![record]));
    let tlsa = Input::Tlsa(Answer::hop_by_hop(records, Security::Secure, vec![]));
    repeat(count, || {
        let mut host = black_box(&destination).host(&name);
        for input in [&a, &aaaa, &tlsa] {
            host.handle(black_box(input)).unwrap();
        }
        assert!(host.plan().is_some());
    })
}

/// What is signed in a certificate, and the signature.
fn signed(der: &[u8]) -> (&[u8], &[u8]) {
    let header = |der: &[u8]| match der {
        [_, 0x82, high, low, ..] => (4, usize::from(*high) << 8 | usize::from(*low)),
        [_, 0x81, length, ..] => (3, usize::from(*length)),
        [_, length, ..] => (2, usize::from(*length)),
        _ => (0, 0),
    };
    let inner = der.split_at(header(der).0).1;
    let (front, length) = header(inner);
    let (tbs, rest) = inner.split_at(front + length);
    let (front, length) = header(rest);
    let bits = rest.split_at(front + length).1;
    // The count of unused bits comes first.
    (tbs, bits.split_at(header(bits).0 + 1).1)
}
