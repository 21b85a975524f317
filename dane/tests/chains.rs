//! Verdicts for chains: the inputs on which implementations in the field disagree, and each rule for
//! paths. Expectations come from RFC 6698, 7671, 7672 and 5280, not from what the code does.
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

use common::der::{common_name, name, seq, tlv};
use common::{ANY_PURPOSE, CLIENT_AUTH, Cert, Ext, Key, SERVER_AUTH, rsa_spki};
use dane::{Digests, NearestMiss, NoUsableRecords, Profile, Tlsa, UsableSet, Usage};
use verdict::{
    Case, LEAF, MX, OTHER, ROOT, SUB, case, chain, dns, generic, leaf, record, root, sub, told,
    wrong,
};

const TA_PAIRS: [&str; 6] = ["2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"];
const EE_PAIRS: [&str; 6] = ["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2"];

// ---- DANE-EE

#[test]
fn dane_e1_every_selector_and_matching_type_of_dane_ee() {
    let [leaf, sub, root] = chain();
    for numbers in EE_PAIRS {
        let records = [record(numbers, &leaf)];
        let matched = case(&records, &[&leaf, &sub, &root]).good();
        assert_eq!((matched.record(), matched.usage(), matched.depth()), (0, Usage::DaneEe, 0));
        case(&records, &[&leaf]).accept();
        case(&records, &[&root, &sub, &leaf]).bad("no-match");
    }
}

#[test]
fn dane_e1_nothing_but_the_key_counts_under_dane_ee() {
    let critical = Ext::new(&[0x2a, 3, 4], true, vec![]);
    for cert in [
        leaf("Sub").dates("100101000000Z", "110101000000Z"),
        leaf("Sub").dates("480101000000Z", "490101000000Z"),
        leaf("Sub").v1(),
        leaf("Sub").with(Ext::ca(Some(0))),
        leaf("Sub").with(Ext::dns_names(&["other.example"])),
        leaf("Sub").with(critical),
        leaf("Sub").with(Ext::purposes(&[CLIENT_AUTH])),
        leaf("Sub").with(Ext::key_usage(0x02)),
        leaf("Sub").with(Ext::alt_names(&[vec![0xff]])),
    ] {
        let der = cert.sign(OTHER);
        for numbers in EE_PAIRS {
            case(&[record(numbers, &der)], &[&der]).accept();
        }
    }
}

#[test]
fn dane_e1_a_leaf_that_is_no_certificate_is_refused() {
    let [leaf, ..] = chain();
    let records = [record("3 0 1", &leaf)];
    let longer = [&leaf[..], &[0]].concat();
    assert_eq!(case(&records, &[&longer]).bad("malformed-certificate").depth(), Some(0));
    case(&records, &[&leaf[..leaf.len() - 1]]).bad("malformed-certificate");
    case(&records, &[&[]]).bad("malformed-certificate");
}

#[test]
fn house_6_an_rsa_key_of_fewer_than_2048_bits_is_weak() {
    for (bits, weak) in [(1024, true), (2040, true), (2048, false), (4096, false)] {
        let der = leaf("Sub").spki(rsa_spki(bits)).sign(SUB);
        for numbers in ["3 0 1", "3 1 1", "3 1 2"] {
            let records = [record(numbers, &der)];
            match weak {
                true => drop(case(&records, &[&der]).bad("weak-key")),
                false => case(&records, &[&der]).accept(),
            }
        }
        for numbers in ["3 0 0", "3 1 0"] {
            let usable =
                UsableSet::select(&[record(numbers, &der)], Profile::Smtp, &Digests::default());
            assert_eq!(usable.is_err(), weak, "{numbers} {bits}");
        }
    }
}

#[test]
fn dane_g4_dane_ee_is_tried_first() {
    let [leaf, sub, root] = chain();
    let records = [record("2 0 1", &root), record("3 1 1", &root), record("3 1 1", &leaf)];
    let matched = case(&records, &[&leaf, &sub, &root]).good();
    assert_eq!((matched.record(), matched.usage()), (2, Usage::DaneEe));
}

// ---- digest agility

#[test]
fn dane_g1_a_wrong_sha2_512_outweighs_a_good_sha2_256() {
    let [leaf, sub, root] = chain();
    case(&[record("3 1 1", &leaf), wrong("3 1 2")], &[&leaf]).bad("no-match");
    case(&[record("2 0 1", &root), wrong("2 0 2")], &[&leaf, &sub, &root]).bad("no-match");
    case(&[record("3 1 2", &leaf), wrong("3 1 1")], &[&leaf]).accept();
}

#[test]
fn dane_g1_full_data_is_beside_agility() {
    let [leaf, ..] = chain();
    case(&[record("3 1 0", &leaf), wrong("3 1 2"), wrong("3 1 1")], &[&leaf]).accept();
}

#[test]
fn dane_g2_agility_does_not_cross_selectors_or_usages() {
    let [leaf, sub, root] = chain();
    case(&[record("3 1 1", &leaf), wrong("3 0 2")], &[&leaf]).accept();
    case(&[record("3 0 1", &leaf), wrong("3 1 2")], &[&leaf]).accept();
    case(&[record("2 1 1", &root), wrong("3 1 2")], &[&leaf, &sub, &root]).accept();
}

#[test]
fn dane_g3_an_unusable_sha2_512_suppresses_nothing() {
    let [leaf, ..] = chain();
    for text in ["3 1 2 00", "3 1 2", &format!("3 1 2 {}", "00".repeat(32))] {
        case(&[record("3 1 1", &leaf), text.parse().unwrap()], &[&leaf]).accept();
    }
}

#[test]
fn dane_u_sets_without_a_usable_record() {
    let [leaf, ..] = chain();
    let garbage = format!("3 0 0 {}", "ab".repeat(50));
    let trailing = format!("{}00", record("3 0 0", &leaf));
    for text in [
        "3 1 1 abcd",
        &garbage,
        &trailing,
        "3 1 1",
        "3 2 1 00",
        "3 1 3 00",
        "4 1 1 00",
        "255 1 1",
        &record("0 0 1", &leaf).to_string(),
        &record("1 1 1", &leaf).to_string(),
    ] {
        let records = [text.parse().unwrap()];
        let usable = UsableSet::select(&records, Profile::Smtp, &Digests::default());
        assert_eq!(usable.unwrap_err(), NoUsableRecords::AllUnusable, "{text}");
    }
    assert!(UsableSet::select(&[], Profile::Smtp, &Digests::default()).is_err());
}

