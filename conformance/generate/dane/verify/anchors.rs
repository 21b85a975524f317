//! DANE-TA records: where the anchor stands, and what is none.

use super::super::certificates::der::common_name;
use super::super::certificates::{Cert, Ext, Key};
use super::{
    Book, LEAF, MX, OTHER, Page, ROOT, SUB, TA, bad, chain, good, leaf, record, request, slug,
};

pub(super) fn add(book: &mut Book) {
    places(book);
    bare_keys(book);
    orders(book);
    traps(book);
    cross_signed(book);
    key_ids(book);
    many(book);
}

fn places(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc7671",
        section: "5.2.2",
        level: "must",
        why: "the matched certificate is the anchor, wherever it stands above the leaf",
        rules: &["A-TA1", "B6", "B20"],
    };
    for numbers in TA {
        let n = slug(numbers);
        for (what, anchor) in [("intermediate", &sub_der), ("root", &root_der)] {
            let full = request(&[record(numbers, anchor)], &[&leaf_der, &sub_der, &root_der]);
            book.add(page, &format!("{what}-{n}"), &format!("the {what}"), full, good(0, 2));
        }
        let of_absent = page.of(if numbers == "2 1 0" { &["A-TA2", "B8"] } else { &["A-TA2"] });
        let of_leaf = page.of(&["A-TA1"]);
        let digest = !numbers.ends_with('0');
        let expect = || if digest { bad("no-match") } else { good(0, 2) };
        let lone = request(&[record(numbers, &sub_der)], &[&leaf_der]);
        let name = format!("issuer-not-sent-{n}");
        book.add(of_absent, &name, "the issuer is not sent", lone, expect());
        let short = request(&[record(numbers, &root_der)], &[&leaf_der, &sub_der]);
        let name = format!("root-not-sent-{n}");
        book.add(of_absent, &name, "the root is not sent", short, expect());
        let own = request(&[record(numbers, &leaf_der)], &[&leaf_der, &sub_der, &root_der]);
        let title = "a record of the leaf";
        book.add(of_leaf, &format!("leaf-{n}"), title, own, bad("no-match"));
        let twice = request(&[record(numbers, &leaf_der)], &[&leaf_der, &leaf_der]);
        let title = "a record of the leaf, which is sent twice";
        book.add(of_leaf, &format!("leaf-twice-{n}"), title, twice, bad("no-match"));
    }
}

fn bare_keys(book: &mut Book) {
    let page = Page {
        spec: "rfc7671",
        section: "5.2.3",
        level: "unclear",
        why: "a key that is published in full may have signed the topmost certificate",
        rules: &["B9"],
    };
    let own = Cert { issuer: common_name(MX), ..leaf("x") }.subject(common_name(MX)).sign(LEAF);
    let own_ca = Cert { issuer: common_name(MX), ..leaf("x").with(Ext::ca(None)).without(15) }
        .subject(common_name(MX))
        .sign(LEAF);
    for (what, der) in [("self-signed", &own), ("self-signed-ca", &own_ca)] {
        for numbers in TA {
            let expect = if numbers == "2 1 0" { good(0, 2) } else { bad("no-match") };
            let request = request(&[record(numbers, der)], &[der]);
            let name = format!("{what}-leaf-{}", slug(numbers));
            book.add(page, &name, "a self-signed leaf", request, expect);
        }
    }
}

fn orders(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc8446",
        section: "4.4.2",
        level: "must",
        why: "after the leaf certificates come in any order, and unrelated ones may be among them",
        rules: &["A-TA4"],
    };
    let stranger = Cert::ca("Stranger", "Other", OTHER).sign(OTHER);
    for numbers in TA {
        let records = [record(numbers, &root_der)];
        let reversed = request(&records, &[&leaf_der, &root_der, &sub_der]);
        let n = slug(numbers);
        book.add(page, &format!("reversed-{n}"), "root before issuer", reversed, good(0, 2));
        let between =
            request(&records, &[&leaf_der, &stranger, &sub_der, &stranger, &root_der, &sub_der]);
        book.add(page, &format!("unrelated-{n}"), "unrelated certificates", between, good(0, 2));
    }
}

