//! DANE-EE records, and which records count beside each other.

use serde_json::{Value, json};

use super::super::certificates::der::{self};
use super::super::certificates::{CLIENT_AUTH, Cert, Ext, rsa_spki};
use super::{Book, EE, OTHER, Page, SUB, bad, chain, good, leaf, record, request, slug};

pub(super) fn add(book: &mut Book) {
    matches(book);
    odd_leaves(book);
    broken_leaves(book);
    weak_keys(book);
    agility(book);
    unusable(book);
}

fn matches(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc7672",
        section: "3.1.1",
        level: "must",
        why: "a DANE-EE record is matched with the server's certificate, and nothing else counts",
        rules: &["DANE-E1", "W5"],
    };
    for numbers in EE {
        let records = [record(numbers, &leaf_der)];
        let n = slug(numbers);
        let full = request(&records, &[&leaf_der, &sub_der, &root_der]);
        book.add(page, &format!("match-{n}"), "the record of the leaf", full, good(0, 3));
        let alone = request(&records, &[&leaf_der]);
        let of_leaf = page.of(&["DANE-E1", "B1"]);
        book.add(of_leaf, &format!("match-{n}-alone"), "the leaf alone", alone, good(0, 3));
        let records = [record(numbers, &sub_der)];
        let full = request(&records, &[&leaf_der, &sub_der, &root_der]);
        let title = "the record of an issuer";
        book.add(page.of(&["DANE-E1"]), &format!("issuer-{n}"), title, full, bad("no-match"));
    }
}

fn odd_leaves(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "3.1.1",
        level: "must",
        why: "a DANE-EE record is matched with the server's certificate, and nothing else counts",
        rules: &["DANE-E1", "W6"],
    };
    let critical = Ext::new(&[0x2a, 3, 4], true, vec![5, 0]);
    let garbled = Ext::alt_names(&[vec![0xff]]);
    let sha1 = der::oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5]);
    for (name, cert) in [
        ("expired", leaf("Sub").dates("100101000000Z", "110101000000Z")),
        ("not-yet-valid", leaf("Sub").dates("480101000000Z", "490101000000Z")),
        ("version-1", leaf("Sub").v1()),
        ("a-ca", leaf("Sub").with(Ext::ca(Some(0)))),
        ("of-another-name", leaf("Sub").with(Ext::dns_names(&["other.example"]))),
        ("without-names", leaf("Sub").without(17)),
        ("with-an-unknown-critical-extension", leaf("Sub").with(critical)),
        ("for-clients", leaf("Sub").with(Ext::purposes(&[CLIENT_AUTH]))),
        ("that-may-sign-crls", leaf("Sub").with(Ext::key_usage(0x02))),
        ("with-garbled-names", leaf("Sub").with(garbled)),
        ("signed-with-sha-1", Cert { algorithms: (sha1.clone(), sha1), ..leaf("Sub") }),
        ("of-a-strange-issuer", leaf("Nobody")),
    ] {
        let der = cert.sign(OTHER);
        for numbers in ["3 0 1", "3 1 1"] {
            let name = format!("leaf-{name}-{}", slug(numbers));
            let title = format!("a leaf {}", name.replace('-', " "));
            book.add(page, &name, &title, request(&[record(numbers, &der)], &[&der]), good(0, 3));
        }
    }
}

fn broken_leaves(book: &mut Book) {
    let [leaf_der, _, _] = chain();
    let page = Page {
        spec: "rfc6698",
        section: "2.1.3",
        level: "unclear",
        why: "a leaf that is not exactly one certificate has no parts to match",
        rules: &["W1"],
    };
    let records = [record("3 0 1", &leaf_der)];
    let longer = [&leaf_der[..], &[0]].concat();
    let shorter = &leaf_der[..leaf_der.len() - 1];
    let mut high_version = leaf("Sub");
    high_version.version = Some(3);
    let high_version = high_version.sign(SUB);
    for (name, der) in
        [("longer", &longer[..]), ("shorter", shorter), ("version-4", &high_version[..])]
    {
        let request = request(&records, &[der]);
        let page = if name == "version-4" { page.of(&["W3"]) } else { page };
        let reason = match name {
            "version-4" => "no-match",
            _ => "malformed-certificate",
        };
        book.add(page, name, "a malformed leaf", request, bad(reason));
    }
}

fn weak_keys(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "3.1",
        level: "unclear",
        why: "an RSA key of fewer than 2,048 bits is refused in every role",
        rules: &["B18"],
    };
    for (bits, expect) in
        [(1024, bad("weak-key")), (2040, bad("weak-key")), (2048, good(0, 3)), (4096, good(0, 3))]
    {
        let der = leaf("Sub").spki(rsa_spki(bits)).sign(SUB);
        let request = request(&[record("3 1 1", &der)], &[&der]);
        let title = format!("an RSA key of {bits} bits");
        book.add(page, &format!("rsa-{bits}"), &title, request, expect);
    }
    let weak = leaf("Sub").spki(rsa_spki(1024)).sign(SUB);
    for numbers in ["3 0 0", "3 1 0"] {
        let request = request(&[record(numbers, &weak)], &[&weak]);
        let expect = json!({"verdict": "no-usable-records"});
        let name = format!("rsa-1024-full-{}", slug(numbers));
        book.add(page.of(&["DANE-U5"]), &name, "a weak key in full data", request, expect);
    }
}

