//! `dane.verify`: chains against records.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::certificates::der::{self, bits, common_name, name, seq, tlv};
use super::certificates::{ANY_PURPOSE, CLIENT_AUTH, Cert, Ext, Key, NOW, SERVER_AUTH, rsa_spki};
use super::{Book, Page};

const MX: &str = "mx.example.org";
const LEAF: Key = Key(1);
const SUB: Key = Key(2);
const ROOT: Key = Key(3);
const OTHER: Key = Key(9);

const TA: [&str; 6] = ["2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"];
const EE: [&str; 6] = ["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2"];

fn record(numbers: &str, certificate: &[u8]) -> String {
    let numbers: Vec<u8> = numbers.split(' ').map(|it| it.parse().unwrap()).collect();
    dane::publish::record(
        dane::CertUsage(numbers[0]),
        dane::Selector(numbers[1]),
        dane::Matching(numbers[2]),
        certificate,
    )
    .unwrap()
    .to_string()
}

fn request(records: &[String], chain: &[&[u8]]) -> Value {
    let chain: Vec<String> = chain.iter().map(|it| STANDARD.encode(it)).collect();
    json!({"op": "dane.verify", "tlsa": records, "chain_b64": chain, "names": [MX], "now": NOW})
}

fn good(record: usize, usage: u8) -> Value {
    json!({"verdict": "authenticated", "record": record, "usage": usage})
}

fn bad(reason: &str) -> Value {
    json!({"verdict": "failed", "reason": reason})
}

fn slug(numbers: &str) -> String {
    numbers.replace(' ', "")
}

fn leaf(issuer: &str) -> Cert {
    Cert::leaf(issuer, &[MX], LEAF)
}

fn sub() -> Cert {
    Cert::ca("Sub", "Root", SUB)
}

fn root() -> Cert {
    Cert::ca("Root", "Root", ROOT)
}

fn sign(certs: &[Cert; 3]) -> [Vec<u8>; 3] {
    [certs[0].sign(SUB), certs[1].sign(ROOT), certs[2].sign(ROOT)]
}

fn chain() -> [Vec<u8>; 3] {
    sign(&[leaf("Sub"), sub(), root()])
}

pub fn add(book: &mut Book) {
    end_entity(book);
    agility(book);
    anchors(book);
    traps(book);
    dates(book);
    issuers(book);
    constraints(book);
    names(book);
    generic(book);
}

