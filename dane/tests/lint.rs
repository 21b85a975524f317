//! Records held against the chain that a server sends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

#[path = "common/publish.rs"]
mod certificates;
mod common;

use certificates::{certificate, client, of, shape};
use common::{Ext, Key, rsa_spki};
use dane::publish::{self, Finding, Problem, Severity, StartTls};
use dane::{MAX_RECORDS, TlsaSet};

fn lint(records: &TlsaSet, chain: &[&[u8]], starttls: StartTls) -> Vec<Finding> {
    publish::lint(records, chain, starttls, client())
}

fn lint_next(records: &TlsaSet, chain: &[&[u8]]) -> Vec<Finding> {
    publish::lint_next(records, chain, client())
}

fn set(records: &[(&str, &[u8])]) -> TlsaSet {
    let records = records.iter().map(|(numbers, der)| {
        let numbers: Vec<u8> = numbers.split(' ').map(|it| it.parse().unwrap()).collect();
        of([numbers[0], numbers[1], numbers[2]], der)
    });
    TlsaSet::from(records.collect::<Vec<_>>())
}

fn words(findings: &[Finding]) -> Vec<(&'static str, Option<usize>)> {
    findings.iter().map(|it| (it.problem.reason(), it.record)).collect()
}

#[test]
fn nothing_is_wrong_with_the_recommended_records() {
    let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
    let good = set(&[("3 1 1", &leaf), ("2 1 1", &ca)]);
    assert_eq!(lint(&good, &[&leaf, &ca], StartTls::Always), []);
    assert_eq!(lint(&TlsaSet::default(), &[], StartTls::Never), []);
}

#[test]
fn pub1_each_kind_of_record_has_a_match() {
    let (leaf, old, ca) = (certificate(1, 1, 2), certificate(3, 1, 2), certificate(2, 2, 2));
    let rolled = set(&[("3 1 1", &old), ("3 1 1", &leaf)]);
    assert_eq!(lint(&rolled, &[&leaf, &ca], StartTls::Always), []);
    let stale = set(&[("3 1 1", &old), ("3 0 1", &leaf)]);
    let findings = lint(&stale, &[&leaf, &ca], StartTls::Always);
    assert_eq!(words(&findings), [("no-match", Some(0))]);
    assert_eq!(findings[0].problem.severity(), Severity::Error);
    assert_eq!(
        findings[0].to_string(),
        "record 0: no-match: publish the record of what the server sends, or remove this one"
    );
}

#[test]
fn pub2_the_anchor_is_sent() {
    let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
    for (numbers, word) in [
        ("2 0 1", Some("anchor-not-sent")),
        ("2 1 1", Some("anchor-not-sent")),
        ("2 1 0", Some("bare-key-anchor")),
        ("2 0 0", None),
    ] {
        let findings = lint(&set(&[(numbers, &ca)]), &[&leaf], StartTls::Always);
        let found = words(&findings).into_iter().map(|(word, _)| word);
        let found: Vec<_> = found.filter(|word| *word != "full-data").collect();
        assert_eq!(found, Vec::from_iter(word), "{numbers}");
    }
    let stranger = certificate(4, 9, 9);
    let findings = lint(&set(&[("2 0 0", &stranger)]), &[&leaf], StartTls::Always);
    assert!(words(&findings).contains(&("no-match", Some(0))));
}

#[test]
fn pub3_usages_of_the_public_pki() {
    let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
    let findings = lint(&set(&[("1 1 1", &leaf), ("0 0 1", &ca)]), &[&leaf, &ca], StartTls::Always);
    assert_eq!(words(&findings), [("pkix-usage", Some(0)), ("pkix-usage", Some(1))]);
}

#[test]
fn pub4_full_data() {
    let leaf = certificate(1, 1, 2);
    let findings = lint(&set(&[("3 1 0", &leaf)]), &[&leaf], StartTls::Always);
    assert_eq!(words(&findings), [("full-data", Some(0))]);
    assert_eq!(findings[0].problem.severity(), Severity::Information);
}

