//! What a path must obey: dates, and who may issue.

use serde_json::json;

use super::super::certificates::der::{self, bits, seq};
use super::super::certificates::{ANY_PURPOSE, CLIENT_AUTH, Cert, Ext, SERVER_AUTH, rsa_spki};
use super::{
    Book, Page, ROOT, SUB, TA, bad, chain, each, good, leaf, record, request, root, sign, slug, sub,
};

pub(super) fn add(book: &mut Book) {
    dates(book);
    authorities(book);
    usages(book);
    purposes(book);
    extensions(book);
    weak_keys(book);
}

fn page<'a>(section: &'a str, rules: &'a [&'a str]) -> Page<'a> {
    Page {
        spec: "rfc5280",
        section,
        level: "must",
        why: "an issuer must be one, and its own constraints are obeyed, the anchor's too",
        rules,
    }
}

/// A chain with this intermediate.
fn middle(sub: Cert) -> [Cert; 3] {
    [leaf("Sub"), sub, root()]
}

/// A chain with this root.
fn anchor(root: Cert) -> [Cert; 3] {
    [leaf("Sub"), sub(), root]
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

fn authorities(book: &mut Book) {
    let ca = page("4.2.1.9", &["B11", "A-TA3"]).at("should");
    let no = bad("not-a-ca");
    each(book, ca, "anchor-not-a-ca", &anchor(root().with(Ext::not_ca())), &no);
    each(book, ca, "anchor-without-any-ca-mark", &anchor(root().without(19).without(15)), &no);
    let of_middle = page("4.2.1.9", &["B11"]);
    each(book, of_middle, "intermediate-not-a-ca", &middle(sub().with(Ext::not_ca())), &no);
    each(book, of_middle, "intermediate-without-constraints", &middle(sub().without(19)), &no);
    // What makes an authority of an anchor that does not say so in its basic constraints.
    let marked = ca.at("unclear");
    each(book, marked, "anchor-v1-self-signed", &anchor(root().v1()), &good(0, 2));
    each(book, marked, "anchor-with-key-usage-alone", &anchor(root().without(19)), &good(0, 2));
    let length = page("4.2.1.9", &["B15", "A-TA3"]).at("should");
    let limit = |len| root().with(Ext::ca(Some(len)));
    each(book, length, "anchor-path-length-0", &anchor(limit(0)), &bad("path-length"));
    each(book, length, "anchor-path-length-1", &anchor(limit(1)), &good(0, 2));
    let zero = middle(sub().with(Ext::ca(Some(0))));
    let of_middle = page("4.2.1.9", &["B15"]);
    each(book, of_middle, "intermediate-path-length-0", &zero, &good(0, 2));
}

fn usages(book: &mut Book) {
    let usage = page("4.2.1.3", &["B11"]);
    let fail = bad("key-usage");
    for (word, octet) in [("digital-signature", 0x80), ("crl-sign", 0x02)] {
        let wrong = |cert: Cert| cert.with(Ext::key_usage(octet));
        let of_anchor = usage.of(&["B11", "A-TA3"]).at("should");
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
        // Enough for a key exchange of TLS 1.2, not for a signature of TLS 1.3.
        let is_exchange = matches!(word, "key-encipherment" | "key-agreement");
        let level = if is_exchange { "unclear" } else { "must" };
        each(book, usage.of(&["B14"]).at(level), &format!("leaf-{word}"), &certs, &expect);
    }
}

fn purposes(book: &mut Book) {
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
            let rules: &[&str] = if at == 2 { &["B13", "A-TA3"] } else { &["B13"] };
            let level = match (*who, word) {
                // An application may refuse it that asks for a purpose by name.
                ("leaf", "any") => "may",
                // What a purpose means for the certificate of an authority is not said.
                (_, "any") | ("intermediate", "client") => "unclear",
                ("anchor", _) => "should",
                _ => "must",
            };
            each(book, purpose.of(rules).at(level), &format!("{who}-for-{word}"), &certs, &expect);
        }
    }
}

fn extensions(book: &mut Book) {
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
}

fn weak_keys(book: &mut Book) {
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
