//! CNAMEs on the way to TLSA records.

use serde_json::{Value, json};

use super::{
    Book, HOST, NEXT_HOP, Page, TARGET, USABLE, dane, opportunistic, request, skip, through, with,
    with_tlsa,
};

pub(super) fn add(book: &mut Book) {
    securities(book);
    ends(book);
}

fn securities(book: &mut Book) {
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
}

fn ends(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.1.3",
        level: "unclear",
        why: "a chain has an end: ten CNAMEs are followed, and none twice",
        rules: &["D8"],
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
