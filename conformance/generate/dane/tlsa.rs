//! `dane.tlsa`: which records may be acted on.

use serde_json::{Value, json};

use super::certificates::der::{bits, oid, seq};
use super::certificates::{Cert, Key, rsa_spki};
use super::{Book, Page};

fn request(rdata: &[u8]) -> Value {
    let hex: String = rdata.iter().map(|octet| format!("{octet:02x}")).collect();
    json!({"op": "dane.tlsa", "rdata_hex": hex})
}

fn rdata(numbers: [u8; 3], data: &[u8]) -> Vec<u8> {
    [&numbers[..], data].concat()
}

fn usable([usage, selector, matching]: [u8; 3]) -> Value {
    json!({"verdict": "usable", "usage": usage, "selector": selector, "matching": matching})
}

fn unusable() -> Value {
    json!({"verdict": "unusable"})
}

pub fn add(book: &mut Book) {
    form(book);
    assigned(book);
    unassigned(book);
    digests(book);
    full(book);
}

fn form(book: &mut Book) {
    let page = Page {
        spec: "rfc6698",
        section: "2.1",
        level: "must",
        why: "RDATA begins with three octets; less is no record",
        rules: &["DANE-U3"],
    };
    for len in 0..3 {
        let title = format!("RDATA of {len} octets");
        let expect = json!({"verdict": "malformed"});
        book.add(page, &format!("rdata-{len}-octets"), &title, request(&[3, 1, 1][..len]), expect);
    }
    let page = Page {
        why: "three octets are a record, and without data it matches nothing",
        section: "4.1",
        ..page
    };
    for numbers in [[3, 1, 1], [2, 0, 2], [3, 0, 0], [3, 1, 0], [2, 0, 0]] {
        let name = format!("no-data-{}-{}-{}", numbers[0], numbers[1], numbers[2]);
        let expect = unusable();
        let page = page.of(if numbers[2] == 0 { &["DANE-U4"] } else { &["DANE-U3"] });
        book.add(page, &name, "a record without data", request(&rdata(numbers, &[])), expect);
    }
}

fn assigned(book: &mut Book) {
    for usage in [2, 3] {
        for selector in [0, 1] {
            for (matching, len) in [(1, 32), (2, 64)] {
                let numbers = [usage, selector, matching];
                let page = Page {
                    spec: "rfc7672",
                    section: if usage == 3 { "3.1.1" } else { "3.1.2" },
                    level: "must",
                    why: "usages 2 and 3 with a known selector and digest are what mail uses",
                    rules: &["DANE-U1"],
                };
                let name = format!("record-{usage}-{selector}-{matching}");
                let request = request(&rdata(numbers, &vec![0xab; len]));
                book.add(page, &name, "a usable record", request, usable(numbers));
            }
        }
    }
    for usage in [0, 1] {
        for (selector, matching, len) in [(0, 1, 32), (1, 1, 32), (0, 2, 64), (1, 2, 64)] {
            let numbers = [usage, selector, matching];
            let page = Page {
                spec: "rfc7672",
                section: "3.1.3",
                level: "must",
                why: "for SMTP the usages of the public PKI are not usable",
                rules: &["DANE-U1"],
            };
            let name = format!("record-{usage}-{selector}-{matching}");
            let request = request(&rdata(numbers, &vec![0xab; len]));
            book.add(page, &name, "a usage of the public PKI", request, unusable());
        }
    }
}

fn unassigned(book: &mut Book) {
    let page = Page {
        spec: "rfc6698",
        section: "4.1",
        level: "must",
        why: "a number that the client does not know makes the record unusable",
        rules: &["DANE-U1"],
    };
    for number in [4, 5, 100, 128, 254, 255] {
        let numbers = [number, 1, 1];
        let request = request(&rdata(numbers, &[0xab; 32]));
        let name = format!("usage-{number}");
        book.add(page, &name, "an unassigned usage", request, unusable());
    }
    let page = page.of(&["DANE-U2"]);
    for number in [2, 3, 100, 128, 254, 255] {
        for usage in [2, 3] {
            let numbers = [usage, number, 1];
            let request = request(&rdata(numbers, &[0xab; 32]));
            let name = format!("selector-{number}-of-usage-{usage}");
            book.add(page, &name, "an unassigned selector", request, unusable());
        }
    }
    let page = page.of(&["DANE-U2", "DANE-U7"]);
    for number in [3, 4, 100, 128, 254, 255] {
        for len in [32, 64] {
            let numbers = [3, 1, number];
            let request = request(&rdata(numbers, &vec![0xab; len]));
            let name = format!("matching-type-{number}-with-{len}-octets");
            let title = "an unassigned matching type";
            book.add(page, &name, title, request, unusable());
        }
    }
}