// ---- DANE-TA: what matches

#[test]
fn a_ta1_every_selector_and_matching_type_of_dane_ta() {
    let [leaf, sub, root] = chain();
    for numbers in TA_PAIRS {
        for (anchor, depth) in [(&sub, 1), (&root, 2)] {
            let records = [record(numbers, anchor)];
            let matched = case(&records, &[&leaf, &sub, &root]).good();
            assert_eq!((matched.usage(), matched.depth()), (Usage::DaneTa, depth), "{numbers}");
        }
    }
}

#[test]
fn a_ta1_the_lowest_match_is_the_anchor() {
    let [leaf, sub, root] = chain();
    let records = [record("2 0 1", &root), record("2 0 1", &sub)];
    let matched = case(&records, &[&leaf, &sub, &root]).good();
    assert_eq!((matched.record(), matched.depth()), (1, 1));
}

#[test]
fn a_ta1_a_record_of_the_leaf_is_no_anchor() {
    let [leaf, sub, root] = chain();
    for numbers in TA_PAIRS {
        case(&[record(numbers, &leaf)], &[&leaf, &sub, &root]).bad("no-match");
        case(&[record(numbers, &leaf)], &[&leaf, &leaf]).bad("no-match");
    }
    let selfsigned = Cert { issuer: common_name("me"), ..self::leaf("me") }
        .subject(common_name("me"))
        .sign(LEAF);
    for numbers in ["2 0 0", "2 0 1", "2 0 2", "2 1 1", "2 1 2"] {
        case(&[record(numbers, &selfsigned)], &[&selfsigned]).bad("no-match");
        case(&[record(numbers, &selfsigned)], &[&selfsigned, &selfsigned]).bad("no-match");
    }
}

#[test]
fn b9_a_self_signed_leaf_by_2_1_0_of_its_own_key() {
    for cert in [leaf("me"), leaf("me").with(Ext::ca(None)).without(15), leaf("me").v1()] {
        let selfsigned = Cert { issuer: common_name(MX), ..cert }.subject(common_name(MX));
        let der = selfsigned.sign(LEAF);
        case(&[record("2 1 0", &der)], &[&der]).accept();
        case(&[record("2 1 0", &der)], &[&der, &der]).accept();
        // Not if it is signed by somebody else.
        let forged = selfsigned.sign(OTHER);
        case(&[record("2 1 0", &forged)], &[&forged]).bad("no-match");
    }
}

#[test]
fn a_ta2_2_1_0_of_an_issuer_that_was_not_presented() {
    let [leaf, sub, root] = chain();
    let matched = case(&[record("2 1 0", &sub)], &[&leaf]).good();
    assert_eq!(matched.depth(), 1);
    let matched = case(&[record("2 1 0", &root)], &[&leaf, &sub]).good();
    assert_eq!(matched.depth(), 2);
    case(&[record("2 1 0", &root)], &[&leaf]).bad("no-match");
}

#[test]
fn a_ta2_digests_and_2_0_x_need_the_anchor_in_the_chain() {
    let [leaf, sub, root] = chain();
    for numbers in ["2 0 1", "2 0 2", "2 1 1", "2 1 2"] {
        case(&[record(numbers, &root)], &[&leaf, &sub]).bad("no-match");
        case(&[record(numbers, &sub)], &[&leaf]).bad("no-match");
    }
}

#[test]
fn a_ta2_2_0_0_need_not_be_presented() {
    let [leaf, sub, root] = chain();
    let matched = case(&[record("2 0 0", &root)], &[&leaf, &sub]).good();
    assert_eq!(matched.depth(), 2);
    assert_eq!(case(&[record("2 0 0", &sub)], &[&leaf]).good().depth(), 1);
    case(&[record("2 0 0", &root)], &[&leaf]).bad("no-match");
}

#[test]
fn trap_a_matching_certificate_that_did_not_sign_the_path() {
    let [leaf, sub, root] = chain();
    let stranger = Cert::ca("Stranger", "Stranger", OTHER).sign(OTHER);
    for numbers in ["2 0 0", "2 0 1", "2 1 1", "2 1 0", "2 0 2", "2 1 2"] {
        case(&[record(numbers, &stranger)], &[&leaf, &sub, &root, &stranger]).bad("not-in-path");
        case(&[record(numbers, &stranger)], &[&leaf, &stranger]).bad("not-in-path");
    }
}

#[test]
fn trap_two_cas_of_one_name() {
    // What tells them apart is the key id, and then the order does not matter.
    let with_id = leaf("CA").with(Ext::authority_key_id(&SUB.id())).sign(SUB);
    let plain = leaf("CA").sign(SUB);
    let ca = |key: Key| Cert::ca("CA", "CA", key).with(Ext::subject_key_id(&key.id())).sign(key);
    let (signer, namesake) = (ca(SUB), ca(OTHER));
    for order in [[&signer, &namesake], [&namesake, &signer]] {
        for numbers in TA_PAIRS {
            let records = [record(numbers, &signer)];
            case(&records, &[&with_id, order[0], order[1]]).accept();
            // Without one the first is taken, and nobody steps back.
            let sent: [&[u8]; 3] = [&plain, order[0], order[1]];
            match order[0] == &signer || numbers == "2 0 0" {
                true => case(&records, &sent).accept(),
                false => drop(case(&records, &sent).bad("not-in-path")),
            }
            case(&[record(numbers, &namesake)], &[&with_id, order[0], order[1]]).bad("not-in-path");
        }
    }
}

#[test]
fn b3_the_kind_of_key_tells_namesakes_apart() {
    let leaf = leaf("CA").sign(SUB);
    let signer = Cert::ca("CA", "CA", SUB).sign(SUB);
    let rsa = Cert::ca("CA", "CA", OTHER).spki(rsa_spki(2048)).sign(OTHER);
    case(&[record("2 1 1", &signer)], &[&leaf, &rsa, &signer]).accept();
}

#[test]
fn b3_names_agree_beyond_case_spaces_and_kinds_of_string() {
    let printable = name(&[(&[0x55, 4, 3], 0x13, b" the  CA ")]);
    let leaf = Cert { issuer: printable, ..leaf("x") }.sign(SUB);
    let signer = Cert::ca("The CA", "The CA", SUB).sign(SUB);
    for numbers in TA_PAIRS {
        case(&[record(numbers, &signer)], &[&leaf, &signer]).accept();
    }
}

