//! How near a refused chain came: each sentence that an operator may read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod common;
#[path = "common/verdict.rs"]
mod verdict;

use common::der::{common_name, seq};
use common::{ANY_PURPOSE, CLIENT_AUTH, Cert, Ext, Key, rsa_spki};
use dane::{Failure, NearestMiss, Tlsa, Usage};
use verdict::{
    LEAF, MX, OTHER, ROOT, SUB, case, chain, dns, generic, leaf, record, root, sub, told, wrong,
};

#[test]
fn dane_r2_the_nearest_miss_is_told() {
    let [leaf, sub, root] = chain();
    let failure = case(&[record("3 1 1", &sub)], &[&leaf, &sub, &root]).bad("no-match");
    let position = NearestMiss::Position { record: 0, usage: Usage::DaneEe, certificate: 1 };
    assert_eq!(failure.nearest_miss(), position);
    assert_eq!(
        failure.to_string(),
        "no tlsa record matches; record 0 is published as dane-ee and matches certificate 1"
    );
    let text = record("3 1 1", &leaf).to_string().replacen("3 1 1", "3 0 1", 1);
    let failure = case(&[text.parse().unwrap()], &[&leaf]).bad("no-match");
    let selector = NearestMiss::Selector { record: 0, certificate: 0 };
    assert_eq!(failure.nearest_miss(), selector);
    let records = [wrong("3 1 1"), wrong("2 0 1")];
    told(&records, &chain(), "no-match", "none of 2 records is of any of 3 certificates");
}

/// The same record under other numbers.
fn under(record: &Tlsa, numbers: &str) -> Tlsa {
    let text = record.to_string();
    format!("{numbers}{}", &text[5..]).parse().unwrap()
}

#[test]
fn dane_r2_a_record_that_is_published_wrongly() {
    let chain = chain();
    let [leaf, sub, root] = &chain;
    let digest = |numbers: &str, cert: &[u8]| record(numbers, cert);
    for (near, sentence) in [
        (digest("3 1 1", sub), "record 1 is published as dane-ee and matches certificate 1"),
        (digest("2 0 1", leaf), "record 1 is published as dane-ta and matches certificate 0"),
        (digest("3 0 1", root), "record 1 is published as dane-ee and matches certificate 2"),
        (
            under(&digest("3 1 1", leaf), "3 0 1"),
            "record 1 matches certificate 0 by the other selector",
        ),
        (
            under(&digest("2 0 1", sub), "2 1 1"),
            "record 1 matches certificate 1 by the other selector",
        ),
        (
            under(&digest("3 1 1", leaf), "3 1 2"),
            "record 1 matches certificate 0 by matching type 1",
        ),
        (
            under(&digest("3 0 2", leaf), "3 0 1"),
            "record 1 matches certificate 0 by matching type 2",
        ),
        (
            under(&digest("3 0 1", leaf), "3 0 0"),
            "record 1 matches certificate 0 by matching type 1",
        ),
        (
            under(&digest("3 1 0", leaf), "3 1 1"),
            "record 1 matches certificate 0 by matching type 0",
        ),
        (
            under(&digest("3 1 1", leaf), "1 1 1"),
            "record 1 matches certificate 0, but is not usable: certificate usage 1 is not supported",
        ),
    ] {
        told(&[wrong("3 0 1"), near], &chain, "no-match", sentence);
    }
    told(
        &[digest("3 1 1", leaf), wrong("3 1 2")],
        &chain,
        "no-match",
        "record 0 matches certificate 0, but a stronger digest outweighs it",
    );
}

#[test]
fn dane_r2_a_better_miss_outranks_an_earlier_one() {
    let chain = chain();
    let selector = under(&record("3 1 1", &chain[0]), "3 0 1");
    let position = record("3 0 1", &chain[2]);
    let sentence = "record 1 is published as dane-ee and matches certificate 2";
    told(&[selector, position], &chain, "no-match", sentence);
}

#[test]
fn dane_r2_near_misses_are_not_looked_for_beyond_the_limits() {
    let [leaf, sub, _] = chain();
    let blob = leaf_of_octets(60_000);
    let failure = |sent: &[&[u8]]| case(&[record("3 1 1", &sub)], sent).bad("no-match");
    let is_found = |failure: Failure| match failure.nearest_miss() {
        NearestMiss::Position { record: 0, usage: Usage::DaneEe, .. } => true,
        NearestMiss::Nothing { .. } => false,
        other => panic!("{other}"),
    };
    assert!(is_found(failure(&[&leaf, &blob, &blob, &sub])));
    assert!(!is_found(failure(&[&leaf, &blob, &blob, &blob, &sub])));
    let mut sent: Vec<&[u8]> = vec![&leaf; 11];
    sent.push(&sub);
    assert!(is_found(failure(&sent)));
    sent.insert(0, &leaf);
    assert!(!is_found(failure(&sent)));
}

