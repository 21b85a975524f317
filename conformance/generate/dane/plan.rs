//! `dane.plan`: from DNS answers to what a host must reach.

use serde_json::{Value, json};

use super::{Book, Page};

const NEXT_HOP: &str = "example.org";
const HOST: &str = "mx.example.org";
const TARGET: &str = "real.example.net";
const USABLE: &str = "3 1 1 abababababababababababababababababababababababababababababababab";
const UNUSABLE: &str = "1 1 1 abababababababababababababababababababababababababababababababab";

fn ok(security: &str) -> Value {
    json!({"status": "ok", "security": security})
}

fn denied(status: &str, security: &str) -> Value {
    json!({"status": status, "security": security})
}

fn failed() -> Value {
    json!({"status": "failed"})
}

fn through(hops: &[(&str, &str)], security: &str) -> Value {
    let chain: Vec<Value> =
        hops.iter().map(|(name, security)| json!({"name": name, "security": security})).collect();
    json!({"status": "ok", "security": security, "chain": chain})
}

fn one_bit(security: &str) -> Value {
    json!({"status": "ok", "security": security, "ad_only": true, "chain": [{"name": TARGET}]})
}

fn tlsa(security: &str, records: &[&str]) -> Value {
    json!({"status": "ok", "security": security, "records": records})
}

fn owner(base: &str) -> String {
    format!("_25._tcp.{base}")
}

/// A request with secure answers everywhere and usable records at the host.
fn request() -> Value {
    let mut request = json!({
        "op": "dane.plan", "next_hop": NEXT_HOP, "host": HOST,
        "mx": ok("secure"), "a": ok("secure"), "aaaa": denied("no-data", "secure"), "tlsa": {},
    });
    request["tlsa"][owner(HOST)] = tlsa("secure", &[USABLE]);
    request
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut request = request();
    for (field, value) in changes {
        request[*field] = value.clone();
    }
    request
}

fn with_tlsa(mut request: Value, base: &str, answer: Value) -> Value {
    request["tlsa"][owner(base)] = answer;
    request
}

fn dane(base: &str, names: &[&str], half: bool) -> Value {
    json!({"verdict": "dane", "base": base, "sni": base, "names": names, "half": half, "result_type": null})
}

fn skip(result_type: Option<&str>) -> Value {
    json!({"verdict": "skip", "base": null, "result_type": result_type})
}

fn opportunistic() -> Value {
    json!({"verdict": "opportunistic", "base": null, "result_type": null})
}

pub fn add(book: &mut Book) {
    failures(book);
    chains(book);
    exchangers(book);
    addresses(book);
    records(book);
    mandatory(book);
}

fn failures(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.1.1",
        level: "must",
        why: "what failed validation, or could not be validated, is a failure of the look-up",
        rules: &["D1"],
    };
    for security in ["bogus", "indeterminate"] {
        let invalid = || skip(Some("dnssec-invalid"));
        for status in ["ok", "no-data", "nxdomain"] {
            let bad = denied(status, security);
            let name = |what: &str| format!("{what}-{status}-{security}");
            let title = |what: &str| format!("{what}: {status}, {security}");
            let mx = with(&[("mx", bad.clone())]);
            let of_mx = page.of(&["D1", "M1"]);
            book.add(of_mx, &name("mx"), &title("the MX answer"), mx, invalid());
            let both = with(&[("a", bad.clone()), ("aaaa", bad.clone())]);
            let of_address = page.of(&["D1", "A2"]);
            let both_answers = title("both address answers");
            book.add(of_address, &name("address"), &both_answers, both, invalid());
            let none = with(&[("a", bad.clone())]);
            book.add(of_address, &name("a-without-aaaa"), &title("the A answer"), none, invalid());
            let mut records = bad.clone();
            if status == "ok" {
                records["records"] = json!([USABLE]);
            }
            let request = with_tlsa(request(), HOST, records);
            let of_tlsa = match security {
                "indeterminate" => page.of(&["D1", "D3", "DANE-T4"]),
                _ => page.of(&["D1", "DANE-T4"]),
            };
            book.add(of_tlsa, &name("tlsa"), &title("the TLSA answer"), request, invalid());
        }
    }
    let page = Page {
        section: "2.1.2",
        why: "a failure proves nothing: the host is not used, and delivery is not without DANE",
        rules: &["M1"],
        ..page
    };
    let plain = || skip(None);
    book.add(page, "mx-fails", "the MX question fails", with(&[("mx", failed())]), plain());
    let both = with(&[("a", failed()), ("aaaa", failed())]);
    let of_address = page.of(&["A2"]);
    book.add(of_address, "addresses-fail", "both address questions fail", both, plain());
    let request = with_tlsa(request(), HOST, failed());
    let page = page.of(&["DANE-T4"]);
    book.add(page, "tlsa-fails", "the TLSA question fails", request, plain());
    let none = ok("insecure");
    let page = Page { level: "unclear", rules: &["A8"], ..page };
    for (name, a, aaaa) in [
        ("a-fails-aaaa-insecure", failed(), none.clone()),
        ("aaaa-fails-a-insecure", none, failed()),
        ("a-fails-aaaa-none", failed(), denied("no-data", "secure")),
        ("aaaa-fails-a-none", denied("nxdomain", "secure"), failed()),
        ("aaaa-fails-a-insecure-later", through(&[(TARGET, "secure")], "insecure"), failed()),
    ] {
        let request = with(&[("a", a), ("aaaa", aaaa)]);
        book.add(page, name, "one family fails, the other is not secure", request, plain());
    }
    let page = Page {
        level: "must",
        section: "2.1.1",
        why: "a denial is an answer, secure or not",
        rules: &["D2", "DANE-T3"],
        ..page
    };
    for status in ["no-data", "nxdomain"] {
        for security in ["secure", "insecure"] {
            let request = with_tlsa(self::request(), HOST, denied(status, security));
            let name = format!("tlsa-{status}-{security}");
            book.add(page, &name, "a denial of TLSA records", request, opportunistic());
        }
    }
}