#[test]
fn a_ta4_any_order_and_unrelated_certificates() {
    let [leaf, sub, root] = chain();
    let stranger = Cert::ca("Stranger", "Other", OTHER).sign(OTHER);
    let unrelated = Cert::leaf("X", &["x.example"], Key(8)).sign(Key(8));
    for numbers in TA_PAIRS {
        for others in [
            [&root, &sub, &stranger, &unrelated],
            [&stranger, &root, &unrelated, &sub],
            [&unrelated, &unrelated, &sub, &root],
        ] {
            let mut sent: Vec<&[u8]> = vec![&leaf];
            sent.extend(others.map(|it| &it[..]));
            case(&[record(numbers, &root)], &sent).accept();
        }
    }
}

#[test]
fn trap_a_cross_signed_alternative_and_the_real_root_in_2_0_0() {
    let [leaf, sub, real] = chain();
    let cross = Cert::ca("Root", "Old Root", ROOT).sign(OTHER);
    let old = Cert::ca("Old Root", "Old Root", OTHER).sign(OTHER);
    case(&[record("2 0 0", &real)], &[&leaf, &sub, &cross]).accept();
    case(&[record("2 0 0", &real)], &[&leaf, &sub, &cross, &old]).accept();
    case(&[record("2 0 1", &old)], &[&leaf, &sub, &cross, &old]).accept();
    case(&[record("2 1 1", &real)], &[&leaf, &sub, &cross, &old]).accept();
}

// ---- DANE-TA: dates

const PAST: (&str, &str) = ("100101000000Z", "110101000000Z");
const FUTURE: (&str, &str) = ("480101000000Z", "490101000000Z");

#[test]
fn b17_an_expired_self_signed_anchor_in_the_path() {
    let [leaf, sub, _] = chain();
    for (dates, reason) in [(PAST, "expired"), (FUTURE, "not-yet-valid")] {
        let root = root().dates(dates.0, dates.1).sign(ROOT);
        for numbers in TA_PAIRS {
            let failure = case(&[record(numbers, &root)], &[&leaf, &sub, &root]).bad(reason);
            assert_eq!(failure.depth(), Some(2));
        }
        // Without its certificate, the key has no dates.
        case(&[record("2 1 0", &root)], &[&leaf, &sub]).accept();
    }
}

#[test]
fn b17_an_expired_intermediate_as_anchor() {
    let [leaf, _, root] = chain();
    let sub = sub().dates(PAST.0, PAST.1).sign(ROOT);
    for numbers in TA_PAIRS {
        case(&[record(numbers, &sub)], &[&leaf, &sub]).accept();
        case(&[record(numbers, &sub)], &[&leaf, &sub, &root]).accept();
    }
    // On the way to the root its dates count.
    case(&[record("2 0 1", &root)], &[&leaf, &sub, &root]).bad("expired");
    case(&[record("2 1 0", &root)], &[&leaf, &sub]).bad("expired");
}

#[test]
fn b17_the_leafs_dates_count_at_their_second() {
    let [leaf, sub, root] = chain();
    let records = [record("2 0 1", &root)];
    // 1 January 2025 and 2035, 00:00 UTC.
    for (now, reason) in [
        (1_735_689_599, Some("not-yet-valid")),
        (1_735_689_600, None),
        (2_051_222_399, None),
        (2_051_222_400, Some("expired")),
        (2_051_222_401, Some("expired")),
    ] {
        let sent: [&[u8]; 3] = [&leaf, &sub, &root];
        let judged = Case { now, ..case(&records, &sent) };
        match reason {
            Some(reason) => drop(judged.bad(reason)),
            None => judged.accept(),
        }
    }
}

#[test]
fn b4_a_valid_twin_of_an_expired_anchor_is_taken() {
    let [leaf, sub, _] = chain();
    let old = root().dates(PAST.0, PAST.1).serial(77).sign(ROOT);
    let new = root().sign(ROOT);
    for order in [[&old, &new], [&new, &old]] {
        let records = [record("2 1 1", &new)];
        case(&records, &[&leaf, &sub, order[0], order[1]]).accept();
    }
}

// ---- DANE-TA: constraints

#[test]
fn b10_critical_extensions_anywhere() {
    let unknown = || Ext::new(&[0x2a, 3, 4], true, vec![5, 0]);
    let harmless = Ext::new(&[0x2a, 3, 4], false, vec![5, 0]);
    for at in 0..3 {
        let mut certs = [leaf("Sub"), sub(), root()];
        certs[at] = certs[at].clone().with(unknown());
        let [leaf, sub, root] = sign(&certs);
        for numbers in ["2 0 0", "2 0 1", "2 1 1"] {
            let judged = case(&[record(numbers, &root)], &[&leaf, &sub, &root]).judge();
            assert_eq!(judged.unwrap_err().reason(), "critical-extension", "{at}");
        }
        let mut certs = [self::leaf("Sub"), self::sub(), self::root()];
        certs[at] = certs[at].clone().with(harmless.clone());
        let [leaf, sub, root] = sign(&certs);
        case(&[record("2 0 1", &root)], &[&leaf, &sub, &root]).accept();
    }
}

fn sign(certs: &[Cert; 3]) -> [Vec<u8>; 3] {
    [certs[0].sign(SUB), certs[1].sign(ROOT), certs[2].sign(ROOT)]
}

/// All pairs of numbers against the root of a changed chain: the same verdict, always.
#[track_caller]
fn all_pairs(certs: &[Cert; 3], reason: Option<&str>) {
    let [leaf, sub, root] = sign(certs);
    for numbers in TA_PAIRS {
        let judged = case(&[record(numbers, &root)], &[&leaf, &sub, &root]).judge();
        assert_eq!(judged.map_err(|it| it.reason()).err(), reason, "{numbers}");
    }
}

