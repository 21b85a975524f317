//! `dane.verify`: chains against records.

mod anchors;
mod end_entity;
mod generic;
mod issuers;
mod names;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::certificates::{Cert, Key, NOW};
use super::{Book, Page};

const MX: &str = "mx.example.org";
const LEAF: Key = Key(1);
const SUB: Key = Key(2);
const ROOT: Key = Key(3);
const OTHER: Key = Key(9);

const TA: [&str; 6] = ["2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"];
const EE: [&str; 6] = ["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2"];

fn record(numbers: &str, certificate: &[u8]) -> String {
    let numbers: Vec<u8> = numbers.split(' ').map(|it| it.parse().unwrap()).collect();
    dane::publish::record(
        dane::CertUsage(numbers[0]),
        dane::Selector(numbers[1]),
        dane::Matching(numbers[2]),
        certificate,
    )
    .unwrap()
    .to_string()
}

fn request(records: &[String], chain: &[&[u8]]) -> Value {
    let chain: Vec<String> = chain.iter().map(|it| STANDARD.encode(it)).collect();
    json!({"op": "dane.verify", "tlsa": records, "chain_b64": chain, "names": [MX], "now": NOW})
}

fn good(record: usize, usage: u8) -> Value {
    json!({"verdict": "authenticated", "record": record, "usage": usage})
}

fn bad(reason: &str) -> Value {
    json!({"verdict": "failed", "reason": reason})
}

fn slug(numbers: &str) -> String {
    numbers.replace(' ', "")
}

fn leaf(issuer: &str) -> Cert {
    Cert::leaf(issuer, &[MX], LEAF)
}

fn sub() -> Cert {
    Cert::ca("Sub", "Root", SUB)
}

fn root() -> Cert {
    Cert::ca("Root", "Root", ROOT)
}

fn sign(certs: &[Cert; 3]) -> [Vec<u8>; 3] {
    [certs[0].sign(SUB), certs[1].sign(ROOT), certs[2].sign(ROOT)]
}

fn chain() -> [Vec<u8>; 3] {
    sign(&[leaf("Sub"), sub(), root()])
}

/// The same change of a chain for all six kinds of record of its root.
fn each(book: &mut Book, page: Page<'_>, name: &str, certs: &[Cert; 3], expect: &Value) {
    let [leaf, sub, root] = sign(certs);
    for numbers in TA {
        let request = request(&[record(numbers, &root)], &[&leaf, &sub, &root]);
        let name = format!("{name}-{}", slug(numbers));
        book.add(page, &name, &name.replace('-', " "), request, expect.clone());
    }
}

pub fn add(book: &mut Book) {
    end_entity::add(book);
    anchors::add(book);
    issuers::add(book);
    names::add(book);
    generic::add(book);
}