fn agility(book: &mut Book) {
    let [leaf, sub, root] = chain();
    let other = Cert::leaf("CA", &["other.example"], OTHER).sign(OTHER);
    let right = |numbers: &str| match numbers.starts_with('3') {
        true => record(numbers, &leaf),
        false => record(numbers, &root),
    };
    let wrong = |numbers: &str| record(numbers, &other);
    let page = Page {
        spec: "rfc7671",
        section: "9",
        level: "must",
        why: "for each usage and selector only the strongest digest counts, full data beside it",
        rules: &["DANE-G1"],
    };
    let none = || bad("no-match");
    let cases: Vec<(&str, Vec<String>, Value)> = vec![
        ("wrong-512-right-256-key", vec![right("3 1 1"), wrong("3 1 2")], none()),
        ("wrong-512-right-256-certificate", vec![right("3 0 1"), wrong("3 0 2")], none()),
        ("wrong-512-right-256-anchor", vec![right("2 0 1"), wrong("2 0 2")], none()),
        ("wrong-512-right-256-anchor-key", vec![wrong("2 1 2"), right("2 1 1")], none()),
        ("right-512-wrong-256", vec![wrong("3 1 1"), right("3 1 2")], good(1, 3)),
        ("both-right", vec![right("3 1 1"), right("3 1 2")], good(1, 3)),
        ("wrong-512-right-full", vec![wrong("3 1 2"), right("3 1 0")], good(1, 3)),
        ("wrong-256-right-full", vec![wrong("3 1 1"), right("3 1 0")], good(1, 3)),
        ("other-selector", vec![wrong("3 1 2"), right("3 0 1")], good(1, 3)),
        ("other-selector-back", vec![wrong("3 0 2"), right("3 1 1")], good(1, 3)),
        ("other-usage", vec![wrong("3 1 2"), right("2 1 1")], good(1, 2)),
        ("other-usage-back", vec![wrong("2 1 2"), right("3 1 1")], good(1, 3)),
        ("short-512", vec![format!("3 1 2 {}", "00".repeat(63)), right("3 1 1")], good(1, 3)),
        (
            "digest-256-as-512",
            vec![right("3 1 1").replacen("1 1 ", "1 2 ", 1), right("3 1 1")],
            good(1, 3),
        ),
        ("empty-512", vec!["3 1 2".into(), right("3 1 1")], good(1, 3)),
        (
            "unknown-matching-type",
            vec![right("3 1 1").replacen("1 1 ", "1 9 ", 1), right("3 1 1")],
            good(1, 3),
        ),
        ("pkix-512", vec![right("3 1 2").replacen('3', "1", 1), right("3 1 1")], good(1, 3)),
        ("rollover", vec![wrong("3 1 1"), right("3 1 1")], good(1, 3)),
        ("rollover-of-anchors", vec![wrong("2 0 1"), right("2 0 1")], good(1, 2)),
        ("anchor-first-in-order", vec![right("2 0 1"), right("3 1 1")], good(1, 3)),
    ];
    for (name, records, expect) in cases {
        let request = request(&records, &[&leaf, &sub, &root]);
        let page = match name {
            "anchor-first-in-order" => page.of(&["DANE-G4"]).at("should"),
            "rollover" | "rollover-of-anchors" => page.of(&["DANE-G5"]),
            "short-512"
            | "digest-256-as-512"
            | "empty-512"
            | "unknown-matching-type"
            | "pkix-512" => page.of(&["DANE-G3"]),
            _ if name.starts_with("other-") => page.of(&["DANE-G2"]),
            _ => page,
        };
        book.add(page, name, &name.replace('-', " "), request, expect);
    }
}

fn unusable(book: &mut Book) {
    let [leaf, sub, root] = chain();
    let right = |numbers: &str| record(numbers, &leaf);
    let page = Page {
        spec: "rfc6698",
        section: "4.1",
        level: "must",
        why: "records of which none is usable are not a failure of the chain",
        rules: &["DANE-U3"],
    };
    let trailing = format!("{}00", record("3 0 0", &leaf));
    for (name, text) in [
        ("short-digest", "3 1 1 abcd"),
        ("no-data", "3 1 1"),
        ("trailing-octet", &trailing),
        ("unknown-usage", &right("3 1 1").replacen('3', "7", 1)),
        ("pkix-usage", &right("3 1 1").replacen('3', "1", 1)),
    ] {
        let request = request(&[text.into()], &[&leaf, &sub, &root]);
        let expect = json!({"verdict": "no-usable-records"});
        let page = match name {
            "trailing-octet" => page.of(&["DANE-U4"]),
            "unknown-usage" | "pkix-usage" => page.of(&["DANE-U1"]),
            _ => page,
        };
        book.add(page, &format!("verify-{name}"), "no usable record", request, expect);
    }
}