fn end_entity(book: &mut Book) {
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
    let page = page.of(&["DANE-E1", "W6"]);
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
        book.add(page, name, "a malformed leaf", request, bad("malformed-certificate"));
    }
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
            "both-right" | "rollover" | "rollover-of-anchors" | "anchor-first-in-order" => {
                page.of(&["DANE-G4"])
            }
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
    let page = Page {
        spec: "rfc6698",
        section: "4.1",
        why: "records of which none is usable are not a failure of the chain",
        rules: &["DANE-U3"],
        ..page
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

fn anchors(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc7671",
        section: "5.2.2",
        level: "must",
        why: "the matched certificate is the anchor, wherever it stands above the leaf",
        rules: &["A-TA1", "B6", "B20"],
    };
    for numbers in TA {
        let n = slug(numbers);
        for (what, anchor) in [("intermediate", &sub_der), ("root", &root_der)] {
            let full = request(&[record(numbers, anchor)], &[&leaf_der, &sub_der, &root_der]);
            book.add(page, &format!("{what}-{n}"), &format!("the {what}"), full, good(0, 2));
        }
        let of_absent = page.of(if numbers == "2 1 0" { &["A-TA2", "B8"] } else { &["A-TA2"] });
        let of_leaf = page.of(&["A-TA1"]);
        let digest = !numbers.ends_with('0');
        let expect = || if digest { bad("no-match") } else { good(0, 2) };
        let lone = request(&[record(numbers, &sub_der)], &[&leaf_der]);
        let name = format!("issuer-not-sent-{n}");
        book.add(of_absent, &name, "the issuer is not sent", lone, expect());
        let short = request(&[record(numbers, &root_der)], &[&leaf_der, &sub_der]);
        let name = format!("root-not-sent-{n}");
        book.add(of_absent, &name, "the root is not sent", short, expect());
        let own = request(&[record(numbers, &leaf_der)], &[&leaf_der, &sub_der, &root_der]);
        let title = "a record of the leaf";
        book.add(of_leaf, &format!("leaf-{n}"), title, own, bad("no-match"));
        let twice = request(&[record(numbers, &leaf_der)], &[&leaf_der, &leaf_der]);
        let title = "a record of the leaf, which is sent twice";
        book.add(of_leaf, &format!("leaf-twice-{n}"), title, twice, bad("no-match"));
    }
    let page = Page {
        section: "5.2.3",
        why: "a key that is published in full may have signed the topmost certificate",
        rules: &["B9"],
        ..page
    };
    let own = Cert { issuer: common_name(MX), ..leaf("x") }.subject(common_name(MX)).sign(LEAF);
    let own_ca = Cert { issuer: common_name(MX), ..leaf("x").with(Ext::ca(None)).without(15) }
        .subject(common_name(MX))
        .sign(LEAF);
    for (what, der) in [("self-signed", &own), ("self-signed-ca", &own_ca)] {
        for numbers in TA {
            let expect = if numbers == "2 1 0" { good(0, 2) } else { bad("no-match") };
            let request = request(&[record(numbers, der)], &[der]);
            let name = format!("{what}-leaf-{}", slug(numbers));
            book.add(page, &name, "a self-signed leaf", request, expect);
        }
    }
    let page = Page {
        spec: "rfc8446",
        section: "4.4.2",
        why: "after the leaf certificates come in any order, and unrelated ones may be among them",
        rules: &["A-TA4"],
        ..page
    };
    let stranger = Cert::ca("Stranger", "Other", OTHER).sign(OTHER);
    for numbers in TA {
        let records = [record(numbers, &root_der)];
        let reversed = request(&records, &[&leaf_der, &root_der, &sub_der]);
        let n = slug(numbers);
        book.add(page, &format!("reversed-{n}"), "root before issuer", reversed, good(0, 2));
        let between =
            request(&records, &[&leaf_der, &stranger, &sub_der, &stranger, &root_der, &sub_der]);
        book.add(page, &format!("unrelated-{n}"), "unrelated certificates", between, good(0, 2));
    }
}

