//! `tlsa rollover`: changes of certificates, keys, anchors and records.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use serde_json::{Value, json as value};
use sha2::{Digest, Sha256};

use super::{Folder, HOST, Own, expect, hex, json};

/// The steps of a change that publishes both, deploys, and publishes the last alone.
fn change(wait: u64, first: [&str; 2], last: &str) -> Value {
    value!([
        { "wait": 0, "do": "publish", "records": first },
        { "wait": wait, "do": "deploy" },
        { "wait": 0, "do": "publish", "records": [last] },
    ])
}

/// The arguments for a change from one file to another.
fn from_to<'a>(before: &'a str, after: &'a str, ttl: &'a str) -> Vec<&'a str> {
    let files = ["rollover", "--old-chain", before, "--new-chain", after];
    [&files[..], &["--ttl", ttl, "--propagation", "60"]].concat()
}

#[test]
fn a_change_of_certificates_is_planned() {
    let (folder, old, new) = (Folder::new("rollover"), Own::new(), Own::new());
    let before = folder.file("old.pem", old.certificate.pem());
    let after = folder.file("new.pem", new.certificate.pem());
    let plan = from_to(&before, &after, "600");
    let object = json(&[&plan[..], &["--host", HOST]].concat(), 0);
    assert_eq!(object["owner"], "_25._tcp.mx.example.org");
    assert_eq!(object["steps"], change(660, [&old.record(), &new.record()], &new.record()));
    let text = expect(&plan, 0, "wait 660 seconds");
    assert!(text.find(&new.record()) < text.find("new certificate"), "published first: {text}");
    // A record that the chain does not satisfy goes.
    let stale = format!("2 1 1 {}", "ab".repeat(32));
    let object = json(&[&plan[..], &["--record", &stale, "--record", &old.record()]].concat(), 0);
    assert_eq!(object["steps"][2]["records"], value!([new.record()]));
    expect(&[&plan[..], &["--record", &stale]].concat(), 65, "do not match");
    // The same chain: there is nothing to do.
    let same = from_to(&before, &before, "600");
    assert_eq!(json(&same, 0)["steps"], value!([]));
    expect(&same, 0, "nothing changes");
}

#[test]
fn wrong_usage_of_rollover() {
    let (folder, old, new) = (Folder::new("rollover-usage"), Own::new(), Own::new());
    let before = folder.file("old.pem", old.certificate.pem());
    let after = folder.file("new.pem", new.certificate.pem());
    expect(&["rollover", "--old", &before, "--new", &after], 64, "--ttl");
    expect(&["rollover", "--first", "--withdraw", "--ttl", "9"], 64, "cannot be used with");
    expect(&["rollover", "--new-chain", &after, "--ttl", "9"], 64, "--old-chain");
    for (option, value, word) in [
        ("--ttl", "4294967296", "4294967296"),
        ("--ttl", "-1", "-1"),
        ("--record", "3 1 1 abc", "3 1 1 abc"),
    ] {
        let arguments = ["rollover", "--old", &before, "--new", &after, "--propagation", "1"];
        let ttl: &[&str] = if option == "--ttl" { &[] } else { &["--ttl", "1"] };
        expect(&[&arguments[..], ttl, &[option, value]].concat(), 64, word);
    }
}

// RFC 7671 section 8.1: the record of a key can stand before there is a certificate for it.
#[test]
fn a_change_to_a_key_without_a_certificate_is_planned() {
    let (folder, old, new) = (Folder::new("rollover-key"), Own::new(), Own::new());
    let before = folder.file("old.pem", old.certificate.pem());
    let old_key = folder.file("old-key.pem", old.key.public_key_pem());
    let public = folder.file("public.pem", new.key.public_key_pem());
    let private = folder.file("private.pem", new.key.serialize_pem());
    let expected = change(660, [&old.record(), &new.record()], &new.record());
    for after in [&public, &private] {
        assert_eq!(json(&from_to(&before, after, "600"), 0)["steps"], expected);
        assert_eq!(json(&from_to(&old_key, after, "600"), 0)["steps"], expected);
    }
    // From another kind of record to that of the key.
    let whole = format!("3 0 1 {}", hex(&Sha256::digest(old.certificate.der())));
    let both = [&["--record", &whole, "--next", "3 1 1"][..]].concat();
    let to_key = from_to(&before, &public, "600");
    expect(&[&to_key[..], &both].concat(), 65, "there is only a key");
    // No record of a certificate that does not exist is ever printed.
    for options in [&["--record", &whole][..], &["--next", "3 0 1"]] {
        expect(&[&to_key[..], options].concat(), 65, "there is only a key");
    }
    let anchor = ["--next", "2 1 1"];
    expect(&[&to_key[..], &anchor].concat(), 65, "does not match the new chain");
    let first = ["rollover", "--first", "--new-chain", &public, "--ttl", "9"];
    assert_eq!(json(&first, 0)["steps"][1]["records"], value!([new.record()]));
}

/// A chain of two below a CA of this name: its file, and the records of the CA's key and its own.
fn issued(folder: &Folder, ca: &str) -> [String; 3] {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, ca);
    let key = KeyPair::generate().unwrap();
    let anchor = params.self_signed(&key).unwrap();
    let own = KeyPair::generate().unwrap();
    let issuer = Issuer::from_params(&params, &key);
    let leaf = CertificateParams::new([HOST.into()]).unwrap().signed_by(&own, &issuer).unwrap();
    let digest = |key: &KeyPair| hex(&Sha256::digest(key.subject_public_key_info()));
    let file = folder.file(&format!("{ca}.pem"), leaf.pem() + &anchor.pem());
    [file, format!("2 1 1 {}", digest(&key)), format!("3 1 1 {}", digest(&own))]
}

// RFC 7671 section 8.1.
#[test]
fn a_change_of_anchors_of_kinds_and_the_first_and_last_records_are_planned() {
    let folder = Folder::new("anchors");
    let [before, old, old_leaf] = issued(&folder, "old");
    let [after, new, new_leaf] = issued(&folder, "new");
    let to = from_to(&before, &after, "9");
    let steps = |more: &[&str]| json(&[&to[..], more].concat(), 0)["steps"].clone();
    assert_eq!(steps(&["--record", &old]), change(69, [&old, &new], &new));
    let to_leaf = steps(&["--record", &old, "--next", "3 1 1"]);
    assert_eq!(to_leaf, change(69, [&old, &new], &new_leaf));
    assert_eq!(steps(&["--next", "2 1 1"]), change(69, [&old_leaf, &new_leaf], &new));

    let first = ["rollover", "--first", "--new-chain", &after, "--ttl", "9"];
    let expected = value!([
        { "wait": 0, "do": "deploy" },
        { "wait": 0, "do": "publish", "records": [new_leaf] },
    ]);
    assert_eq!(json(&first, 0)["steps"], expected);
    let withdraw = ["rollover", "--withdraw", "--old-chain", &before, "--ttl", "9"];
    let withdraw = [&withdraw[..], &["--propagation", "1"]].concat();
    let last = value!([
        { "wait": 0, "do": "publish", "records": [] },
        { "wait": 10, "do": "release" },
    ]);
    assert_eq!(json(&withdraw, 0)["steps"], last);
    let text = expect(&withdraw, 0, "remove all records");
    assert!(text.contains("wait 10 seconds, then no sender"), "{text}");
}
