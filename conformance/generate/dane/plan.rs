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
        rules: &["D1", "D3"],
    };
    for security in ["bogus", "indeterminate"] {
        let invalid = || skip(Some("dnssec-invalid"));
        for status in ["ok", "no-data", "nxdomain"] {
            let bad = denied(status, security);
            let name = |what: &str| format!("{what}-{status}-{security}");
            let title = |what: &str| format!("{what}: {status}, {security}");
            book.add(
                page,
                &name("mx"),
                &title("the MX answer"),
                with(&[("mx", bad.clone())]),
                invalid(),
            );
            let both = with(&[("a", bad.clone()), ("aaaa", bad.clone())]);
            book.add(page, &name("address"), &title("both address answers"), both, invalid());
            let none = with(&[("a", bad.clone())]);
            book.add(page, &name("a-without-aaaa"), &title("the A answer"), none, invalid());
            let mut records = bad.clone();
            if status == "ok" {
                records["records"] = json!([USABLE]);
            }
            let request = with_tlsa(request(), HOST, records);
            book.add(page, &name("tlsa"), &title("the TLSA answer"), request, invalid());
        }
    }
    let page = Page {
        section: "2.1.2",
        why: "a failure proves nothing: the host is not used, and delivery is not without DANE",
        rules: &["M1", "A2", "DANE-T4"],
        ..page
    };
    let plain = || skip(None);
    book.add(page, "mx-fails", "the MX question fails", with(&[("mx", failed())]), plain());
    let both = with(&[("a", failed()), ("aaaa", failed())]);
    book.add(page, "addresses-fail", "both address questions fail", both, plain());
    let request = with_tlsa(request(), HOST, failed());
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
        rules: &["D5", "D7", "DANE-T2"],
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
            let expect = if all.contains(&"bogus") {
                skip(Some("dnssec-invalid"))
            } else if all.contains(&"insecure") {
                opportunistic()
            } else {
                dane(HOST, &[HOST, NEXT_HOP], false)
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
        rules: &["M2", "M3", "N1"],
    };
    let full = dane(HOST, &[HOST, NEXT_HOP], false);
    book.add(page, "secure-mx", "a secure MX answer", request(), full.clone());
    let half = dane(HOST, &[HOST], true);
    let request = |mx| with(&[("mx", mx)]);
    book.add(page, "insecure-mx", "an insecure MX answer", request(ok("insecure")), half.clone());
    let expanded = through(&[("alias.example", "secure")], "secure");
    let names = dane(HOST, &[HOST, NEXT_HOP, "alias.example"], false);
    book.add(page, "secure-alias", "MX records through a secure CNAME", request(expanded), names);
    for (name, first, last) in
        [("insecure-alias", "insecure", "secure"), ("insecure-behind-alias", "secure", "insecure")]
    {
        let mx = through(&[("alias.example", first)], last);
        book.add(
            page,
            name,
            "MX records through a CNAME, not all secure",
            request(mx),
            half.clone(),
        );
    }
    let bogus = through(&[("alias.example", "bogus")], "secure");
    let invalid = skip(Some("dnssec-invalid"));
    book.add(page, "bogus-alias", "MX records through a bogus CNAME", request(bogus), invalid);

    let page = Page {
        section: "2.2.2",
        why: "without MX records the domain is its own host, fully only after a secure denial",
        rules: &["M5", "M8", "DANE-S1"],
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
        book.add(page, &name, title, own, dane(TARGET, names, security == "insecure"));
    }
    let mut relay =
        with(&[("mx", json!("not-asked")), ("host", json!(NEXT_HOP)), ("port", json!(587))]);
    relay["tlsa"] = json!({"_587._tcp.example.org": tlsa("secure", &[USABLE])});
    book.add(page, "relay", "a relay by configuration", relay, dane(NEXT_HOP, &[NEXT_HOP], false));
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
            let expect = if let Some(first) = both.iter().find(|it| is_secure(it)) {
                if *first == Shape::Secure { at_host() } else { at_target() }
            } else if both.contains(&Shape::Failed) || both == [Shape::None; 2] {
                skip(None)
            } else if both.contains(&Shape::CnameLater) || both.contains(&Shape::OneBit) {
                at_host()
            } else {
                opportunistic()
            };
            // Both families lead to one host; where they differ in kind the RFC is silent.
            let level = if a == aaaa || both.contains(&Shape::None) { "must" } else { "unclear" };
            let page = Page {
                spec: "rfc7672",
                section: "2.2.2",
                level,
                why: "the better address answer decides whether and where TLSA is asked for, and a \
                      failure never leads to delivery without DANE",
                rules: &["A1", "A3", "A4", "A5", "A6", "A7", "A8", "D6"],
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
        rules: &["D4", "D6", "A6", "A7"],
    };
    let base = with(&[("a", one_bit("insecure")), ("aaaa", one_bit("insecure"))]);
    for (name, cname, expect) in [
        ("secure", ok("secure"), dane(HOST, &[HOST, NEXT_HOP], false)),
        ("insecure", ok("insecure"), opportunistic()),
        ("bogus", ok("bogus"), skip(Some("dnssec-invalid"))),
        ("indeterminate", ok("indeterminate"), skip(Some("dnssec-invalid"))),
        ("failed", failed(), skip(None)),
    ] {
        let mut request = base.clone();
        request["cname"] = cname;
        let title = format!("one bit, and the CNAME answer is {name}");
        book.add(page, &format!("one-bit-cname-{name}"), &title, request, expect);
    }
    let set = with(&[("a", one_bit("secure")), ("aaaa", denied("no-data", "secure"))]);
    let set = with_tlsa(set, TARGET, tlsa("secure", &[USABLE]));
    let expect = dane(TARGET, &[TARGET, NEXT_HOP], false);
    book.add(page, "one-bit-set", "one bit, and it is set", set, expect);
    let clear = json!({"status": "ok", "security": "insecure", "ad_only": true});
    let clear = with(&[("a", clear.clone()), ("aaaa", clear)]);
    book.add(page, "one-bit-clear-no-cname", "one bit, clear, no CNAME", clear, opportunistic());
}