fn traps(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc7672",
        section: "3.1.2",
        level: "must",
        why: "an anchor counts only if the path from the leaf leads there",
        rules: &["A-TA1"],
    };
    let stranger = Cert::ca("Stranger", "Stranger", OTHER).sign(OTHER);
    let shared = leaf("CA").sign(SUB);
    let signer = Cert::ca("CA", "CA", SUB).sign(SUB);
    let namesake = Cert::ca("CA", "CA", OTHER).sign(OTHER);
    let forged = leaf("CA").sign(OTHER);
    for numbers in TA {
        let n = slug(numbers);
        let sent: [&[u8]; 4] = [&leaf_der, &sub_der, &root_der, &stranger];
        let apart = request(&[record(numbers, &stranger)], &sent);
        let title = "a matching certificate that is not on the path";
        book.add(page, &format!("not-on-the-path-{n}"), title, apart, bad("not-in-path"));
        let first = request(&[record(numbers, &signer)], &[&shared, &signer, &namesake]);
        let page = page.of(&["A-TA1", "B5"]);
        book.add(page, &format!("namesake-after-{n}"), "two CAs of one name", first, good(0, 2));
        let wrong = request(&[record(numbers, &namesake)], &[&shared, &signer, &namesake]);
        let title = "two CAs of one name, a record of the wrong one";
        book.add(page, &format!("namesake-matched-{n}"), title, wrong, bad("not-in-path"));
        let bad_signature = request(&[record(numbers, &signer)], &[&forged, &signer]);
        let title = "a leaf that the anchor has not signed";
        book.add(page, &format!("forged-leaf-{n}"), title, bad_signature, bad("not-in-path"));
    }
    let page = Page {
        spec: "rfc7671",
        section: "5.2.2",
        why: "the published root is used though a cross-signed one was sent",
        rules: &["A-TA1"],
        ..page
    };
    let cross = Cert::ca("Root", "Old Root", ROOT).sign(OTHER);
    let old = Cert::ca("Old Root", "Old Root", OTHER).sign(OTHER);
    for (name, record_of, sent) in [
        (
            "cross-signed-root-published",
            record("2 0 0", &root_der),
            vec![&leaf_der, &sub_der, &cross],
        ),
        (
            "cross-signed-both-ways",
            record("2 0 0", &root_der),
            vec![&leaf_der, &sub_der, &cross, &old],
        ),
        ("cross-signed-old-root", record("2 0 1", &old), vec![&leaf_der, &sub_der, &cross, &old]),
        (
            "cross-signed-same-key",
            record("2 1 1", &root_der),
            vec![&leaf_der, &sub_der, &cross, &old],
        ),
    ] {
        let sent: Vec<&[u8]> = sent.into_iter().map(|it| &it[..]).collect();
        let page = if record_of.starts_with("2 0 0") { page.of(&["B2"]) } else { page };
        book.add(page, name, "a cross-signed root", request(&[record_of], &sent), good(0, 2));
    }
    let page = Page {
        spec: "rfc5280",
        section: "4.2.1.1",
        level: "unclear",
        why: "an authority key id that names another key than the issuer's rules the issuer out",
        rules: &["B3"],
    };
    let ca = |id: &[u8]| Cert::ca("CA", "CA", SUB).with(Ext::subject_key_id(id)).sign(SUB);
    let with_id = leaf("CA").with(Ext::authority_key_id(b"right")).sign(SUB);
    for numbers in ["2 0 0", "2 0 1", "2 1 1"] {
        let n = slug(numbers);
        for (word, id, expect) in
            [("right", &b"right"[..], good(0, 2)), ("wrong", b"wrong", bad("not-in-path"))]
        {
            let request = request(&[record(numbers, &ca(id))], &[&with_id, &ca(id)]);
            book.add(page, &format!("{word}-key-id-{n}"), "key ids", request, expect);
        }
    }
    let page = Page {
        spec: "rfc7672",
        section: "3.1",
        why: "a server may send so many certificates, and DANE-EE looks at the first alone",
        rules: &[],
        ..page
    };
    let many: Vec<Vec<u8>> =
        (20..30).map(|seed| Cert::ca("U", "U", Key(seed)).sign(Key(seed))).collect();
    for count in [9, 10] {
        let mut sent: Vec<&[u8]> = vec![&leaf_der, &sub_der, &root_der];
        sent.extend(many.iter().take(count).map(|it| &it[..]));
        let total = sent.len();
        let expect = if total > 12 { bad("too-many-certificates") } else { good(0, 2) };
        let title = format!("{total} certificates");
        let anchor = request(&[record("2 0 1", &root_der)], &sent);
        book.add(page, &format!("{total}-certificates-anchor"), &title, anchor, expect);
        let end = request(&[record("3 1 1", &leaf_der)], &sent);
        let of_end = page.of(&["DANE-E1"]);
        book.add(of_end, &format!("{total}-certificates-end"), &title, end, good(0, 3));
    }
}

/// The same change of a chain for all six kinds of record of its root.
fn each(book: &mut Book, page: Page<'_>, name: &str, certs: &[Cert; 3], expect: &Value) {
    let [leaf, sub, root] = sign(certs);
    for numbers in TA {
        let request = request(&[record(numbers, &root)], &[&leaf, &sub, &root]);
        let name = format!("{name}-{}", slug(numbers));
        book.add(page, &name, &name.replace('-', " "), request, expect.clone());
    }
}