#[test]
fn pub5_sha2_512_alone() {
    let leaf = certificate(1, 1, 2);
    let alone = set(&[("3 1 2", &leaf), ("3 0 1", &leaf)]);
    assert_eq!(words(&lint(&alone, &[&leaf], StartTls::Always)), [("only-sha2-512", Some(0))]);
    let both = set(&[("3 1 2", &leaf), ("3 1 1", &leaf)]);
    assert_eq!(lint(&both, &[&leaf], StartTls::Always), []);
}

#[test]
fn pub6_the_next_certificate_is_published_before() {
    let (leaf, next) = (certificate(1, 1, 2), certificate(3, 1, 2));
    let before = set(&[("3 1 1", &leaf)]);
    assert_eq!(words(&lint_next(&before, &[&next])), [("next-not-published", None)]);
    let both = set(&[("3 1 1", &leaf), ("3 1 1", &next)]);
    assert_eq!(lint_next(&both, &[&next]), []);
    // A stronger digest that is not ready outweighs the one that is.
    let half = set(&[("3 1 1", &leaf), ("3 1 1", &next), ("3 1 2", &leaf)]);
    assert_eq!(words(&lint_next(&half, &[&next])), [("next-not-published", None)]);
    let same_key = certificate(1, 1, 7);
    assert_eq!(lint_next(&before, &[&same_key]), []);
}

#[test]
fn pub7_records_without_starttls() {
    let leaf = certificate(1, 1, 2);
    for (starttls, word) in
        [(StartTls::Never, "no-starttls"), (StartTls::Selectively, "selective-starttls")]
    {
        let findings = lint(&set(&[("3 1 1", &leaf)]), &[&leaf], starttls);
        assert_eq!(words(&findings), [(word, None)]);
    }
}

#[test]
fn more_records_than_clients_look_at() {
    let leaf = certificate(1, 1, 2);
    let many = |count| TlsaSet::from(vec![set(&[("3 1 1", &leaf)]).records()[0].clone(); count]);
    assert_eq!(lint(&many(MAX_RECORDS), &[&leaf], StartTls::Always), []);
    let findings = lint(&many(MAX_RECORDS + 1), &[&leaf], StartTls::Always);
    assert_eq!(words(&findings), [("too-many-records", None)]);
    assert_eq!(findings[0].problem.severity(), Severity::Error);
}

#[test]
fn records_and_certificates_that_cannot_be_read() {
    let leaf = certificate(1, 1, 2);
    let rdata: [&[u8]; 2] = [&[3, 1], &[3, 1, 1, 7]];
    let findings = lint(&TlsaSet::from_rdata(rdata), &[&leaf, &[0]], StartTls::Always);
    let expected = vec![
        ("malformed-rdata", None),
        ("malformed-certificate", None),
        ("digest-length", Some(0)),
    ];
    assert_eq!(words(&findings), expected);
    assert!(findings.iter().all(|it| !it.problem.remedy().is_empty()));
}

/// What is found of one record.
fn found(numbers: &str, of: &[u8], chain: &[&[u8]]) -> Vec<&'static str> {
    let findings = lint(&set(&[(numbers, of)]), chain, StartTls::Always);
    let words = findings.iter().map(|it| it.problem.reason());
    words.filter(|word| !["full-data", "pkix-usage"].contains(word)).collect()
}

/// A CA of this name with this key, self-signed, and whether it and what it signs have key ids.
fn ca(key: u8, with_ids: bool) -> Vec<u8> {
    let cert = shape(key, 2, 2);
    let cert = if with_ids { cert.with(Ext::subject_key_id(&Key(key).id())) } else { cert };
    cert.sign(Key(key))
}

fn leaf_by(signer: u8, with_ids: bool) -> Vec<u8> {
    let cert = shape(1, 1, 2);
    let cert = if with_ids { cert.with(Ext::authority_key_id(&Key(signer).id())) } else { cert };
    cert.sign(Key(signer))
}