#[test]
fn b11_issuers_are_cas() {
    let anchor = |root: Cert, reason| all_pairs(&[leaf("Sub"), sub(), root], reason);
    anchor(root().with(Ext::not_ca()), Some("not-a-ca"));
    anchor(root().with(Ext::not_ca()).without(15), Some("not-a-ca"));
    anchor(root().without(19).without(15), Some("not-a-ca"));
    anchor(root().with(Ext::key_usage(0x80)), Some("key-usage"));
    anchor(root().with(Ext::key_usage(0x02)), Some("key-usage"));
    anchor(root().without(15), None);
    anchor(root().without(19), None);
    anchor(root().v1(), None);
    let middle = |sub: Cert, reason| all_pairs(&[leaf("Sub"), sub, root()], reason);
    middle(sub().with(Ext::not_ca()), Some("not-a-ca"));
    middle(sub().without(19), Some("not-a-ca"));
    middle(sub().with(Ext::key_usage(0x02)), Some("key-usage"));
    middle(sub().without(15), None);
}

#[test]
fn b11_a_v1_anchor_that_is_not_self_signed_is_no_ca() {
    let leaf = leaf("Sub").sign(SUB);
    let sub = sub().v1().sign(ROOT);
    case(&[record("2 0 1", &sub)], &[&leaf, &sub]).bad("not-a-ca");
}

#[test]
fn b13_extended_key_usage_names_server_auth() {
    for at in 0..3 {
        for (purposes, reason) in [
            (&[SERVER_AUTH][..], None),
            (&[CLIENT_AUTH, SERVER_AUTH], None),
            (&[CLIENT_AUTH], Some("extended-key-usage")),
            (&[ANY_PURPOSE], Some("extended-key-usage")),
        ] {
            let mut certs = [leaf("Sub"), sub(), root()];
            certs[at] = certs[at].clone().with(Ext::purposes(purposes));
            all_pairs(&certs, reason);
        }
    }
}

#[test]
fn b14_the_leafs_key_usage_fits_a_server() {
    for (octet, reason) in [
        (0x80, None),
        (0x20, None),
        (0x08, None),
        (0x40, Some("key-usage")),
        (0x04, Some("key-usage")),
    ] {
        all_pairs(&[leaf("Sub").with(Ext::key_usage(octet)), sub(), root()], reason);
    }
    all_pairs(&[leaf("Sub").without(15), sub(), root()], None);
}

#[test]
fn b15_path_length() {
    let anchor = |len| root().with(Ext::ca(Some(len)));
    all_pairs(&[leaf("Sub"), sub(), anchor(0)], Some("path-length"));
    all_pairs(&[leaf("Sub"), sub(), anchor(1)], None);
    all_pairs(&[leaf("Sub"), sub().with(Ext::ca(Some(0))), root()], None);
    // One certificate between may be self-issued and does not count.
    let leaf = leaf("Root").sign(SUB);
    let rolled = Cert::ca("Root", "Root", SUB)
        .with(Ext::authority_key_id(&ROOT.id()))
        .with(Ext::subject_key_id(&SUB.id()))
        .sign(ROOT);
    let root = anchor(0).with(Ext::subject_key_id(&ROOT.id())).sign(ROOT);
    case(&[record("2 0 1", &root)], &[&leaf, &rolled, &root]).accept();
}

#[test]
fn b16_name_constraints_of_the_anchor() {
    let with = |permitted: &[Vec<u8>], excluded: &[Vec<u8>]| {
        [leaf("Sub"), sub(), root().with(Ext::constraints(permitted, excluded))]
    };
    all_pairs(&with(&[dns("example.org")], &[]), None);
    all_pairs(&with(&[dns("")], &[]), None);
    all_pairs(&with(&[dns("example.net"), dns(MX)], &[]), None);
    all_pairs(&with(&[dns("example.net")], &[]), Some("name-constraints"));
    all_pairs(&with(&[dns(".mx.example.org")], &[]), Some("name-constraints"));
    all_pairs(&with(&[], &[dns("example.org")]), Some("name-constraints"));
    all_pairs(&with(&[], &[dns("xample.org")]), None);
    all_pairs(&with(&[dns("example.org")], &[dns(MX)]), Some("name-constraints"));
    // A mask of an address says nothing of DNS names.
    all_pairs(&with(&[tlv(0x87, &[192, 0, 2, 0, 255, 255, 255, 0])], &[]), None);
}

#[test]
fn b16_name_constraints_reach_common_names_of_a_leaf_without_dns_names() {
    let named = |cn| leaf("Sub").without(17).subject(common_name(cn));
    let constrained = root().with(Ext::constraints(&[dns("example.net")], &[]));
    all_pairs(&[named(MX), sub(), constrained.clone()], Some("name-constraints"));
    let constrained = root().with(Ext::constraints(&[dns("example.org")], &[]));
    all_pairs(&[named(MX), sub(), constrained], None);
}

#[test]
fn b16_name_constraints_on_directory_names_and_mail() {
    let o = |text: &str| name(&[(&[0x55, 4, 10], 0x0c, text.as_bytes())]);
    let directory = |text: &str| tlv(0xa4, &o(text));
    let under = |text: &str| {
        let o: (&[u8], u8, &[u8]) = (&[0x55, 4, 10], 0x0c, text.as_bytes());
        leaf("Sub").subject(name(&[o, (&[0x55, 4, 3], 0x0c, b"mx")]))
    };
    let anchor = |permitted: &[Vec<u8>]| {
        let sub = sub().subject(o("Acme")).sign(ROOT);
        let root = root().with(Ext::constraints(permitted, &[])).sign(ROOT);
        (sub, root)
    };
    let issue = |cert: Cert| Cert { issuer: o("Acme"), ..cert }.sign(SUB);
    let (sub_der, root_der) = anchor(&[directory("Acme")]);
    let records = [record("2 0 1", &root_der)];
    case(&records, &[&issue(under("Acme")), &sub_der, &root_der]).accept();
    case(&records, &[&issue(under("Other")), &sub_der, &root_der]).bad("name-constraints");
    let (sub_der, root_der) = anchor(&[directory("Other")]);
    case(&[record("2 0 1", &root_der)], &[&issue(under("Acme")), &sub_der, &root_der])
        .bad("name-constraints");
    let mail = leaf("Sub").with(Ext::alt_names(&[dns(MX), tlv(0x81, b"u@evil.example")]));
    let constrained = root().with(Ext::constraints(&[tlv(0x81, b"example.org")], &[]));
    all_pairs(&[mail, sub(), constrained], Some("name-constraints"));
}

#[test]
fn b16_subtrees_with_a_minimum_refuse_names_of_their_type() {
    let base = |base: Vec<u8>| [base, tlv(0x80, &[1])].concat();
    let constrained = root().with(Ext::constraints(&[base(dns("example.org"))], &[]));
    all_pairs(&[leaf("Sub"), sub(), constrained], Some("name-constraints"));
    let constrained = root().with(Ext::constraints(&[], &[base(tlv(0x86, b"u"))]));
    all_pairs(&[leaf("Sub"), sub(), constrained], None);
}