fn leaf_of_octets(octets: usize) -> Vec<u8> {
    leaf("Sub").with(Ext::new(&[0x2a, 3, 4], false, vec![0; octets])).sign(SUB)
}

#[test]
fn dane_r2_which_link_is_missing() {
    let [leaf, sub, root] = chain();
    let records = [record("2 0 1", &root)];
    told(
        &records,
        &[leaf.clone(), root.clone()],
        "not-in-path",
        "record 0 matches certificate 1, but the path ends at depth 0, whose issuer is not there",
    );
    let other = Cert::ca("Elsewhere", "Elsewhere", OTHER).sign(OTHER);
    told(
        &[record("2 1 1", &other)],
        &[leaf, sub.clone(), root.clone(), other],
        "not-in-path",
        "record 0 matches certificate 3, but the path ends at depth 2, whose issuer is not there",
    );
    let forged = self::leaf("Sub").sign(OTHER);
    let sentence = "it is not signed by the key of its issuer at depth 1";
    told(&records, &[forged, sub, root], "not-in-path", sentence);
}

#[test]
fn dane_r2_a_root_that_the_path_does_not_reach() {
    let [leaf, _, root] = chain();
    let (other, records) = (Cert::ca("X", "X", OTHER).sign(OTHER), [record("0 0 1", &root)]);
    let text = generic(&records, &[&leaf], &[&other, &root]).bad("not-in-path").to_string();
    let sentence =
        "record 0 matches root 1, but the path ends at depth 0, whose issuer is not there";
    assert!(text.ends_with(sentence), "{text}");
}

#[test]
fn dane_r2_a_key_in_full_that_has_not_signed() {
    let [leaf, sub, _] = chain();
    let stranger = Cert::ca("X", "X", OTHER).sign(OTHER);
    let sentence = "the key in record 1 has not signed the certificate at depth 1";
    told(&[wrong("2 0 1"), record("2 1 0", &stranger)], &[leaf, sub], "no-match", sentence);
}

#[test]
fn dane_r2_signatures_beyond_the_budget() {
    let leaf = leaf("CA").sign(LEAF);
    let key = |seed: u8| record("2 1 0", &Cert::ca("CA", "CA", Key(seed)).sign(Key(seed)));
    let records: Vec<Tlsa> = (100..117).map(key).collect();
    let sentence = "16 were verified, the next one would cost too much";
    told(&records, &[leaf], "signature-budget", sentence);
}

#[test]
fn dane_r2_what_webpki_alone_finds() {
    // A name that is none, beside constraints that it is within.
    let leaf = leaf("Sub").with(Ext::dns_names(&[MX, "a..example.org"]));
    let sub = sub().with(Ext::constraints(&[dns("example.org")], &[]));
    let chain = [leaf.sign(SUB), sub.sign(ROOT), root().sign(ROOT)];
    let sentence = "the second opinion is: a dns name is malformed";
    told(&[record("2 0 1", &chain[2])], &chain, "name-constraints", sentence);
}

#[test]
fn dane_r2_dates_are_told() {
    let told = |cert: Cert, reason: &str, sentence: &str| {
        let chain = [cert.sign(SUB), sub().sign(ROOT), root().sign(ROOT)];
        told(&[record("2 0 1", &chain[2])], &chain, reason, sentence);
    };
    let until = |end| leaf("Sub").dates("250101000000Z", end);
    told(until("260101000000Z"), "expired", "it ended on 2026-01-01T00:00:00Z, 208 days ago");
    told(until("260728115930Z"), "expired", "it ended on 2026-07-28T11:59:30Z, 30 s ago");
    let from = leaf("Sub").dates("260801000000Z", "350101000000Z");
    told(from, "not-yet-valid", "it begins on 2026-08-01T00:00:00Z, in 3 days");
}

#[test]
fn dane_r2_names_are_told_in_bounds_and_escaped() {
    let told = |cert: Cert, sentence: &str| {
        let chain = [cert.sign(SUB), sub().sign(ROOT), root().sign(ROOT)];
        told(&[record("2 0 1", &chain[2])], &chain, "name-mismatch", sentence);
    };
    let named = |names: &[&str]| Cert::leaf("Sub", names, LEAF);
    told(leaf("Sub").without(17), "it has no name of a host");
    told(named(&["a.example", "b.example"]), "it has the name a.example and 1 others");
    told(named(&["a\r\nb"]), r"it has the name a\r\nb and 0 others");
    let long = "a".repeat(41);
    let cut = format!("it has the name {}... and 0 others", &long[..40]);
    told(named(&[&long]), &cut);
    told(named(&[&long[..40]]), &cut.replace("...", ""));
    let wildcard =
        "its wildcard *.mx.example.org stands for exactly one label; it has 1 other names";
    told(named(&["a.example", "*.mx.example.org"]), wildcard);
    let common = "its common name mx.example.org does not count beside 1 dns names";
    told(named(&["a.example"]).subject(common_name(MX)), common);
}