fn records(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.2.3",
        level: "must",
        why: "candidates are asked in order, the first secure RRset decides, a failure stops the search",
        rules: &["DANE-T3", "DANE-T4", "DANE-T5", "DANE-T6", "DANE-T7", "DANE-T10"],
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
    for first in kinds {
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
            book.add(page, &format!("two-{first}-{second}"), &title, request, expect);
        }
    }
    let page = Page {
        section: "2.2",
        why: "records of which none is usable make TLS mandatory, without authentication",
        rules: &["DANE-T7", "DANE-U3", "DANE-U6"],
        ..page
    };
    for (name, records) in [
        ("short-digest", &["3 1 1 abcd"][..]),
        (
            "long-digest",
            &["3 1 1 ababababababababababababababababababababababababababababababababab"],
        ),
        ("unknown-matching-type", &["3 1 3 abcd"]),
        (
            "unknown-selector",
            &["3 7 1 abababababababababababababababababababababababababababababababab"],
        ),
        (
            "unknown-usage",
            &["9 1 1 abababababababababababababababababababababababababababababababab"],
        ),
        ("empty", &["3 1 1"]),
        ("garbage", &["3 0 0 abababab", "2 1 0 3000"]),
        ("pkix", &[UNUSABLE]),
    ] {
        let request = with_tlsa(request(), HOST, tlsa("secure", records));
        let expect =
            json!({"verdict": "encrypt", "base": HOST, "sni": HOST, "result_type": "tlsa-invalid"});
        book.add(page, &format!("all-unusable-{name}"), "no usable record", request, expect);
    }
    let page = Page { section: "2.2.3", level: "unclear", rules: &["DANE-T5"], ..page };
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
        rules: &["DANE-T8", "M2"],
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
