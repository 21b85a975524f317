//! Our verdicts for chains beside those of libssl, over chains made at random.
//!
//! It needs a C compiler and the headers of OpenSSL 3, so it is run where it is asked for:
//! `cargo test -p conformance --test libssl_dane -- --ignored`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "libssl/build.rs"]
mod build;
#[path = "../../dane/tests/common/mod.rs"]
mod certificates;
#[path = "libssl/chains.rs"]
mod chains;

use std::collections::BTreeMap;

use chains::Dice;
use conformance::run::{External, InProcess, Limits, Testee};
use serde_json::{Map, Value};

const CASES: u64 = 6_000;

/// Where we are stricter than libssl, by what was done to the certificates, and why. Each kind must
/// be met, or its entry goes.
const STRICTER: &[(&str, &str)] = &[
    ("weak-key", "RSA keys under 2,048 bits are refused, and full data that holds one is unusable"),
    ("duplicate-extension", "an extension in use that comes twice makes a certificate malformed"),
    ("policies", "a critical certificatePolicies is refused below the anchor"),
    ("directory", "name constraints on directory names are refused below the anchor"),
    ("v1", "version 1 below the anchor is refused on paths of three certificates or more"),
    ("is-ca", "a CA as leaf is refused on paths of three certificates or more"),
];

fn ask(testee: &mut impl Testee, id: u64, request: &Value) -> Value {
    let mut request: Map<String, Value> = request.as_object().unwrap().clone();
    request.insert("id".into(), id.to_string().into());
    testee.ask(request).unwrap()
}

/// Whether libssl accepts the chain with some of the certificates left out.
///
/// It looks for an issuer by name and takes the first; if that one is not on the path it does not
/// step back. We do. Leaving out certificates cannot make a chain good that is not.
fn good_without_some(theirs: &mut External, request: &Value) -> bool {
    let chain = request["chain_b64"].as_array().unwrap();
    let count = chain.len() - 1;
    (0..1_u32 << count).any(|kept| {
        let others = chain[1..].iter().enumerate().filter(|(at, _)| kept >> at & 1 == 1);
        let mut request = request.clone();
        request["chain_b64"] =
            chain[..1].iter().chain(others.map(|(_, der)| der)).cloned().collect();
        ask(theirs, 0, &request)["verdict"] == "authenticated"
    })
}

#[test]
#[ignore = "needs a C compiler and the headers of OpenSSL 3"]
fn verdicts_equal_those_of_libssl() {
    let mut theirs = External::new(build::build("libssl_dane_random"), Limits::default());
    let mut ours = InProcess;
    let mut equal: BTreeMap<String, u64> = BTreeMap::new();
    let mut stricter: BTreeMap<&str, u64> = BTreeMap::new();
    let mut stepped_back = 0;
    for seed in 0..CASES {
        let case = chains::case(&mut Dice::new(seed));
        let our = ask(&mut ours, seed, &case.request);
        let their = ask(&mut theirs, seed, &case.request);
        let [our_word, their_word] = [&our, &their].map(|it| it["verdict"].as_str().unwrap());
        if our_word == their_word {
            *equal.entry(our_word.into()).or_default() += 1;
        } else if our_word == "authenticated" {
            assert!(good_without_some(&mut theirs, &case.request), "{seed} {our} {their}");
            stepped_back += 1;
        } else {
            let known = STRICTER.iter().find(|(kind, _)| case.changes.contains(kind));
            let (kind, _) =
                known.unwrap_or_else(|| panic!("{seed} {our} {their} {:?}", case.changes));
            *stricter.entry(kind).or_default() += 1;
        }
    }
    println!("equal: {equal:?}; stepped back: {stepped_back}; stricter: {stricter:?}");
    assert!(equal["authenticated"] > CASES / 5, "{equal:?}");
    assert!(stepped_back > 0);
    for (kind, why) in STRICTER {
        assert!(stricter.contains_key(kind), "no longer needed: {kind}, {why}");
    }
}
