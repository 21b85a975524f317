//! Mandatory DANE.

use serde_json::{Value, json};

use super::{
    Book, HOST, NEXT_HOP, Page, TARGET, UNUSABLE, USABLE, dane, denied, failed, ok, skip, through,
    tlsa, with, with_tlsa,
};

pub(super) fn add(book: &mut Book) {
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