#[test]
fn pub2_a_ca_of_the_same_name_and_another_key_is_no_anchor() {
    for with_ids in [true, false] {
        let (old, new) = (ca(2, with_ids), ca(3, with_ids));
        let leaf = leaf_by(3, with_ids);
        // Sent or not, it has not signed the server's certificate.
        assert_eq!(found("2 0 0", &old, &[&leaf]), ["no-match"]);
        assert_eq!(found("2 0 0", &new, &[&leaf]), [""; 0]);
        assert_eq!(found("2 1 0", &old, &[&leaf]), ["no-match"]);
        assert_eq!(found("2 1 0", &new, &[&leaf]), ["bare-key-anchor"]);
        for numbers in ["2 0 0", "2 0 1", "2 1 1", "2 0 2", "2 1 2"] {
            let words = found(numbers, &old, &[&leaf, &old]);
            let without_256: Vec<_> = words.iter().filter(|it| **it != "only-sha2-512").collect();
            assert_eq!(without_256, [&"not-in-path"], "{numbers}");
        }
    }
    // Both are sent: by their ids clients find the right one, by order without.
    let leaf = leaf_by(3, true);
    let (old, new) = (ca(2, true), ca(3, true));
    assert_eq!(found("2 1 1", &new, &[&leaf, &old, &new]), [""; 0]);
    assert_eq!(found("2 1 1", &old, &[&leaf, &old, &new]), ["not-in-path"]);
    let leaf = leaf_by(3, false);
    let (old, new) = (ca(2, false), ca(3, false));
    assert_eq!(found("2 1 1", &new, &[&leaf, &old, &new]), ["not-in-path"]);
    assert_eq!(found("2 1 1", &new, &[&leaf, &new, &old]), [""; 0]);
}

#[test]
fn pub2_of_two_anchors_of_one_name_clients_take_one() {
    for (with_ids, words) in [(true, [""; 0].as_slice()), (false, &["anchors-of-one-name"])] {
        let (old, new) = (ca(2, with_ids), ca(3, with_ids));
        let leaf = leaf_by(3, with_ids);
        for records in [[("2 0 0", &old[..]), ("2 0 0", &new)], [("2 0 0", &new), ("2 0 0", &old)]]
        {
            let findings = lint(&set(&records), &[&leaf], StartTls::Always);
            let found = findings.iter().map(|it| it.problem.reason());
            let found: Vec<_> = found.filter(|word| *word != "full-data").collect();
            assert_eq!(found, words);
            let next = lint_next(&set(&records), &[&leaf]);
            assert_eq!(next.iter().map(|it| it.problem.reason()).collect::<Vec<_>>(), words);
        }
    }
}

#[test]
fn a_ta1_the_servers_own_certificate_is_no_anchor() {
    let own = certificate(1, 1, 1);
    assert_eq!(found("2 0 0", &own, &[&own]), ["no-match"]);
    assert_eq!(found("2 0 1", &own, &[&own]), ["anchor-not-sent"]);
    // It stands twice: still no anchor.
    assert_eq!(found("2 0 1", &own, &[&own, &own]), ["anchor-not-sent"]);
    assert_eq!(found("2 1 1", &own, &[&own, &own]), ["anchor-not-sent"]);
    // The spec's table has this one authenticated.
    assert_eq!(found("2 1 0", &own, &[&own]), ["bare-key-anchor"]);
}

#[test]
fn a_ta2_an_anchor_that_the_chain_does_not_lead_to() {
    let (leaf, sub, root) = (certificate(1, 1, 2), certificate(2, 2, 3), certificate(3, 3, 3));
    let stranger = certificate(9, 9, 9);
    assert_eq!(found("2 1 1", &root, &[&leaf, &sub, &root]), [""; 0]);
    assert_eq!(found("2 1 1", &root, &[&leaf, &root, &sub]), [""; 0]);
    assert_eq!(found("2 1 1", &root, &[&leaf, &root]), ["not-in-path"]);
    assert_eq!(found("2 0 1", &stranger, &[&leaf, &sub, &stranger]), ["not-in-path"]);
    assert_eq!(found("2 0 1", &stranger, &[&leaf, &sub]), ["anchor-not-sent"]);
    assert_eq!(found("0 0 1", &stranger, &[&leaf, &sub]), [""; 0]);
}

