//! The DNS adapters beside Unbound, over zones signed by BIND's tools: every kind of denial, the common
//! algorithms, broken zones, and aliases across all of them.
#![cfg(all(feature = "domain", feature = "hickory-validate"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

#[path = "../signed_dns/mod.rs"]
mod signed_dns;
mod validator;
mod world;

use signed_dns::resolver::{Is, Resolver, Verdict, free_port};
use smtp_tls::adapter::domain::Validator;
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::hickory_validate::StrictValidator;
use smtp_tls::resolve::{Kind, LookUp, Outcome, Question, Security};

use validator::DaneResolver;

use Is::{Denied, Records};
use Verdict::{Failed, Insecure, Secure};

/// The question, and what Unbound makes of it.
const CASES: &[(&str, Kind, Verdict)] = &[
    // Signed with NSEC, with NSEC3, and not at all.
    ("mx.nsec.world", Kind::A, Secure(Records(1))),
    ("nsec.world", Kind::Mx, Secure(Records(1))),
    ("nsec.world", Kind::Txt, Secure(Records(1))),
    ("_25._tcp.mx.nsec.world", Kind::Tlsa, Secure(Records(1))),
    ("mx.nsec.world", Kind::Aaaa, Secure(Denied)),
    ("nothing.nsec.world", Kind::A, Secure(Denied)),
    ("_25._tcp.nothing.nsec.world", Kind::Tlsa, Secure(Denied)),
    ("deep.down.nsec.world", Kind::A, Secure(Denied)),
    ("down.nsec.world", Kind::A, Secure(Denied)),
    ("mx.nsec3.world", Kind::A, Secure(Records(1))),
    ("_25._tcp.mx.nsec3.world", Kind::Tlsa, Secure(Records(1))),
    ("mx.nsec3.world", Kind::Aaaa, Secure(Denied)),
    ("nothing.nsec3.world", Kind::A, Secure(Denied)),
    ("_25._tcp.nothing.nsec3.world", Kind::Tlsa, Secure(Denied)),
    ("down.nsec3.world", Kind::A, Secure(Denied)),
    ("mx.salted.world", Kind::A, Secure(Records(1))),
    ("nothing.salted.world", Kind::A, Secure(Denied)),
    ("mx.plain.world", Kind::A, Insecure(Records(1))),
    ("_25._tcp.mx.plain.world", Kind::Tlsa, Insecure(Records(1))),
    ("nothing.plain.world", Kind::A, Insecure(Denied)),
    // Wildcards.
    ("any.wild.nsec.world", Kind::A, Secure(Records(1))),
    ("any.wild.nsec.world", Kind::Aaaa, Secure(Denied)),
    ("_25._tcp.any.wild.nsec.world", Kind::Tlsa, Secure(Denied)),
    ("any.wild.nsec3.world", Kind::A, Secure(Records(1))),
    ("any.wildname.nsec.world", Kind::A, Secure(Records(1))),
    // Opt-out: no proof that a name between the signed ones is not a delegation.
    ("mx.optout.world", Kind::A, Secure(Records(1))),
    ("mx.optout.world", Kind::Tlsa, Secure(Denied)),
    ("nothing.optout.world", Kind::A, Insecure(Denied)),
    ("mx.below.optout.world", Kind::A, Secure(Records(1))),
    ("mx.plain.optout.world", Kind::A, Insecure(Records(1))),
    // Algorithms.
    ("mx.rsa.world", Kind::A, Secure(Records(1))),
    ("nothing.rsa.world", Kind::A, Secure(Denied)),
    ("mx.rsa512.world", Kind::A, Secure(Records(1))),
    ("mx.p384.world", Kind::A, Secure(Records(1))),
    ("mx.ed25519.world", Kind::A, Secure(Records(1))),
    // No or a wrong word of the parent, and signatures that are not good.
    ("mx.island.world", Kind::A, Insecure(Records(1))),
    ("mx.wrong.world", Kind::A, Failed),
    ("mx.expired.world", Kind::A, Failed),
    ("nothing.expired.world", Kind::A, Failed),
    ("mx.tampered.world", Kind::A, Failed),
    ("tampered.world", Kind::Mx, Secure(Records(1))),
    // Aliases across them.
    ("to-rsa.nsec.world", Kind::A, Secure(Records(1))),
    ("to-nsec3.nsec.world", Kind::A, Secure(Records(1))),
    ("to-nsec.nsec3.world", Kind::A, Secure(Records(1))),
    ("to-plain.nsec.world", Kind::A, Insecure(Records(1))),
    ("to-plain.nsec.world", Kind::Cname, Secure(Records(1))),
    ("to-nsec.plain.world", Kind::A, Insecure(Records(1))),
    ("to-plain-nsec.nsec.world", Kind::A, Insecure(Records(1))),
    ("to-tampered.nsec.world", Kind::A, Failed),
    ("to-tampered.plain.world", Kind::A, Failed),
    ("to-nothing.nsec.world", Kind::A, Secure(Denied)),
    ("to-nothing3.nsec.world", Kind::A, Secure(Denied)),
    ("to-nsec.nsec.world", Kind::Tlsa, Secure(Denied)),
    ("mx.away.nsec.world", Kind::A, Secure(Records(1))),
    ("mx.away.plain.world", Kind::A, Insecure(Records(1))),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs Unbound and BIND's tools"]
async fn the_adapters_agree_with_unbound() {
    let resolver = Resolver::start(world::ZONES, free_port());
    let mut wrong = Vec::new();
    for (name, kind, expected) in CASES {
        let found = resolver.verdict(&question(name, *kind));
        if found != *expected {
            wrong.push(format!("unbound: {name} {kind}: expected {expected:?}, found {found:?}"));
        }
    }

    let path = TrustedPath::loopback(resolver.address).unwrap();
    compare("ad-bit", &AdResolver::new(path), |_, verdict| verdict, &mut wrong).await;

    let anchors = resolver.anchor.parse().unwrap();
    let validator = Validator::new(anchors, &[resolver.address]);
    compare("domain", &validator, by_domain, &mut wrong).await;

    let validator = StrictValidator::new(resolver.anchor.parse().unwrap(), resolver.address);
    compare("hickory", &validator, by_hickory, &mut wrong).await;

    let validator = DaneResolver::new(&resolver.anchor, resolver.address);
    for (name, kind, expected) in CASES {
        let verdict = by_hickory(name, *expected);
        let compared = validator.compare(&question(name, *kind), verdict).await;
        if let Some((expected, found)) = compared.filter(|(expected, found)| expected != found) {
            wrong.push(format!("dane: {name} {kind}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Where the validator of `domain` comes to another verdict.
fn by_domain(name: &str, verdict: Verdict) -> Verdict {
    match name {
        // It does not know these algorithms, and treats the zone as unsigned (RFC 4035 section 5.2).
        "mx.p384.world" | "mx.ed25519.world" => Insecure(Records(1)),
        _ => verdict,
    }
}

/// Where the validator of hickory-net comes to another verdict.
fn by_hickory(name: &str, verdict: Verdict) -> Verdict {
    match (name, verdict) {
        // It takes the proof beside an alias or a wildcard's answer for one about the name asked for.
        ("any.wild.nsec.world" | "any.wildname.nsec.world", Secure(Records(_)))
        | ("to-nothing.nsec.world" | "to-nothing3.nsec.world", Secure(Denied))
        | ("to-nsec.nsec.world", Secure(Denied))
        | ("mx.away.nsec.world", Secure(Records(_))) => Failed,
        _ => verdict,
    }
}

async fn compare(
    adapter: &str,
    look_up: &impl LookUp,
    differing: impl Fn(&str, Verdict) -> Verdict,
    wrong: &mut Vec<String>,
) {
    for (name, kind, expected) in CASES {
        let answer = look_up.look_up(&question(name, *kind)).await;
        let found = match &answer {
            Ok(answer) => {
                let is = match &answer.outcome {
                    Outcome::Records(records) => Records(records.len()),
                    Outcome::NoData | Outcome::NxDomain => Denied,
                };
                match answer.security {
                    Security::Secure => Secure(is),
                    Security::Insecure => Insecure(is),
                }
            }
            Err(_) => Failed,
        };
        let expected = differing(name, *expected);
        if found != expected {
            let line = format!("{adapter}: {name} {kind}: expected {expected:?}, found {answer:?}");
            wrong.push(line);
        }
    }
}

fn question(name: &str, kind: Kind) -> Question {
    Question::new(name.parse().unwrap(), kind)
}