fn traps(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc7672",
        section: "3.1.2",
        level: "must",
        why: "an anchor counts only if the path from the leaf leads there",
        rules: &["A-TA1"],
    };
    let stranger = Cert::ca("Stranger", "Stranger", OTHER).sign(OTHER);
    let shared = leaf("CA").sign(SUB);
    let signer = Cert::ca("CA", "CA", SUB).sign(SUB);
    let namesake = Cert::ca("CA", "CA", OTHER).sign(OTHER);
    let forged = leaf("CA").sign(OTHER);
    for numbers in TA {
        let n = slug(numbers);
        let sent: [&[u8]; 4] = [&leaf_der, &sub_der, &root_der, &stranger];
        let apart = request(&[record(numbers, &stranger)], &sent);
        let title = "a matching certificate that is not on the path";
        book.add(page, &format!("not-on-the-path-{n}"), title, apart, bad("not-in-path"));
        let first = request(&[record(numbers, &signer)], &[&shared, &signer, &namesake]);
        let page = page.of(&["A-TA1", "B5"]);
        book.add(page, &format!("namesake-after-{n}"), "two CAs of one name", first, good(0, 2));
        let wrong = request(&[record(numbers, &namesake)], &[&shared, &signer, &namesake]);
        let title = "two CAs of one name, a record of the wrong one";
        book.add(page, &format!("namesake-matched-{n}"), title, wrong, bad("not-in-path"));
        let bad_signature = request(&[record(numbers, &signer)], &[&forged, &signer]);
        let title = "a leaf that the anchor has not signed";
        book.add(page, &format!("forged-leaf-{n}"), title, bad_signature, bad("not-in-path"));
    }
}

fn cross_signed(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc7671",
        section: "5.2.2",
        level: "must",
        why: "the published root is used though a cross-signed one was sent",
        rules: &["A-TA1"],
    };
    let cross = Cert::ca("Root", "Old Root", ROOT).sign(OTHER);
    let old = Cert::ca("Old Root", "Old Root", OTHER).sign(OTHER);
    for (name, record_of, sent) in [
        (
            "cross-signed-root-published",
            record("2 0 0", &root_der),
            vec![&leaf_der, &sub_der, &cross],
        ),
        (
            "cross-signed-both-ways",
            record("2 0 0", &root_der),
            vec![&leaf_der, &sub_der, &cross, &old],
        ),
        ("cross-signed-old-root", record("2 0 1", &old), vec![&leaf_der, &sub_der, &cross, &old]),
        (
            "cross-signed-same-key",
            record("2 1 1", &root_der),
            vec![&leaf_der, &sub_der, &cross, &old],
        ),
    ] {
        let sent: Vec<&[u8]> = sent.into_iter().map(|it| &it[..]).collect();
        let is_full = record_of.starts_with("2 0 0");
        let page = if is_full { page.of(&["A-TA2", "B2"]) } else { page };
        book.add(page, name, "a cross-signed root", request(&[record_of], &sent), good(0, 2));
    }
}

fn key_ids(book: &mut Book) {
    let page = Page {
        spec: "rfc5280",
        section: "4.2.1.1",
        level: "unclear",
        why: "an authority key id that names another key than the issuer's rules the issuer out",
        rules: &["B3"],
    };
    let ca = |id: &[u8]| Cert::ca("CA", "CA", SUB).with(Ext::subject_key_id(id)).sign(SUB);
    let with_id = leaf("CA").with(Ext::authority_key_id(b"right")).sign(SUB);
    for numbers in ["2 0 0", "2 0 1", "2 1 1"] {
        let n = slug(numbers);
        for (word, id, expect) in
            [("right", &b"right"[..], good(0, 2)), ("wrong", b"wrong", bad("not-in-path"))]
        {
            let request = request(&[record(numbers, &ca(id))], &[&with_id, &ca(id)]);
            book.add(page, &format!("{word}-key-id-{n}"), "key ids", request, expect);
        }
    }
}

fn many(book: &mut Book) {
    let [leaf_der, sub_der, root_der] = chain();
    let page = Page {
        spec: "rfc7672",
        section: "3.1",
        level: "unclear",
        why: "a server may send so many certificates, and DANE-EE looks at the first alone",
        rules: &[],
    };
    let many: Vec<Vec<u8>> =
        (20..30).map(|seed| Cert::ca("U", "U", Key(seed)).sign(Key(seed))).collect();
    for count in [9, 10] {
        let mut sent: Vec<&[u8]> = vec![&leaf_der, &sub_der, &root_der];
        sent.extend(many.iter().take(count).map(|it| &it[..]));
        let total = sent.len();
        let expect = if total > 12 { bad("too-many-certificates") } else { good(0, 2) };
        let title = format!("{total} certificates");
        let anchor = request(&[record("2 0 1", &root_der)], &sent);
        book.add(page, &format!("{total}-certificates-anchor"), &title, anchor, expect);
        let end = request(&[record("3 1 1", &leaf_der)], &sent);
        let of_end = page.of(&["DANE-E1"]);
        book.add(of_end, &format!("{total}-certificates-end"), &title, end, good(0, 3));
    }
}