fn digests(book: &mut Book) {
    let page = Page {
        spec: "rfc6698",
        section: "2.1.3",
        level: "must",
        why: "a digest has the length of its kind, and another one can match nothing",
        rules: &["DANE-U3"],
    };
    for usage in [2, 3] {
        for (matching, right, wrong) in
            [(1, 32, [1, 20, 31, 33, 48, 64]), (2, 64, [1, 32, 48, 63, 65, 128])]
        {
            for len in wrong {
                let numbers = [usage, 1, matching];
                let request = request(&rdata(numbers, &vec![0xab; len]));
                let name = format!("digest-{usage}-1-{matching}-of-{len}-octets");
                let title = format!("{len} octets where a digest has {right}");
                book.add(page, &name, &title, request, unusable());
            }
        }
    }
}

fn full(book: &mut Book) {
    let good = Cert::leaf("CA", &["mx.example.org"], Key(1));
    let certificate = good.sign(Key(2));
    let key = Key(1).spki();
    let indefinite = [&[0x30, 0x80][..], &certificate[4..], &[0, 0]].concat();
    let padded = {
        let len = u16::try_from(certificate.len() - 4).unwrap().to_be_bytes();
        [&[0x30, 0x83, 0][..], &len, &certificate[4..]].concat()
    };
    let ed25519 = seq(&[&oid(&[0x2b, 0x65, 0x70])]);
    let unused_bits = seq(&[&ed25519, &[3, 2, 1, 0x80]]);
    let extra_in_key = seq(&[&ed25519, &bits(&[7; 32]), &[5, 0]]);
    let longer = |der: &[u8]| [der, &[0]].concat();
    let shorter = |der: &[u8]| der[..der.len() - 1].to_vec();
    let cases: [(&str, u8, Vec<u8>, bool); 24] = [
        ("certificate", 0, certificate.clone(), true),
        ("certificate-v1", 0, good.clone().v1().sign(Key(2)), true),
        (
            "certificate-expired",
            0,
            good.clone().dates("000101000000Z", "010101000000Z").sign(Key(2)),
            true,
        ),
        ("certificate-rsa-2048", 0, good.clone().spki(rsa_spki(2048)).sign(Key(2)), true),
        ("certificate-rsa-1024", 0, good.clone().spki(rsa_spki(1024)).sign(Key(2)), false),
        ("certificate-and-an-octet", 0, longer(&certificate), false),
        ("certificate-less-an-octet", 0, shorter(&certificate), false),
        ("certificate-twice", 0, [&certificate[..], &certificate].concat(), false),
        ("certificate-of-indefinite-length", 0, indefinite, false),
        ("certificate-with-a-long-length", 0, padded, false),
        ("key-as-certificate", 0, key.clone(), false),
        ("garbage-as-certificate", 0, vec![0xab; 50], false),
        ("empty-sequence-as-certificate", 0, vec![0x30, 0], false),
        ("digest-as-certificate", 0, vec![0x30; 32], false),
        ("key", 1, key.clone(), true),
        ("key-rsa-2048", 1, rsa_spki(2048), true),
        ("key-rsa-1024", 1, rsa_spki(1024), false),
        ("key-and-an-octet", 1, longer(&key), false),
        ("key-less-an-octet", 1, shorter(&key), false),
        ("key-with-unused-bits", 1, unused_bits, false),
        ("key-with-a-third-part", 1, extra_in_key, false),
        ("certificate-as-key", 1, certificate, false),
        ("garbage-as-key", 1, vec![0xab; 50], false),
        ("bare-bits-as-key", 1, bits(&[7; 32]), false),
    ];
    for usage in [2, 3] {
        for (name, selector, data, good) in &cases {
            let weak = name.ends_with("1024");
            let page = Page {
                spec: "rfc6698",
                section: "4.1",
                level: if weak { "unclear" } else { "must" },
                why: match (good, weak) {
                    (true, _) => "full data that is exactly what the selector names is usable",
                    (false, true) => "a key that would be refused makes its full data unusable",
                    (false, false) => "full data must be exactly what the selector names",
                },
                rules: match *name {
                    _ if weak => &["DANE-U5"],
                    "certificate-and-an-octet" | "certificate-less-an-octet" => &["DANE-U4", "W1"],
                    "certificate-twice" => &["DANE-U4", "W1"],
                    "certificate-of-indefinite-length" => &["DANE-U4", "W2"],
                    "certificate-with-a-long-length" => &["DANE-U4", "W2"],
                    "key-with-unused-bits" | "key-with-a-third-part" => &["DANE-U4", "W4"],
                    _ => &["DANE-U4"],
                },
            };
            let numbers = [usage, *selector, 0];
            let name = format!("full-{usage}-{name}");
            let request = request(&rdata(numbers, data));
            let expect = if *good { usable(numbers) } else { unusable() };
            book.add(page, &name, "a record with full data", request, expect);
        }
    }
}
