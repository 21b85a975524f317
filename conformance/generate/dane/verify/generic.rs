//! The usages of the public PKI, in the profile of RFC 7671.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Book, Page, bad, chain, good, record, request, slug};

pub(super) fn add(book: &mut Book) {
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
        rules: &["DANE-K1"],
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
        rules: &["DANE-K2"],
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