fn chains(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.1.3",
        level: "must",
        why: "from the first insecure CNAME on everything is insecure, and a failure is one anywhere",
        rules: &["DANE-T2"],
    };
    let hops = |securities: &[&'static str]| -> Vec<(String, &'static str)> {
        securities.iter().enumerate().map(|(at, it)| (format!("h{at}.example"), *it)).collect()
    };
    let letters =
        |list: &[&str]| -> String { list.iter().map(|it| it.chars().next().unwrap()).collect() };
    let kinds = ["secure", "insecure", "bogus"];
    let mut shapes: Vec<Vec<&'static str>> = Vec::new();
    for first in kinds {
        shapes.push(vec![first]);
        for second in kinds {
            shapes.push(vec![first, second]);
        }
    }
    for shape in &shapes {
        for last in ["secure", "insecure"] {
            let all = [&shape[..], &[last]].concat();
            let owned = hops(shape);
            let chain: Vec<(&str, &str)> =
                owned.iter().map(|(name, it)| (&name[..], *it)).collect();
            let mut answer = through(&chain, last);
            answer["records"] = json!([USABLE]);
            let (page, expect) = if all.contains(&"bogus") {
                (page.of(&["D7"]), skip(Some("dnssec-invalid")))
            } else if all.contains(&"insecure") {
                (page.of(&["D5"]), opportunistic())
            } else {
                (page, dane(HOST, &[HOST, NEXT_HOP], false))
            };
            let name = format!("tlsa-through-{}", letters(&all));
            let title = format!("TLSA records through CNAMEs, {}", all.join(", "));
            book.add(page, &name, &title, with_tlsa(request(), HOST, answer), expect);
        }
    }
    let page = Page {
        level: "unclear",
        why: "a chain has an end: ten CNAMEs are followed, and none twice",
        rules: &["D8"],
        ..page
    };
    let long = |count: usize| -> Value {
        let owned: Vec<String> = (0..count).map(|at| format!("h{at}.example")).collect();
        let chain: Vec<(&str, &str)> = owned.iter().map(|it| (&it[..], "secure")).collect();
        let mut answer = through(&chain, "secure");
        answer["records"] = json!([USABLE]);
        answer
    };
    let good = dane(HOST, &[HOST, NEXT_HOP], false);
    book.add(page, "ten-cnames", "ten CNAMEs", with_tlsa(request(), HOST, long(10)), good);
    let request = with_tlsa(request(), HOST, long(11));
    book.add(page, "eleven-cnames", "eleven CNAMEs", request, skip(None));
    let round = through(&[(TARGET, "secure"), (HOST, "secure")], "secure");
    let request = with(&[("a", round.clone()), ("aaaa", round)]);
    book.add(page, "back-to-the-start", "a CNAME back to the name asked", request, skip(None));
    let twice =
        through(&[(TARGET, "secure"), ("b.example", "secure"), (TARGET, "secure")], "secure");
    let request = with(&[("a", twice.clone()), ("aaaa", twice)]);
    book.add(page, "name-twice", "a name that comes twice", request, skip(None));
}