#[test]
fn b18_weak_keys_of_issuers() {
    let [leaf, sub, _] = chain();
    let weak = root().spki(rsa_spki(1024)).sign(ROOT);
    for numbers in ["2 0 1", "2 1 1"] {
        case(&[record(numbers, &weak)], &[&leaf, &sub, &weak]).bad("weak-key");
    }
    let leaf = self::leaf("Sub").spki(rsa_spki(1024)).sign(SUB);
    let root = root().sign(ROOT);
    case(&[record("2 0 1", &root)], &[&leaf, &sub, &root]).bad("weak-key");
    case(&[record("2 0 1", &sub)], &[&leaf, &sub]).bad("weak-key");
}

#[test]
fn b18_explicit_curves_are_refused() {
    let ec = common::der::oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    let spki = seq(&[&seq(&[&ec, &seq(&[])]), &common::der::bits(&[4; 65])]);
    let certs = [leaf("Sub").spki(spki), sub(), root()];
    all_pairs(&certs, Some("unsupported-algorithm"));
    let chain = sign(&certs);
    told(&[record("2 0 1", &chain[2])], &chain, "unsupported-algorithm", "its curve has no name");
}

#[test]
fn b18_signatures_of_kinds_that_are_not_supported() {
    let sha1 = common::der::oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5]);
    let leaf = Cert { algorithms: (sha1.clone(), sha1), ..leaf("Sub") }.sign(SUB);
    let sub = sub().sign(ROOT);
    case(&[record("2 0 1", &sub)], &[&leaf, &sub]).bad("unsupported-algorithm");
    let mismatch = Cert {
        algorithms: (common::der::oid(&[0x2b, 0x65, 0x71]), common::der::oid(&[0x2b, 0x65, 0x70])),
        ..self::leaf("Sub")
    };
    let sent = [mismatch.sign(SUB), sub];
    let sentence = "its two signature algorithms differ";
    told(&[record("2 0 1", &sent[1])], &sent, "malformed-certificate", sentence);
}

// ---- key ids

#[test]
fn b3_an_authority_key_id_has_to_agree() {
    let ca = |id: &[u8]| Cert::ca("CA", "CA", SUB).with(Ext::subject_key_id(id)).sign(SUB);
    let with_id = leaf("CA").with(Ext::authority_key_id(b"right")).sign(SUB);
    for numbers in TA_PAIRS {
        case(&[record(numbers, &ca(b"right"))], &[&with_id, &ca(b"right")]).accept();
    }
    for numbers in ["2 0 0", "2 0 1", "2 1 1"] {
        case(&[record(numbers, &ca(b"wrong"))], &[&with_id, &ca(b"wrong")]).bad("not-in-path");
    }
    let without = Cert::ca("CA", "CA", SUB).sign(SUB);
    case(&[record("2 0 1", &without)], &[&with_id, &without]).accept();
}

#[test]
fn b12_the_leaf_may_be_a_ca() {
    for path_len in [None, Some(0)] {
        all_pairs(&[leaf("Sub").with(Ext::ca(path_len)), sub(), root()], None);
    }
    // What a CA as leaf says of others is not asked, what they say of it is.
    let short = root().with(Ext::ca(Some(0)));
    all_pairs(&[leaf("Sub").with(Ext::ca(None)), sub(), short], Some("path-length"));
    let not_ca = sub().with(Ext::not_ca());
    all_pairs(&[leaf("Sub").with(Ext::ca(None)), not_ca, root()], Some("not-a-ca"));
    let forged = [leaf("Sub").with(Ext::ca(None)).sign(OTHER), sub().sign(ROOT), root().sign(ROOT)];
    let sent: Vec<&[u8]> = forged.iter().map(|it| &it[..]).collect();
    case(&[record("2 0 1", &forged[2])], &sent).bad("not-in-path");
}

#[test]
fn b7_a_self_signed_leaf_is_not_extended() {
    let twin = |serial| {
        Cert { issuer: common_name(MX), ..leaf("x") }.subject(common_name(MX)).serial(serial)
    };
    let leaf = twin(1).sign(LEAF);
    let ca = Cert::ca(MX, MX, LEAF).serial(2).sign(LEAF);
    for numbers in ["2 0 0", "2 0 1", "2 1 1"] {
        case(&[record(numbers, &ca)], &[&leaf, &ca]).bad("not-in-path");
    }
    case(&[record("2 1 0", &ca)], &[&leaf, &ca]).accept();
}

#[test]
fn b6_a_bare_key_does_not_drop_the_constraints_of_its_certificate() {
    let [leaf, sub, _] = chain();
    let root = root().with(Ext::constraints(&[dns("example.net")], &[])).sign(ROOT);
    case(&[record("2 1 0", &root)], &[&leaf, &sub, &root]).bad("name-constraints");
    case(&[record("2 1 0", &root)], &[&leaf, &sub]).accept();
    let client = self::root().with(Ext::purposes(&[CLIENT_AUTH])).sign(ROOT);
    case(&[record("2 1 0", &client)], &[&leaf, &sub, &client]).bad("extended-key-usage");
}

// ---- names

/// A path that is good but for the names.
#[track_caller]
fn names(cert: Cert, references: &[&str], good: bool) {
    let leaf = cert.sign(SUB);
    let sub = sub().sign(ROOT);
    let records = [record("2 0 1", &sub)];
    let sent: [&[u8]; 2] = [&leaf, &sub];
    let judged = Case { names: references, ..case(&records, &sent) };
    match good {
        true => judged.accept(),
        false => drop(judged.bad("name-mismatch")),
    }
}

#[test]
fn n1_one_reference_identifier_is_enough() {
    names(leaf("Sub"), &["other.example", MX], true);
    names(leaf("Sub"), &["other.example"], false);
    names(leaf("Sub"), &[], false);
    names(leaf("Sub").with(Ext::dns_names(&["a.example", MX])), &[MX], true);
}