fn dates(book: &mut Book) {
    let page = Page {
        spec: "rfc5280",
        section: "4.1.2.5",
        level: "unclear",
        why: "dates count on the path; an anchor's if it is self-issued, a bare key has none",
        rules: &["B17"],
    };
    for (word, dates) in [
        ("expired", ("100101000000Z", "110101000000Z")),
        ("not-yet-valid", ("480101000000Z", "490101000000Z")),
    ] {
        let late = |cert: Cert| cert.dates(dates.0, dates.1);
        let fail = bad(word);
        each(book, page, &format!("leaf-{word}"), &[late(leaf("Sub")), sub(), root()], &fail);
        each(
            book,
            page,
            &format!("intermediate-{word}"),
            &[leaf("Sub"), late(sub()), root()],
            &fail,
        );
        each(book, page, &format!("root-{word}"), &[leaf("Sub"), sub(), late(root())], &fail);
        let [leaf, sub, root] = sign(&[self::leaf("Sub"), self::sub(), late(self::root())]);
        let absent = request(&[record("2 1 0", &root)], &[&leaf, &sub]);
        let name = format!("bare-key-of-{word}-root");
        let of_key = page.of(&["B17", "B8"]);
        book.add(of_key, &name, "the key of a root that is not sent", absent, good(0, 2));
        let middle = late(self::sub()).sign(ROOT);
        for numbers in TA {
            let request = request(&[record(numbers, &middle)], &[&leaf, &middle]);
            let name = format!("anchor-{word}-not-self-issued-{}", slug(numbers));
            book.add(page, &name, "an intermediate as anchor", request, good(0, 2));
        }
    }
    let [leaf, sub, root] = chain();
    for (now, word, expect) in [
        (1_735_689_599_u64, "before", bad("not-yet-valid")),
        (1_735_689_600, "first", good(0, 2)),
        (2_051_222_399, "last", good(0, 2)),
        (2_051_222_401, "after", bad("expired")),
    ] {
        let mut request = request(&[record("2 0 1", &root)], &[&leaf, &sub, &root]);
        request["now"] = json!(now);
        book.add(page, &format!("second-{word}"), "the bounds of the dates", request, expect);
    }
}