#[test]
fn signatures_that_the_client_does_not_know_are_told() {
    let ca = certificate(2, 2, 2);
    let mut by_other = shape(1, 1, 2);
    let other = common::der::oid(&[0x2b, 0x65, 0x72]);
    by_other.algorithms = (other.clone(), other);
    let leaf = by_other.sign(Key(2));
    assert_eq!(found("2 1 1", &ca, &[&leaf, &ca]), ["unsupported-algorithm"]);
    assert_eq!(found("3 1 1", &leaf, &[&leaf, &ca]), [""; 0]);
    let findings = lint(&set(&[("2 1 1", &ca)]), &[&leaf, &ca], StartTls::Always);
    assert_eq!(findings[0].problem.severity(), Severity::Warning);
}

#[test]
fn weak_keys_are_told() {
    let weak = shape(1, 1, 2).spki(rsa_spki(1024)).sign(Key(2));
    let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
    for numbers in ["3 1 1", "3 0 1", "1 1 1"] {
        assert_eq!(found(numbers, &weak, &[&weak, &ca]), ["weak-key"], "{numbers}");
    }
    assert_eq!(found("3 1 0", &weak, &[&weak, &ca]), ["weak-key"; 2]);
    assert_eq!(found("2 1 1", &ca, &[&weak, &ca]), ["weak-key"]);
    let weak_ca = shape(2, 2, 2).spki(rsa_spki(1024)).sign(Key(2));
    // A key of another kind than the signature's is no issuer's, whatever its length.
    assert_eq!(found("2 1 1", &weak_ca, &[&leaf, &weak_ca]), ["not-in-path"]);
    let by_rsa = {
        let mut cert = shape(1, 1, 2);
        let rsa = common::der::oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]);
        cert.algorithms = (rsa.clone(), rsa);
        cert.sign(Key(2))
    };
    let findings = lint(&set(&[("2 1 1", &weak_ca)]), &[&by_rsa, &weak_ca], StartTls::Always);
    assert_eq!(findings[0].problem, Problem::WeakKey(1));
    assert_eq!((findings.len(), findings[0].problem.severity()), (1, Severity::Error));
    // No record needs it.
    assert_eq!(found("3 1 1", &by_rsa, &[&by_rsa, &weak_ca]), [""; 0]);
    let next = lint_next(&set(&[("3 1 1", &weak)]), &[&weak]);
    assert_eq!(words(&next), [("weak-key", None)]);
}

#[test]
fn pub6_a_bare_key_that_has_signed_the_next_certificate_is_ready() {
    let (next, ca, other) = (certificate(3, 1, 2), certificate(2, 2, 2), certificate(4, 2, 2));
    assert_eq!(lint_next(&set(&[("2 1 0", &ca)]), &[&next]), []);
    let missing = lint_next(&set(&[("2 1 0", &other)]), &[&next]);
    assert_eq!(words(&missing), [("next-not-published", None)]);
}

#[test]
fn chains_that_clients_refuse_for_their_length() {
    let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
    let chain = |count: usize| {
        let mut chain: Vec<&[u8]> = vec![&leaf];
        chain.resize(count, &ca);
        chain
    };
    assert_eq!(found("2 1 1", &ca, &chain(12)), [""; 0]);
    assert_eq!(found("2 1 1", &ca, &chain(13)), ["too-many-certificates"]);
    assert_eq!(found("3 1 1", &leaf, &chain(13)), [""; 0]);
    let long = shape(5, 5, 5).with(Ext::new(&[0x2a, 3], false, vec![4; 60_000])).sign(Key(5));
    assert_eq!(found("2 1 1", &ca, &[&leaf, &ca, &long, &long]), [""; 0]);
    assert_eq!(found("2 1 1", &ca, &[&leaf, &ca, &long, &long, &long]), ["too-many-certificates"]);
}

#[test]
fn a_certificate_that_no_path_can_be_made_with() {
    let (leaf, ca) = (certificate(1, 1, 2), certificate(2, 2, 2));
    let odd = shape(5, 5, 5).with(Ext::new(&[0x55, 0x1d, 19], true, vec![5, 0])).sign(Key(5));
    assert_eq!(found("2 1 1", &ca, &[&leaf, &ca, &odd]), ["malformed-certificate"]);
    assert_eq!(found("3 1 1", &leaf, &[&leaf, &ca, &odd]), [""; 0]);
}
