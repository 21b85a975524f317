//! The walker on certificates of other makers, and on what is left of them after mutation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod common;

use core::time::Duration;

use common::{Cert, Ext, Key, NOW};
use dane::{
    Certificate, DerError, Digests, Name, Profile, PublicKeyInfo, Tlsa, TlsaSet, UsableSet,
    Verifier, Version, publish,
};
use pki_types::{CertificateDer, UnixTime};
use proptest::prelude::*;
use webpki::EndEntityCert;

fn good() -> Vec<u8> {
    Cert::leaf("CA", &["mx.example.org"], Key(1)).sign(Key(2))
}

#[test]
fn w3_versions_whatever_they_are() {
    let with =
        |version| Cert { version, ..Cert::leaf("CA", &["mx.example.org"], Key(1)) }.sign(Key(2));
    for (version, read) in [
        (None, Some(Version::V1)),
        (Some(0), Some(Version::V1)),
        (Some(1), Some(Version::V2)),
        (Some(2), Some(Version::V3)),
        (Some(3), Some(Version::Unknown)),
        (Some(255), Some(Version::Unknown)),
    ] {
        let found = Certificate::parse(&with(version)).ok().map(|it| it.version());
        assert_eq!(found, read, "{version:?}");
    }
}

#[test]
fn w1_every_cut_and_every_further_octet_is_refused() {
    let der = good();
    for len in 0..der.len() {
        assert!(Certificate::parse(&der[..len]).is_err(), "{len}");
    }
    for octet in [0, 0x30, 0xff] {
        let longer = [&der[..], &[octet]].concat();
        assert_eq!(Certificate::parse(&longer).err(), Some(DerError::Trailing(der.len())));
    }
}

// Rule B11 of a path; whoever publishes an anchor asks this first.
#[test]
fn b11_what_is_no_ca_is_no_anchor_either() {
    let ca = || Cert::ca("CA", "CA", Key(2));
    for (what, cert, is_ca) in [
        ("a leaf", Cert::leaf("CA", &["mx.example.org"], Key(2)).subject(ca().subject), false),
        ("no ca flag", ca().with(Ext::not_ca()), false),
        ("no keyCertSign", ca().with(Ext::key_usage(0x02)), false),
        ("neither extension", ca().without(19).without(15), false),
        ("unreadable", ca().with(Ext { value: vec![0xff; 3], ..Ext::ca(None) }), false),
        ("version 1, not self-issued", Cert::ca("CA", "Root", Key(2)).v1(), false),
        ("version 1", ca().v1(), true),
        ("keyCertSign alone", ca().without(19), true),
        ("the ca flag alone", ca().without(15), true),
        ("both", ca(), true),
        ("not self-issued", Cert::ca("CA", "Root", Key(2)), true),
    ] {
        let anchor = cert.sign(Key(2));
        assert_eq!(Certificate::parse(&anchor).unwrap().is_ca(), is_ca, "{what}");
        let numbers = (dane::CertUsage::DANE_TA, dane::Selector::SPKI, dane::Matching::SHA2_256);
        let record = publish::record(numbers.0, numbers.1, numbers.2, &anchor).unwrap();
        let usable = UsableSet::select(&[record], Profile::Smtp, &Digests::default()).unwrap();
        let names = ["mx.example.org".parse::<Name>().unwrap()];
        let verifier = Verifier::new(&usable, &names, webpki::ALL_VERIFICATION_ALGS);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
        let verdict = verifier.verify(&good().into(), &[anchor.into()], now);
        assert_eq!(verdict.is_ok(), is_ca, "{what}: {verdict:?}");
    }
}

#[test]
fn w4_the_key_is_taken_whole_and_untouched() {
    let der = good();
    let key = Certificate::parse(&der).unwrap().public_key_info();
    assert_eq!(key.der(), Key(1).spki());
    assert_eq!(PublicKeyInfo::parse(&Key(1).spki()).unwrap().key(), key.key());
    assert!(PublicKeyInfo::parse(&[&Key(1).spki()[..], &[0]].concat()).is_err());
}

#[test]
fn w6_what_follows_the_key_may_be_anything_well_formed() {
    let odd = Ext::new(&[0x55, 0x1d, 17], false, vec![0xff, 0xff]);
    let der = Cert::leaf("CA", &[], Key(1)).with(odd).sign(Key(2));
    assert!(Certificate::parse(&der).is_ok());
}