fn issuers(book: &mut Book) {
    let page = |section, rules| Page {
        spec: "rfc5280",
        section,
        level: "must",
        why: "an issuer must be one, and its own constraints are obeyed, the anchor's too",
        rules,
    };
    let ca = page("4.2.1.9", &["B11", "A-TA3"]);
    let no = bad("not-a-ca");
    let middle = |sub: Cert| [leaf("Sub"), sub, root()];
    let anchor = |root: Cert| [leaf("Sub"), sub(), root];
    each(book, ca, "anchor-not-a-ca", &anchor(root().with(Ext::not_ca())), &no);
    each(book, ca, "anchor-without-any-ca-mark", &anchor(root().without(19).without(15)), &no);
    let of_middle = ca.of(&["B11"]);
    each(book, of_middle, "intermediate-not-a-ca", &middle(sub().with(Ext::not_ca())), &no);
    each(book, of_middle, "intermediate-without-constraints", &middle(sub().without(19)), &no);
    each(book, ca, "anchor-v1-self-signed", &anchor(root().v1()), &good(0, 2));
    each(book, ca, "anchor-with-key-usage-alone", &anchor(root().without(19)), &good(0, 2));
    let length = page("4.2.1.9", &["B15", "A-TA3"]);
    let limit = |len| root().with(Ext::ca(Some(len)));
    each(book, length, "anchor-path-length-0", &anchor(limit(0)), &bad("path-length"));
    each(book, length, "anchor-path-length-1", &anchor(limit(1)), &good(0, 2));
    let zero = middle(sub().with(Ext::ca(Some(0))));
    each(book, length.of(&["B15"]), "intermediate-path-length-0", &zero, &good(0, 2));
    let usage = page("4.2.1.3", &["B11"]);
    let fail = bad("key-usage");
    for (word, octet) in [("digital-signature", 0x80), ("crl-sign", 0x02)] {
        let wrong = |cert: Cert| cert.with(Ext::key_usage(octet));
        let of_anchor = usage.of(&["B11", "A-TA3"]);
        each(book, of_anchor, &format!("anchor-{word}"), &anchor(wrong(root())), &fail);
        each(book, usage, &format!("intermediate-{word}"), &middle(wrong(sub())), &fail);
    }
    each(book, usage, "intermediate-without-key-usage", &middle(sub().without(15)), &good(0, 2));
    for (word, octet, expect) in [
        ("digital-signature", 0x80, good(0, 2)),
        ("key-encipherment", 0x20, good(0, 2)),
        ("key-agreement", 0x08, good(0, 2)),
        ("non-repudiation", 0x40, fail.clone()),
        ("cert-sign", 0x04, fail.clone()),
    ] {
        let certs = [leaf("Sub").with(Ext::key_usage(octet)), sub(), root()];
        each(book, usage.of(&["B14"]), &format!("leaf-{word}"), &certs, &expect);
    }
    let purpose = page("4.2.1.12", &["B13"]);
    let fail = bad("extended-key-usage");
    for (at, who) in ["leaf", "intermediate", "anchor"].iter().enumerate() {
        for (word, purposes, expect) in [
            ("server", &[SERVER_AUTH][..], good(0, 2)),
            ("both", &[CLIENT_AUTH, SERVER_AUTH], good(0, 2)),
            ("client", &[CLIENT_AUTH], fail.clone()),
            ("any", &[ANY_PURPOSE], fail.clone()),
        ] {
            let mut certs = [leaf("Sub"), sub(), root()];
            certs[at] = certs[at].clone().with(Ext::purposes(purposes));
            let purpose = if at == 2 { purpose.of(&["B13", "A-TA3"]) } else { purpose };
            each(book, purpose, &format!("{who}-for-{word}"), &certs, &expect);
        }
    }
    let critical = page("4.2", &["B10"]);
    for (at, who) in ["leaf", "intermediate", "anchor"].iter().enumerate() {
        for (word, flag) in [("critical", true), ("ignored", false)] {
            let mut certs = [leaf("Sub"), sub(), root()];
            certs[at] = certs[at].clone().with(Ext::new(&[0x2a, 3, 4], flag, vec![5, 0]));
            let expect = if flag { bad("critical-extension") } else { good(0, 2) };
            each(book, critical, &format!("{who}-unknown-{word}"), &certs, &expect);
        }
    }
    let malformed = Page { level: "unclear", ..page("4.2", &["W7"]) };
    for (at, who) in ["leaf", "intermediate", "anchor"].iter().enumerate() {
        let mut certs = [leaf("Sub"), sub(), root()];
        certs[at] = certs[at].clone().with(Ext::purposes(&[]));
        let expect = bad("malformed-certificate");
        each(book, malformed, &format!("{who}-without-any-purpose"), &certs, &expect);
    }
    let weak = Page { level: "unclear", ..page("6.1", &["B18"]) };
    let [leaf_der, sub_der, root_der] = chain();
    let weak_root = root().spki(rsa_spki(1024)).sign(ROOT);
    let weak_leaf = leaf("Sub").spki(rsa_spki(1024)).sign(SUB);
    for numbers in ["2 0 1", "2 1 1"] {
        let n = slug(numbers);
        let issuer = request(&[record(numbers, &weak_root)], &[&leaf_der, &sub_der, &weak_root]);
        book.add(
            weak,
            &format!("weak-issuer-{n}"),
            "an issuer's weak key",
            issuer,
            bad("weak-key"),
        );
        let end = request(&[record(numbers, &root_der)], &[&weak_leaf, &sub_der, &root_der]);
        book.add(weak, &format!("weak-leaf-{n}"), "the leaf's weak key", end, bad("weak-key"));
    }
    let ec = der::oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    let curve = seq(&[&seq(&[&ec, &seq(&[])]), &bits(&[4; 65])]);
    let certs = [leaf("Sub").spki(curve), sub(), root()];
    each(book, weak, "leaf-with-explicit-curve", &certs, &bad("unsupported-algorithm"));
}

