//! `dane.plan`: from DNS answers to what a host must reach.

mod addresses;
mod chains;
mod exchangers;
mod failures;
mod mandatory;
mod records;

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
    failures::add(book);
    chains::add(book);
    exchangers::add(book);
    addresses::add(book);
    records::add(book);
    mandatory::add(book);
}