#[test]
fn n2_common_names_count_only_without_any_dns_name() {
    let cn = |cert: Cert| cert.subject(common_name(MX));
    names(cn(leaf("Sub").without(17)), &[MX], true);
    names(cn(leaf("Sub").with(Ext::alt_names(&[tlv(0x87, &[192, 0, 2, 1])]))), &[MX], true);
    names(cn(leaf("Sub").with(Ext::alt_names(&[tlv(0x81, b"u@example.org")]))), &[MX], true);
    names(cn(leaf("Sub").v1()), &[MX], true);
    names(cn(leaf("Sub").with(Ext::dns_names(&["other.example"]))), &[MX], false);
    names(leaf("Sub").without(17).subject(common_name("other.example")), &[MX], false);
}

#[test]
fn b19_all_common_names_in_three_kinds_of_string_count() {
    let cn: &[u8] = &[0x55, 4, 3];
    for (tag, good) in [(0x0c, true), (0x13, true), (0x16, true), (0x14, false), (0x1e, false)] {
        let subject = name(&[(cn, 0x0c, b"first"), (cn, tag, MX.as_bytes())]);
        names(leaf("Sub").without(17).subject(subject), &[MX], good);
    }
}

#[test]
fn n3_wildcards() {
    for (presented, reference, good) in [
        ("*.example.org", MX, true),
        ("*.EXAMPLE.org", "MX.example.ORG.", true),
        ("*.com", "example.com", false),
        ("*.example.com", "a.b.example.com", false),
        ("*.example.com", "example.com", false),
        ("mx*.example.org", "mx1.example.org", false),
        ("*mx.example.org", "1mx.example.org", false),
        ("m_x.example.org", "m_x.example.org", true),
        ("*.example.org", "m_x.example.org", false),
        ("mx.example.org.", MX, false),
    ] {
        names(leaf("Sub").with(Ext::dns_names(&[presented])), &[reference], good);
    }
    let nul = tlv(0x82, b"mx.example.org\0.evil.example");
    names(leaf("Sub").with(Ext::alt_names(&[nul])), &[MX], false);
}

// ---- limits and malformed parts

#[test]
fn house_11_more_than_12_certificates() {
    let [leaf, sub, root] = chain();
    let unrelated: Vec<Vec<u8>> =
        (20..30).map(|seed| Cert::ca("U", "U", Key(seed)).sign(Key(seed))).collect();
    let mut sent: Vec<&[u8]> = vec![&leaf, &sub, &root];
    sent.extend(unrelated.iter().take(9).map(|it| &it[..]));
    assert_eq!(sent.len(), 12);
    case(&[record("2 0 1", &root)], &sent).accept();
    sent.push(&unrelated[9]);
    case(&[record("2 0 1", &root)], &sent).bad("too-many-certificates");
    case(&[record("3 1 1", &leaf)], &sent).accept();
}

#[test]
fn house_11_more_than_64_records() {
    let [leaf, ..] = chain();
    let mut records = vec![wrong("3 1 1"); 63];
    records.push(record("3 1 1", &leaf));
    assert_eq!(case(&records, &[&leaf]).good().record(), 63);
    records.push(wrong("3 1 1"));
    let error = UsableSet::select(&records, Profile::Smtp, &Digests::default()).unwrap_err();
    assert_eq!(error, NoUsableRecords::TooMany(65));
    assert_eq!(error.reason(), "too-many-records");
}

#[test]
fn w7_malformed_and_duplicate_extensions_fail_the_path() {
    let spoil = |at: usize, change: &dyn Fn(Cert) -> Cert| {
        let mut certs = [leaf("Sub"), sub(), root()];
        certs[at] = change(certs[at].clone());
        all_pairs(&certs, Some("malformed-certificate"));
    };
    for at in 0..3 {
        spoil(at, &|cert| cert.with(Ext::new(&[0x55, 0x1d, 17], false, vec![0x30, 2, 0x89, 0])));
        spoil(at, &|cert| cert.with(Ext::purposes(&[])));
        spoil(at, &|cert| cert.with(Ext::new(&[0x55, 0x1d, 15], true, vec![3, 2, 7, 0])));
        spoil(at, &|cert| cert.with(Ext::new(&[0x55, 0x1d, 30], false, vec![0x31, 0])));
        spoil(at, &|cert| cert.dates("260230000000Z", "350101000000Z"));
        spoil(at, &|mut cert| {
            cert.extensions.push(Ext::key_usage(0x84));
            cert
        });
    }
}

#[test]
fn w7_parts_of_extensions_have_their_form() {
    let points = |value: &[u8]| Ext::new(&[0x55, 0x1d, 31], false, value.to_vec());
    let named = |name: &[u8]| Ext::alt_names(&[dns(MX), name.to_vec()]);
    let uri = tlv(0x86, b"http://example.org/crl");
    let relative = seq(&[&common::der::oid(&[0x55, 4, 3]), &tlv(12, b"a")]);
    let good = [
        points(&seq(&[&seq(&[&tlv(0xa0, &tlv(0xa0, &uri)), &[0x81, 2, 5, 0x60]])])),
        points(&seq(&[&seq(&[&tlv(0xa0, &tlv(0xa1, &relative)), &tlv(0xa2, &uri)])])),
        points(&seq(&[])),
        named(&[&[0xa0, 9, 6, 3, 0x2a, 3, 4, 0xa0, 2][..], &[5, 0]].concat()),
        named(&[0x88, 3, 0x2a, 3, 4]),
        named(&tlv(0xa4, &common_name("Lower"))),
        named(&tlv(0xa5, &tlv(0xa1, &tlv(12, b"a")))),
        named(&tlv(0xa3, &[])),
    ];
    for extension in good {
        all_pairs(&[leaf("Sub").with(extension), sub(), root()], None);
    }
    let bad = [
        points(&[5, 0]),
        points(&seq(&[&[5, 0]])),
        points(&seq(&[&seq(&[&tlv(0xa0, &tlv(0xa2, &uri))])])),
        points(&seq(&[&seq(&[&[0x81, 1, 9]])])),
        named(&[0xa0, 0]),
        named(&[0xa0, 5, 6, 3, 0x2a, 3, 4]),
        named(&[0xa0, 7, 6, 3, 0x2a, 3, 4, 0xa0, 0]),
        named(&[0x88, 0]),
        named(&[0x88, 1, 0x80]),
        named(&[0xa4, 4, 0x30, 2, 5, 0]),
        named(&[0xa5, 0]),
        named(&tlv(0xa5, &tlv(0xa1, &tlv(2, b"a")))),
        Ext::purposes(&[SERVER_AUTH, &[]]),
        Ext::new(&[0x55, 0x1d, 35], false, seq(&[&[0x82, 2, 0, 1]])),
        Ext::new(&[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1], false, vec![5, 0]),
    ];
    for extension in bad {
        let certs = [leaf("Sub").with(extension.clone()), sub(), root()];
        all_pairs(&certs, Some("malformed-certificate"));
    }
    let mut twice = leaf("Sub").with(points(&seq(&[])));
    twice.extensions.push(points(&seq(&[])));
    all_pairs(&[twice, sub(), root()], Some("malformed-certificate"));
}