fn constraints(book: &mut Book) {
    let page = Page {
        spec: "rfc5280",
        section: "4.2.1.10",
        level: "must",
        why: "names below must lie in a permitted subtree of their type and in no excluded one",
        rules: &["B16", "A-TA3"],
    };
    let dns = |base: &str| tlv(0x82, base.as_bytes());
    let at = |permitted: &[Vec<u8>], excluded: &[Vec<u8>], leaf: Cert| {
        [leaf, sub(), root().with(Ext::constraints(permitted, excluded))]
    };
    let fail = bad("name-constraints");
    let plain = || leaf("Sub");
    let address = tlv(0x87, &[192, 0, 2, 0, 255, 255, 255, 0]);
    let with_address =
        |octets: [u8; 4]| leaf("Sub").with(Ext::alt_names(&[dns(MX), tlv(0x87, &octets)]));
    let by_cn = |cn: &str| leaf("Sub").without(17).subject(common_name(cn));
    let with_mail =
        |mail: &str| leaf("Sub").with(Ext::alt_names(&[dns(MX), tlv(0x81, mail.as_bytes())]));
    for (name, certs, expect) in [
        ("permitted", at(&[dns("example.org")], &[], plain()), &good(0, 2)),
        ("permitted-exactly", at(&[dns(MX)], &[], plain()), &good(0, 2)),
        ("permitted-all", at(&[dns("")], &[], plain()), &good(0, 2)),
        ("permitted-second", at(&[dns("a.example"), dns("org")], &[], plain()), &good(0, 2)),
        ("permitted-other-case", at(&[dns("EXAMPLE.org")], &[], plain()), &good(0, 2)),
        ("permitted-not", at(&[dns("example.net")], &[], plain()), &fail),
        ("permitted-no-label-border", at(&[dns("ample.org")], &[], plain()), &fail),
        ("excluded", at(&[], &[dns("example.org")], plain()), &fail),
        ("excluded-exactly", at(&[], &[dns(MX)], plain()), &fail),
        ("excluded-other", at(&[], &[dns("example.net")], plain()), &good(0, 2)),
        ("excluded-no-label-border", at(&[], &[dns("xample.org")], plain()), &good(0, 2)),
        ("permitted-and-excluded", at(&[dns("org")], &[dns(MX)], plain()), &fail),
        (
            "address-permitted-dns-name",
            at(core::slice::from_ref(&address), &[], plain()),
            &good(0, 2),
        ),
        (
            "address-permitted",
            at(core::slice::from_ref(&address), &[], with_address([192, 0, 2, 7])),
            &good(0, 2),
        ),
        ("address-not-permitted", at(&[address], &[], with_address([192, 0, 3, 7])), &fail),
        ("common-name-permitted", at(&[dns("example.org")], &[], by_cn(MX)), &good(0, 2)),
        ("common-name-not-permitted", at(&[dns("example.net")], &[], by_cn(MX)), &fail),
        ("common-name-excluded", at(&[], &[dns("example.org")], by_cn(MX)), &fail),
        (
            "mail-permitted",
            at(&[tlv(0x81, b"example.org")], &[], with_mail("u@example.org")),
            &good(0, 2),
        ),
        (
            "mail-not-permitted",
            at(&[tlv(0x81, b"example.org")], &[], with_mail("u@x.example")),
            &fail,
        ),
    ] {
        each(book, page, &format!("anchor-{name}"), &certs, expect);
    }
    let o = |text: &str| name(&[(&[0x55, 4, 10], 0x0c, text.as_bytes())]);
    let under = |text: &str| {
        let all: [(&[u8], u8, &[u8]); 2] =
            [(&[0x55, 4, 10], 0x0c, text.as_bytes()), (&[0x55, 4, 3], 0x0c, b"mx")];
        Cert { issuer: o("Acme"), ..leaf("x") }.subject(name(&all)).sign(SUB)
    };
    let sub = sub().subject(o("Acme")).sign(ROOT);
    let root = root().with(Ext::constraints(&[tlv(0xa4, &o("Acme"))], &[])).sign(ROOT);
    for (name, leaf, expect) in
        [("within", under("Acme"), good(0, 2)), ("outside", under("Evil"), fail)]
    {
        let request = request(&[record("2 0 1", &root)], &[&leaf, &sub, &root]);
        book.add(page, &format!("anchor-directory-{name}"), "a directory name", request, expect);
    }
}

