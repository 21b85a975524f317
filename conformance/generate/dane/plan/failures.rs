//! Answers that prove nothing, and denials, which do.

use serde_json::json;

use super::{
    Book, HOST, Page, TARGET, USABLE, denied, failed, ok, opportunistic, request, skip, through,
    with, with_tlsa,
};

pub(super) fn add(book: &mut Book) {
    unproven(book);
    failing(book);
    denials(book);
}

fn unproven(book: &mut Book) {
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
}

fn failing(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.1.2",
        level: "must",
        why: "a failure proves nothing: the host is not used, and delivery is not without DANE",
        rules: &["M1"],
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
    let page = page.of(&["A8"]).at("unclear");
    for (name, a, aaaa) in [
        ("a-fails-aaaa-insecure", failed(), none.clone()),
        ("aaaa-fails-a-insecure", none, failed()),
        ("aaaa-fails-a-insecure-later", through(&[(TARGET, "secure")], "insecure"), failed()),
    ] {
        let request = with(&[("a", a), ("aaaa", aaaa)]);
        book.add(page, name, "one family fails, the other is not secure", request, plain());
    }
    // Here no address is left on any reading.
    let page = page.of(&["A2"]).at("must");
    for (name, a, aaaa) in [
        ("a-fails-aaaa-none", failed(), denied("no-data", "secure")),
        ("aaaa-fails-a-none", denied("nxdomain", "secure"), failed()),
    ] {
        let request = with(&[("a", a), ("aaaa", aaaa)]);
        book.add(page, name, "one family fails, the other is empty", request, plain());
    }
}

fn denials(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.1.1",
        level: "must",
        why: "a denial is an answer, secure or not",
        rules: &["D2", "DANE-T3"],
    };
    for status in ["no-data", "nxdomain"] {
        for security in ["secure", "insecure"] {
            let request = with_tlsa(request(), HOST, denied(status, security));
            let name = format!("tlsa-{status}-{security}");
            book.add(page, &name, "a denial of TLSA records", request, opportunistic());
        }
    }
}