fn exchangers(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.2.1",
        level: "must",
        why: "the security of the MX answer decides the names and what may be claimed",
        rules: &["M2"],
    };
    let full = dane(HOST, &[HOST, NEXT_HOP], false);
    book.add(page, "secure-mx", "a secure MX answer", request(), full.clone());
    let half = dane(HOST, &[HOST], true);
    let request = |mx| with(&[("mx", mx)]);
    book.add(page, "insecure-mx", "an insecure MX answer", request(ok("insecure")), half.clone());
    let page = page.of(&["M3"]);
    let expanded = through(&[("alias.example", "secure")], "secure");
    let names = dane(HOST, &[HOST, NEXT_HOP, "alias.example"], false);
    book.add(page, "secure-alias", "MX records through a secure CNAME", request(expanded), names);
    for (name, first, last) in
        [("insecure-alias", "insecure", "secure"), ("insecure-behind-alias", "secure", "insecure")]
    {
        let mx = through(&[("alias.example", first)], last);
        let title = "MX records through a CNAME, not all secure";
        book.add(page.of(&["M2", "M3"]), name, title, request(mx), half.clone());
    }
    let bogus = through(&[("alias.example", "bogus")], "secure");
    let invalid = skip(Some("dnssec-invalid"));
    let of_alias = page.of(&["D7", "M1"]);
    book.add(of_alias, "bogus-alias", "MX records through a bogus CNAME", request(bogus), invalid);

    let page = Page {
        section: "2.2.2",
        why: "without MX records the domain is its own host, fully only after a secure denial",
        rules: &["M5", "DANE-S1"],
        ..page
    };
    for status in ["no-data", "nxdomain"] {
        for (security, half) in [("secure", false), ("insecure", true)] {
            let own = with(&[("mx", denied(status, security)), ("host", json!(NEXT_HOP))]);
            let own = with_tlsa(own, NEXT_HOP, tlsa("secure", &[USABLE]));
            let name = format!("no-mx-{status}-{security}");
            book.add(page, &name, "no MX records", own, dane(NEXT_HOP, &[NEXT_HOP], half));
        }
    }
    let alias = through(&[(TARGET, "secure")], "secure");
    for (security, names) in [("secure", &[TARGET, NEXT_HOP][..]), ("insecure", &[TARGET])] {
        let own = with(&[
            ("mx", denied("no-data", security)),
            ("host", json!(NEXT_HOP)),
            ("a", alias.clone()),
        ]);
        let own = with_tlsa(own, TARGET, tlsa("secure", &[USABLE]));
        let name = format!("no-mx-{security}-expanded");
        let title = "no MX records, and the domain is a CNAME";
        let expect = dane(TARGET, names, security == "insecure");
        book.add(page.of(&["M5", "A5"]), &name, title, own, expect);
    }
    let mut relay =
        with(&[("mx", json!("not-asked")), ("host", json!(NEXT_HOP)), ("port", json!(587))]);
    relay["tlsa"] = json!({"_587._tcp.example.org": tlsa("secure", &[USABLE])});
    let expect = dane(NEXT_HOP, &[NEXT_HOP], false);
    book.add(page.of(&["M8"]), "relay", "a relay by configuration", relay, expect);
    let page = Page {
        section: "2.2.3",
        rules: &["DANE-T1"],
        why: "the port is in the owner name",
        ..page
    };
    let mut other = with(&[("port", json!(465))]);
    other["tlsa"] = json!({"_465._tcp.mx.example.org": tlsa("secure", &[USABLE])});
    book.add(
        page,
        "other-port",
        "another port than 25",
        other,
        dane(HOST, &[HOST, NEXT_HOP], false),
    );
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

fn addresses(book: &mut Book) {
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
            let level = if a == aaaa || both.contains(&Shape::None) { "must" } else { "unclear" };
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
    book.add(page.of(&["A3"]), "one-bit-clear-no-cname", title, clear, opportunistic());
}

fn records(book: &mut Book) {
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
    let page = Page {
        section: "2.2",
        why: "records of which none is usable make TLS mandatory, without authentication",
        rules: &["DANE-T7"],
        ..page
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

fn mandatory(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "6",
        level: "must",
        why: "with mandatory DANE anything but DANE delays delivery",
        rules: &["DANE-T8"],
    };
    let required = || skip(Some("dane-required"));
    let strict = |changes: &[(&str, Value)]| {
        let mut request = with(changes);
        request["mode"] = json!("mandatory");
        request
    };
    let good = dane(HOST, &[HOST, NEXT_HOP], false);
    book.add(page, "dane", "usable secure records", strict(&[]), good);
    for (name, changes) in [
        ("insecure-mx", vec![("mx", ok("insecure"))]),
        ("insecure-denial-of-mx", vec![("mx", denied("no-data", "insecure"))]),
        ("insecure-address", vec![("a", ok("insecure"))]),
        ("insecure-cname", vec![("a", through(&[(TARGET, "insecure")], "insecure"))]),
    ] {
        book.add(page, name, "a way that is not secure", strict(&changes), required());
    }
    for (name, answer) in [
        ("no-records", denied("nxdomain", "secure")),
        ("insecure-records", tlsa("insecure", &[USABLE])),
        ("unusable-records", tlsa("secure", &[UNUSABLE])),
    ] {
        let request = with_tlsa(strict(&[]), HOST, answer);
        book.add(page, name, "no usable secure records", request, required());
    }
    for (name, changes, result) in [
        ("mx-fails", vec![("mx", failed())], None),
        ("mx-bogus", vec![("mx", ok("bogus"))], Some("dnssec-invalid")),
        ("address-fails", vec![("a", failed())], None),
        ("no-address", vec![("a", denied("nxdomain", "secure"))], None),
    ] {
        let title = "a failure stays what it is";
        book.add(page, name, title, strict(&changes), skip(result));
    }
    let request = with_tlsa(strict(&[]), HOST, failed());
    book.add(page, "tlsa-fails", "a failure stays what it is", request, skip(None));
}