fn names(book: &mut Book) {
    let check = |book: &mut Book, page, name: &str, cert: Cert, references: &[&str], good_one| {
        let (leaf, sub) = (cert.sign(SUB), sub().sign(ROOT));
        let mut request = request(&[record("2 0 1", &sub)], &[&leaf, &sub]);
        request["names"] = json!(references);
        let expect = if good_one { good(0, 2) } else { bad("name-mismatch") };
        book.add(page, name, &name.replace('-', " "), request, expect);
    };
    let page = Page {
        spec: "rfc7672",
        section: "3.2.2",
        level: "must",
        why: "for DANE-TA one reference identifier must be among the names of the certificate",
        rules: &["N1"],
    };
    check(book, page, "one-of-two-references", leaf("Sub"), &["other.example", MX], true);
    check(book, page, "no-reference", leaf("Sub"), &["other.example"], false);
    check(
        book,
        page,
        "second-name",
        leaf("Sub").with(Ext::dns_names(&["a.example", MX])),
        &[MX],
        true,
    );
    let of_form = page.of(&["N4"]);
    check(book, of_form, "root-dot-in-the-reference", leaf("Sub"), &["mx.example.org."], true);
    check(book, of_form, "upper-case-reference", leaf("Sub"), &["MX.Example.ORG"], true);
    let next_hop = leaf("Sub").with(Ext::dns_names(&["example.org"]));
    check(book, page, "next-hop-alone-secure-mx", next_hop.clone(), &[MX, "example.org"], true);
    check(book, page, "next-hop-alone-insecure-mx", next_hop, &[MX], false);
    let page = Page {
        section: "3.2.3",
        why: "dNSNames count, common names only without any, a wildcard is one whole label",
        rules: &["N2"],
        ..page
    };
    let cn = |cert: Cert| cert.subject(common_name(MX));
    let ip = Ext::alt_names(&[tlv(0x87, &[192, 0, 2, 1])]);
    let mail = Ext::alt_names(&[tlv(0x81, b"u@example.org")]);
    check(book, page, "common-name", cn(leaf("Sub").without(17)), &[MX], true);
    check(book, page, "common-name-beside-address", cn(leaf("Sub").with(ip)), &[MX], true);
    check(book, page, "common-name-beside-mail", cn(leaf("Sub").with(mail)), &[MX], true);
    check(book, page, "common-name-version-1", cn(leaf("Sub").v1()), &[MX], true);
    let beside = cn(leaf("Sub").with(Ext::dns_names(&["other.example"])));
    check(book, page, "common-name-beside-dns-name", beside, &[MX], false);
    let arcs: &[u8] = &[0x55, 4, 3];
    for (word, tag, ok) in [("printable", 0x13, true), ("utf8", 0x0c, true), ("ia5", 0x16, true)] {
        let two = name(&[(arcs, 0x0c, b"first"), (arcs, tag, MX.as_bytes())]);
        let cert = leaf("Sub").without(17).subject(two);
        check(book, page, &format!("second-common-name-{word}"), cert, &[MX], ok);
    }
    for (word, presented, reference, ok) in [
        ("wildcard", "*.example.org", MX, true),
        ("wildcard-upper-case", "*.EXAMPLE.ORG", MX, true),
        ("wildcard-of-two-labels", "*.example.org", "a.b.example.org", false),
        ("wildcard-of-no-label", "*.example.org", "example.org", false),
        ("wildcard-of-a-top-level-domain", "*.org", "example.org", false),
        ("wildcard-with-a-tail", "mx*.example.org", "mx1.example.org", false),
        ("wildcard-with-a-head", "*mx.example.org", "1mx.example.org", false),
        ("wildcard-inside", "mx.*.org", "mx.example.org", false),
        ("underscore", "m_x.example.org", "m_x.example.org", true),
        ("root-dot-in-the-certificate", "mx.example.org.", MX, false),
        ("suffix", "example.org", MX, false),
        ("prefix", "mx.example.org.evil.example", MX, false),
    ] {
        let page = page.of(if presented.contains('*') { &["N3", "B19"] } else { &["B19"] });
        check(book, page, word, leaf("Sub").with(Ext::dns_names(&[presented])), &[reference], ok);
    }
    let nul = Ext::alt_names(&[tlv(0x82, b"mx.example.org\0.evil.example")]);
    check(book, page.of(&["B19"]), "embedded-nul", leaf("Sub").with(nul), &[MX], false);
}