#[test]
fn b13_an_old_type_of_certificate_is_a_servers() {
    let old = |critical, value: &[u8]| {
        Ext::new(&[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1], critical, value.to_vec())
    };
    let of_leaf = |extension, reason| {
        all_pairs(&[leaf("Sub").with(extension), sub(), root()], reason);
    };
    of_leaf(old(false, &[3, 2, 6, 0x40]), None);
    of_leaf(old(false, &[3, 2, 6, 0xc0]), None);
    of_leaf(old(false, &[3, 2, 7, 0x80]), Some("extended-key-usage"));
    of_leaf(old(false, &[3, 1, 0]), Some("extended-key-usage"));
    of_leaf(old(true, &[3, 2, 6, 0x40]), Some("critical-extension"));
    all_pairs(&[leaf("Sub"), sub().with(old(false, &[3, 2, 7, 0x80])), root()], None);
    let leaf = leaf("Sub").with(old(false, &[3, 2, 7, 0x80])).sign(SUB);
    let chain = [leaf, sub().sign(ROOT), root().sign(ROOT)];
    let sentence = "its netscape certificate type is not a server's";
    told(&[record("2 0 1", &chain[2])], &chain, "extended-key-usage", sentence);
}

#[test]
fn b10_networks_are_not_evaluated() {
    for number in [7, 8] {
        for critical in [false, true] {
            let networks = Ext::new(&[0x2b, 6, 1, 5, 5, 7, 1, number], critical, seq(&[]));
            let certs = [leaf("Sub").with(networks), sub(), root()];
            all_pairs(&certs, Some("critical-extension"));
        }
    }
}

#[test]
fn b11_a_v1_root_has_signed_itself_in_a_known_way() {
    let leaf = leaf("Root").sign(ROOT);
    for (arc, reason) in [(0x70, None), (0x72, Some("not-a-ca"))] {
        let mut root = root().v1();
        let algorithm = common::der::oid(&[0x2b, 0x65, arc]);
        root.algorithms = (algorithm.clone(), algorithm);
        let root = root.sign(ROOT);
        let judged = case(&[record("2 1 1", &root)], &[&leaf, &root]).judge();
        assert_eq!(judged.map_err(|it| it.reason()).err(), reason);
    }
}

#[test]
fn rfc5280_7_1_names_in_another_form_on_a_path_of_three() {
    let mut leaf = leaf("Sub");
    leaf.issuer = name(&[(&[0x55, 4, 3], 0x13, b" SUB ")]);
    let mut sub = sub();
    sub.issuer = name(&[(&[0x55, 4, 3], 0x1e, b"\0r\0o\0o\0t")]);
    all_pairs(&[leaf.clone(), sub.clone(), root()], None);
    // The rest of the rules holds all the same.
    all_pairs(&[leaf.clone(), sub.with(Ext::not_ca()), root()], Some("not-a-ca"));
    let [leaf, sub, root] = [leaf.sign(OTHER), self::sub().sign(ROOT), root().sign(ROOT)];
    case(&[record("2 1 1", &root)], &[&leaf, &sub, &root]).bad("not-in-path");
}

#[test]
fn rfc5280_4_1_2_8_unique_ids_are_read_over() {
    let ids = |key: Key| [&key.spki()[..], &[0x81, 2, 0, 7], &[0x82, 2, 0, 8]].concat();
    let (leaf, sub, root) = (leaf("Sub"), sub(), root());
    all_pairs(&[leaf.spki(ids(LEAF)), sub.spki(ids(SUB)), root.spki(ids(ROOT))], None);
}

#[test]
fn b16_names_and_constraints_cost_by_their_octets() {
    let domain = |at: u8, octets: usize| [&vec![b'a'; octets - 2][..], &[b'.', at]].concat();
    let mail = |local: &str, domain: Vec<u8>| tlv(0x81, &[local.as_bytes(), &domain].concat());
    // 200 addresses, and so many hosts that none of them is at.
    let verdict = |octets: usize, hosts: u8| {
        let mut names: Vec<Vec<u8>> = (0..200).map(|at| mail("u@", domain(at, octets))).collect();
        names.push(dns(MX));
        let leaf = leaf("Root").with(Ext::alt_names(&names)).sign(ROOT);
        let hosts: Vec<Vec<u8>> = (0..hosts).map(|at| mail("x.", domain(at, octets))).collect();
        let root = root().with(Ext::constraints(&[], &hosts)).sign(ROOT);
        case(&[record("2 1 1", &root)], &[&leaf, &root]).judge().map_err(|it| it.reason()).err()
    };
    // A comparison costs 2, and 13.
    assert_eq!(verdict(20, 160), None);
    assert_eq!(verdict(20, 170), Some("name-constraints"));
    assert_eq!(verdict(200, 20), None);
    assert_eq!(verdict(200, 30), Some("name-constraints"));
}

#[test]
fn b5_signatures_to_verify_are_bounded() {
    // Keys that may have signed the leaf, by their kind: none has.
    let leaf = leaf("CA").sign(LEAF);
    let ca = |seed: u8| Cert::ca("CA", "CA", Key(seed)).sign(Key(seed));
    let other = ca(20);
    for (keys, reason) in [(16, "no-match"), (17, "signature-budget")] {
        let records: Vec<Tlsa> = (100..100 + keys).map(|seed| record("2 1 0", &ca(seed))).collect();
        case(&records, &[&leaf]).bad(reason);
    }
    // The same key again costs nothing.
    let records = vec![record("2 1 0", &other); 64];
    case(&records, &[&leaf]).bad("no-match");
}

#[test]
fn b5_nothing_is_spent_on_a_path_that_is_bad_anyway() {
    let leaf = leaf("CA").with(Ext::dns_names(&["x.example"])).sign(LEAF);
    let ca = Cert::ca("CA", "CA", SUB).sign(SUB);
    case(&[record("2 1 1", &ca)], &[&leaf, &ca]).bad("name-mismatch");
}

