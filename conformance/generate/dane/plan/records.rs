//! TLSA answers: which one decides, and what comes of its records.

use serde_json::json;

use super::{
    Book, HOST, NEXT_HOP, Page, TARGET, UNUSABLE, USABLE, dane, denied, failed, opportunistic,
    request, skip, through, tlsa, with, with_tlsa,
};

pub(super) fn add(book: &mut Book) {
    candidates(book);
    unusable(book);
}

fn candidates(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.2.3",
        level: "must",
        why: "candidates are asked in order, the first secure RRset decides, a failure stops the search",
        rules: &[],
    };
    let kinds = ["failed", "insecure", "none", "usable", "unusable"];
    let answer = |kind: &str| match kind {
        "failed" => failed(),
        "insecure" => tlsa("insecure", &[USABLE]),
        "none" => denied("nxdomain", "secure"),
        "usable" => tlsa("secure", &[UNUSABLE, USABLE]),
        _ => tlsa("secure", &[UNUSABLE]),
    };
    let decide = |base: &str, kind: &str| match kind {
        "failed" => Some(skip(None)),
        "usable" => Some(dane(
            base,
            if base == HOST { &[HOST, NEXT_HOP] } else { &[TARGET, NEXT_HOP] },
            false,
        )),
        "unusable" => {
            Some(json!({"verdict": "encrypt", "base": base, "result_type": "tlsa-invalid"}))
        }
        _ => None,
    };
    let rules = |kind: &str| -> &[&str] {
        match kind {
            "failed" => &["DANE-T4"],
            "usable" => &["DANE-T5", "DANE-T6", "DANE-T10"],
            "unusable" => &["DANE-T5", "DANE-T7", "DANE-T10"],
            _ => &["DANE-T3"],
        }
    };
    for first in kinds {
        let page = page.of(rules(first));
        let request = with_tlsa(request(), HOST, answer(first));
        let expect = decide(HOST, first).unwrap_or_else(opportunistic);
        let title = format!("one candidate: {first}");
        book.add(page, &format!("one-{first}"), &title, request, expect);
        for second in kinds {
            let alias = through(&[(TARGET, "secure")], "secure");
            let request = with(&[("a", alias)]);
            let request = with_tlsa(request, TARGET, answer(first));
            let request = with_tlsa(request, HOST, answer(second));
            let expect = decide(TARGET, first)
                .or_else(|| decide(HOST, second))
                .unwrap_or_else(opportunistic);
            let title = format!("two candidates: {first}, then {second}");
            let name = format!("two-{first}-{second}");
            // What is not decided by the first is decided by the second.
            let both = [rules(first), rules(second)].concat();
            let is_decided = decide(TARGET, first).is_some() || first == second;
            let page = if is_decided { page } else { page.of(&both) };
            book.add(page, &name, &title, request, expect);
        }
    }
}

fn unusable(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.2",
        level: "must",
        why: "records of which none is usable make TLS mandatory, without authentication",
        rules: &["DANE-T7"],
    };
    let x = "ab".repeat(32);
    let cases: [(_, &[&str], Vec<String>); 8] = [
        ("short-digest", &["DANE-T7", "DANE-U3"], vec!["3 1 1 abcd".into()]),
        ("long-digest", &["DANE-T7", "DANE-U3"], vec![format!("3 1 1 {x}ab")]),
        ("unknown-matching-type", &["DANE-T7", "DANE-U2"], vec!["3 1 3 abcd".into()]),
        ("unknown-selector", &["DANE-T7", "DANE-U2"], vec![format!("3 7 1 {x}")]),
        ("unknown-usage", &["DANE-T7", "DANE-U1"], vec![format!("9 1 1 {x}")]),
        ("empty", &["DANE-T7", "DANE-U3"], vec!["3 1 1".into()]),
        ("garbage", &["DANE-T7", "DANE-U4"], vec!["3 0 0 abababab".into(), "2 1 0 3000".into()]),
        ("pkix", &["DANE-T7", "DANE-U1", "DANE-U6"], vec![UNUSABLE.into()]),
    ];
    for (name, rules, records) in cases {
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let request = with_tlsa(request(), HOST, tlsa("secure", &records));
        let expect =
            json!({"verdict": "encrypt", "base": HOST, "sni": HOST, "result_type": "tlsa-invalid"});
        let name = format!("all-unusable-{name}");
        book.add(page.of(rules), &name, "no usable record", request, expect);
    }
    let page = Page { section: "2.2.3", level: "unclear", rules: &[], ..page };
    let many = |count: usize| tlsa("secure", &vec![USABLE; count]);
    let page =
        Page { why: "an RRset has a bound of 64 records; over it the host is not used", ..page };
    let request = with_tlsa(request(), HOST, many(64));
    book.add(page, "64-records", "64 records", request, dane(HOST, &[HOST, NEXT_HOP], false));
    let request = with_tlsa(self::request(), HOST, many(65));
    book.add(page, "65-records", "65 records", request, json!({"verdict": "skip"}));
}