fn generic(book: &mut Book) {
    let [leaf, sub, root] = chain();
    let ask = |record: String, chain: &[&[u8]], roots: &[&[u8]]| {
        let mut request = request(&[record], chain);
        request["profile"] = json!("generic");
        request["roots_b64"] = roots.iter().map(|it| STANDARD.encode(it)).collect();
        request
    };
    let page = Page {
        spec: "rfc7671",
        section: "5.3",
        level: "must",
        why: "PKIX-EE needs a match of the leaf and an ordinary path to a root",
        rules: &["DANE-U6"],
    };
    for numbers in ["1 0 0", "1 0 1", "1 0 2", "1 1 0", "1 1 1", "1 1 2"] {
        let n = slug(numbers);
        let good_one = ask(record(numbers, &leaf), &[&leaf, &sub], &[&root]);
        book.add(page, &format!("match-{n}"), "a match and a path", good_one, good(0, 1));
        let no_root = ask(record(numbers, &leaf), &[&leaf, &sub], &[]);
        book.add(page, &format!("no-root-{n}"), "no root", no_root, bad("not-in-path"));
        let no_match = ask(record(numbers, &sub), &[&leaf, &sub], &[&root]);
        book.add(page, &format!("no-match-{n}"), "another record", no_match, bad("no-match"));
    }
    let page = Page {
        section: "5.4",
        why: "PKIX-TA needs an ordinary path to a root with a matching certificate above the leaf",
        ..page
    };
    for numbers in ["0 0 0", "0 0 1", "0 0 2", "0 1 0", "0 1 1", "0 1 2"] {
        let n = slug(numbers);
        let middle = ask(record(numbers, &sub), &[&leaf, &sub], &[&root]);
        book.add(page, &format!("intermediate-{n}"), "the intermediate", middle, good(0, 0));
        let top = ask(record(numbers, &root), &[&leaf, &sub], &[&root]);
        book.add(page, &format!("root-{n}"), "the root", top, good(0, 0));
        let own = ask(record(numbers, &leaf), &[&leaf, &sub], &[&root]);
        book.add(page, &format!("leaf-{n}"), "the leaf", own, bad("no-match"));
        let past = ask(record(numbers, &root), &[&leaf, &sub, &root], &[&sub, &root]);
        let title = "a root above a trusted intermediate";
        book.add(page, &format!("past-{n}"), title, past, good(0, 0));
    }
}
