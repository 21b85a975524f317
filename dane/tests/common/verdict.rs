//! Verdicts asked for in one line, over a chain of three: leaf, intermediate, self-signed root.
#![allow(dead_code, unreachable_pub)]

use core::time::Duration;

use dane::{Digests, Failure, Match, Name, Profile, Tlsa, UsableSet, Verifier, publish};
use pki_types::{CertificateDer, UnixTime};

use crate::common::der::tlv;
use crate::common::{Cert, Key, NOW};

pub const MX: &str = "mx.example.org";
pub const LEAF: Key = Key(1);
pub const SUB: Key = Key(2);
pub const ROOT: Key = Key(3);
pub const OTHER: Key = Key(9);

/// The record of these three numbers for a certificate.
pub fn record(numbers: &str, certificate: &[u8]) -> Tlsa {
    let numbers: Vec<u8> = numbers.split(' ').map(|it| it.parse().unwrap()).collect();
    publish::record(
        dane::CertUsage(numbers[0]),
        dane::Selector(numbers[1]),
        dane::Matching(numbers[2]),
        certificate,
    )
    .unwrap()
}

pub struct Case<'a> {
    pub records: &'a [Tlsa],
    pub chain: &'a [&'a [u8]],
    pub names: &'a [&'a str],
    pub now: u64,
    pub profile: Profile,
    pub roots: &'a [&'a [u8]],
}

pub fn case<'a>(records: &'a [Tlsa], chain: &'a [&'a [u8]]) -> Case<'a> {
    Case { records, chain, names: &[MX], now: NOW, profile: Profile::Smtp, roots: &[] }
}

impl Case<'_> {
    pub fn judge(&self) -> Result<Match, Failure> {
        let usable = UsableSet::select(self.records, self.profile, &Digests::default()).unwrap();
        let names: Vec<Name> = self.names.iter().map(|it| it.parse().unwrap()).collect();
        let ders = |list: &[&[u8]]| -> Vec<CertificateDer<'static>> {
            list.iter().map(|der| CertificateDer::from(der.to_vec())).collect()
        };
        let (chain, roots) = (ders(self.chain), ders(self.roots));
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        let verifier = Verifier::new(&usable, &names, algorithms).with_roots(&roots);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(self.now));
        verifier.verify(&chain[0], &chain[1..], now)
    }

    #[track_caller]
    pub fn good(&self) -> Match {
        self.judge().unwrap_or_else(|failure| panic!("{failure}"))
    }

    #[track_caller]
    pub fn accept(&self) {
        assert_eq!(self.good().record(), 0);
    }

    #[track_caller]
    pub fn bad(&self, reason: &str) -> Failure {
        let failure = self.judge().expect_err(reason);
        assert_eq!(failure.reason(), reason, "{failure}");
        failure
    }
}

pub fn leaf(issuer: &str) -> Cert {
    Cert::leaf(issuer, &[MX], LEAF)
}

pub fn sub() -> Cert {
    Cert::ca("Sub", "Root", SUB)
}

pub fn root() -> Cert {
    Cert::ca("Root", "Root", ROOT)
}

/// A good chain: leaf, intermediate, self-signed root.
pub fn chain() -> [Vec<u8>; 3] {
    [leaf("Sub").sign(SUB), sub().sign(ROOT), root().sign(ROOT)]
}

pub fn wrong(numbers: &str) -> Tlsa {
    let other = Cert::leaf("CA", &["other.example"], OTHER).sign(OTHER);
    record(numbers, &other)
}

pub fn dns(base: &str) -> Vec<u8> {
    tlv(0x82, base.as_bytes())
}

pub fn generic<'a>(records: &'a [Tlsa], chain: &'a [&'a [u8]], roots: &'a [&'a [u8]]) -> Case<'a> {
    Case { profile: Profile::Generic, roots, ..case(records, chain) }
}

/// Judges, and wants this reason and this sentence after it.
#[track_caller]
pub fn told(records: &[Tlsa], chain: &[Vec<u8>], reason: &str, sentence: &str) {
    let sent: Vec<&[u8]> = chain.iter().map(|it| &it[..]).collect();
    let text = case(records, &sent).bad(reason).to_string();
    assert_eq!(text.split_once("; ").map(|(_, near)| near), Some(sentence), "{text}");
}
