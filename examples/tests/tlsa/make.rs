//! `tlsa make`: records of certificates and keys.

use sha2::{Digest, Sha256, Sha512};

use super::{Folder, HOST, Own, expect, hex, json};

// RFC 6698 section 2.1: what a record holds.
#[test]
fn records_of_certificates_and_keys_of_every_form() {
    let (folder, own) = (Folder::new("make"), Own::ca());
    let certificate = folder.file("certificate.pem", own.certificate.pem());
    let public = folder.file("public.pem", own.key.public_key_pem());
    let private = folder.file("private.pem", own.key.serialize_pem());
    for file in [&certificate, &public, &private] {
        assert_eq!(expect(&["make", file], 0, "").trim_end(), own.record());
    }
    let der = own.certificate.der();
    for (kind, data) in [
        ("3 1 1", hex(&Sha256::digest(own.spki()))),
        ("1 1 2", hex(&Sha512::digest(own.spki()))),
        ("3 1 0", hex(&own.spki())),
        ("2 0 1", hex(&Sha256::digest(der))),
        ("0 0 2", hex(&Sha512::digest(der))),
        ("2 0 0", hex(der)),
    ] {
        let made = expect(&["make", &certificate, "--record", kind], 0, "");
        assert_eq!(made.trim_end(), format!("{kind} {data}"));
    }
    let both = ["make", &certificate, "--record", "3 1 1", "--record", "3 0 1"];
    assert_eq!(expect(&both, 0, "").lines().count(), 2);
    let owned =
        expect(&["make", &certificate, "--host", "MX.Example.org.", "--port", "465"], 0, "");
    assert_eq!(owned.trim_end(), format!("_465._tcp.mx.example.org. IN TLSA {}", own.record()));
    let object = json(&["make", &certificate, "--host", HOST], 0);
    assert_eq!(object["owner"], "_25._tcp.mx.example.org");
    assert_eq!(object["records"], serde_json::json!([own.record()]));
}

#[test]
fn of_a_chain_the_server_comes_first_and_the_anchor_last() {
    let folder = Folder::new("chain");
    let chain = [Own::new(), Own::ca(), Own::ca()];
    let pem: String = chain.iter().map(|own| own.certificate.pem()).collect();
    let file = folder.file("chain.pem", pem + &chain[0].key.serialize_pem());
    let digest = |at: usize| hex(&Sha256::digest(chain[at].spki()));
    for (arguments, at) in [
        (&["--record", "3 1 1"][..], 0),
        (&["--record", "2 1 1"], 2),
        (&["--record", "2 1 1", "--depth", "1"], 1),
        (&["--record", "0 1 1", "--depth", "0", "--danger-no-ca"], 0),
    ] {
        let made = expect(&[&["make", &file], arguments].concat(), 0, "");
        assert_eq!(made.trim_end(), format!("{} {}", arguments[1], digest(at)));
    }
}

#[test]
fn what_cannot_be_made_into_a_record_says_why() {
    let (folder, own) = (Folder::new("bad"), Own::new());
    let block =
        |kind: &str, body: &str| format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n");
    let missing = folder.0.join("no-such-file").to_str().unwrap().to_owned();
    let a_folder = folder.0.to_str().unwrap().to_owned();
    expect(&["make", &missing], 66, "no-such-file");
    expect(&["make", &a_folder], 66, "directory");
    for (name, content, word) in [
        ("empty", Vec::new(), "no certificate"),
        ("text", b"hello\n".to_vec(), "no certificate"),
        ("zeros", vec![0; 4096], "no certificate"),
        ("der", own.certificate.der().to_vec(), "no certificate"),
        ("huge", vec![b'a'; 3 << 20], "at most"),
        ("open", own.certificate.pem().into_bytes()[..200].to_vec(), "PEM"),
        ("base64", block("CERTIFICATE", "!!!!").into_bytes(), "PEM"),
        ("asn1", block("CERTIFICATE", "AAAA").into_bytes(), "certificate 0"),
        (
            "second",
            (own.certificate.pem() + &block("CERTIFICATE", "MAA=")).into_bytes(),
            "certificate 1",
        ),
        ("key", block("PUBLIC KEY", "AAAA").into_bytes(), "public key"),
        ("private", block("PRIVATE KEY", "AAAA").into_bytes(), "give the public key"),
    ] {
        let file = folder.file(name, content);
        expect(&["make", &file], 65, word);
    }
}

#[test]
fn what_does_not_fit_the_file_or_is_no_option_says_why() {
    let (folder, own) = (Folder::new("bad-options"), Own::new());
    let good = folder.file("good.pem", own.certificate.pem());
    let key = folder.file("key.pem", own.key.public_key_pem());
    expect(&["make", &key, "--record", "3 0 1"], 65, "there is only a key");
    expect(&["make", &key, "--depth", "0"], 65, "a key has no depth");
    expect(&["make", &good, "--depth", "1"], 65, "there is no certificate 1");
    for (option, value, word) in [
        ("--record", "4 1 1", "usage must be 0 to 3"),
        ("--record", "3 2 1", "selector 0 or 1"),
        ("--record", "3 1 3", "matching type 0 to 2"),
        ("--record", "3 1", "three numbers"),
        ("--record", "", "three numbers"),
        ("--host", "a b", "a-label"),
        ("--host", "192.0.2.1", "a-label"),
        ("--port", "0", "0"),
        ("--port", "65536", "65536"),
        ("--depth", "-1", "-1"),
    ] {
        expect(&["make", &good, option, value], 64, word);
    }
    expect(&[], 64, "Usage");
    expect(&["make"], 64, "FILE");
    expect(&["--help"], 0, "Exit status");
}

// RFC 7671 section 5.2: clients find an anchor only in a certificate of a CA.
#[test]
fn a_record_of_an_anchor_is_made_of_a_ca_alone() {
    let (folder, own, ca) = (Folder::new("no-ca"), Own::new(), Own::ca());
    let leaf = folder.file("leaf.pem", own.certificate.pem());
    let chain = folder.file("chain.pem", own.certificate.pem() + &ca.certificate.pem());
    for kind in ["2 1 1", "2 0 1", "2 0 0", "2 1 2", "0 1 1"] {
        let of_leaf = ["make", &leaf, "--record", kind];
        expect(&of_leaf, 65, "certificate 0 is not one of a ca");
        expect(&[&of_leaf[..], &["--danger-no-ca"]].concat(), 0, kind);
        expect(&["make", &chain, "--record", kind], 0, kind);
        expect(&["make", &chain, "--record", kind, "--depth", "0"], 65, "certificate 0");
    }
    // A key in full is an anchor by itself, and the key of a server too.
    expect(&["make", &leaf, "--record", "2 1 0"], 0, "2 1 0");
    let key = folder.file("key.pem", ca.key.public_key_pem());
    expect(&["make", &key, "--record", "2 1 1"], 0, "2 1 1");
    // One bad record is enough: nothing is printed.
    let both = ["make", &leaf, "--record", "3 1 1", "--record", "2 1 1"];
    assert!(!expect(&both, 65, "no record 2 1 1").contains(&own.record()));
}
