//! Names, and the constraints on them.

use serde_json::json;

use super::super::certificates::der::{common_name, name, tlv};
use super::super::certificates::{Cert, Ext};
use super::{Book, MX, Page, ROOT, SUB, bad, each, good, leaf, record, request, root, sub};

pub(super) fn add(book: &mut Book) {
    constraints(book);
    names(book);
}

fn constraints(book: &mut Book) {
    let page = Page {
        spec: "rfc5280",
        section: "4.2.1.10",
        // All of them stand in the anchor's certificate.
        level: "should",
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
        // RFC 5280 binds the names of the extension and the subject, not a host in a common name.
        let page = if name.starts_with("common-name") { page.at("unclear") } else { page };
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
    let of_form = page.of(&["N4"]).at("unclear");
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
        let page = match word {
            "wildcard-of-a-top-level-domain" | "underscore" | "root-dot-in-the-certificate" => {
                page.at("unclear")
            }
            _ => page,
        };
        check(book, page, word, leaf("Sub").with(Ext::dns_names(&[presented])), &[reference], ok);
    }
    let nul = Ext::alt_names(&[tlv(0x82, b"mx.example.org\0.evil.example")]);
    check(book, page.of(&["B19"]), "embedded-nul", leaf("Sub").with(nul), &[MX], false);
}