#[test]
fn house_11_more_than_128_kib_of_certificates() {
    let [leaf, sub, root] = chain();
    let filler = |size: usize, seed| {
        let zeros = Ext::new(&[0x2a, 3, 4], false, vec![0; size]);
        Cert::ca("U", "U", Key(seed)).with(zeros).sign(Key(seed))
    };
    let (first, third) = (filler(60_000, 20), filler(30_000, 22));
    let known: usize = [&leaf, &sub, &root, &first, &third].map(Vec::len).iter().sum();
    let left = 131_072 - known;
    let header = filler(30_000, 21).len() - 30_000;
    for (size, good) in [(left - header, true), (left - header + 1, false)] {
        let second = filler(size, 21);
        let sent: [&[u8]; 6] = [&leaf, &sub, &root, &first, &third, &second];
        match good {
            true => case(&[record("2 0 1", &root)], &sent).accept(),
            false => drop(case(&[record("2 0 1", &root)], &sent).bad("too-many-certificates")),
        }
    }
}

#[test]
fn b5_a_mesh_of_namesakes_is_left_quickly() {
    // By their names each may have issued each: ids and signatures tell them apart.
    let ca = |seed: u8, signer: u8| {
        Cert::ca("CA", "CA", Key(seed))
            .with(Ext::subject_key_id(&Key(seed).id()))
            .with(Ext::authority_key_id(&Key(signer).id()))
            .sign(Key(signer))
    };
    let leaf = leaf("CA").sign(Key(20));
    let stranger = Cert::ca("X", "X", Key(50)).sign(Key(50));
    let mesh: Vec<Vec<u8>> = (20..30).map(|seed| ca(seed, seed + 1)).collect();
    let mut sent: Vec<&[u8]> = vec![&leaf, &stranger];
    sent.extend(mesh.iter().map(|it| &it[..]));
    let failure = case(&[record("2 0 1", &stranger)], &sent).judge().unwrap_err();
    assert!(matches!(failure.reason(), "not-in-path" | "path-length" | "signature-budget"));
    case(&[record("2 0 1", &mesh[3])], &sent).accept();
    // Two names in turn, and no end.
    let twins: Vec<Vec<u8>> = (0..11)
        .map(|at| {
            let names = ["CA", "Other CA"];
            let (subject, issuer) = (names[at % 2], names[(at + 1) % 2]);
            Cert::ca(subject, issuer, SUB).serial(u8::try_from(at).unwrap()).sign(SUB)
        })
        .collect();
    let mut sent: Vec<&[u8]> = vec![&leaf];
    sent.extend(twins.iter().map(|it| &it[..]));
    case(&[record("2 0 1", &stranger)], &sent).bad("path-length");
}

#[test]
fn paths_have_at_most_six_certificates_between() {
    // A line of CAs: 10 is the root, each next one is issued by the one before.
    for (count, good) in [(6, true), (7, false)] {
        let names: Vec<String> = (0..=count).map(|at| format!("CA {at}")).collect();
        let key = |at: usize| Key(10 + u8::try_from(at).unwrap());
        let mut line: Vec<Vec<u8>> = (1..=count)
            .map(|at| Cert::ca(&names[at], &names[at - 1], key(at)).sign(key(at - 1)))
            .collect();
        line.reverse();
        let root = Cert::ca(&names[0], &names[0], key(0)).sign(key(0));
        let leaf = leaf(&names[count]).sign(key(count));
        let mut sent: Vec<&[u8]> = vec![&leaf];
        sent.extend(line.iter().map(|it| &it[..]));
        sent.push(&root);
        let records = [record("2 0 1", &root)];
        match good {
            true => case(&records, &sent).accept(),
            false => {
                let near = case(&records, &sent).bad("path-length").nearest_miss();
                assert_eq!(near.to_string(), "it goes on after 8 certificates");
            }
        }
    }
}

// ---- the generic profile

#[test]
fn rfc7671_5_3_pkix_ee_needs_a_match_and_a_path() {
    let [leaf, sub, root] = chain();
    for numbers in ["1 0 0", "1 0 1", "1 1 1", "1 1 2"] {
        let records = [record(numbers, &leaf)];
        let matched = generic(&records, &[&leaf, &sub], &[&root]).good();
        assert_eq!((matched.usage(), matched.depth()), (Usage::PkixEe, 0));
        generic(&records, &[&leaf, &sub], &[]).bad("not-in-path");
        let failure = generic(&records, &[&leaf], &[&root]).bad("not-in-path");
        let near = NearestMiss::Unlinked { record: 0, certificate: 0, last: 0 };
        assert_eq!(failure.nearest_miss(), near);
        generic(&[wrong(numbers)], &[&leaf, &sub], &[&root]).bad("no-match");
        let (sent, roots): ([&[u8]; 2], [&[u8]; 1]) = ([&leaf, &sub], [&root]);
        let judged = Case { names: &["x.example"], ..generic(&records, &sent, &roots) };
        judged.bad("name-mismatch");
    }
}

#[test]
fn rfc7671_5_4_pkix_ta_matches_on_the_way() {
    let [leaf, sub, root] = chain();
    for numbers in ["0 0 0", "0 0 1", "0 1 1", "0 1 2"] {
        for (anchor, depth) in [(&sub, 1), (&root, 2)] {
            let records = [record(numbers, anchor)];
            let matched = generic(&records, &[&leaf, &sub], &[&root]).good();
            assert_eq!((matched.usage(), matched.depth()), (Usage::PkixTa, depth));
        }
        generic(&[record(numbers, &leaf)], &[&leaf, &sub], &[&root]).bad("no-match");
        generic(&[record(numbers, &sub)], &[&leaf, &sub], &[]).bad("not-in-path");
    }
}

#[test]
fn rfc7671_5_4_pkix_ta_goes_on_past_a_trusted_intermediate() {
    let [leaf, sub, root] = chain();
    let records = [record("0 0 1", &root)];
    generic(&records, &[&leaf, &sub, &root], &[&sub, &root]).accept();
}

#[test]
fn dane_u1_the_generic_profile_keeps_dane() {
    let [leaf, sub, root] = chain();
    generic(&[record("3 1 1", &leaf)], &[&leaf], &[]).accept();
    generic(&[record("2 0 1", &root)], &[&leaf, &sub, &root], &[]).accept();
}
