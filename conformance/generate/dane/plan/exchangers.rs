//! The MX answer: which hosts there are, and what may be claimed.

use serde_json::json;

use super::{
    Book, HOST, NEXT_HOP, Page, TARGET, USABLE, dane, denied, ok, request, skip, through, tlsa,
    with, with_tlsa,
};

pub(super) fn add(book: &mut Book) {
    listed_hosts(book);
    own_hosts(book);
}

fn listed_hosts(book: &mut Book) {
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
}

fn own_hosts(book: &mut Book) {
    let page = Page {
        spec: "rfc7672",
        section: "2.2.2",
        level: "must",
        why: "without MX records the domain is its own host, fully only after a secure denial",
        rules: &["M5", "DANE-S1"],
    };
    for status in ["no-data", "nxdomain"] {
        for (security, half) in [("secure", false), ("insecure", true)] {
            let own = with(&[("mx", denied(status, security)), ("host", json!(NEXT_HOP))]);
            let own = with_tlsa(own, NEXT_HOP, tlsa("secure", &[USABLE]));
            let name = format!("no-mx-{status}-{security}");
            // RFC 5321 section 5.1 makes a host of a domain whose list of MX records is empty, and an
            // error of a name that does not exist; RFC 7672 speaks of both in one breath. Nor does it
            // say what an insecure denial leaves of DANE.
            let level = if half || status == "nxdomain" { "unclear" } else { "must" };
            let expect = dane(NEXT_HOP, &[NEXT_HOP], half);
            book.add(page.at(level), &name, "no MX records", own, expect);
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
        let half = security == "insecure";
        let page = page.of(&["M5", "A5"]).at(if half { "unclear" } else { "must" });
        book.add(page, &name, title, own, dane(TARGET, names, half));
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