/// A certificate by another maker: P-256, P-384 or Ed25519.
fn by_rcgen(at: usize) -> CertificateDer<'static> {
    let kinds =
        [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
    let key = rcgen::KeyPair::generate_for(kinds[at % kinds.len()]).unwrap();
    let mut params = rcgen::CertificateParams::new(["mx.example.org".into()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "x".repeat(at * 40));
    params.self_signed(&key).unwrap().der().clone()
}

#[test]
fn certificates_of_another_maker_are_read_as_another_reader_reads_them() {
    for at in 0..9 {
        let der = by_rcgen(at);
        let ours = Certificate::parse(&der).unwrap();
        let theirs = EndEntityCert::try_from(&der).unwrap();
        assert_eq!(ours.public_key_info().der(), theirs.subject_public_key_info().as_ref());
        assert!(ours.subject().ends_with(theirs.subject()));
        assert!(ours.issuer().ends_with(theirs.issuer()));
    }
}

fn mutants() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<proptest::sample::Index>(), any::<u8>(), 0..4_u8);
    proptest::collection::vec(change, 1..4).prop_map(|changes| {
        let mut der = good();
        for (at, octet, kind) in changes {
            let at = at.index(der.len().max(1));
            match kind {
                0 => der[at] = octet,
                1 => der.insert(at, octet),
                2 if der.len() > 2 => drop(der.remove(at)),
                _ => der[at] ^= 1 << (octet % 8),
            }
        }
        der
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_a_stricter_reader_takes_the_walker_takes(der in mutants()) {
        let der = CertificateDer::from(der);
        if let Ok(theirs) = EndEntityCert::try_from(&der) {
            let ours = Certificate::parse(&der);
            // The other reader does not look into the key.
            if let Ok(key) = PublicKeyInfo::parse(theirs.subject_public_key_info().as_ref()) {
                let ours = ours.map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(ours.public_key_info().der(), key.der());
            }
        }
    }

    #[test]
    fn parts_lie_within_the_whole(der in mutants()) {
        if let Ok(certificate) = Certificate::parse(&der) {
            let within = |part: &[u8]| der.windows(part.len().max(1)).any(|it| it == part) || part.is_empty();
            prop_assert_eq!(certificate.der(), &der[..]);
            prop_assert!(within(certificate.public_key_info().der()));
            prop_assert!(within(certificate.subject()));
            prop_assert!(within(certificate.issuer()));
        }
    }

    #[test]
    fn no_octets_make_anything_panic(
        octets in proptest::collection::vec(any::<u8>(), 0..200),
        leaf in mutants(),
        issuer in mutants(),
        text in "[ -~]{0,60}",
    ) {
        let _ = Certificate::parse(&octets);
        let _ = PublicKeyInfo::parse(&octets);
        let _ = Tlsa::try_from(&octets[..]);
        let _ = text.parse::<Tlsa>();
        let _ = text.parse::<Name>();
        let set = TlsaSet::from_rdata([&octets[..]]);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
        let client = publish::Client::new(webpki::ALL_VERIFICATION_ALGS, now);
        let mut records = set.records().to_vec();
        for numbers in [(2, 0, 0), (2, 1, 0), (2, 0, 1), (2, 1, 1), (0, 0, 1), (1, 0, 1)] {
            let (usage, selector, matching) = numbers;
            records.extend(publish::record(
                dane::CertUsage(usage),
                dane::Selector(selector),
                dane::Matching(matching),
                &issuer,
            ));
        }
        let (chain, set) = ([&leaf[..], &issuer], TlsaSet::from(records.clone()));
        let _ = publish::lint(&set, &chain, publish::StartTls::Always, client);
        let _ = publish::lint_next(&set, &chain[1..], client);
        let published = publish::Published::new(&records, &chain);
        let next = publish::Published::new(&records, &chain[..1]);
        let _ = published.records_for(&chain[1..], client);
        let _ = publish::Rollover::plan(published, next, Duration::ZERO, Duration::ZERO, client);
        if let Ok(usable) = UsableSet::select(&records, Profile::Generic, &Digests::default()) {
            let names = ["mx.example.org".parse::<Name>().unwrap()];
            let issuer = [CertificateDer::from(issuer)];
            let verifier = Verifier::new(&usable, &names, webpki::ALL_VERIFICATION_ALGS);
            let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
            // The issuer is a mutant of the leaf: no path may be found.
            let verdict = verifier.with_roots(&issuer).verify(&leaf.into(), &issuer, now);
            prop_assert!(verdict.is_err());
        }
    }

    #[test]
    fn records_are_written_as_they_are_read(rdata in proptest::collection::vec(any::<u8>(), 3..80)) {
        let record = Tlsa::try_from(&rdata[..]).unwrap();
        prop_assert_eq!(record.to_rdata(), rdata);
        prop_assert_eq!(record.to_string().parse::<Tlsa>().unwrap(), record);
    }

    #[test]
    fn the_order_of_records_does_not_matter(order in Just(vec![0, 1, 2, 3, 4, 5]).prop_shuffle()) {
        let other = Cert::leaf("CA", &["other.example"], Key(9)).sign(Key(9));
        let make = |numbers: (u8, u8, u8), der: &[u8]| {
            publish::record(
                dane::CertUsage(numbers.0),
                dane::Selector(numbers.1),
                dane::Matching(numbers.2),
                der,
            )
            .unwrap()
        };
        let all = [
            make((3, 1, 1), &good()),
            make((3, 1, 2), &other),
            make((3, 0, 2), &other),
            make((3, 0, 0), &other),
            make((2, 1, 1), &other),
            make((1, 1, 1), &good()),
        ];
        let records: Vec<Tlsa> = order.iter().map(|at| all[*at].clone()).collect();
        let usable = UsableSet::select(&records, Profile::Smtp, &Digests::default()).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
        let verdict = Verifier::new(&usable, &[], &[]).verify(&good().into(), &[], now);
        prop_assert_eq!(verdict.unwrap_err().reason(), "no-match");
    }
}
