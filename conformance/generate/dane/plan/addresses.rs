//! Address answers: whether TLSA records are asked for, and where.

use serde_json::{Value, json};

use super::{
    Book, HOST, NEXT_HOP, Page, TARGET, USABLE, dane, denied, failed, ok, one_bit, opportunistic,
    skip, through, tlsa, with, with_tlsa,
};

pub(super) fn add(book: &mut Book) {
    families(book);
    one_bits(book);
}

/// What one family's answer is worth.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Shape {
    Failed,
    None,
    Secure,
    Insecure,
    CnameSecure,
    CnameLater,
    CnameFirst,
    OneBit,
}

const SHAPES: [(Shape, &str); 8] = [
    (Shape::Failed, "failed"),
    (Shape::None, "none"),
    (Shape::Secure, "secure"),
    (Shape::Insecure, "insecure"),
    (Shape::CnameSecure, "cname-secure"),
    (Shape::CnameLater, "cname-then-insecure"),
    (Shape::CnameFirst, "cname-insecure"),
    (Shape::OneBit, "cname-one-bit"),
];

fn shape(shape: Shape) -> Value {
    match shape {
        Shape::Failed => failed(),
        Shape::None => denied("no-data", "secure"),
        Shape::Secure => ok("secure"),
        Shape::Insecure => ok("insecure"),
        Shape::CnameSecure => through(&[(TARGET, "secure")], "secure"),
        Shape::CnameLater => through(&[(TARGET, "secure")], "insecure"),
        Shape::CnameFirst => through(&[(TARGET, "insecure")], "insecure"),
        Shape::OneBit => one_bit("insecure"),
    }
}

fn families(book: &mut Book) {
    for (a, a_name) in SHAPES {
        for (aaaa, aaaa_name) in SHAPES {
            let both = [a, aaaa];
            let mut request = with(&[("a", shape(a)), ("aaaa", shape(aaaa))]);
            request = with_tlsa(request, TARGET, tlsa("secure", &[USABLE]));
            request["cname"] = ok("secure");
            let is_secure = |it: &Shape| matches!(it, Shape::Secure | Shape::CnameSecure);
            let at_host = || dane(HOST, &[HOST, NEXT_HOP], false);
            let at_target = || dane(TARGET, &[TARGET, NEXT_HOP], false);
            let has_failed = both.contains(&Shape::Failed);
            let (rules, expect): (&[&str], _) = match both.iter().find(|it| is_secure(it)) {
                Some(Shape::Secure) if has_failed => (&["A4", "A8"], at_host()),
                Some(Shape::Secure) => (&["A4"], at_host()),
                Some(_) if has_failed => (&["A5", "A8"], at_target()),
                Some(_) => (&["A5"], at_target()),
                None if has_failed => (&["A2", "A8"], skip(None)),
                None if both == [Shape::None; 2] => (&["A1"], skip(None)),
                None if both.contains(&Shape::CnameLater) => (&["A6"], at_host()),
                None if both.contains(&Shape::OneBit) => (&["A6", "D6"], at_host()),
                None if both.contains(&Shape::Insecure) => (&["A3"], opportunistic()),
                None => (&["A7"], opportunistic()),
            };
            // Both families lead to one host; where they differ in kind the RFC is silent.
            let is_plain = a == aaaa || both.contains(&Shape::None);
            let level = match rules {
                _ if !is_plain => "unclear",
                ["A3"] => "should",
                _ => "must",
            };
            let page = Page {
                spec: "rfc7672",
                section: "2.2.2",
                level,
                why: "the better address answer decides whether and where TLSA is asked for, and a \
                      failure never leads to delivery without DANE",
                rules,
            };
            let name = format!("a-{a_name}-aaaa-{aaaa_name}");
            let title = format!("A: {a_name}, AAAA: {aaaa_name}");
            book.add(page, &name, &title, request, expect);
        }
    }
}

fn one_bits(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.2.2",
        level: "must",
        why: "where one bit covers the whole answer, a CNAME question tells of the first hop",
        rules: &["D6"],
    };
    let base = with(&[("a", one_bit("insecure")), ("aaaa", one_bit("insecure"))]);
    let cases: [(_, _, &[&str], _); 5] = [
        ("secure", ok("secure"), &["D6", "A6"], dane(HOST, &[HOST, NEXT_HOP], false)),
        ("insecure", ok("insecure"), &["D6", "A7"], opportunistic()),
        ("bogus", ok("bogus"), &["D6", "D7"], skip(Some("dnssec-invalid"))),
        ("indeterminate", ok("indeterminate"), &["D6", "D1"], skip(Some("dnssec-invalid"))),
        ("failed", failed(), &["D6", "D7"], skip(None)),
    ];
    for (name, cname, rules, expect) in cases {
        let mut request = base.clone();
        request["cname"] = cname;
        let title = format!("one bit, and the CNAME answer is {name}");
        book.add(page.of(rules), &format!("one-bit-cname-{name}"), &title, request, expect);
    }
    let set = with(&[("a", one_bit("secure")), ("aaaa", denied("no-data", "secure"))]);
    let set = with_tlsa(set, TARGET, tlsa("secure", &[USABLE]));
    let expect = dane(TARGET, &[TARGET, NEXT_HOP], false);
    book.add(page.of(&["A5"]), "one-bit-set", "one bit, and it is set", set, expect);
    let clear = json!({"status": "ok", "security": "insecure", "ad_only": true});
    let clear = with(&[("a", clear.clone()), ("aaaa", clear)]);
    let title = "one bit, clear, no CNAME";
    let of_insecure = page.of(&["A3"]).at("should");
    book.add(of_insecure, "one-bit-clear-no-cname", title, clear, opportunistic());
}
