//! Our verdicts for chains beside those of libssl, over chains made at random.
//!
//! It needs a C compiler and the headers of OpenSSL 3, so it is run where it is asked for:
//! `cargo test -p conformance --test libssl_dane -- --ignored`. `CASES` in the environment says how many
//! there are to be.
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
#[path = "libssl/change.rs"]
mod change;
#[path = "libssl/dice.rs"]
mod dice;
#[path = "libssl/mint.rs"]
mod mint;
#[path = "libssl/mutate.rs"]
mod mutate;
#[path = "libssl/odd.rs"]
mod odd;

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance::run::{External, InProcess, Limits, Testee};
use dice::Dice;
use mint::Mint;
use serde_json::{Map, Value};

const CASES: u64 = 2_500;
/// With so many, each kind of exception is met.
const ALL_KINDS: u64 = 12_000;

/// Where we are stricter than libssl: what was done to the certificates or records, what we say, and
/// why. Each kind must be met, or its entry goes.
#[derive(serde::Deserialize)]
struct Kind {
    changes: Vec<String>,
    answers: Vec<String>,
    reason: String,
}

#[derive(serde::Deserialize)]
struct Exceptions {
    kinds: Vec<Kind>,
}

/// There are ten at most.
fn exceptions() -> Vec<Kind> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("exceptions/libssl_chains.json");
    let file: Exceptions = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(file.kinds.len() <= 10);
    file.kinds
}

/// Whether a handshake could be signed with the leaf's key, as far as the key alone says. Where it
/// could not, a match of DANE-EE comes to nothing: no signature turns it into an authentication.
fn can_sign(request: &Value) -> bool {
    let leaf = STANDARD.decode(request["chain_b64"][0].as_str().unwrap()).unwrap();
    let key = dane::Certificate::parse(&leaf).unwrap().public_key_info();
    let on_curve = |algorithm| {
        let random = ring::rand::SystemRandom::new();
        let own = ring::agreement::EphemeralPrivateKey::generate(algorithm, &random).unwrap();
        let point = ring::agreement::UnparsedPublicKey::new(algorithm, key.key());
        ring::agreement::agree_ephemeral(own, &point, |_| ()).is_ok()
    };
    let provider = rustls::crypto::ring::default_provider();
    let all = provider.signature_verification_algorithms.all;
    let known = all.iter().any(|it| it.public_key_alg_id().as_ref() == key.algorithm());
    match key.algorithm() {
        [.., 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => on_curve(&ring::agreement::ECDH_P256),
        [.., 0x2b, 0x81, 4, 0, 0x22] => on_curve(&ring::agreement::ECDH_P384),
        _ => known,
    }
}

/// The same with the server's certificate alone.
fn leaf_alone(request: &Value) -> Value {
    let mut request = request.clone();
    request["chain_b64"].as_array_mut().unwrap().truncate(1);
    request
}

fn ask(testee: &mut impl Testee, id: u64, request: &Value) -> Value {
    let mut request: Map<String, Value> = request.as_object().unwrap().clone();
    request.insert("id".into(), id.to_string().into());
    testee.ask(request).unwrap()
}

#[test]
#[ignore = "needs a C compiler and the headers of OpenSSL 3"]
fn verdicts_equal_those_of_libssl() {
    let program = build::build("libssl_dane_random");
    let mut theirs = External::new(program, Limits::default());
    let mut mint = Mint::new(&build::compile("tests/libssl/sign.c", "libssl_sign", &["-lcrypto"]));
    let mut ours = InProcess;
    let mut equal: BTreeMap<String, u64> = BTreeMap::new();
    let mut stricter: BTreeMap<&str, u64> = BTreeMap::new();
    let kinds = exceptions();
    let cases = std::env::var("CASES").map_or(CASES, |it| it.parse().unwrap());
    let (mut wrong, mut no_key, mut behind) = (Vec::new(), 0, 0);
    for seed in 0..cases {
        let case = chains::case(&mut Dice::new(seed), &mut mint);
        let our = ask(&mut ours, seed, &case.request);
        let their = ask(&mut theirs, seed, &case.request);
        let [our_word, their_word] = [&our, &their].map(|it| it["verdict"].as_str().unwrap());
        let reason = match their_word {
            "no-usable-records" => "usable-here",
            _ => our["reason"].as_str().unwrap_or(our_word),
        };
        if our_word == their_word {
            *equal.entry(our_word.into()).or_default() += 1;
            // Of several records that match, either may name another one, of the same usage.
            assert_eq!(our["usage"], their["usage"], "{seed} {:?}", case.request);
            continue;
        }
        let known = kinds.iter().find(|kind| {
            our_word != "authenticated"
                && kind.changes.iter().any(|it| case.changes.contains(&it.as_str()))
                && kind.answers.iter().any(|it| it == reason)
        });
        if our_word == "authenticated" && our["usage"] == 3 && !can_sign(&case.request) {
            no_key += 1;
            continue;
        }
        // RFC 7671 section 5.1: DANE-EE does not look at what comes behind the first certificate. libssl
        // has to read it all, and says the same of the first alone.
        if our_word == "authenticated"
            && our["usage"] == 3
            && ask(&mut theirs, seed, &leaf_alone(&case.request))["verdict"] == "authenticated"
        {
            behind += 1;
            continue;
        }
        match known {
            Some(kind) => *stricter.entry(&kind.reason).or_default() += 1,
            None => wrong.push(format!("{seed} {our} {their} {:?}{}", case.changes, case.request)),
        }
    }
    println!("{:?}", mint.made);
    println!(
        "equal: {equal:?}; match of a key that nobody can hold: {no_key}; DANE-EE before what is no \
         certificate: {behind}; stricter: {stricter:?}"
    );
    assert!(equal["authenticated"] > cases / 5, "{equal:?}");
    assert!(wrong.is_empty(), "{} more:\n{}", wrong.len(), wrong.join("\n"));
    // A rare kind may have no case among few.
    for Kind { reason, .. } in kinds.iter().filter(|_| cases >= ALL_KINDS) {
        assert!(stricter.contains_key(reason.as_str()), "no longer needed: {reason}");
    }
}