#[test]
fn dane_r2_what_is_at_fault_in_a_certificate() {
    let (leaf, sub) = (|| leaf("Sub"), || sub());
    let critical = |arcs: &[u8]| Ext::new(arcs, true, vec![]);
    let long = [0x2a; 41];
    let dots = format!("the extension is 1.2{}...", ".42".repeat(39));
    let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    let mut sha1 = leaf();
    sha1.algorithms = (common::der::oid(&rsa), common::der::oid(&rsa));
    let forbids = Ext::constraints(&[], &[dns("example.org")]);
    for (leaf, sub, reason, sentence) in [
        (
            leaf().with(critical(&[0x2a, 3, 4])),
            sub(),
            "critical-extension",
            "the extension is 1.2.3.4",
        ),
        (
            leaf(),
            sub().with(critical(&rsa)),
            "critical-extension",
            "the extension is 1.2.840.113549.1.1.5",
        ),
        (leaf().with(critical(&long)), sub(), "critical-extension", &dots),
        (
            leaf().spki(rsa_spki(1024)),
            sub(),
            "weak-key",
            "its rsa key has 1024 bits, expected at least 2048",
        ),
        (sha1, sub(), "unsupported-algorithm", "its signature algorithm is 1.2.840.113549.1.1.5"),
        (
            leaf().with(Ext::key_usage(2)),
            sub(),
            "key-usage",
            "it has neither digitalSignature, keyEncipherment nor keyAgreement",
        ),
        (leaf(), sub().with(Ext::key_usage(2)), "key-usage", "it lacks keyCertSign"),
        (
            leaf().with(Ext::purposes(&[CLIENT_AUTH])),
            sub(),
            "extended-key-usage",
            "it is for the purpose 1.3.6.1.5.5.7.3.2 and 0 others",
        ),
        (
            leaf(),
            sub().with(Ext::purposes(&[ANY_PURPOSE, CLIENT_AUTH])),
            "extended-key-usage",
            "it is for the purpose 2.5.29.37.0 and 1 others",
        ),
        (leaf(), sub().with(Ext::not_ca()), "not-a-ca", "its basic constraints say so"),
        (leaf(), sub().without(19), "not-a-ca", "it has no basic constraints"),
        (
            leaf(),
            sub().with(forbids),
            "name-constraints",
            "the constraints are those of the issuer at depth 1",
        ),
        (
            leaf().with(Ext::alt_names(&[vec![0xff]])),
            sub(),
            "malformed-certificate",
            "its extensions cannot be read",
        ),
    ] {
        let chain = [leaf.sign(SUB), sub.sign(ROOT), root().sign(ROOT)];
        told(&[record("2 0 1", &chain[2])], &chain, reason, sentence);
    }
    let [good, ..] = chain();
    let longer = [&good[..], &[0]].concat();
    let sentence = format!("octets after the expected end at offset {}", good.len());
    told(&[record("3 1 1", &good)], &[longer], "malformed-certificate", &sentence);
    let null = seq(&[&leaf().subject(vec![0x30, 2, 5, 0]).tbs(), &[0x30, 0], &[3, 2, 0, 1]]);
    let sentence = "a field of it is not in the form of its type";
    told(&[record("3 1 1", &good)], &[null], "malformed-certificate", sentence);
    let dates = leaf().dates("251301000000Z", "350101000000Z").sign(SUB);
    let chain = [dates, sub().sign(ROOT), root().sign(ROOT)];
    let sentence = "its dates cannot be read";
    told(&[record("2 0 1", &chain[2])], &chain, "malformed-certificate", sentence);
    let short = root().with(Ext::ca(Some(0))).sign(ROOT);
    let chain = [leaf().sign(SUB), sub().sign(ROOT), short];
    let sentence = "1 cas are below it, it allows 0";
    told(&[record("2 0 1", &chain[2])], &chain, "path-length", sentence);
    let many = vec![chain[0].clone(); 13];
    let octets = many.iter().map(Vec::len).sum::<usize>();
    let sentence = format!("13 were sent, of {octets} octets");
    told(&[wrong("2 0 1")], &many, "too-many-certificates", &sentence);
}

#[test]
fn a_failure_is_small() {
    assert!(size_of::<Failure>() <= 96, "{}", size_of::<Failure>());
}
